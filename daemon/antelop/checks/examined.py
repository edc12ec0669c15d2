"""What checks examine: a recording, the rig that it should agree with, and what the database knows about both."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import NamedTuple, TypeVar

import numpy as np

from antelop.checks.channel import Channel, are_times
from antelop.checks.facts import Facts
from antelop.checks.scans import Order, Rows, States, Tally, order, rounded, rows, states
from antelop.errors import MOST, Problem, Rejected
from antelop.formats.rig import Camera, Rig
from antelop.recording.events import MOST_LOADED, Events, TooLarge, in_time_order
from antelop.recording.recording import Intervals, Recording, Series
from antelop.recording.samples import Samples

T = TypeVar("T")


class Signal(NamedTuple):
    """The times of a sound analog or kinematics channel."""

    where: str
    times: Samples
    order: Order


class Happening(NamedTuple):
    """A sound digital or interval channel, sorted by time.

    `total` is the number of rows in the file; `states` is None for a digital channel.
    """

    where: str
    total: int
    events: Events
    states: States | None


class Table(NamedTuple):
    """A TimeIntervals table; `rows` is None if the types, shapes or lengths of its columns are wrong."""

    where: str
    start: Samples
    stop: Samples
    rows: Rows | None


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
        By path: bytes of `happenings` that would have to be in memory at once, but are more than the limit.
    """

    recording: Recording
    rig: Rig
    facts: Facts | None
    now: datetime
    damage: list[Problem] = field(default_factory=list)
    crowded: dict[str, int] = field(default_factory=dict, init=False)
    _orders: dict[int, Order] = field(default_factory=dict, init=False)

    @cached_property
    def channels(self) -> tuple[Channel, ...]:
        """The features that the file holds as time series."""
        features = (feature for feature in self.rig.features if feature.source_type != "intervals")
        return tuple(
            Channel(feature, series) for feature in features for series in self._at(self.recording.series, feature.path)
        )

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
                    try:
                        events = in_time_order(*sound, room=MOST_LOADED - sum(each.events.loaded for each in found))
                    except TooLarge as error:
                        self.crowded[channel.series.path] = error.size
                        continue
                    alternation = states(events.data) if channel.feature.data_type == "interval" else None
                    found.append(Happening(channel.series.path, sound[1].shape[0], events, alternation))
        return tuple(found)

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """The features that the file holds as tables of intervals."""
        found = []
        for table in self.intervals:
            sound = are_times(table.start) and are_times(table.stop) and table.start.shape == table.stop.shape
            with self.noting_damage():
                found.append(Table(table.path, table.start, table.stop, rows(table.start, table.stop) if sound else None))
        return tuple(found)

    @property
    def intervals(self) -> Iterator[Intervals]:
        """The tables of intervals that the rig names; their rows are not read."""
        for feature in self.rig.features:
            if feature.source_type == "intervals":
                yield from self._at(self.recording.intervals, feature.path)

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
        for series in [*(channel.series for channel in self.channels), *(view.series for view in self.views)]:
            if series.timestamps is not None:
                yield series.path, series.timestamps
        for table in self.tables:
            yield f"{table.where}/start_time", table.start
            yield f"{table.where}/stop_time", table.stop

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
