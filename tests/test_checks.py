"""The checks: each finds what it is named after, says so in whole sentences, and is silent on a twin that is as it should."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from antelop.checks.examine import _ALL, Findings, examine
from antelop.checks.facts import Facts
from antelop.checks.scans import order, states
from antelop.checks.severities import CHECKS, CONFIGURABLE, FIXED
from antelop.errors import Problem, Rejected
from antelop.formats.manifest import Key
from antelop.formats.rig import Camera, DataType, Feature, Rig
from antelop.formats.rig_rules import UNKNOWN
from antelop.recording.columns import Column, Table
from antelop.recording.edges import edges
from antelop.recording.events import MOST_LOADED
from antelop.recording.interval_rows import in_order
from antelop.recording.recording import Listed, Recording, Series, Video
from antelop.recording.samples import Samples
from antelop.recording.views import Clock, Track
from tests.clocks import NOW

WHERE = "acquisition/lick"
REMEDY = "Correct the recording, or take the feature out of the rig"


class TimesOfFile(np.ndarray[Any, np.dtype[np.float64]]):
    """Times of a file, which gives them a unit."""

    unit = ""

    def __array_finalize__(self, made_of: Any) -> None:
        self.unit = getattr(made_of, "unit", "")


def in_unit(unit: str) -> TimesOfFile:
    """Return three times of a unit."""
    times = np.arange(3.0).view(TimesOfFile)
    times.unit = unit
    return times


RECORDING = Recording(Path("x.nwb"), "2.7.0", "identifier", "object", NOW, NOW.isoformat(), subject_id="m17")


FRAMES = Clock(0.0, 30.0, 0)


def sampled(data_type: Any = "analog", **members: Any) -> tuple[Recording, Rig]:
    """Return a recording of three samples, but for what is given, and the rig that names it."""
    data: Any = {"kinematics": np.zeros((3, 2)), "interval": np.array([1, -1, 1])}.get(data_type, np.zeros(3))
    if data_type == "interval" and "data" not in members:
        data, members = np.array([1, -1, 1, -1]), {"timestamps": np.arange(4.0), **members}
    series = Series(WHERE, **{"neurodata_type": "TimeSeries", "data": data, "timestamps": np.arange(3.0), **members})
    return replace(RECORDING, series={WHERE: series}), Rig("1", "", (Feature("lick", "acquisition", data_type, ""),))


TRIALS = Rig("1", "", (Feature("trials", "intervals", "interval", ""),))


def tabled(start: Any, stop: Any) -> tuple[Recording, Rig]:
    """Return a recording of a table of trials, and the rig that names it."""
    return tabled_as({"start_time": np.asanyarray(start), "stop_time": np.asanyarray(stop)}), TRIALS


def choosing(data_type: DataType, where: Mapping[str, tuple[Any, ...]], **members: Any) -> tuple[Recording, Rig]:
    """Return a recording of two samples, and a rig that takes those with some values."""
    recording, rig = sampled(data_type, timestamps=np.arange(2.0), **members)
    return recording, replace(rig, features=(replace(rig.features[0], where=where),))


def tabled_as(columns: Mapping[str, Any]) -> Recording:
    """Return a recording of a table of trials with these columns."""
    table = Table("intervals/trials", "TimeIntervals", {name: Column(samples) for name, samples in columns.items()})
    return replace(RECORDING, tables={table.path: table})


def filmed(*videos: Video, timestamps: Samples | None = FRAMES, **members: Any) -> tuple[Recording, Rig]:
    """Return a recording of a camera, and the rig that declares it."""
    series = Series("acquisition/top", "ImageSeries", None, timestamps, videos=videos, **members)
    return replace(RECORDING, series={series.path: series}), Rig("1", "", (), (Camera("top", "", "mp4"),))


VIDEO = Video("top.mp4", "top.mp4", inside=True, size=1)


def found(pair: tuple[Recording, Rig], facts: Facts | None = None, **severities: Any) -> Findings:
    """Return what is found, with the default severities but for those that are given."""
    return examine(*pair, facts, severities, NOW)


SOUND = [
    *(sampled(data_type) for data_type in ("analog", "digital", "interval", "kinematics")),
    sampled("analog", data=np.zeros((3, 3), np.int16), timestamps=Clock(-1.0, 1000.0, 3), conversion=0.1, unit="V"),
    sampled(data=np.zeros((3, 16)), channels=16),
    sampled(data=np.zeros((3, 3))),
    *(
        (replace(RECORDING, session_start_time=began), Rig("1", "", ()))
        for began in [
            datetime(2000, 1, 1, tzinfo=UTC),
            NOW + timedelta(minutes=59),
            NOW.replace(tzinfo=None) + timedelta(hours=14, minutes=59),
        ]
    ),
    sampled("digital", data=np.array([True, False, True]), timestamps=np.array([0, 0, 7])),
    sampled("kinematics", data=np.zeros((3, 4))),
    sampled("kinematics", data=np.zeros((3, 3)), neurodata_type="SpatialSeries"),
    sampled("kinematics", neurodata_type="PoseEstimationSeries", confidence=np.ones(3)),
    sampled("interval", conversion=0.0, offset=np.nan),  # starts and stops have no unit
    sampled(data=np.zeros((3, 2)), channel_conversion=(0.1, 0.2), timestamps=in_unit("Seconds")),
    sampled(channel_conversion=(0.5,), timestamps=in_unit(" s.")),
    sampled("digital", data=np.array([2**53, -(2**63), 3 * 2**60]), conversion=0.5, timestamps=np.array([1, 2, 3])),
    sampled(data=np.array([2**63, 2**64 - 1, 1], np.uint64)),  # stored in its own type
    sampled(timestamps=Clock(86_000.0, 1e9, 3)),
    tabled([0.0, 2.0, 2.0], [2.0, 2.0, 3.0]),
    filmed(VIDEO, replace(VIDEO, name="TOP2.MP4"), timestamps=np.arange(3.0), starting_frames=(0, 2)),
    filmed(VIDEO),
    (RECORDING, Rig("1", "", (Feature("tail", "deeplabcut", "kinematics", ""),))),
]


@pytest.mark.parametrize("pair", SOUND)
def test_nothing_is_found_where_all_is_well(pair: tuple[Recording, Rig]) -> None:
    """The twins of all cases below: each form that data, times, tables and videos may have passes every check."""
    assert found(pair, times_from_session_start="warning") == Findings((), ())


@dataclass(frozen=True)
class Declared:
    """Whole numbers (n,) that a file declares, going up or down, of which some bytes were written."""

    length: int
    written: int
    step: int = 1
    in_holes: int = 0

    @property
    def shape(self) -> tuple[int]:
        return (self.length,)

    @property
    def dtype(self) -> np.dtype[np.float64]:
        return np.dtype(np.float64)

    def bytes_written(self) -> int:
        return self.written

    def bytes_in_holes(self) -> int:
        return self.in_holes

    def __getitem__(self, key: slice) -> NDArray[np.float64]:
        return self.step * np.arange(*key.indices(self.length), dtype=np.float64)


LARGE = Declared(2**24 + 1, 8 * (2**24 + 1))

FACTOR = "Write the number that turns stored values into the unit"
SECONDS = "and times are stored in seconds"
CORRECT = "Write the times in seconds, or correct their unit"

ROUNDED: list[tuple[DataType, str, int, dict[str, Any]]] = [
    ("analog", "data", 1, {"data": np.array([2**53, 2**53 + 1, -(2**63)]), "conversion": 2.0}),
    ("digital", "data", 2, {"data": np.array([2**63, 1, 2**64 - 1], np.uint64), "offset": 1.0}),
    ("kinematics", "data", 0, {"data": np.array([[1, -(2**53) - 1], [2, 3], [4, 5]])}),
    ("digital", "times", 2, {"timestamps": np.array([0, 2**60, 2**60 + 1], ">i8")}),
    ("analog", "times", 0, {"timestamps": np.array([2**53 + 1, 2**53 + 2, 2**53 + 4], np.uint64)}),
]
"""By data type: whether data or times have an integer that float64 rounds, in which row, and what makes it so."""

ERRORS = [
    (
        sampled(data=Declared(3, 0)),
        "never_written",
        WHERE,
        "its data, of shape (3,), declares 24 bytes, of which none was ever written",
        "Write it again without what was not recorded, or copy it again if it should be whole",
    ),
    (
        sampled("digital", timestamps=Declared(3, 16)),
        "never_written",
        WHERE,
        "its timestamps, of shape (3,), declares 24 bytes, of which 16 were written",
        "Write it again without what was not recorded, or copy it again if it should be whole",
    ),
    (
        (
            tabled_as({"start_time": Declared(3, 0), "stop_time": np.arange(3.0)}),
            TRIALS,
        ),
        "never_written",
        "intervals/trials",
        "its start_time, of shape (3,), declares 24 bytes, of which none was ever written",
        "Write it again without what was not recorded, or copy it again if it should be whole",
    ),
    (
        sampled("digital", data=LARGE, timestamps=replace(LARGE, step=-1)),
        "too_large_to_load",
        WHERE,
        f"its {16 * LARGE.length} bytes have to be in memory at once, where {2**28} are set aside for such",
        "Write it in parts, and its events in the order of their times",
    ),
    (
        (tabled_as({"start_time": LARGE, "stop_time": LARGE}), TRIALS),
        "too_large_to_load",
        "intervals/trials",
        f"its {16 * LARGE.length} bytes have to be in memory at once, where {2**28} are set aside for such",
        "Write it in parts, and its events in the order of their times",
    ),
    (
        (replace(RECORDING, listed={"processing/behavior/lick": Listed("TimeSeries", "series")}), sampled()[1]),
        "feature_missing",
        WHERE,
        "the rig names it and the file does not have it",
        "The file has processing/behavior/lick: correct the rig, or the recording",
    ),
    (
        (replace(RECORDING, listed={"acquisition/licks": Listed("TimeSeries", "series")}), sampled()[1]),
        "feature_missing",
        WHERE,
        "the rig names it and the file does not have it",
        "The file has acquisition/licks: correct the rig, or the recording",
    ),
    ((RECORDING, sampled()[1]), "feature_missing", WHERE, "the rig names it and the file does not have it", REMEDY),
    (
        (replace(RECORDING, others={WHERE: "ElectricalSeries\n"}), sampled()[1]),
        "feature_missing",
        WHERE,
        "what the file has there is not a time series that can be stored: ElectricalSeries\\n",
        REMEDY,
    ),
    (
        (RECORDING, tabled([], [])[1]),
        "feature_missing",
        "intervals/trials",
        "the rig names it and the file does not have it",
        REMEDY,
    ),
    (sampled(data=None), "data_missing", WHERE, "it has no data", REMEDY),
    (sampled(data=None, videos=(VIDEO,)), "data_missing", WHERE, "it names external videos and has no data", REMEDY),
    (
        sampled(data=np.array(["a", "b", "c"], object)),
        "data_not_numeric",
        WHERE,
        "its data are text, not numbers",
        REMEDY,
    ),
    (
        sampled(data=np.zeros(3, complex)),
        "data_not_numeric",
        WHERE,
        "its data are of the type complex128, not numbers",
        REMEDY,
    ),
    *(
        (
            sampled(data_type, data=np.zeros(shape), **members),
            "data_shape",
            WHERE,
            f"its data have the shape {shape}, and {data_type} data are {shapes}",
            "Correct the recording, or the data_type that the rig gives the feature" + more,
        )
        for data_type, shape, shapes, more, members in [
            ("analog", (), "(n,) or (n, channels)", "", {}),
            ("analog", (3, 2, 2), "(n,) or (n, channels)", "", {}),
            ("digital", (3, 2), "(n,)", ', or name one column in its source, such as "column": 0', {}),
            ("interval", (3, 2), "(n,)", ', or name one column in its source, such as "column": 0', {}),
            ("kinematics", (3,), "(n, 2), (n, 3) or (n, 4)", "", {}),
            ("kinematics", (3, 5), "(n, 2), (n, 3) or (n, 4)", "", {}),
            ("kinematics", (3, 4), "(n, 2) or (n, 3)", "", {"neurodata_type": "SpatialSeries"}),
        ]
    ),
    (
        sampled(data=np.zeros((4, 3)), timestamps=np.arange(4.0), channels=4),
        "channels_other",
        WHERE,
        "it has 3 channels, and refers to 4 electrodes, ROIs or other rows of a table, as if time were its second dimension",
        "Write it with samples as rows, and a channel for each row that it refers to",
    ),
    (
        sampled(data=np.zeros((3, 2)), channels=1),
        "channels_other",
        WHERE,
        "it has 2 channels, and refers to 1 electrodes, ROIs or other rows of a table",
        "Write it with samples as rows, and a channel for each row that it refers to",
    ),
    (
        sampled("kinematics", confidence=np.ones(2)),
        "confidence_shape",
        WHERE,
        "its confidence has the shape (2,), for positions of (3, 2)",
        REMEDY,
    ),
    (
        sampled("kinematics", confidence=np.array(["high"] * 3)),
        "confidence_shape",
        WHERE,
        "its confidence is text, not numbers",
        REMEDY,
    ),
    (sampled(timestamps=None), "times_missing", WHERE, "it has neither timestamps nor a rate", REMEDY),
    (sampled(timestamps=np.array(["1", "2", "3"])), "times_not_numeric", WHERE, "its times are text, not numbers", REMEDY),
    (
        sampled(timestamps=np.zeros((3, 1))),
        "times_not_numeric",
        WHERE,
        "its times have the shape (3, 1), and not (n,)",
        REMEDY,
    ),
    *(
        (
            sampled(timestamps=Clock(start, rate, 3)),
            "rate_unusable",
            WHERE,
            f"its rate is {rate:g} Hz, from a starting_time of {start:g} s",
            REMEDY,
        )
        for start, rate in [(0.0, 0.0), (0.5, -30.0), (0.0, np.nan), (0.0, np.inf), (np.nan, 30.0), (0.0, 1e-320)]
    ),
    (sampled(timestamps=np.arange(4.0)), "lengths_differ", WHERE, "it has 3 samples and 4 times", REMEDY),
    (
        sampled("interval", data=np.array([1, -1])),
        "lengths_differ",
        WHERE,
        "it has 2 samples and 3 times",
        REMEDY,
    ),
    (
        tabled([0.0, 1.0], [0.5]),
        "lengths_differ",
        "intervals/trials",
        "its start_time has the shape (2,), its stop_time (1,)",
        REMEDY,
    ),
    *(
        (sampled(data_type, **{name: value}), "conversion_unusable", WHERE, f"its {name} is {shown}", FACTOR)
        for data_type in ("analog", "digital", "kinematics")
        for name, value, shown in [
            ("conversion", 0.0, "0"),
            ("conversion", np.nan, "nan"),
            ("conversion", -np.inf, "-inf"),
            ("offset", np.nan, "nan"),
        ]
    ),
    *(
        (
            sampled(data=np.zeros((3, 2)), channel_conversion=(1.0, factor)),
            "conversion_unusable",
            WHERE,
            f"its channel_conversion is {factor:g}",
            FACTOR,
        )
        for factor in (0.0, np.nan, np.inf)
    ),
    (
        sampled(data=np.zeros((3, 2)), channel_conversion=(1.0, 2.0, 3.0)),
        "conversion_unusable",
        WHERE,
        "it has 3 values of channel_conversion, and its data of shape (3, 2) have 2 channels",
        "Write one for each channel",
    ),
    (
        sampled(channel_conversion=(1.0, 2.0)),
        "conversion_unusable",
        WHERE,
        "it has 2 values of channel_conversion, and its data of shape (3,) have 1 channel",
        "Write one for each channel",
    ),
    *(
        (
            sampled(data_type, data=data, timestamps=in_unit(unit)),
            "times_unit",
            WHERE,
            f'the unit of its times is "{unit}", {SECONDS}',
            CORRECT,
        )
        for data_type, data in (("analog", np.zeros(3)), ("digital", np.ones(3)), ("kinematics", np.zeros((3, 2))))
        for unit in ("ms", "Milliseconds", "samples", "frames", "minutes", "ticks of 1/30000 s")
    ),
    (
        filmed(VIDEO, timestamps=in_unit("frame")),
        "times_unit",
        "acquisition/top",
        f'the unit of its times is "frame", {SECONDS}',
        CORRECT,
    ),
    *(
        (
            tabled(start, stop),
            "times_unit",
            f"intervals/trials/{column}",
            f'the unit of its times is "ms", {SECONDS}',
            CORRECT,
        )
        for column, start, stop in [
            ("start_time", in_unit("ms"), in_unit("s") + 1),
            ("stop_time", in_unit(""), in_unit("ms") + 1),
        ]
    ),
    *(
        (
            sampled(data_type, **changes),
            "integers_rounded",
            WHERE,
            f"1 of 3 rows of its {name} have integers beyond 2**53 that float64 rounds, the first at index {index}",
            "Subtract their start before they are written",
        )
        for data_type, name, index, changes in ROUNDED
    ),
    (
        sampled(unit="V" * 101),
        "text_unusable",
        WHERE,
        f'its unit "{"V" * 58}… has 101 characters',
        "Give it one of at most 100 characters",
    ),
    (
        (replace(sampled()[0], identifier="\udc80"), sampled()[1]),
        "text_unusable",
        "",
        'its identifier "\\udc80" has characters that cannot be stored',
        "Give it one in UTF-8",
    ),
    *(
        (
            sampled(data_type, timestamps=np.array([0.0, np.nan, np.inf])),
            "times_not_finite",
            WHERE,
            "2 of 3 times are not finite, the first at index 1",
            REMEDY,
        )
        for data_type in ("analog", "kinematics")
    ),
    *(
        (
            sampled(data_type, timestamps=np.array([0.0, 2.0, 1.5])),
            "times_backward",
            WHERE,
            "1 of 3 times step back, the first at index 2 to 1.500 s",
            REMEDY,
        )
        for data_type in ("analog", "kinematics")
    ),
    (
        sampled("interval", data=np.array([1, 0, -2])),
        "interval_values",
        WHERE,
        "2 of 3 values are neither 1 nor -1, the first is 0 at 1.000 s",
        'Store a value above 0 at each start and below 0 at each stop, or name one kind by "where": {"value": 2}',
    ),
    *(
        (
            sampled("interval", data=data),
            "interval_values",
            WHERE,
            f"{count} of 3 values are neither 1 nor -1, the first is {data[first]} at {first}.000 s",
            'Store a value above 0 at each start and below 0 at each stop, or name one kind by "where": {"value": 2}',
        )
        for data, count, first in [
            (np.array([0, 1, 2], np.uint8), 2, 0),
            (np.array([1.0, -1.0, np.nan]), 1, 2),
            (np.array([1, 2, -1]), 1, 1),
            (np.array([1.0, 0.0, -1.0], np.float32), 1, 1),
        ]
    ),
    (
        sampled("interval", data=np.array([1, -1, -1])),
        "interval_repeated",
        WHERE,
        "1 of 3 values repeat the one before, the first is a second stop at 2.000 s",
        "Store a stop after every start, or correct the rig's data_type",
    ),
    (
        tabled([0.0, 1.0], [np.nan, 0.5]),
        "table_without_rows",
        "intervals/trials",
        "none of its 2 rows has both a start and a stop after it",
        f'{REMEDY}; a "digital" feature needs no stops',
    ),
    (
        tabled([3.0, 0.5, 0.0], [4.0, 2.0, 1.0]),
        "table_overlap",
        "intervals/trials",
        "1 of 3 rows stop after the next one has started, the first at 1.000 s, and not before 0.500 s",
        f'{REMEDY}, or take only some rows by "where"',
    ),
    (
        (tabled([0.0], [1.0])[0], Rig("1", "", (Feature("trials", "intervals", "digital", "", column="port"),))),
        "source_unusable",
        "intervals/trials",
        'it has no column "port"',
        'Name one that it has: "start_time", "stop_time"',
    ),
    (
        (replace(RECORDING, others={"acquisition/top": "ImageSeries (odd)"}), filmed()[1]),
        "video_missing",
        "acquisition/top",
        "what the file has there names no videos that can be stored: ImageSeries (odd)",
        "Make it an ImageSeries with external files, or take the video out of the rig",
    ),
    (
        (RECORDING, filmed()[1]),
        "video_missing",
        "acquisition/top",
        "the rig names this video and the file does not have it",
        "Record it, or take the video out of the rig",
    ),
    (
        (replace(RECORDING, listed={"acquisition/Top": Listed("ImageSeries", "series")}), filmed()[1]),
        "video_missing",
        "acquisition/top",
        "the rig names this video and the file does not have it",
        "The file has acquisition/Top: correct the rig, or the recording",
    ),
    (
        filmed(),
        "video_missing",
        "acquisition/top",
        "it is ImageSeries and names no video files",
        "Make it an ImageSeries with external files, or take the video out of the rig",
    ),
    (
        filmed(VIDEO, Video("top2.mp4", None, inside=True, size=0), starting_frames=(0, 3)),
        "video_file_missing",
        "acquisition/top",
        'the video file "top2.mp4" is not there',
        "Put it next to the NWB file, at the path that the NWB file gives",
    ),
    (
        filmed(Video("D:/data/top.mp4", "D:/data/top.mp4", inside=False, size=0)),
        "video_outside",
        "acquisition/top",
        'the video file "D:/data/top.mp4" is at a path of another computer',
        (
            "Put it next to the NWB file, and have the NWB file name it there, "
            "or say in the configuration where that computer's folder is: [videos] map"
        ),
    ),
    (
        filmed(Video("top\\2.mp4", None, inside=True, size=0, sought="top/2.mp4")),
        "video_file_missing",
        "acquisition/top",
        'the video file "top\\\\2.mp4" is not there, at "top/2.mp4"',
        "Put it next to the NWB file, at the path that the NWB file gives",
    ),
    (
        filmed(Video("../../etc/top.mp4", "../../etc/top.mp4", inside=False, size=0)),
        "video_outside",
        "acquisition/top",
        'the video file "../../etc/top.mp4" is outside the folder of the NWB file',
        "Put it next to the NWB file, and have the NWB file name it there",
    ),
    (
        filmed(replace(VIDEO, name="top.avi")),
        "video_format",
        "acquisition/top",
        'the video file "top.avi" is not mp4, as the rig says',
        "Correct the recording, or the format that the rig gives the video",
    ),
    (
        filmed(replace(VIDEO, size=0)),
        "video_empty",
        "acquisition/top",
        'the video file "top.mp4" is empty',
        "Copy it again from where it was recorded",
    ),
    (
        filmed(VIDEO, timestamps=Clock(0.0, 0.0, 0)),
        "rate_unusable",
        "acquisition/top",
        "its rate is 0 Hz, from a starting_time of 0 s",
        REMEDY,
    ),
]


@pytest.mark.parametrize(("pair", "check", "where", "what", "remedy"), ERRORS)
def test_what_cannot_be_stored_is_an_error(pair: tuple[Recording, Rig], check: str, where: str, what: str, remedy: str) -> None:
    """One defect is one error, no other check trips over it, and no configuration hides what cannot be stored."""
    assert found(pair).errors == (Problem(check, where, what, remedy),)
    assert bool(found(pair, None, **{check: "off"}).errors) == (check in FIXED)


UNTOLD: list[tuple[int, str, Samples, tuple[int, ...], str]] = [
    (2, "2 files", FRAMES, (), "nothing"),
    (2, "2 files", FRAMES, (0, 0), "0, 0"),
    (3, "3 files", FRAMES, (0, 2), "0, 2"),
    (2, "2 files", Clock(0.0, 30.0, 0), (1, 2), "1, 2"),
    (2, "2 files", np.arange(3.0), (0, 3), "0, 3"),
    (1, "1 file", FRAMES, (7,), "7"),
    (7, "7 files", FRAMES, (0, 9, 8, 7, 6, 5, 4), "0, 9, 8, 7, 6"),
]
"""Numbers of video files, times of frames and starting frames that do not tell which times are whose."""

WARNINGS = [
    (
        tabled([0.0, np.nan, 3.0], [1.0, 2.0, np.inf]),
        "table_not_finite",
        "intervals/trials",
        "2 of 3 rows are left out, because their start or stop is not finite, the first at index 1",
        "Check how the table was written",
    ),
    (
        tabled([0.0, 5.0], [1.0, 4.0]),
        "table_backward",
        "intervals/trials",
        "1 of 2 rows are left out, because they stop before they start, the first at index 1, from 5.000 s to 4.000 s",
        "Check how the table was written",
    ),
    (
        tabled([2.0, 0.0, 1.0, 3.0], [2.5, 1.0, 2.0, 4.0]),
        "table_sorted",
        "intervals/trials",
        "2 of 4 rows are earlier than one above them, the first at index 1, at 0.000 s, so the rows are sorted by time",
        "Check how the table was written",
    ),
    (
        tabled([0.0, 0.25, 0.5], [np.nextafter(0.25, 1), 0.5 + 9e-5, 1.0]),
        "table_touching",
        "intervals/trials",
        "2 of 3 rows stop less than a tick after the next one starts, the first at 0.250 s: they stop when it starts",
        "Check how the table was written",
    ),
    (
        sampled("interval", data=np.array([True, False, False])),
        "interval_open",
        WHERE,
        "it is on at its first sample, at 0.000 s: it may have been on before",
        "Leave the first start out in masks that pair starts with stops",
    ),
    (
        choosing("interval", {"value": (2,)}, data=np.array([1, -1])),
        "where_unmatched",
        WHERE,
        "no value is of the kind that the rig's source names",
        "Check how the file writes it, unless it did not happen in this session",
    ),
    (
        choosing("digital", {"value": (1, 7)}, data=np.array([1, 2])),
        "where_unmatched",
        WHERE,
        'no row has 7 in its column "value"',
        "Check how the file writes it, unless it did not happen in this session",
    ),
    (
        sampled(data=Declared(3, 24, in_holes=16)),
        "samples_in_holes",
        WHERE,
        "16 bytes of its data were never written to the disk, and read as zeros",
        "Copy it again, unless it was copied in a way that leaves out zeros",
    ),
    (
        sampled(data=np.zeros((3, 4))),
        "channels_outnumber",
        WHERE,
        "it has 3 samples of 4 channels, as if time were its second dimension",
        "Write it with samples as rows and channels as columns",
    ),
    *(
        (
            (replace(RECORDING, session_start_time=began, session_start_written=began.isoformat()), Rig("1", "", ())),
            "session_start_unlikely",
            "session_start_time",
            f"its session_start_time is {began.isoformat()}, which is {when}",
            "Set the clock of the computer that records, or correct the program that writes the time",
        )
        for began, when in [
            (datetime(1970, 1, 1, tzinfo=UTC), "before 2000"),
            (datetime(1999, 12, 31, 23, 59, tzinfo=UTC), "before 2000"),
            (NOW.replace(year=1), "before 2000"),
            (NOW + timedelta(minutes=61), "in the future"),
            (NOW.replace(tzinfo=None) + timedelta(hours=15, minutes=1), "in the future"),
            (datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))), "in the future"),
        ]
    ),
    (
        (replace(RECORDING, session_start_written="22-Nov-2026 09:30:00 UTC"), Rig("1", "", ())),
        "session_start_format",
        "session_start_time",
        'its session_start_time "22-Nov-2026 09:30:00 UTC" is read as 2026-11-22T09:30:00+00:00',
        "Write it in ISO 8601, such as 2026-11-22T09:30:00+01:00",
    ),
    *(
        (
            sampled(data_type, timestamps=timestamps),
            "times_indistinct",
            WHERE,
            "1 of 3 times equal the one before, the first at index 2",
            "Store times as float64, and count them from the start of the session",
        )
        for data_type in ("analog", "kinematics")
        for timestamps in (
            np.array([0.0, 1.0, 1.0]),
            np.array([0, 1, 1 + np.finfo(np.longdouble).eps], np.longdouble),
            np.array([260, 261, 261 + 1e-5], np.float32),
        )
    ),
    *(
        (
            sampled(data_type, timestamps=Clock(start, 30_000.0, 3)),
            "times_indistinct",
            WHERE,
            "its times are 3.33333e-05 s apart, and float64 has only one number in 0.000244141 s there",
            "Count times from the start of the session",
        )
        for data_type in ("analog", "digital")
        for start in (1.7e12, -1.7e12)
    ),
    (
        sampled("digital", timestamps=np.array([0.0, np.nan, 2.0])),
        "events_without_time",
        WHERE,
        "1 of 3 events are left out, because their times are not finite",
        "Check that the device was connected, and how it writes that nothing happened",
    ),
    (
        sampled("digital", timestamps=np.array([2.0, 0.0, 1.0])),
        "events_sorted",
        WHERE,
        "1 of 3 times step back, so the events are sorted by time",
        "Check how the events were written",
    ),
    (
        sampled("interval", data=np.array([1, -1, -1, 1]), timestamps=np.array([1.0, 2.0, 4.0, 3.0])),
        "events_sorted",
        WHERE,
        "1 of 4 times step back, so the events are sorted by time",
        "Check how the events were written",
    ),
    (
        sampled("interval", data=np.array([-1, 1, -1])),
        "interval_open",
        WHERE,
        "it begins with a stop, at 0.000 s: it was on before",
        "Leave the first stop out in masks that pair starts with stops",
    ),
    (
        sampled("interval", data=np.array([1, -1, 1])),
        "interval_open",
        WHERE,
        "it ends with a start, at 2.000 s: it stayed on",
        "Leave the last start out in masks that pair starts with stops",
    ),
    *(
        (
            sampled(data_type, data=np.zeros(shape), timestamps=np.zeros(0)),
            "channel_empty",
            WHERE,
            "it is empty",
            "Check that what it records was connected",
        )
        for data_type, shape in [("analog", 0), ("analog", (0, 4)), ("digital", 0), ("interval", 0), ("kinematics", (0, 2))]
    ),
    (tabled([], []), "channel_empty", "intervals/trials", "it is empty", "Check that what it records was connected"),
    (
        filmed(VIDEO, timestamps=None),
        "video_times",
        "acquisition/top",
        "the video has neither timestamps nor a rate",
        "Record when each frame was taken",
    ),
    (
        filmed(VIDEO, timestamps=np.array([0.0, np.nan, 3.0, 2.0])),
        "video_times",
        "acquisition/top",
        "of 4 times of frames, 1 are not finite and 1 step back",
        "Check the camera's clock",
    ),
    *(
        (
            filmed(*[VIDEO] * files, timestamps=timestamps, starting_frames=starts),
            "video_starts",
            "acquisition/top",
            f"its {number} cannot be told apart in its times: starting_frame is {said}",
            (
                "Write the index of each file's first frame, counted over all files: 0, then always more. "
                "Until then, each file is stored with the times of all"
            ),
        )
        for files, number, timestamps, starts, said in UNTOLD
    ),
]


@pytest.mark.parametrize(("pair", "check", "where", "what", "remedy"), WARNINGS)
def test_what_is_odd_but_usable_is_a_warning(
    pair: tuple[Recording, Rig], check: str, where: str, what: str, remedy: str
) -> None:
    """One oddity is one warning; the configuration can make it an error or hide it."""
    problem = Problem(check, where, what, remedy)
    assert found(pair) == Findings((), (problem,))
    assert found(pair, None, **{check: "error"}) == Findings((problem,), ())
    assert found(pair, None, **{check: "off"}) == Findings((), ())


FACTS = Facts(
    experiment={"experimenter": "lab", "experiment_id": 3},
    session={"experimenter": "lab", "experiment_id": 3, "session_id": 41},
    session_exists=True,
    session_timestamp=datetime(2026, 11, 22, 23),  # noqa: DTZ001  # as the database has it: local
    sessions={40: "friday", 41: "monday", 43: "tuesday", 7: "first", 9: "second", 11: "third"},
    animals=({"animal_id": 17},),
    experiment_animals={17: "m17", 18: "m18", 19: "20"},
)


def rig_of(numbers: list[int | None]) -> Rig:
    """Return a rig with features of these animals."""
    features = [
        Feature(f"lick{index}", "deeplabcut", "kinematics", "", ownership="self" if number else "world", animal=number)
        for index, number in enumerate(numbers)
    ]
    return Rig("1", "", tuple(features))


ONE = rig_of([None, 1])
TWO = rig_of([1, 2, UNKNOWN])
OPEN = rig_of([UNKNOWN])


@pytest.mark.parametrize(
    ("subject", "rig", "facts"),
    [
        ("m17", ONE, FACTS),
        ("m17", ONE, replace(FACTS, session_timestamp=None)),
        (" M17 ", ONE, FACTS),
        ("17", ONE, FACTS),
        (None, ONE, FACTS),
        ("m17", TWO, replace(FACTS, animals=({"animal_name": "m18"}, {"animal_name": "m17"}))),
        ("m18", OPEN, replace(FACTS, animals=({"animal_id": 17}, {"animal_id": 18}))),
        ("m99", rig_of([None]), replace(FACTS, animals=())),
        ("20", ONE, replace(FACTS, animals=({"experimenter": "lab", "experiment_id": 3, "animal_name": "20"},))),
    ],
)
def test_the_database_agrees_with_the_delivery(subject: str | None, rig: Rig, facts: Facts) -> None:
    """Animals and subject may be given by name or id, the subject in any case; without animals nothing is said of it."""
    assert found((replace(RECORDING, subject_id=subject), rig), facts) == Findings((), ())


ORDER = "Name the animals in the order of the rig's animal numbers"


@pytest.mark.parametrize(
    ("rig", "facts", "problem"),
    [
        (
            ONE,
            replace(FACTS, session={"session_id": 42}, session_exists=False),
            Problem(
                "session_unknown",
                "/session/session_id",
                "session 42 is not in the database",
                "Add it, or name one that experiment 3 has: 9, 11, 40, 41, 43",
            ),
        ),
        (
            ONE,
            replace(FACTS, session={"session_name": "Mondey"}, session_exists=False),
            Problem(
                "session_unknown",
                "/session/session_name",
                'session "Mondey" is not in the database',
                'Add it, or name one that experiment 3 has: "monday"',
            ),
        ),
        (
            ONE,
            replace(FACTS, session={"session_name": "x"}, session_exists=False, sessions={}),
            Problem(
                "session_unknown",
                "/session/session_name",
                'session "x" is not in the database',
                "Add it: experiment 3 has none yet",
            ),
        ),
        (TWO, FACTS, Problem("animals_count", "/animals", "the rig has 2 animals, and the delivery names 1", ORDER)),
        (
            ONE,
            replace(FACTS, animals=({"animal_id": 17}, {"animal_id": 18})),
            Problem("animals_count", "/animals", "the rig has 1 animal, and the delivery names 2", ORDER),
        ),
        (
            OPEN,
            replace(FACTS, animals=()),
            Problem("animals_count", "/animals", "the rig has at least 1 animal, and the delivery names 0", ORDER),
        ),
        (rig_of([None]), FACTS, Problem("animals_count", "/animals", "the rig has 0 animals, and the delivery names 1", ORDER)),
        (
            TWO,
            replace(FACTS, animals=({"animal_id": 17}, {"animal_name": "m81"})),
            Problem(
                "animal_unknown",
                "/animals/1/animal_name",
                'animal "m81" is not in experiment 3',
                'Add it, or name one that experiment 3 has: "m18"',
            ),
        ),
        (
            TWO,
            replace(FACTS, animals=({"animal_id": 17}, {"experimenter": "lab", "experiment_id": 5, "animal_id": 18})),
            Problem(
                "animal_elsewhere",
                "/animals/1/animal_id",
                "animal 18 is of another experiment than the session: experiment_id 5",
                "Name an animal of the session's experiment",
            ),
        ),
        (
            TWO,
            replace(FACTS, animals=({"animal_id": 17}, {"animal_name": "m17"})),
            Problem(
                "animal_repeated",
                "/animals/1/animal_name",
                'animal "m17" is the same as /animals/0/animal_id',
                "Name each animal once",
            ),
        ),
        (
            ONE,
            replace(FACTS, animals=({"animal_id": 18},)),
            Problem(
                "subject_other",
                "general/subject/subject_id",
                'the file\'s subject "m17" is animal 17 ("m17"), which the delivery does not name',
                "Name the animal that was recorded, or correct the file's subject",
            ),
        ),
    ],
)
def test_what_the_database_cannot_take_is_an_error(rig: Rig, facts: Facts, problem: Problem) -> None:
    """One wrong key is one error; and without a database nothing is said of keys."""
    assert found((RECORDING, rig), facts).errors == (problem,)
    assert found((RECORDING, rig)) == Findings((), ())


def test_a_recording_of_another_day_or_subject_is_odd() -> None:
    """A subject that nobody knows and a session of another day are warnings."""
    recording = replace(RECORDING, subject_id="mouse", session_start_time=datetime(2026, 11, 21, 9, 59, tzinfo=UTC))
    assert found((recording, ONE), FACTS).warnings == (
        Problem(
            "subject_unknown",
            "general/subject/subject_id",
            'the file\'s subject "mouse" is not the name of an animal of the experiment',
            "Check that the file is of this session",
        ),
        Problem(
            "session_date",
            "session_start_time",
            "the file's session began on 2026-11-21, and the session is of 2026-11-22",
            "Check that the file is of this session",
        ),
    )


@pytest.mark.parametrize("animals", [({"animal_id": 17},), ({"animal_name": "m17"},)])
def test_a_number_is_the_name_of_a_subject(animals: tuple[Key, ...]) -> None:
    """It is the id of an animal only if the delivery names this animal: a lab counts its animals as it likes."""
    facts = replace(FACTS, animals=animals)
    (warning,) = found((replace(RECORDING, subject_id="18"), ONE), facts).warnings
    assert (warning.check, warning.what) == (
        "subject_unknown",
        'the file\'s subject "18" is not the name of an animal of the experiment',
    )
    assert found((replace(RECORDING, subject_id="17"), ONE), facts) == Findings((), ())
    (error,) = found((replace(RECORDING, subject_id="20"), ONE), facts).errors
    assert (error.check, error.what) == (
        "subject_other",
        'the file\'s subject "20" is animal 19 ("20"), which the delivery does not name',
    )


def of_two_animals(*subjects: str) -> tuple[Recording, Rig]:
    """Return a recording of the noses of some subjects, and the rig that has one for each animal number."""
    paths = [f"processing/behavior/Pose{number}/nose" for number in range(1, len(subjects) + 1)]
    series = {path: Series(path, "PoseEstimationSeries", np.zeros((3, 2)), np.arange(3.0)) for path in paths}
    told = {path.rpartition("/")[0]: subject for path, subject in zip(paths, subjects, strict=True) if subject}
    features = [
        Feature("nose", "processing", "kinematics", "", f"behavior/Pose{number}", ownership="self", animal=number)
        for number in range(1, len(subjects) + 1)
    ]
    return replace(RECORDING, series=series, subjects=told), Rig("1", "", tuple(features))


@pytest.mark.parametrize(
    ("subjects", "wrong"),
    [
        (("m17", "M18 "), []),
        (("m17", ""), []),
        (("", "m18"), []),
        (("unknown", "m18"), []),
        (("m18", "m17"), [1, 2]),
        (("", "m17"), [2]),
    ],
)
def test_the_order_of_animals_is_that_of_the_file(subjects: tuple[str, ...], wrong: list[int]) -> None:
    """Where the file tells whose a series is, another animal in its place is an error; of the others nothing is said."""
    facts = replace(FACTS, animals=({"animal_name": "m17"}, {"animal_id": 18}))
    errors = found(of_two_animals(*subjects), facts).errors
    asked = {1: '"m17"', 2: "18"}
    assert errors == tuple(
        Problem(
            "animal_order",
            f"processing/behavior/Pose{number}/nose",
            f'the file says that it is of "{subjects[number - 1]}", and the delivery names {asked[number]} '
            f"as animal {number} of the rig",
            ORDER,
        )
        for number in wrong
    )


@pytest.mark.parametrize(
    ("began", "warned"),
    [
        ("2026-11-21T09:59:59+00:00", ["session_date"]),  # in no time zone is it the 22nd yet
        ("2026-11-21T10:00:00+00:00", []),  # 22nd of November, 0:00, in the easternmost
        ("2026-11-21T23:30:00-05:00", []),
        ("2026-11-23T08:00:00+09:00", []),
        ("2026-11-23T11:59:59+00:00", []),  # the end of the 22nd in the westernmost
        ("2026-11-23T12:00:00+00:00", ["session_date"]),
        ("2026-11-21T23:59:59", ["session_date"]),  # local times, as the session's
        ("2026-11-22T00:00:00", []),
        ("2026-11-22T23:59:59", []),
        ("2026-11-23T00:00:00", ["session_date"]),
        ("0001-01-01T00:00:00+14:00", ["session_date"]),
        ("9999-12-31T23:59:59-12:00", ["session_date"]),
    ],
)
def test_the_day_of_a_session_is_one_of_those_that_the_file_can_mean(began: str, warned: list[str]) -> None:
    """A warning says so if, in no time zone, the file's session began on the session's day."""
    recording = replace(RECORDING, session_start_time=datetime.fromisoformat(began))
    said = [warning.check for warning in found((recording, ONE), FACTS, session_start_unlikely="off").warnings]
    assert said == warned


@pytest.mark.parametrize("data_type", ["analog", "digital"])
def test_a_hardware_clock_is_noticed_if_asked(data_type: DataType) -> None:
    """Times days away from the session's start are usual with some hardware, and said only if the configuration asks."""
    far = sampled(data_type, timestamps=np.array([1301166.154, 1301167.0, 1301168.5]))
    assert found(far) == Findings((), ())
    assert found(far, times_from_session_start="warning").warnings == (
        Problem(
            "times_from_session_start",
            WHERE,
            "its times go from 1301166.154 s to 1301168.500 s from the session's start",
            "Correct session_start_time or the clock before comparing with other sessions",
        ),
    )


