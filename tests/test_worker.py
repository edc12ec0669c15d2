"""A worker in this process, on both databases: what comes of deliveries, and who is told."""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import h5py
import pytest

from antelop.dropfolder.delivery import Delivery
from antelop.errors import Unavailable
from antelop.formats.manifest import LONGEST
from antelop.ingest.session import ingest
from antelop.lab import Lab
from antelop.lab.rigs import upload_rig_json
from antelop.outcome import Outcome
from antelop.queue import deliveries, jobs
from antelop.queue.attempts import TRIES, Attempt, finish_attempt
from antelop.upkeep.removal import remove
from antelop.worker import Worker, completion, inputs, receipt, reconsider, worker
from antelop.worker.events import (
    Answered,
    Claimed,
    Compared,
    Defect,
    DeliveryName,
    Done,
    Event,
    Missing,
    Orders,
    Postponed,
    Ready,
    Skipped,
    Trusted,
    Unanswered,
    Untrusted,
    VideosUnsettled,
)
from antelop.worker.orphans import fate_of
from antelop.worker.process import serve
from tests.clocks import NOW
from tests.drops import RIG, Drop, hasten
from tests.labs import ANIMALS, MASKS, SCRIPT, SESSION, await_release

LONG_AGO = datetime(2020, 1, 1)  # noqa: DTZ001  # as the database has it
"""Before this machine and the database were started."""

IN_A_CENTURY = datetime(2120, 1, 1)  # noqa: DTZ001  # likewise


Said = TypeVar("Said")


class Crash(BaseException):
    """The end of a process, as far as Python can show it."""


@dataclass
class Desk:
    """A lab with a drop folder, and a worker that takes from it.

    Attributes
    ----------
    events
        What the worker has said.
    """

    lab: Lab
    drop: Drop
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.worker = Worker(self.lab, self.events.append)

    def enqueue(self, delivery: Delivery) -> str:
        """Put a delivery into the queue."""
        return deliveries.enqueue(self.lab.database, delivery, NOW)

    def work(self, delivery: Delivery | None = None) -> Done:
        """Work on a delivery, or on what is in the queue, to the end of an attempt."""
        return self.work_to(Done, delivery)

    def work_to(self, kind: type[Said], delivery: Delivery | None = None) -> Said:
        """Work on a delivery, or on what is in the queue; return the last event, which is of this type."""
        if delivery is not None:
            assert self.enqueue(delivery) == "ready"
        hasten(self.lab)
        assert self.worker.work()
        return self.last(kind)

    def last(self, kind: type[Said]) -> Said:
        """Return the last event, which is of this type."""
        event = self.events[-1]
        assert isinstance(event, kind), event
        return event

    def said(self, kind: type[Said]) -> list[Said]:
        """Return the events of a type."""
        return [event for event in self.events if isinstance(event, kind)]

    def look_again(self) -> int:
        """Look at all that was rejected; return how many jobs there are then."""
        after: str | None = ""
        while after is not None:
            after = self.worker.reconsider(after)
        return jobs.counts(self.lab.database)["total"]

    def state(self, delivery: Delivery) -> str:
        """Return the state of a delivery."""
        return deliveries.states(self.lab.database, [delivery.delivery_id])[delivery.delivery_id]


@pytest.fixture
def desk(lab: Lab, drop: Drop) -> Desk:
    """Give a worker and what it works with."""
    return Desk(lab, drop)


def test_a_delivery_is_ingested_and_answered(desk: Desk) -> None:
    """The receipt is what the ledger says, and the worker tells of it by the delivery's id."""
    delivery = desk.drop.deliver("a")
    done = desk.work(delivery)
    named = DeliveryName(delivery.delivery_id, "rig-2", "a.manifest.json", "a.nwb")
    assert [type(event) for event in desk.events] == [Trusted, Claimed, Done]
    assert desk.events[1] == Claimed(named)
    assert (done.delivery, done.state) == (named, "ingested")
    assert desk.state(delivery) == "ingested"
    answer = desk.drop.answer("a")
    assert answer == json.loads(json.dumps(done.outcome.as_dict()))
    assert answer.pop("finished") == NOW.isoformat()
    with h5py.File(desk.drop.path / "a.nwb") as file:
        object_id = file.attrs["object_id"]
    size = (desk.drop.path / "a.nwb").stat().st_size
    assert answer.pop("nwb") == {"identifier": "licking-0", "object_id": object_id, "size": size}
    assert answer == {
        "outcome": "ingested",
        "sentence": "session lab/1/41: 2 features, 10 trials in trials",
        "version": "0.1.0",
        "problems": [],
        "warnings": [],
        "session": SESSION,
        "rows": {"World": 1, "Self": 1, "Object": 2, "DigitalEvents": 1, "IntervalEvents": 1},
        "trials": {"trials": 10},
    }
    assert len(desk.lab.database.World & SESSION) == 1


