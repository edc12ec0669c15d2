"""Find every object of a file that a rig could name."""

from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from posixpath import join
from typing import NamedTuple

import h5py

from antelop.recording.bounds import LONGEST_PATH, Account, OutOfReach
from antelop.recording.hdf5 import Hdf5, attribute, find, has, members, text, texts
from antelop.recording.objects import ObjectReader
from antelop.recording.recording import Intervals, Series
from antelop.recording.source import damage_told

PLACES = {
    "acquisition": "acquisition",
    "stimulus": "stimulus/presentation",
    "processing": "processing",
    "intervals": "intervals",
}
"""The first part of a rig's paths, and the group of the file that it stands for."""


class Contents(NamedTuple):
    """What a file holds, by the paths that rigs state; see `Recording`."""

    series: dict[str, Series]
    intervals: dict[str, Intervals]
    others: dict[str, str]
    subjects: dict[str, str]


def contents(file: Hdf5, objects: ObjectReader, account: Account) -> Contents:
    """Return series, intervals and other objects by every path that a rig could name, outer objects first."""
    search = _Search(objects, account)
    # Breadth first: a group that has several names is entered under the one with the fewest groups above it.
    ahead = deque((path, file, place) for path, place in PLACES.items())
    while ahead:
        path, holder, name = ahead.popleft()
        if len(path) <= LONGEST_PATH:
            with damage_told(path):
                ahead.extend((f"{path}/{member}", group, member) for group, member in search.enter(path, holder, name))
    return search.found


class _Search:
    """Notes the objects of a file, one after another, and says where more of them are."""

    def __init__(self, objects: ObjectReader, account: Account) -> None:
        self.found = Contents({}, {}, {}, {})
        self._objects = objects
        self._account = account
        # Links can make a group its own member, so each group is entered once.
        self._entered: set[Hdf5] = set()

    def enter(self, path: str, holder: Hdf5, name: str) -> Sequence[tuple[Hdf5, str]]:
        """Note the object that a group holds under a name; return its members, each with the group that holds it."""
        kind = ""
        try:
            item = find(holder, name)
            if item is None:
                return ()
            kind = self._account.text(text(attribute(item, "neurodata_type")))
            if subject := _subject(kind, item, self._account):
                self.found.subjects[path.rpartition("/")[0]] = subject
            if self._is_data(path, kind, item):
                return ()
            # A group that a link shows is entered under its own name.
            if item.name != join(holder.name, name) or item in self._entered:
                return ()
            self._entered.add(item)
            if kind:
                self.found.others[path] = kind[:LONGEST_PATH]
            inside = isinstance(item, h5py.Group) and not _is_table(item)
            return [(item, member) for member in members(item, self._account)] if inside else ()
        except OutOfReach as reason:
            self.found.others[path] = (f"{kind} ({reason})" if kind else str(reason))[:LONGEST_PATH]
            return ()

    def _is_data(self, path: str, kind: str, item: Hdf5) -> bool:
        """Note a table of intervals or a time series; return whether the object is one."""
        if path.startswith("intervals/") and all(has(item, "start_time", "stop_time")):
            self.found.intervals[path] = self._objects.intervals(path, item)
        elif kind and not _is_table(item) and any(has(item, "data", "timestamps", "starting_time")):
            self.found.series[path] = self._objects.series(path, kind, item)
        else:
            return False
        return True


def _is_table(item: Hdf5) -> bool:
    return "colnames" in item.attrs


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
