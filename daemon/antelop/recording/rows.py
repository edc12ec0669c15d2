"""Take the rows of a table that a rig names: their times, their values, and only those that have certain values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from antelop.formats.rig import Value
from antelop.recording.columns import Column, Unreadable
from antelop.recording.events import MOST_LOADED, TooLarge, bytes_of
from antelop.recording.samples import Samples
from antelop.recording.texts import Texts, TooManyLabels
from antelop.wording import nearest, quoted

TIMES = ("timestamp", "timestamps", "start_time", "event_times")
"""Columns that hold the time of a row, in the order in which they are looked for; the last is that of AnnotatedEventsTable."""


class Unfit(Exception):
    """An object does not have what the source of a feature names.

    Parameters
    ----------
    what, remedy
        What is wrong, and what to do.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.what, self.remedy = what, remedy


class Values(NamedTuple):
    """Numbers, with what they stand for."""

    numbers: Samples
    labels: Mapping[int, str] = {}


@dataclass
class Rows:
    """Some rows of a table.

    Parameters
    ----------
    columns
        The columns of the table.
    where
        Only rows are taken that have one of these values in each of these columns.
    time
        The column whose values are the times. If it has several for a row, each is a row, with the other values of its row.
    room
        Bytes that columns may have if they have to be loaded.

    Attributes
    ----------
    read
        The columns that were used, as the file has them.
    unmatched
        Columns and values of `where` that no row has.

    Raises
    ------
    Unfit
        If there is no such column, or it cannot be read.
    TooLarge
        If columns have to be loaded and have more bytes than `room`.
    """

    columns: Mapping[str, Column]
    where: Mapping[str, Sequence[Value]]
    time: str
    room: int = MOST_LOADED
    read: dict[str, Samples] = field(default_factory=dict, init=False)
    unmatched: list[tuple[str, Value]] = field(default_factory=list, init=False)
    loaded: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._source = self._sources()
        self._kept = self._matching() if self.where else None

    def times(self) -> Samples:
        """Return the time of each row, (n,)."""
        samples = self._column(self.time).samples
        return samples if self._kept is None else self._load(self.time, samples)[self._kept]

    def values(self, name: str) -> Values:
        """Return the numbers of a column for each row, (n,) or as wide as they are; a text becomes a number."""
        column = self._column(name)
        # What no row is left out of can stay in the file.
        if self._kept is None and (self._source is None or self._is_aligned(name)) and not isinstance(column.samples, Texts):
            return Values(column.samples, column.labels)
        numbers, labels = self._numbers(name, column)
        numbers = numbers if self._kept is None else numbers[self._kept]
        if not isinstance(column.samples, Texts):
            return Values(numbers, labels)
        # Only texts that the rows have: the others say nothing of them.
        used, codes = np.unique(numbers, return_inverse=True)
        return Values(codes.astype(np.int64), {code: labels[int(number)] for code, number in enumerate(used)})

    def _sources(self) -> NDArray[np.intp] | None:
        """Return the row of the table that each time belongs to; None if each row has one."""
        if f"{self.time}_index" not in self.columns:
            return None
        # A VectorIndex holds where each row ends (hdmf-common, VectorIndex).
        name = f"{self.time}_index"
        ends = self._load(name, self._column(name).samples)
        counts = np.diff(np.concatenate([[0], ends.astype(np.int64)]))
        if (counts < 0).any() or (len(ends) and ends[-1] != self._column(self.time).samples.shape[0]):
            raise Unfit(f"its column {quoted(name)} does not tell where each row of {quoted(self.time)} ends", _WRITE_AGAIN)
        return np.repeat(np.arange(len(ends)), counts)

    def _matching(self) -> NDArray[np.intp]:
        """Return the indices of the rows that have the values of `where`."""
        kept = np.ones(self._column(self.time).samples.shape[0], bool)
        for name, wanted in self.where.items():
            numbers, labels = self._numbers(name, self._column(name))
            if numbers.ndim != 1:
                raise Unfit(f"its column {quoted(name)} has several values a row", _OTHER_COLUMN)
            has = [(value, np.isin(numbers, numbers_of(value, labels))) for value in wanted]
            self.unmatched += [(name, value) for value, matches in has if not matches.any()]
            kept &= np.logical_or.reduce([matches for _, matches in has])
        return np.flatnonzero(kept)

    def _numbers(self, name: str, column: Column) -> tuple[NDArray[Any], Mapping[int, str]]:
        """Return all values of a column as numbers, one for each time, with what they stand for."""
        numbers: NDArray[Any]
        if isinstance(column.samples, Texts):
            self.take(column.samples)
            try:
                numbers, labels = column.samples.coded()
            except TooManyLabels as error:
                raise Unfit(f"its column {quoted(name)} has {error}", "Name a column of numbers, or of fewer texts") from None
        else:
            numbers, labels = self._load(name, column.samples), column.labels
        expected = self._column(self.time).samples.shape[0]
        is_repeated = self._source is not None and not self._is_aligned(name)
        if is_repeated:
            expected = self._column(f"{self.time}_index").samples.shape[0]
        if len(numbers) != expected:
            raise Unfit(f"its column {quoted(name)} has {len(numbers)} values for {expected} rows", _WRITE_AGAIN)
        return numbers[self._source] if is_repeated else numbers, labels

    def _is_aligned(self, name: str) -> bool:
        """Tell whether a column has its own value for each time of a row."""
        return name == self.time or f"{name}_index" in self.columns

    def _column(self, name: str) -> Column:
        column = column_of(self.columns, name)
        if not column.samples.shape:
            raise Unfit(f"its column {quoted(name)} is one value", _WRITE_AGAIN)
        self.read[name] = column.samples
        return column

    def _load(self, name: str, samples: Samples) -> NDArray[Any]:
        if samples.dtype.kind not in "biuf":
            raise Unfit(f"its column {quoted(name)} holds no numbers", _OTHER_COLUMN)
        self.take(samples)
        return samples[:]

    def take(self, samples: Samples) -> None:
        """Count samples that are loaded; raise `TooLarge` if they are too many."""
        self.loaded += bytes_of(samples)
        if self.loaded > self.room:
            raise TooLarge(self.loaded)


