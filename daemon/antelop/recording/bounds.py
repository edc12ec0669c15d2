"""Limits on what an HDF5 file may declare.

A few bytes of HDF5 can declare any number of names, texts, samples and chunks. This module limits them by what the file really
holds and by the memory of a process, before that memory is allocated.
"""

from math import prod
from typing import Any

import h5py

from antelop.errors import Rejected
from antelop.recording.source import rejection

LONGEST_PATH = 1000
"""Characters of a path. Longer paths are not followed, so that deep nesting cannot fill the memory."""

MOST_NAMES = 50_000
"""Number of objects that a rig could name. Each takes about 40 KB of memory, most of it inside HDF5."""

MOST_TEXT = 64 << 20
"""Characters of all names and texts of a file together, because any number of references may lead to one text in a heap."""

MOST_TEXTS = 4
"""Number of texts of an attribute. HDF5 reads all of them at once, and none of the attributes that are read is a list."""

MOST_UNWRITTEN = 1 << 30
"""Bytes that a dataset may declare but not hold: reading this many fill values takes little time."""

MOST_CHUNK = 1 << 30
"""Bytes of a chunk, because HDF5 decompresses a chunk as a whole."""

LONGEST_ROW = 8 << 20
"""Values of one sample, because at least one sample is in memory as a whole: 64 MiB as float64."""


MOST_FACTORS = 1_000_000
"""Channels with a conversion of their own in a file, because these factors are read before a rig names their series."""


class OutOfReach(ValueError):
    """An object is missing, invalid, in another file, or too large to read; the message says which."""


class Account:
    """Counts the names, texts and factors that are read of one file.

    Parameters
    ----------
    file
        Name of the file, for messages.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._names = 0
        self._characters = 0
        self._factors = 0

    def name(self, name: bytes) -> None:
        """Count a name; raise `Rejected` if there are too many names, or names and texts are too long together."""
        self._names += 1
        if self._names > MOST_NAMES:
            what = f"{self._file} has more than {MOST_NAMES} objects below acquisition, stimulus, processing and intervals"
            raise rejection("nwb_names", what, "Deliver it in several files, or leave out of it what is no recording")
        self._count(len(name))

    def text(self, text: str) -> str:
        """Count a text and return it; raise `Rejected` if names and texts are too long together."""
        self._count(len(text))
        return text

    def factors(self, name: str, count: int) -> None:
        """Count the factors of a series before they are read; raise `OutOfReach` if the file has too many."""
        self._factors += count
        if self._factors > MOST_FACTORS:
            raise OutOfReach(f"its {name} has {count} values, and a file may have {MOST_FACTORS} such values in all")

    def _count(self, characters: int) -> None:
        self._characters += characters
        if self._characters > MOST_TEXT:
            raise self.excess

    @property
    def excess(self) -> Rejected:
        """The error for a file whose names and texts are too long together."""
        what = f"the names and texts of {self._file} have more than {MOST_TEXT} characters in all"
        return rejection("nwb_texts", what, "Write it again with short texts")


def expect_readable(name: str, dataset: Any) -> None:  # noqa: ANN401  # h5py has no types
    """Raise unless a dataset is small enough to read.

    Parameters
    ----------
    name
        Name of the dataset, for messages.
    dataset
        A dataset of numbers or texts of any shape, except an empty one (`h5py.Empty`).

    Raises
    ------
    OutOfReach
        If a row or a chunk is too large, or the dataset declares far more bytes than the file holds.
    """
    # A single row or chunk cannot be read in parts, so each has its own limit.
    length, row = dataset.shape[0] if dataset.shape else 1, prod(dataset.shape[1:])
    if row > LONGEST_ROW:
        raise OutOfReach(f"each row of its {name} has {row} values")
    if length > MOST_UNWRITTEN and not row:
        raise OutOfReach(f"its {name} declares {length} rows of no values")
    chunk = prod(dataset.chunks or ()) * dataset.dtype.itemsize
    if chunk > MOST_CHUNK:
        raise OutOfReach(f"its {name} is in chunks of {chunk} bytes")
    # Counting chunks takes time, and a dataset this small does no harm even if nothing of it is written.
    declared = length * row * dataset.dtype.itemsize
    if declared <= MOST_UNWRITTEN:
        return
    # Bytes that were never written read as fill values, and so cost time and memory without any data.
    there = written(dataset)
    if declared - there > MOST_UNWRITTEN:
        raise OutOfReach(f"its {name} declares {declared} bytes, and the file holds {there}")
    # A hostile list of chunks may name one place in the file many times.
    stored, size = dataset.id.get_storage_size(), h5py.h5i.get_file_id(dataset.id).get_filesize()
    if stored > size:
        raise OutOfReach(f"its {name} claims {stored} bytes of a file of {size}")


def written(dataset: Any) -> int:  # noqa: ANN401  # as above
    """Return how many of the bytes that a dataset declares were written, counted before compression."""
    declared = prod(dataset.shape) * dataset.dtype.itemsize
    if not declared:
        return 0
    # Compression hides the size of a chunk, so written chunks are counted, not bytes.
    if dataset.chunks:
        chunks = prod(-(-length // size) for length, size in zip(dataset.shape, dataset.chunks, strict=True))
        return int(declared * min(dataset.id.get_num_chunks(), chunks) // chunks)
    # A compact dataset lies in its object header and is always complete; a contiguous one has an offset once it is written.
    if dataset.id.get_create_plist().get_layout() == h5py.h5d.COMPACT:
        return int(declared)
    return 0 if dataset.id.get_offset() is None else int(min(declared, dataset.id.get_storage_size()))
