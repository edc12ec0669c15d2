"""Damaged recordings, examined in processes that have a worker's limits, and what came of them."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from antelop.config import WorkersConfig
from antelop.errors import Rejected
from antelop.formats.rig import Rig
from tests.data import RECORDINGS
from tests.hostile.canary import canary, leading_out, secrets
from tests.hostile.damage import damaged
from tests.hostile.examiner import examine_one, rig_of
from tests.hostile.examiners import Task, examiners
from tests.recordings import write_recording

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
