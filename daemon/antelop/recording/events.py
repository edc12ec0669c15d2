"""Put discrete samples in time order: sort them in memory if they are out of order and small enough."""

from dataclasses import dataclass
from math import prod

import numpy as np

from antelop.recording.samples import Samples, blocks
from antelop.recording.views import Clock

MOST_LOADED = 256 << 20
"""Bytes of a recording's samples that may be in memory as a whole: events to sort, and tables of intervals."""


@dataclass(frozen=True)
class Events:
    """Samples at discrete times, in time order.

    Attributes
    ----------
    data, timestamps
        (n,) or (n, channels), and (n,) in seconds: those of the file if they are in order, else sorted copies.
    dropped
        Number of rows that were left out because their time is NaN or infinite.
    backward
        Number of times that are earlier than the one before; if there are any, the rows were sorted.
    began
        Whether the first start is only the first sample of a state, which may have been on before.
    """

    data: Samples
    timestamps: Samples
    dropped: int = 0
    backward: int = 0
    began: bool = False

    @property
    def loaded(self) -> int:
        """Bytes of the samples that are in memory."""
        return sum(samples.nbytes for samples in (self.data, self.timestamps) if isinstance(samples, np.ndarray))


class TooLarge(Exception):
    """The samples are too large to sort in memory; `size` is their number of bytes."""

    def __init__(self, size: int) -> None:
        self.size = size
        super().__init__(size)


def bytes_of(*arrays: Samples) -> int:
    """Return the bytes that samples would take in memory."""
    return sum(prod(samples.shape) * samples.dtype.itemsize for samples in arrays)


def in_time_order(data: Samples, timestamps: Samples, room: int = MOST_LOADED) -> Events:
    """Put discrete samples in time order: drop rows whose time is NaN or infinite, and sort the others (stable).

    Samples that are already in order are returned unchanged, and their data are not read. Arrays that differ in length are
    returned unchanged too, because a check reports them.

    Parameters
    ----------
    data
        (n,) or (n, channels).
    timestamps
        (n,), in seconds.
    room
        Bytes that samples may have if they need sorting.

    Raises
    ------
    TooLarge
        If they need sorting and have more bytes than `room`; nothing was loaded.
    """
    # A clock is in order by its formula.
    if isinstance(timestamps, Clock) or data.shape[:1] != timestamps.shape[:1]:
        return Events(data, timestamps)
    # The times are read in blocks: most files are in order, and then nothing has to be loaded as a whole.
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
    # Sorting needs all rows in memory, so the size is checked before they are loaded.
    if (size := bytes_of(data, timestamps)) > room:
        raise TooLarge(size)
    times = timestamps[:]
    kept = np.flatnonzero(np.isfinite(times))
    # A stable sort keeps the order of the file for events at the same time.
    order = kept[np.argsort(times[kept], kind="stable")]
    return Events(data[:][order], times[order], dropped, backward)
