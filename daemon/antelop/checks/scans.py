"""Scan arrays one block at a time, in constant memory: count what is wrong, and remember where it is first."""

from dataclasses import dataclass

import numpy as np

from antelop.recording.samples import Samples, blocks
from antelop.recording.tally import Tally
from antelop.recording.views import Clock


@dataclass(frozen=True)
class Order:
    """Whether times (n,) are finite, in order and distinct, as float64.

    Attributes
    ----------
    lost
        Times that are not finite.
    backward
        Times that are earlier than the finite one before them.
    equal
        Times that are the same as the finite one before them.
    """

    lost: Tally
    backward: Tally
    equal: Tally


def order(times: Samples) -> Order:
    """Scan times (n,); a clock is always in order."""
    seen = Order(Tally(), Tally(), Tally())
    if isinstance(times, Clock):
        return seen
    position, last = 0, -np.inf
    for stored in blocks(times):
        block = stored.astype(np.float64, copy=False)  # as it is stored
        # Fast path, taken by nearly every block: it increases and its ends are finite, so all of it is finite.
        if last < block[0] and (block[:-1] < block[1:]).all() and np.isfinite(block[[0, -1]]).all():
            last = block[-1]
        else:
            # Compare each finite time with the finite one before it, across the border between blocks too.
            finite = np.isfinite(block)
            kept = np.flatnonzero(finite)
            run = np.concatenate([[last], block[kept]])
            seen.lost.add(position + np.flatnonzero(~finite))
            seen.backward.add(position + kept[run[1:] < run[:-1]])
            seen.equal.add(position + kept[run[1:] == run[:-1]])
            last = run[-1]
        position += len(block)
    return seen


def rounded(samples: Samples) -> Tally:
    """Scan integers (n,) or (n, channels), and count the rows that have some which float64 does not hold exactly."""
    seen, position = Tally(), 0
    for block in blocks(samples):
        # float64 has 53 bits: it holds an integer exactly if the integer without its trailing zeros has no more.
        size = np.where(block < 0, np.negative(block.astype(np.uint64)), block.astype(np.uint64))
        lowest = np.maximum(size & np.negative(size), 1)
        large = (size // lowest >> np.uint64(53)).reshape(len(block), -1)
        seen.add(position + np.flatnonzero(large.any(axis=1)))
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
    """Scan interval data (n,)."""
    seen = States(Tally(), Tally())
    position, last = 0, np.nan  # NaN equals nothing, so the first value never counts as repeated
    for block in blocks(values):
        # Compare each value with the one before it, across the border between blocks too.
        before = np.concatenate([[last], block[:-1]])
        seen.odd.add(position + np.flatnonzero((block != 1) & (block != -1)))
        seen.repeated.add(position + np.flatnonzero(block == before))
        position, last = position + len(block), block[-1]
    return seen
