"""Processes that examine recordings, within the limits that a service sets its workers."""

import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from antelop.channel import Link
from antelop.config import WorkersConfig
from antelop.formats.rig import Rig
from antelop.service.worker_process import WorkerProcess

ROOT = Path(__file__).resolve().parents[2]

AT_A_TIME = 8
"""How many recordings a process is given before it has said what came of the first."""

LOOK = 0.2
"""Seconds between two looks at the memory that processes take."""


class Task(NamedTuple):
    """A recording that is to be examined, and the hash of what it holds if nothing has happened to that."""

    path: Path
    rig: Rig
    digest: str = ""


class Examiners:
    """Processes that examine recordings, within a worker's limits.

    Parameters
    ----------
    limits
        How many there are, and what each may take: memory and time.

    Attributes
    ----------
    largest
        How many bytes of memory one has taken at most.
    """

    def __init__(self, limits: WorkersConfig) -> None:
        self.largest = 0
        self._limits = limits
        self._members = [_start() for _ in range(limits.count)]
        self._given: dict[int, list[Task]] = {}

    def examine(self, tasks: Iterator[Task]) -> Iterator[tuple[Task, Mapping[str, Any]]]:
        """Yield what comes of recordings, as `tests.hostile.examiner` reports it; of a process that died, its ``outcome``."""
        self._given = {id(member): [] for member in self._members}
        left = True
        while left or any(self._given.values()):
            for index, member in enumerate(self._members):
                given = self._given[id(member)]
                while left and len(given) < AT_A_TIME:
                    task = next(tasks, None)
                    if left := task is not None:
                        given.append(task)
                        member.link.send((task.path, task.rig))
                        member.since = max(member.since, time.monotonic() if len(given) == 1 else 0)
                died = member.process.poll() is not None
                for report in member.link.receive():
                    yield given.pop(0), report
                    member.since = time.monotonic()
                if died:
                    yield from self._replace(index)
            self._enforce()
            select.select([member for member in self._members if member.fileno() >= 0], [], [], LOOK)

    def _replace(self, index: int) -> Iterator[tuple[Task, Mapping[str, Any]]]:
        """Start another process in the place of one that died; it goes on with what comes after what killed the first."""
        dead, new = self._members[index], _start()
        killer, *others = self._given.pop(id(dead))
        dead.link.close()
        self._members[index], self._given[id(new)] = new, others
        for task in others:
            new.link.send((task.path, task.rig))
        sentence = dead.fault or f"the process ended with status {dead.process.returncode}"
        yield killer, {"outcome": dead.fault or "crashed", "sentence": sentence, "digest": "", "seconds": 0.0, "faults": []}

    def _enforce(self) -> None:
        for member in self._members:
            memory = member.memory
            self.largest = max(self.largest, memory)
            if memory > self._limits.memory:
                member.fault = "too much memory"
            elif self._given[id(member)] and time.monotonic() - member.since > self._limits.timeout:
                member.fault = "too long"
            if member.fault:
                member.process.kill()

    def close(self) -> None:
        """Kill them."""
        for member in self._members:
            member.process.kill()
            member.process.wait()
            member.link.close()


def _start() -> WorkerProcess:
    ours, theirs = socket.socketpair()
    path = os.pathsep.join(map(str, (ROOT, ROOT / "daemon")))
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", "-m", "tests.hostile.examiner", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env={**os.environ, "PYTHONPATH": path},
            process_group=0,
        )
    return WorkerProcess(process, Link(ours.detach()), time.monotonic(), time.monotonic())


@contextmanager
def examiners(limits: WorkersConfig) -> Iterator[Examiners]:
    """Have processes that examine recordings, and end them."""
    made = Examiners(limits)
    try:
        yield made
    finally:
        made.close()
