"""The process of a worker, ``python -m antelop.worker.process DESCRIPTOR``, which a service starts, not people."""

import os
import pickle
import select
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from math import inf
from typing import Protocol

import structlog

from antelop import log, memory
from antelop.backoff import Backoff
from antelop.channel import Link
from antelop.errors import Misconfigured, Unavailable
from antelop.lab import Lab
from antelop.outcome import Outcome
from antelop.worker import event_log
from antelop.worker.events import DatabaseAway, DatabaseBack, Event, Orders, Ready
from antelop.worker.worker import Worker

RECONSIDER_EVERY = 30.0
"""Seconds between two comparisons of rejected deliveries, for a worker without a service."""

QUEUE_POLL = 5.0
"""Seconds between two queries of the queue by an idle worker that receives no order."""

FIRST_RECONNECT, LONGEST_RECONNECT = 1.0, 30.0
"""Seconds from one try to connect to the database to the next: the first pause and the longest."""


class Master(Protocol):
    """The side that gives a worker its orders and receives its events: the other end of a `Link`."""

    closed: bool

    def wait(self, seconds: float) -> None:
        """Wait until there are orders, but at most this many seconds."""

    def receive(self) -> list[Orders]:
        """Return the orders that have arrived."""

    def send(self, event: Event) -> None:
        """Send an event."""

    def flush(self) -> None:
        """Send what the other end did not accept before."""


def serve(lab: Lab, master: Master, clock: Callable[[], float] = time.monotonic) -> None:
    """Work until the master closes the connection, or until a worker has done its share of deliveries (``jobs_per_worker``).

    The events of `Worker` are sent to the master, and also `Ready`, `DatabaseAway` and `DatabaseBack`.

    Parameters
    ----------
    clock
        Returns monotonic seconds.
    """
    serving = _Serving(lab, master, clock)
    master.send(Ready())
    while serving.done < lab.config.workers.jobs_per_worker:
        master.flush()
        serving.obey()
        if master.closed:
            break
        serving.turn()


class _Serving:
    """The loop of a worker, a turn at a time; see `serve`.

    Attributes
    ----------
    done
        How many deliveries it has worked on.
    """

    def __init__(self, lab: Lab, master: Master, clock: Callable[[], float]) -> None:
        self.done = 0
        self._lab, self._master, self._clock = lab, master, clock
        self._worker = Worker(lab, master.send)
        self._configured, self._worker.folders = self._worker.folders, {}
        self._backoff = Backoff(FIRST_RECONNECT, LONGEST_RECONNECT)
        self._away: str | None = None  # the sentence of the last `DatabaseAway`, until the database is back
        self._deaths: Mapping[str, Outcome] | None = None
        self._left = False
        self._after: str | None = None

    def obey(self) -> None:
        """Apply the orders that have arrived."""
        for order in self._master.receive():
            self._worker.folders = {name: folder for name, folder in self._configured.items() if name in order.folders}
            self._left |= order.deaths != self._deaths
            self._deaths = order.deaths
            if order.reconsider:
                self._after = ""
            if order.retry:
                self._backoff.hasten()

    def turn(self) -> None:
        """Work on one delivery; if there is none, do the other work, and wait for orders."""
        # Orders wake this loop during an outage too. It tries again when that is due, and not whenever it is woken.
        if pause := self._backoff.left(self._clock()):
            self._master.wait(pause)
            return
        # Between two steps of a comparison the queue is asked again, but without a pause.
        comparing = self._after is not None
        try:
            if self._backoff.failing:
                self._lab.reconnect()
            if self._work():
                return
        except (Unavailable, Misconfigured) as error:
            self._fail(str(error))
        else:
            self._backoff.succeed()
            if self._away is not None:
                self._master.send(DatabaseBack())
            self._away = None
            self._master.wait(0 if comparing else QUEUE_POLL)

    def _work(self) -> bool:
        """Work on one delivery, and return true; if there is none, finish orphans and compare rejected deliveries."""
        # A service has reported a death. Its delivery must not wait until the queue is empty.
        if self._left:
            self._worker.finish_orphans(self._deaths or {})
            self._left = False
        if self._worker.work():
            self.done += 1
            self._backoff.succeed()
            return True
        self._worker.finish_orphans(self._deaths or {})
        if self._after is not None:
            self._after = self._worker.reconsider(self._after)
        return False

    def _fail(self, sentence: str) -> None:
        """Note that the database cannot be used. Report it once, and again if a delivery was claimed in between."""
        self._worker.orphans.last_outage = time.monotonic()
        if self._away != sentence or not self._backoff.failing:
            self._master.send(DatabaseAway(sentence))
        self._away = sentence
        self._backoff.fail(self._clock())


class Alone:
    """The master of a worker without a service: all folders are present, and rejected deliveries are compared at intervals.

    Parameters
    ----------
    folders
        Names of the drop folders from which deliveries are taken.
    """

    def __init__(self, folders: Iterable[str]) -> None:
        self.closed = False
        self._folders = tuple(folders)
        self._next_comparison = -inf
        self._wakened, self._wake = os.pipe2(os.O_CLOEXEC)

    def wait(self, seconds: float) -> None:
        """Wait until `stop` is called, but at most this many seconds."""
        select.select([self._wakened], [], [], seconds)

    def stop(self, *_: object) -> None:
        """Stop after the current delivery; at the second call, at once. Works as a signal handler."""
        if self.closed:
            raise KeyboardInterrupt
        self.closed = True
        os.write(self._wake, b"!")

    def receive(self) -> list[Orders]:
        """Return the same orders at each call, and from time to time the order to compare rejected deliveries."""
        due = time.monotonic() >= self._next_comparison
        if due:
            self._next_comparison = time.monotonic() + RECONSIDER_EVERY
        return [Orders(self._folders, reconsider=due)]

    def send(self, event: Event) -> None:
        """Log an event."""
        event_log.enter(event)

    def flush(self) -> None:
        """Do nothing: every event is logged at once."""


def main() -> None:
    """Work for the service at the other end of the last argument's descriptor, with the configuration on standard input."""
    config = pickle.load(sys.stdin.buffer)  # noqa: S301  # from our own service
    # Ctrl-C is for the service, which closes the connection when this worker has to finish.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    log.configure(sys.stderr, terminal=sys.stderr.isatty(), journal=log.to_journal(sys.stderr, os.environ))
    link = Link(int(sys.argv[-1]))
    backoff = Backoff(FIRST_RECONNECT, LONGEST_RECONNECT)
    while not link.closed:
        try:
            with Lab(config, os.environ, partial(datetime.now, UTC)) as lab:
                # The service kills a worker above its limit, but checks only once per pass. This limit stops growth in between.
                memory.limit(2 * config.workers.memory)
                serve(lab, link)
                return
        except (Unavailable, Misconfigured) as error:  # the service has started with this configuration, so it is right
            link.send(DatabaseAway(str(error)))
            backoff.fail(time.monotonic())
            while not link.closed and (pause := backoff.left(time.monotonic())):
                link.wait(pause)
                link.receive()
        except Exception:  # noqa: BLE001  # a defect has to be in the log, whatever it is
            structlog.get_logger().exception("defect")
            sys.exit(1)


if __name__ == "__main__":
    main()
