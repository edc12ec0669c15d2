"""Turn the data of a series into the starts and stops of intervals, 1 and -1."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from antelop.recording.events import Events, TooLarge, in_time_order
from antelop.recording.samples import Samples, blocks

_MOST_KINDS = 100
"""Different values after which a series cannot be one of intervals."""


def edges(data: Samples, timestamps: Samples, wanted: Sequence[float], room: int) -> Events:
    """Return starts and stops in time order, or the data as they are if these cannot be told.

    NWB's IntervalSeries has values above 0 at starts and below 0 at stops, which may be of several kinds, each with a number
    of its own (NWB 2 schema, IntervalSeries). Other data, without values below 0, are a state: it starts where it becomes 1,
    or one of `wanted`, and stops where it ceases to be.

    Parameters
    ----------
    data, timestamps
        (n,), and (n,) in seconds.
    wanted
        The kinds, or the values of a state, that are taken; all if there are none, and then there may be one kind only.
    room
        Bytes that samples may have if they have to be loaded.

    Returns
    -------
    Events
        The data are int8 of 1 and -1, unless they were already, or are of several kinds: then they are those of the file.

    Raises
    ------
    TooLarge
        If samples have to be loaded and have more bytes than `room`.
    """
    events = in_time_order(data, timestamps, room)
    found = _values(events.data)
    # What is right already stays in the file, whatever its size.
    if found is None or (found <= {1.0, -1.0} and not wanted):
        return events
    signed = min(found, default=0.0) < 0
    # Without a choice, there has to be one kind, or one state that is not 0.
    kinds = {abs(value) for value in found} if signed else found - {0.0}
    if not wanted and (len(kinds) > 1 or 0.0 in kinds):
        return events
    chosen = np.array(list(wanted) or list(kinds), np.float64)
    return _signs(events, chosen, room) if signed else _changes(events, chosen, room)


def _values(data: Samples) -> set[float] | None:
    """Return the different values of data; None if they are too many, or some are not finite."""
    found: set[float] = set()
    for block in blocks(data):
        found.update(np.unique(block).astype(np.float64).tolist())
        if len(found) > _MOST_KINDS or not np.isfinite(list(found)).all():
            return None
    return found


def _signs(events: Events, kinds: NDArray[np.float64], room: int) -> Events:
    """Return the starts and stops of some kinds."""
    size = events.data.shape[0] * (np.dtype(np.float64).itemsize + 1)
    if size > room:
        raise TooLarge(size)
    values = events.data[:]
    kept = np.flatnonzero(np.isin(np.abs(values.astype(np.float64)), np.abs(kinds)))
    return replace(events, data=np.sign(values[kept]).astype(np.int8), timestamps=events.timestamps[:][kept])


def _changes(events: Events, states: NDArray[np.float64], room: int) -> Events:
    """Return where data become one of some states, and where they cease to be."""
    values: list[NDArray[np.int8]] = []
    times: list[NDArray[np.float64]] = []
    position, before, size = 0, False, 0
    for block in blocks(events.data):
        on = np.isin(block, states)
        at = np.flatnonzero(on != np.concatenate([[before], on[:-1]]))
        values.append(np.where(on[at], 1, -1).astype(np.int8))
        times.append(events.timestamps[position : position + len(block)][at])
        size += values[-1].nbytes + times[-1].nbytes
        if size > room:
            raise TooLarge(size)
        position, before = position + len(block), bool(on[-1])
    began = bool(np.isin(events.data[:1], states).any())
    return replace(
        events,
        data=np.concatenate([np.empty(0, np.int8), *values]),
        timestamps=np.concatenate([np.empty(0), *times]),
        began=began,
    )
