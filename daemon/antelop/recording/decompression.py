"""Decompress a chunk outside HDF5, and never beyond the size that it must have."""

from collections.abc import Callable
from functools import cache

import h5py
import numpy as np
from deflate import DeflateError, zlib_decompress
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

Decompress = Callable[[memoryview, Bytes], Bytes]
"""Takes a chunk and a buffer of the size that it must have, and returns its bytes: the buffer, if it was filled.

It raises ValueError if the chunk is of another size or damaged, and RuntimeError if only HDF5 can tell whether it is damaged.
"""

ZSTD, BLOSC = 32015, 32001


@cache
def decompressor(code: int) -> Decompress | None:
    """Return what decompresses the chunks of a filter, by its number; None if HDF5 has to, for want of a program for it."""
    if code == h5py.h5z.FILTER_DEFLATE:
        return _gzip
    if code not in {ZSTD, BLOSC}:
        return None
    # Both decompress without Python's lock. The extra `filters` brings them; they take as long to load as a small file to read.
    try:
        from numcodecs import blosc, zstd  # noqa: PLC0415  # see above
    except ImportError:
        return None
    blosc.use_threads = False  # our threads read a chunk each, and Blosc's own would have to take turns
    size, decompress = (_zstd_size, zstd.decompress) if code == ZSTD else (_blosc_size, blosc.decompress)

    def sized(chunk: memoryview, room: Bytes) -> Bytes:
        # Less than this size would leave a part of the buffer as it was.
        if size(chunk) != len(room):
            raise ValueError
        decompress(chunk, room)
        return room

    return sized


def _gzip(chunk: memoryview, room: Bytes) -> Bytes:
    try:
        content = zlib_decompress(chunk, len(room))
    except DeflateError:
        raise ValueError from None
    if len(content) != len(room):
        raise ValueError
    return np.frombuffer(content, np.uint8)


def _blosc_size(chunk: memoryview) -> int:
    """Return the size that the header of a Blosc chunk states (c-blosc, README_CHUNK_FORMAT.rst); raise ValueError if cut."""
    if len(chunk) < 16 or int.from_bytes(chunk[12:16], "little") != len(chunk):  # noqa: PLR2004  # bytes of the header
        raise ValueError
    return int.from_bytes(chunk[4:8], "little")


def _zstd_size(chunk: memoryview) -> int:
    """Return the size that the header of a Zstandard frame states (RFC 8878, 3.1.1.1); raise ValueError if it states none."""
    if len(chunk) < 5 or bytes(chunk[:4]) != b"\x28\xb5\x2f\xfd":  # noqa: PLR2004  # bytes up to the descriptor
        raise ValueError
    single, dictionary = chunk[4] >> 5 & 1, chunk[4] & 3
    width = (single, 2, 4, 8)[chunk[4] >> 6]
    start = 5 + (not single) + (0, 1, 2, 4)[dictionary]
    # A size of two bytes is counted from 256.
    return int.from_bytes(chunk[start : start + width], "little") + (256 if width == 2 else 0)  # noqa: PLR2004  # see above
