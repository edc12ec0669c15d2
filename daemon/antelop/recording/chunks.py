"""Read compressed chunks outside HDF5, because HDF5 lets only one thread of a process decompress at a time."""

from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from antelop.recording.decompression import Bytes, Decompress, decompressor
from antelop.recording.samples import MOST_BYTES

FEWEST_BYTES = 4 << 10
"""Bytes of a chunk. HDF5 reads smaller chunks itself, because fetching each one separately would take longer."""


@dataclass(frozen=True)
class Compressed:
    """A dataset of numbers in compressed chunks.

    Attributes
    ----------
    dataset
        The dataset of h5py.
    shape, dtype, chunks
        Its shape, dtype and shape of a chunk.
    decompress
        What undoes the compression of a chunk.
    shuffled
        Whether HDF5's shuffle filter was applied: the first bytes of all numbers of a chunk, then the second bytes, and so on.
    """

    dataset: Any
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    chunks: tuple[int, ...]
    decompress: Decompress
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
        first, last = (start, *(0 for _ in self.shape[1:])), (max(start, stop), *self.shape[1:])
        rows = np.empty((last[0] - start, *self.shape[1:]), self.dtype)
        # One buffer for all chunks: a damaged size of a chunk then cannot make it larger.
        size = self.dtype.itemsize * prod(self.chunks)
        stored, spare = np.empty(2 * size, np.uint8), np.empty(size, np.uint8)
        axes = list(zip(first, last, self.chunks, strict=True))
        for corner in product(*(range(low // size * size, high, size) for low, high, size in axes)):
            place = tuple(slice(max(at - low, 0), at + size - low) for at, (low, _, size) in zip(corner, axes, strict=True))
            # A chunk that is asked for as a whole is decompressed where it belongs. Of one at the edge, the overlap is copied.
            target = rows[place]
            whole = target.shape == self.chunks and target.flags.c_contiguous
            room = target.reshape(-1).view(np.uint8) if whole else spare
            if not self._fill(room, corner, stored):
                return None
            if not whole:
                inside = tuple(slice(max(low - at, 0), high - at) for at, (low, high, _) in zip(corner, axes, strict=True))
                target[...] = room.view(self.dtype).reshape(self.chunks)[inside]
        return rows

    def _fill(self, room: Bytes, corner: tuple[int, ...], stored: Bytes) -> bool:
        """Fill a buffer with the bytes of a chunk; return False if HDF5 has to read it."""
        # Whatever cannot be fetched here is left to HDF5, which fills in missing chunks and reports damage.
        try:
            skipped, chunk = self.dataset.id.read_direct_chunk(corner, out=stored)
        except (OSError, RuntimeError):
            return False
        if skipped:
            return False
        # The decompressed size is fixed in advance, so that a small chunk cannot expand to fill the memory.
        try:
            content = self.decompress(chunk, np.empty_like(room) if self.shuffled else room)
        except RuntimeError:
            return False
        except ValueError:
            raise ValueError(f"the chunk at {corner} cannot be decompressed to its {len(room)} bytes") from None
        if self.shuffled:
            _unshuffle(content, room.reshape(-1, self.dtype.itemsize))
        elif content is not room:
            room[:] = content
        return True


def _unshuffle(content: Bytes, numbers: NDArray[np.uint8]) -> None:
    """Undo the shuffle filter: put the bytes of each number together, as uint8 (n, bytes of a number)."""
    for place, column in enumerate(content.reshape(numbers.shape[::-1])):
        numbers[:, place] = column  # six times as fast as a transpose, for numbers of two bytes


def compressed(dataset: Any) -> Compressed | None:  # noqa: ANN401  # h5py has no types
    """Return a reader of a dataset in compressed chunks; None if it is stored otherwise, or HDF5 reads it faster or alone."""
    layout, dtype, chunks = dataset.id.get_create_plist(), dataset.dtype, dataset.chunks
    filters = [layout.get_filter(index)[0] for index in range(layout.get_nfilters())]
    shuffled = filters[:1] == [h5py.h5z.FILTER_SHUFFLE]
    # Other filters and types that NumPy does not store byte for byte need HDF5's own conversion.
    if len(filters) != 1 + shuffled or dtype.kind not in "iuf" or h5py.h5t.py_create(dtype) != dataset.id.get_type():
        return None
    # Each chunk is decompressed as a whole, so a chunk larger than a block would take too much memory.
    if not FEWEST_BYTES <= dtype.itemsize * prod(chunks) <= MOST_BYTES:
        return None
    decompress = decompressor(filters[-1])
    return decompress and Compressed(dataset, dataset.shape, dtype, chunks, decompress, shuffled)
