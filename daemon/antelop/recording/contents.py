"""Find every object of a file that a rig could name."""

from collections import deque
from posixpath import join

import h5py

from antelop.recording.bounds import LONGEST_PATH, Account, OutOfReach
from antelop.recording.hdf5 import Hdf5, attribute, damage_told, find, has, members, text
from antelop.recording.objects import ObjectReader
from antelop.recording.recording import Intervals, Series

PLACES = {
    "acquisition": "acquisition",
    "stimulus": "stimulus/presentation",
    "processing": "processing",
    "intervals": "intervals",
}
"""The first part of a rig's paths, and the group of the file that it stands for."""


def contents(
    file: Hdf5, objects: ObjectReader, account: Account
) -> tuple[dict[str, Series], dict[str, Intervals], dict[str, str]]:
    """Return series, intervals and other objects by every path that a rig could name, outer objects first."""
    series: dict[str, Series] = {}
    intervals: dict[str, Intervals] = {}
    others: dict[str, str] = {}
    # Links can make a group its own member, so each group is entered once.
    seen = set()
    # Breadth first: a group that has several names is entered under the one with the fewest groups above it.
    ahead = deque((path, file, place) for path, place in PLACES.items())
    while ahead:
        path, holder, name = ahead.popleft()
        if len(path) > LONGEST_PATH:
            continue
        kind = ""
        with damage_told(path):
            try:
                found = find(holder, name)
                if found is None:
                    continue
                kind = account.text(text(attribute(found, "neurodata_type")))
                is_table = "colnames" in found.attrs
                if path.startswith("intervals/") and all(has(found, "start_time", "stop_time")):
                    intervals[path] = objects.intervals(path, found)
                elif kind and not is_table and any(has(found, "data", "timestamps", "starting_time")):
                    series[path] = objects.series(path, kind, found)
                elif found.name == join(holder.name, name) and found not in seen:  # not through a link
                    seen.add(found)
                    if kind:
                        others[path] = kind[:LONGEST_PATH]
                    if isinstance(found, h5py.Group) and not is_table:
                        ahead.extend((f"{path}/{member}", found, member) for member in members(found, account))
            except OutOfReach as reason:
                others[path] = (f"{kind} ({reason})" if kind else str(reason))[:LONGEST_PATH]
    return series, intervals, others
