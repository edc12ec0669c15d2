"""Split a session's samples into trials."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

CHECKED_TIMES = 1 << 20
"""Largest number of event times whose order is checked, which takes about a millisecond."""


def split_trials(
    events: tuple[ArrayLike, ArrayLike], mask: tuple[ArrayLike, ArrayLike]
) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Split events into the trials of a mask: trial i holds the samples with ``start_i <= t <= stop_i``, in order.

    Trials are found by binary search and returned as views: nothing is copied, and a memory-mapped array is read only where
    trials are. A sample at the very time where one trial stops and the next starts belongs to both.

    Parameters
    ----------
    events
        ``(data, timestamps)`` as fetched from AnalogEvents, DigitalEvents, IntervalEvents or Kinematics: data (n,) or
        (n, channels), timestamps (n,) in seconds, in time order.
    mask
        ``(data, timestamps)`` as fetched from Mask: data (2 * trials,) alternates 1 (start) and -1 (stop), timestamps
        (2 * trials,) in seconds, in time order.

    Returns
    -------
    list of (data, timestamps)
        One pair for each trial; empty arrays where nothing happened in it.

    Raises
    ------
    ValueError
        If either is not a pair of arrays of equal length, or the mask is not paired, or times are out of order or NaN. The
        order of more than `CHECKED_TIMES` events is not checked: that would take longer than the split itself, and events from
        the database were checked when they were ingested.
    """
    # A binary search gives wrong trials without any error if its input is not sorted, so check the input first.
    data, times = _pair("events", events, dimensions=(1, 2))
    marks, edges = _pair("mask", mask, dimensions=(1,))
    _check_order("mask", edges)
    if len(times) <= CHECKED_TIMES:
        _check_order("events", times)
    _check_paired(marks)
    # "left" and "right" include the samples at exactly the start and the stop. Slices are views, so nothing is copied.
    first = np.searchsorted(times, edges[0::2], side="left")
    after = np.searchsorted(times, edges[1::2], side="right")
    return [(data[start:stop], times[start:stop]) for start, stop in zip(first.tolist(), after.tolist(), strict=True)]


def _pair(name: str, pair: object, dimensions: tuple[int, ...]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return data and timestamps as arrays, after checking that they belong together."""
    if not isinstance(pair, tuple | list):
        found = type(pair).__name__
        raise ValueError(f"{name} must be a pair (data, timestamps), not {found}")  # noqa: TRY004  # one type for all that is wrong
    if len(pair) != 2:  # noqa: PLR2004  # a pair
        raise ValueError(f"{name} must be a pair (data, timestamps), not a {type(pair).__name__} of {len(pair)}")
    # Views of memory-mapped arrays stay views: `asarray` does not copy or read them.
    data, times = (np.asarray(array) for array in pair)
    if data.ndim not in dimensions:
        wanted = " or ".join(f"{number}-D" for number in dimensions)
        raise ValueError(f"{name} data must be {wanted}, but its shape is {data.shape}")
    if times.ndim != 1 or times.dtype.kind not in "iuf":
        raise ValueError(f"{name} timestamps must be 1-D numbers, but they are {times.dtype} of shape {times.shape}")
    if len(data) != len(times):
        raise ValueError(f"{name} data and timestamps must have equal lengths, but they have {len(data)} and {len(times)}")
    return data, times


def _check_order(name: str, times: NDArray[Any]) -> None:
    """Raise `ValueError` for times that decrease, or that are NaN."""
    # Every comparison with NaN is false, so "not in order" also finds NaN, except where it is the only time.
    wrong = np.flatnonzero(~(times[1:] >= times[:-1]))
    if wrong.size:
        at = int(wrong[0])
        raise ValueError(f"{name} timestamps must be in order, but [{at}] is {times[at]} and [{at + 1}] is {times[at + 1]}")
    if np.isnan(times[:1]).any():
        raise ValueError(f"{name} timestamps must be numbers, but [0] is nan")


def _check_paired(marks: NDArray[Any]) -> None:
    """Raise `ValueError` unless the marks alternate between start and stop, and end with a stop."""
    expected = np.tile([1, -1], len(marks) // 2 + 1)[: len(marks)]
    wrong = np.flatnonzero(marks != expected)
    if wrong.size:
        at = int(wrong[0])
        raise ValueError(f"mask data must alternate 1 (start) and -1 (stop), but [{at}] is {marks[at]}, not {expected[at]}")
    if len(marks) % 2:
        raise ValueError(f"mask data must end with -1 (stop), but the start at [{len(marks) - 1}] has none")