def test_everything_is_found_in_one_pass() -> None:
    """Defects of several channels, of one channel in several ways, of videos and of keys are found together."""
    series = [
        Series("acquisition/lick", "TimeSeries", np.zeros((3, 2)), np.array([["x"]])),
        Series("acquisition/force", "TimeSeries", np.array(["x", "y"]), None, confidence=np.zeros(1)),
        Series("acquisition/head", "SpatialSeries", np.zeros((3, 2)), np.array([0, 2, 1])),
        Series("acquisition/top", "ImageSeries", None, None, videos=(Video("top.avi", None, inside=True, size=0),)),
    ]
    rig = Rig(
        "1",
        "",
        (
            Feature("lick", "acquisition", "digital", ""),
            Feature("force", "acquisition", "kinematics", ""),
            Feature("head", "acquisition", "kinematics", ""),
            Feature("led", "stimulus", "interval", "", ownership="self", animal=1),
        ),
        (Camera("top", "", "mp4"),),
    )
    recording = replace(RECORDING, series={one.path: one for one in series})
    findings = found((recording, rig), replace(FACTS, session_exists=False, animals=()))
    assert [(problem.check, problem.where) for problem in findings.errors] == [
        ("session_unknown", "/session/session_id"),
        ("animals_count", "/animals"),
        ("feature_missing", "stimulus/led"),
        ("data_not_numeric", "acquisition/force"),
        ("data_shape", "acquisition/lick"),
        ("data_shape", "acquisition/force"),
        ("confidence_shape", "acquisition/force"),
        ("times_missing", "acquisition/force"),
        ("times_not_numeric", "acquisition/lick"),
        ("lengths_differ", "acquisition/lick"),
        ("times_backward", "acquisition/head"),
        ("video_file_missing", "acquisition/top"),
        ("video_format", "acquisition/top"),
    ]
    assert [problem.check for problem in findings.warnings] == ["video_times"]


