"""One session, top to bottom: everything goes in as the file has it, or nothing does, and it is said why."""

import hashlib
import shutil
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from pynwb import TimeSeries

from antelop import __version__
from antelop.demo.acquisition import events, write
from antelop.errors import Problem
from antelop.ingest.session import ingest_manifest, insert_nwb, rehearse
from antelop.lab import Lab
from antelop.lab.resolve import Policy
from antelop.lab.rigs import upload_rig_json
from antelop.queue.ledger import Superseded, committed_outcome
from antelop.upkeep.removal import remove
from tests.ingests import delivered, ingested, manifest
from tests.labs import ANIMALS, EXPERIMENT, MASKS, OWNER, ROWS, SESSION
from tests.recordings import LICKING_RIG, write_recording
from tests.refusals import refused
from tests.test_masking import TRIALS

TABLES = {"analog": "AnalogEvents", "digital": "DigitalEvents", "interval": "IntervalEvents", "kinematics": "Kinematics"}


def row(lab: Lab, table: str, feature: str) -> dict[str, Any]:
    """Return the row of a feature of the session."""
    return dict((lab.database.tables[table]() & SESSION & {f"{table.lower()}_name": feature}).fetch1())


def test_everything_of_a_session_goes_in(lab: Lab, recording: Path) -> None:
    """Every feature is in its table with the file's samples and times, its owner, unit and place, and its video."""
    outcome = insert_nwb(lab, SESSION, ANIMALS, recording)
    assert (outcome.outcome, outcome.rows, outcome.trials, outcome.warnings) == ("ingested", ROWS, {"trials": 10}, ())
    assert str(outcome) == "ingested: session lab/1/41: 9 features, 10 trials in trials."
    with h5py.File(recording) as file:
        for name in ("led", "port"):
            stored = row(lab, "IntervalEvents", name)
            np.testing.assert_array_equal(stored["data"], file[f"acquisition/{name}/data"])
            np.testing.assert_array_equal(stored["timestamps"], file[f"acquisition/{name}/timestamps"])
        tone = row(lab, "IntervalEvents", "tone")
        np.testing.assert_array_equal(tone["timestamps"], file["stimulus/presentation/tone/timestamps"])
        table = file["intervals/trials"]
        edges = np.column_stack([table["start_time"], table["stop_time"]]).ravel()
        np.testing.assert_array_equal(row(lab, "IntervalEvents", "trials")["timestamps"], edges)
        for name in ("lick", "reward"):
            stored = row(lab, "DigitalEvents", name)
            np.testing.assert_array_equal(stored["data"], file[f"acquisition/{name}/data"])
            np.testing.assert_array_equal(stored["timestamps"], file[f"acquisition/{name}/timestamps"])
        series = file["acquisition/force"]
        force = row(lab, "AnalogEvents", "force")
        scale = series["data"].attrs
        np.testing.assert_array_equal(force["data"], series["data"][:] * scale["conversion"] + scale["offset"])
        start = series["starting_time"]
        times = start[()] + np.arange(len(series["data"])) / start.attrs["rate"]
        np.testing.assert_array_equal(force["timestamps"], times)
        nose, pose = row(lab, "Kinematics", "nose"), file["processing/behavior/PoseEstimation/nose"]
        np.testing.assert_array_equal(nose["data"], np.column_stack([pose["data"], pose["confidence"]]))
        head, position = row(lab, "Kinematics", "head"), file["processing/behavior/Position/head"]
        np.testing.assert_array_equal(head["data"], np.column_stack([position["data"], np.full(len(position["data"]), np.nan)]))
    assert [force[name] for name in ("unit", "animal_id", "x_coordinate")] == ["N", 17, None]
    assert [tone[name] for name in ("animal_id", "x_coordinate", "z_coordinate")] == [None, 0.0, 100.5]
    assert [(each["animal_id"], each["video_id"]) for each in (head, nose)] == [(18, None), (17, 1)]
    video = (lab.database.Video & SESSION).fetch1()
    film = next(path for path in recording.parent.iterdir() if path.name.startswith("licking_camera"))
    assert video["video"].read_bytes() == film.read_bytes()
    assert video["video_name"] == "camera"
    tail = (lab.database.Object & SESSION & {"object_name": "tail"}).fetch1()
    assert (tail["object_type"], tail["animal_id"]) == ("Self", 18)


