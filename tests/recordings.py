"""A made session of a licking task, and the rig that describes it, for every test that needs a real NWB file.

Two mice, ten trials of six seconds: an LED comes on, a tone sounds, a port opens, one mouse licks and gets rewards, a force
sensor under it samples at a declared rate, and a camera films both. `LICKING_RIG` names all of it, and none of the distractors.
"""

import warnings
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import h5py
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
from pynwb.file import Subject
from pynwb.image import ImageSeries
from pynwb.misc import IntervalSeries

Made = Callable[..., Any]
"""What makes one object of the file when it is called with its ``name``."""

STARTED = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TRIALS = 10
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


def _feature(name: str, source: str, animal: int | None, data_type: str, video: str = "", **more: Any) -> dict[str, Any]:
    source_type, _, module = source.partition("/")
    place = {"source_type": source_type, "module": module, "video": video}
    return {
        "name": name,
        "source": {key: value for key, value in place.items() if value},
        "ownership": {"ownership": "self", "animal": animal} if animal else {"ownership": "world"},
        "data_type": data_type,
        "description": f"the {name} of the licking task",
        **more,
    }


LICKING_RIG: dict[str, Any] = {
    "specification": "antelop-behaviour",
    "version": "0.0.1",
    "reference_point": "top left corner of the arena",
    "features": [
        _feature("led", "acquisition", None, "interval", coordinates=[100, 50, 0]),
        _feature("port", "acquisition", None, "interval", coordinates=[200, 50, 0]),
        _feature("lick", "acquisition", 1, "digital"),
        _feature("reward", "acquisition", None, "digital", coordinates=[200, 50, 0]),
        _feature("force", "acquisition", 1, "analog"),
        _feature("tone", "stimulus", None, "interval", coordinates=[0, 0, 100.5]),
        _feature("head", "processing/behavior/Position", 2, "kinematics"),
        _feature("nose", "processing/behavior/PoseEstimation", 1, "kinematics", "camera"),
        _feature("tail", "deeplabcut", 2, "kinematics", "camera"),
        _feature("trials", "intervals", None, "interval"),
    ],
    "videos": [{"name": "camera", "description": "from above", "format": "mp4", "reference_point": "top left"}],
}


def events(timestamps: ArrayLike, data: ArrayLike, **changes: Any) -> Made:
    """Make values at discrete times."""
    return partial(TimeSeries, **{"data": np.asarray(data), "timestamps": np.asarray(timestamps), "unit": "a.u."} | changes)


