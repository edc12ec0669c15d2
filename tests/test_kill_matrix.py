"""A few kills of `tests/kill_matrix`, and that it finds what is wrong."""

import random
from collections.abc import Iterator

import pytest

from antelop.lab import Lab
from antelop.store.objects import ADDRESS
from tests.clocks import wall
from tests.kills.account import FAULTS, audit
from tests.kills.matrix import COMMANDS, MOMENT, VICTIMS, Matrix
from tests.kills.scene import Victim, scene
from tests.kills.tally import Tally


@pytest.fixture(scope="module")
def matrix() -> Iterator[Matrix]:
    """Give a lab with a running service, after its clean run; to find the steps of recovery would take as long again."""
    processes = [process for process in VICTIMS if process != "recovery"]
    with scene("embedded") as stage:
        yield Matrix(stage, "embedded", Tally(), random.Random(1), processes)  # noqa: S311  # it is to be repeated


def test_every_kind_of_step_is_known(matrix: Matrix) -> None:
    """What the service is made of may be renamed, but none of its parts goes out of the matrix without notice."""
    known = {
        "daemon: before COMMIT in enqueue",
        "watcher: before Inbox.look",
        "worker: before Worker._work_on",
        "worker: after examine",
        "worker: after fsync in Incoming.publish",
        "worker: before INSERT world in _attempt",
        "worker: before SELECT interval_events in Turn.compute",
        "worker: before COMMIT in _attempt",
        "worker: after COMMIT in _attempt",
        "worker: before replace in _replace",
        "worker: after _renamed",
        "worker: before COMMIT in finish_attempt",
        "backup: after fsync in Incoming.publish",
        "backup: before replace in write",
        "backup: after discard",
        "restore: before load",
        "restore: after Store.make #2",
        "gc: before unlink in discard",
    }
    assert known - set(matrix.steps) == set()
    moments = {MOMENT, *(f"{command}: {MOMENT}" for command in COMMANDS)}
    assert {step for step, _ in matrix.plan()} == {*matrix.steps, *moments}
    assert {(step, victim) for step, victim in matrix.plan() if step == "worker: after examine"} == {
        ("worker: after examine", victim) for victim in VICTIMS["worker"]
    }


@pytest.mark.parametrize(
    ("step", "victim", "kills"),
    [
        ("worker: after COMMIT in _attempt", "process", 1),
        ("worker: before COMMIT in _attempt", "everything", 1),
        ("recovery: before Orphans.finish", "process", 2),
        ("backup: before replace in write", "everything", 1),
        ("restore: before load", "process", 1),
        ("gc: before unlink in discard", "process", 1),
    ],
)
def test_nothing_is_lost_nor_twice_nor_half(matrix: Matrix, step: str, victim: Victim, kills: int) -> None:
    """A worker that is killed between COMMIT and its receipt, or after a power cut just before COMMIT; commands halfway."""
    assert matrix.kill(step, victim) == kills
    tally = matrix._tally
    assert tally.kills["embedded", step, victim] == kills
    assert tally.said == []
    assert tally.is_clean


def test_what_is_wrong_is_counted(matrix: Matrix) -> None:
    """A recording that is gone, one that lacks a row, an object or its receipt, one with a row twice, a file left over."""
    stage = matrix._scene
    sents = [stage.send("kept") for _ in range(4)]
    assert matrix._finish(sents)
    stage.stop()
    with Lab(stage.config, stage.environment, wall) as lab:
        assert audit(stage, lab, sents, matrix._clean) == ({}, [])
        gone, half, bare, twice = ((lab.database.Session & {"session_name": sent.session}).proj().fetch1() for sent in sents)
        with lab.database.transaction():
            (lab.database.Ingestion & gone).delete_quick()
            (lab.database.Mask & half).delete_quick()
            (video,) = (lab.database.Video & twice).to_dicts()
            lab.database.Video.insert1({**video, "video_id": 2, "video": lab.store.keep(video["video"])})
            force = lab.database.AnalogEvents & bare & {"analogevents_name": "force"}
            found = ADDRESS.search(str(lab.database.connection.query(force.make_sql()).fetchall()))
        assert found
        (lab.store.folder / found[0]).unlink()
        (stage.folder / "kept" / "1" / ".receipt-x.tmp").touch()
        (stage.folder / "kept" / str(sents[1].number) / "recording.receipt.json").unlink()
        counted, _ = audit(stage, lab, sents, matrix._clean)
    assert all(counted[fault] for fault in FAULTS)
