"""Chunks that are compressed with gzip, decompressed outside HDF5, which would let one thread of a program do so at a time."""

from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import h5py
import numpy as np
from deflate import DeflateError, zlib_decompress
from numpy.typing import NDArray

from antelop.recording.recording import MOST_BYTES

FEWEST_BYTES = 4 << 10
"""Smaller chunks take HDF5 less time than it takes to ask for each."""

_SHUFFLED = {(h5py.h5z.FILTER_DEFLATE,): False, (h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE): True}


@dataclass(frozen=True)
class Gzip:
    """A dataset of numbers in such chunks.

    Attributes
    ----------
    shuffled
        Whether the first bytes of all numbers of a chunk come first, then the second ones, and so on (HDF5's shuffle filter).
    """

    dataset: Any
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    chunks: tuple[int, ...]
    shuffled: bool

    def read(self, part: slice) -> NDArray[Any] | None:
        """Read rows; None where HDF5 has to, because a chunk was never written, or not as the others were, or cannot be got.

        Raises
        ------
        ValueError
            A chunk is damaged, or not as large as it is to be when it is decompressed, or far too large before; reading it
            takes no more memory for that.
        """
        start, stop, step = part.indices(self.shape[0])
        if step != 1:
            return None
        first, last = (start, *(0 for _ in self.shape[1:])), (max(start, stop), *self.shape[1:])
        rows = np.empty((last[0] - start, *self.shape[1:]), self.dtype)
        stored = bytearray(2 * self.dtype.itemsize * prod(self.chunks))
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
        try:
            skipped, compressed = self.dataset.id.read_direct_chunk(corner, out=stored)
        except (OSError, RuntimeError):
            return None
        if skipped:
            return None
        try:
            content = zlib_decompress(compressed, size)
        except DeflateError:
            content = bytearray()
        if len(content) != size:
            raise ValueError(f"the chunk at {corner} cannot be decompressed to its {size} bytes")
        numbers = _unshuffled(content, self.dtype.itemsize) if self.shuffled else content
        return np.frombuffer(numbers, self.dtype).reshape(self.chunks)


def _unshuffled(content: bytearray, size: int) -> NDArray[np.uint8]:
    """Put the bytes of numbers of that size together again."""
    columns = np.frombuffer(content, np.uint8).reshape(size, -1)
    numbers = np.empty(columns.T.shape, np.uint8)
    for place, column in enumerate(columns):  # which takes a sixth of the time of transposing numbers of two bytes
        numbers[:, place] = column
    return numbers


def gzip(dataset: Any) -> Gzip | None:  # noqa: ANN401  # h5py has no types
    """Return how to read a dataset that is compressed so; None if it is not, or HDF5 had better read it."""
    layout, dtype, chunks = dataset.id.get_create_plist(), dataset.dtype, dataset.chunks
    shuffled = _SHUFFLED.get(tuple(layout.get_filter(index)[0] for index in range(layout.get_nfilters())))
    if shuffled is None or dtype.kind not in "iuf" or h5py.h5t.py_create(dtype) != dataset.id.get_type():
        return None
    if not FEWEST_BYTES <= dtype.itemsize * prod(chunks) <= MOST_BYTES:
        return None
    return Gzip(dataset, dataset.shape, dtype, chunks, shuffled)
