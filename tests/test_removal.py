"""A recording goes out again, whole; its session stays, and can take another one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from antelop.errors import Problem, Rejected
from antelop.ingest.session import insert_nwb
from antelop.lab import Lab
from antelop.upkeep.removal import hanging, remove
from tests.labs import ANIMALS, ROWS, SESSION

HANGING = {**ROWS, "Mask": 1, "Ingestion": 1}
OTHER = {**SESSION, "session_id": 42}


def refused(lab: Lab, session: dict[str, Any]) -> list[Problem]:
    """Return why a recording is not removed."""
    with pytest.raises(Rejected) as rejected:
        remove(lab, session)
    return list(rejected.value.problems)


@pytest.fixture
def two(lab: Lab, licking: Callable[..., Path], tmp_path: Path) -> Lab:
    """Give a lab in which two sessions hold a recording."""
    for seed, session in enumerate((SESSION, OTHER)):
        insert_nwb(lab, session, ANIMALS, licking(tmp_path, seed=seed))
    return lab


def test_what_goes_is_what_was_shown(two: Lab) -> None:
    """The numbers of rows are told before and after, and nothing of another session goes; the session itself stays."""
    assert hanging(two, SESSION) == HANGING
    assert remove(two, SESSION) == HANGING
    assert hanging(two, SESSION) == {}
    assert hanging(two, OTHER) == HANGING
    assert len(two.database.Session & SESSION) == 1
    assert len(two.database.Delivery()) == 2


def test_the_session_can_take_another_recording(two: Lab, licking: Callable[..., Path], tmp_path: Path) -> None:
    """The same one, or one that it could not take before."""
    third = licking(tmp_path, seed=3)
    with pytest.raises(Rejected):
        insert_nwb(two, SESSION, ANIMALS, third)
    remove(two, SESSION)
    assert insert_nwb(two, SESSION, ANIMALS, third).outcome == "ingested"
    remove(two, SESSION)
    assert insert_nwb(two, SESSION, ANIMALS, licking(tmp_path)).outcome == "ingested"
    assert hanging(two, SESSION) == HANGING


def test_rows_of_other_packages_go_too(two: Lab, package: Callable[[str], Any]) -> None:
    """They are shown before by schema and table, for nobody expects that of us."""
    table = package("Mask")
    for session in (SESSION, OTHER):
        table.insert1({**session, "behaviourrig_id": 1, "mask_id": 1})
    assert hanging(two, SESSION) == {**HANGING, "another_package.mask_note": 1}
    assert remove(two, SESSION) == {**HANGING, "another_package.mask_note": 1}
    assert table().to_arrays("session_id").tolist() == [42]


def test_the_store_keeps_what_was_removed(two: Lab) -> None:
    """Objects are removed by gc alone, when nothing has referred to them for a while."""
    before = sorted(two.store.folder.rglob("*.*"))
    remove(two, SESSION)
    assert sorted(two.store.folder.rglob("*.*")) == before


def test_a_session_that_holds_nothing_is_told(lab: Lab) -> None:
    """There is nothing to remove, be the session there or not."""
    remedy = "See `antelop sessions` for those that hold one"
    for session_id in (41, 99):
        where = f"session lab/1/{session_id}"
        problem = Problem("session_empty", where, "it holds no recording", remedy)
        assert refused(lab, {**SESSION, "session_id": session_id}) == [problem]


def test_nobody_removes_for_somebody_else(two: Lab, visitor: Callable[..., Lab]) -> None:
    """It is told, and everything stays."""
    (problem,) = refused(visitor("ada"), SESSION)
    assert (problem.check, problem.what) == ("not_permitted", 'database user "ada" may not write for "lab"')
    assert hanging(two, SESSION) == HANGING


def test_nothing_that_is_given_is_changed(two: Lab) -> None:
    """A key with more than the session's attributes is taken as it is."""
    key = {**SESSION, "behaviourrig_id": 1}
    remove(two, key)
    assert key == {**SESSION, "behaviourrig_id": 1}
