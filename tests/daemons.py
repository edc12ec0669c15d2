"""A service in the test's own process, with real watchers and workers; the test owns its time."""

import os
import select
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from math import inf
from typing import Any

import pytest

from antelop.config import Config, WorkersConfig
from antelop.lab import Lab
from antelop.service import status
from antelop.service.service import Service
from tests.clocks import wall
from tests.labs import SCRIPT

PATIENCE = 60.0
"""Seconds after which a test gives up waiting; nothing takes nearly as long."""

GATED = SCRIPT.replace("        return (", "        ballast = b'x' * BALLAST\n        open(GATE).read()\n        return (")
"""A mask that waits until somebody has opened a pipe for writing, and closed it again."""


class Daemon(Service):
    """A service that remembers what its workers said, and whose time can be ahead of the clock.

    Attributes
    ----------
    events
        What its workers have said.
    ahead
        Seconds by which its time is ahead.
    """

    def __init__(self, config: Config, environment: Mapping[str, str]) -> None:
        self.state = config.state
        self.events: list[Mapping[str, Any]] = []
        self.ahead = 0.0
        super().__init__(config, environment, self.now(), wall)

    def now(self) -> float:
        """Return its time."""
        return time.monotonic() + self.ahead

    def step(self) -> bool:
        """Work once; return true."""
        self.tick(self.now())
        return True

    def until(self, condition: Callable[[], object]) -> None:
        """Let it work until something is so."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"it did not come to that; the last events are {self.events[-5:]}")
            self.tick(self.now())
            select.select(self.sources(), [], [], 0 if self.behind else 0.05)

    def until_said(self, event: str, count: int = 1) -> list[Mapping[str, Any]]:
        """Let it work until its workers have said something so many times; return what they said."""
        self.until(lambda: len(self.said(event)) >= count)
        return self.said(event)

    def said(self, event: str) -> list[Mapping[str, Any]]:
        """Return what its workers have said of a kind."""
        return [each for each in self.events if each["event"] == event]

    def written(self) -> dict[str, Any]:
        """Let it write its status; return that."""
        self._reported = -inf
        self.tick(self.now())
        return status.read(self.state) or {}

    def _hear(self, event: Mapping[str, Any]) -> None:
        self.events.append(event)
        super()._hear(event)


Start = Callable[..., Daemon]


@pytest.fixture
def start(lab: Lab, served_lab: tuple[Lab, Mapping[str, str]]) -> Iterator[Start]:
    """Give what starts a service on the lab as it is configured then; every one is stopped at the end."""
    with ExitStack() as stack:

        def start(**settings: Any) -> Daemon:
            workers = settings.pop("workers", WorkersConfig(count=1))
            config = replace(lab.config, workers=workers, **settings)
            return stack.enter_context(running(config, os.environ | served_lab[1]))

        yield start


@contextmanager
def running(config: Config, environment: Mapping[str, str]) -> Iterator[Daemon]:
    """Run a service, and stop it at once at the end, whatever it does."""
    daemon = Daemon(config, environment)
    try:
        yield daemon
    finally:
        daemon.stop(lambda: True)


class Gate:
    """A mask that waits in the middle of an ingest until the test lets it go on.

    Parameters
    ----------
    lab
        The script of whose mask is replaced.
    ballast
        How many bytes of memory the mask takes.
    """

    def __init__(self, lab: Lab, ballast: int = 0) -> None:
        folder = lab.config.analysis.folders[0]
        self._pipe = folder.parent / "gate"
        self._held = -1
        os.mkfifo(self._pipe)
        (folder / "licking.py").write_text(GATED.replace("GATE", repr(str(self._pipe))).replace("BALLAST", str(ballast)))

    def reached(self) -> bool:
        """Tell whether a worker waits there; then it goes on no sooner than `open`."""
        self.open()  # or one that is dead by now
        with suppress(OSError):  # nobody reads from it
            self._held = os.open(self._pipe, os.O_WRONLY | os.O_NONBLOCK)
        return self._held >= 0

    def open(self) -> None:
        """Let the worker that waits go on."""
        if self._held >= 0:
            os.close(self._held)
        self._held = -1
