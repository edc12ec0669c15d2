"""Put objects into an NWB file, at the paths that the rig has for them."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pynwb import NWBFile
from pynwb.behavior import BehavioralEpochs, BehavioralTimeSeries, Position, SpatialSeries
from pynwb.misc import IntervalSeries

from antelop.errors import Problem
from antelop.export.stored import Signal
from antelop.wording import quoted

DEEPEST = {"acquisition": 3, "stimulus": 3, "processing": 4, "intervals": 2, "events": 2}
"""The maximum number of parts of a path in each group of NWB. A container of NWB cannot hold other containers."""


def path_problems(paths: Iterable[str]) -> Iterator[Problem]:
    """Yield a problem for each path at which pynwb cannot write an object."""
    # A rig may name one object for several features, and an object within another one; pynwb can write neither.
    counts = Counter(paths)
    holders = {path.rpartition("/")[0] for path in counts}
    for path, count in counts.items():
        group, *names = path.split("/")
        if count > 1 or path in holders:
            what = "the rig has an object there, and another one at or below the same path"
            yield Problem("export_path", path, what, "Give one of them another name in the rig, if no session uses it")
        if 1 + len(names) > DEEPEST[group]:
            what = f"in NWB such a path can have {DEEPEST[group]} parts, and this one has {1 + len(names)}"
            yield Problem("export_path", path, what, "Give it a shorter path, in a rig for further sessions")
        if wrong := [name for name in names if ":" in name or name in (".", "..")]:
            what = f"pynwb cannot write an object with the name {quoted(wrong[0])}"
            yield Problem("export_path", path, what, "Give it another name, in a rig for further sessions")


def source_problems(signals: Iterable[Signal]) -> Iterator[Problem]:
    """Yield a problem for each signal that is a part of a table or series, which cannot be written back as such."""
    for signal in signals:
        feature = signal.feature
        is_part = feature.column is not None or feature.where or feature.time or signal.labels
        is_digital = feature.source_type == "intervals" and feature.data_type == "digital"
        if is_part or is_digital or feature.source_type == "events":
            what = "it is a part of a table or series, or has labels, and such cannot be exported yet"
            yield Problem("export_source", signal.path, what, "Read it from the database")


def free_name(mask: str, taken: Iterable[str]) -> str:
    """Return the name of a mask's table in ``intervals``: the mask's name, changed if NWB forbids it or it is taken."""
    name = re.sub("[/:]", "_", mask)
    while name in (".", "..") or f"intervals/{name}" in taken:
        name += "_mask"
    return name


def place(nwbfile: NWBFile, objects: Mapping[str, Any]) -> None:
    """Add objects to a file, with the modules and containers of their paths, which must have no `path_problems`."""
    inside: dict[str, list[Any]] = defaultdict(list)
    for path, made in objects.items():
        inside[path.rpartition("/")[0]].append(made)
    # Shorter paths first, so that the order in the file does not depend on that of the rig.
    for parent in sorted(inside):
        group, *way = parent.split("/")
        if group == "processing":
            name, *way = way
            module = nwbfile.processing.get(name) or nwbfile.create_processing_module(name, f"{name}, as the rig names it")
            add = module.add
        else:
            add = {
                "acquisition": nwbfile.add_acquisition,
                "stimulus": nwbfile.add_stimulus,
                "intervals": nwbfile.add_time_intervals,
            }[group]
        # The type of a container depends on the types of its objects, so it is made when all are known.
        for each in [_container(way[0], inside[parent])] if way else inside[parent]:
            add(each)


def _container(name: str, series: Sequence[Any]) -> Any:  # noqa: ANN401  # of pynwb
    """Return a container of the NWB type that may hold all of these series."""
    if all(isinstance(each, SpatialSeries) for each in series):
        return Position(name=name, spatial_series=series)
    if all(isinstance(each, IntervalSeries) for each in series):
        return BehavioralEpochs(name=name, interval_series=series)
    return BehavioralTimeSeries(name=name, time_series=series)
