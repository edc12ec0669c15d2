"""An hour in which the database is away: nothing spins. Each loop's turns are counted, with time of the test's own."""

import os
import select
import threading
from collections.abc import Mapping
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from antelop.backoff import JITTER, Backoff
from antelop.config import WorkersConfig
from antelop.lab import Lab
from antelop.queue import deliveries
from antelop.service import access, asking, pool, status
from antelop.service.pool import WorkerPool
from antelop.worker import process
from antelop.worker.events import DatabaseAway, Died, Event, Orders
from tests.clocks import still
from tests.daemons import running
from tests.drops import Drop
from tests.test_limits import stopped
from tests.wires import Wire, through

HOUR = 3600

Served = tuple[Lab, Mapping[str, str]]


def most(first: float, longest: float) -> int:
    """Return how many tries a loop makes in an hour at most, if each pause is as short as it may be."""
    tries, now, pause = 0, 0.0, first
    while now < HOUR:
        tries, now, pause = tries + 1, now + pause * (1 - JITTER), min(2 * pause, longest)
    return tries


def test_a_pause_grows_and_has_a_limit() -> None:
    """Twice as long from failure to failure; a success, or a long time without a failure, begins anew."""
    backoff, now = Backoff(1, 10, jitter=0), 100.0
    pauses = []
    for _ in range(6):
        backoff.fail(now)
        pauses.append(backoff.left(now))
        now = backoff.due
    assert pauses == [1, 2, 4, 8, 10, 10]
    assert backoff.failing
    backoff.succeed()
    assert (backoff.failing, backoff.left(now)) == (False, 0)
    backoff.fail(now)
    backoff.fail(now)
    assert backoff.left(now) == 2
    backoff.fail(now + 2 + 10.1)
    assert backoff.left(now + 2 + 10.1) == 1


def test_pauses_differ_by_chance() -> None:
    """So that all workers of a lab do not come back at the same moment; none is longer than the limit."""
    left = []
    for chance in (0.0, 0.5, 1.0):
        backoff = Backoff(8, 10, chance=lambda chance=chance: chance)  # type: ignore[misc]
        backoff.fail(0.0)
        left.append(backoff.left(0.0))
    assert left == [8, 7, 6]


def test_a_try_that_is_hastened_comes_after_the_shortest_pause() -> None:
    """However often it is asked for, and not at once."""
    backoff = Backoff(1, 1000, jitter=0)
    for _ in range(8):
        backoff.fail(50.0)
    assert backoff.left(50.0) == 128
    for _ in range(3):
        backoff.hasten()
    assert backoff.left(50.0) == 1
    backoff.succeed()
    backoff.hasten()
    assert backoff.left(50.0) == 0


