"""Find every object of a file that a rig could name, and read those that are asked for."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from posixpath import join
from typing import Generic, TypeVar

import h5py

from antelop.errors import Rejected
from antelop.recording.bounds import LONGEST_PATH, Account, OutOfReach
from antelop.recording.columns import Table
from antelop.recording.filters import FilterMissing, Uninstalled
from antelop.recording.hdf5 import Hdf5, attribute, find, members, text, texts
from antelop.recording.objects import ObjectReader
from antelop.recording.recording import Form, Listed, Series
from antelop.recording.source import damage_told

PLACES = {
    "acquisition": "acquisition",
    "stimulus": "stimulus/presentation",
    "processing": "processing",
    "intervals": "intervals",
    "events": "events",
}
"""The first part of a rig's paths, and the group of the file that it stands for."""

Read = Series | Table | Uninstalled | str
"""A series, a table, why one of them cannot be read here, or of any other object what it is."""

T = TypeVar("T", Series, Table, Uninstalled, str)


class Contents:
    """What a file holds, by the paths that rigs state, outer objects first.

    The whole file is searched, which tells the type of every object. A series or table is read when it is first asked for,
    because files may have very many of which a rig names few.

    Parameters
    ----------
    file
        The file.
    objects
        Reads its series and tables.
    account
        Counts its names and texts.

    Attributes
    ----------
    listed
        What was found, by path.
    subjects
        See `Recording`.
    """

    def __init__(self, file: Hdf5, objects: ObjectReader, account: Account) -> None:
        search = _Search(account)
        # Breadth first: a group that has several names is entered under the one with the fewest groups above it.
        ahead = deque((path, file, place) for path, place in PLACES.items())
        while ahead:
            path, holder, name = ahead.popleft()
            if len(path) <= LONGEST_PATH:
                with damage_told(path):
                    ahead.extend((f"{path}/{member}", group, member) for group, member in search.enter(path, holder, name))
        self.listed = search.listed
        self.subjects = search.subjects
        self._file = file
        self._objects = objects
        self._read: dict[str, Read] = {}

    def read(self, path: str) -> Read:
        """Return what is at a path.

        Raises
        ------
        KeyError
            If nothing was found there.
        Rejected
            If it is damaged.
        """
        if path not in self._read:
            found = self.listed[path]
            if not self._file:
                raise ValueError(f"{path} was read after its file had been closed")
            with damage_told(path):
                self._read[path] = found.said if found.form is None else self._object(path, found)
        return self._read[path]

    def length(self, path: str) -> int | None:
        """Return how many samples or rows a series or table has; None if it does not tell, or is damaged or out of reach."""
        for name in ("data", "timestamps", "start_time", "timestamp", "id"):
            with suppress(Rejected), damage_told(path):
                found = self._find(f"{path}/{name}")
                if isinstance(found, h5py.Dataset) and found.id.rank:
                    return int(found.id.shape[0])
        return None

    def _find(self, path: str) -> Hdf5:
        top, _, inside = path.partition("/")
        return find(self._file, join(PLACES[top], inside))

    def _object(self, path: str, found: Listed) -> Read:
        try:
            group = self._find(path)
            if found.form == "table":
                return self._objects.table(path, found.kind, group)
            return self._objects.series(path, found.kind, group)
        except FilterMissing as missing:
            return missing.uninstalled
        except OutOfReach as reason:
            return replace(found, form=None, reason=str(reason)).said


