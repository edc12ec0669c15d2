"""Make the objects of pynwb that hold the signals, videos and masks of a session."""

from typing import Any

import numpy as np
from hdmf.common import VectorData
from ndx_pose import PoseEstimationSeries
from numpy.typing import NDArray
from pynwb import TimeSeries
from pynwb.behavior import SpatialSeries
from pynwb.epoch import TimeIntervals
from pynwb.image import ImageSeries
from pynwb.misc import IntervalSeries

from antelop.export.arrays import clock, is_unset, samples, written
from antelop.export.stored import Film, Signal, Trials
from antelop.store import Store

NO_UNIT = "unknown"
"""The unit of positions: the database does not store one."""


def made(store: Store, signal: Signal, reference_point: str) -> Any:  # noqa: ANN401  # an object of pynwb
    """Return the object of a signal: a TimeSeries, or one of its subtypes, or a TimeIntervals table.

    Parameters
    ----------
    store
        The store with the signal's arrays.
    signal
        The signal.
    reference_point
        The point of the rig from which coordinates are measured.
    """
    feature = signal.feature
    description = feature.description or feature.name
    if feature.source_type == "intervals":
        return table(feature.name, description, store.get(signal.timestamps))
    where = f"at {feature.coordinates} from {reference_point}" if feature.coordinates else ""
    texts = {"name": feature.name, "description": description} | ({"comments": where} if where else {})
    times = clock(store, signal.timestamps)
    if feature.data_type == "kinematics":
        return _track(store, signal, **texts, **times)
    # An IntervalSeries must have timestamps, so a signal with a rate becomes a plain series.
    if feature.data_type == "interval" and "timestamps" in times:
        return IntervalSeries(**texts, **samples(store, signal.data), **times)
    return TimeSeries(**texts, **samples(store, signal.data), **times, unit=signal.unit)


def _track(store: Store, signal: Signal, **members: Any) -> TimeSeries:  # noqa: ANN401  # passed on to pynwb
    """Return the series of a tracked position, whose last column is the certainty; `members` are its other arguments."""
    # Scaled positions are written as a plain series: in the other types, the scale would not apply to the certainty.
    if signal.data["kind"] == "scaled":
        return TimeSeries(**members, **samples(store, signal.data), unit=NO_UNIT)
    values = store.get(signal.data)
    position, certainty = values[:, :-1], values[:, -1]
    members |= {"data": written(position), "unit": NO_UNIT, "reference_frame": "as the recording had it"}
    # Only a recording with a certainty for each position becomes a PoseEstimationSeries, which requires one.
    if is_unset(certainty):
        return SpatialSeries(**members)
    return PoseEstimationSeries(**members, confidence=written(certainty), confidence_definition="as the recording had it")


def table(name: str, description: str, edges: NDArray[np.float64]) -> TimeIntervals:
    """Return a table of n intervals; `edges`, (2 n,) float64 in seconds, has the start and stop of each after another."""
    columns = [
        VectorData(name=column, description=f"{noun} of each interval, in seconds", data=edges[first::2])
        for first, (column, noun) in enumerate([("start_time", "start"), ("stop_time", "stop")])
    ]
    return TimeIntervals(name=name, description=description, columns=columns)


def mask(store: Store, trials: Trials, name: str) -> TimeIntervals:
    """Return the table of a mask."""
    return table(name, f"Trials of the mask {trials.name}, by {trials.description}", store.get(trials.timestamps))


def film(store: Store, camera: Film, names: list[str]) -> ImageSeries:
    """Return the series of a camera; `names` are the paths of its video files, relative to the folder of the NWB file."""
    # NWB requires timestamps or a rate. The database may have neither, which an empty array says.
    times: dict[str, Any] = {"timestamps": np.array([], np.float64)}
    stored = [each for each in (camera.timestamps if camera.starts else camera.timestamps[:1]) if each is not None]
    if len(stored) > 1:
        times = {"timestamps": written(np.concatenate([store.get(each) for each in stored]))}
    elif stored:
        times = clock(store, stored[0])
        if stored[0]["kind"] == "clock":
            times["num_samples"] = int(stored[0]["count"])
    return ImageSeries(
        name=camera.path.rpartition("/")[2],
        description=camera.description or camera.name,
        comments="no comments" if camera.starts else "The recording did not say with which frame each file begins",
        external_file=names,
        starting_frame=camera.starts or [0] * len(names),
        format="external",
        unit=NO_UNIT,
        **times,
    )