def test_the_ledger_knows_what_went_in(lab: Lab, recording: Path) -> None:
    """A script's call is a delivery too: the file, what was asked, what came of it, and by which software."""
    outcome = insert_nwb(lab, {**SESSION, "behaviourrig_id": 1}, ANIMALS, recording)
    delivery = lab.database.Delivery().fetch1()
    found = recording.stat()
    assert (delivery["folder"], delivery["nwb_path"], delivery["state"]) == ("", str(recording), "ingested")
    assert (delivery["nwb_size"], delivery["nwb_mtime"]) == (found.st_size, found.st_mtime_ns)
    assert delivery["manifest"]["session"] == SESSION
    assert delivery["manifest"]["rig"] == 1
    ledger = lab.database.Ingestion().fetch1()
    assert {name: ledger[name] for name in SESSION} == SESSION
    assert (ledger["delivery_id"], ledger["software"]) == (delivery["delivery_id"], __version__)
    assert (ledger["rows_inserted"], ledger["trials"], ledger["warnings"]) == (ROWS, {"trials": 10}, [])
    kept = sum(path.stat().st_size for path in (lab.store.folder / "objects").rglob("*.*"))
    assert ledger["bytes"] > kept > 0
    assert outcome.nwb == {"identifier": "licking-0", "object_id": ledger["nwb_object_id"], "size": found.st_size}


DAY: dict[str, Any] = {
    "session_description": "shared",
    "identifier": "shared",
    "session_start_time": datetime(2026, 11, 22, tzinfo=UTC),
    "cache_spec": False,
}


def test_the_store_holds_no_more_than_the_file(lab: Lab, tmp_path: Path) -> None:
    """Shared times are there once, a declared rate takes nothing, and what is to be scaled is kept as it was stored."""
    length, volts = 10_000, np.random.default_rng(0).normal(size=10_000)
    first = TimeSeries(name="channel0", data=volts, timestamps=np.arange(length) / 7, unit="V")
    counts = np.arange(length, dtype=np.int16)
    series = [
        first,
        *(TimeSeries(name=f"channel{number}", data=volts + number, timestamps=first, unit="V") for number in (1, 2, 3)),
        TimeSeries(name="rate", data=-volts, rate=7.0, unit="V"),
        TimeSeries(name="scaled", data=counts, rate=7.0, unit="V", conversion=0.5, offset=1.0),
    ]
    path = tmp_path / "shared.nwb"
    write(path, {f"acquisition/{each.name}": lambda each=each, **_: each for each in series}, **DAY)
    features = [
        {"name": each.name, "source": {"source_type": "acquisition"}, "data_type": "analog", "description": "a channel"}
        for each in series
    ]
    upload_rig_json(lab, "lab", "channels", {**BARE, "features": features}, [])
    insert_nwb(lab, SESSION, [], path, "channels")
    sizes = sorted(kept.stat().st_size for kept in (lab.store.folder / "objects").rglob("*.npy"))
    assert sizes == [128 + counts.nbytes, *[128 + volts.nbytes] * 6]
    assert sum(sizes) < path.stat().st_size
    np.testing.assert_array_equal(row(lab, "AnalogEvents", "scaled")["data"], counts * 0.5 + 1.0)
    np.testing.assert_array_equal(row(lab, "AnalogEvents", "rate")["timestamps"], np.arange(length) / 7.0)
    np.testing.assert_array_equal(row(lab, "AnalogEvents", "channel3")["timestamps"], first.timestamps)


