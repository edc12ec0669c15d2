"""Read the objects of an NWB file: its time series, with their clocks and videos, and its tables of intervals."""

from contextlib import suppress
from dataclasses import dataclass, field

import h5py
import numpy as np

from antelop.recording.bounds import Account, OutOfReach
from antelop.recording.columns import StoredColumns, Table
from antelop.recording.hdf5 import Hdf5, attribute, dataset, find, labels, number, text, texts, values
from antelop.recording.heaps import Heaps
from antelop.recording.holes import Holes
from antelop.recording.recording import Series, Video
from antelop.recording.stored import Stored, samples
from antelop.recording.texts import Texts
from antelop.recording.video_paths import VideoPaths
from antelop.recording.views import Clock

_MOST_FRAMES = 100_000_000
"""Frames that videos may declare even if they have fewer bytes than frames: more than a day at 1000 frames a second."""

_REGIONS = ("electrodes", "rois", "source_channels", "fiber_photometry_table_region", "region")
"""Members of a series that refer to one row of a table for each channel (NWB 2 schema and ndx-fiber-photometry)."""


@dataclass(frozen=True)
class ObjectReader:
    """Reads the series and tables of one file; their samples are not read.

    Attributes
    ----------
    video_paths
        Finds its video files.
    account
        Counts the texts that are read.
    holes, heaps
        Those of the file.
    """

    video_paths: VideoPaths
    account: Account
    holes: Holes
    heaps: Heaps
    _shared: dict[Hdf5, Stored | Texts] = field(default_factory=dict, init=False)
    _vectors: dict[Hdf5, Stored | Texts] = field(default_factory=dict, init=False)

    def series(self, path: str, kind: str, group: Hdf5) -> Series:
        """Return the time series of a group; raise `OutOfReach` if a part of it cannot be read.

        Parameters
        ----------
        path
            The path that a rig states.
        kind
            Its NWB type.
        group
            The group that holds its data and times.
        """
        data = self._samples(group, "data", path)
        timestamps, confidence = (self._column(group, name, path) for name in ("timestamps", "confidence"))
        # Data of one row may be one sample of many channels: only the number of times tells.
        if data and (data.shape[1:] == (1,) or (timestamps and data.shape == (1, *timestamps.shape))):
            data = self._vector(data)
        # NWB keeps unit and conversion at the data, with these defaults.
        unit, conversion, offset = (
            attribute(data.dataset, name, default) if data else default
            for name, default in {"unit": "", "conversion": 1.0, "offset": 0.0}.items()
        )
        videos = tuple(self.video_paths.find(name) for name in texts(group, "external_file", self.account))
        return Series(
            path=path,
            neurodata_type=kind,
            data=None if videos else data,
            timestamps=timestamps or self._clock(group, data, videos),
            unit=self.account.text(text(unit)),
            conversion=number(conversion, "conversion"),
            offset=number(offset, "offset"),
            channel_conversion=self._factors(group),
            channels=_channels(group),
            confidence=confidence,
            videos=videos,
            starting_frames=_starting_frames(group) if videos else (),
            labels=labels(data.dataset, self.heaps, self.account) if data else {},
            columns=self._columns(path, group),
        )

    def table(self, path: str, kind: str, group: Hdf5) -> Table:
        """Return the table of a group; its columns are read when they are asked for. Parameters as above."""
        return Table(path, kind, self._columns(path, group))

    def _columns(self, path: str, group: Hdf5) -> StoredColumns:
        return StoredColumns(path, group, lambda name: self._column(group, name, path), self.account)

    def _column(self, group: Hdf5, name: str, path: str) -> Stored | Texts | None:
        return self._vector(self._samples(group, name, path))

    def _clock(self, group: Hdf5, data: Stored | Texts | None, videos: tuple[Video, ...]) -> Clock | None:
        # A series without a rate has explicit timestamps, or none.
        start = dataset(group, "starting_time")
        if start is None or "rate" not in start.attrs:
            return None
        count = data.shape[0] if data and data.shape else 0
        if not count:
            count = sum(map(int, values(group, "num_samples")))  # of external videos, in recent versions of NWB
            if not 0 <= count <= max(_MOST_FRAMES, sum(video.size for video in videos)):  # reading a clock takes memory
                raise OutOfReach(f"its num_samples is {count}")
        first, rate = number(values(group, "starting_time"), "starting_time"), number(attribute(start, "rate"), "rate")
        return Clock(first, rate, count, self.account.text(text(attribute(start, "unit"))))

    def _factors(self, group: Hdf5) -> tuple[float, ...]:
        """Return the conversion of each channel; nothing if the file has none."""
        name = "channel_conversion"
        found = dataset(group, name)
        if found is None:
            return ()
        self.account.factors(name, found.size)
        return tuple(number(factor, name) for factor in values(group, name))

    def _samples(self, group: Hdf5, name: str, path: str) -> Stored | Texts | None:
        """Return a dataset as samples. Series that share a dataset get the same object, so that it is read and stored once."""
        found = samples(group, name, path, self.holes)
        if found is None:
            return None
        known = self._shared.get(found.dataset)
        if known is None:
            known = self._shared[found.dataset] = Texts(found, self.heaps, self.account) if found.is_text else found
        return known

    def _vector(self, found: Stored | Texts | None) -> Stored | Texts | None:
        """Return samples of one column or one row as a vector; series that share a dataset get the same object."""
        vector = found and found.vector()
        # Most samples have the right shape, and to look them up would take time.
        return vector if vector is found else vector and self._vectors.setdefault(vector.dataset, vector)


def _channels(group: Hdf5) -> int | None:
    """Return the number of channels that the rows of a table tell to which a series refers; None if it refers to none."""
    for name in _REGIONS:
        # A reference that cannot be followed says nothing, and its series can be read all the same.
        with suppress(OutOfReach):
            found = find(group, name)
            if isinstance(found, h5py.Dataset) and found.ndim == 1:
                return int(found.shape[0])
    return None


def _starting_frames(group: Hdf5) -> tuple[int, ...]:
    """Return the first frame of each video file; nothing if the file does not say it in whole numbers."""
    with suppress(OutOfReach):
        stated = np.ravel(attribute(dataset(group, "external_file"), "starting_frame", ()))
        # MATLAB writes whole numbers as float64.
        if stated.dtype.kind in "iuf" and np.all(np.isfinite(stated)) and np.all(stated % 1 == 0):
            return tuple(map(int, stated))
    return ()
