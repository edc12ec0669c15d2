"""Which files have settled, that is, have stopped changing."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple


class Stat(NamedTuple):
    """The status of a file; if any field differs, the file has changed."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


class Progress(NamedTuple):
    """How far a file is from having settled; times are monotonic seconds.

    Attributes
    ----------
    settled
        Whether the file has settled.
    seen
        Time of the first look that found the file.
    changed
        Time of the first look that found the file in its present state.
    rate
        Growth in bytes per second; 0.0 if the file does not grow.
    """

    settled: bool
    seen: float
    changed: float
    rate: float


@dataclass(slots=True)
class _Observed:
    stat: Stat
    seen: float
    changed: float
    grown_from: int
    grown_since: float


class Settling:
    """Determines which files have settled.

    A file has settled when, for `seconds`, every look found the same

    * size: no program appends to the file;
    * mtime and ctime: no program rewrites the file in place. These times are compared with each other and never with a clock,
      because a moved file keeps its old mtime, and the clock of another computer may be ahead;
    * inode: it is still the same file, not another one that was renamed over it.

    The settle time begins with the first look, also for files that are older than the process. It begins again for a file that
    was removed and has returned.

    Parameters
    ----------
    seconds
        The settle time in seconds.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._observed: dict[str, _Observed] = {}

    def observe(self, path: str, stat: Stat, now: float) -> Progress:
        """Record the present status of a file, and return how far it is from having settled.

        Parameters
        ----------
        path
            Path of the file.
        stat
            Its present status.
        now
            Monotonic seconds, so that a change of the system clock has no effect.
        """
        file = self._observed.get(path)
        if file is None:
            file = self._observed[path] = _Observed(stat, now, now, stat.size, now)
        elif stat != file.stat:
            # A file that shrank or was replaced is a new file, and the growth of the old one says nothing about it.
            if stat.size < file.stat.size or stat.inode != file.stat.inode:
                file.grown_from, file.grown_since = stat.size, now
            file.stat, file.changed = stat, now
        quiet = now - file.changed
        # A writer pauses between two blocks: a file counts as growing until half of the settle time is over.
        grew = stat.size > file.grown_from and quiet < self.seconds / 2
        rate = (stat.size - file.grown_from) / (file.changed - file.grown_since) if grew else 0.0
        return Progress(quiet >= self.seconds, file.seen, file.changed, rate)

    def keep(self, paths: Collection[str]) -> None:
        """Forget all files except these."""
        for path in self._observed.keys() - paths:
            del self._observed[path]
