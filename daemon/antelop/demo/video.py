"""Writes videos that every player can play: uncompressed greyscale AVI."""

import struct

import numpy as np
from numpy.typing import NDArray


def avi(frames: NDArray[np.uint8], rate: int) -> bytes:
    """Return the contents of an AVI file (Microsoft, "AVI RIFF File Reference").

    Parameters
    ----------
    frames
        Shape (frames, height, width), from 0 (black) to 255 (white); the width is a multiple of 4.
    rate
        The frame rate in Hz.
    """
    count, height, width = frames.shape
    size = height * width
    # A palette of 256 greys makes one byte per pixel enough.
    grey = bytes(level for shade in range(256) for level in (shade, shade, shade, 0))
    bitmap = struct.pack("<IiiHH4s5I", 40, width, height, 1, 8, bytes(4), size, 0, 0, 256, 0) + grey
    stream = struct.pack("<4s4sIHHIIIIIIII4h", b"vids", b"DIB ", 0, 0, 0, 0, 1, rate, 0, count, size, 0, 0, 0, 0, width, height)
    header = struct.pack("<14I", 1_000_000 // rate, rate * size, 0, _HAS_INDEX, count, 0, 1, size, width, height, *[0] * 4)
    # The lines of a bitmap go from the bottom upwards.
    pictures = [_chunk(b"00db", frame[::-1].tobytes()) for frame in frames]
    # The index lets players seek. Its offsets begin at the list `movi`, and each chunk has a header of 8 bytes.
    places = np.arange(count) * (size + 8) + 4
    index = b"".join(struct.pack("<4sIII", b"00db", _KEY_FRAME, place, size) for place in places)
    streams = _list(b"strl", _chunk(b"strh", stream), _chunk(b"strf", bitmap))
    body = [_list(b"hdrl", _chunk(b"avih", header), streams), _list(b"movi", *pictures), _chunk(b"idx1", index)]
    return _chunk(b"RIFF", b"".join([b"AVI ", *body]))


_HAS_INDEX = _KEY_FRAME = 0x10


def _chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content


def _list(kind: bytes, *chunks: bytes) -> bytes:
    return _chunk(b"LIST", b"".join([kind, *chunks]))