def test_what_is_given_is_not_changed(lab: Lab, recording: Path) -> None:
    """Keys as they are fetched, in lists or tuples, go in and come out as they were."""
    session = {**SESSION, "session_id": np.int64(41), "behaviourrig_id": np.int16(1)}
    animals = tuple({**animal, "animal_id": np.int32(animal["animal_id"])} for animal in ANIMALS)
    given = deepcopy((session, animals))
    assert insert_nwb(lab, session, animals, recording).session == SESSION
    assert (session, animals) == given


def test_names_lead_to_the_session_too(lab: Lab, recording: Path) -> None:
    """Whatever a manifest can name, a script can."""
    session = {**OWNER, "experiment_name": "licking", "session_name": "day 43"}
    animals = [{"animal_name": "m17"}, {"animal_name": "m18"}]
    assert insert_nwb(lab, session, animals, recording, "licking rig").session == {**SESSION, "session_id": 43}


BARE = {
    "specification": "antelop-behaviour",
    "version": "0.0.1",
    "reference_point": "",
    "features": [
        {"name": "lick", "source": {"source_type": "acquisition"}, "data_type": "digital", "description": ""},
        {
            "name": "nose",
            "source": {"source_type": "processing", "module": "behavior/PoseEstimation"},
            "data_type": "kinematics",
            "description": "",
            "ownership": {"ownership": "self", "animal": -1},
        },
    ],
}


def test_a_rig_may_leave_out_what_the_format_lets_it(lab: Lab, recording: Path) -> None:
    """No videos, no ownership, no coordinates, and an animal that only tracking will tell."""
    upload_rig_json(lab, "lab", "bare", BARE, [])
    assert insert_nwb(lab, SESSION, ANIMALS, recording, "bare").outcome == "ingested"
    nose = row(lab, "Kinematics", "nose")
    assert (nose["animal_id"], nose["video_id"]) == (None, None)
    assert len(lab.database.Self & SESSION) == 2
    owners = (lab.database.Object & SESSION).to_dicts(order_by="feature_id")
    assert [(each["object_type"], each["animal_id"]) for each in owners] == [("World", None), ("Self", None)]


SECOND_EXPERIMENT = {**OWNER, "experiment_id": 2}


@pytest.mark.parametrize(
    ("animals", "problem"),
    [
        (ANIMALS[:1], ("animals_count", "/animals", "the rig has 2 animals, and the delivery names 1")),
        ([*ANIMALS, {"animal_id": 19}], ("animals_count", "/animals", "the rig has 2 animals, and the delivery names 3")),
        ([ANIMALS[0]] * 2, ("animal_repeated", "/animals/1/animal_id", "animal 17 is the same as /animals/0/animal_id")),
        (
            [{"animal_id": 17}, {"animal_id": 81}],
            ("animal_unknown", "/animals/1/animal_id", "animal 81 is not in experiment 1"),
        ),
        (
            [{"animal_id": 17}, {**SECOND_EXPERIMENT, "animal_id": 18}],
            ("animal_experiment", "/animals/1/experiment_id", "the animal has experiment_id 2 and the session 1"),
        ),
        ("m17", ("manifest_format", "/animals", '"m17" is not a list')),
        ([17, 18], ("manifest_format", "/animals/0", "17 is not an object")),
        (
            [{**ANIMALS[0], "animal_weight": 20}, ANIMALS[1]],
            ("manifest_format", "/animals/0/animal_weight", "there is no such member"),
        ),
    ],
)
def test_wrong_animals_are_refused(lab: Lab, recording: Path, animals: Any, problem: tuple[str, ...]) -> None:
    """Too few, too many, one twice, one that nobody knows or of another experiment, or what is no list of keys."""
    with lab.database.transaction():
        lab.database.Experiment.insert1({**SECOND_EXPERIMENT, "experiment_name": "maze"})
        lab.database.Animal.insert({**SECOND_EXPERIMENT, "animal_id": each, "animal_name": f"m{each}"} for each in (17, 18))
        lab.database.Animal.insert1({**EXPERIMENT, "animal_id": 19, "animal_name": "m19"})
        lab.database.Session.insert1({**SECOND_EXPERIMENT, "session_id": 41, "session_name": "day 41"})
    found = refused(lambda: insert_nwb(lab, SESSION, animals, recording))
    assert (found[0].check, found[0].where, found[0].what) == problem
    assert not lab.database.World()


