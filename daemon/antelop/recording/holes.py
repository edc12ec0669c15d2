"""Holes of a file: ranges that were never written to the disk, and read as zeros."""

import os
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

MOST_HOLES = 100_000
"""Maximum number of holes that are read; each takes some microseconds."""


@dataclass(frozen=True)
class Holes:
    """Ranges of a file, in bytes: the i-th goes from ``starts[i]`` to ``stops[i]``, and they are in order."""

    starts: tuple[int, ...] = ()
    stops: tuple[int, ...] = ()

    def within(self, start: int, size: int) -> int:
        """Return how many of the bytes from `start` on, `size` of them, are in holes."""
        found, stop = 0, start + size
        # The first hole that can reach into the range is the last that begins before it.
        for index in range(max(bisect_right(self.starts, start) - 1, 0), len(self.starts)):
            if self.starts[index] >= stop:
                break
            found += max(0, min(stop, self.stops[index]) - max(start, self.starts[index]))
        return found


def holes_of(descriptor: int) -> Holes:
    """Return the first `MOST_HOLES` holes of an open file; none if its filesystem reports none. Its position becomes 0."""
    try:
        found = list(islice(_ranges(descriptor), MOST_HOLES))
    except OSError:  # a filesystem that does not know of holes
        found = []
    os.lseek(descriptor, 0, os.SEEK_SET)
    return Holes(tuple(start for start, _ in found), tuple(stop for _, stop in found))


def _ranges(descriptor: int) -> Iterator[tuple[int, int]]:
    """Yield start and stop of each hole; see lseek(2)."""
    size, stop = os.fstat(descriptor).st_size, 0
    # The end of a file counts as the start of a hole, so that the loop ends there.
    while (start := os.lseek(descriptor, stop, os.SEEK_HOLE)) < size:
        try:
            stop = os.lseek(descriptor, start, os.SEEK_DATA)
        except OSError:  # no data follow
            stop = size
        yield start, stop
        if stop >= size:
            return
