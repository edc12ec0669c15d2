"""Rigs go in with their features and masks, together or not at all."""

import json
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from antelop.errors import Problem
from antelop.ingest.session import insert_nwb
from antelop.lab import Lab
from antelop.lab.rigs import attach, upload_rig_json
from antelop.upkeep.removal import remove
from tests.labs import ANIMALS, MASKS, OWNER, SCRIPT, SESSION
from tests.recordings import LICKING_RIG
from tests.refusals import refused

RIG_KEY = {**OWNER, "behaviourrig_id": 1}
SECOND = {"name": "second", "description": "another mask", "function": "licking.table_trials"}
MINIMAL: dict[str, Any] = {
    "specification": "antelop-behaviour",
    "version": "0.0.1",
    "reference_point": "",
    "features": [{"name": "lick", "source": {"source_type": "acquisition"}, "data_type": "digital", "description": ""}],
}


def stored(lab: Lab) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of rigs, features and masks."""
    names = ("BehaviourRig", "Feature", "MaskFunction")
    return {name: getattr(lab.database, name)().to_dicts(order_by="KEY") for name in names}


def test_a_rig_is_stored_with_its_features_and_masks(lab: Lab, tmp_path: Path) -> None:
    """The JSON as it was given, a feature for each of its entries, and of each mask the source that it has now."""
    (tmp_path / "rig.json").write_text(json.dumps(LICKING_RIG))
    key = upload_rig_json(lab, "lab", "new rig", str(tmp_path / "rig.json"), MASKS)
    assert key == {**OWNER, "behaviourrig_id": 2}
    assert (lab.database.BehaviourRig & key).fetch1() == {**key, "behaviourrig_name": "new rig", "rig_json": LICKING_RIG}
    features = (lab.database.Feature & key).to_dicts(order_by="feature_id")
    assert [(row["feature_id"], row["feature_name"]) for row in features] == list(
        enumerate((feature["name"] for feature in LICKING_RIG["features"]), 1)
    )
    described = LICKING_RIG["features"][0]["description"]
    assert features[0] == {
        **key,
        "feature_id": 1,
        "feature_name": "led",
        "source_type": "acquisition",
        "data_type": "interval",
        "feature_description": described,
        "feature_data": None,
    }
    (mask,) = (lab.database.MaskFunction & key).to_dicts()
    function = lab.analysis.function("licking.table_trials", lab.database.tables)
    assert mask == {
        **key,
        "mask_id": 1,
        "mask_name": "trials",
        "maskfunction_name": "licking.table_trials",
        "maskfunction_description": "the rows of the trials table",
        "mask_function": function.source,
        "function_sha256": function.sha256,
    }
    assert function.source in SCRIPT


def test_an_invalid_rig_is_not_stored(lab: Lab) -> None:
    """What the schema or a rule finds wrong is said, all of it, and nothing is in the database: neither rig nor masks."""
    before = stored(lab)
    feature = {**MINIMAL["features"][0], "data_type": "intervals"}
    found = refused(lambda: upload_rig_json(lab, "lab", "bad", {**MINIMAL, "features": [feature, feature]}, [SECOND]))
    assert [(problem.check, problem.where) for problem in found] == [
        ("rig_format", "/features/0/data_type"),
        ("rig_format", "/features/1/data_type"),
        ("name_repeated", "/features/1/name"),
    ]
    assert stored(lab) == before


def test_a_minimal_rig_is_stored(lab: Lab) -> None:
    """Videos, ownership and coordinates may be left out, and so may masks."""
    key = upload_rig_json(lab, "lab", "minimal", MINIMAL, [])
    assert (lab.database.Feature & key).to_arrays("feature_name").tolist() == ["lick"]
    assert not lab.database.MaskFunction & key


def test_a_rig_from_a_script_is_read_as_strictly_as_a_file(lab: Lab) -> None:
    """Tuples, mappings and NumPy's numbers are what they are in JSON; what JSON has no form for, or no database, is refused."""
    coordinates = (np.float64(1.5), np.int64(2), 3)
    rig = MappingProxyType({**MINIMAL, "features": ({**MINIMAL["features"][0], "coordinates": coordinates},)})
    key = upload_rig_json(lab, "lab", "tuples", rig, (MappingProxyType(SECOND),))
    kept = (lab.database.BehaviourRig & key).fetch1("rig_json")
    assert kept["features"][0]["coordinates"] == [1.5, 2, 3]
    assert refused(lambda: upload_rig_json(lab, "lab", "x", {**MINIMAL, "note": Path("a")}, [])) == [
        Problem("json", "", "this is not JSON: PosixPath('a') is no text, number, list or object", "Write it as in a JSON file")
    ]
    found = refused(lambda: upload_rig_json(lab, "lab", "x", {**MINIMAL, "note": "a\0b", "scale": float("nan")}, []))
    assert [(problem.check, problem.where) for problem in found] == [("json", "/note"), ("json", "/scale")]


