"""Mask functions: run under a time limit and with nothing but reading allowed, and what they return checked."""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from inspect import signature
from typing import Any

import numpy as np
from numpy.typing import NDArray

from antelop.analysis.functions import AnalysisFunction
from antelop.analysis.limits import TimeOver, reading_only, sql_code, within
from antelop.analysis.scripts import described
from antelop.errors import Problem, Rejected, Unavailable

RETURNS = ("data", "timestamps")


@dataclass(frozen=True)
class MaskResult:
    """The trials that a mask function found.

    Attributes
    ----------
    data
        1 at each start and -1 at each stop, in turn; int8 (n,).
    timestamps
        When; seconds, float64 (n,), finite and in order.
    """

    data: NDArray[np.int8]
    timestamps: NDArray[np.float64]


def mask_problems(function: AnalysisFunction) -> list[Problem]:
    """Say why a function cannot be used as a mask; none if it can."""
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
    try:
        signature(function.run).bind({})
    except TypeError as error:
        found.append((f"it cannot be run with a key alone ({error})", "Give its other arguments defaults"))
    return [Problem("mask_function", function.name, *each) for each in found]


def compute(function: AnalysisFunction, key: Mapping[str, Any], *, connection: Any, seconds: float) -> MaskResult:  # noqa: ANN401  # DataJoint's
    """Run a mask function on one session, in a transaction or outside one.

    Parameters
    ----------
    function
        The mask function.
    key
        The primary key of the World.
    connection
        The connection of its tables.
    seconds
        How long it may run.

    Returns
    -------
    MaskResult
        Arrays of its own.

    Raises
    ------
    Rejected
        If the function is no mask, raises, takes too long, writes, or returns what is no mask: all that is wrong with it. Where
        the limit cut short a statement on a MySQL-protocol server, the connection is closed then.
    Unavailable
        If the database went away meanwhile.
    """
    if problems := mask_problems(function):
        raise Rejected(problems)
    try:
        with reading_only(connection, function.name, seconds):
            values = within(seconds, partial(function.values, key))
    except (Rejected, Unavailable):
        raise
    except TimeOver:
        remedy = "Make it faster, or raise [workers] mask_timeout"
        raise Rejected([Problem("mask_time", function.name, f"it ran longer than {seconds:g} s", remedy)]) from None
    except (Exception, SystemExit) as error:
        what = f"it raised {described(error, function.scripts)}"
        raise Rejected([Problem("mask_raised", function.name, what, _remedy(function, error))]) from error
    return checked(function.name, values)


def checked(name: str, values: Mapping[str, Any]) -> MaskResult:
    """Check what a mask function returned.

    Parameters
    ----------
    name
        The function's name.
    values
        ``data`` and ``timestamps``: numbers, one-dimensional, of one length (none, where there are no trials).

    Raises
    ------
    Rejected
        With all that is wrong: data other than 1 and -1 in turn, from a 1 to a -1; times that are not finite or not in order.
    """
    remedy = "Return data, timestamps: two one-dimensional arrays of numbers, of one length"
    found = []
    arrays = [_array(values[returned]) for returned in RETURNS]
    for returned, array in zip(RETURNS, arrays, strict=True):
        if array.ndim != 1 or array.dtype.kind not in "iuf":
            kind = f"of shape {array.shape} and type {array.dtype}" if array.ndim else f"a {type(values[returned]).__name__}"
            found.append(("mask_shape", f"`{returned}` is {kind}", remedy))
    if found:
        raise Rejected(Problem(check, name, *rest) for check, *rest in found)
    data, timestamps = arrays[0], arrays[1].astype(np.float64)
    if len(data) != len(timestamps):
        found.append(("mask_shape", f"it returned {len(data)} data and {len(timestamps)} timestamps", remedy))
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


def _array(value: Any) -> NDArray[Any]:  # noqa: ANN401  # whatever the lab returns
    try:
        return np.asarray(value)
    except ValueError:  # lists of unequal lengths in a list
        return np.empty((), object)


UNDEFINED_COLUMN = "42703"  # PostgreSQL's SQLSTATE undefined_column


def _remedy(function: AnalysisFunction, error: BaseException) -> str:
    """Say what the lab would do about an error in its function."""
    trial = f"then try it: antelop masks try {function.name} KEY"
    frames = [frame.f_code.co_name for frame, _ in traceback.walk_tb(error.__traceback__)]
    if frames[-1] == "fetch1":
        return f"Look at the name and the restriction in that line: fetch1 needs exactly one row, and this is not one; {trial}"
    if sql_code(error) == UNDEFINED_COLUMN:
        column = "on PostgreSQL double quotes name a column, and values take single ones"
        return f"Write restrictions as {{'intervalevents_name': 'port'}} or \"intervalevents_name = 'port'\": {column}; {trial}"
    return f"Mend it, {trial}"
