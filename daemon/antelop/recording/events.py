"""Discrete samples in the order of their times: sorted in memory where they are not, as far as there is room."""

from dataclasses import dataclass
from math import prod

import numpy as np

from antelop.recording.recording import Clock, Samples, blocks

MOST_LOADED = 256 << 20
"""Bytes of samples of a recording that are in memory as a whole: events that are to be sorted, and tables of intervals."""


@dataclass(frozen=True)
class Events:
    """Samples at discrete times, in time order.

    Attributes
    ----------
    data, timestamps
        As in the file where that was in order already, else sorted copies.
    dropped
        How many rows had a time that is no finite number, and were left out.
    backward
        How many times stepped back, so that the rows were sorted.
    """

    data: Samples
    timestamps: Samples
    dropped: int = 0
    backward: int = 0

    @property
    def loaded(self) -> int:
        """How many bytes of them are in memory."""
        return sum(samples.nbytes for samples in (self.data, self.timestamps) if isinstance(samples, np.ndarray))


class TooLarge(Exception):
    """More samples than may be in memory as a whole; `size` is their bytes."""

    def __init__(self, size: int) -> None:
        self.size = size
        super().__init__(size)


def bytes_of(*arrays: Samples) -> int:
    """Return how many bytes samples would take in memory."""
    return sum(prod(samples.shape) * samples.dtype.itemsize for samples in arrays)


def in_time_order(data: Samples, timestamps: Samples, room: int = MOST_LOADED) -> Events:
    """Put discrete samples in time order: rows with a time that is no finite number are dropped, the others sorted (stable).

    Samples that are in order already are returned as they are, unread. Arrays that differ in length are returned as they are:
    saying so is a check's business.

    Parameters
    ----------
    data
        (n,) or (n, channels).
    timestamps
        (n,), in seconds.
    room
        How many bytes samples may have that are to be sorted.

    Raises
    ------
    TooLarge
        If they are to be sorted and have more; none of them is in memory then.
    """
    if isinstance(timestamps, Clock) or data.shape[:1] != timestamps.shape[:1]:
        return Events(data, timestamps)
    dropped = backward = 0
    last = -np.inf
    for block in blocks(timestamps):
        finite = np.isfinite(block)
        dropped += int(len(block) - np.count_nonzero(finite))
        times = np.concatenate([[last], block[finite]])
        backward += int(np.count_nonzero(np.diff(times) < 0))
        last = times[-1]
    if not dropped and not backward:
        return Events(data, timestamps)
    if (size := bytes_of(data, timestamps)) > room:
        raise TooLarge(size)
    times = timestamps[:]
    kept = np.flatnonzero(np.isfinite(times))
    order = kept[np.argsort(times[kept], kind="stable")]
    return Events(data[:][order], times[order], dropped, backward)
