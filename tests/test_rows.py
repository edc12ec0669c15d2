"""What a recording becomes: rows of every table, in an order in which they can be inserted, their arrays unread."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from antelop.formats.rig import Camera, Feature, Rig
from antelop.formats.rig_rules import UNKNOWN
from antelop.ingest.rows import Keys, fingerprint, plan
from antelop.recording.columns import Column, Table
from antelop.recording.recording import Recording, Series, Video
from antelop.recording.views import Clock, Scaled
from tests.clocks import NOW

RECORDING = Recording(Path("x.nwb"), "2.7.0", "identifier", "object", NOW, NOW.isoformat())
SESSION = {"experimenter": "lab", "experiment_id": 3, "session_id": 41}
KEYS = Keys(SESSION, 2, [17, 18])
TIMES = np.array([0.5, 1.0, 2.0])


class Unread:
    """Samples that nobody may read yet."""

    def __init__(self, shape: tuple[int, ...], dtype: str = "f8") -> None:
        self.shape = shape
        self.dtype = np.dtype(dtype)

    def __getitem__(self, key: slice, /) -> NDArray[Any]:
        raise AssertionError("rows are planned without reading samples")


def planned(*features: Feature, series: Mapping[str, Any] | None = None, **recording: Any) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of a recording with these series, and of a rig with these features."""
    held = {
        path: Series(path, **{"neurodata_type": "TimeSeries", "data": Unread((3,)), "timestamps": Unread((3,)), **members})
        for path, members in (series or {}).items()
    }
    return plan(replace(RECORDING, series=held, **recording), Rig("1", "", features), KEYS)


def test_tables_come_in_the_order_of_their_references() -> None:
    """What is referred to is inserted before what refers to it, and every table has its list of rows."""
    rows = planned()
    assert list(rows) == [
        "World",
        "Self",
        "Video",
        "Object",
        "AnalogEvents",
        "DigitalEvents",
        "IntervalEvents",
        "Kinematics",
    ]
    assert rows["World"] == [{**SESSION, "behaviourrig_id": 2, "dlc_training": "False"}]
    assert rows["Self"] == [{**SESSION, "animal_id": 17}, {**SESSION, "animal_id": 18}]
    assert not any(rows[table] for table in list(rows)[2:])
    assert plan(RECORDING, Rig("1", "", ()), KEYS, dlc_training=True)["World"][0]["dlc_training"] == "True"


@pytest.mark.parametrize(
    ("owner", "animal_id", "object_type"),
    [(None, None, "World"), (1, 17, "Self"), (2, 18, "Self"), (UNKNOWN, None, "Self")],
)
def test_a_feature_belongs_to_the_world_or_to_an_animal(owner: int | None, animal_id: int | None, object_type: str) -> None:
    """Animal numbers are places in the list of animals; of one that only tracking will tell, there is no animal yet."""
    feature = Feature("lick", "acquisition", "analog", "", ownership="self" if owner else "world", animal=owner)
    rows = planned(Feature("tail", "deeplabcut", "kinematics", ""), feature, series={"acquisition/lick": {}})
    key = {**SESSION, "behaviourrig_id": 2, "feature_id": 2, "animal_id": animal_id}
    assert rows["Object"][1] == {**key, "object_name": "lick", "object_type": object_type}
    (row,) = rows["AnalogEvents"]
    assert {name: row[name] for name in key} == key


def test_analog_samples_are_left_where_they_are() -> None:
    """Samples, times, unit and coordinates; nothing is read, and only what has a conversion is scaled."""
    plain, scaled = Unread((3, 16), "i2"), Unread((3,), "i2")
    rows = planned(
        Feature("force", "acquisition", "analog", "", coordinates=(1.0, 2.0, 3.0)),
        Feature("lfp", "processing", "analog", "", module="ecephys/LFP"),
        series={
            "acquisition/force": {"data": scaled, "timestamps": Clock(0.0, 10.0, 3), "conversion": 0.5, "unit": "N"},
            "processing/ecephys/LFP/lfp": {"data": plain},
        },
    )
    force, lfp = rows["AnalogEvents"]
    assert force["data"] == Scaled(scaled, 0.5, 0.0)
    assert force["timestamps"] == Clock(0.0, 10.0, 3)
    assert [force[name] for name in ("unit", "x_coordinate", "y_coordinate", "z_coordinate")] == ["N", 1.0, 2.0, 3.0]
    assert lfp["data"] is plain
    assert [lfp[name] for name in ("analogevents_name", "unit", "x_coordinate", "z_coordinate")] == ["lfp", "", None, None]


def test_times_are_float64() -> None:
    """Times of another dtype are cast when they are read."""
    times = np.array([0.5, 1.0, 2.0], np.float32)
    row = planned(Feature("f", "acquisition", "analog", ""), series={"acquisition/f": {"timestamps": times}})["AnalogEvents"][0]
    assert row["timestamps"].dtype == row["timestamps"][:].dtype == np.float64


def test_events_are_in_the_order_of_their_times() -> None:
    """Digital values and intervals are sorted, and rows without a time left out; intervals are int8 and have no unit."""
    late = np.array([2.0, np.nan, 1.0])
    rows = planned(
        Feature("lick", "acquisition", "digital", ""),
        Feature("led", "stimulus", "interval", ""),
        series={
            "acquisition/lick": {"data": np.array([5, 6, 7]), "timestamps": late, "unit": "a.u."},
            "stimulus/led": {"data": np.array([-1.0, 0.0, 1.0]), "timestamps": late, "conversion": 3.0},
        },
    )
    (lick,), (led,) = rows["DigitalEvents"], rows["IntervalEvents"]
    assert (lick["data"][:].tolist(), lick["timestamps"][:].tolist(), lick["unit"]) == ([7, 5], [1.0, 2.0], "a.u.")
    assert (led["data"][:].tolist(), led["timestamps"][:].tolist()) == ([1, -1], [1.0, 2.0])
    assert led["data"].dtype == np.int8
    assert "unit" not in led