@pytest.mark.parametrize(
    ("session", "problem"),
    [
        (41, ("manifest_format", "/session", "41 is not an object")),
        ({**SESSION, "sessoin_id": 41}, ("manifest_format", "/session/sessoin_id", "there is no such member")),
        (
            {**SESSION, "session_timestamp": np.datetime64("2026-11-22")},
            ("manifest_format", "/session/session_timestamp", "there is no such member"),
        ),
        ({**SESSION, "session_id": 99}, ("session_unknown", "/session/session_id", "session 99 is not in the database")),
    ],
)
def test_wrong_sessions_are_refused(lab: Lab, recording: Path, session: Any, problem: tuple[str, ...]) -> None:
    """One that is not there, members that no session has, or what is no key at all."""
    found = refused(lambda: insert_nwb(lab, session, [{"animal_id": 17}, {"animal_id": 18}], recording))
    assert [(each.check, each.where, each.what) for each in found] == [problem]


def test_a_rig_is_named_once(lab: Lab, recording: Path) -> None:
    """By the session's key or by itself; of several, one has to be."""
    upload_rig_json(lab, "lab", "second rig", LICKING_RIG, [])
    (problem,) = refused(lambda: insert_nwb(lab, SESSION, ANIMALS, recording))
    assert (problem.check, problem.remedy) == ("rig_ambiguous", 'Name one of these: 1 ("licking rig"), 2 ("second rig")')
    (problem,) = refused(lambda: insert_nwb(lab, {**SESSION, "behaviourrig_id": 1}, ANIMALS, recording, "second rig"))
    assert (problem.check, problem.what) == (
        "rig_ambiguous",
        "the rig is given twice: as `rig`, and as the session's behaviourrig_id",
    )
    insert_nwb(lab, {**SESSION, "behaviourrig_id": 2}, ANIMALS, recording)
    assert (lab.database.World & SESSION).fetch1("behaviourrig_id") == 2


def test_all_that_is_wrong_is_said_at_once(lab: Lab, recording: Path) -> None:
    """What is wrong with the names does not hide what is wrong with the file, nor with its copy."""
    shutil.copyfile(__file__, recording)
    path = manifest(recording, rig="licking", session={**SESSION, "experiment_id": 2}, size=12)
    found = refused(lambda: ingest_manifest(lab, path, Policy()))
    assert [problem.check for problem in found] == ["experiment_unknown", "rig_unknown", "nwb_not_hdf5", "size_differs"]
    path = manifest(recording, session={**SESSION, "session_id": 99}, animals=[{"animal_id": 5}, {"animal_id": 5}])
    found = refused(lambda: ingest_manifest(lab, path, Policy()))
    unknown = ["session_unknown", "animal_unknown", "animal_unknown"]
    assert [problem.check for problem in found] == ["nwb_not_hdf5", *unknown]


def test_what_is_odd_is_stored_and_shown(lab: Lab, tmp_path: Path) -> None:
    """A warning keeps nothing out; it is in the outcome, in words, and in the ledger."""
    odd = {"acquisition/lick": events([3.0, np.nan, 1.0], [7, 8, 9])}
    outcome = insert_nwb(lab, SESSION, ANIMALS, write_recording(tmp_path / "odd.nwb", series=odd, subject_id="mouse"))
    assert [warning.check for warning in outcome.warnings] == ["subject_unknown", "events_without_time", "events_sorted"]
    assert lab.database.Ingestion().fetch1("warnings") == [warning.as_dict() for warning in outcome.warnings]
    lines = str(outcome).splitlines()
    assert lines[0] == "ingested: session lab/1/41: 9 features, 10 trials in trials, 3 warnings."
    assert lines[2] == (
        "  - acquisition/lick: 1 of 3 events are left out, because their times are not finite. "
        "Check that the device was connected, and how it writes that nothing happened."
    )
    stored = row(lab, "DigitalEvents", "lick")
    assert (stored["data"].tolist(), stored["timestamps"].tolist()) == ([9, 7], [1.0, 3.0])