class Hour:
    """A master whose time passes only while the worker waits; it gives orders all the time, and is gone after an hour."""

    def __init__(self, *, retry: bool) -> None:
        self.now, self.waits, self.closed = 0.0, 0, False
        self.events: list[Event] = []
        self._orders = Orders(["rig-2"], reconsider=True, retry=retry)

    def clock(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits += 1
        self.now += min(seconds, 10.0)  # something wakes the worker every ten seconds
        self.closed = self.now >= HOUR

    def receive(self) -> list[Orders]:
        return [self._orders]

    def send(self, event: Event) -> None:
        self.events.append(event)

    def flush(self) -> None:
        pass


@pytest.mark.parametrize("retry", [False, True])
def test_a_worker_does_not_spin(lab: Lab, served_lab: Served, wire: Wire, retry: bool) -> None:  # noqa: FBT001
    """It tries again less and less often, whatever it is told meanwhile, and says once that the database is away."""
    password = served_lab[1].get("DB_PASS", "")
    environment = {**os.environ, **served_lab[1], "DB_USER": lab.database.user, "DB_PASS": password}
    hour = Hour(retry=retry)
    with Lab(replace(lab.config, database=through(wire, lab)), environment, still) as away:
        wire.refuse()
        process.serve(away, hour, hour.clock)
    longest = process.FIRST_RECONNECT if retry else process.LONGEST_RECONNECT
    assert wire.refused <= most(process.FIRST_RECONNECT, longest)
    assert hour.waits <= wire.refused + HOUR / 10
    said = [event.sentence for event in hour.events if isinstance(event, DatabaseAway)]
    assert len(said) == len(set(said))


def test_the_service_does_not_spin(lab: Lab, served_lab: Served, drop: Drop, wire: Wire) -> None:
    """It ticks once a second, tries to reach the database every ten seconds at most, and logs once that it is away."""
    password = served_lab[1].get("DB_PASS", "")
    environment = {**os.environ, **served_lab[1], "DB_USER": lab.database.user, "DB_PASS": password}
    config = replace(lab.config, database=through(wire, lab), workers=WorkersConfig(count=0))
    with running(config, environment) as daemon:
        daemon.until(lambda: daemon.folders.present)
        wire.refuse()
        drop.deliver("a")
        daemon.until(lambda: daemon.status.database and daemon._backlog)
        before = wire.refused
        with capture_logs() as logs:
            for _ in range(HOUR):
                assert not daemon.behind  # the loop that calls it waits for a second then, though there is something to enter
                daemon.ahead += 1.0
                daemon.step()
        assert wire.refused - before <= most(access.FIRST_RECONNECT, access.LONGEST_RECONNECT)
        said = [line["sentence"] for line in logs if line["event"] == "database_away"]
        assert len(said) == len(set(said))


@pytest.mark.parametrize("served_lab", ["postgresql"], indirect=True)
def test_a_broken_worker_is_started_less_and_less_often(lab: Lab) -> None:
    """One that dies before it has done anything, as in a broken installation: in an hour it is started some sixteen times."""
    workers = WorkerPool(replace(lab.config, workers=WorkersConfig(count=1)), {"PYTHONHOME": "/nowhere"})
    now, starts = 0.0, 0
    while now < HOUR:
        workers.fill(now, ())
        starts += 1
        for member in workers.workers:
            select.select([member], [], [])
            member.process.wait()
        assert [type(event) for event in workers.listen(now)] == [Died]
        now = workers._restart.due
    assert starts <= most(pool.SHORT_LIFE, pool.LONGEST_RESTART)


@pytest.mark.parametrize("served_lab", ["postgresql"], indirect=True)
def test_a_server_that_hangs_is_left_behind(lab: Lab, drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is stopped, and not closed: the service goes on ticking, hears late what it asked, and goes on where it was."""
    monkeypatch.setattr(asking, "ANSWER_TIMEOUT", 0.2)
    with running(replace(lab.config, workers=WorkersConfig(count=0)), os.environ) as daemon:
        daemon.until(lambda: daemon.folders.present and daemon.status.database is None)
        assert daemon._access._lab
        with stopped(daemon._access._lab.database.connection._conn.info.backend_pid), capture_logs() as logs:
            delivery = drop.deliver("a")
            daemon.until(lambda: daemon.status.database)
            assert daemon.written()["sentence"].startswith("the database is away: the database does not answer")
            threads = threading.active_count()
            for _ in range(HOUR // 10):
                daemon.ahead += 10.0
                daemon.step()
            assert threading.active_count() == threads  # what is left behind is one thread, however long it takes
            assert [line["event"] for line in logs if line["event"].startswith("database_")] == ["database_away"]
        daemon.ahead += access.LONGEST_RECONNECT
        daemon.until(lambda: daemon.status.database is None)
        assert deliveries.states(lab.database, [delivery.delivery_id]) == {delivery.delivery_id: "ready"}


@pytest.mark.parametrize("served_lab", ["postgresql"], indirect=True)
def test_a_server_that_hangs_does_not_keep_the_service_from_stopping(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked of it is left to the end of the process."""
    monkeypatch.setattr(asking, "ANSWER_TIMEOUT", 0.2)
    with running(replace(lab.config, workers=WorkersConfig(count=0)), os.environ) as daemon:
        daemon.until(lambda: daemon.status.database is None)
        assert daemon._access._lab
        with stopped(daemon._access._lab.database.connection._conn.info.backend_pid):
            daemon._backlog.next_count = 0.0
            daemon.until(lambda: daemon.status.database)
            daemon.stop(lambda: True)
            assert (status.read(lab.config.state) or {})["sentence"] == "stopped"