def test_everything_that_is_wrong_is_said_at_once(lab: Lab, tmp_path: Path) -> None:
    """A wrong name does not hide a wrong file, and neither hides a wrong mask."""
    masks = [{**SECOND, "function": "licking.trails"}, {"name": "x", "descripton": "", "function": "licking.table_trials"}]
    found = refused(lambda: upload_rig_json(lab, "lba", "", tmp_path / "absent.json", masks))
    assert found == [
        Problem(
            "experimenter_unknown",
            "experimenter",
            'experimenter "lba" is not in the database',
            'Perhaps you mean "lab"',
        ),
        Problem(
            "rig_name",
            "rig_name",
            '"" is no name for a rig',
            "Give it a name of 1 to 100 characters, without control characters and backslashes",
        ),
        Problem(
            "rig_unreadable",
            str(tmp_path / "absent.json"),
            "the rig cannot be read: No such file or directory",
            "Give the path of its JSON file",
        ),
        Problem("masklist_format", "/masklist/1", '"description" is missing', 'Rename "descripton" to it'),
    ]


@pytest.mark.parametrize("name", ["", "x" * 101, "a\nb", "a\\b", "a\0b", "\ud800", 7, None])
def test_a_rig_has_a_name_by_which_it_is_found(lab: Lab, name: Any) -> None:
    """It is text, on one line, of 1 to 100 characters; and it has no backslashes, which DataJoint mistakes on PostgreSQL."""
    assert [problem.check for problem in refused(lambda: upload_rig_json(lab, "lab", name, MINIMAL, []))] == ["rig_name"]
    good = "ä 🐭 100% 'x' \"y\""
    key = upload_rig_json(lab, "lab", good, MINIMAL, [])
    assert (lab.database.BehaviourRig & {"behaviourrig_name": good}).keys() == [key]


UNMARKED = SCRIPT.replace("    mask = True\n", "").replace('"World"', '"Session"')


def test_a_function_that_is_no_mask_is_refused(lab: Lab) -> None:
    """One that is not there, not marked as a mask or not run on sessions is said, and so is a name that two masks have."""
    (lab.config.analysis.folders[0] / "plain.py").write_text(UNMARKED)
    masks = [{**SECOND, "function": "plain.table_trials"}, SECOND, SECOND, {**SECOND, "name": "x", "function": "licking.no"}]
    found = refused(lambda: upload_rig_json(lab, "lab", "new", MINIMAL, masks))
    assert [(problem.check, problem.where, problem.what) for problem in found] == [
        ("mask_function", "plain.table_trials", "it is not marked as a mask"),
        ("mask_function", "plain.table_trials", "it queries Session"),
        ("mask_repeated", "/masklist/1/name", '"second" is the name of two masks'),
        ("mask_repeated", "/masklist/2/name", '"second" is the name of two masks'),
        ("analysis_function", "licking.no", "there is no analysis function licking.no"),
    ]


def test_the_same_rig_again_changes_nothing(lab: Lab) -> None:
    """Rig, features and masks stay as they are, to the last byte."""
    before = stored(lab)
    assert upload_rig_json(lab, "lab", "licking rig", json.loads(json.dumps(LICKING_RIG)), MASKS) == RIG_KEY
    assert upload_rig_json(lab, "lab", "licking rig", LICKING_RIG, []) == RIG_KEY
    assert stored(lab) == before


def test_a_longer_masklist_adds_and_updates_masks(lab: Lab, recording: Path) -> None:
    """Also where sessions use the rig; those that are not named stay, and keep their ids."""
    insert_nwb(lab, SESSION, ANIMALS, recording)
    upload_rig_json(lab, "lab", "licking rig", LICKING_RIG, [SECOND, {**MASKS[0], "description": "new words"}])
    rows = (lab.database.MaskFunction & RIG_KEY).to_dicts(order_by="mask_id")
    assert [(row["mask_id"], row["mask_name"], row["maskfunction_description"]) for row in rows] == [
        (1, "trials", "new words"),
        (2, "second", "another mask"),
    ]


def test_a_changed_script_updates_its_mask(lab: Lab) -> None:
    """The source and the version that are stored are those of the upload."""
    before = stored(lab)["MaskFunction"][0]
    (lab.config.analysis.folders[0] / "licking.py").write_text(SCRIPT.replace("The rows of", "All rows of"))
    upload_rig_json(lab, "lab", "licking rig", LICKING_RIG, MASKS)
    after = stored(lab)["MaskFunction"][0]
    assert after["function_sha256"] != before["function_sha256"]
    assert "All rows of" in after["mask_function"]


