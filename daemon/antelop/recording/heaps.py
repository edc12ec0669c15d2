"""Limit the heaps of an HDF5 file, which hold its texts, so that few bytes of the file cannot become many bytes of memory."""

from collections.abc import Iterator
from contextlib import contextmanager

LARGEST = 1 << 26
"""Bytes of a heap: HDF5 reads all of it at once for a text in it."""


class HeapTooLarge(ValueError):
    """A heap has more bytes than are allowed where it is read."""


class Heaps:
    """The heaps of a file that HDF5 has read.

    Any number of texts may refer to one place in a heap, and each becomes a copy in memory. Texts can be read many at once
    only if every heap in which they may be is small; HDF5's library writes heaps of at most 64 KiB, unless one text is longer.

    Attributes
    ----------
    largest
        Bytes of the largest heap that was read. HDF5 may have kept it, and then does not read it again.
    """

    def __init__(self) -> None:
        self.largest = 0
        self._limit = LARGEST

    def expect(self, position: int, size: int) -> None:
        """Note a heap before HDF5 reads it; raise `HeapTooLarge` if it has more bytes than are allowed now."""
        if size > self._limit:
            raise HeapTooLarge(f"the heap of its texts at byte {position} has {size} bytes")
        self.largest = max(self.largest, size)

    @contextmanager
    def at_most(self, size: int) -> Iterator[None]:
        """Allow only heaps of at most `size` bytes; larger ones may have been read before: see `largest`."""
        self._limit = size
        try:
            yield
        finally:
            self._limit = LARGEST
