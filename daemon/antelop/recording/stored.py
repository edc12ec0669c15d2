"""Samples that are stored in an open HDF5 file."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from antelop.recording.bounds import written
from antelop.recording.chunks import Compressed, compressed
from antelop.recording.hdf5 import Hdf5, attribute, dataset, text
from antelop.recording.holes import Holes
from antelop.recording.source import damage_told


@dataclass(frozen=True)
class Stored:
    """Samples in an open file. Slicing reads them, and raises `Rejected` if they are damaged, or ValueError after closing.

    Attributes
    ----------
    dataset
        The dataset of h5py.
    where
        Its path, for messages.
    shape, dtype, chunks
        Shape, dtype and shape of a chunk, of the samples.
    compressed
        What decompresses its chunks outside HDF5; None if HDF5 reads it.
    holes
        Those of the file.
    across
        Whether the dataset is (1, n) and the samples are (n,): then they are in its second dimension.
    """

    dataset: Hdf5
    where: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    chunks: tuple[int, ...] | None
    compressed: Compressed | None
    holes: Holes
    across: bool = False

    @property
    def contiguous(self) -> bool:
        """Whether the samples are stored uncompressed, one after the other."""
        return self.chunks is None

    @property
    def is_text(self) -> bool:
        """Whether the samples are texts."""
        return self.dtype.kind in "OS"

    def bytes_written(self) -> int:
        """See `Written.bytes_written`."""
        with self._reading():
            return written(self.dataset)

    @property
    def unit(self) -> str:
        """The unit that the file gives them, as it is written there; empty if it gives none."""
        # Read when it is asked for: files may have very many series, of which a rig names few.
        with self._reading():
            return text(attribute(self.dataset, "unit"))

    def bytes_in_holes(self) -> int:
        """See `Written.bytes_in_holes`."""
        # Most files have no hole, and looking for chunks in it takes time.
        if not self.holes.starts:
            return 0
        with self._reading():
            if self.chunks is None:
                start = self.dataset.id.get_offset()
                return 0 if start is None else self.holes.within(start, self.dataset.id.get_storage_size())
            found: list[int] = []
            self.dataset.id.chunk_iter(lambda chunk: found.append(self.holes.within(chunk.byte_offset, chunk.size)))
            return sum(found)

    def __getitem__(self, key: slice) -> NDArray[Any]:
        with self._reading():
            rows: NDArray[Any] | None = self.compressed.read(key) if self.compressed else None
            if rows is None:
                rows = self.dataset[0, key] if self.across else self.dataset[key]
        return rows.reshape(len(rows), *self.shape[1:]) if self.shape else rows

    def read_into(self, start: int, rows: NDArray[Any]) -> None:
        """See `Contiguous.read_into`."""
        with self._reading():
            part = np.s_[start : start + len(rows)]
            stored = (1, len(rows)) if self.across else (len(rows), *self.dataset.shape[1:])
            self.dataset.read_direct(rows.reshape(stored), np.s_[0:1, part] if self.across else part)

    def vector(self) -> "Stored":
        """Return samples of shape (n, 1) or (1, n), as MATLAB writes a vector, as (n,); others as they are."""
        if len(self.shape) != 2 or 1 not in self.shape:  # noqa: PLR2004  # rows and columns
            return self
        across = self.shape[1] != 1
        axis = int(across)
        chunks = self.chunks and (self.chunks[axis],)
        return replace(
            self, shape=(self.shape[axis],), chunks=chunks, compressed=None if across else self.compressed, across=across
        )

    @contextmanager
    def _reading(self) -> Iterator[None]:
        if not self.dataset:
            raise ValueError(f"{self.where} was sliced after its file had been closed")
        with damage_told(self.where):
            yield


def samples(group: Hdf5, name: str, where: str, holes: Holes) -> Stored | None:
    """Return a dataset of a group as samples, or None if it does not exist or is declared empty.

    Parameters
    ----------
    group, name
        The group, and the name of the dataset in it.
    where
        The path of the group in rigs, for messages.
    holes
        Those of the file.

    Raises
    ------
    OutOfReach
        If the dataset cannot be read; see `hdf5.dataset`.
    """
    found = dataset(group, name)
    return found and Stored(found, f"{where}/{name}", found.shape, found.dtype, found.chunks, compressed(found), holes)