class Damaged:
    """Samples that cannot be read."""

    shape = (3,)
    dtype = np.dtype(np.float64)

    def __getitem__(self, key: slice, /) -> NDArray[Any]:
        raise Rejected([Problem("nwb_damaged", WHERE, "its samples are damaged", "Copy the file again")])


@pytest.mark.parametrize("data_type", ["analog", "digital"])
def test_damaged_samples_are_one_error_among_the_others(data_type: DataType) -> None:
    """What reading damaged samples raises is said once, and the other channels are looked at all the same."""
    recording, rig = sampled(data_type, timestamps=Damaged())
    other = Series("acquisition/force", "TimeSeries", np.zeros(3), np.array([0.0, 2.0, 1.0]))
    recording = replace(recording, series={**recording.series, other.path: other})
    rig = replace(rig, features=(*rig.features, Feature("force", "acquisition", "analog", "")))
    assert [problem.check for problem in found((recording, rig)).errors] == ["times_backward", "nwb_damaged"]
    assert [problem.check for problem in found(filmed(replace(VIDEO, size=0), timestamps=Damaged())).errors] == [
        "video_empty",
        "nwb_damaged",
    ]


class Uncountable(Declared):
    """Samples whose list of chunks is damaged, so that what was written of them cannot be counted."""

    def bytes_written(self) -> int:
        raise Rejected([Problem("nwb_damaged", WHERE, "its chunks are damaged", "Copy the file again")])


