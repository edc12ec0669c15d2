"""Put the rows of a table of intervals in order: one bad row costs this row, and not the recording."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from antelop.recording.samples import Samples
from antelop.recording.tally import Tally

TICK = 1e-4
"""Seconds by which rows may overlap and still be meant to touch: the longest tick of the clocks of behaviour hardware."""


@dataclass(frozen=True)
class IntervalRows:
    """Rows of a table of intervals, in the order of their starts.

    Attributes
    ----------
    start, stop
        (n,) in seconds, float64, of the rows that are stored. No row stops after the next one starts, except in `overlapping`.
    total
        Number of rows in the file.
    lost
        Rows of the file that are left out, because their start or stop is not finite.
    backward
        Rows of the file that are left out, because they stop before they start.
    unsorted
        Rows of the file that start before a row above them, or stop before it if both start together; the rows were sorted.
    touching
        Rows that stop less than a tick after the next one starts; they were made to stop when it starts.
    overlapping
        Rows that stop later than that.
    """

    start: NDArray[np.float64]
    stop: NDArray[np.float64]
    total: int
    lost: Tally
    backward: Tally
    unsorted: Tally
    touching: Tally
    overlapping: Tally

    @property
    def edges(self) -> NDArray[np.float64]:
        """Start and stop of each row in turn, (2 n,) in seconds."""
        return np.column_stack([self.start, self.stop]).ravel()


def in_order(start: Samples, stop: Samples) -> IntervalRows:
    """Return the rows of a table that can be stored.

    Parameters
    ----------
    start, stop
        (n,), in seconds; both are loaded as a whole.
    """
    starts, stops = start[:].astype(np.float64), stop[:].astype(np.float64)
    finite = np.isfinite(starts) & np.isfinite(stops)
    backward = finite & (stops < starts)
    kept = np.flatnonzero(finite & ~backward)
    latest, same = np.maximum.accumulate(starts[kept])[:-1], np.diff(starts[kept]) == 0
    earlier = (starts[kept][1:] < latest) | (same & (np.diff(stops[kept]) < 0))
    unsorted = Tally()
    unsorted.add(kept[1:][earlier])
    if unsorted.count:
        kept = kept[np.lexsort((stops[kept], starts[kept]))]
    starts, stops = starts[kept], stops[kept]
    over = stops[:-1] - starts[1:]
    # Times that were stored as float32 are not as exact as a tick.
    exact = np.spacing(np.abs(starts[1:]).astype(np.result_type(stop.dtype, np.float16)))
    slight = (over > 0) & (over < np.maximum(TICK, 2 * exact.astype(np.float64)))
    stops[:-1] = np.where(slight, starts[1:], stops[:-1])
    return IntervalRows(
        starts,
        stops,
        len(finite),
        Tally.of(~finite),
        Tally.of(backward),
        unsorted,
        Tally.of(slight),
        Tally.of((over > 0) & ~slight),
    )
