"""Read arrays from the store, in the form in which pynwb takes them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pynwb import H5DataIO

from antelop.store import Store
from antelop.store.descriptor import Descriptor

PLAIN_BYTES = 64 << 10
"""Bytes of the largest array that is not compressed: the overhead of its chunks would be larger than the saving."""


def samples(store: Store, descriptor: Descriptor) -> dict[str, Any]:
    """Return ``data`` of a series as keyword arguments; with ``conversion`` and ``offset`` if the store keeps raw samples."""
    if descriptor["kind"] != "scaled":
        return {"data": written(store.get(descriptor))}
    scale = {name: float(descriptor[name]) for name in ("conversion", "offset")}
    return {"data": written(store.get(descriptor["samples"])), **scale}


def clock(store: Store, descriptor: Descriptor) -> dict[str, Any]:
    """Return ``starting_time`` and ``rate`` of a series with a regular clock, otherwise its ``timestamps``."""
    if descriptor["kind"] == "clock":
        return {"starting_time": float(descriptor["start"]), "rate": float(descriptor["rate"])}
    return {"timestamps": written(store.get(descriptor))}


def written(array: NDArray[Any]) -> NDArray[Any] | H5DataIO:
    """Return an array as pynwb should write it: in the byte order of this computer, and compressed if it is large."""
    native = array.astype(array.dtype.newbyteorder("="), copy=False)
    # The fastest level: the others take several times as long, and save a few percent.
    return H5DataIO(native, compression="gzip", compression_opts=1, shuffle=True) if native.nbytes > PLAIN_BYTES else native


def is_unset(column: NDArray[np.float64]) -> bool:
    """Tell whether all values have the bits of the NaN that is stored if a recording has no certainty."""
    return bool(np.all(np.ascontiguousarray(column).view(np.uint64) == np.array(np.nan).view(np.uint64)))
