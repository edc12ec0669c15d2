"""What has to be so of every text: it is what it should be, or is rejected with all that is wrong with it, at little cost."""

import hashlib
import resource
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from posixpath import normpath
from typing import Literal

from antelop.dropfolder.delivery import companion
from antelop.errors import Rejected
from antelop.formats import manifest, rig
from antelop.formats.document import load
from antelop.outcome import Outcome
from tests.clocks import NOW
from tests.hostile.surfaces import Surfaces

What = Literal["manifest", "rig"]

LONGEST = 10.0
"""Seconds of a processor that one text may take."""

LARGEST = 256 << 20
"""Bytes of memory by which one may raise what all before it took."""


@dataclass
class Tally:
    """What came of texts.

    Attributes
    ----------
    accepted, rejected
        How many were what they should be, and how many were not.
    worst
        Seconds of a processor that one took at most.
    findings
        What should not be, in words.
    """

    accepted: int = 0
    rejected: int = 0
    worst: float = 0.0
    findings: list[str] = field(default_factory=list)

    @property
    def texts(self) -> int:
        """How many there were."""
        return self.accepted + self.rejected

    def add(self, other: "Tally") -> None:
        """Add what came of others."""
        self.accepted += other.accepted
        self.rejected += other.rejected
        self.worst = max(self.worst, other.worst)
        self.findings += other.findings


class Judge:
    """Reads texts as the service does, and sees whether all is as it has to be.

    Parameters
    ----------
    what
        What the texts are to be.
    state
        A folder that is written to.
    kept
        The folder that texts are put into with which something is wrong.
    """

    def __init__(self, what: What, state: Path, kept: Path) -> None:
        self.tally = Tally()
        self._what = what
        self._surfaces = Surfaces(state)
        self._kept = kept

    def judge(self, text: bytes) -> None:
        """Read a text, and tally what comes of it."""
        started, used = time.process_time(), _memory()
        try:
            faults = list(self._faults(text))
        except Exception:  # noqa: BLE001  # a defect is what is looked for
            faults = [traceback.format_exc()]
        seconds = time.process_time() - started
        self.tally.worst = max(self.tally.worst, seconds)
        if seconds > LONGEST:
            faults.append(f"it took {seconds:.1f} s")
        if (more := _memory() - used) > LARGEST:
            faults.append(f"it took {more >> 20} MiB")
        for fault in faults:
            self.blame(text, fault)

    def blame(self, text: bytes, fault: str) -> None:
        """Keep a text, and what is wrong with it."""
        self._kept.mkdir(parents=True, exist_ok=True)
        path = self._kept / f"{hashlib.sha256(text).hexdigest()[:16]}.{self._what}.json"
        path.write_bytes(text)
        self.tally.findings.append(f"{path.name}: {fault}")

    def _faults(self, text: bytes) -> Iterator[str]:
        try:
            read = manifest.read(text) if self._what == "manifest" else rig.parse(load(text))
        except Rejected as rejected:
            self.tally.rejected += 1
            yield from self._surfaces.faults(Outcome.of("rejected", rejected.sentence, NOW, rejected.problems))
            return
        self.tally.accepted += 1
        if isinstance(read, manifest.Manifest):
            nwb = companion("day/x.manifest.json", read.nwb, ())
            if normpath(nwb) != nwb or not nwb.startswith("day/") or "\0" in nwb:
                yield f"it leads to {nwb!r}"
            sentence = f"session {read.session} of {read.animals}: {read.note}"
            yield from self._surfaces.faults(Outcome.of("ingested", sentence, NOW))


def _memory() -> int:
    """Return how much memory this process has had at most, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