def test_a_damaged_list_of_chunks_is_one_error_among_the_others() -> None:
    """What is wrong with other channels is found all the same."""
    recording, rig = sampled(data=Uncountable(3, 24))
    other = Series("acquisition/force", "TimeSeries", np.zeros(3), np.array([0.0, 2.0, 1.0]))
    recording = replace(recording, series={**recording.series, other.path: other})
    rig = replace(rig, features=(*rig.features, Feature("force", "acquisition", "analog", "")))
    assert [problem.check for problem in found((recording, rig)).errors] == ["times_backward", "nwb_damaged"]


class Counted:
    """Times that count how often they are read."""

    shape = (3,)
    dtype = np.dtype(np.float64)

    def __init__(self) -> None:
        self.reads = 0

    def __getitem__(self, key: slice, /) -> NDArray[Any]:
        self.reads += 1
        return np.array([0.0, 2.0, 1.0])[key]


def channels(*timestamps: Samples) -> tuple[Recording, Rig]:
    """Return a recording of one channel for each of some timestamps, and the rig that names them."""
    names = [f"channel{number}" for number in range(len(timestamps))]
    series = [
        Series(f"acquisition/{name}", "TimeSeries", np.zeros(3), times) for name, times in zip(names, timestamps, strict=True)
    ]
    rig = Rig("1", "", tuple(Feature(name, "acquisition", "analog", "") for name in names))
    return replace(RECORDING, series={each.path: each for each in series}), rig


