"""Decompress gzip chunks outside HDF5, because HDF5 lets only one thread of a process decompress at a time."""

from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import h5py
import numpy as np
from deflate import DeflateError, zlib_decompress
from numpy.typing import NDArray

from antelop.recording.samples import MOST_BYTES

FEWEST_BYTES = 4 << 10
"""Bytes of a chunk. HDF5 reads smaller chunks itself, because fetching each one separately would take longer."""

_SHUFFLED = {(h5py.h5z.FILTER_DEFLATE,): False, (h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE): True}


@dataclass(frozen=True)
class Gzip:
    """A dataset of numbers in gzip chunks.

    Attributes
    ----------
    dataset
        The dataset of h5py.
    shape, dtype, chunks
        Its shape, dtype and shape of a chunk.
    shuffled
        Whether HDF5's shuffle filter was applied: the first bytes of all numbers of a chunk, then the second bytes, and so on.
    """

    dataset: Any
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    chunks: tuple[int, ...]
    shuffled: bool

    def read(self, part: slice) -> NDArray[Any] | None:
        """Read rows, or return None if HDF5 has to read them.

        Parameters
        ----------
        part
            Which rows; HDF5 reads those of a step other than 1.

        Returns
        -------
        ndarray or None
            Rows in the shape and dtype of the dataset; None if a chunk is not written, not compressed, or cannot be fetched.

        Raises
        ------
        ValueError
            If a chunk is damaged, or its decompressed size is wrong. Such a chunk takes no more memory than a valid one.
        """
        start, stop, step = part.indices(self.shape[0])
        if step != 1:
            return None
        # One buffer for all chunks: a damaged size of a chunk then cannot make it larger.
        first, last = (start, *(0 for _ in self.shape[1:])), (max(start, stop), *self.shape[1:])
        rows = np.empty((last[0] - start, *self.shape[1:]), self.dtype)
        stored = bytearray(2 * self.dtype.itemsize * prod(self.chunks))
        # Chunks at the edges reach beyond the rows that are asked for: only the overlap is copied.
        axes = list(zip(first, last, self.chunks, strict=True))
        for corner in product(*(range(low // size * size, high, size) for low, high, size in axes)):
            chunk = self._chunk(corner, stored)
            if chunk is None:
                return None
            inside = tuple(slice(max(low - at, 0), high - at) for at, (low, high, _) in zip(corner, axes, strict=True))
            place = tuple(slice(max(at - low, 0), at + size - low) for at, (low, _, size) in zip(corner, axes, strict=True))
            rows[place] = chunk[inside]
        return rows

    def _chunk(self, corner: tuple[int, ...], stored: bytearray) -> NDArray[Any] | None:
        size = self.dtype.itemsize * prod(self.chunks)
        # Whatever cannot be fetched here is left to HDF5, which fills in missing chunks and reports damage.
        try:
            skipped, compressed = self.dataset.id.read_direct_chunk(corner, out=stored)
        except (OSError, RuntimeError):
            return None
        if skipped:
            return None
        # The decompressed size is fixed in advance, so that a small chunk cannot expand to fill the memory.
        try:
            content = zlib_decompress(compressed, size)
        except DeflateError:
            content = bytearray()
        if len(content) != size:
            raise ValueError(f"the chunk at {corner} cannot be decompressed to its {size} bytes")
        numbers = _unshuffled(content, self.dtype.itemsize) if self.shuffled else content
        return np.frombuffer(numbers, self.dtype).reshape(self.chunks)


def _unshuffled(content: bytearray, size: int) -> NDArray[np.uint8]:
    """Undo the shuffle filter: return the bytes of each number of `size` bytes together, as uint8 (n, size)."""
    columns = np.frombuffer(content, np.uint8).reshape(size, -1)
    numbers = np.empty(columns.T.shape, np.uint8)
    for place, column in enumerate(columns):  # six times as fast as a transpose, for numbers of two bytes
        numbers[:, place] = column
    return numbers


def gzip(dataset: Any) -> Gzip | None:  # noqa: ANN401  # h5py has no types
    """Return a reader of a dataset in gzip chunks; None if it is stored otherwise, or HDF5 reads it faster."""
    layout, dtype, chunks = dataset.id.get_create_plist(), dataset.dtype, dataset.chunks
    shuffled = _SHUFFLED.get(tuple(layout.get_filter(index)[0] for index in range(layout.get_nfilters())))
    # Other filters and types that NumPy does not store byte for byte need HDF5's own conversion.
    if shuffled is None or dtype.kind not in "iuf" or h5py.h5t.py_create(dtype) != dataset.id.get_type():
        return None
    # Each chunk is decompressed as a whole, so a chunk larger than a block would take too much memory.
    if not FEWEST_BYTES <= dtype.itemsize * prod(chunks) <= MOST_BYTES:
        return None
    return Gzip(dataset, dataset.shape, dtype, chunks, shuffled)
