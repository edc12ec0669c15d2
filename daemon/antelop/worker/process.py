"""The process of a worker, ``python -m antelop.worker.process DESCRIPTOR``, which a service starts, and not for people."""

import os
import pickle
import select
import signal
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from math import inf
from typing import Any, Protocol

import structlog

from antelop import log, memory
from antelop.channel import Link
from antelop.errors import Misconfigured, Unavailable
from antelop.lab import Lab
from antelop.outcome import Outcome
from antelop.worker import event_log
from antelop.worker.worker import Worker

LOOK_AGAIN = 30.0
"""Seconds from one look at rejected deliveries to the next, of a worker that is alone."""

IDLE = 5.0
"""Seconds after which a worker that has nothing to do looks into the queue unasked."""


class Master(Protocol):
    """Who gives a worker its orders, and is told what it does: the other end of a `Link`."""

    closed: bool

    def fileno(self) -> int:
        """Return a descriptor that can be read from when there are orders."""

    def receive(self) -> list[Mapping[str, Any]]:
        """Return the orders that have come."""

    def send(self, event: Mapping[str, Any]) -> None:
        """Tell what the worker does."""

    def flush(self) -> None:
        """Send on what could not be sent before."""


def serve(lab: Lab, master: Master) -> None:
    """Work until the master is gone, or for as many deliveries as the configuration gives a worker.

    Orders are ``folders``, those that are there to take deliveries from; ``deaths``, as in `Worker.release`; and ``look``,
    whether to look at rejected deliveries again. The master is told what `Worker` says, ``ready`` at first, ``away`` with why
    the database is, and ``back`` when it is that.
    """
    worker = Worker(lab, master.send)
    configured, worker.folders = worker.folders, {}
    deaths: Mapping[str, Outcome] | None = None
    done, after, away, left = 0, None, False, False
    master.send({"event": "ready"})
    while done < lab.config.workers.jobs_per_worker:
        master.flush()
        for order in master.receive():
            worker.folders = {name: folder for name, folder in configured.items() if name in order["folders"]}
            left |= order["deaths"] != deaths
            deaths, after = order["deaths"], "" if order["look"] else after
        if master.closed:
            break
        looking = after is not None
        try:
            if left:  # by workers that have died, and not to wait until nothing else is due
                worker.release(deaths or {})
                left = False
            if worker.work():
                done += 1
                continue
            worker.release(deaths or {})
            after = None if after is None else worker.look_again(after)
            if away:
                master.send({"event": "back"})
            away = False
        except (Unavailable, Misconfigured) as error:
            worker.lost, away = time.monotonic(), True
            master.send({"event": "away", "sentence": str(error)})
            with suppress(Unavailable, Misconfigured):
                lab.reconnect()
        select.select([master], [], [], 0 if looking else IDLE)


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

    def fileno(self) -> int:
        """Return a descriptor that can be read from when it is time to stop."""
        return self._wakened

    def stop(self, *_: object) -> None:
        """Stop when what runs has finished; the second time, at once (a handler of signals)."""
        if self.closed:
            raise KeyboardInterrupt
        self.closed = True
        os.write(self._wake, b"!")

    def receive(self) -> list[Mapping[str, Any]]:
        """Return the same order again and again."""
        look = time.monotonic() >= self._next_look
        if look:
            self._next_look = time.monotonic() + LOOK_AGAIN
        return [{"folders": self._folders, "deaths": {}, "look": look}]

    def send(self, event: Mapping[str, Any]) -> None:
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
    while not link.closed:
        try:
            with Lab(config, os.environ, partial(datetime.now, UTC)) as lab:
                # What takes more than it may is ended by the service, which says so, but looks only now and then.
                memory.limit(2 * config.workers.memory)
                serve(lab, link)
                return
        except (Unavailable, Misconfigured) as error:  # the service waits too, which began with this configuration
            link.send({"event": "away", "sentence": str(error)})
            select.select([link], [], [], IDLE)
            link.receive()
        except Exception:  # noqa: BLE001  # a defect is a line of the log too
            structlog.get_logger().exception("defect")
            sys.exit(1)


if __name__ == "__main__":
    main()
