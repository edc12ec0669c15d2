"""What has stopped changing."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple


class Stat(NamedTuple):
    """What the filesystem says of a file; when any of it differs, the file has changed."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


class Progress(NamedTuple):
    """How far a file is from having settled; times are monotonic seconds.

    Attributes
    ----------
    settled
        Whether it has.
    seen
        When it was first seen.
    changed
        When it was first seen as it is now.
    rate
        Bytes per second by which it grows, 0.0 if it does not.
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
    """Which files have stopped changing.

    A file has settled when, for `seconds`, every look found the same

    * size: nobody appends to it;
    * mtime and ctime: nobody rewrites it in place. The times are compared with each other and never with a clock: a file moved
      in keeps its old mtime, and another computer's clock may be ahead;
    * inode: it is still the same file, not another that was renamed over it.

    The wait begins with the first look, for files that were there before the program started as well. A file that has gone and
    come back begins anew.

    Parameters
    ----------
    seconds
        How long a file must have been unchanged.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._observed: dict[str, _Observed] = {}

    def observe(self, path: str, stat: Stat, now: float) -> Progress:
        """Take note of what a file looks like.

        Parameters
        ----------
        path
            Names the file.
        stat
            What the filesystem says of it now.
        now
            Monotonic seconds, so that a clock that is set cannot disturb the wait.
        """
        file = self._observed.get(path)
        if file is None:
            file = self._observed[path] = _Observed(stat, now, now, stat.size, now)
        elif stat != file.stat:
            if stat.size < file.stat.size or stat.inode != file.stat.inode:
                file.grown_from, file.grown_since = stat.size, now
            file.stat, file.changed = stat, now
        quiet = now - file.changed
        # A writer pauses between two blocks: what grew is called growing until half of the wait is over.
        grew = stat.size > file.grown_from and quiet < self.seconds / 2
        rate = (stat.size - file.grown_from) / (file.changed - file.grown_since) if grew else 0.0
        return Progress(quiet >= self.seconds, file.seen, file.changed, rate)

    def keep(self, paths: Collection[str]) -> None:
        """Forget every file but these."""
        for path in self._observed.keys() - paths:
            del self._observed[path]
