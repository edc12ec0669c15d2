"""Check that times increase, and that interval events alternate."""

from collections.abc import Iterator

from antelop.checks.check import Finding, check
from antelop.checks.examined import Examined
from antelop.checks.features import REMEDY
from antelop.recording.samples import Samples

FAR = 86_400.0
"""Seconds from the start of the session beyond which a time is suspicious: a day."""


@check
def times_not_finite(examined: Examined) -> Iterator[Finding]:
    """Expect every sample of a signal to have a time."""
    for where, times, order in examined.signals:
        if order.lost.count:
            what = f"{order.lost.count} of {times.shape[0]} times are not finite, the first at index {order.lost.first}"
            yield Finding(where, what, REMEDY)


@check
def times_backward(examined: Examined) -> Iterator[Finding]:
    """Expect the times of a signal to be in order; they are never sorted, because wrong order means a defective recording."""
    for where, times, order in examined.signals:
        if order.backward.count:
            first = order.backward.first
            what = (
                f"{order.backward.count} of {times.shape[0]} times step back, the first at index {first} to {at(times, first)}"
            )
            yield Finding(where, what, REMEDY)


@check
def events_without_time(examined: Examined) -> Iterator[Finding]:
    """Expect every event to have a finite time; an event without one is not stored."""
    for where, total, events, *_ in examined.happenings:
        if events.dropped:
            what = f"{events.dropped} of {total} events are left out, because their times are not finite"
            yield Finding(where, what, "Check that the device was connected, and how it writes that nothing happened")


@check
def events_sorted(examined: Examined) -> Iterator[Finding]:
    """Expect events to be in time order; if they are not, they are sorted."""
    for where, total, events, *_ in examined.happenings:
        if events.backward:
            what = f"{events.backward} of {total} times step back, so the events are sorted by time"
            yield Finding(where, what, "Check how the events were written")


@check
def interval_values(examined: Examined) -> Iterator[Finding]:
    """Expect interval data to be above 0 at each start and below 0 at each stop, of one kind, or a state of 0 and 1."""
    for where, total, events, states, _ in examined.happenings:
        if states and states.odd.count:
            first = states.odd.first
            value = events.data[first : first + 1][0]
            what = f"{states.odd.count} of {total} values are neither 1 nor -1, the first is {value}"
            yield Finding(
                where,
                f"{what} at {at(events.timestamps, first)}",
                'Store a value above 0 at each start and below 0 at each stop, or name one kind by "where": {"value": 2}',
            )


@check
def interval_repeated(examined: Examined) -> Iterator[Finding]:
    """Expect starts and stops to alternate."""
    for where, total, events, states, _ in examined.happenings:
        if states and states.repeated.count and not states.odd.count:
            # Values other than 1 and -1 are reported by `interval_values`; whether they alternate has no meaning then.
            first = states.repeated.first
            noun = "start" if events.data[first : first + 1][0] == 1 else "stop"
            what = f"{states.repeated.count} of {total} values repeat the one before, the first is a second {noun}"
            yield Finding(
                where,
                f"{what} at {at(events.timestamps, first)}",
                "Store a stop after every start, or correct the rig's data_type",
            )


@check
def interval_open(examined: Examined) -> Iterator[Finding]:
    """Expect interval data to begin with a start and to end with a stop."""
    for where, _, events, states, _ in examined.happenings:
        last = events.data.shape[0] - 1
        # Read the first and the last value only: `states` has already scanned those between.
        if states and last >= 0:
            if events.began:
                what = f"it is on at its first sample, at {at(events.timestamps, 0)}: it may have been on before"
                yield Finding(where, what, "Leave the first start out in masks that pair starts with stops")
            if events.data[:1][0] == -1:
                what = f"it begins with a stop, at {at(events.timestamps, 0)}: it was on before"
                yield Finding(where, what, "Leave the first stop out in masks that pair starts with stops")
            if events.data[last:][0] == 1:
                what = f"it ends with a start, at {at(events.timestamps, last)}: it stayed on"
                yield Finding(where, what, "Leave the last start out in masks that pair starts with stops")


@check
def times_from_session_start(examined: Examined) -> Iterator[Finding]:
    """Expect times to be within a day of the session's start, from which NWB counts them; a hardware clock counts otherwise."""
    # First and last time are enough: other checks report times that are not in order.
    arrays = [(where, times) for where, times, _ in examined.signals]
    arrays += [(where, events.timestamps) for where, _, events, *_ in examined.happenings]
    arrays += [(table.where, table.rows.start) for table in examined.tables if table.rows]
    for where, times in arrays:
        ends = [float(times[:1][0]), float(times[times.shape[0] - 1 :][0])] if times.shape[0] else []
        if any(abs(time) > FAR for time in ends):
            what = f"its times go from {ends[0]:.3f} s to {ends[1]:.3f} s from the session's start"
            yield Finding(where, what, "Correct session_start_time or the clock before comparing with other sessions")


def at(times: Samples, index: int) -> str:
    """Return a time for a sentence."""
    return f"{float(times[index : index + 1][0]):.3f} s"