def test_a_rejected_delivery_is_answered_with_every_problem(desk: Desk) -> None:
    """Sentence, problems and remedies are in the receipt, and nothing is in the database."""
    done = desk.work(desk.drop.deliver("a", session=99, animals=[{"animal_id": 5}]))
    assert done.state == "rejected"
    answer = desk.drop.answer("a")
    assert answer["outcome"] == "rejected"
    assert [problem["check"] for problem in answer["problems"]] == ["session_unknown", "animal_unknown", "subject_other"]
    assert answer["sentence"].endswith("(and 2 more)")
    assert all(problem["remedy"] for problem in answer["problems"])
    assert len(desk.lab.database.World()) == 0


@pytest.mark.parametrize("served_lab", ["postgresql"], indirect=True)
def test_a_right_that_is_missing_is_the_worlds_fault(desk: Desk, visitor: Callable[..., Lab]) -> None:
    """No delivery is wrong for it: it is tried again, and goes in when somebody has given the right as it is said."""
    weak = Desk(visitor("lab"), desk.drop)
    schema = f"{desk.lab.database.prefix}behaviour"
    desk.lab.database.connection.query(f"REVOKE INSERT ON ALL TABLES IN SCHEMA {schema} FROM lab")
    done = weak.work(desk.drop.deliver("a"))
    assert (done.state, done.outcome.outcome) == ("ready", "unavailable")
    grant = f"GRANT INSERT ON ALL TABLES IN SCHEMA {schema} TO lab;"
    what = f"{schema}: database user lab lacks the right INSERT: permission denied for table world"
    assert done.outcome.sentence == f"{what}. Have an administrator of the server run `{grant}`."
    desk.lab.database.connection.query(grant)
    assert weak.work().state == "ingested"


def test_a_manifest_that_is_far_too_long_is_answered(desk: Desk) -> None:
    """It is read no further than any manifest goes, by whoever watches the folder and by the worker."""
    path = desk.drop.note("a")
    path.write_bytes(path.read_bytes().ljust(1 << 24))
    found = path.stat()
    delivery = Delivery("rig-2", path.name, found.st_size, found.st_mtime_ns, path.read_bytes()[: LONGEST + 1])
    assert desk.work(delivery).state == "rejected"
    assert [problem["check"] for problem in desk.drop.answer("a")["problems"]] == ["manifest_long"]


def test_a_manifest_that_is_none_is_answered(desk: Desk) -> None:
    """It is a delivery without a recording; when it is mended it is another delivery, of the recording too."""
    desk.drop.record("a")
    (desk.drop.path / "a.manifest.json").write_text('{"specification": "antelop-manifest", ')
    whole = desk.drop.delivery("a")
    broken = replace(whole, nwb_path="", nwb_size=0, nwb_mtime=0)
    assert desk.work(broken).state == "rejected"
    answer = desk.drop.answer("a")
    assert answer["problems"][0]["check"] == "json"
    desk.drop.note("a")
    assert desk.work(desk.drop.delivery("a")).state == "ingested"
    assert desk.state(broken) == "superseded"


@pytest.mark.parametrize(
    ("settings", "members", "check"),
    [
        ({"experimenters": frozenset(["ada", "bob"])}, {}, "not_permitted"),
        ({}, {"session": "tomorrow"}, "session_unknown"),
        ({"create_sessions": True}, {"session": "tomorrow"}, None),
        ({"create_sessions": True}, {"session": 99}, "session_unknown"),
        ({"experimenters": None}, {}, None),
    ],
)
def test_a_folder_says_who_may_deliver_what(
    desk: Desk, dropping: Callable[..., Drop], settings: dict[str, Any], members: dict[str, Any], check: str | None
) -> None:
    """Experimenters who may not deliver there are refused; sessions are made where that is allowed, by name only."""
    drop = dropping("allowed", **settings)
    desk = Desk(desk.lab, drop)
    done = desk.work(drop.deliver("a", **members))
    assert [problem.check for problem in done.outcome.problems] == ([check] if check else [])
    if members == {"session": "tomorrow"} and check is None:
        made = (desk.lab.database.Session & {"session_name": "tomorrow"}).fetch1()
        assert (made["session_id"], made["session_timestamp"]) == (45, datetime(2024, 11, 22, 9, 30))  # noqa: DTZ001  # UTC


