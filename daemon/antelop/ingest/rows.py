"""What a recording becomes: the rows of every table, their arrays still unread."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from antelop.database.row import TABLES, Row
from antelop.formats.rig import Feature, Rig
from antelop.recording.events import in_time_order
from antelop.recording.recording import Cast, Recording, Samples

KEYS = {"experimenter", "experiment_id", "session_id", "behaviourrig_id", "animal_id"}
"""Attributes that say whose the recording is, not what was recorded."""


@dataclass(frozen=True)
class Keys:
    """Whose a recording is.

    Attributes
    ----------
    session
        Primary key of `Session`.
    behaviourrig_id
        The rig, one of the session's experimenter.
    animals
        ``animal_id`` in the order of the rig's animal numbers.
    """

    session: Mapping[str, Any]
    behaviourrig_id: int
    animals: Sequence[int]


def plan(recording: Recording, rig: Rig, keys: Keys, *, dlc_training: bool = False) -> dict[str, list[Row]]:
    """Return the rows of every table, in the order in which the tables refer to each other.

    The values of ``data`` and ``timestamps`` are `Samples`, those of ``video`` are paths; neither has been read.

    Parameters
    ----------
    recording, rig
        They agree: `checks.examine` found no error.
    keys
        Whose the recording is.
    dlc_training
        Whether the videos may train a DeepLabCut model.
    """
    session = dict(keys.session)
    rows: dict[str, list[Row]] = {
        "World": [{**session, "behaviourrig_id": keys.behaviourrig_id, "dlc_training": str(dlc_training)}],
        "Self": [{**session, "animal_id": animal} for animal in keys.animals],
        "Video": [],
        "Object": [],
        **{table: [] for table in TABLES.values()},
    }
    first_video: dict[str, int] = {}
    for camera in rig.videos:
        series = recording.series[f"acquisition/{camera.name}"]
        for video in series.videos:
            video_id = len(rows["Video"]) + 1
            first_video.setdefault(camera.name, video_id)
            times = seconds(series.timestamps) if series.timestamps is not None and series.timestamps.shape[0] else None
            rows["Video"].append(
                {**session, "video_id": video_id, "video_name": camera.name, "video": video.path, "timestamps": times}
            )
    for feature_id, feature in enumerate(rig.features, 1):
        owner = keys.animals[feature.animal - 1] if feature.animal is not None and feature.animal > 0 else None
        feature_key = {**session, "behaviourrig_id": keys.behaviourrig_id, "feature_id": feature_id, "animal_id": owner}
        rows["Object"].append({**feature_key, "object_name": feature.name, "object_type": feature.ownership.capitalize()})
        if feature.path is not None:
            table = TABLES[feature.data_type]
            row = {**feature_key, f"{table.lower()}_name": feature.name, **_values(recording, feature)}
            if feature.data_type == "kinematics":
                row["video_id"] = first_video.get(feature.video or "")
            else:
                row.update(
                    zip(("x_coordinate", "y_coordinate", "z_coordinate"), feature.coordinates or (None,) * 3, strict=True)
                )
            rows[table].append(row)
    return rows


def seconds(timestamps: Samples) -> Samples:
    """Return times as float64, as they are if they are that already."""
    return timestamps if timestamps.dtype == np.float64 else Cast(timestamps, np.dtype(np.float64))


def _values(recording: Recording, feature: Feature) -> Row:
    """Return what one feature recorded: its data, timestamps and, where it has one, its unit."""
    path = str(feature.path)
    if feature.source_type == "intervals":
        table = recording.intervals[path]
        count = table.start.shape[0]
        times = np.column_stack([table.start[:], table.stop[:]]).astype(np.float64).ravel()
        return {"data": np.tile(np.array([1, -1], np.int8), count), "timestamps": times}
    series = recording.series[path]
    values, timestamps = series.values, series.timestamps
    if series.data is None or values is None or timestamps is None:
        raise ValueError(f"{path} has no data or no times, which a check should have found")
    if feature.data_type == "analog":
        return {"data": values, "timestamps": seconds(timestamps), "unit": series.unit}
    if feature.data_type == "kinematics":
        return {"data": series.track(), "timestamps": seconds(timestamps)}
    if feature.data_type == "digital":
        events = in_time_order(values, timestamps)
        return {"data": events.data, "timestamps": seconds(events.timestamps), "unit": series.unit}
    events = in_time_order(series.data, timestamps)
    return {"data": Cast(events.data, np.dtype(np.int8)), "timestamps": seconds(events.timestamps)}


def is_blank(rows: Mapping[str, Sequence[Row]]) -> bool:
    """Tell whether nothing at all was recorded: no sample, and no video."""
    return not rows["Video"] and not any(row["data"].shape[0] for table in TABLES.values() for row in rows[table])


def fingerprint(rows: Mapping[str, Sequence[Row]], identifier: str) -> str:
    """Return what makes two recordings the same, whatever the files are called and whose they are: a hash of rows and arrays.

    Parameters
    ----------
    rows
        By table, arrays and files as what the store keeps (`antelop.store.Kept`), whose JSON names their content.
    identifier
        The file's NWB identifier if it `is_blank`, for nothing else tells such files apart; else empty.
    """
    content = {
        table: [{name: value for name, value in row.items() if name not in KEYS} for row in some]
        for table, some in rows.items()
        if table not in ("World", "Self")
    }
    return hashlib.sha256(json.dumps([identifier, content], sort_keys=True, default=_named).encode()).hexdigest()


def _named(kept: Any) -> object:  # noqa: ANN401  # what the store keeps
    return kept.as_json()
