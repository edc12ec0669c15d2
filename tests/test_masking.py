"""The masks of sessions: computed with them, tried without being stored, and computed again, each session whole."""

import os
import pty
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from antelop.errors import Problem
from antelop.ingest.masking import attempt, recompute_masks
from antelop.ingest.session import insert_nwb
from antelop.lab import Lab
from antelop.lab.rigs import upload_rig_json
from antelop.progress import shown
from antelop.upkeep.removal import remove
from tests.labs import ANIMALS, EXPERIMENT, OWNER, SESSION
from tests.recordings import LICKING_RIG
from tests.refusals import refused

SECOND = {"name": "second", "description": "", "function": "second.trials"}

TRIALS = '''
import numpy as np
from antelop import antelop_analysis


@antelop_analysis
class Trials:
    """A mask whose trials a test decides."""

    name = "trials"
    query = "World"
    returns = {"data": np.ndarray, "timestamps": np.ndarray}
    mask = True

    def run(key):
        BODY
'''
TWO = "return [1, -1, 1, -1], [1.0, 2.0, 3.0, 4.0]"
FAILS_ON_42 = f"if key['session_id'] == 42:\n            raise KeyError('no cue')\n        {TWO}"


def write(lab: Lab, body: str, name: str = "second") -> None:
    """Write the script of a mask."""
    (lab.config.analysis.folders[0] / f"{name}.py").write_text(TRIALS.replace("BODY", body))


def masks(lab: Lab, session_id: int = 41) -> dict[str, list[float]]:
    """Return the times of a session's masks by name."""
    rows = (lab.database.Mask & {"session_id": session_id}).to_dicts(order_by="mask_id")
    return {row["mask_name"]: row["timestamps"].tolist() for row in rows}


@pytest.fixture
def three(lab: Lab, licking: Callable[..., Path], tmp_path: Path) -> Lab:
    """Give a lab in which three sessions hold a recording; their rig gets a second mask afterwards."""
    for number in (41, 42, 43):
        insert_nwb(lab, {**SESSION, "session_id": number}, ANIMALS, licking(tmp_path, seed=number))
    write(lab, TWO)
    upload_rig_json(lab, "lab", "licking rig", LICKING_RIG, [SECOND])
    return lab


def test_masks_given_with_a_rig_are_computed_with_each_session(lab: Lab, recording: Path) -> None:
    """Every mask has its trials, and the version of the function that found them."""
    write(lab, TWO)
    upload_rig_json(lab, "lab", "licking rig", LICKING_RIG, [SECOND])
    assert insert_nwb(lab, SESSION, ANIMALS, recording).trials == {"trials": 10, "second": 2}
    rows = (lab.database.Mask & SESSION).to_dicts(order_by="mask_id")
    events = lab.database.IntervalEvents & SESSION & {"intervalevents_name": "trials"}
    data, timestamps = events.fetch1("data", "timestamps")
    np.testing.assert_array_equal(rows[0]["data"], data)
    np.testing.assert_array_equal(rows[0]["timestamps"], timestamps)
    assert rows[1]["data"].tolist() == [1, -1, 1, -1]
    assert rows[1]["data"].dtype == np.int8
    assert [row["function_sha256"] for row in rows] == [
        lab.analysis.function(name, lab.database.tables).sha256 for name in ("licking.table_trials", "second.trials")
    ]


def test_a_mask_that_fails_keeps_the_session_out(lab: Lab, recording: Path) -> None:
    """All masks that fail are told, with the line where they did, and nothing of the session is in the database."""
    write(lab, TWO)
    write(lab, TWO, "third")
    third = {"name": "third", "description": "", "function": "third.trials"}
    upload_rig_json(lab, "lab", "licking rig", LICKING_RIG, [SECOND, third])
    write(lab, "raise KeyError('no cue')")
    write(lab, "return [1, 1], [1.0, 2.0]", "third")
    found = refused(lambda: insert_nwb(lab, SESSION, ANIMALS, recording))
    assert [(problem.check, problem.where) for problem in found] == [
        ("mask_raised", "second.trials"),
        ("mask_data", "third.trials"),
    ]
    assert found[0].what == "it raised KeyError: 'no cue' (second.py, line 16, in run: raise KeyError('no cue'))"
    assert not lab.database.World()
    assert not lab.database.Delivery()


def test_a_mask_whose_function_is_gone_is_told_with_all_else(lab: Lab, recording: Path) -> None:
    """It is found before anything is stored, together with what is wrong with the delivery."""
    (lab.config.analysis.folders[0] / "licking.py").unlink()
    found = refused(lambda: insert_nwb(lab, SESSION, ANIMALS[:1], recording))
    assert [problem.check for problem in found] == ["animals_count", "analysis_function"]


def test_a_mask_is_tried_without_being_stored(lab: Lab, recording: Path) -> None:
    """A function of the analysis folder shows its trials on a session, whether it is a mask of its rig or not."""
    insert_nwb(lab, SESSION, ANIMALS, recording)
    write(lab, TWO)
    result = attempt(lab, "second.trials", SESSION)
    assert (result.data.tolist(), result.timestamps.tolist()) == ([1, -1, 1, -1], [1.0, 2.0, 3.0, 4.0])
    assert list(masks(lab)) == ["trials"]


