"""Read the superblock of an HDF5 file: how many bytes the file should have, and whether a writer has it open.

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
"""By version: position of the consistency flags, of the byte with the size of an offset, and of the base address."""


class Superblock(NamedTuple):
    """What a superblock says of its file.

    Attributes
    ----------
    end
        Number of bytes that the file should have.
    marked
        Whether the file is marked as open by a writer. A writer that crashed leaves the mark.
    """

    end: int
    marked: bool


def superblock(read: Callable[[int, int], bytes], size: int) -> Superblock | None:
    """Find and parse a file's superblock.

    Parameters
    ----------
    read
        Called with a number of bytes and a position in the file, returns these bytes; fewer at the end of the file.
    size
        The file's size in bytes.

    Returns
    -------
    Superblock or None
        None if there is none. If the specification does not know the version, the HDF5 library must decide: `end` is then the
        file's size, and `marked` is False.
    """
    # A file may begin with a user block, so the superblock is at byte 0 or at a power of two from 512 on.
    offset = 0
    while offset < size:
        head = read(_LONGEST, offset)
        if head.startswith(_SIGNATURE):
            return _parse(head, offset) or Superblock(size, marked=False)
        offset = offset * 2 or 512
    return None


def _parse(head: bytes, offset: int) -> Superblock | None:
    """Return what the superblock at an offset says; None if its version is unknown."""
    # The file ends within its superblock, so it is still being copied: report a size that it does not have yet.
    if len(head) < _LONGEST:
        return Superblock(offset + _LONGEST, marked=False)
    if head[8] not in _LAYOUT:
        return None
    # All versions have the same fields, at different positions.
    flags, offset_size, addresses = _LAYOUT[head[8]]
    width = head[offset_size]
    base = int.from_bytes(head[addresses : addresses + width], "little")
    end = int.from_bytes(head[addresses + 2 * width : addresses + 3 * width], "little")
    # Addresses are relative to the base address, the superblock's position when the file was written. Like the HDF5 library,
    # correct for bytes that were later inserted or removed before the superblock.
    return Superblock(end - base + offset, bool(head[flags] & _OPEN_FOR_WRITING))
