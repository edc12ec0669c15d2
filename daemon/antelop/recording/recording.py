"""What a session's file says: its series and tables, described without loading their samples.

Everything that can be sliced like an array is a `Samples`: an HDF5 dataset, a numpy array, or one of the views below that
compute their values when they are sliced (`Clock`, `Scaled`, `Cast`, `Track`).
"""

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

BLOCK_BYTES = 4 << 20
"""How much of an array is in memory at once while it is looked at or copied."""

SPATIAL = {"SpatialSeries", "PoseEstimationSeries"}
"""NWB types of which every column is a coordinate."""


class Samples(Protocol):
    """An array that may be on disk: it has a shape and a dtype, and slicing it reads that part."""

    @property
    def shape(self) -> tuple[int, ...]:
        """How many samples, by how many channels."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """What one sample is."""

    def __getitem__(self, key: slice, /) -> NDArray[Any]: ...


@runtime_checkable
class Contiguous(Samples, Protocol):
    """Samples that may lie in a file as they are, one after the other."""

    @property
    def contiguous(self) -> bool:
        """Whether they do."""

    def read_into(self, start: int, rows: NDArray[Any]) -> None:
        """Read as many rows as there is room for, from one on; without memory of its own, which would have to be copied."""


@runtime_checkable
class Written(Samples, Protocol):
    """Samples of a file, which may declare more of them than were ever written."""

    @property
    def written(self) -> int:
        """How many of the declared bytes were written: the others read as fill values, which nobody measured."""


MOST_BYTES = 16 * BLOCK_BYTES
"""How much it may be where samples are stored in large chunks, so that each chunk is decompressed only once."""

AHEAD = 2
"""How many blocks are read ahead, each in a thread: one for each core that is not busy with the block before."""


def blocks(samples: Samples) -> Iterator[NDArray[Any]]:
    """Yield the samples in order, some `BLOCK_BYTES` at a time; in whole chunks where that is no more than `MOST_BYTES`.

    What is on disk is read `AHEAD`, unless that would take more than `MOST_BYTES`.
    """
    length = samples.shape[0]
    row_bytes = max(1, samples.dtype.itemsize * int(np.prod(samples.shape[1:], dtype=np.int64)))
    rows = max(1, BLOCK_BYTES // row_bytes)
    chunks = getattr(samples, "chunks", None)
    if chunks:
        rows = min(max(1, rows // chunks[0]) * chunks[0], max(1, MOST_BYTES // row_bytes))
    parts = (slice(start, min(start + rows, length)) for start in range(0, length, rows))
    if isinstance(samples, np.ndarray) or length <= rows or rows * row_bytes * (AHEAD + 2) > MOST_BYTES:
        yield from (samples[part] for part in parts)
        return
    with ThreadPoolExecutor(AHEAD) as readers:
        ahead = deque(readers.submit(samples.__getitem__, part) for part in islice(parts, AHEAD))
        for part in parts:
            ahead.append(readers.submit(samples.__getitem__, part))
            yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


@dataclass(frozen=True)
class Clock:
    """A regular clock: sample i was taken at ``start + i / rate``.

    The formula is that of NWB's ``starting_time`` and ``rate`` (NWB 2 schema, TimeSeries).
    """

    start: float
    rate: float
    count: int

    @property
    def shape(self) -> tuple[int]:
        """One time for each sample."""
        return (self.count,)

    @property
    def dtype(self) -> np.dtype[np.float64]:
        """Seconds, as float64."""
        return np.dtype(np.float64)

    def __getitem__(self, key: slice) -> NDArray[np.float64]:
        return self.start + np.arange(*key.indices(self.count)) / self.rate


@dataclass(frozen=True)
class Scaled:
    """Samples in their unit: ``samples * conversion + offset``, float64 (NWB 2 schema, ``TimeSeries.data``)."""

    samples: Samples
    conversion: float
    offset: float

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the stored samples."""
        return self.samples.shape

    @property
    def dtype(self) -> np.dtype[np.float64]:
        """Scaled samples are float64 whatever the file's dtype."""
        return np.dtype(np.float64)

    @property
    def chunks(self) -> Any:  # noqa: ANN401  # h5py has no type for it
        """How the stored samples are chunked, if they are."""
        return getattr(self.samples, "chunks", None)

    def __getitem__(self, key: slice) -> NDArray[np.float64]:
        return self.samples[key] * np.float64(self.conversion) + np.float64(self.offset)


