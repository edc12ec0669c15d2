"""Check that data and times are in the units that they are taken for, and that float64 can hold them."""

from collections.abc import Iterator
from math import isfinite

import numpy as np

from antelop.checks.channel import runs
from antelop.checks.check import Finding, check
from antelop.checks.examined import Examined
from antelop.recording.views import Clock
from antelop.wording import quoted

SECONDS = {"", "s", "sec", "secs", "second", "seconds"}
"""How writers spell the unit of times that NWB prescribes; old ones leave it out."""


@check
def conversion_unusable(examined: Examined) -> Iterator[Finding]:
    """Expect conversions other than 0, and finite conversions and offsets, with one conversion for each channel if any."""
    for channel in examined.channels:
        series, factors = channel.series, channel.series.channel_conversion
        # The values of interval data are starts and stops, which have no unit.
        if channel.feature.data_type == "interval":
            continue
        # 0 makes every value the same, and NaN is how old programs write that the factor is not known.
        wrong = [("conversion", series.conversion)] * (series.conversion == 0 or not isfinite(series.conversion))
        wrong += [("offset", series.offset)] * (not isfinite(series.offset))
        wrong += [("channel_conversion", factor) for factor in factors if factor == 0 or not isfinite(factor)][:1]
        for name, value in wrong:
            yield Finding(series.path, f"its {name} is {value:g}", "Write the number that turns stored values into the unit")
        shape = series.data.shape if series.data is not None else ()
        columns = shape[1] if len(shape) > 1 else 1
        if factors and len(factors) != columns:
            what = f"it has {len(factors)} values of channel_conversion, and its data of shape {shape} have {columns}"
            yield Finding(series.path, f"{what} channel{'s' * (columns != 1)}", "Write one for each channel")


@check
def times_unit(examined: Examined) -> Iterator[Finding]:
    """Expect times in seconds, as NWB prescribes: they are stored as seconds."""
    for where, times in examined.timed:
        with examined.noting_damage():
            unit = getattr(times, "unit", "")  # times that are computed have none
            if unit.strip(" .").casefold() not in SECONDS:
                what = f"the unit of its times is {quoted(unit)}, and times are stored in seconds"
                yield Finding(where, what, "Write the times in seconds, or correct their unit")


@check
def times_indistinct(examined: Examined) -> Iterator[Finding]:
    """Expect the samples of a signal to have different times, as float64 holds them."""
    for where, times, order in examined.signals:
        if order.equal.count:
            what = f"{order.equal.count} of {times.shape[0]} times equal the one before, the first at index {order.equal.first}"
            yield Finding(where, what, "Store times as float64, and count them from the start of the session")
    for where, times in examined.timed:
        # Far from 0 the numbers that float64 has are far from each other.
        if isinstance(times, Clock) and runs(times) and times.count > 1:
            step = float(np.spacing(max(abs(times.start), abs(times.start + (times.count - 1) / times.rate))))
            if step > 1 / times.rate:
                what = f"its times are {1 / times.rate:g} s apart, and float64 has only one number in {step:g} s there"
                yield Finding(where, what, "Count times from the start of the session")


@check
def integers_rounded(examined: Examined) -> Iterator[Finding]:
    """Expect integers that are stored as float64, times and scaled data, to be numbers that float64 has."""
    for where, name, samples, rounded in examined.rounded:
        if rounded.count:
            what = f"{rounded.count} of {samples.shape[0]} rows of its {name} have integers beyond 2**53 that float64 rounds"
            yield Finding(where, f"{what}, the first at index {rounded.first}", "Subtract their start before they are written")
