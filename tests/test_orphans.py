"""What a dead worker leaves behind: another worker finishes its attempt, on both databases."""

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from antelop.dropfolder.delivery import Delivery
from antelop.lab import Lab
from antelop.outcome import Outcome
from antelop.queue import jobs
from antelop.queue.attempts import TRIES, Attempt, finish_attempt
from antelop.worker import Worker
from antelop.worker.events import Claimed, Done, Event, Orders, Ready, Trusted
from antelop.worker.orphans import fate_of
from antelop.worker.process import serve
from tests.clocks import NOW
from tests.desks import LONG_AGO, Desk
from tests.drops import hasten
from tests.labs import await_release


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
