"""Looks at arrays a block at a time: how often something is wrong in them, and where first. Memory is constant."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from antelop.recording.recording import Clock, Samples, blocks


@dataclass
class Tally:
    """How often something was seen, and at which index first."""

    count: int = 0
    first: int = -1

    def add(self, indices: NDArray[np.intp]) -> None:
        """Count what was seen at some indices, which go on from those of the calls before."""
        if not self.count and len(indices):
            self.first = int(indices[0])
        self.count += len(indices)


@dataclass(frozen=True)
class Order:
    """Whether times (n,) are finite and in order.

    Attributes
    ----------
    lost
        Times that are not finite.
    backward
        Times that are earlier than the finite one before them.
    """

    lost: Tally
    backward: Tally


def order(times: Samples) -> Order:
    """Look at times (n,); a clock is in order by its nature."""
    seen = Order(Tally(), Tally())
    if isinstance(times, Clock):
        return seen
    position, last = 0, -np.inf
    for block in blocks(times):
        # Nearly every block goes up from one finite time to another, which is quickly seen; then all of it is finite.
        if last <= block[0] and (block[:-1] <= block[1:]).all() and np.isfinite(block[[0, -1]]).all():
            last = block[-1]
        else:
            finite = np.isfinite(block)
            kept = np.flatnonzero(finite)
            run = np.concatenate([[last], block[kept]])
            seen.lost.add(position + np.flatnonzero(~finite))
            seen.backward.add(position + kept[np.diff(run) < 0])
            last = run[-1]
        position += len(block)
    return seen


@dataclass(frozen=True)
class States:
    """Whether values (n,) alternate between 1 and -1.

    Attributes
    ----------
    odd
        Values that are neither.
    repeated
        Values that are the same as the one before.
    """

    odd: Tally
    repeated: Tally


def states(values: Samples) -> States:
    """Look at interval data (n,)."""
    seen = States(Tally(), Tally())
    position, last = 0, np.nan
    for block in blocks(values):
        before = np.concatenate([[last], block[:-1]])
        seen.odd.add(position + np.flatnonzero((block != 1) & (block != -1)))
        seen.repeated.add(position + np.flatnonzero(block == before))
        position, last = position + len(block), block[-1]
    return seen


@dataclass(frozen=True)
class Rows:
    """Whether the rows of a table of intervals follow each other in time.

    Attributes
    ----------
    lost
        Rows whose start or stop is not finite.
    backward
        Rows that stop before they start.
    overlapping
        Rows that start before the row before has stopped.
    """

    lost: Tally
    backward: Tally
    overlapping: Tally


def rows(start: Samples, stop: Samples) -> Rows:
    """Look at start and stop times, both (n,)."""
    seen = Rows(Tally(), Tally(), Tally())
    position, last = 0, -np.inf
    for starts in blocks(start):
        stops = stop[position : position + len(starts)]
        before = np.concatenate([[last], stops[:-1]])
        seen.lost.add(position + np.flatnonzero(~(np.isfinite(starts) & np.isfinite(stops))))
        seen.backward.add(position + np.flatnonzero(stops < starts))
        seen.overlapping.add(position + np.flatnonzero(starts < before))
        position, last = position + len(starts), stops[-1]
    return seen