def test_field_25_the_same_session_twice(desk: Desk) -> None:
    """The same recording again is answered so; another one for the session, or this one for another, is rejected."""
    desk.work(desk.drop.deliver("a", number=1))
    again = desk.work(desk.drop.deliver("copy", number=1))
    assert (again.state, again.outcome.sentence.split(" since ")[0]) == (
        "already-ingested",
        "session lab/1/41 holds this recording",
    )
    other = desk.work(desk.drop.deliver("b", number=2))
    assert [problem.check for problem in other.outcome.problems] == ["session_taken"]
    elsewhere = desk.work(desk.drop.deliver("c", number=1, session=42))
    assert [problem.check for problem in elsewhere.outcome.problems] == ["recording_taken"]
    assert len(desk.lab.database.World()) == len(desk.lab.database.Ingestion()) == 1


def test_field_18_what_is_inserted_in_part_is_no_success(desk: Desk) -> None:
    """A mask that fails is the last step of all: every row before it is taken back, and the answer says what failed."""
    script = desk.lab.config.analysis.folders[0] / "licking.py"
    script.write_text(BROKEN)
    done = desk.work(desk.drop.deliver("a"))
    assert (done.state, desk.drop.answer("a")["outcome"]) == ("rejected", "rejected")
    assert [problem.check for problem in done.outcome.problems] == ["mask_raised"]
    tables = ("World", "Self", "Object", "DigitalEvents", "IntervalEvents", "Mask", "Ingestion")
    assert {table: len(desk.lab.database.tables[table]()) for table in tables} == dict.fromkeys(tables, 0)


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


@pytest.mark.parametrize(
    "what",
    ["file gone", "manifest gone", "other file", "other manifest", "pipe", "pipe for a manifest", "folder"],
)
def test_what_is_not_as_it_was_queued_is_left(desk: Desk, what: str) -> None:
    """Nothing of it goes in; it is sought for a while, and what takes its place supersedes it."""
    delivery = desk.drop.deliver("a", number=1)
    desk.enqueue(delivery)
    before = [(path, path.read_bytes(), path.stat().st_mtime_ns) for path in desk.drop.path.iterdir()]
    match what:
        case "file gone":
            (desk.drop.path / "a.nwb").unlink()
        case "manifest gone":
            (desk.drop.path / "a.manifest.json").unlink()
        case "other file":
            os.utime(desk.drop.record("a", number=2), (1, 1))  # a filesystem's clock may stand still for some milliseconds
        case "pipe" | "pipe for a manifest" | "folder":
            place = desk.drop.path / ("a.manifest.json" if what.endswith("manifest") else "a.nwb")
            place.unlink()
            place.mkdir() if what == "folder" else os.mkfifo(place)
        case _:
            desk.drop.note("a", note="of another length")
    assert desk.work_to(Missing).sought
    assert desk.state(delivery) == "ready"
    assert len(desk.lab.database.World()) == len(desk.lab.database.Attempt()) == 0
    for path, content, mtime in before:
        if path.is_fifo() or path.is_dir():
            path.rmdir() if path.is_dir() else path.unlink()
        path.write_bytes(content)
        os.utime(path, ns=(mtime, mtime))
    assert desk.work().state == "ingested"


