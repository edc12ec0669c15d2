"""The content of an NWB file: its series and tables, described without loading their samples.

`Samples` is anything that can be sliced like an array: an HDF5 dataset, a NumPy array, or one of the views below, which compute
their values when they are sliced (`Clock`, `Scaled`, `Cast`, `Track`).
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
"""Bytes of an array that are in memory at once while it is checked or copied."""

SPATIAL = {"SpatialSeries", "PoseEstimationSeries"}
"""NWB types in which every column is a coordinate."""


class Samples(Protocol):
    """An array that may be on disk: it has a shape and a dtype, and slicing reads only the slice."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(n,) or (n, channels)."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of one value."""

    def __getitem__(self, key: slice, /) -> NDArray[Any]: ...


@runtime_checkable
class Contiguous(Samples, Protocol):
    """Samples that may be stored uncompressed, one after the other."""

    @property
    def contiguous(self) -> bool:
        """Whether they are."""

    def read_into(self, start: int, rows: NDArray[Any]) -> None:
        """Fill `rows` with the rows from `start` on, without a buffer that would be copied."""


@runtime_checkable
class Written(Samples, Protocol):
    """Samples of a file that may declare more of them than it holds."""

    @property
    def written(self) -> int:
        """Number of the declared bytes that were written; the others read as fill values, which were never measured."""


MOST_BYTES = 16 * BLOCK_BYTES
"""Bytes in memory at once if samples are stored in large chunks, so that each chunk is decompressed only once."""

AHEAD = 2
"""Number of blocks that are read ahead, each in its own thread, while the caller works on the block before."""


def blocks(samples: Samples) -> Iterator[NDArray[Any]]:
    """Yield the samples in order, about `BLOCK_BYTES` at a time, or whole chunks if they are at most `MOST_BYTES`.

    Samples on disk are read `AHEAD` blocks ahead, unless that takes more than `MOST_BYTES`.
    """
    length = samples.shape[0]
    row_bytes = max(1, samples.dtype.itemsize * int(np.prod(samples.shape[1:], dtype=np.int64)))
    rows = max(1, BLOCK_BYTES // row_bytes)
    # A block that ends inside a chunk would decompress this chunk twice.
    chunks = getattr(samples, "chunks", None)
    if chunks:
        rows = min(max(1, rows // chunks[0]) * chunks[0], max(1, MOST_BYTES // row_bytes))
    parts = (slice(start, min(start + rows, length)) for start in range(0, length, rows))
    # Threads help only if there is something to wait for, and each block ahead takes memory.
    if isinstance(samples, np.ndarray) or length <= rows or rows * row_bytes * (AHEAD + 2) > MOST_BYTES:
        yield from (samples[part] for part in parts)
        return
    # While the caller works on one block, the next ones are read and decompressed.
    with ThreadPoolExecutor(AHEAD) as readers:
        ahead = deque(readers.submit(samples.__getitem__, part) for part in islice(parts, AHEAD))
        for part in parts:
            ahead.append(readers.submit(samples.__getitem__, part))
            yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


@dataclass(frozen=True)
class Clock:
    """A regular clock: sample i has the time ``start + i / rate``, with start in seconds and rate in Hz.

    The formula is that of NWB's ``starting_time`` and ``rate`` (NWB 2 schema, TimeSeries).
    """

    start: float
    rate: float
    count: int

    @property
    def shape(self) -> tuple[int]:
        """(count,): one time for each sample."""
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
        """Always float64."""
        return np.dtype(np.float64)

    @property
    def chunks(self) -> Any:  # noqa: ANN401  # h5py has no type for it
        """How the stored samples are chunked, if they are."""
        return getattr(self.samples, "chunks", None)

    def __getitem__(self, key: slice) -> NDArray[np.float64]:
        return self.samples[key] * np.float64(self.conversion) + np.float64(self.offset)


@dataclass(frozen=True)
class Cast:
    """The same samples in another dtype that can hold their values."""

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
    """Positions with their certainty: float64 (n, 3) of x, y, certainty, or (n, 4) of x, y, z, certainty.

    Attributes
    ----------
    position
        (n, 2) or (n, 3).
    certainty
        (n,), or None if the file has none; the column is then NaN.
    """

    position: Samples
    certainty: Samples | None

    @property
    def shape(self) -> tuple[int, int]:
        """(n, coordinates + 1): the last column is the certainty."""
        return (self.position.shape[0], self.position.shape[1] + 1)

    @property
    def dtype(self) -> np.dtype[np.float64]:
        """Always float64."""
        return np.dtype(np.float64)

    def __getitem__(self, key: slice) -> NDArray[np.float64]:
        position = self.position[key]
        certainty = np.full(len(position), np.nan) if self.certainty is None else self.certainty[key]
        return np.column_stack([position, certainty]).astype(np.float64, copy=False)


@dataclass(frozen=True)
class Video:
    """A file that an ImageSeries names, as it was on the disk when the recording was read.

    Attributes
    ----------
    name
        The path as the NWB file states it, relative to the NWB file.
    path
        The path relative to the folder of the NWB file, without ``.`` and ``..``; None if the file does not exist.
    inside
        Whether the path, with links followed, stays in that folder. A file outside is never read.
    size
        Size in bytes; 0 if the file does not exist.
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
        The path that a rig states: ``acquisition/lick``, ``stimulus/led``, ``processing/behavior/Position/head``.
    neurodata_type
        Its NWB type, such as ``TimeSeries``, ``IntervalSeries``, ``SpatialSeries``, ``PoseEstimationSeries``, ``ImageSeries``.
    data
        The samples as stored, before conversion and offset; None if the series has none (or they are external videos).
    timestamps
        Seconds, float64 in a good file; a `Clock` if the file declares a rate; None if it has neither.
    unit, conversion, offset
        As in the file; ``data * conversion + offset`` is in `unit`.
    confidence
        Certainty of each position, (n,), for pose estimation.
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
        """The samples in `unit`; the stored samples themselves if conversion is 1 and offset is 0."""
        if self.data is None or (self.conversion == 1.0 and self.offset == 0.0):
            return self.data
        return Scaled(self.data, self.conversion, self.offset)

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
    """A TimeIntervals table such as ``intervals/trials``: start and stop times, each (n,), in seconds."""

    path: str
    start: Samples
    stop: Samples


@dataclass(frozen=True)
class Recording:
    """The content of one NWB file.

    Attributes
    ----------
    series, intervals
        Series and tables by the path that a rig states.
    others
        NWB type by path of all other objects, so that a rig that names one by mistake gets a helpful message.
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