@dataclass(frozen=True)
class Cast:
    """The same samples in another dtype, which holds their values."""

    samples: Samples
    dtype: np.dtype[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the stored samples."""
        return self.samples.shape

    @property
    def chunks(self) -> Any:  # noqa: ANN401  # h5py has no type for it
        """How the stored samples are chunked, if they are."""
        return getattr(self.samples, "chunks", None)

    def __getitem__(self, key: slice) -> NDArray[Any]:
        return self.samples[key].astype(self.dtype, copy=False)


@dataclass(frozen=True)
class Track:
    """Positions and how certain they are, side by side: float64 (n, 3) x, y, certainty or (n, 4) x, y, z, certainty.

    Attributes
    ----------
    position
        (n, 2) or (n, 3).
    certainty
        (n,), or None where the file has none: the column is NaN then.
    """

    position: Samples
    certainty: Samples | None

    @property
    def shape(self) -> tuple[int, int]:
        """One row a sample, a column for each coordinate, and one for the certainty."""
        return (self.position.shape[0], self.position.shape[1] + 1)

    @property
    def dtype(self) -> np.dtype[np.float64]:
        """Tracks are float64."""
        return np.dtype(np.float64)

    def __getitem__(self, key: slice) -> NDArray[np.float64]:
        position = self.position[key]
        certainty = np.full(len(position), np.nan) if self.certainty is None else self.certainty[key]
        return np.column_stack([position, certainty]).astype(np.float64, copy=False)


@dataclass(frozen=True)
class Video:
    """One file that an ImageSeries names, as found on disk when the recording was read.

    Attributes
    ----------
    name
        The path as the file gives it, relative to the NWB file.
    path
        The same relative to the folder of the NWB file, without ``.`` and ``..``; None if there is no such file.
    inside
        Whether it stays in that folder, links followed (which decides whether it may be read).
    size
        Its size in bytes, 0 if there is none.
    """

    name: str
    path: str | None
    inside: bool
    size: int


@dataclass(frozen=True)
class Series:
    """One time series of the file.

    Attributes
    ----------
    path
        Where a rig finds it: ``acquisition/lick``, ``stimulus/led``, ``processing/behavior/Position/head``.
    neurodata_type
        Its NWB type, such as ``TimeSeries``, ``IntervalSeries``, ``SpatialSeries``, ``PoseEstimationSeries``, ``ImageSeries``.
    data
        The samples as stored, before conversion and offset; None if the series has none (or they are external videos).
    timestamps
        Seconds, float64 in a good file; a `Clock` if the file declares a rate; None if it has neither.
    unit, conversion, offset
        As in the file; ``data * conversion + offset`` is in `unit`.
    confidence
        How certain each position is, for pose estimation.
    videos
        The external files of an ImageSeries, in order.
    """

    path: str
    neurodata_type: str
    data: Samples | None
    timestamps: Samples | None
    unit: str = ""
    conversion: float = 1.0
    offset: float = 0.0
    confidence: Samples | None = None
    videos: tuple[Video, ...] = ()

    @property
    def values(self) -> Samples | None:
        """The samples in their unit: the stored ones where nothing scales them."""
        if self.data is None or (self.conversion == 1.0 and self.offset == 0.0):
            return self.data
        return Scaled(self.data, self.conversion, self.offset)

    @property
    def spatial(self) -> bool:
        """Whether every column is a coordinate, as in SpatialSeries and pose estimation; else the last may be the certainty."""
        return self.neurodata_type in SPATIAL or self.confidence is not None

    def track(self) -> Samples:
        """Return the samples as kinematics: float64 (n, 3) x, y, certainty or (n, 4) x, y, z, certainty.

        Of a series that is not `spatial`, two columns are coordinates, and three or four are the kinematics themselves.

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
    """A TimeIntervals table, such as ``intervals/trials``: start and stop times in seconds, each (n,)."""

    path: str
    start: Samples
    stop: Samples


@dataclass(frozen=True)
class Recording:
    """What one NWB file says.

    Attributes
    ----------
    series, intervals
        By path, as a rig names them.
    others
        NWB type by path of everything else a rig might name by mistake.
    """

    path: Path
    nwb_version: str
    identifier: str
    object_id: str
    session_start_time: datetime
    subject_id: str | None = None
    series: Mapping[str, Series] = field(default_factory=dict)
    intervals: Mapping[str, Intervals] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)