def test_another_rig_takes_the_place_of_one_that_nobody_uses(lab: Lab, recording: Path) -> None:
    """Its features and masks go with it; a file that is attached to a feature stays with the feature of that name."""
    attach(lab, {**RIG_KEY, "feature_id": 3}, recording)
    assert upload_rig_json(lab, "lab", "licking rig", MINIMAL, [SECOND]) == RIG_KEY
    assert (lab.database.BehaviourRig & RIG_KEY).fetch1("rig_json") == MINIMAL
    (feature,) = (lab.database.Feature & RIG_KEY).to_dicts()
    assert (feature["feature_id"], feature["feature_name"]) == (1, "lick")
    assert feature["feature_data"].read_bytes() == recording.read_bytes()
    assert (lab.database.MaskFunction & RIG_KEY).to_arrays("mask_name").tolist() == ["second"]


def test_a_rig_that_sessions_use_is_not_replaced(lab: Lab, recording: Path) -> None:
    """What would change is said; when the last session is gone, it is replaced."""
    insert_nwb(lab, SESSION, ANIMALS, recording)
    changed = {**LICKING_RIG, "reference_point": "the door"}
    before = stored(lab)
    assert refused(lambda: upload_rig_json(lab, "lab", "licking rig", changed, [SECOND])) == [
        Problem(
            "rig_in_use",
            "rig_json",
            "the rig of this name is used by 1 session, and differs: "
            '/reference_point: "top left corner of the arena" became "the door"',
            "Upload it under another name, or remove the sessions that use that one",
        )
    ]
    assert stored(lab) == before
    remove(lab, SESSION)
    assert upload_rig_json(lab, "lab", "licking rig", changed, [SECOND]) == RIG_KEY


def test_a_rig_to_which_others_refer_is_not_replaced(lab: Lab, package: Callable[[str], Any]) -> None:
    """Tables of another package may refer to a feature; then the rig stays, and that is said."""
    package("Feature").insert1({**RIG_KEY, "feature_id": 1})
    before = stored(lab)
    (problem,) = refused(lambda: upload_rig_json(lab, "lab", "licking rig", MINIMAL, []))
    assert problem.check == "rig_in_use"
    assert problem.what.startswith("the rig of this name is used by tables of another package, and differs: ")
    assert stored(lab) == before


def test_nobody_uploads_for_somebody_else(lab: Lab, visitor: Callable[..., Lab], recording: Path) -> None:
    """Neither a rig nor a file for one of its features."""
    ada, before = visitor("ada"), stored(lab)
    for call in (
        lambda: upload_rig_json(ada, "lab", "new", MINIMAL, []),
        lambda: attach(ada, {**RIG_KEY, "feature_id": 1}, recording),
    ):
        assert [problem.what for problem in refused(call)] == ['database user "ada" may not write for "lab"']
    assert stored(lab) == before
    lab.database.Experimenter.insert1({"experimenter": "ada", "full_name": "Ada"})
    assert upload_rig_json(ada, "ada", "new", MINIMAL, []) == {"experimenter": "ada", "behaviourrig_id": 1}


def test_rigs_that_are_uploaded_at_once_are_all_stored(lab: Lab, others: Callable[[], Lab]) -> None:
    """Each gets an id of its own; the same one is stored once."""
    names = ["a", "b", "a", "c"]
    keys: list[Any] = []

    def upload(other: Lab, name: str) -> None:
        keys.append(upload_rig_json(other, "lab", name, MINIMAL, [SECOND]))

    uploads = [Thread(target=upload, args=(others(), name)) for name in names]
    for thread in uploads:
        thread.start()
    for thread in uploads:
        thread.join()
    assert len(keys) == 4
    assert sorted(lab.database.BehaviourRig().to_arrays("behaviourrig_name")) == ["a", "b", "c", "licking rig"]
    assert sorted(lab.database.BehaviourRig().to_arrays("behaviourrig_id")) == [1, 2, 3, 4]
    assert len(lab.database.MaskFunction()) == 4


def test_a_file_is_attached_to_a_feature(lab: Lab, tmp_path: Path) -> None:
    """A copy of it is kept; another one takes its place."""
    for content in (b"spectrum", b"corrected spectrum"):
        (tmp_path / "led.pdf").write_bytes(content)
        attach(lab, {**RIG_KEY, "feature_id": 1}, tmp_path / "led.pdf")
        kept = (lab.database.Feature & RIG_KEY & {"feature_id": 1}).fetch1("feature_data")
        assert (kept.read_bytes(), kept.suffix) == (content, ".pdf")
        assert kept.is_relative_to(lab.store.folder)


def test_what_cannot_be_attached_is_said(lab: Lab, tmp_path: Path) -> None:
    """Neither the feature nor the file is there."""
    assert refused(lambda: attach(lab, {**RIG_KEY, "feature_id": 99}, tmp_path / "absent")) == [
        Problem(
            "feature_unknown",
            "feature",
            "there is no feature of experimenter lab, behaviourrig_id 1, feature_id 99",
            "Name one of a rig: see `antelop rig show`",
        ),
        Problem("file_missing", str(tmp_path / "absent"), "there is no such file", "Give the path of the file to attach"),
    ]
