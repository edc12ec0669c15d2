"""Damaged recordings, examined in processes that have a worker's limits, and what came of them."""

import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import h5py
from watchdog.events import FileOpenedEvent, FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from antelop.config import WorkersConfig
from antelop.crew import Member
from antelop.errors import Rejected
from antelop.inbox.link import Link
from antelop.rig import Rig
from tests.data import RECORDINGS
from tests.hostile.damage import damaged
from tests.hostile.examiner import examine_one, rig_of
from tests.recordings import write_recording

ROOT = Path(__file__).resolve().parents[2]

AT_A_TIME = 8
"""How many recordings a process is given before it has said what came of the first."""

LOOK = 0.2
"""Seconds between two looks at the memory that processes take."""

CLEAR = ("same content", "other content", "rejected", "too much memory", "too long", "crashed")
"""What may become of a recording; the last three kill the worker, and park the delivery when they have done so three times."""

FINDINGS = ("unavailable", "failed", "shown badly", "opened another file")
"""What may not."""


class Source(NamedTuple):
    """A recording that is damaged: its bytes, a rig that names all of it, and a hash of what would be stored of it."""

    name: str
    content: bytes
    rig: Rig
    digest: str


class Task(NamedTuple):
    """A recording that is to be examined, and the hash of what it holds if nothing has happened to that."""

    path: Path
    rig: Rig
    digest: str = ""


@dataclass
class Tally:
    """What came of the recordings.

    Attributes
    ----------
    examined
        How many there were.
    counts
        How many came to what; see `CLEAR` and `FINDINGS`.
    said
        What is to be looked at, in words.
    seconds
        How long all took.
    slowest
        How many seconds the slowest took that came to an end.
    largest
        How many bytes of memory a process took at most.
    """

    examined: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    said: list[str] = field(default_factory=list)
    seconds: float = 0.0
    slowest: float = 0.0
    largest: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether every recording has come to something that it may."""
        return not any(self.counts[name] for name in FINDINGS)

    def as_text(self) -> str:
        """Return the table for people."""
        rows = {"recordings": float(self.examined), **{name: self.counts[name] for name in CLEAR + FINDINGS}}
        rows |= {"seconds": self.seconds, "slowest, seconds": self.slowest, "most memory, MiB": self.largest >> 20}
        return "\n".join(f"{name:<20}  {value:>8.0f}" for name, value in rows.items())

    def as_json(self) -> str:
        """Return the same for programs, and what was said."""
        counts = {name: self.counts[name] for name in CLEAR + FINDINGS}
        facts = {"seconds": self.seconds, "slowest": self.slowest, "largest": self.largest}
        return json.dumps({"examined": self.examined, "counts": counts, **facts, "said": self.said})


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
        sentence = dead.fault or f"crashed by signal {signal.Signals(-dead.process.returncode).name}"
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


def _start() -> Member:
    ours, theirs = socket.socketpair()
    path = os.pathsep.join(map(str, (ROOT, ROOT / "daemon")))
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", "-m", "tests.hostile.examiner", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env={**os.environ, "PYTHONPATH": path},
            process_group=0,
        )
    return Member(process, Link(ours.detach()), time.monotonic(), time.monotonic())


@contextmanager
def examiners(limits: WorkersConfig) -> Iterator[Examiners]:
    """Have processes that examine recordings, and end them."""
    made = Examiners(limits)
    try:
        yield made
    finally:
        made.close()


class Canary(FileSystemEventHandler):
    """Sees which files of a folder are opened.

    Attributes
    ----------
    opened
        Their names, in order.
    """

    def __init__(self) -> None:
        self.opened: list[str] = []
        self._changed = threading.Condition()

    def on_opened(self, event: FileSystemEvent) -> None:
        """Note it (called by watchdog)."""
        with self._changed:
            self.opened.append(Path(str(event.src_path)).name)
            self._changed.notify()

    def hears(self, name: str, seconds: float) -> bool:
        """Return whether a file has been opened, now or within so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: name in self.opened, seconds)


@contextmanager
def canary(folder: Path) -> Iterator[Canary]:
    """Watch a folder."""
    watch, observer = Canary(), Observer()
    observer.schedule(watch, str(folder), event_filter=[FileOpenedEvent])
    observer.start()
    try:
        yield watch
    finally:
        observer.stop()
        observer.join()


