"""Samples that are computed from other samples, or from a formula, when they are sliced."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from antelop.recording.samples import Samples


@dataclass(frozen=True)
class Clock:
    """A regular clock: sample i has the time ``start + i / rate``, with start in seconds and rate in Hz.

    The formula is that of NWB's ``starting_time`` and ``rate`` (NWB 2 schema, TimeSeries). `unit` is that of the starting time,
    as the file gives it.
    """

    start: float
    rate: float
    count: int
    unit: str = "seconds"

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
class ScaledChannels:
    """Samples (n, channels) in their unit: ``samples * conversions + offset``, with a factor for each channel, float64.

    The factors are those of NWB's ``conversion`` and ``channel_conversion`` together (NWB 2 schema, ElectricalSeries).
    """

    samples: Samples
    conversions: tuple[float, ...]
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
        scaled: NDArray[np.float64] = self.samples[key] * np.array(self.conversions) + np.float64(self.offset)
        return scaled


@dataclass(frozen=True)
class Part:
    """One column, (n,), of samples (n, columns)."""

    samples: Samples
    column: int

    @property
    def shape(self) -> tuple[int]:
        """(n,): one value for each row."""
        return (self.samples.shape[0],)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the stored samples."""
        return self.samples.dtype

    @property
    def chunks(self) -> Any:  # noqa: ANN401  # h5py has no type for it
        """How the rows of the stored samples are chunked, if they are."""
        chunks = getattr(self.samples, "chunks", None)
        return chunks and chunks[:1]

    def __getitem__(self, key: slice) -> NDArray[Any]:
        return self.samples[key][:, self.column]


@dataclass(frozen=True)
class Ones:
    """The number 1 for each of `count` events, int8."""

    count: int

    @property
    def shape(self) -> tuple[int]:
        """(count,): one value for each event."""
        return (self.count,)

    @property
    def dtype(self) -> np.dtype[np.int8]:
        """The smallest type that holds 1."""
        return np.dtype(np.int8)

    def __getitem__(self, key: slice) -> NDArray[np.int8]:
        return np.ones(len(range(*key.indices(self.count))), np.int8)


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
class Stretch:
    """Consecutive samples of others, from `start` up to `stop`, with 0 <= start <= stop <= their number."""

    samples: Samples
    start: int
    stop: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the stored samples, but for their number."""
        return (self.stop - self.start, *self.samples.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the stored samples."""
        return self.samples.dtype

    def __getitem__(self, key: slice) -> NDArray[Any]:
        first, last, step = key.indices(self.stop - self.start)
        return self.samples[self.start + first : self.start + max(first, last) : step]


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
