"""What checks examine: a recording, the rig that it should agree with, and what the database knows about both."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import NamedTuple, TypeVar

import numpy as np

from antelop.checks.channel import Channel, are_times
from antelop.checks.facts import Facts
from antelop.checks.scans import Order, States, order, rounded, states
from antelop.errors import MOST, Problem, Rejected
from antelop.formats.rig import Camera, Rig
from antelop.recording.edges import edges
from antelop.recording.events import MOST_LOADED, Events, TooLarge, bytes_of, in_time_order
from antelop.recording.interval_rows import IntervalRows, in_order
from antelop.recording.recording import Intervals, Recording, Series
from antelop.recording.rows import Unfit
from antelop.recording.samples import Samples
from antelop.recording.selection import Selected, select, wanted_values
from antelop.recording.tally import Tally

T = TypeVar("T")


class Signal(NamedTuple):
    """The times of a sound analog or kinematics channel."""

    where: str
    times: Samples
    order: Order


class Happening(NamedTuple):
    """A sound digital or interval channel, sorted by time.

    `total` is the number of rows in the file; `states` is None for a digital channel; `wanted` are the kinds of intervals that
    the rig chooses.
    """

    where: str
    total: int
    events: Events
    states: States | None
    wanted: Sequence[float] = ()


class Table(NamedTuple):
    """A table of intervals; `rows` is None if the types, shapes or lengths of its columns are wrong, or it is too large."""

    where: str
    start: Samples
    stop: Samples
    rows: IntervalRows | None


class View(NamedTuple):
    """A camera of the rig with the ImageSeries that names its video files; `order` is None if there are no valid times."""

    camera: Camera
    series: Series
    order: Order | None


@dataclass(frozen=True)
class Examined:
    """A recording, the rig that it should agree with, what the database knows (None without a database), and the time.

    An array is read when a check first needs its content, and only once.

    Attributes
    ----------
    damage
        Problems with damaged samples, found while arrays were read.
    crowded
        By path: bytes of events or rows that would have to be in memory at once, but are more than the limit.
    unfit
        By path: what objects do not have that the rig's sources name.
    """

    recording: Recording
    rig: Rig
    facts: Facts | None
    now: datetime
    damage: list[Problem] = field(default_factory=list)
    crowded: dict[str, int] = field(default_factory=dict, init=False)
    unfit: dict[str, Unfit] = field(default_factory=dict, init=False)
    _orders: dict[int, Order] = field(default_factory=dict, init=False)

    @cached_property
    def selected(self) -> tuple[Selected, ...]:
        """The features that the file holds, as the rig selects them."""
        found: list[Selected] = []
        for feature in self.rig.features:
            with self.noting_damage():
                # Columns are loaded to select rows: all of them together may use only so much memory.
                try:
                    each = select(self.recording, feature, MOST_LOADED - sum(other.loaded for other in found))
                except Unfit as unfit:
                    self.unfit[feature.path or ""] = unfit
                except TooLarge as error:
                    self.crowded[feature.path or ""] = error.size
                else:
                    found += [each] if each else []
        return tuple(found)

    @cached_property
    def channels(self) -> tuple[Channel, ...]:
        """The features that the file holds as time series."""
        return tuple(Channel(each.feature, each.found) for each in self.selected if isinstance(each.found, Series))

    @cached_property
    def signals(self) -> tuple[Signal, ...]:
        """The times of continuously sampled channels."""
        found = []
        for channel in self.channels:
            if channel.feature.data_type in ("analog", "kinematics") and (sound := channel.sound):
                times = sound[1]
                with self.noting_damage():
                    found.append(Signal(channel.series.path, times, self._order(times)))
        return tuple(found)

    @cached_property
    def happenings(self) -> tuple[Happening, ...]:
        """Events at discrete times, sorted."""
        found: list[Happening] = []
        for channel in self.channels:
            if channel.feature.data_type in ("digital", "interval") and (sound := channel.sound):
                with self.noting_damage():
                    # Unsorted events are loaded to be sorted: all of them together may use only so much memory.
                    room = MOST_LOADED - sum(each.events.loaded for each in found)
                    is_interval = channel.feature.data_type == "interval"
                    try:
                        wanted = wanted_values(channel.feature, channel.series) if is_interval else ()
                        events = edges(*sound, wanted, room) if is_interval else in_time_order(*sound, room)
                    except TooLarge as error:
                        self.crowded[channel.series.path] = error.size
                        continue
                    alternation = states(events.data) if is_interval else None
                    found.append(Happening(channel.series.path, sound[1].shape[0], events, alternation, wanted))
        return tuple(found)

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """The features that the file holds as tables of intervals."""
        found = []
        room = MOST_LOADED
        for table in self.intervals:
            start, stop = table.start, table.stop
            sound = are_times(start) and are_times(stop) and start.shape == stop.shape
            # A table is loaded as a whole, because its rows become events, and may have to be sorted.
            room -= bytes_of(start, stop)
            if room < 0:
                self.crowded[table.path] = bytes_of(start, stop)
            with self.noting_damage():
                found.append(Table(table.path, start, stop, in_order(start, stop) if sound and room >= 0 else None))
        return tuple(found)

    @property
    def intervals(self) -> Iterator[Intervals]:
        """The tables of intervals that the rig names; their rows are not read."""
        return (each.found for each in self.selected if isinstance(each.found, Intervals))

    @cached_property
    def views(self) -> tuple[View, ...]:
        """The cameras for which the file names videos."""
        found = []
        for camera in self.rig.videos:
            for series in self._at(self.recording.series, camera.path):
                if series.videos:
                    # Frame times are optional, and damaged ones must not hide the other problems of the camera.
                    times, seen = series.timestamps, None
                    with self.noting_damage():
                        seen = self._order(times) if times is not None and are_times(times) else None
                    found.append(View(camera, series, seen))
        return tuple(found)

    @property
    def rounded(self) -> Iterator[tuple[str, str, Samples, Tally]]:
        """Path, name and samples of integers that become float64, with those that change by it."""
        for channel in self.channels:
            # Without a factor, data are stored in their own type; so are intervals, whose values are 1 and -1.
            data = channel.series.data if channel.feature.data_type != "interval" and channel.sound else None
            if data is not None and (channel.feature.data_type == "kinematics" or channel.samples is not data):
                yield from self._rounded(channel.series.path, "data", data)
        for where, times in self.timed:
            if are_times(times):
                yield from self._rounded(where, "times", times)

    def _rounded(self, where: str, name: str, samples: Samples) -> Iterator[tuple[str, str, Samples, Tally]]:
        # Smaller integers all have a float64, and need not be read.
        if samples.dtype.kind in "iu" and samples.dtype.itemsize == np.dtype(np.int64).itemsize:
            with self.noting_damage():
                yield where, name, samples, rounded(samples)

    @property
    def timed(self) -> Iterator[tuple[str, Samples]]:
        """Path and samples of everything that should be times, whether or not they are sound."""
        for each in self.selected:
            for name in each.times:
                if name in each.files:
                    where = each.found.path if isinstance(each.found, Series) else f"{each.found.path}/{name}"
                    yield where, each.files[name]
        for view in self.views:
            if view.series.timestamps is not None:
                yield view.series.path, view.series.timestamps

    def _at(self, objects: Mapping[str, T], path: str | None) -> Iterator[T]:
        """Yield the object at a path, if there is one and it is not damaged."""
        with self.noting_damage():
            if path is not None and path in objects:
                yield objects[path]

    def _order(self, times: Samples) -> Order:
        """Return the order of times; times that several series share are read once."""
        if id(times) not in self._orders:
            self._orders[id(times)] = order(times)
        return self._orders[id(times)]

    @contextmanager
    def noting_damage(self) -> Iterator[None]:
        """Record damaged samples as problems instead of raising, so that the checks go on with the other arrays."""
        try:
            yield
        except Rejected as rejected:
            # Several checks may read the same damaged array; report it once, and no more than a report holds.
            new = (problem for problem in rejected.problems if problem not in self.damage)
            self.damage.extend(islice(new, MOST + 1 - len(self.damage)))
