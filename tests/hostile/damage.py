"""Bytes that are damaged at random: flipped, cut, spliced, and numbers of the structure made enormous."""

import random
import re
from collections.abc import Callable

_STRUCTURE = re.compile(rb"\x89HDF|OHDR|OCHK|TREE|SNOD|HEAP|GCOL|FRHP|FHDB|FHIB|BTHD|BTLF|BTIN|FAHD|FADB|EAHD|FSHD")
"""With what parts of HDF5's structure begin (HDF5 File Format Specification, version 3.0, section III)."""

_NEAR = 600
"""Bytes from there in which most of it is."""

_ENORMOUS = (2**8 - 1, 2**16 - 1, 2**31 - 1, 2**32 - 1, 2**32, 2**40, 2**62, 2**63 - 1, 2**64 - 1, 0)

_END = 40
"""Where a superblock of version 0 has the end of the file."""


def damaged(source: bytes, other: bytes, choose: random.Random) -> bytes:
    """Return a file's bytes with some damage; `other` is where bytes of another file come from."""
    content = bytearray(source)
    for _ in range(choose.choice((1, 1, 1, 2, 3))):
        choose.choice(_KINDS)(content, other, choose)
    return bytes(content)


def _place(content: bytearray, choose: random.Random) -> int:
    """Return a byte: mostly one of the structure, which is little of a file."""
    if choose.random() < 0.7:  # mostly
        start = choose.randrange(len(content))
        found = _STRUCTURE.search(content, start) or _STRUCTURE.search(content)
        if found:
            return min(found.start() + choose.randrange(_NEAR), len(content) - 1)
    return choose.randrange(len(content))


def _range(content: bytes | bytearray, choose: random.Random) -> slice:
    start = choose.randrange(len(content))
    return slice(start, min(len(content), start + 2 ** choose.randrange(1, 17)))


def _flip(content: bytearray, _other: bytes, choose: random.Random) -> None:
    for _ in range(choose.choice((1, 1, 2, 8, 64))):
        content[_place(content, choose)] ^= 1 << choose.randrange(8)


def _overwrite(content: bytearray, _other: bytes, choose: random.Random) -> None:
    for _ in range(choose.choice((1, 2, 8))):
        content[_place(content, choose)] = choose.randrange(256)


def _enlarge(content: bytearray, _: bytes, choose: random.Random) -> None:
    width, size = choose.choice((1, 2, 4, 8)), len(content)
    place = _place(content, choose) // width * width
    content[place : place + width] = (choose.choice(_ENORMOUS) % 256**width).to_bytes(width, "little")
    del content[size:]


def _blank(content: bytearray, _: bytes, choose: random.Random) -> None:
    hole = _range(content, choose)
    content[hole] = bytes(hole.stop - hole.start)


def _cut(content: bytearray, _: bytes, choose: random.Random) -> None:
    del content[max(1, choose.randrange(min(64, len(content) - 1), len(content))) :]
    if choose.random() < 0.7 and content[8:9] == b"\0":  # mostly, so that more is read than that it is too short
        content[_END : _END + 8] = len(content).to_bytes(8, "little")


def _splice(content: bytearray, other: bytes, choose: random.Random) -> None:
    """Put a part of another file in the place of a part: of the same length, or in between."""
    part, size = other[_range(other, choose)], len(content)
    place = _place(content, choose)
    content[place : place + len(part) * choose.randrange(2)] = part
    del content[size:]


def _move(content: bytearray, _: bytes, choose: random.Random) -> None:
    part, size = content[_range(content, choose)], len(content)
    place = _place(content, choose)
    content[place : place + len(part)] = part
    del content[size:]


_KINDS: tuple[Callable[[bytearray, bytes, random.Random], None], ...] = (
    _flip,
    _overwrite,
    _enlarge,
    _enlarge,
    _blank,
    _cut,
    _splice,
    _move,
)