def test_a_check_decides_what_is_said_and_never_what_is_stored(lab: Lab, tmp_path: Path) -> None:
    """Set to off, a warning is hidden; set to error, it keeps the session out."""
    path = write_recording(tmp_path / "odd.nwb", series={"acquisition/lick": events([3.0, 1.0], [7, 9])})
    lab.config = replace(lab.config, checks={"events_sorted": "error"})
    assert [problem.check for problem in refused(lambda: insert_nwb(lab, SESSION, ANIMALS, path))] == ["events_sorted"]
    lab.config = replace(lab.config, checks={"events_sorted": "off"})
    assert insert_nwb(lab, SESSION, ANIMALS, path).warnings == ()
    assert row(lab, "DigitalEvents", "lick")["data"].tolist() == [9, 7]


def test_nobody_inserts_for_somebody_else(lab: Lab, visitor: Callable[..., Lab], recording: Path) -> None:
    """A database user inserts into the sessions of the experimenter of that name alone."""
    ada = visitor("ada")
    (problem,) = refused(lambda: insert_nwb(ada, SESSION, ANIMALS, recording))
    assert (problem.check, problem.what) == ("not_permitted", 'database user "ada" may not write for "lab"')
    for path in (recording, manifest(recording)):
        assert path.exists()
    assert refused(lambda: ingest_manifest(ada, manifest(recording), Policy())) == [problem]
    hers: dict[str, Any] = {"experimenter": "ada", "experiment_id": 1}
    with lab.database.transaction():
        lab.database.Experimenter.insert1({"experimenter": "ada", "full_name": "Ada"})
        lab.database.Experiment.insert1({**hers, "experiment_name": "first"})
        lab.database.Session.insert1({**hers, "session_id": 1, "session_name": "day 1"})
        lab.database.Animal.insert({**hers, "animal_id": each, "animal_name": f"m{each}"} for each in (17, 18))
    upload_rig_json(ada, "ada", "her rig", LICKING_RIG, MASKS)
    animals = [{"animal_id": 17}, {"animal_id": 18}]
    assert insert_nwb(ada, {**hers, "session_id": 1}, animals, recording).outcome == "ingested"


def test_a_failed_insert_leaves_nothing_that_grows(lab: Lab, recording: Path) -> None:
    """The objects that it put into the store are those that the next try needs; no other is left."""
    script = lab.config.analysis.folders[0] / "licking.py"
    good = script.read_text()
    script.write_text(TRIALS.replace('"trials"', '"table_trials"').replace("BODY", "raise ValueError('no trials')"))
    for _ in range(2):
        assert [problem.check for problem in refused(lambda: insert_nwb(lab, SESSION, ANIMALS, recording))] == ["mask_raised"]
    before = sorted(path for path in lab.store.folder.rglob("*") if path.is_file())
    script.write_text(good)
    insert_nwb(lab, SESSION, ANIMALS, recording)
    assert sorted(path for path in lab.store.folder.rglob("*") if path.is_file()) == before


def test_a_manifest_is_ingested_as_it_says(lab: Lab, recording: Path) -> None:
    """Size and SHA-256 are verified, and kept; so is whether the videos are for training."""
    digest = hashlib.sha256(recording.read_bytes()).hexdigest()
    path = manifest(recording, rig="licking rig", size=recording.stat().st_size, sha256=digest, dlc_training=True)
    outcome = ingest_manifest(lab, path, Policy())
    assert (outcome.outcome, outcome.nwb["sha256"]) == ("ingested", digest)
    assert (lab.database.World & SESSION).fetch1("dlc_training") == "True"
    assert lab.database.Ingestion().fetch1("nwb_sha256") == digest
    assert ingest_manifest(lab, path, Policy()).outcome == "already-ingested"


