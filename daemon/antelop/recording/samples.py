"""Arrays that may be on disk: what they can do (`Samples`), and how they are read block by block (`blocks`).

`Samples` is anything that can be sliced like an array: a dataset of a file, a NumPy array, or one of the `views`, which compute
their values when they are sliced.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

BLOCK_BYTES = 4 << 20
"""Bytes of an array that are in memory at once while it is checked or copied."""


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

    def bytes_written(self) -> int:
        """Return how many of the declared bytes were written; the others read as fill values, which were never measured."""

    def bytes_in_holes(self) -> int:
        """Return how many of the stored bytes are in holes of the file, and read as zeros."""


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