@dataclass(frozen=True, eq=False)
class Kept(Mapping[str, T], Generic[T]):
    """The objects of a file that are read as one kind, by path; iterating reads all objects."""

    contents: Contents
    kind: type[T]

    def __getitem__(self, path: str) -> T:
        found = self.contents.read(path)
        if not isinstance(found, self.kind):
            raise KeyError(path)
        return found

    def __iter__(self) -> Iterator[str]:
        return (path for path in self.contents.listed if isinstance(self.contents.read(path), self.kind))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Search:
    """Lists the objects of a file, one after another, and says where more of them are."""

    def __init__(self, account: Account) -> None:
        self.listed: dict[str, Listed] = {}
        self.subjects: dict[str, str] = {}
        self._account = account
        # Links can make a group its own member, so each group is entered once. Its address stands for it, because HDF5 needs
        # much memory for objects that are open.
        self._entered: set[int] = set()

    def enter(self, path: str, holder: Hdf5, name: str) -> Sequence[tuple[Hdf5, str]]:
        """List the object that a group holds under a name; return its members, each with the group that holds it."""
        kind = ""
        try:
            item = find(holder, name)
            if item is None:
                return ()
            kind = self._account.text(text(attribute(item, "neurodata_type")))
            if subject := _subject(kind, item, self._account):
                self.subjects[path.rpartition("/")[0]] = subject
            form = _form(path, kind, item)
            if form:
                self.listed[path] = Listed(kind, form)
            # A group that a link shows is entered under its own name.
            address = h5py.h5o.get_info(item.id).addr
            if item.name != join(holder.name, name) or address in self._entered:
                return ()
            self._entered.add(address)
            if kind and not form:
                self.listed[path] = Listed(kind)
            if not isinstance(item, h5py.Group):
                return ()
            # A series or table may hold others; to look at each of its datasets would take long.
            inside = _groups(item, self._account) if form else members(item, self._account)
            return [(item, member) for member in inside]
        except OutOfReach as reason:
            self.listed[path] = Listed(kind, reason=str(reason))
            return ()


def _form(path: str, kind: str, item: Hdf5) -> Form | None:
    """Return as what an object is read: as a table, as a time series, or not at all."""
    if not isinstance(item, h5py.Group) or "/" not in path:
        return None
    # Lab-made types may leave out the names of the columns, but not the columns.
    if h5py.h5a.exists(item.id, b"colnames") or all(_has_dataset(item, name) for name in ("start_time", "stop_time")):
        return "table"
    if kind and any(_has_dataset(item, name) for name in ("data", "timestamps", "starting_time", "external_file")):
        return "series"
    return None


def _has_dataset(group: Hdf5, name: str) -> bool:
    """Tell whether a group has a member of this name that is no group; a link that cannot be followed may be anything."""
    key = name.encode()
    if not group.id.links.exists(key):
        return False
    if group.id.links.get_info(key).type != h5py.h5l.TYPE_HARD:
        return True
    return bool(h5py.h5g.get_objinfo(group.id, key).type != h5py.h5g.GROUP)


_DATASETS = {
    b"confidence",
    b"control",
    b"data",
    b"electrodes",
    b"id",
    b"starting_time",
    b"start_time",
    b"stop_time",
    b"timestamps",
}
"""Members of series and tables that are datasets: to ask for the type of each would take long in files of many series."""


def _groups(group: Hdf5, account: Account) -> list[str]:
    """Return the members of a series or table that may hold series or tables: groups that are in it, and are no part of it."""
    others: list[bytes] = []
    group.id.links.iterate(lambda name: others.append(name) if name not in _DATASETS else None)
    found = []
    for name in others:
        is_inside = group.id.links.get_info(name).type == h5py.h5l.TYPE_HARD and name != b"meanings_tables"
        if is_inside and h5py.h5g.get_objinfo(group.id, name).type == h5py.h5g.GROUP:
            account.name(name)
            with suppress(UnicodeDecodeError):
                found.append(name.decode())
    return sorted(found)


def _subject(kind: str, group: Hdf5, account: Account) -> str:
    """Return the subject_id of a Subject, or of the Subject that a Skeleton of ndx-pose links to; empty for other objects."""
    if kind == "Subject":
        return text(texts(group, "subject_id", account))
    # A container links to its skeleton, and the skeleton to its subject; either link has the name of its target.
    for name in members(group, account) if kind == "Skeleton" else ():
        with suppress(OutOfReach):
            member = find(group, name)
            if member is not None and text(attribute(member, "neurodata_type")) == "Subject":
                return _subject("Subject", member, account)
    return ""