@pytest.mark.parametrize(
    ("stated", "what"),
    [
        ({"size": 12}, "the manifest states 12 bytes, and the file has {size}"),
        ({"sha256": "0" * 64}, f"the manifest states {'0' * 64}, and the file has {{sha256}}"),
    ],
)
def test_a_file_that_is_not_the_stated_one_is_refused(lab: Lab, recording: Path, stated: Mapping[str, Any], what: str) -> None:
    """It was cut short or damaged on its way, or the manifest is of another."""
    size, digest = recording.stat().st_size, hashlib.sha256(recording.read_bytes()).hexdigest()
    ((name, _),) = stated.items()
    assert refused(lambda: ingest_manifest(lab, manifest(recording, **stated), Policy())) == [
        Problem(
            f"{name}_differs",
            f"/{name}",
            what.format(size=size, sha256=digest),
            "Copy the file again, or correct the manifest",
        )
    ]


def test_a_manifest_that_cannot_be_read_is_said(lab: Lab, recording: Path) -> None:
    """Neither it nor what it names is there, or it is none."""
    absent = recording.with_suffix(".manifest.json")
    for check in ("manifest_unreadable", "nwb_unreadable"):
        (problem,) = refused(partial(ingest_manifest, lab, absent, Policy()))
        manifest(recording, nwb="absent.nwb")
        assert (problem.check, problem.what) == (check, "the file cannot be read: No such file or directory")
    absent.write_text("{}")
    assert {problem.check for problem in refused(lambda: ingest_manifest(lab, absent, Policy()))} == {"manifest_format"}


def test_a_rehearsal_does_all_and_leaves_nothing(lab: Lab, recording: Path) -> None:
    """It finds what an ingest would, in the masks too; what it says is true of the ingest that follows."""
    script = lab.config.analysis.folders[0] / "licking.py"
    good = script.read_text()
    script.write_text(TRIALS.replace('"trials"', '"table_trials"').replace("BODY", "raise ValueError('no trials')"))
    path = manifest(recording)
    assert [problem.check for problem in rehearse(lab, path, Policy()).errors] == ["mask_raised"]
    script.write_text(good)
    assert rehearse(lab, path, Policy()) == rehearse(lab, path, Policy())
    assert rehearse(lab, path, Policy()).errors == ()
    for table in ("World", "Mask", "Delivery", "Ingestion"):
        assert not lab.database.tables[table]()
    assert ingest_manifest(lab, path, Policy()).outcome == "ingested"
    assert rehearse(lab, path, Policy()).errors == ()


def test_a_delivery_that_was_committed_is_answered_as_it_was(lab: Lab, recording: Path, tmp_path: Path) -> None:
    """Whoever takes it up again, after a crash, finds the answer of the first in the ledger; nothing is done twice."""
    manifest(recording)
    delivery = delivered(recording, tmp_path)
    first = ingested(lab, delivery, recording, Policy())
    assert committed_outcome(lab.database, delivery.delivery_id) == first
    assert ingested(lab, delivery, recording, Policy()).outcome == "already-ingested"
    assert committed_outcome(lab.database, delivery.delivery_id) == first
    remove(lab, SESSION)
    assert committed_outcome(lab.database, delivery.delivery_id) is None


def test_a_superseded_delivery_is_not_committed(lab: Lab, recording: Path, tmp_path: Path) -> None:
    """Neither one that the ledger says to be superseded, nor one whose file has changed since it was delivered."""
    manifest(recording)
    delivery = delivered(recording, tmp_path)
    with pytest.raises(Superseded):
        ingested(lab, replace(delivery, nwb_size=12), recording, Policy())
    assert ingested(lab, delivery, recording, Policy()).outcome == "ingested"
    remove(lab, SESSION)
    lab.database.Delivery.update1({"delivery_id": delivery.delivery_id, "state": "superseded"})
    with pytest.raises(Superseded):
        ingested(lab, delivery, recording, Policy())
    assert not lab.database.World()
