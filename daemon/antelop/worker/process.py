"""The process of a worker, ``python -m antelop.worker.process DESCRIPTOR``, which a service starts, and not for people."""

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

LOOK_AGAIN = 30.0
"""Seconds from one look at rejected deliveries to the next, of a worker that is alone."""

IDLE = 5.0
"""Seconds after which a worker that has nothing to do looks into the queue unasked."""

FIRST_RETRY, LONGEST_RETRY = 1.0, 30.0
"""Seconds from one try to reach a database that is away to the next: the first time, and at most."""


class Master(Protocol):
    """Who gives a worker its orders, and is told what it does: the other end of a `Link`."""

    closed: bool

    def wait(self, seconds: float) -> None:
        """Return when there are orders, or after so many seconds."""

    def receive(self) -> list[Orders]:
        """Return the orders that have come."""

    def send(self, event: Event) -> None:
        """Tell what the worker does."""

    def flush(self) -> None:
        """Send on what could not be sent before."""


def serve(lab: Lab, master: Master, clock: Callable[[], float] = time.monotonic) -> None:
    """Work until the master is gone, or for as many deliveries as the configuration gives a worker.

    The master is told the events of `Worker`, and besides them `Ready`, `DatabaseAway` and `DatabaseBack`.

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
        How many deliveries it has dealt with.
    """

    def __init__(self, lab: Lab, master: Master, clock: Callable[[], float]) -> None:
        self.done = 0
        self._lab, self._master, self._clock = lab, master, clock
        self._worker = Worker(lab, master.send)
        self._configured, self._worker.folders = self._worker.folders, {}
        self._backoff = Backoff(FIRST_RETRY, LONGEST_RETRY)
        self._away: str | None = None  # what the master was told
        self._deaths: Mapping[str, Outcome] | None = None
        self._left = False
        self._after: str | None = None

    def obey(self) -> None:
        """Take the orders that have come."""
        for order in self._master.receive():
            self._worker.folders = {name: folder for name, folder in self._configured.items() if name in order.folders}
            self._left |= order.deaths != self._deaths
            self._deaths = order.deaths
            if order.reconsider:
                self._after = ""
            if order.retry:
                self._backoff.hasten()

    def turn(self) -> None:
        """Work on one delivery, or do what else there is to do and wait for orders."""
        # Orders wake this loop during an outage too. It tries again when that is due, and not whenever it is woken.
        if pause := self._backoff.left(self._clock()):
            self._master.wait(pause)
            return
        looking = self._after is not None
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
            self._master.wait(0 if looking else IDLE)

    def _work(self) -> bool:
        """Work on one delivery, and return true; if there is none, do what else there is to do."""
        if self._left:  # by workers that have died, and not to wait until nothing else is due
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
        """Note that the database is away, and say so: once, and again if a delivery was claimed in between."""
        self._worker.orphans.last_outage = time.monotonic()
        if self._away != sentence or not self._backoff.failing:
            self._master.send(DatabaseAway(sentence))
        self._away = sentence
        self._backoff.fail(self._clock())


class Alone:
    """In the place of a service, for a worker that has none: all folders are there, and there is a look now and then.

    Parameters
    ----------
    folders
        From which deliveries are taken, by name.
    """

    def __init__(self, folders: Iterable[str]) -> None:
        self.closed = False
        self._folders = tuple(folders)
        self._next_look = -inf
        self._wakened, self._wake = os.pipe2(os.O_CLOEXEC)

    def wait(self, seconds: float) -> None:
        """Return when it is time to stop, or after so many seconds."""
        select.select([self._wakened], [], [], seconds)

    def stop(self, *_: object) -> None:
        """Stop when what runs has finished; the second time, at once (a handler of signals)."""
        if self.closed:
            raise KeyboardInterrupt
        self.closed = True
        os.write(self._wake, b"!")

    def receive(self) -> list[Orders]:
        """Return the same order again and again."""
        look = time.monotonic() >= self._next_look
        if look:
            self._next_look = time.monotonic() + LOOK_AGAIN
        return [Orders(self._folders, reconsider=look)]

    def send(self, event: Event) -> None:
        """Log what the worker does."""
        event_log.enter(event)

    def flush(self) -> None:
        """Do nothing: there is nobody to wait for."""


def main() -> None:
    """Work for the service at the other end of the last argument's descriptor, with the configuration on standard input."""
    config = pickle.load(sys.stdin.buffer)  # noqa: S301  # from our own service
    # Ctrl-C is for the service, which hangs up when this worker is to finish.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    log.configure(sys.stderr, terminal=sys.stderr.isatty(), journal=log.to_journal(sys.stderr, os.environ))
    link = Link(int(sys.argv[-1]))
    backoff = Backoff(FIRST_RETRY, LONGEST_RETRY)
    while not link.closed:
        try:
            with Lab(config, os.environ, partial(datetime.now, UTC)) as lab:
                # What takes more than it may is ended by the service, which says so, but looks only now and then.
                memory.limit(2 * config.workers.memory)
                serve(lab, link)
                return
        except (Unavailable, Misconfigured) as error:  # the service waits too, which began with this configuration
            link.send(DatabaseAway(str(error)))
            backoff.fail(time.monotonic())
            while not link.closed and (pause := backoff.left(time.monotonic())):
                link.wait(pause)
                link.receive()
        except Exception:  # noqa: BLE001  # a defect is a line of the log too
            structlog.get_logger().exception("defect")
            sys.exit(1)


if __name__ == "__main__":
    main()
