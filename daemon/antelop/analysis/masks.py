"""Mask functions: what an analysis function needs to be one, and which results are valid."""

from collections.abc import Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any

import numpy as np
from numpy.typing import NDArray

from antelop.analysis.functions import AnalysisFunction
from antelop.errors import Problem, Rejected

RETURNS = ("data", "timestamps")

REMEDY = "Return data, timestamps: two one-dimensional arrays of numbers, of one length"

LONGEST = 10_000_000
"""Largest number of starts and stops of a mask: one every millisecond for hours."""


@dataclass(frozen=True)
class MaskResult:
    """The trials that a mask function found.

    Attributes
    ----------
    data
        1 at each start and -1 at each stop, alternating; int8 (n,).
    timestamps
        Times of the starts and stops in seconds, finite and in ascending order; float64 (n,).
    """

    data: NDArray[np.int8]
    timestamps: NDArray[np.float64]


def mask_problems(function: AnalysisFunction) -> list[Problem]:
    """Return the problems that keep a function from being used as a mask."""
    found = []
    if not function.mask:
        found.append(("it is not marked as a mask", "Set mask = True in its class"))
    if function.query != ("World",):
        found.append((f"it queries {', '.join(function.query)}", "Set query = 'World': a mask runs once for each session"))
    if set(function.returns) != set(RETURNS):
        remedy = "Set returns = {'data': np.ndarray, 'timestamps': np.ndarray}"
        found.append((f"it returns {', '.join(function.returns)}", remedy))
    if function.key:
        found.append((f"its `key` keeps it to {dict(function.key)}", "Remove it: a mask runs on every session of its rig"))
    # A mask is computed during an ingest, where no person gives it further arguments.
    try:
        signature(function.run).bind({})
    except TypeError as error:
        found.append((f"it cannot be run with a key alone ({error})", "Give its other arguments defaults"))
    return [Problem("mask_function", function.name, *each) for each in found]


def checked(name: str, values: Mapping[str, Any]) -> MaskResult:
    """Return the result of a mask function, if it is valid.

    Parameters
    ----------
    name
        The function's name.
    values
        ``data`` and ``timestamps``: numbers, shape (n,) both; n is 0 if there are no trials.

    Raises
    ------
    Rejected
        With every problem: a wrong shape or type; data that do not alternate between 1 and -1, from a 1 to a -1; times that are
        not finite or not in ascending order.
    """
    # Only arrays of numbers in one dimension can be compared further.
    arrays = [_array(values[returned]) for returned in RETURNS]
    found = [
        ("mask_shape", f"`{returned}` {what}", REMEDY)
        for returned, array in zip(RETURNS, arrays, strict=True)
        if (what := _misshapen(values[returned], array))
    ]
    if found:
        raise Rejected(Problem(check, name, *rest) for check, *rest in found)
    with np.errstate(over="ignore"):  # a number that is too large becomes infinite, and is reported below
        data, timestamps = arrays[0], arrays[1].astype(np.float64)
    if len(data) != len(timestamps):
        found.append(("mask_shape", f"it returned {len(data)} data and {len(timestamps)} timestamps", REMEDY))
    # Starts and stops must alternate, so that each trial has both.
    turns = np.where(np.arange(len(data)) % 2, -1, 1)
    if (wrong := np.flatnonzero(data != turns)).size:
        i = wrong[0]
        turn = "Return 1 for each start and -1 for each stop, in turn and in the order of their times"
        found.append(("mask_data", f"data[{i}] is {data[i]}, where {turns[i]} belongs", turn))
    elif len(data) % 2:
        found.append(("mask_data", "the last start has no stop", "Leave it out, or let it stop where the recording does"))
    if (wrong := np.flatnonzero(~np.isfinite(timestamps))).size:
        i = wrong[0]
        what = (
            f"{wrong.size} of {len(timestamps)} timestamps are not finite, the first of them timestamps[{i}] = {timestamps[i]}"
        )
        found.append(("mask_times", what, "Leave out what has no time"))
    elif (wrong := np.flatnonzero(np.diff(timestamps) < 0)).size:
        i = wrong[0]
        what = f"timestamps[{i + 1}] = {timestamps[i + 1]} is earlier than timestamps[{i}] = {timestamps[i]}"
        found.append(("mask_times", what, "Sort times and data together, by np.argsort of the times"))
    if found:
        raise Rejected(Problem(check, name, *rest) for check, *rest in found)
    return MaskResult(data.astype(np.int8), timestamps)


def _misshapen(value: Any, array: NDArray[Any]) -> str:  # noqa: ANN401  # whatever the lab returns
    """Return why a value is not a valid one-dimensional array of numbers; an empty text if it is one."""
    if np.ma.isMaskedArray(value):
        return "is a masked array, which hides some of its values"
    if array.size > LONGEST:  # checked before the values are read: an array that repeats one value can have any size
        return f"has {array.size:,} values, more than {LONGEST:,}"
    if array.ndim != 1 or array.dtype.kind not in "iuf":
        return f"is of shape {array.shape} and type {array.dtype}" if array.ndim else f"is a {type(value).__name__}"
    return ""


def _array(value: Any) -> NDArray[Any]:  # noqa: ANN401  # whatever the lab returns
    try:
        return np.asarray(value)
    except ValueError:  # a list that holds lists of unequal lengths
        return np.empty((), object)