def test_a_delivery_that_was_superseded_meanwhile_is_rolled_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is in the database, and it is not answered."""
    delivery = desk.drop.deliver("a")

    def supersede(*args: Any) -> Any:
        deliveries.withdraw(desk.lab.database, delivery.delivery_id)
        return ingest(*args)

    monkeypatch.setattr("antelop.worker.worker.ingest", supersede)
    assert desk.work_to(Skipped, delivery).state == "superseded"
    assert jobs.counts(desk.lab.database)["total"] == 0
    assert len(desk.lab.database.World()) == len(desk.lab.database.Ingestion()) == 0
    assert not desk.drop.receipt("a").exists()


def test_videos_that_have_not_settled_are_waited_for(desk: Desk, licking: Callable[[Path], Path]) -> None:
    """The worker says which; when they have settled, too, the recording goes in with them."""
    licking(desk.drop.path)
    desk.drop.note("licking", rig="licking rig", animals=ANIMALS)
    event = desk.work_to(VideosUnsettled, desk.drop.delivery("licking"))
    assert event.paths == ("licking_camera.avi",)
    assert desk.state(desk.drop.delivery("licking")) == "waiting"
    assert desk.work(desk.drop.delivery("licking", "licking_camera.avi")).state == "ingested"


def test_an_outage_of_the_share_is_no_failure(desk: Desk) -> None:
    """The delivery is tried again, and nobody is answered."""
    delivery = desk.drop.deliver("a")
    desk.enqueue(delivery)
    away = desk.drop.path.rename(desk.drop.path.with_name("away"))
    desk.drop.path.symlink_to(desk.drop.path)  # whatever is looked for in there leads in a circle
    done = desk.work()
    assert (done.state, done.outcome.outcome) == ("ready", "unavailable")
    assert done.outcome.sentence.endswith("cannot be read: Too many levels of symbolic links")
    desk.drop.path.unlink()
    away.rename(desk.drop.path)
    assert desk.work().state == "ingested"


def test_a_defect_costs_a_try_and_is_told_with_its_traceback(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The third one parks the delivery, and answers it; the worker goes on."""

    def defective(*_: object) -> None:
        raise ZeroDivisionError("of ours")

    delivery = desk.drop.deliver("a")
    with monkeypatch.context() as patched:
        patched.setattr("antelop.worker.worker.ingest", defective)
        states = [desk.work(delivery if first else None).state for first in (True, False, False)]
        assert states == ["ready", "ready", "failed"]
        assert "ZeroDivisionError: of ours" in (desk.last(Done).traceback or "")
    assert "ZeroDivisionError: of ours" in desk.lab.database.Attempt.to_arrays("traceback")[-1]
    answer = desk.drop.answer("a")
    assert (answer["outcome"], answer["sentence"]) == ("failed", "a defect of this software: ZeroDivisionError: of ours")
    assert desk.work(desk.drop.deliver("b")).state == "ingested"


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("Session", {**SESSION, "session_id": 99, "session_name": "late"}),
        ("Session", {**SESSION, "session_id": 98, "session_name": "another"}),
        ("Experimenter", {"experimenter": "ada", "full_name": "Ada"}),
    ],
)
def test_a_rejected_delivery_is_looked_at_again(desk: Desk, table: str, row: Mapping[str, Any]) -> None:
    """When the session that it names has been added it goes in by itself; what has nothing to do with it changes nothing."""
    assert desk.work(desk.drop.deliver("a", session=99)).state == "rejected"
    assert desk.look_again() == 0
    desk.lab.database.tables[table].insert1(row)
    added = row.get("session_id") == 99
    assert desk.look_again() == added
    if added:
        assert desk.work().state == "ingested"
        assert desk.drop.answer("a")["outcome"] == "ingested"
        assert desk.look_again() == 0


BROKEN = SCRIPT.replace("return (", "return 1 / 0, (")
LOUD = {**RIG, "features": [*RIG["features"], {**RIG["features"][0], "name": "bark"}]}


def test_an_animal_that_is_put_right_lets_a_delivery_in(desk: Desk) -> None:
    """It had another name."""
    delivery = desk.drop.deliver("a", animals=[{"animal_name": "m19"}])
    assert desk.work(delivery).state == "rejected"
    desk.lab.database.Animal.update1({**ANIMALS[0], "animal_name": "m19"})
    assert desk.look_again() == 1
    assert desk.work().state == "ingested"


def test_a_rig_that_is_replaced_lets_a_delivery_in(desk: Desk) -> None:
    """It named a feature that the recording does not have, and does no longer."""
    upload_rig_json(desk.lab, "lab", "lick rig", LOUD, MASKS)
    assert desk.work(desk.drop.deliver("a")).state == "rejected"
    assert desk.look_again() == 0
    upload_rig_json(desk.lab, "lab", "lick rig", RIG, MASKS)
    assert desk.look_again() == 1
    assert desk.work().state == "ingested"


def test_a_mask_s_script_that_is_mended_lets_a_delivery_in(desk: Desk) -> None:
    """What runs is the script, and the ledger knows which version rejected it."""
    script = desk.lab.config.analysis.folders[0] / "licking.py"
    script.write_text(BROKEN)
    done = desk.work(desk.drop.deliver("a"))
    assert [problem.check for problem in done.outcome.problems] == ["mask_raised"]
    assert desk.look_again() == 0
    script.write_text(SCRIPT)
    assert desk.look_again() == 1
    assert desk.work().state == "ingested"


@pytest.mark.parametrize(
    ("members", "settings"),
    [
        ({"session": "tomorrow"}, {"create_sessions": True}),
        ({}, {"experimenters": frozenset(["ada", "lab"])}),
    ],
)
def test_a_folder_that_allows_more_lets_a_delivery_in(
    desk: Desk, dropping: Callable[..., Drop], members: dict[str, Any], settings: dict[str, Any]
) -> None:
    """The configuration of the folder decides as well."""
    drop = dropping("strict", experimenters=frozenset(["ada"] if "experimenters" in settings else ["lab"]))
    desk = Desk(desk.lab, drop)
    assert desk.work(drop.deliver("a", **members)).state == "rejected"
    assert desk.look_again() == 0
    desk.worker.folders["strict"] = replace(drop.config, **settings)
    assert desk.look_again() == 1
    assert desk.work().state == "ingested"