def test_a_table_of_intervals_is_starts_and_stops() -> None:
    """Each row of a TimeIntervals table gives 1 at its start and -1 at its stop."""
    columns = {"start_time": Column(np.array([1, 5])), "stop_time": Column(np.array([3, 8]))}
    table = Table("intervals/trials", "TimeIntervals", columns)
    rows = planned(Feature("trials", "intervals", "interval", ""), tables={table.path: table})
    (trials,) = rows["IntervalEvents"]
    assert trials["data"].tolist() == [1, -1, 1, -1]
    assert trials["data"].dtype == np.int8
    assert trials["timestamps"].tolist() == [1.0, 3.0, 5.0, 8.0]
    assert trials["timestamps"].dtype == np.float64


def test_kinematics_have_a_certainty_and_a_video() -> None:
    """Positions and confidence side by side; of a camera with several files, the first one is referred to."""
    films = tuple(Video(name, name, inside=True, size=9) for name in ("top1.mp4", "top2.mp4"))
    held = {
        "processing/pose/nose": Series(
            "processing/pose/nose", "PoseEstimationSeries", np.ones((3, 2)), TIMES, confidence=np.zeros(3)
        ),
        "processing/pose/tail": Series("processing/pose/tail", "SpatialSeries", np.ones((3, 3)), TIMES),
        "acquisition/side": Series("acquisition/side", "ImageSeries", None, Clock(0.0, 30.0, 0), videos=films[:1]),
        "acquisition/top": Series("acquisition/top", "ImageSeries", None, TIMES, videos=films),
    }
    rig = Rig(
        "1",
        "",
        (
            Feature("nose", "processing", "kinematics", "", module="pose", video="top", coordinates=(1, 2, 3)),
            Feature("tail", "processing", "kinematics", "", module="pose"),
        ),
        (Camera("side", "", "mp4"), Camera("top", "", "mp4")),
    )
    rows = plan(replace(RECORDING, series=held), rig, KEYS)
    assert [(row["video_id"], row["video_name"], row["video"]) for row in rows["Video"]] == [
        (1, "side", "top1.mp4"),
        (2, "top", "top1.mp4"),
        (3, "top", "top2.mp4"),
    ]
    assert [row["timestamps"] is not None for row in rows["Video"]] == [False, True, True]
    nose, tail = rows["Kinematics"]
    assert (nose["video_id"], tail["video_id"]) == (2, None)
    assert nose["data"][:].tolist() == [[1.0, 1.0, 0.0]] * 3
    np.testing.assert_array_equal(tail["data"][:], [[1.0, 1.0, 1.0, np.nan]] * 3)
    assert "x_coordinate" not in nose


def test_what_is_tracked_later_has_no_data_yet() -> None:
    """A feature of deeplabcut is an object of the session without samples, wherever it stands in the rig."""
    lick, tail = Feature("lick", "acquisition", "analog", ""), Feature("tail", "deeplabcut", "kinematics", "")
    rows = planned(lick, tail, series={"acquisition/lick": {}})
    assert [row["object_name"] for row in rows["Object"]] == ["lick", "tail"]
    assert [row["feature_id"] for row in rows["AnalogEvents"]] == [1]
    assert rows["Kinematics"] == []


def test_a_fault_that_a_check_should_have_found_is_ours() -> None:
    """A series without data is no reason to store something else."""
    with pytest.raises(ValueError, match="acquisition/lick has no data or no times"):
        planned(Feature("lick", "acquisition", "analog", ""), series={"acquisition/lick": {"data": None}})


class Kept:
    """What stands for an array that is in the store."""

    def __init__(self, content: str) -> None:
        self.content = content

    def as_json(self) -> object:
        return {"path": self.content}


def rows_of(content: str = "x", **changes: Any) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of a session with one feature."""
    row = {**SESSION, "behaviourrig_id": 2, "feature_id": 1, "animal_id": 17, "data": Kept(content), "unit": "N"}
    return {**planned(), "World": [dict(SESSION)], "AnalogEvents": [{**row, **changes}]}


def known(rows: dict[str, list[dict[str, Any]]], identifier: str = "identifier", began: datetime = NOW) -> str:
    """Return by what a recording of some rows is known."""
    return fingerprint(rows, identifier, began)


def test_a_recording_is_known_by_what_was_recorded() -> None:
    """Whose it is and in which rig does not matter; what was recorded does, to the last sample."""
    same = known(rows_of())
    assert len(same) == 64
    others: dict[str, Any] = {"experimenter": "ada", "experiment_id": 9, "session_id": 7, "behaviourrig_id": 5, "animal_id": 23}
    assert known(rows_of(**others)) == same
    assert known({**rows_of(), "World": [], "Self": []}) == same
    different = [rows_of("y"), rows_of(unit="g"), rows_of(feature_id=2), {**rows_of(), "Video": [{"video": Kept("film")}]}]
    assert len({same, *map(known, different)}) == 5


def test_recordings_of_equal_content_are_told_apart_by_identifier_and_start() -> None:
    """The same start in another time zone is the same; without a time zone it is another."""
    same = known(rows_of())
    assert known(rows_of(), began=NOW.astimezone(timezone(timedelta(hours=-5)))) == same
    changed: list[dict[str, Any]] = [
        {"identifier": "another"},
        {"began": NOW + timedelta(days=1)},
        {"began": NOW.replace(tzinfo=None)},
        {"began": datetime.max.replace(tzinfo=UTC)},
    ]
    assert len({same, *(known(rows_of(), **change) for change in changed)}) == 5
