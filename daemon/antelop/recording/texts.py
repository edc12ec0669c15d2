"""Columns of texts, such as categories and annotations: each text becomes a number, and the number keeps it as its label."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from antelop.errors import Rejected
from antelop.recording.bounds import MOST_TEXT, Account
from antelop.recording.hdf5 import Hdf5, text
from antelop.recording.heaps import Heaps, HeapTooLarge
from antelop.recording.stored import Stored

MOST_LABELS = 10_000
"""Different texts of a column: they are kept in one value of the database."""

LONGEST_LABELS = 1 << 20
"""Characters that these may have together."""

_ROWS = 1024
"""Number of texts that are read at once, from heaps of at most `_HEAP` bytes."""

_HEAP = MOST_TEXT // _ROWS


class TooManyLabels(Exception):
    """A column has too many different texts, or they are too long; the message says which."""


class Coded(NamedTuple):
    """Numbers, int64 (n,), that stand for texts: ``labels[codes[i]]`` is text i. The labels are sorted, and counted from 0."""

    codes: NDArray[np.int64]
    labels: Mapping[int, str]


@dataclass(frozen=True)
class Texts:
    """Texts that are stored in an open file, (n,).

    Attributes
    ----------
    stored
        The dataset.
    heaps, account
        Those of the file.
    """

    stored: Stored
    heaps: Heaps
    account: Account

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the dataset."""
        return self.stored.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of a text: bytes, or an object."""
        return self.stored.dtype

    @property
    def dataset(self) -> Hdf5:
        """The dataset of h5py."""
        return self.stored.dataset

    @property
    def unit(self) -> str:
        """The unit that the file gives them."""
        return self.stored.unit

    def vector(self) -> "Texts":
        """Return texts of shape (n, 1) or (1, n) as (n,); others as they are."""
        vector = self.stored.vector()
        return self if vector is self.stored else replace(self, stored=vector)

    def bytes_written(self) -> int:
        """See `Written.bytes_written`."""
        return self.stored.bytes_written()

    def bytes_in_holes(self) -> int:
        """See `Written.bytes_in_holes`."""
        return self.stored.bytes_in_holes()

    def __getitem__(self, key: slice) -> NDArray[Any]:
        return self.stored[key]

    def coded(self) -> Coded:
        """Read all texts as numbers.

        Raises
        ------
        TooManyLabels
            If there are more than `MOST_LABELS` different ones, or they have more than `LONGEST_LABELS` characters.
        """
        numbers = _Numbers()
        codes = np.empty(self.shape[0], np.int64)
        start = 0
        for some in self._read():
            codes[start : start + len(some)] = np.fromiter(map(numbers.__getitem__, some), np.int64, len(some))
            start += len(some)
        # Sorted, so that the number of a text does not depend on the order of the rows.
        written = [text(each) for each in numbers]
        labels = sorted(set(written))
        places = {label: place for place, label in enumerate(labels)}
        return Coded(np.array([places[each] for each in written], np.int64)[codes], dict(enumerate(labels)))

    def _read(self) -> Iterator[list[Any]]:
        """Yield the texts in order, some at a time."""
        for start in range(0, self.shape[0], _ROWS):
            part = slice(start, start + _ROWS)
            # If a text is long, HDF5 would make a copy for each row that refers to it.
            some = self._small(part)
            yield [self._one(index) for index in range(*part.indices(self.shape[0]))] if some is None else some

    def _small(self, part: slice) -> list[Any] | None:
        """Return some texts; None if a heap in which they may be is not small."""
        if self.dtype.kind == "O" and self.heaps.largest > _HEAP:
            return None
        try:
            with self.heaps.at_most(_HEAP):
                return list(self.stored[part].tolist())
        except Rejected as rejected:
            if isinstance(rejected.__cause__, HeapTooLarge):
                return None
            raise

    def _one(self, index: int) -> Any:  # noqa: ANN401  # bytes, or what h5py makes of a null
        (found,) = self.stored[index : index + 1].tolist()
        self.account.text(text(found))
        return found


class _Numbers(dict[Any, int]):
    """A number for each text, in the order in which they are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self._characters = 0

    def __missing__(self, key: Any) -> int:  # noqa: ANN401  # as it is stored
        self._characters += len(key)
        if len(self) >= MOST_LABELS:
            raise TooManyLabels(f"more than {MOST_LABELS} different texts, and each would be a category")
        if self._characters > LONGEST_LABELS:
            raise TooManyLabels(f"different texts of more than {LONGEST_LABELS} characters in all")
        self[key] = number = len(self)
        return number