def test_a_check_that_is_switched_off_lets_a_delivery_in(desk: Desk) -> None:
    """So with any check that the configuration made an error."""
    desk.lab.config = replace(desk.lab.config, checks={"subject_unknown": "error"})
    assert desk.work(desk.drop.deliver("a", animals=[{"animal_id": 18}])).state == "rejected"
    assert desk.look_again() == 0
    desk.lab.config = replace(desk.lab.config, checks={"subject_other": "off", "subject_unknown": "off"})
    assert desk.look_again() == 1


def test_a_session_that_is_freed_lets_a_delivery_in(desk: Desk) -> None:
    """Another recording was in its way, and was removed."""
    desk.work(desk.drop.deliver("a", number=1))
    assert desk.work(desk.drop.deliver("b", number=2)).state == "rejected"
    assert desk.look_again() == 0
    remove(desk.lab, SESSION)
    assert desk.look_again() == 1
    assert desk.work().state == "ingested"


def test_what_changes_while_a_delivery_is_looked_at_is_not_missed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session is added between the look and the answer, which says that it is not there: another look follows."""

    def late(*args: Any) -> Any:
        try:
            return ingest(*args)
        finally:
            desk.lab.database.Session.insert1({**SESSION, "session_id": 99, "session_name": "late"})

    with monkeypatch.context() as patched:
        patched.setattr("antelop.worker.worker.ingest", late)
        assert desk.work(desk.drop.deliver("a", session=99)).state == "rejected"
    assert desk.look_again() == 1
    assert desk.work().state == "ingested"


def test_new_software_lets_a_delivery_in(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one version rejected or failed at, another may not."""
    assert desk.work(desk.drop.deliver("a", session=99)).state == "rejected"
    monkeypatch.setattr("antelop.worker.inputs.__version__", "0.2.0")
    assert desk.look_again() == 1


def test_what_has_failed_is_tried_again_when_what_decides_has_changed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What decided it is noted at the first look, for whoever saw its worker die could not tell."""
    delivery = desk.drop.deliver("a")
    desk.enqueue(delivery)
    for _ in range(3):
        finish_attempt(desk.lab.database, delivery.delivery_id, Attempt(Outcome.of("failed", "its worker has ended", NOW), 1.0))
    assert [desk.look_again() for _ in range(2)] == [0, 0]
    monkeypatch.setattr("antelop.worker.inputs.__version__", "0.2.0")
    assert desk.look_again() == 1
    assert desk.work().state == "ingested"


def test_many_rejected_deliveries_are_looked_at_a_few_at_a_time(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a worker does not keep new ones waiting."""
    monkeypatch.setattr(reconsider, "BATCH", 2)
    for number in range(5):
        desk.work(desk.drop.deliver(f"{number}", session=90 + number))
    after, looks = "", 0
    while (following := desk.worker.reconsider(after)) is not None:
        assert following > after
        after, looks = following, looks + 1
    assert looks == 2


def test_a_delivery_that_cannot_be_judged_keeps_no_other_from_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect is told, with the delivery's id."""
    dropped = [desk.drop.deliver(stem, session=99) for stem in "ab"]
    for delivery in dropped:
        desk.work(delivery)
    first, second = sorted(dropped, key=lambda delivery: delivery.delivery_id)

    def broken(lab: Lab, manifest: dict[str, Any], policy: Any) -> inputs.Inputs:
        if manifest["nwb"] == first.nwb_path:
            raise ZeroDivisionError("of ours")
        return inputs.inputs(lab, manifest, policy)

    monkeypatch.setattr(reconsider, "inputs", broken)
    desk.lab.database.Session.insert1({**SESSION, "session_id": 99, "session_name": "late"})
    assert desk.look_again() == 1
    (defect,) = desk.said(Defect)
    assert defect.delivery_id == first.delivery_id
    assert "ZeroDivisionError: of ours" in defect.traceback
    assert desk.state(second) == "ready"


def test_masks_that_are_outdated_are_told(desk: Desk) -> None:
    """The script has changed since the rig was uploaded."""
    desk.look_again()
    assert desk.last(Compared) == Compared([])
    script = desk.lab.config.analysis.folders[0] / "licking.py"
    script.write_text(SCRIPT + "# another version")
    desk.look_again()
    assert desk.last(Compared) == Compared(["licking.table_trials"])


