"""Files that change while they are read, clocks that are set back, and more deliveries at once than can be dealt with."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from antelop.config import FolderConfig, WorkersConfig
from antelop.dropfolder import Folder
from antelop.dropfolder.delivery import Delivery
from antelop.dropfolder.finished import Finished
from antelop.dropfolder.inbox import Inbox
from antelop.lab import Lab
from antelop.outcome import Outcome
from antelop.queue import deliveries, jobs
from antelop.queue.attempts import TRIES, Attempt, finish_attempt
from antelop.queue.pauses import LONGEST_PAUSE
from antelop.service.queue_feed import QUEUE_POLL
from antelop.store.objects import Incoming
from antelop.store.survey import is_whole, objects
from antelop.worker.events import Done, Missing, Skipped
from tests.clocks import NOW
from tests.daemons import Start
from tests.desks import Desk
from tests.drops import Drop
from tests.labs import await_release

on_postgresql = pytest.mark.parametrize("served_lab", ["postgresql"], indirect=True)

CHANGES: dict[str, Callable[[Path], object]] = {
    "deleted": Path.unlink,
    "cut short": lambda path: os.truncate(path, path.stat().st_size // 2),
    "emptied": lambda path: os.truncate(path, 0),
    "replaced": lambda path: path.with_suffix(".new").rename(path),
    "rewritten": lambda path: path.write_bytes(path.with_suffix(".new").read_bytes()),
}
BECAUSE = {"deleted": "cannot be read: No such file or directory", "cut short": "became shorter while it was read"}
BECAUSE["emptied"] = BECAUSE["cut short"]


@on_postgresql
@pytest.mark.parametrize("how", CHANGES)
def test_a_recording_changes_while_its_samples_are_copied(
    lab: Lab, drop: Drop, large: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Nothing of it goes in and no object is half there; it is no failure, and what is there afterwards goes in."""
    drop = replace(drop, prototype=large)
    desk = Desk(lab, drop)
    delivery = drop.deliver("a")
    drop.record("b", number=2).rename(drop.path / "a.new")
    fill, filled = Incoming.fill, list[int]()

    def change(self: Incoming, read: Callable[[int, memoryview], None], size: int) -> None:
        filled.append(size)
        if len(filled) == 2:  # after the header of the first array: samples are still to be read
            CHANGES[how](drop.path / "a.nwb")
        fill(self, read, size)

    monkeypatch.setattr(Incoming, "fill", change)
    if how in BECAUSE:
        event = desk.work(delivery)
        assert (event.state, event.outcome.outcome) == ("ready", "unavailable")
        assert event.outcome.sentence == f"{drop.path / 'a.nwb'} {BECAUSE[how]}"
    else:
        assert desk.work_to(Skipped, delivery).state == "ready"
        assert jobs.counts(lab.database)["total"] == 0
    assert len(lab.database.World()) == len(lab.database.Ingestion()) == 0
    assert all(is_whole(lab.store, each.address) for each in objects(lab.store))
    assert list((lab.store.folder / "incoming").iterdir()) == []
    again = drop.deliver("a", number=3)
    assert desk.work(again).state == "ingested"
    assert desk.state(delivery) == "superseded"


def test_what_was_put_off_by_a_clock_that_is_set_back_is_due(lab: Lab, drop: Drop) -> None:
    """A job that would have to wait for longer than any pause is brought forward; one that pauses is not."""
    desk = Desk(lab, drop)
    delivery = drop.deliver("a")
    desk.enqueue(delivery)
    for ahead in (LONGEST_PAUSE, 366 * 86400.0):
        jobs.schedule(lab.database, {"delivery_id": delivery.delivery_id}, ahead)
        desk.worker.finish_orphans({})
        assert desk.worker.work() == (ahead > LONGEST_PAUSE)
    assert desk.last(Done).state == "ingested"


def test_tries_are_counted_although_the_clock_is_set_back(lab: Lab, drop: Drop) -> None:
    """What fails three times is parked, also if by the clock that was before it was delivered; retried, it has three more."""
    delivery = drop.deliver("a")
    deliveries.enqueue(lab.database, delivery, NOW)
    for earlier in (timedelta(hours=1), timedelta(days=400)):
        outcome = Outcome.of("failed", "so it is", NOW - earlier)
        states = [finish_attempt(lab.database, delivery.delivery_id, Attempt(outcome, 1.0)) for _ in range(TRIES)]
        assert states == ["ready", "ready", "failed"]
        assert deliveries.retry(lab.database, delivery.delivery_id, NOW - timedelta(days=400))