_WRITE_AGAIN = "Write the table again, with a value for each row"
_OTHER_COLUMN = "Name another column"
_LISTED = 8
_LARGEST = 2**63  # larger integers are in no column


def column_of(columns: Mapping[str, Column], name: str) -> Column:
    """Return a column by its name; raise `Unfit` if there is none, or it cannot be read."""
    try:
        return columns[name]
    except Unreadable as error:
        raise Unfit(f"its column {quoted(name)} cannot be used: {error}", _WRITE_AGAIN) from None
    except KeyError:
        near = nearest(name, columns)
        remedy = f"Write {quoted(near)}" if near else f"Name one that it has: {_listed(columns)}"
        raise Unfit(f"it has no column {quoted(name)}", remedy) from None


def _listed(names: Iterable[str]) -> str:
    """Return names for a sentence, but not more than a few."""
    found = sorted(names)
    return ", ".join(map(quoted, found[:_LISTED])) + (f" and {len(found) - _LISTED} more" if len(found) > _LISTED else "")


def numbers_of(value: Value, labels: Mapping[int, str]) -> list[float]:
    """Return the numbers that a value of a rig means: itself, or those that stand for the text."""
    if isinstance(value, str):
        return [number for number, label in labels.items() if label == value]
    return [value] if abs(value) < _LARGEST else []


def usual_time(columns: Mapping[str, Column]) -> str:
    """Return the column that holds the time of each row; raise `Unfit` if there is none with a usual name."""
    for name in TIMES:
        if name in columns:
            return name
    raise Unfit(f"it has no column {' or '.join(map(quoted, TIMES[:3]))}", f'Name one as "time": {_listed(columns)}')