def spans(starts: ArrayLike, stops: ArrayLike) -> Made:
    """Make something that is on from each start to its stop: 1 and -1, as an IntervalSeries has them."""
    timestamps = np.column_stack([starts, stops]).ravel()
    return partial(IntervalSeries, data=np.tile(np.array([1, -1], np.int8), len(timestamps) // 2), timestamps=timestamps)


def sampled(data: ArrayLike, rate: float, **changes: Any) -> Made:
    """Make a signal that is sampled at a declared rate."""
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
    """Name video files beside the NWB file, with a timestamp for each frame (or None, and a rate)."""
    fields = {"format": "external", "starting_frame": [0] * len(names), "timestamps": timestamps, "unit": "n.a."}
    return partial(ImageSeries, external_file=list(names), **fields | changes)


def table(starts: ArrayLike, stops: ArrayLike) -> Made:
    """Give the rows of the trials or epochs table, which the file makes by itself."""
    return lambda **_: zip(np.asarray(starts), np.asarray(stops), strict=True)


def licking_task(seed: int, video: str) -> dict[str, Made]:
    """Return what the file holds, by the path at which a rig finds it."""
    random = np.random.default_rng(seed)
    onsets = np.arange(TRIALS) * 6.0 + random.uniform(0.5, 1.0, TRIALS).round(3)
    licks = np.sort((onsets[:, None] + 2 + random.uniform(0, 2, (TRIALS, 5)).round(4)).ravel())
    force = random.integers(-2000, 2000, 6000, dtype=np.int16)
    frames = np.arange(600) / 10.0
    walk = np.cumsum(random.normal(0, 2, (len(frames), 2)), axis=0) + 200
    return {
        "acquisition/led": spans(onsets, onsets + 1),
        "acquisition/port": spans(onsets + 2, onsets + 4),
        "acquisition/lick": events(licks, random.integers(1, 9, licks.size)),
        "acquisition/reward": events(onsets + 4, random.choice([2.5, 5.0], TRIALS), unit="uL"),
        "acquisition/force": sampled(force, 100.0, unit="N", starting_time=0.25, conversion=0.5e-3, offset=1.0),
        "acquisition/camera": film(frames, video),
        "stimulus/tone": spans(onsets + 1, onsets + 1.5),
        "processing/behavior/Position/head": track(frames, walk, unit="pixels"),
        "processing/behavior/PoseEstimation/nose": pose(frames, walk + 12, random.uniform(0.5, 1, len(frames)), unit="pixels"),
        "intervals/trials": table(onsets, onsets + 5),
        # No rig names these.
        "acquisition/temperature": sampled(random.normal(21, 0.1, 60), 1.0, unit="C"),
        "acquisition/notes": events([1.0, 30.0], ["fed", "calm"]),
        "processing/behavior/BehavioralEvents/sniff": events(licks + 0.01, np.ones(licks.size)),
        "intervals/epochs": table([0.0], [60.0]),
    }


def _place(nwbfile: NWBFile, path: str, made: Made) -> None:
    """Put one object where its path says, making the processing module and the container it leads through."""
    group, *through, name = path.split("/")
    if group == "intervals":
        add = {"trials": nwbfile.add_trial, "epochs": nwbfile.add_epoch}[name]
        for start, stop in made():
            add(start_time=start, stop_time=stop)
        return
    if group == "processing":
        module, *through = through
        place = nwbfile.processing.get(module) or nwbfile.create_processing_module(module, "made")
        held, add = place.data_interfaces, place.add
    else:
        held, add = getattr(nwbfile, group), getattr(nwbfile, f"add_{group}")
    for container in through:
        kind, adder = CONTAINERS[container]
        if container not in held:
            add(kind(name=container))
        add = getattr(held[container], adder)
    add(made(name=name))


def write_recording(  # noqa: PLR0913  # each is one thing that a test changes
    path: Path,
    *,
    series: Mapping[str, Made | None] | None = None,
    seed: int = 0,
    video: bytes | None = b"\x00\x00\x00\x18ftypmp42, as a camera would write it",
    subject_id: str | None = "m17",
    cache_spec: bool = True,
    **changes: Any,
) -> Path:
    """Write a session of the licking task and the video beside it.

    Parameters
    ----------
    path
        The NWB file to write; the video is ``<stem>_camera.mp4`` in the same folder.
    series
        By path, objects to add to the file or to put in the place of its own; None leaves one out.
    seed
        Decides every number in the file; files of different seeds are different recordings.
    video
        The bytes of the video, or None to write none (the file still names it).
    subject_id
        The subject's, or None for a file without a subject.
    cache_spec
        Whether the file carries the specifications it was written with.
    changes
        Fields of NWBFile, such as ``session_start_time`` and ``identifier``.

    Returns
    -------
    Path
        `path`.
    """
    name = f"{path.stem}_camera.mp4"
    if video is not None:
        path.with_name(name).write_bytes(video)
    fields = {
        "session_description": "licking task",
        "identifier": f"licking-{seed}",
        "session_start_time": STARTED,
        "file_create_date": STARTED,
        "subject": subject_id and Subject(subject_id=subject_id, species="Mus musculus", sex="F", age="P90D"),
    }
    with warnings.catch_warnings(action="ignore"):  # pynwb calls deprecated, or odd, what rigs go on writing
        nwbfile = NWBFile(**fields | changes)
        for where, made in (licking_task(seed, name) | dict(series or {})).items():
            if made is not None:
                _place(nwbfile, where, made)
        with NWBHDF5IO(path, "w") as io:
            io.write(nwbfile, cache_spec=cache_spec)
    with h5py.File(path, "r+") as file:  # pynwb draws it at random
        file.attrs["object_id"] = str(uuid5(NAMESPACE_OID, nwbfile.identifier))
    return path