def test_recomputing_inserts_and_updates(three: Lab) -> None:
    """Missing masks are inserted; those of functions that have changed are updated in place, and the ledger with them."""
    (three.config.analysis.folders[0] / "licking.py").write_text(
        TRIALS.replace("BODY", "return [1, -1], [5.0, 6.0]").replace('"trials"', '"table_trials"')
    )
    assert recompute_masks(three, EXPERIMENT) == {"trials": 3, "second": 6}
    for number in (41, 42, 43):
        assert masks(three, number) == {"trials": [5.0, 6.0], "second": [1.0, 2.0, 3.0, 4.0]}
        ledger = (three.database.Ingestion & {"session_id": number}).fetch1("trials")
        assert ledger == {"trials": 1, "second": 2}


def test_rows_that_refer_to_a_mask_stay(three: Lab, package: Callable[[str], Any]) -> None:
    """A mask is updated in place, because other tables may refer to it."""
    note = {**SESSION, "behaviourrig_id": 1, "mask_id": 1}
    table = package("Mask")
    table.insert1(note)
    recompute_masks(three, SESSION)
    assert table().to_dicts() == [note]


def test_one_session_that_fails_keeps_its_masks_and_others_go_on(three: Lab) -> None:
    """What failed is told at the end, with the session; none of its masks has changed, not even those that went well."""
    (three.config.analysis.folders[0] / "licking.py").write_text(
        TRIALS.replace("BODY", "return [1, -1], [5.0, 6.0]").replace('"trials"', '"table_trials"')
    )
    write(three, FAILS_ON_42)
    before = masks(three, 42)
    found = refused(lambda: recompute_masks(three, OWNER))
    assert [(problem.check, problem.where) for problem in found] == [("mask_raised", "session lab/1/42, second.trials")]
    assert masks(three, 42) == before
    assert masks(three, 41) == masks(three, 43) == {"trials": [5.0, 6.0], "second": [1.0, 2.0, 3.0, 4.0]}


def test_a_function_that_is_gone_is_told_once(three: Lab) -> None:
    """Not for each session; and no mask of its rig is touched."""
    (three.config.analysis.folders[0] / "second.py").unlink()
    (problem,) = refused(lambda: recompute_masks(three, EXPERIMENT))
    assert (problem.check, problem.where) == ("analysis_function", "second.trials")
    assert list(masks(three)) == ["trials"]


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ({"sesion_id": 41}, ("key_unknown", "sesion_id", "it is not part of a session's key", "Write session_id")),
        (
            {"cohort": 1},
            (
                "key_unknown",
                "cohort",
                "it is not part of a session's key",
                "Name the sessions by experimenter, experiment_id, session_id, behaviourrig_id, dlc_training",
            ),
        ),
        ({"session_id": "41"}, ("key_value", "session_id", '"41" is not a valid session_id', "Give a whole number")),
        ({"experimenter": 3}, ("key_value", "experimenter", "3 is not a valid experimenter", "Give text")),
        (
            {**SESSION, "session_id": 99},
            (
                "session_empty",
                "",
                "no session of experimenter lab, experiment_id 1, session_id 99 holds a recording",
                "See `antelop sessions` for those that do",
            ),
        ),
    ],
)
def test_a_key_that_is_none_is_refused(lab: Lab, recording: Path, key: dict[str, Any], problem: tuple[str, ...]) -> None:
    """A part that is not of a session's key is not overlooked, for then every session would be meant."""
    insert_nwb(lab, SESSION, ANIMALS, recording)
    assert refused(lambda: recompute_masks(lab, key)) == [Problem(*problem)]


def test_keys_that_were_fetched_are_keys(three: Lab) -> None:
    """NumPy's integers are integers; and what is given is not changed."""
    key = {"experimenter": "lab", "session_id": np.int64(42), "behaviourrig_id": np.int16(1)}
    given = dict(key)
    assert recompute_masks(three, key) == {"trials": 10, "second": 2}
    assert key == given
    assert list(masks(three, 41)) == ["trials"]


def test_nobody_recomputes_for_somebody_else(three: Lab, visitor: Callable[..., Lab]) -> None:
    """It is told once, and their masks stay as they are."""
    found = refused(lambda: recompute_masks(visitor("ada"), {}))
    assert [(problem.check, problem.what) for problem in found] == [
        ("not_permitted", 'database user "ada" may not write for "lab"')
    ]
    assert list(masks(three)) == ["trials"]


def test_a_session_that_is_removed_meanwhile_is_passed_over(three: Lab, others: Callable[[], Lab]) -> None:
    """It has no masks any more, and that is no failure."""
    other = others()

    def removing(sessions: Sequence[dict[str, Any]]) -> Iterable[dict[str, Any]]:
        yield sessions[0]
        remove(other, {**SESSION, "session_id": 42})
        yield from sessions[1:]

    assert recompute_masks(three, EXPERIMENT, removing) == {"trials": 20, "second": 4}
    assert len(three.database.Mask()) == 4


def test_progress_is_shown_on_a_terminal_if_there_is_much_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several items have a bar that goes away; one has none, and none is written into a file."""
    reader, writer = pty.openpty()
    with os.fdopen(writer, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        assert shown([1], "masks") == [1]
        assert list(shown([1, 2, 3], "masks")) == [1, 2, 3]
        terminal.flush()
        assert "masks" in os.read(reader, 100_000).decode()
    os.close(reader)
    with Path(os.devnull).open("w") as file:
        monkeypatch.setattr(sys, "stderr", file)
        items = [1, 2]
        assert shown(items, "masks") is items