def secrets(folder: Path) -> Path:
    """Make a folder with files that no recording may have anybody open, ``secret.h5`` and ``secret.bin``."""
    folder.mkdir()
    with h5py.File(folder / "secret.h5", "w") as file:
        file["data"] = [1.0, 2.0, 3.0]
    (folder / "secret.bin").write_bytes(bytes(64))
    return folder


def leading_out(path: Path, secret: Path) -> Path:
    """Put into a recording what leads to other files: links, virtual datasets, samples and videos."""
    layout = h5py.VirtualLayout((3,), "f8")
    layout[:] = h5py.VirtualSource(secret / "secret.h5", "data", (3,))
    with h5py.File(path, "r+") as file:
        acquisition = file["acquisition"]
        for name in ("virtual", "raw", "linked"):
            file.copy("acquisition/lick", acquisition, name)
            del acquisition[name]["data"]
        acquisition["virtual"].create_virtual_dataset("data", layout)
        acquisition["raw"].create_dataset("data", (3,), "f8", external=[(str(secret / "secret.bin"), 0, 24)])
        acquisition["linked"]["data"] = h5py.ExternalLink(secret / "secret.h5", "data")
        acquisition["whole"] = h5py.ExternalLink(secret / "secret.h5", "/")
        acquisition["through"] = h5py.SoftLink("/acquisition/whole/data")
        del acquisition["camera"]["external_file"]
        acquisition["camera"]["external_file"] = [str(secret / "secret.bin"), f"../{secret.name}/secret.bin"]
    return path


def sources(folder: Path, secret: Path) -> list[Source]:
    """Return the recordings that are damaged: those of other labs that are there, and two that are made."""
    made = write_recording(folder / "made.nwb", cache_spec=False)
    out = leading_out(write_recording(folder / "out.nwb", seed=1, cache_spec=False), secret)
    found = []
    for path in [*sorted(RECORDINGS.rglob("*.nwb")), made, out]:
        try:
            rig = rig_of(path)
        except Rejected:
            continue
        if rig.features:
            found.append(Source(path.name, path.read_bytes(), rig, examine_one(path, rig)[1]))
    return found


def run(files: int, seed: int, limits: WorkersConfig, kept: Path, say: Callable[[str], None]) -> Tally:
    """Examine so many damaged recordings.

    Parameters
    ----------
    files
        How many.
    seed
        Decides all damage: the same number has the same files made.
    limits
        Of the workers, and how many there are.
    kept
        The folder that recordings are put into that killed a process or are a finding.
    say
        Is told of each of these.
    """
    tally, started = Tally(), time.monotonic()
    with TemporaryDirectory() as folder:
        made, secret = Path(folder), secrets(Path(folder) / "secret")
        originals = sources(made, secret)
        with examiners(limits) as bench, canary(secret) as watch:
            for task, report in bench.examine(_tasks(originals, files, seed, made)):
                found = list(_judge(task, report, watch.opened))
                tally.examined += 1
                tally.counts.update(found)
                tally.slowest = max(tally.slowest, report["seconds"])
                if set(found) - {"same content", "other content", "rejected"}:
                    kept.mkdir(parents=True, exist_ok=True)
                    task.path.rename(kept / task.path.name)
                    tally.said.append(
                        f"{task.path.name}: {', '.join(found)}: {' '.join([report['sentence'], *report['faults']])}"
                    )
                    say(tally.said[-1])
                else:
                    task.path.unlink()
            tally.largest = bench.largest
    tally.seconds = time.monotonic() - started
    return tally


def _tasks(originals: Sequence[Source], files: int, seed: int, folder: Path) -> Iterator[Task]:
    for number in range(files):
        choose = random.Random(f"{seed} {number}")  # noqa: S311  # it is to be repeated
        source, other = choose.choice(originals), choose.choice(originals)
        path = folder / f"{seed}-{number}-{source.name}"
        path.write_bytes(damaged(source.content, other.content, choose))
        yield Task(path, source.rig, source.digest)


def _judge(task: Task, report: Mapping[str, Any], opened: Collection[str]) -> Iterator[str]:
    """Yield what a recording came to, by the names of `CLEAR` and `FINDINGS`."""
    if report["outcome"] == "ingested":
        yield "same content" if report["digest"] == task.digest else "other content"
    else:
        yield report["outcome"]
    if report["faults"] and report["outcome"] in CLEAR:
        yield "shown badly"
    if opened:
        yield "opened another file"