def test_times_that_channels_share_are_read_once() -> None:
    """What is wrong with them is wrong with each channel; times of a channel's own are read for themselves."""
    shared, own = Counted(), Counted()
    errors = found(channels(shared, own, *[shared] * 15)).errors
    assert [problem.check for problem in errors] == ["times_backward"] * 17
    # Once to look for what is wrong; then each message reads the one time that it names.
    assert (own.reads, shared.reads) == (1 + 1, 1 + 16)


def test_damage_of_times_that_channels_share_is_told_once() -> None:
    """It is one damage, and those who share it do not each have theirs."""
    assert [problem.check for problem in found(channels(*[Damaged()] * 16)).errors] == ["nwb_damaged"]


def test_what_cannot_be_stored_cannot_be_configured() -> None:
    """The checks that the configuration can change are those of what is usable; each has a sensible name."""
    assert set(CHECKS) > FIXED
    assert {name: CHECKS[name] for name in CHECKS if name not in FIXED} == {
        "subject_other": "error",
        "subject_unknown": "warning",
        "animal_order": "error",
        "session_start_format": "warning",
        "session_start_unlikely": "warning",
        "session_date": "warning",
        "where_unmatched": "warning",
        "channel_empty": "warning",
        "channels_other": "error",
        "channels_outnumber": "warning",
        "times_unit": "error",
        "times_indistinct": "warning",
        "integers_rounded": "error",
        "never_written": "error",
        "samples_in_holes": "warning",
        "events_without_time": "warning",
        "events_sorted": "warning",
        "interval_open": "warning",
        "table_not_finite": "warning",
        "table_backward": "warning",
        "table_without_rows": "error",
        "table_sorted": "warning",
        "table_touching": "warning",
        "table_overlap": "error",
        "times_from_session_start": "off",
        "video_format": "error",
        "video_empty": "error",
        "video_starts": "warning",
        "video_times": "warning",
    }
    tested = {problem for _, problem, *_ in [*ERRORS, *WARNINGS]}
    assert {name for name in CHECKS if not name.startswith(("session", "animal", "subject"))} - tested == {
        "times_from_session_start",
        "filter_missing",  # in test_filters
    }


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have arrays looked at a few samples at a time."""
    monkeypatch.setattr("antelop.recording.samples.BLOCK_BYTES", 24)


SOME_TIMES = st.lists(st.sampled_from([0.0, 1.0, 2.0, np.nan, np.inf, -np.inf]), max_size=12)


@pytest.mark.usefixtures("small_blocks")
@given(SOME_TIMES)
def test_order_is_what_a_plain_loop_finds(values: list[float]) -> None:
    """Looking block by block finds what looking time by time does."""
    seen = order(np.array(values))
    lost = [index for index, value in enumerate(values) if not np.isfinite(value)]
    kept = [index for index, value in enumerate(values) if np.isfinite(value)]
    backward = [b for a, b in pairwise(kept) if values[b] < values[a]]
    assert (seen.lost.count, seen.lost.first) == (len(lost), lost[0] if lost else -1)
    assert (seen.backward.count, seen.backward.first) == (len(backward), backward[0] if backward else -1)


@pytest.mark.usefixtures("small_blocks")
@given(st.lists(st.sampled_from([1, -1, 0]), max_size=12), SOME_TIMES)
def test_intervals_that_pass_alternate(values: list[int], times: list[float]) -> None:
    """States are what a plain loop finds; interval events without an error alternate once they are in time order."""
    seen = states(np.array(values, np.int8))
    assert seen.odd.count == sum(value == 0 for value in values)
    assert seen.repeated.count == sum(a == b for a, b in pairwise(values))
    length = min(len(values), len(times))
    data, timestamps = np.array(values[:length], np.int8), np.array(times[:length])
    stored = edges(data, timestamps, (), MOST_LOADED).data[:]
    alternate = set(stored) <= {1, -1} and all(a == -b for a, b in pairwise(stored))
    assert (not found(sampled("interval", data=data, timestamps=timestamps)).errors) == alternate


@pytest.mark.usefixtures("small_blocks")
@given(SOME_TIMES, SOME_TIMES)
def test_tables_that_pass_alternate_in_order(starts: list[float], stops: list[float]) -> None:
    """The rows that are stored are those with a start and a stop after it, in order; they overlap only with an error."""
    length = min(len(starts), len(stops))
    start, stop = np.array(starts[:length]), np.array(stops[:length])
    rows = in_order(start, stop)
    assert bool((rows.edges[:-1] <= rows.edges[1:]).all()) or rows.overlapping.count
    kept = [(a, b) for a, b in zip(start, stop, strict=True) if np.isfinite([a, b]).all() and a <= b]
    np.testing.assert_array_equal(rows.start, sorted(a for a, _ in kept))
    np.testing.assert_allclose(rows.stop, [b for _, b in sorted(kept)], atol=1e-3)
    assert len(kept) + rows.lost.count + rows.backward.count == length
    checks = {problem.check for problem in found(tabled(start, stop)).errors}
    assert checks == {
        *["table_overlap"] * (rows.overlapping.count > 0),
        *["table_without_rows"] * (length > 1 and not kept),
    }


@pytest.mark.parametrize(
    ("neurodata_type", "columns", "confidence", "expected"),
    [
        ("TimeSeries", 2, None, [0, 1, np.nan]),
        ("TimeSeries", 3, None, [0, 1, 2]),
        ("TimeSeries", 4, None, [0, 1, 2, 3]),
        ("SpatialSeries", 2, None, [0, 1, np.nan]),
        ("SpatialSeries", 3, None, [0, 1, 2, np.nan]),
        ("PoseEstimationSeries", 2, 0.5, [0, 1, 0.5]),
        ("PoseEstimationSeries", 3, 0.5, [0, 1, 2, 0.5]),
    ],
)
@pytest.mark.parametrize("dtype", [np.int16, np.float64])
def test_kinematics_have_a_certainty(
    neurodata_type: str, columns: int, confidence: float | None, expected: list[float], dtype: type
) -> None:
    """Columns are coordinates, or in a plain series the documented array; the certainty is NaN where the file has none."""
    data: NDArray[Any] = np.tile(np.arange(columns, dtype=dtype), (2, 1))
    certainty = None if confidence is None else np.full(2, confidence)
    track = Series(WHERE, neurodata_type, data, np.arange(2.0), confidence=certainty).track()
    assert track.shape == (2, len(expected))
    assert track.dtype == np.float64
    np.testing.assert_array_equal(track[0:2], [expected, expected])
    assert track[0:2].dtype == np.float64


def test_coordinates_are_scaled_and_certainties_are_not() -> None:
    """A conversion applies to positions; without data there is no track."""
    series = Series(WHERE, "SpatialSeries", np.ones((2, 2)), None, conversion=0.1, confidence=np.ones(2))
    assert isinstance(series.track(), Track)
    np.testing.assert_array_equal(series.track()[0:2], [[0.1, 0.1, 1.0]] * 2)
    with pytest.raises(ValueError, match="acquisition/lick has no data"):
        replace(series, data=None).track()


def test_every_check_has_its_severity() -> None:
    """The table of severities names every check that there is, and nothing else."""
    assert {check.name for check in _ALL} == set(CHECKS)
    assert not FIXED & set(CONFIGURABLE)
