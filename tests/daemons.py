"""A service in the test's own process, with real watchers and workers; the test owns its time."""

import os
import select
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any, TypeVar

import pytest

from antelop.config import Config, WorkersConfig
from antelop.lab import Lab
from antelop.service import status
from antelop.service.service import Service
from antelop.service.watchers import Watchers
from antelop.worker.events import Event
from tests.clocks import wall
from tests.drops import Drop
from tests.labs import SCRIPT

Said = TypeVar("Said")

STEP = 4
"""Seconds of a step in which time passes: fewer than after which a service takes itself to have been held up."""

PATIENCE = 60.0
"""Seconds after which a test gives up waiting; nothing takes nearly as long."""

GATED = "ballast = b'x' * BALLAST\n" + SCRIPT.replace("        return (", "        open(GATE).read()\n        return (")
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
        self.events: list[Event] = []
        self.ahead = 0.0
        super().__init__(config, environment, self.now(), wall)
        self._handle, self._handler.handle = self._handler.handle, self._remember  # type: ignore[method-assign]

    def now(self) -> float:
        """Return its time."""
        return time.monotonic() + self.ahead

    def pass_time(self, seconds: int, *talking: Drop) -> None:
        """Let time pass in small steps; at each something happens in these folders, of which the service is told."""
        for second in range(0, seconds, STEP):
            self.ahead += STEP
            self.step()
            for drop in talking:
                self._hear_of(drop, f"at-{second}.nwb")

    def _hear_of(self, drop: Drop, name: str) -> None:
        """Wait until the service has heard of a new file."""
        (drop.path / name).touch()
        self.until(lambda: (drop.config.name, name) in self.folders._waiting)

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

    def until_said(self, kind: type[Said], count: int = 1) -> list[Said]:
        """Let it work until its workers have said something so many times; return what they said."""
        self.until(lambda: len(self.said(kind)) >= count)
        return self.said(kind)

    def said(self, kind: type[Said]) -> list[Said]:
        """Return the events of a type that its workers have reported."""
        return [event for event in self.events if isinstance(event, kind)]

    def written(self) -> dict[str, Any]:
        """Let it write its status; return that."""
        self._reporting._written = -inf
        self.tick(self.now())
        return status.read(self.state) or {}

    def _remember(self, event: Event) -> None:
        self.events.append(event)
        self._handle(event)


Start = Callable[..., Daemon]


@pytest.fixture
def on_own_disks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give what puts each drop folder on a disk of its own, as services see it that are started then."""

    def mount(*drops: Drop) -> None:
        mountinfo = tmp_path / "mountinfo"
        lines = (f"40 27 0:5{number} / {drop.path} rw - ext4 disk rw\n" for number, drop in enumerate(drops))
        mountinfo.write_text("".join(lines))
        monkeypatch.setattr(Watchers.__init__, "__defaults__", (mountinfo,))

    return mount


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
        How many bytes of memory the script takes in its worker.
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
