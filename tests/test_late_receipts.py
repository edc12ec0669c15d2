"""Receipts that could not be written with the outcome: a worker writes them later, and changes nothing else."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from antelop.errors import Unavailable
from antelop.lab import Lab
from antelop.outcome import Outcome
from antelop.queue import deliveries, jobs
from antelop.queue.attempts import TRIES
from antelop.worker import completion, receipt, worker
from antelop.worker.events import Answered, Defect, Done, Postponed, Unanswered
from tests.clocks import NOW
from tests.desks import IN_A_CENTURY, LONG_AGO, Crash, Desk
from tests.drops import Drop, hasten
from tests.labs import await_release


def _hindered(desk: Desk, kind: str) -> Done:
    """Let something come of a delivery whose receipt cannot be written; return what was said of that."""
    if kind == "already-ingested":
        desk.work(desk.drop.deliver("before"))
    delivery = desk.drop.deliver("a", session=99 if kind == "rejected" else 41)
    desk.drop.receipt("a").mkdir()
    done = desk.work(delivery)
    for _ in range(TRIES - 1 if kind == "failed" else 0):
        done = desk.work()
    assert done.state == done.outcome.outcome == kind
    return done


ANSWERS = pytest.mark.parametrize("kind", ["ingested", "already-ingested", "rejected", "failed"])


@ANSWERS
def test_a_receipt_that_cannot_be_written_is_written_later(desk: Desk, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All goes on as if it were there; the log says once why it is not, and nothing is said or entered twice for it."""
    if kind == "failed":
        monkeypatch.setattr(worker, "inputs", lambda *_: 1 / 0)
    done = _hindered(desk, kind)
    sentence = f"The receipt {desk.drop.receipt('a')} could not be written: Is a directory."
    (unanswered,) = desk.said(Unanswered)
    assert (unanswered.sentence, unanswered.delivery.delivery_id) == (sentence, done.delivery.delivery_id)
    before = len(desk.lab.database.Attempt())
    assert desk.work_to(Postponed) == Postponed(done.delivery, sentence)
    desk.drop.receipt("a").rmdir()
    assert desk.work_to(Answered) == Answered(done.delivery)
    assert not desk.worker.work()
    answer = desk.drop.answer("a")
    assert answer == {name: json.loads(json.dumps(done.outcome.as_dict()[name])) for name in answer}
    assert set(done.outcome.as_dict()) - set(answer) == (
        {"session", "rows", "trials", "nwb"} if kind == "already-ingested" else set()
    )
    assert len(desk.lab.database.Attempt()) == before
    assert deliveries.states(desk.lab.database, [done.delivery.delivery_id]) == {done.delivery.delivery_id: kind}


@pytest.mark.parametrize("name", ["a.manifest.json", "a.json"])
def test_a_late_receipt_does_not_take_the_place_of_a_newer_one(desk: Desk, name: str) -> None:
    """Of two deliveries with one receipt the latest has it, whenever the other is answered."""
    hindered = _hindered(desk, "ingested")
    desk.lab.database.jobs.update1({"delivery_id": hindered.delivery.delivery_id, "scheduled_time": IN_A_CENTURY})
    desk.drop.receipt("a").rmdir()
    desk.drop.record("a", number=1)
    later = replace(desk.drop.delivery("a"), manifest_path=name)
    (desk.drop.path / "a.manifest.json").rename(desk.drop.path / name)
    assert deliveries.enqueue(desk.lab.database, later, NOW - timedelta(hours=1)) == "ready"  # the clock was set back, too
    assert desk.worker.work()
    assert (desk.state(later), desk.drop.answer("a")["outcome"]) == ("rejected", "rejected")
    desk.work_to(Answered)
    assert desk.drop.answer("a")["outcome"] == "rejected"


def test_what_was_taken_back_meanwhile_keeps_nobody_s_receipt(desk: Desk) -> None:
    """A later delivery that is there no more is not waited for."""
    done = _hindered(desk, "ingested")
    later = desk.drop.deliver("a", number=1)
    desk.enqueue(later)
    deliveries.withdraw(desk.lab.database, later.delivery_id)
    desk.drop.receipt("a").rmdir()
    desk.work_to(Answered)
    assert desk.drop.answer("a") == json.loads(json.dumps(done.outcome.as_dict()))


def test_a_receipt_that_another_worker_writes_is_left_to_it(desk: Desk, others: Callable[[], Lab]) -> None:
    """Which of the two is to be the receipt is looked at again when that one has ended."""
    with others().database.lock("receipt rig-2 a.receipt.json") as held:
        assert held
        done = desk.work(desk.drop.deliver("a"))
    assert (done.state, desk.drop.receipt("a").exists()) == ("ingested", False)
    (unanswered,) = desk.said(Unanswered)
    assert unanswered.sentence == f"The receipt {desk.drop.receipt('a')} is being written by another worker."
    desk.work_to(Answered)
    assert desk.drop.answer("a")["outcome"] == "ingested"