def test_an_analysis_folder_that_is_not_trusted_holds_everything(desk: Desk) -> None:
    """Deliveries wait in the queue without an attempt, and the worker says why; when it is mended they go on."""
    script = desk.lab.config.analysis.folders[0] / "licking.py"
    script.chmod(0o646)
    delivery = desk.drop.deliver("a")
    desk.enqueue(delivery)
    assert [desk.worker.work() for _ in range(2)] == [False, False]
    (event,) = desk.events
    assert isinstance(event, Untrusted)
    assert event.sentence.startswith(f"{script}: everybody may write it (-rw-r--rw-)")
    assert desk.state(delivery) == "ready"
    script.chmod(0o644)
    assert desk.work().state == "ingested"
    assert [type(event) for event in desk.events] == [Untrusted, Trusted, Claimed, Done]


def test_a_session_that_was_removed_comes_back_by_retry_only(desk: Desk) -> None:
    """Neither an announcement nor a job that was left brings it back."""
    delivery = desk.drop.deliver("a")
    desk.work(delivery)
    remove(desk.lab, SESSION)
    assert desk.enqueue(delivery) == "ingested"
    assert desk.look_again() == 0
    jobs.schedule(desk.lab.database, {"delivery_id": delivery.delivery_id})
    assert desk.work_to(Skipped).state == "ingested"
    assert len(desk.lab.database.World()) == 0
    assert deliveries.retry(desk.lab.database, delivery.delivery_id, NOW)
    assert desk.work().state == "ingested"
    assert len(desk.lab.database.World & SESSION) == 1


def test_what_is_there_is_not_harmed_by_a_retry(desk: Desk) -> None:
    """It is answered again from the ledger, even if its file is gone."""
    delivery = desk.drop.deliver("a")
    before = desk.work(delivery).outcome
    (desk.drop.path / "a.nwb").unlink()
    assert deliveries.retry(desk.lab.database, delivery.delivery_id, NOW)
    done = desk.work()
    assert (done.state, done.outcome) == ("ingested", before)
    assert desk.state(delivery) == "ingested"


@pytest.mark.parametrize("step", ["receipt", "settle"])
def test_a_crash_after_commit_is_repaired_by_the_ledger(desk: Desk, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Whoever claims it next answers it; nothing is ingested twice."""
    delivery = desk.drop.deliver("a")
    desk.lab.database.reconnect()  # on a connection that ends with the crash

    def crash(*_: object, **__: object) -> None:
        desk.lab.database.close()
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(*((receipt, "write") if step == "receipt" else (completion, "finish_attempt")), crash)
        with pytest.raises(Crash):
            desk.work(delivery)
    assert len(desk.lab.database.World & SESSION) == 1
    await_release(desk.lab, delivery.delivery_id)
    another = Desk(desk.lab, desk.drop)
    assert not another.worker.work()
    another.worker.finish_orphans({delivery.delivery_id: Outcome.of("failed", "its worker was killed", NOW)})
    assert another.work().state == "ingested"
    assert len(desk.lab.database.Ingestion()) == 1
    answer = desk.drop.answer("a")
    assert answer["outcome"] == "ingested"
    outcomes = list(desk.lab.database.Attempt.to_arrays("outcome", order_by="attempt_id"))
    assert outcomes == ["failed", "ingested"]


def _orphan(desk: Desk, other: Lab, **changes: object) -> Delivery:
    """Leave a job behind as a worker that has lost its connection does, which may have been another one than it was."""
    delivery = desk.drop.deliver("a")
    desk.enqueue(delivery)
    with jobs.claimed(other.database, ["rig-2"]):
        other.database.close()
    await_release(desk.lab, delivery.delivery_id)
    if changes:
        desk.lab.database.jobs.update1({"delivery_id": delivery.delivery_id, **changes})
    return delivery


def _ended() -> int:
    """Return the number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, "unavailable"),
        ({"pid": -1}, "failed"),
        ({"host": "elsewhere"}, "failed"),
        ({"host": "elsewhere", "reserved_time": LONG_AGO}, "unavailable"),
        ({"pid": -1, "reserved_time": LONG_AGO}, "unavailable"),
    ],
    ids=["a process that lives", "one that has ended", "one elsewhere", "one before the database started", "one before a boot"],
)
def test_field_13_an_orphan_is_released_at_once(
    desk: Desk, others: Callable[[], Lab], changes: dict[str, Any], outcome: str
) -> None:
    """It costs no try where only the connection was lost, and one where the worker has ended, as far as can be told."""
    if "pid" in changes:
        changes = {**changes, "pid": _ended()}
    delivery = _orphan(desk, others(), **changes)
    desk.worker.finish_orphans({})
    (event,) = desk.said(Done)
    assert (event.delivery.delivery_id, event.state, event.outcome.outcome) == (delivery.delivery_id, "ready", outcome)
    assert desk.work().state == "ingested"


