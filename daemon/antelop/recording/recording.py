"""The content of an NWB file: its series and tables, described without loading their samples."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np

from antelop.recording.columns import Column, Table
from antelop.recording.filters import Uninstalled
from antelop.recording.samples import Samples
from antelop.recording.views import Scaled, ScaledChannels, Stretch, Track

SPATIAL = {"SpatialSeries", "PoseEstimationSeries"}
"""NWB types in which every column is a coordinate."""

LONGEST_SAID = 1000
"""Characters of what is said of an object, whose type may be of any length."""


@dataclass(frozen=True)
class Video:
    """A file that an ImageSeries names, as it was on the disk when the recording was read.

    Attributes
    ----------
    name
        The path as the NWB file states it, relative to the NWB file or absolute.
    path
        The path relative to the drop folder, without ``.`` and ``..``; None if the file does not exist. (Without a drop folder,
        relative to the folder of the NWB file.)
    inside
        Whether the path, with links followed, stays in the folder of the NWB file, or in the drop folder if the configuration
        maps it there. A file outside is never read.
    size
        Size in bytes; 0 if the file does not exist.
    sought
        If the file does not exist: where it was looked for, relative to the drop folder.
    """

    name: str
    path: str | None
    inside: bool
    size: int
    sought: str = field(default="", compare=False)


@dataclass(frozen=True)
class Series:
    """One time series of the file.

    Attributes
    ----------
    path
        The path that a rig states: ``acquisition/lick``, ``stimulus/led``, ``processing/behavior/Position/head``.
    neurodata_type
        Its NWB type, such as ``TimeSeries``, ``IntervalSeries``, ``SpatialSeries``, ``PoseEstimationSeries``, ``ImageSeries``.
    data
        The samples as stored, before conversion and offset; None if the series has none (or they are external videos).
    timestamps
        Seconds, float64 in a good file; a `Clock` if the file declares a rate; None if it has neither.
    unit, conversion, offset
        As in the file; ``data * conversion + offset`` is in `unit`.
    channel_conversion
        Factors by which the channels are multiplied too, one for each channel; empty if the file has none.
    channels
        Number of channels, as the electrodes, ROIs or other rows of a table tell it to which the series refers; else None.
    confidence
        Certainty of each position, (n,), for pose estimation.
    videos
        The external files of an ImageSeries, in order.
    starting_frames
        For each of them the index of its first frame, counted over all of them, as the file states it; see `first_frames`.
    labels
        What the numbers of its data stand for; empty if the file does not tell.
    columns
        Further datasets of the series by name, such as ``area`` of an EllipseSeries.
    """

    path: str
    neurodata_type: str
    data: Samples | None
    timestamps: Samples | None
    unit: str = ""
    conversion: float = 1.0
    offset: float = 0.0
    channel_conversion: tuple[float, ...] = ()
    channels: int | None = None
    confidence: Samples | None = None
    videos: tuple[Video, ...] = ()
    starting_frames: tuple[int, ...] = ()
    labels: Mapping[int, str] = field(default_factory=dict)
    columns: Mapping[str, Column] = field(default_factory=dict)

    @property
    def first_frames(self) -> tuple[int, ...] | None:
        """The index of the first frame of each video file: 0, then always more; None if the file does not tell it so."""
        starts = self.starting_frames or (0,) * (len(self.videos) == 1)
        count = self.timestamps.shape[0] if self.timestamps is not None and self.timestamps.shape else 0
        in_order = all(before < after for before, after in pairwise(starts))
        if len(starts) != len(self.videos) or starts[:1] != (0,) or not in_order or (count and starts[-1] >= count):
            return None
        return starts

    def frame_times(self, number: int) -> Samples | None:
        """Return the times of the frames of one video file, by its index; of all files if the file does not tell which are its.

        None if the series has no times, or what it has are not numbers (n,).
        """
        times, starts = self.timestamps, self.first_frames
        if times is None or len(times.shape) != 1 or not times.shape[0] or times.dtype.kind not in "biuf":
            return None
        if starts is None or len(starts) == 1:
            return times
        return Stretch(times, *(*starts, times.shape[0])[number : number + 2])

    @property
    def values(self) -> Samples | None:
        """The samples in `unit`; the stored samples themselves if no factor or offset changes them."""
        if self.data is None:
            return None
        # Most writers repeat one factor for all channels, and then the samples can be stored as they are in the file.
        factors = tuple(self.conversion * factor for factor in self.channel_conversion) or (self.conversion,)
        if len(set(factors)) > 1:
            return ScaledChannels(self.data, factors, self.offset)
        if factors[0] == 1.0 and self.offset == 0.0:
            return self.data
        return Scaled(self.data, factors[0], self.offset)

    @property
    def spatial(self) -> bool:
        """Whether every column is a coordinate, as in SpatialSeries and pose estimation; else the last may be the certainty."""
        return self.neurodata_type in SPATIAL or self.confidence is not None

    def track(self) -> Samples:
        """Return the samples as kinematics: float64 (n, 3) of x, y, certainty, or (n, 4) of x, y, z, certainty.

        In a series that is not `spatial`, two columns are coordinates; three or four columns already include the certainty.

        Raises
        ------
        ValueError
            If the series has no data.
        """
        values = self.values
        if values is None:
            raise ValueError(f"{self.path} has no data")
        if self.spatial or values.shape[1] == 2:  # noqa: PLR2004  # x and y
            return Track(values, self.confidence)
        return values if values.dtype == np.float64 else Scaled(values, 1.0, 0.0)


@dataclass(frozen=True)
class Intervals:
    """The rows of a table such as ``intervals/trials``: start and stop times, each (n,), in seconds."""

    path: str
    start: Samples
    stop: Samples


Form = Literal["series", "table"]
"""As what an object can be read."""


@dataclass(frozen=True)
class Listed:
    """An object of the file, as it is found without being read.

    Attributes
    ----------
    kind
        Its NWB type; empty if it has none.
    form
        As what it can be read, unless it is damaged or out of reach; None if a rig cannot name it.
    reason
        Why it cannot be read, where that is known.
    """

    kind: str
    form: Form | None = None
    reason: str = ""

    @property
    def said(self) -> str:
        """Type and reason, in at most `LONGEST_SAID` characters."""
        said = f"{self.kind} ({self.reason})" if self.kind and self.reason else self.kind or self.reason
        return said[:LONGEST_SAID]


@dataclass(frozen=True)
class Recording:
    """The content of one NWB file. What its mappings hold is read when it is looked up, and then raises `Rejected` if damaged.

    Attributes
    ----------
    session_start_time, session_start_written
        When the session began, with its time zone if the file has it; and the text that the file has for it.
    series, tables
        Series and tables by the path that a rig states.
    others
        NWB type by path of all other objects, so that a rig that names one by mistake gets a helpful message.
    uninstalled
        By path, what keeps series and tables from being read that are compressed with a filter that is not installed.
    listed
        All objects by path, none of which is read.
    length
        Returns how many samples or rows the object at a path has, None if it does not tell; reads nothing else of it.
    subjects
        ``subject_id`` by path of each group that links to a subject, itself or by its skeleton: the file tells whose series
        are in it.
    """

    path: Path
    nwb_version: str
    identifier: str
    object_id: str
    session_start_time: datetime
    session_start_written: str
    subject_id: str | None = None
    series: Mapping[str, Series] = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)
    uninstalled: Mapping[str, Uninstalled] = field(default_factory=dict)
    listed: Mapping[str, Listed] = field(default_factory=dict)
    length: Callable[[str], int | None] = field(default=lambda _: None, compare=False)
    subjects: Mapping[str, str] = field(default_factory=dict)

    def subject_of(self, path: str) -> str | None:
        """Return the ``subject_id`` of the subject whose series is at a path; None if the file does not tell."""
        while path:
            path = path.rpartition("/")[0]
            if path in self.subjects:
                return self.subjects[path]
        return None
