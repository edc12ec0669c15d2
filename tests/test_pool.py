"""The workers of a service: real processes, really killed."""

import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from antelop.config import Config, WorkersConfig
from antelop.lab import Lab
from antelop.outcome import Outcome
from antelop.queue import deliveries
from antelop.service.pool import SHORT_LIFE, WorkerPool
from antelop.worker.events import Compared, Died, Done, Event, Ready
from tests.clocks import wall
from tests.daemons import PATIENCE, Gate
from tests.drops import Drop, hasten

pytestmark = pytest.mark.parametrize("served_lab", ["postgresql"], indirect=True)


Said = TypeVar("Said")


class Team(WorkerPool):
    """A pool that remembers what it was told."""

    def __init__(self, config: Config) -> None:
        super().__init__(config, os.environ)
        self.events: list[Event] = []

    def until(self, condition: Callable[[], object]) -> None:
        """Listen until something is so."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, self.events
            self.events += self.listen(time.monotonic())
            select.select(self.sources(), [], [], 0.05)

    def until_said(self, kind: type[Said], count: int = 1) -> list[Said]:
        """Listen until events of a type were reported so many times."""
        self.until(lambda: len(self.said(kind)) >= count)
        return self.said(kind)

    def said(self, kind: type[Said]) -> list[Said]:
        """Return the events of a type that were reported."""
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def team(lab: Lab, drop: Drop) -> Iterator[Callable[..., Team]]:
    """Give what makes a pool that takes from the drop folder."""
    teams = []

    def make(**limits: Any) -> Team:
        workers = WorkersConfig(**{"count": 1, "mask_timeout": 3600.0, **limits})
        team = Team(replace(lab.config, workers=workers))
        teams.append(team)
        team.take_from([drop.config.name])
        team.fill(time.monotonic(), ())
        return team

    yield make
    for team in teams:
        team.kill()
        while team.workers:
            select.select(team.sources(), [], [], PATIENCE)
            team.events += team.listen(time.monotonic())


def test_a_pool_is_as_large_as_configured_and_leaves_when_released(team: Callable[..., Team], lab: Lab, drop: Drop) -> None:
    """What is in the queue is done by then, and nobody has died."""
    pool = team(count=2)
    pool.fill(time.monotonic(), ())
    assert len(pool.workers) == 2
    pool.until_said(Ready, 2)
    deliveries.enqueue(lab.database, drop.deliver("a"), wall())
    pool.nudge()
    assert pool.until_said(Done)[0].state == "ingested"
    assert sorted(status["done"] for status in pool.status(time.monotonic())) == [0, 1]
    pool.release()
    pool.until(lambda: not pool.workers)
    assert pool.said(Died) == []


def test_field_24_workers_are_replaced_after_so_many_deliveries(team: Callable[..., Team], lab: Lab, drop: Drop) -> None:
    """Each says what it has done before it ends."""
    pool = team(jobs_per_worker=2)
    for number in range(4):
        deliveries.enqueue(lab.database, drop.deliver(f"{number}", session=41 + number, number=number), wall())
    processes = {pool.workers[0].process.pid}
    pool.until(lambda: not pool.workers)
    assert len(pool.said(Done)) == 2
    pool.fill(time.monotonic(), ())
    processes.add(pool.workers[0].process.pid)
    assert [event.state for event in pool.until_said(Done, 4)] == ["ingested"] * 4
    pool.until(lambda: not pool.workers)
    assert len(processes) == 2
    assert pool.said(Died) == []


@pytest.mark.parametrize("how", ["killed", "hangs", "grows"])
def test_a_worker_that_is_lost_is_replaced_and_its_delivery_released(
    team: Callable[..., Team], lab: Lab, drop: Drop, how: str
) -> None:
    """It is killed if it takes too long or too much memory; the one in its place settles its job at once, and says why."""
    gate = Gate(lab, ballast=500_000_000 if how == "grows" else 0)
    delivery = drop.deliver("a")
    deliveries.enqueue(lab.database, delivery, wall())
    pool = team(timeout=100.0, memory=400 << 20)
    pool.until(gate.reached)
    (lost,) = pool.workers
    now = time.monotonic()
    match how:
        case "killed":
            lost.process.kill()
            because = "it was killed by signal 9"
        case "hangs":
            pool.enforce(now + 99)
            assert not lost.fault
            pool.enforce(now + 101)
            because = "it took longer than 100 s ([workers] timeout)"
        case _:
            pool.enforce(now)
            because = f"it used {lost.fault.split()[2]} MiB of memory, more than 400 ([workers] memory)"
    (died,) = pool.until_said(Died)
    assert died.sentence == because
    assert died.delivery
    assert died.delivery.delivery_id == delivery.delivery_id
    pool.report_death(delivery.delivery_id, Outcome.of("failed", because, wall()))
    pool.fill(time.monotonic() + SHORT_LIFE, ())
    (done,) = pool.until_said(Done)
    assert (done.state, done.outcome.sentence) == ("ready", because)
    assert pool.deaths == {}
    hasten(lab)
    pool.nudge()
    pool.until(gate.reached)
    gate.open()
    assert pool.until_said(Done, 2)[1].state == "ingested"


def test_a_worker_that_dies_young_is_not_replaced_at_once(team: Callable[..., Team]) -> None:
    """A broken installation does not keep the machine busy."""
    pool = team()
    pool.until_said(Ready)
    pool.workers[0].started = time.monotonic()  # however long it took to be ready
    pool.workers[0].process.kill()
    pool.until_said(Died)
    pool.fill(pool._restart.due - 0.1, ())
    assert pool.workers == []
    pool.fill(pool._restart.due, ())
    assert len(pool.workers) == 1


def test_field_22_a_worker_that_is_held_up_by_a_folder_is_replaced(team: Callable[..., Team], lab: Lab, drop: Drop) -> None:
    """Another one works for the other folders meanwhile; when the folder is back, one of them is too many."""
    gate = Gate(lab)
    deliveries.enqueue(lab.database, drop.deliver("a"), wall())
    pool = team()
    pool.until(gate.reached)
    (held_up,) = pool.workers
    os.kill(held_up.process.pid, signal.SIGSTOP)
    pool.fill(time.monotonic(), ["another"])
    assert len(pool.workers) == 1
    pool.fill(time.monotonic(), [drop.config.name])
    assert len(pool.workers) == 2
    pool.until_said(Ready, 2)
    os.kill(held_up.process.pid, signal.SIGCONT)
    gate.open()
    pool.until_said(Done)
    pool.fill(time.monotonic(), [])
    pool.until(lambda: len(pool.workers) == 1)
    assert pool.said(Died) == []


def test_a_worker_that_does_not_die_counts_as_dead(team: Callable[..., Team]) -> None:
    """In a system call that hangs even SIGKILL waits; another one takes its place."""
    pool = team(memory=1)
    pool.until_said(Ready)
    pool.enforce(time.monotonic())
    pool.fill(time.monotonic(), ())
    assert [bool(worker.fault) for worker in pool.workers] == [True, False]


def test_deliveries_are_taken_from_the_folders_that_are_there(
    team: Callable[..., Team], lab: Lab, drop: Drop, dropping: Callable[..., Drop]
) -> None:
    """A share that is away is left alone, and its deliveries stay in the queue."""
    other = dropping("other")
    here, there = drop.deliver("a"), other.deliver("b", session=42, number=2)
    for delivery in (there, here):
        deliveries.enqueue(lab.database, delivery, wall())
    pool = team()
    assert pool.until_said(Done)[0].delivery.delivery_id == here.delivery_id
    assert deliveries.states(lab.database, [there.delivery_id])[there.delivery_id] == "ready"
    pool.take_from(["rig-2", "other"])
    assert pool.until_said(Done, 2)[1].delivery.delivery_id == there.delivery_id


def test_rejected_deliveries_are_looked_at_when_it_is_asked_for(team: Callable[..., Team], lab: Lab, drop: Drop) -> None:
    """By one worker that is idle; what is worth it goes in right after."""
    pool = team()
    deliveries.enqueue(lab.database, drop.deliver("a", session=99), wall())
    assert pool.until_said(Done)[0].state == "rejected"
    lab.database.Session.insert1({"experimenter": "lab", "experiment_id": 1, "session_id": 99, "session_name": "late"})
    pool.reconsider()
    assert [event.state for event in pool.until_said(Done, 2)] == ["rejected", "ingested"]
    assert len(pool.said(Compared)) == 1


def test_a_new_configuration_is_for_new_workers(team: Callable[..., Team], lab: Lab, drop: Drop) -> None:
    """Those that are there finish what they do first."""
    gate = Gate(lab)
    deliveries.enqueue(lab.database, drop.deliver("a"), wall())
    pool = team()
    pool.until(gate.reached)
    pool.reconfigure(replace(lab.config, workers=WorkersConfig(count=1)))
    pool.fill(time.monotonic(), ())
    assert len(pool.workers) == 1
    gate.open()
    assert pool.until_said(Done)[0].state == "ingested"
    pool.until(lambda: not pool.workers)
    pool.fill(time.monotonic(), ())
    pool.until_said(Ready, 2)
