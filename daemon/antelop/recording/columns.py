"""The columns of a table or a series in an HDF5 file, each of which is read when it is asked for."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import h5py
import numpy as np

from antelop.recording.bounds import Account, OutOfReach
from antelop.recording.hdf5 import Hdf5, find, members, texts, values
from antelop.recording.samples import Samples
from antelop.recording.source import damage_told

_FIXED = {"id", "colnames"}
"""Members of a table that are no columns."""


class Unreadable(Exception):
    """A column cannot be read; the message says why."""


class Column(NamedTuple):
    """A column: its samples, and what its numbers stand for; no labels if the file does not tell."""

    samples: Samples
    labels: Mapping[int, str] = {}


@dataclass(frozen=True)
class Table:
    """A table of the file (hdmf-common ``DynamicTable``), such as ``intervals/trials`` or ``events/licks``.

    Attributes
    ----------
    path
        The path that a rig states.
    neurodata_type
        Its NWB type, such as ``TimeIntervals`` or ``EventsTable``.
    columns
        Its columns by name. A column ``x`` that has several values a row has a column ``x_index``, where each row ends.
    """

    path: str
    neurodata_type: str
    columns: Mapping[str, Column]


@dataclass(frozen=True)
class StoredColumns(Mapping[str, Column]):
    """The columns of a group, by name.

    Attributes
    ----------
    path, group
        The path of the group in rigs, and the group.
    read
        Returns the samples of a dataset of the group by its name, as `ObjectReader` reads them.
    account
        Counts the names and texts that are read.
    """

    path: str
    group: Hdf5
    read: Callable[[str], Samples | None]
    account: Account

    def __getitem__(self, name: str) -> Column:
        """Return a column; raise KeyError if the group has none of the name, or `Unreadable` if it cannot be read."""
        reason = ""
        with damage_told(f"{self.path}/{name}"):
            try:
                found = self.read(name) if "/" not in name and name not in _FIXED else None
                labels = self._labels(name, found) if found is not None else {}
            except OutOfReach as out_of_reach:
                found, labels, reason = None, {}, str(out_of_reach)
        if reason:
            raise Unreadable(reason)
        if found is None:
            raise KeyError(name)
        return Column(found, labels)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        names: list[str] = []
        with damage_told(self.path):
            names += (name for name in members(self.group, self.account) if name not in _FIXED and self._is_dataset(name))
        return tuple(names)

    def _is_dataset(self, name: str) -> bool:
        with suppress(OutOfReach):
            return isinstance(find(self.group, name), h5py.Dataset)
        return True  # it is told why it cannot be read

    def _labels(self, name: str, samples: Samples) -> Mapping[int, str]:
        """Return what the numbers of a column stand for, in the three ways in which files tell it."""
        if samples.dtype.kind not in "iu":
            return {}
        # EnumData of hdmf-experimental: a column of the texts to which the numbers are the places.
        elements = texts(self.group, f"{name}_elements", self.account)
        if elements:
            return dict(enumerate(elements))
        # MeaningsTable: in a group of their own since hdmf-common 1.9, beside the columns in ndx-events before that.
        for path in (f"meanings_tables/{name}_meanings", f"{name}_meanings"):
            table = find(self.group, path)
            if isinstance(table, h5py.Group):
                numbers, meanings = values(table, "value"), texts(table, "meaning", self.account)
                if all(isinstance(number, np.integer) for number in numbers):
                    return {int(number): meaning for number, meaning in zip(numbers, meanings, strict=False)}
        return {}