def test_a_worker_is_missed_although_the_clock_is_set_back(lab: Lab, drop: Drop, others: Callable[[], Lab]) -> None:
    """A job that was reserved in what is now the future is released as soon as its worker's connection is gone."""
    desk, other = Desk(lab, drop), others()
    delivery = drop.deliver("a")
    desk.enqueue(delivery)
    with jobs.claimed(other.database, ["rig-2"]):
        other.database.close()
    await_release(lab, delivery.delivery_id)
    future = {"delivery_id": delivery.delivery_id, "reserved_time": datetime(2099, 1, 1)}  # noqa: DTZ001  # of the database
    lab.database.jobs.update1(future)
    desk.worker.finish_orphans({})
    assert desk.last(Done).outcome.outcome == "unavailable"
    assert desk.work().state == "ingested"


@on_postgresql
def test_a_share_blinks_when_the_turn_of_an_old_delivery_comes(start: Start, lab: Lab, drop: Drop) -> None:
    """What was queued for days and is not there for a moment that nobody else has noticed goes in all the same."""
    daemon = start(workers=WorkersConfig(count=0))
    delivery = drop.deliver("a")
    daemon.until(lambda: len(lab.database.Delivery()))
    days_ago = datetime(2020, 1, 1)  # noqa: DTZ001  # of the database
    lab.database.Delivery.update1({"delivery_id": delivery.delivery_id, "readied": days_ago})
    (watcher,) = daemon.folders.sources()
    os.kill(watcher._process.pid, signal.SIGSTOP)
    away = (drop.path / "a.nwb").rename(drop.path.with_name("away"))
    daemon.reload(replace(lab.config, workers=WorkersConfig(count=1)), daemon.now())
    (gone,) = daemon.until_said(Missing)
    assert not gone.sought
    assert deliveries.states(lab.database, [delivery.delivery_id]) == {delivery.delivery_id: "superseded"}
    away.rename(drop.path / "a.nwb")
    os.kill(watcher._process.pid, signal.SIGCONT)
    assert daemon.until_said(Done)[0].state == "ingested"


CROWD = int(os.environ.get("ANTELOP_CROWD", "1000"))
"""How many deliveries come at once; ten thousand take ten times as long, and no more memory."""


@on_postgresql
def test_a_crowd_of_deliveries_comes_at_once(start: Start, lab: Lab, drop: Drop) -> None:
    """Each is queued once; the service and the process that watches stay small, and the status tells how many there are."""
    for number in range(CROWD):
        os.link(drop.prototype, drop.path / f"{number}.nwb")
        drop.note(f"{number}", session=99)
    daemon = start(workers=WorkersConfig(count=0))
    daemon.step()
    (watcher,) = daemon.folders.sources()
    before = resident(os.getpid())
    for share in range(CROWD // 10, CROWD + 1, CROWD // 10):
        daemon.until(partial(entered, lab, share))
    assert resident(os.getpid()) - before < 64 << 20
    assert resident(watcher._process.pid) < 128 << 20
    daemon.ahead += QUEUE_POLL
    written = daemon.written()
    assert written["sentence"] == f"{CROWD} queued"
    assert (written["waiting"], written["outcomes"]) == ([], [])
    assert set(lab.database.Delivery.to_arrays("nwb_path")) == {f"{number}.nwb" for number in range(CROWD)}
    assert jobs.counts(lab.database)["pending"] == CROWD
    daemon.stop(lambda: True)
    assert {event.state for event in start().until_said(Done, 3)} == {"rejected"}


def test_whoever_looks_at_a_crowd_says_now_and_then_that_it_is_alive(tmp_path: Path, prototype: Path) -> None:
    """For each file that is listed and each recording that is opened: a slow share is not taken for one that hangs."""
    drop = Drop(FolderConfig("rig-2", tmp_path), prototype)
    for number in range(3):
        drop.deliver(f"{number}", number=number)
    beats = list[int]()
    inbox = Inbox(Folder("rig-2", tmp_path, "poll", settle=0.0), Finished([]), lambda: beats.append(1))
    assert len([update for update in inbox.look(0.0) if isinstance(update, Delivery)]) == 3
    assert len(beats) == 2 * 3 + 3


def entered(lab: Lab, count: int) -> bool:
    """Tell whether so many deliveries are in the ledger."""
    return len(lab.database.Delivery()) >= count


def resident(process: int) -> int:
    """Return the resident memory of a process in bytes, without what it has mapped of files."""
    _, all_pages, shared, *_ = Path(f"/proc/{process}/statm").read_text().split()  # proc_pid_statm(5)
    return (int(all_pages) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