class Master:
    """A master that gives its orders at once, and is gone when a delivery has gone in."""

    def __init__(self, *orders: Orders) -> None:
        self.events: list[Event] = []
        self.closed = False
        self._orders = list(orders)

    def wait(self, seconds: float) -> None:
        raise NotImplementedError  # there is always work

    def receive(self) -> list[Orders]:
        return [self._orders.pop(0)] if self._orders else []

    def send(self, event: Event) -> None:
        self.events.append(event)
        self.closed = isinstance(event, Done) and event.state == "ingested"

    def flush(self) -> None:
        pass


def test_an_orphan_is_released_before_other_deliveries_are_claimed(desk: Desk, others: Callable[[], Lab]) -> None:
    """Where there is always something due, what a dead worker has left would wait for ever; it is told why that has died."""
    orphan = _orphan(desk, others(), pid=_ended())
    desk.enqueue(desk.drop.deliver("b", number=2, session=42))
    lost = Outcome.of("failed", "it took longer than 5 s", NOW)
    master = Master(Orders(["rig-2"], {orphan.delivery_id: lost}))
    serve(desk.lab, master)
    released = next(event for event in master.events if isinstance(event, Done))
    assert (released.delivery.delivery_id, released.outcome.sentence) == (orphan.delivery_id, "it took longer than 5 s")
    assert [type(event) for event in master.events] == [Ready, Done, Trusted, Claimed, Done]


def test_an_orphan_of_a_namesake_costs_a_try(desk: Desk, others: Callable[[], Lab]) -> None:
    """A process that has begun since the job was claimed is not the one that claimed it, and that one has ended."""
    delivery, queued = _orphan(desk, others()), desk.lab.database.jobs
    claimed = queued.fetch1("reserved_time") - timedelta(seconds=1)
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as namesake:
        queued.update1({"delivery_id": delivery.delivery_id, "pid": namesake.pid, "reserved_time": claimed})
        desk.worker.finish_orphans({})
    assert desk.last(Done).outcome.outcome == "failed"


def test_power_cuts_park_nothing(desk: Desk, others: Callable[[], Lab]) -> None:
    """However often the machine has gone down with a worker: the delivery is tried again."""
    for number in range(TRIES + 1):
        other = others()
        if number:
            hasten(desk.lab)
        else:
            desk.enqueue(desk.drop.deliver("a"))
        with jobs.claimed(other.database, ["rig-2"]) as row:
            assert row is not None
            other.database.close()
        await_release(desk.lab, row["delivery_id"])
        desk.lab.database.jobs.update1({"delivery_id": row["delivery_id"], "pid": _ended(), "reserved_time": LONG_AGO})
        desk.worker.finish_orphans({})
    assert [event.state for event in desk.said(Done)] == ["ready"] * (TRIES + 1)


def test_what_was_claimed_before_a_boot() -> None:
    """Of a job on this machine it is known whether it was claimed before the machine started; of others it is not."""
    before, since = (time.clock_gettime(time.CLOCK_BOOTTIME) + seconds for seconds in (60, -60))
    assert fate_of(platform.node(), os.getpid(), before) == "rebooted"
    assert fate_of(platform.node(), _ended(), since) == "unknown"
    assert fate_of("elsewhere", os.getpid(), before) == "unknown"


def test_an_orphan_after_an_outage_costs_no_try(desk: Desk, others: Callable[[], Lab]) -> None:
    """On another host, of which nothing is known, it has lost the same database."""
    _orphan(desk, others(), host="elsewhere")
    desk.worker.orphans.last_outage = time.monotonic()
    desk.worker.finish_orphans({})
    assert desk.last(Done).outcome.outcome == "unavailable"


def test_what_is_known_of_a_death_is_entered(desk: Desk, others: Callable[[], Lab]) -> None:
    """The service that started the worker knows best."""
    delivery = _orphan(desk, others(), host="elsewhere")
    desk.worker.finish_orphans({delivery.delivery_id: Outcome.of("failed", "it took longer than 5 s", NOW)})
    assert desk.lab.database.Attempt.fetch1("sentence") == "it took longer than 5 s"


