"""Writes NWB files as acquisition software does: every object at the path at which a rig finds it.

Each function returns a function that creates an object. `write` calls that function with the object's ``name``, the last part
of its path.
"""
# ruff: noqa: ANN401  # further arguments are passed on to pynwb

import warnings
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from ndx_pose import PoseEstimation, PoseEstimationSeries
from numpy.typing import ArrayLike
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from pynwb.behavior import (
    BehavioralEpochs,
    BehavioralEvents,
    BehavioralTimeSeries,
    CompassDirection,
    EyeTracking,
    Position,
    PupilTracking,
    SpatialSeries,
)
from pynwb.image import ImageSeries
from pynwb.misc import IntervalSeries

Made = Callable[..., Any]
"""A function that creates one object of the file; it is called with the object's ``name``."""

CONTAINERS = {
    "BehavioralEpochs": (BehavioralEpochs, "add_interval_series"),
    "BehavioralEvents": (BehavioralEvents, "add_timeseries"),
    "BehavioralTimeSeries": (BehavioralTimeSeries, "add_timeseries"),
    "CompassDirection": (CompassDirection, "add_spatial_series"),
    "EyeTracking": (EyeTracking, "add_spatial_series"),
    "PoseEstimation": (PoseEstimation, "add_pose_estimation_series"),
    "Position": (Position, "add_spatial_series"),
    "PupilTracking": (PupilTracking, "add_timeseries"),
}
"""The containers that a path may lead through, by name: the class, and its method that adds an object."""


def events(timestamps: ArrayLike, data: ArrayLike, **changes: Any) -> Made:
    """Make values at discrete times."""
    return partial(TimeSeries, **{"data": np.asarray(data), "timestamps": np.asarray(timestamps), "unit": "a.u."} | changes)


def spans(starts: ArrayLike, stops: ArrayLike) -> Made:
    """Make intervals: 1 at each start and -1 at each stop, as an IntervalSeries stores them."""
    timestamps = np.column_stack([starts, stops]).ravel()
    return partial(IntervalSeries, data=np.tile(np.array([1, -1], np.int8), len(timestamps) // 2), timestamps=timestamps)


def sampled(data: ArrayLike, rate: float, **changes: Any) -> Made:
    """Make a signal with a constant sampling rate, in Hz."""
    return partial(TimeSeries, **{"data": np.asarray(data), "rate": rate, "unit": "a.u."} | changes)


def track(timestamps: ArrayLike, data: ArrayLike, **changes: Any) -> Made:
    """Make a position in the arena over time."""
    return partial(SpatialSeries, data=np.asarray(data), timestamps=timestamps, reference_frame="top left", **changes)


def pose(timestamps: ArrayLike, data: ArrayLike, confidence: ArrayLike | None = None, **changes: Any) -> Made:
    """Make a position that a network estimated, with its confidence."""
    return partial(
        PoseEstimationSeries, data=data, timestamps=timestamps, confidence=confidence, reference_frame="top left", **changes
    )


def film(timestamps: ArrayLike | None, *names: str, **changes: Any) -> Made:
    """Refer to video files next to the NWB file, with a timestamp for each frame (or None, and a rate)."""
    fields = {"format": "external", "starting_frame": [0] * len(names), "timestamps": timestamps, "unit": "n.a."}
    return partial(ImageSeries, external_file=list(names), **fields | changes)


def table(starts: ArrayLike, stops: ArrayLike) -> Made:
    """Make the rows of the trials or epochs table; pynwb creates the table itself."""
    return lambda **_: zip(np.asarray(starts), np.asarray(stops), strict=True)


def write(path: Path, contents: Mapping[str, Made], *, cache_spec: bool = True, **fields: Any) -> None:
    """Write an NWB file.

    Parameters
    ----------
    path
        The path of the new file.
    contents
        The function that creates each object, by the path at which a rig finds it, such as
        ``processing/behavior/Position/head``.
    cache_spec
        Whether the file contains the specifications that it is written with.
    fields
        The arguments of `pynwb.NWBFile`.
    """
    # pynwb warns of deprecated or unusual objects that rigs still write.
    with warnings.catch_warnings(action="ignore"):
        nwbfile = NWBFile(**fields)
        for where, made in contents.items():
            _place(nwbfile, where, made)
        with NWBHDF5IO(path, "w") as io:
            io.write(nwbfile, cache_spec=cache_spec)


def _place(nwbfile: NWBFile, path: str, made: Made) -> None:
    """Put one object at its path, and create the processing module and the containers on the way."""
    group, *through, name = path.split("/")
    # The file itself has the methods that fill these two tables.
    if group == "intervals":
        add = {"trials": nwbfile.add_trial, "epochs": nwbfile.add_epoch}[name]
        for start, stop in made():
            add(start_time=start, stop_time=stop)
        return
    # A processing module has a name and one method to add; other groups have a method of the file each.
    if group == "processing":
        module, *through = through
        place = nwbfile.processing.get(module) or nwbfile.create_processing_module(module, "made")
        held, add = place.data_interfaces, place.add
    else:
        held, add = getattr(nwbfile, group), getattr(nwbfile, f"add_{group}")
    # Each container on the way is created once, and shared by the objects in it.
    for container in through:
        kind, adder = CONTAINERS[container]
        if container not in held:
            add(kind(name=container))
        add = getattr(held[container], adder)
    add(made(name=name))
