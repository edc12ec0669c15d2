"""The ``.npy`` file of an array, as NumPy documents it in `numpy.lib.format` (version 1.0)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from antelop.recording.samples import Samples


def form(values: Samples) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """Return the dtype and shape of an array that can be kept."""
    dtype, shape = getattr(values, "dtype", None), getattr(values, "shape", None)
    if dtype is None or shape is None:
        raise TypeError(f"a signal is an array, not {type(values).__name__}")
    if dtype.kind not in "biuf":
        raise TypeError(f"a signal is an array of numbers or booleans, not of {dtype}")
    if not shape:
        raise ValueError("a signal is an array, not a single number")
    return np.dtype(dtype.str), tuple(int(length) for length in shape)


def header(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """Return what the file begins with.

    NumPy's own header is padded as the release sees fit; ours is always the same, because it counts in the object's name.
    """
    magic = b"\x93NUMPY\x01\x00"
    said = f"{{'descr': {dtype.str!r}, 'fortran_order': False, 'shape': {shape!r}, }}"
    said += " " * (-(len(magic) + 2 + len(said) + 1) % 64) + "\n"
    return magic + len(said).to_bytes(2, "little") + said.encode("ascii")


def rows(room: memoryview, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Return room for rows of an array as such."""
    return np.frombuffer(room, dtype).reshape(-1, *shape[1:])