@ANSWERS
def test_who_dies_of_a_late_receipt_changes_nothing(
    desk: Desk, others: Callable[[], Lab], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the delivery came to stays, and the receipt is written by the next worker."""
    if kind == "failed":
        monkeypatch.setattr(worker, "inputs", lambda *_: 1 / 0)
    done = _hindered(desk, kind)
    hasten(desk.lab)
    other = others()
    with jobs.claimed(other.database, ["rig-2"]) as row:
        assert row is not None
        other.database.close()
    await_release(desk.lab, row["delivery_id"])
    desk.lab.database.jobs.update1({"delivery_id": row["delivery_id"], "host": "elsewhere"})
    before = len(desk.lab.database.Attempt())
    desk.worker.finish_orphans({})
    desk.last(Postponed)
    assert len(desk.lab.database.Attempt()) == before
    desk.drop.receipt("a").rmdir()
    desk.work_to(Answered)
    assert (desk.drop.answer("a")["outcome"], desk.drop.answer("a")["sentence"]) == (kind, done.outcome.sentence)


def test_what_was_parked_is_answered_whoever_dies_of_that(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only when it has been parked is its receipt written, and then by anybody."""
    monkeypatch.setattr(worker, "inputs", lambda *_: 1 / 0)
    delivery = desk.drop.deliver("a")
    desk.enqueue(delivery)
    for _ in range(TRIES - 1):
        desk.work()

    def crash(*_: object, **__: object) -> None:
        desk.lab.database.reconnect()
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(receipt, "write", crash)
        with pytest.raises(Crash):
            desk.work()
    await_release(desk.lab, delivery.delivery_id)
    assert not desk.drop.receipt("a").exists()
    desk.work_to(Answered)
    assert desk.drop.answer("a")["sentence"] == "a defect of this software: ZeroDivisionError: division by zero"


def test_what_was_parked_is_told_though_the_database_goes_away(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """People are told of it all the same, and the receipt is written when the database is back."""
    monkeypatch.setattr(worker, "inputs", lambda *_: 1 / 0)
    desk.enqueue(desk.drop.deliver("a"))
    for _ in range(TRIES - 1):
        desk.work()

    def away(*_: object) -> None:
        raise Unavailable("the database is away")

    with monkeypatch.context() as patched:
        patched.setattr(completion, "answer", away)
        assert desk.work().state == "failed"
    desk.work_to(Answered)
    assert desk.drop.answer("a")["outcome"] == "failed"


def test_a_late_receipt_is_not_sought_in_an_archive_that_came_later(desk: Desk, tmp_path: Path) -> None:
    """What was ingested before the folder had one is not archived, and the receipt does not wait for that."""
    done = _hindered(desk, "ingested")
    desk.drop.receipt("a").rmdir()
    desk.lab.config = replace(desk.lab.config, folders=(replace(desk.drop.config, after="archive", archive=tmp_path / "new"),))
    desk = Desk(desk.lab, desk.drop)
    desk.work_to(Answered)
    assert desk.drop.answer("a") == json.loads(json.dumps(done.outcome.as_dict()))
    assert (desk.drop.path / "a.nwb").exists()


def test_a_defect_that_a_late_receipt_meets_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried again, for a day; that it is given up is told as well."""
    done = _hindered(desk, "rejected")
    monkeypatch.setattr(receipt, "write", lambda *_, **__: 1 / 0)
    desk.work_to(Postponed)
    (defect,) = desk.said(Defect)
    assert (defect.delivery_id, "ZeroDivisionError" in defect.traceback) == (done.delivery.delivery_id, True)
    desk.lab.database.Delivery.update1({"delivery_id": done.delivery.delivery_id, "receipt_due": LONG_AGO})
    desk.work_to(Unanswered)
    assert not desk.worker.work()
    assert jobs.counts(desk.lab.database)["total"] == 0


def test_what_is_retried_while_its_receipt_is_due_is_tried_anew(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old answer is not written in the new one's place, and the new job is not taken for the old one."""
    done = _hindered(desk, "rejected")
    desk.drop.receipt("a").rmdir()
    write = receipt.write

    def retried(path: Path, outcome: Outcome, within: Path) -> str | None:
        monkeypatch.undo()
        assert deliveries.retry(desk.lab.database, done.delivery.delivery_id, NOW)
        return write(path, outcome, within)

    monkeypatch.setattr(receipt, "write", retried)
    desk.work_to(Answered)
    desk.work_to(Done)
    assert not desk.worker.work()


def test_a_late_receipt_says_what_is_archived(desk: Desk, dropping: Callable[..., Drop], tmp_path: Path) -> None:
    """It is as it would have been, and waits for an archive that is away; what lies in the folder by now is not archived."""
    drop = dropping("archived", after="archive", archive=tmp_path / "archive")
    desk = Desk(desk.lab, drop)
    done = _hindered(desk, "ingested")
    assert done.outcome.as_dict()["archived"]["path"] == f"{tmp_path}/archive/a.nwb"
    drop.receipt("a").rmdir()
    other = drop.record("a", number=1)
    away = (tmp_path / "archive").rename(tmp_path / "away")
    (tmp_path / "archive").write_text("no folder")
    desk.work_to(Postponed)
    (tmp_path / "archive").unlink()
    (tmp_path / "archive").mkdir()
    other.rename(tmp_path / "other")
    desk.work_to(Postponed)
    (tmp_path / "archive").rmdir()
    away.rename(tmp_path / "archive")
    other = (tmp_path / "other").rename(other)
    desk.work_to(Answered)
    assert drop.answer("a") == json.loads(json.dumps(done.outcome.as_dict()))
    assert other.exists()
