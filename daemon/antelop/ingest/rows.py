"""Plan the rows of every table for a recording; the arrays in them are not read."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from antelop.database.row import TABLES, Row
from antelop.formats.rig import Feature, Rig
from antelop.recording.edges import edges
from antelop.recording.events import MOST_LOADED, in_time_order
from antelop.recording.interval_rows import in_order
from antelop.recording.recording import Intervals, Recording, Series
from antelop.recording.samples import Samples
from antelop.recording.selection import select, wanted_values
from antelop.recording.views import Cast
from antelop.store import Kept

KEYS = {"experimenter", "experiment_id", "session_id", "behaviourrig_id", "animal_id"}
"""Attributes that state to whom a recording belongs; they are not part of its content."""


@dataclass(frozen=True)
class Keys:
    """The session, rig and animals to which a recording belongs.

    Attributes
    ----------
    session
        Primary key of `Session`.
    behaviourrig_id
        Number of the rig, among those of the session's experimenter.
    animals
        ``animal_id`` in the order of the rig's animal numbers.
    """

    session: Mapping[str, Any]
    behaviourrig_id: int
    animals: Sequence[int]


def plan(recording: Recording, rig: Rig, keys: Keys, *, dlc_training: bool = False) -> dict[str, list[Row]]:
    """Return the rows of every table, ordered so that a table comes after those that it refers to.

    Values of ``data`` and ``timestamps`` are `Samples`, those of ``video`` are paths; their content is not read.

    Parameters
    ----------
    recording, rig
        The recording and the rig that describes it. They agree: `checks.examine` found no error.
    keys
        The session, rig and animals to which the recording belongs.
    dlc_training
        Whether the videos may train a DeepLabCut model.
    """
    # Foreign keys fix the order of the tables: World first, features last.
    session = dict(keys.session)
    rows: dict[str, list[Row]] = {
        "World": [{**session, "behaviourrig_id": keys.behaviourrig_id, "dlc_training": str(dlc_training)}],
        "Self": [{**session, "animal_id": animal} for animal in keys.animals],
        "Video": [],
        "Object": [],
        **{table: [] for table in TABLES.values()},
    }
    # Videos come before features, because a kinematics row refers to the first video of its camera.
    first_video: dict[str, int] = {}
    for camera in rig.videos:
        first_video[camera.name] = len(rows["Video"]) + 1
        rows["Video"] += (
            {**session, "video_id": video_id, **row}
            for video_id, row in enumerate(_videos(recording.series[camera.path], camera.name), first_video[camera.name])
        )
    # Every feature has a row in Object, even one without a path: it is part of the rig, though it records nothing.
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


def _videos(series: Series, name: str) -> Iterator[Row]:
    """Yield what the rows of a camera's files have besides their keys."""
    starts = series.first_frames
    for number, video in enumerate(series.videos):
        times = series.frame_times(number)
        yield {
            "video_name": name,
            "video": video.path,
            "timestamps": None if times is None else seconds(times),
            "starting_frame": starts and starts[number],
        }


def seconds(timestamps: Samples) -> Samples:
    """Return timestamps, (n,) in seconds, as float64; unchanged if they have that dtype."""
    return timestamps if timestamps.dtype == np.float64 else Cast(timestamps, np.dtype(np.float64))


def _values(recording: Recording, feature: Feature) -> Row:
    """Return the data, the timestamps and, if the table has them, unit and labels of a feature.

    Raises
    ------
    ValueError
        If the file does not have it, or it has no data or no timestamps.
    """
    selected = select(recording, feature)
    found = selected.found if selected else None
    # A row of a table has a start and a stop, and an interval row holds them in turn: 1, -1, 1, -1.
    if isinstance(found, Intervals):
        times = in_order(found.start, found.stop).edges
        return {"data": np.tile(np.array([1, -1], np.int8), len(times) // 2), "timestamps": times}
    # A check rejects such a series earlier: this guards against a check that was changed.
    if found is None or (values := found.values) is None or (timestamps := found.timestamps) is None or found.data is None:
        raise ValueError(f"{feature.path} has no data or no times, which a check should have found")
    # Continuous data keep the order of the file; discrete data are sorted by time, as the tables promise.
    if feature.data_type == "kinematics":
        return {"data": found.track(), "timestamps": seconds(timestamps)}
    if feature.data_type == "interval":
        # Intervals take the stored values: a conversion would have no meaning for them.
        events = edges(found.data, timestamps, wanted_values(feature, found), MOST_LOADED)
        return {"data": Cast(events.data, np.dtype(np.int8)), "timestamps": seconds(events.timestamps)}
    about = {"unit": found.unit, "labels": {str(number): label for number, label in found.labels.items()} or None}
    if feature.data_type == "analog":
        return {"data": values, "timestamps": seconds(timestamps), **about}
    events = in_time_order(values, timestamps)
    return {"data": events.data, "timestamps": seconds(events.timestamps), **about}


def kept_of(rows: Mapping[str, Sequence[Row]]) -> Iterator[Kept]:
    """Yield the arrays and files in the store to which rows refer."""
    return (value for some in rows.values() for row in some for value in row.values() if isinstance(value, Kept))


def fingerprint(rows: Mapping[str, Sequence[Row]], identifier: str, began: datetime) -> str:
    """Return what makes two recordings the same: a SHA-256 of identity, rows and arrays, in 64 hexadecimal digits.

    Names of files, the session, the rig and the animals do not enter the hash.

    Parameters
    ----------
    rows
        Rows by table. Arrays and files are `antelop.store.Kept`, whose JSON holds the checksum of their content.
    identifier, began
        The NWB identifier and the start of the file. They tell apart recordings of equal content, such as those of two days
        on which the same stimulus was shown.
    """
    # A file that is written again may state the same start in another time zone.
    start = began.timestamp() if began.tzinfo else began.isoformat()
    # Rows without labels are as they were before there were any, so that what was ingested then is known again.
    # World and Self state to whom the recording belongs and how it may be used, and not what was recorded.
    content = {
        table: [
            {name: value for name, value in row.items() if name not in KEYS and (name, value) != ("labels", None)}
            for row in some
        ]
        for table, some in rows.items()
        if table not in ("World", "Self")
    }
    return hashlib.sha256(json.dumps([identifier, start, content], sort_keys=True, default=_named).encode()).hexdigest()


def _named(kept: Any) -> object:  # noqa: ANN401  # what the store keeps
    return kept.as_json()
