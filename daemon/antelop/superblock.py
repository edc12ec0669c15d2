"""How many bytes an HDF5 file should have, and whether a writer has it open: what its superblock says.

From the HDF5 File Format Specification, version 3.0, section II.A "Format Signature and Superblock". The superblock begins with
an eight-byte signature, at byte 0 of the file or at 512, 1024, 2048 and so on. Numbers are little-endian; O is the size of an
offset.

=======  ============  =======================  ======================  =============================
version  size O        consistency flags        base address            end-of-file address
=======  ============  =======================  ======================  =============================
0        byte 13       4 bytes at 20            O bytes at 24           O bytes at 24 + 2 O
1        byte 13       4 bytes at 20            O bytes at 28           O bytes at 28 + 2 O
2, 3     byte 9        1 byte at 11             O bytes at 12           O bytes at 12 + 2 O
=======  ============  =======================  ======================  =============================
"""

from collections.abc import Callable
from typing import NamedTuple

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_LONGEST = 28 + 3 * 8
_OPEN_FOR_WRITING = 0b101
"""Bit 0: open for writing. Bit 2: open for writing while others read (SWMR). HDF5 2.0 sets bit 0 in every version."""

_LAYOUT = {0: (20, 13, 24), 1: (20, 13, 28), 2: (11, 9, 12), 3: (11, 9, 12)}
"""By version: the byte of the consistency flags, that of the size of an offset, and where the base address begins."""


class Superblock(NamedTuple):
    """How many bytes an HDF5 file should have, and whether it is marked as open by a writer who has not closed it."""

    end: int
    marked: bool


def superblock(read: Callable[[int, int], bytes], size: int) -> Superblock | None:
    """Find and parse a file's superblock.

    Parameters
    ----------
    read
        Returns bytes of the file, given how many and from which byte; fewer at its end.
    size
        The file's size in bytes.

    Returns
    -------
    Superblock or None
        None if there is none. One of a version that the specification does not know is left to the library: the file is as long
        as it is, and not marked.
    """
    offset = 0
    while offset < size:
        head = read(_LONGEST, offset)
        if head.startswith(_SIGNATURE):
            return _parse(head, offset) or Superblock(size, marked=False)
        offset = offset * 2 or 512
    return None


def _parse(head: bytes, offset: int) -> Superblock | None:
    if len(head) < _LONGEST:
        return Superblock(offset + _LONGEST, marked=False)
    if head[8] not in _LAYOUT:
        return None
    flags, offset_size, addresses = _LAYOUT[head[8]]
    width = head[offset_size]
    base = int.from_bytes(head[addresses : addresses + width], "little")
    end = int.from_bytes(head[addresses + 2 * width : addresses + 3 * width], "little")
    # Addresses count from the base address, which is where the superblock was when the file was written. Like the library,
    # allow for bytes put before it, or taken away, since.
    return Superblock(end - base + offset, bool(head[flags] & _OPEN_FOR_WRITING))
