"""What a file may declare.

A few bytes of HDF5 can declare any number of names, texts, samples and chunks. All of these are bounded here, by what the file
really holds and by what a process can take, before memory is taken for them.
"""

from math import prod
from typing import Any

import h5py

from antelop.errors import Rejected
from antelop.recording.source import rejection

LONGEST_PATH = 1000
"""Longer paths are not followed, so that nesting cannot fill the memory."""

MOST_NAMES = 50_000
"""Objects that a rig could name: each takes some 40 KB of memory, most of them HDF5's."""

MOST_TEXT = 64 << 20
"""Characters that the names and texts of a file may have together. A heap can give out one text any number of times."""

MOST_TEXTS = 4
"""Texts that an attribute may have, which HDF5 reads all at once: no attribute that is read here is a list."""

MOST_UNWRITTEN = 1 << 30
"""Bytes that a dataset may declare beyond what is written of it: so many fill values are soon read."""

MOST_CHUNK = 1 << 30
"""Bytes that a chunk may have, which HDF5 decompresses as a whole."""

LONGEST_ROW = 8 << 20
"""Values that one sample may have, since at least one is in memory at once: 64 MiB, should they be scaled."""


class OutOfReach(ValueError):
    """Something is not in the file as it should be, or not in a form that can be read; the text says what it is instead."""


class Account:
    """What the names and texts of one file have taken so far.

    Parameters
    ----------
    file
        What the file is called.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._names = 0
        self._characters = 0

    def name(self, name: bytes) -> None:
        """Count a name of the file's; raise `Rejected` if there are too many, or their texts too long."""
        self._names += 1
        if self._names > MOST_NAMES:
            what = f"{self._file} has more than {MOST_NAMES} objects below acquisition, stimulus, processing and intervals"
            raise rejection("nwb_names", what, "Deliver it in several files, or leave out of it what is no recording")
        self._count(len(name))

    def text(self, text: str) -> str:
        """Count a text of the file's, and return it; raise `Rejected` if all are too long."""
        self._count(len(text))
        return text

    def _count(self, characters: int) -> None:
        self._characters += characters
        if self._characters > MOST_TEXT:
            raise self.excess

    @property
    def excess(self) -> Rejected:
        """What is said of a file whose names and texts are too long."""
        what = f"the names and texts of {self._file} have more than {MOST_TEXT} characters in all"
        return rejection("nwb_texts", what, "Write it again with short texts")


def expect_readable(name: str, dataset: Any) -> None:  # noqa: ANN401  # h5py has no types
    """Raise OutOfReach for a dataset that declares what nobody could read.

    Parameters
    ----------
    name
        What it is called.
    dataset
        Of numbers or texts; not a scalar without a shape (`h5py.Empty`).
    """
    length, row = dataset.shape[0] if dataset.shape else 1, prod(dataset.shape[1:])
    if row > LONGEST_ROW:
        raise OutOfReach(f"each row of its {name} has {row} values")
    if length > MOST_UNWRITTEN and not row:
        raise OutOfReach(f"its {name} declares {length} rows of no values")
    chunk = prod(dataset.chunks or ()) * dataset.dtype.itemsize
    if chunk > MOST_CHUNK:
        raise OutOfReach(f"its {name} is in chunks of {chunk} bytes")
    declared = length * row * dataset.dtype.itemsize
    if declared <= MOST_UNWRITTEN:
        return
    there = written(dataset)
    if declared - there > MOST_UNWRITTEN:
        raise OutOfReach(f"its {name} declares {declared} bytes, and the file holds {there}")
    # A hostile list of chunks may name one place in the file many times.
    stored, size = dataset.id.get_storage_size(), h5py.h5i.get_file_id(dataset.id).get_filesize()
    if stored > size:
        raise OutOfReach(f"its {name} claims {stored} bytes of a file of {size}")


def written(dataset: Any) -> int:  # noqa: ANN401  # as above
    """Return how many of the bytes that a dataset declares were ever written, before they were compressed."""
    declared = prod(dataset.shape) * dataset.dtype.itemsize
    if not declared:
        return 0
    if dataset.chunks:
        chunks = prod(-(-length // size) for length, size in zip(dataset.shape, dataset.chunks, strict=True))
        return int(declared * min(dataset.id.get_num_chunks(), chunks) // chunks)
    if dataset.id.get_create_plist().get_layout() == h5py.h5d.COMPACT:
        return int(declared)
    return 0 if dataset.id.get_offset() is None else int(min(declared, dataset.id.get_storage_size()))