def test_a_worker_that_is_just_ending_is_left_to_who_started_it(desk: Desk, others: Callable[[], Lab]) -> None:
    """Its end has not been looked at yet, so somebody is about to say how it was."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    _orphan(desk, others(), pid=process.pid)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    desk.worker.finish_orphans({})
    assert desk.events == []
    process.communicate()
    desk.worker.finish_orphans({})
    assert desk.last(Done).outcome.outcome == "failed"


def test_a_delivery_that_kills_its_workers_is_parked_and_answered(desk: Desk, others: Callable[[], Lab]) -> None:
    """The third dead worker is the last."""
    _orphan(desk, others(), host="elsewhere")
    desk.worker.finish_orphans({})
    for _ in range(2):
        other = others()
        hasten(desk.lab)
        with jobs.claimed(other.database, ["rig-2"]) as row:
            assert row is not None
            other.database.close()
        await_release(desk.lab, row["delivery_id"])
        desk.lab.database.jobs.update1({"delivery_id": row["delivery_id"], "host": "elsewhere"})
        desk.worker.finish_orphans({})
    assert [event.state for event in desk.said(Done)] == ["ready", "ready", "failed"]
    answer = desk.drop.answer("a")
    assert (answer["outcome"], answer["sentence"]) == ("failed", "its worker lost the database, or has ended")


def test_what_was_ingested_is_archived(desk: Desk, dropping: Callable[..., Drop], tmp_path: Path) -> None:
    """Recording and manifest go to the archive, and the receipt, which stays, says where and with which hash."""
    drop = dropping("archived", after="archive", archive=tmp_path / "archive")
    desk = Desk(desk.lab, drop)
    delivery = drop.deliver("m17/a")
    proof = drop.prove("m17/a")
    done = desk.work(delivery)
    assert done.outcome.archived == {"path": str(tmp_path / "archive/m17/a.nwb"), "sha256": proof["sha256"]}
    assert [path.name for path in (drop.path / "m17").iterdir()] == ["a.receipt.json"]
    answer = drop.answer("m17/a")
    assert answer["archived"] == done.outcome.archived
    rejected = desk.work(drop.deliver("b", session=99))
    assert rejected.state == "rejected"
    assert (drop.path / "b.nwb").exists()


def test_an_archive_that_is_away_is_tried_again(desk: Desk, dropping: Callable[..., Drop], tmp_path: Path) -> None:
    """The session is in the database and answered; only its job goes on, through failures and retries."""
    (tmp_path / "archive").write_text("in its place")
    drop = dropping("archived", after="archive", archive=tmp_path / "archive")
    desk = Desk(desk.lab, drop)
    delivery = drop.deliver("a")
    done = desk.work(delivery)
    assert (done.state, done.outcome.outcome) == ("ingested", "unavailable")
    answer = drop.answer("a")
    assert (answer["outcome"], "archived" in answer) == ("ingested", False)
    (tmp_path / "archive").unlink()
    assert desk.work().outcome.as_dict()["archived"]["path"] == str(tmp_path / "archive/a.nwb")
    assert jobs.counts(desk.lab.database)["total"] == 0


def test_field_19_a_connection_that_is_lost_costs_no_try(desk: Desk, others: Callable[[], Lab]) -> None:
    """The worker goes on with another connection, and settles its delivery as soon as nobody else has it."""
    delivery = desk.drop.deliver("a")
    desk.enqueue(delivery)
    other = others()
    other.config = desk.lab.config
    events: list[Event] = []

    def lose(event: Event) -> None:
        events.append(event)
        if isinstance(event, Claimed):
            _disconnect(desk.lab, other)
            await_release(desk.lab, delivery.delivery_id)

    assert Worker(other, lose).work()
    done = events[-1]
    assert isinstance(done, Done)
    assert (done.state, done.outcome.outcome) == ("ready", "unavailable")
    assert desk.work().state == "ingested"
    assert len(desk.lab.database.Attempt()) == 2


def test_who_lost_the_connection_leaves_what_another_has_claimed(desk: Desk, others: Callable[[], Lab]) -> None:
    """It was released and claimed meanwhile, and only who holds it now settles it."""
    desk.enqueue(desk.drop.deliver("a"))
    first, second = others(), others()
    with jobs.claimed(second.database, ["rig-2"]) as row:
        assert row is not None
        _disconnect(desk.lab, second)
        await_release(desk.lab, row["delivery_id"])
        desk.worker.finish_orphans({})
        hasten(desk.lab)
        with jobs.claimed(first.database, ["rig-2"]):
            second.reconnect()
            outcome = Outcome.of("failed", "it does not know yet", NOW)
            assert finish_attempt(second.database, row["delivery_id"], Attempt(outcome, 1.0)) is None
    assert list(desk.lab.database.Attempt.to_arrays("outcome")) == ["unavailable"]


def _disconnect(lab: Lab, other: Lab) -> None:
    """End the connection of another lab, as an administrator or a restart of the server does."""
    number = other.database.connection.connection_id
    statement = f"SELECT pg_terminate_backend({number})" if lab.database.is_postgresql else f"KILL {number}"
    lab.database.connection.query(statement)
