import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from textwrap import dedent
from typing import Any

import h5py
import numpy as np
import pytest
from ndx_pose import PoseEstimation, Skeleton, Skeletons
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from pynwb.file import Subject

from antelop.demo.acquisition import events, film, pose, sampled, spans, track
from antelop.errors import Problem, Rejected, Unavailable
from antelop.recording import reading
from antelop.recording.bounds import MOST_FACTORS
from antelop.recording.recording import Recording, Video
from antelop.recording.samples import Contiguous, Samples, blocks
from antelop.recording.views import Clock, Scaled
from tests.clocks import NOW
from tests.recordings import write_recording

COPY = "Copy it again from the computer that recorded it"
MEND = f"{COPY}, or, if it is no better there, write it again"

# Version, identifier, subject and start; then every series, table and other object.
OPENED = {
    "689514_2024-02-01_18-06-43.nwb": """
        2.6.0 f0f7504b-4224-43d4-8483-8e220720bb82 689514 2024-02-01T18:06:43.132467-08:00
        acquisition/FIP_falling_time: TimeSeries float64 (1,) second
        acquisition/FIP_rising_time: TimeSeries float64 (1,) second
        acquisition/left_lick_time: TimeSeries float64 (3933,) second
        acquisition/left_reward_delivery_time: TimeSeries float64 (183,) second
        acquisition/optogenetics_time: TimeSeries float64 (132,) second
        acquisition/right_lick_time: TimeSeries float64 (1241,) second
        acquisition/right_reward_delivery_time: TimeSeries float64 (56,) second
        intervals/trials: 432 intervals""",
    "697062_2023-11-14_11-12-44.nwb": """
        2.6.0 c680f3c7-8462-4128-9c78-0c299236af46 697062 2023-11-14T11:12:44.393374+00:00
        acquisition/FIP_falling_time: TimeSeries float64 (75341,) second
        acquisition/FIP_rising_time: TimeSeries float64 (75341,) second
        acquisition/left_lick_time: TimeSeries float64 (1081,) second
        acquisition/left_reward_delivery_time: TimeSeries float64 (107,) second
        acquisition/right_lick_time: TimeSeries float64 (1268,) second
        acquisition/right_reward_delivery_time: TimeSeries float64 (135,) second
        intervals/trials: 342 intervals""",
    "697062_2023-11-15_10-02-05.nwb": """
        2.6.0 02f42e70-f116-49ef-b3bd-73c69714c653 697062 2023-11-15T10:02:06.026920+00:00
        acquisition/FIP_falling_time: TimeSeries float64 (57713,) second
        acquisition/FIP_rising_time: TimeSeries float64 (57713,) second
        acquisition/left_lick_time: TimeSeries float64 (1691,) second
        acquisition/left_reward_delivery_time: TimeSeries float64 (82,) second
        acquisition/right_lick_time: TimeSeries float64 (987,) second
        acquisition/right_reward_delivery_time: TimeSeries float64 (71,) second
        intervals/trials: 265 intervals""",
    "705599_2024-05-31_14-06-54.nwb": """
        2.7.0 71b689e5-7515-4145-be13-e9a5574767ab 705599 2024-05-31T13:50:53.349115-07:00
        acquisition/FIP_falling_time: TimeSeries float64 (5610,) second
        acquisition/FIP_rising_time: TimeSeries float64 (5610,) second
        acquisition/left_lick_time: TimeSeries float64 (1,) second
        acquisition/left_reward_delivery_time: TimeSeries float64 (1,) second
        acquisition/optogenetics_time: TimeSeries float64 (1,) second
        acquisition/right_lick_time: TimeSeries float64 (1,) second
        acquisition/right_reward_delivery_time: TimeSeries float64 (1,) second
        intervals/trials: 1 intervals""",
    "A2929-200711.nwb": """
        2.4.0 A2929-200711 None 2022-02-07T22:44:52.849541+00:00
        acquisition/sleep_ripples: TimeSeries float64 (594,) s
        acquisition/CompassDirection/rx: SpatialSeries float64 (63527,) radian
        acquisition/CompassDirection/ry: SpatialSeries float64 (63527,) radian
        acquisition/CompassDirection/rz: SpatialSeries float64 (63527,) radian
        acquisition/Position/x: SpatialSeries float64 (63527,)
        acquisition/Position/y: SpatialSeries float64 (63527,)
        acquisition/Position/z: SpatialSeries float64 (63527,)
        intervals/epochs: 2 intervals
        intervals/position_time_support: 1 intervals
        intervals/sleep_ripples: 594 intervals
        intervals/sleep_ripples_timesupport: 1 intervals
        acquisition/CompassDirection: CompassDirection
        acquisition/Position: Position""",
    "sub-anm369963_ses-20170228.nwb": """
        2.0.2 anm369963_2017-02-28_2 anm369963 2017-02-28T00:00:00-06:00
        acquisition/lick_times/lick_left_times: TimeSeries float64 (782,) a.u.
        acquisition/lick_times/lick_right_times: TimeSeries float64 (1016,) a.u.
        intervals/trials: 178 intervals
        acquisition/lick_times: BehavioralEvents""",
    "m3v1mp4DLC_resnet50_openfieldAug20shuffle1_30000.nwb": """
        2.4.0 DLC_resnet50_openfieldAug20shuffle1 None 2021-10-06T15:18:51.327743+00:00
        processing/behavior/PoseEstimation/ind1_leftear: PoseEstimationSeries float64 (2330, 2) confidence (2330,) pixels
        processing/behavior/PoseEstimation/ind1_rightear: PoseEstimationSeries float64 (2330, 2) confidence (2330,) pixels
        processing/behavior/PoseEstimation/ind1_snout: PoseEstimationSeries float64 (2330, 2) confidence (2330,) pixels
        processing/behavior/PoseEstimation/ind1_tailbase: PoseEstimationSeries float64 (2330, 2) confidence (2330,) pixels
        processing/behavior: ProcessingModule
        processing/behavior/PoseEstimation: PoseEstimation""",
    "odd/mock_ttl_examples.nwb": """
        2.5.0 81851fd5-d522-43bd-8222-05032a37702d None 2022-12-10T13:18:04.739042-05:00
        acquisition/DefaultTTLSignal: TimeSeries int16 (175000,) from 0.0 at 25000.0 Hz Volts
        acquisition/FloatsAdjustedMeansAndNoise: TimeSeries float32 (2700,) from 0.0 at 1000.0 Hz Volts
        acquisition/IrregularShortPulses: TimeSeries int16 (2500,) from 0.0 at 1000.0 Hz Volts
        acquisition/IrregularShortPulsesAdjustedNoise: TimeSeries int16 (2500,) from 0.0 at 1000.0 Hz Volts
        acquisition/IrregularShortPulsesDifferentSeed: TimeSeries int16 (2500,) from 0.0 at 1000.0 Hz Volts
        acquisition/NonDefaultRegular: TimeSeries int16 (2700,) from 0.0 at 1000.0 Hz Volts
        acquisition/NonDefaultRegularAdjustedMeans: TimeSeries int16 (2700,) from 0.0 at 1000.0 Hz Volts
        acquisition/NonDefaultRegularFloats: TimeSeries float32 (2700,) from 0.0 at 1000.0 Hz Volts""",
    "odd/example_file_path.nwb": """
        2.1.0 NWB123 None 2017-04-03T11:00:00-05:00
        acquisition/test_timeseries: TimeSeries int64 (10,) m
        processing/behavior/Position/position2: SpatialSeries float64 (20,) from 0.0 at 50.0 Hz meters
        processing/behavior/Position/test_spatialseries2: SpatialSeries int64 (10,) meters
        intervals/epochs: 2 intervals
        intervals/trials: 3 intervals
        processing/behavior: ProcessingModule
        processing/ecephys: ProcessingModule
        processing/behavior/Position: Position""",
    "odd/testLinkTimeSeriesExample.nwb": """
        2.9.0 af64e8b1-14bd-455c-b40b-a727bef384d0 None 2026-02-22T07:56:15.397555+00:00
        acquisition/original_series: TimeSeries float32 (1000,) from 0.0 at 1000.0 Hz m/s
        processing/time_alignment/aligned_voltage: TimeSeries float32 (1000,) m/s
        processing/time_alignment/original_series_reference: TimeSeries float32 (1000,) from 0.0 at 1000.0 Hz m/s
        processing/time_alignment: ProcessingModule""",
    "odd/createAnnotationSeries.nwb": """
        2.9.0 6431d77c-79ec-4486-8ad2-30f50974da9e None 2026-02-22T07:56:15.264373+00:00
        acquisition/annotations1: AnnotationSeries object (3,) n/a
        acquisition/annotations2: AnnotationSeries object (3,) n/a""",
    "odd/0.3.0_poseestimation_two_cameras.nwb": """
        2.9.0 identifier None 2026-07-30T19:19:09.464318+00:00
        processing/behavior/PoseEstimation/front_left_paw: PoseEstimationSeries float64 (10, 2) confidence (10,) pixels
        processing/behavior/PoseEstimation/front_right_paw: PoseEstimationSeries float64 (10, 2) confidence (10,) pixels
        processing/behavior: ProcessingModule
        processing/behavior/PoseEstimation: PoseEstimation
        processing/behavior/Skeletons: Skeletons
        processing/behavior/Skeletons/subject: Skeleton""",
    "odd/2.1.0_imageseries_nonmatch_starting_frame.nwb": """
        2.5.0 ADDME None 2022-10-18T18:51:50.768377+00:00
        acquisition/test_imageseries: ImageSeries none missing external_file unknown""",
    "odd/1.3.3_timeseries_no_data.nwb": """
        2.2.5 ADDME None 2020-08-06T00:36:41.186862-07:00
        acquisition/test_timeseries: TimeSeries none from 0.0 at 1.0 Hz""",
}

REFUSED = {
    "odd/test_events.nwb": "test_events.nwb is a 'NdxEventsNWBFile' of the extension 'ndx-events', and no NWBFile. "
    "Write it as an NWBFile (the objects in it may be of any extension).",
    "odd/S1.nwb": "S1.nwb gives its nwb_version as an array, [b'2.0b'], and not as text. "
    "Write it again with a current MatNWB or pynwb.",
    "odd/496908818s.nwb": "496908818s.nwb is NWB '1.0.5', and only NWB 2 is read. Convert it to NWB 2.",
    "odd/empty.nwb": "empty.nwb is HDF5, but gives no nwb_version. Deliver an NWB 2 file.",
    "odd/ANM184389_20130207.lfs-pointer.nwb": "ANM184389_20130207.lfs-pointer.nwb is a Git LFS pointer, which only stands for "
    "the recording. Run `git lfs pull` where it comes from, and copy it again.",
    "odd/tdt_to_nwb_test.zero-bytes.nwb": f"tdt_to_nwb_test.zero-bytes.nwb is empty (0 bytes). {COPY}.",
}


def summary(recording: Recording) -> Iterator[str]:
    """Say in a line each what a recording holds."""
    started = recording.session_start_time.isoformat()
    yield f"{recording.nwb_version} {recording.identifier} {recording.subject_id} {started}"
    for path, series in recording.series.items():
        words = [series.neurodata_type]
        words += ["none"] if series.data is None else [str(series.data.dtype), str(series.data.shape)]
        words += [f"missing {video.name}" for video in series.videos if video.path is None]
        if isinstance(series.timestamps, Clock):
            words.append(f"from {series.timestamps.start} at {series.timestamps.rate} Hz")
        if series.confidence is not None:
            words.append(f"confidence {series.confidence.shape}")
        yield f"{path}: {' '.join([*words, series.unit]).strip()}"
    for path, table in recording.tables.items():
        rows = f"{table.columns['start_time'].samples.shape[0]} intervals" if "start_time" in table.columns else ""
        yield f"{path}: {rows or table.neurodata_type}"
    for path, kind in recording.others.items():
        yield f"{path}: {kind}"


@pytest.mark.parametrize("name", OPENED)
def test_every_recording_says_what_is_in_it(recordings: Path, name: str) -> None:
    """Recordings that others made open, with all their series, tables and other objects in the file's order."""
    with reading(recordings / name) as recording:
        assert list(summary(recording)) == dedent(OPENED[name]).strip().splitlines()


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_recording_gets_one_sentence(recordings: Path, name: str) -> None:
    """Files that are no NWB 2 in HDF5 are rejected for one reason."""
    with pytest.raises(Rejected) as refused, reading(recordings / name):
        pass
    assert str(refused.value) == REFUSED[name]


def test_no_recording_is_missing(recordings: Path) -> None:
    """The files of the two tables above are all that are listed, and they are what they were."""
    listed = [line.split() for line in (recordings.parent / "SHA256SUMS").read_text().splitlines()]
    assert {name.removeprefix("nwb/") for _, name in listed} == OPENED.keys() | REFUSED.keys()
    for digest, name in listed:
        with (recordings.parent / name).open("rb") as file:
            assert hashlib.file_digest(file, "sha256").hexdigest() == digest, name


@pytest.mark.parametrize("name", OPENED)
def test_samples_are_those_of_the_file(recordings: Path, name: str) -> None:
    """What slicing gives is what plain h5py reads at the same place."""
    with h5py.File(recordings / name, "r") as file, reading(recordings / name) as recording:
        arrays: list[tuple[str, Samples | None]] = []
        for path, series in recording.series.items():
            times = None if isinstance(series.timestamps, Clock) else series.timestamps
            arrays += [(f"{path}/data", series.data), (f"{path}/timestamps", times), (f"{path}/confidence", series.confidence)]
        for path, table in recording.tables.items():
            names = [name for name in ("start_time", "stop_time") if name in table.columns]
            arrays += [(f"{path}/{name}", table.columns[name].samples) for name in names]
        assert not [path for path, samples in arrays if samples is None and path in file and file[path].size]
        for path, samples in arrays:
            if samples is not None:
                np.testing.assert_array_equal(samples[:], file[path][:])
                np.testing.assert_array_equal(samples[1:7], file[path][1:7])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the licking task, once."""
    return write_recording(tmp_path_factory.mktemp("made") / "made.nwb")


@pytest.fixture
def nwb(made: Path, tmp_path: Path) -> Path:
    """Copy the licking task into a folder of its own, to be changed."""
    return Path(shutil.copytree(made.parent, tmp_path / "rig"), made.name)


def change(path: Path, **changes: Any) -> Path:
    """Replace datasets of acquisition/lick; None takes one away."""
    with h5py.File(path, "r+") as file:
        for name, value in changes.items():
            del file["acquisition/lick"][name]
            if value is not None:
                file["acquisition/lick"][name] = value
    return path


def refusal(path: Path) -> Problem:
    """Return the one problem for which a file is rejected."""
    with pytest.raises(Rejected) as refused, reading(path):
        pass
    (problem,) = refused.value.problems
    return problem


class TestContent:
    def test_a_made_session_is_read_as_pynwb_reads_it(self, nwb: Path) -> None:
        """Values, times, units and scales of every series are those that pynwb finds."""
        with NWBHDF5IO(nwb, "r") as io, reading(nwb) as recording:
            theirs = io.read()
            expected = {f"acquisition/{name}": one for name, one in theirs.acquisition.items()}
            expected |= {f"stimulus/{name}": one for name, one in theirs.stimulus.items()}
            for container in theirs.processing["behavior"].data_interfaces.values():
                inside = [one for field in container.fields.values() if isinstance(field, dict) for one in field.values()]
                expected |= {f"processing/behavior/{container.name}/{one.name}": one for one in inside}
            assert recording.series.keys() == expected.keys()
            for path, one in expected.items():
                ours = recording.series[path]
                assert (ours.unit, ours.conversion, ours.offset) == (one.unit, one.conversion, one.offset), path
                assert ours.neurodata_type == one.neurodata_type
                assert ours.timestamps is not None
                np.testing.assert_array_equal(ours.timestamps[:], one.get_timestamps())
                if path == "acquisition/camera":
                    assert ours.data is None
                else:
                    assert ours.data is not None
                    np.testing.assert_array_equal(ours.data[:].astype(str), np.array(one.data[:]).astype(str))
            assert recording.tables.keys() == {"intervals/trials", "intervals/epochs"}
            for name in ("start_time", "stop_time"):
                samples = recording.tables["intervals/trials"].columns[name].samples
                assert np.array_equal(samples[:], theirs.trials[name][:])
            assert (recording.identifier, recording.object_id) == (theirs.identifier, theirs.object_id)
            assert (recording.session_start_time, recording.subject_id) == (theirs.session_start_time, "m17")

    def test_a_declared_rate_is_a_clock(self, nwb: Path) -> None:
        """starting_time and rate give a time for each sample, and conversion and offset give the unit's values."""
        with reading(nwb) as recording:
            force = recording.series["acquisition/force"]
            assert force.timestamps == Clock(start=0.25, rate=100.0, count=6000)
            assert (force.conversion, force.offset, force.unit) == (0.5e-3, 1.0, "N")
            assert force.data is not None
            assert force.values is not None
            np.testing.assert_array_equal(force.values[10:20], force.data[10:20] * 0.5e-3 + 1.0)
        with h5py.File(nwb, "r+") as file:
            del file["acquisition/force/data"]
            file["acquisition/force/data"] = 3.0
        with reading(nwb) as recording:
            assert recording.series["acquisition/force"].timestamps == Clock(start=0.25, rate=100.0, count=0)

    @pytest.mark.parametrize("unit", ["\xb5V".encode("latin-1"), "\xb5V".encode(), np.bytes_("\xb5V".encode("latin-1"))])
    def test_a_unit_in_latin_1_is_read(self, nwb: Path, unit: bytes) -> None:
        """Microvolt is microvolt, whatever the encoding in which an old program wrote it."""
        with h5py.File(nwb, "r+") as file:
            kind = h5py.string_dtype("utf-8", len(unit)) if isinstance(unit, np.bytes_) else h5py.string_dtype()
            file["acquisition/lick/data"].attrs.create("unit", unit, dtype=kind)
        with reading(nwb) as recording:
            assert recording.series["acquisition/lick"].unit == "\xb5V"

    @pytest.mark.parametrize("shape", [(1000, 1), (1, 1000)])
    @pytest.mark.parametrize("storage", [{}, {"chunks": True}, {"compression": "gzip", "shuffle": True}])
    def test_a_vector_of_matlab_is_a_vector(self, nwb: Path, shape: tuple[int, int], storage: dict[str, Any]) -> None:
        """Times, data of one channel, confidences and columns of a table have one dimension, however they are stored."""
        expected = np.arange(1000.0) / 8
        with h5py.File(nwb, "r+") as file:
            lick, table = file["acquisition/lick"], file["intervals/trials"]
            nose = file["processing/behavior/PoseEstimation/nose"]
            for group, name in [(lick, "data"), (lick, "timestamps"), (nose, "confidence"), (table, "start_time")]:
                del group[name]
                group.create_dataset(name, data=expected.reshape(shape), **storage)
            file["acquisition/reward/timestamps"].parent.pop("timestamps")
            file["acquisition/reward/timestamps"] = h5py.SoftLink("/acquisition/lick/timestamps")
        with reading(nwb) as recording:
            series, columns = recording.series, recording.tables["intervals/trials"].columns
            lick, nose = series["acquisition/lick"], series["processing/behavior/PoseEstimation/nose"]
            for samples in (lick.data, lick.timestamps, nose.confidence, columns["start_time"].samples):
                assert isinstance(samples, Contiguous)
                assert samples.shape == (1000,)
                np.testing.assert_array_equal(samples[3:990], expected[3:990])
                rows = np.empty(7)
                samples.read_into(20, rows)
                np.testing.assert_array_equal(rows, expected[20:27])
                assert len(list(blocks(samples))) == 1
            assert series["acquisition/reward"].timestamps is lick.timestamps

    def test_one_row_is_one_sample_unless_it_has_as_many_times(self, nwb: Path) -> None:
        """With one time, data of shape (1, n) are n channels."""
        with reading(change(nwb, data=np.zeros((1, 5)), timestamps=[1.0])) as recording:
            data = recording.series["acquisition/lick"].data
            assert data is not None
            assert data.shape == (1, 5)

    @pytest.mark.parametrize("dtype", ["<f4", ">f8", "<i4", ">u2", "?"])
    def test_numbers_keep_the_type_of_the_file(self, nwb: Path, dtype: str) -> None:
        """Data and timestamps of any numeric type are handed on as they are."""
        numbers = np.arange(20).astype(dtype)
        with reading(change(nwb, data=numbers, timestamps=numbers)) as recording:
            lick = recording.series["acquisition/lick"]
            assert lick.data is not None
            assert lick.timestamps is not None
            assert lick.data.dtype == lick.timestamps.dtype == numbers.dtype
            np.testing.assert_array_equal(lick.data[:], numbers)

    @pytest.mark.parametrize(
        ("stored", "shape"),
        [(np.empty(0), (0,)), (np.empty((0, 3)), (0, 3)), (7.5, ()), (["a", "b"], (2,)), (np.array([b"a"]), (1,))],
    )
    def test_what_is_no_signal_is_handed_on_with_its_shape(self, nwb: Path, stored: Any, shape: tuple[int, ...]) -> None:
        """Empty, scalar and text data are for the checks to judge."""
        with reading(change(nwb, data=stored)) as recording:
            data = recording.series["acquisition/lick"].data
            assert data is not None
            assert data.shape == shape

    @pytest.mark.parametrize("none", [None, h5py.Empty("f8")])
    def test_missing_data_are_none(self, nwb: Path, none: h5py.Empty | None) -> None:
        """A series may have neither data nor timestamps, or declare them empty."""
        twin = Path(shutil.copy(nwb, nwb.with_name("twin.nwb")))
        with reading(change(nwb, data=none)) as recording:
            assert recording.series["acquisition/lick"].data is None
        with reading(change(twin, timestamps=none)) as recording:
            assert recording.series["acquisition/lick"].timestamps is None

    def test_compressed_chunks_are_read_and_known(self, nwb: Path) -> None:
        """Compressed samples come out as they went in, and say how they are chunked."""
        samples = np.random.default_rng(1).normal(size=(1000, 3))
        with h5py.File(nwb, "r+") as file:
            lick = file["acquisition/lick"]
            del lick["data"]
            lick.create_dataset("data", data=samples, chunks=(100, 3), compression="gzip", shuffle=True, fletcher32=True)
        with reading(nwb) as recording:
            data: Any = recording.series["acquisition/lick"].data
            assert data.chunks == (100, 3)
            np.testing.assert_array_equal(data[150:250], samples[150:250])

    def test_data_and_timestamps_may_be_those_of_another_series(self, tmp_path: Path) -> None:
        """What pynwb writes as a link to another series' data or timestamps is found, with the linked data's unit."""
        lick = TimeSeries(name="lick", data=[1.0, 2.0], timestamps=[0.5, 0.75], unit="mV", conversion=0.5)
        shared: dict[str, Any] = {
            "acquisition/lick": lambda **_: lick,
            "acquisition/later": partial(TimeSeries, data=lick, timestamps=[8.0, 9.0], unit="mV", conversion=0.5),
            "acquisition/louder": partial(TimeSeries, data=[10.0, 20.0], timestamps=lick, unit="V"),
        }
        with reading(write_recording(tmp_path / "shared.nwb", series=shared)) as recording:
            later, louder = recording.series["acquisition/later"], recording.series["acquisition/louder"]
            assert later.data is not None
            assert louder.timestamps is not None
            assert (later.data[:].tolist(), later.unit, later.conversion) == ([1.0, 2.0], "mV", 0.5)
            assert louder.timestamps[:].tolist() == [0.5, 0.75]

    def test_every_container_of_series_is_looked_into(self, tmp_path: Path) -> None:
        """Containers under acquisition and processing are looked into, and are themselves among the others."""
        times, walk = [0.0, 1.0], [[1.0, 2.0], [3.0, 4.0]]
        held = {
            "acquisition/BehavioralEvents/rear": events(times, [1, 1]),
            "acquisition/Position/tail": track(times, walk),
            "processing/eyes/EyeTracking/left": track(times, walk),
            "processing/eyes/PupilTracking/width": sampled([1.0, 2.0], 5.0),
            "processing/run/BehavioralTimeSeries/speed": sampled([1.0, 2.0], 5.0),
            "processing/run/BehavioralEpochs/fast": spans([0.0], [1.0]),
            "processing/run/CompassDirection/head": track(times, [0.1, 0.2], unit="radians"),
            "processing/run/PoseEstimation/paw": pose(times, walk),
            "processing/run/plain": events(times, [1, 2]),
        }
        with reading(write_recording(tmp_path / "held.nwb", series=held)) as recording:
            assert held.keys() <= recording.series.keys()
            assert recording.series["processing/run/PoseEstimation/paw"].confidence is None
            assert recording.others["acquisition/BehavioralEvents"] == "BehavioralEvents"
            assert recording.others["processing/run"] == "ProcessingModule"

    def test_what_a_rig_cannot_name_is_told_by_its_type(self, nwb: Path) -> None:
        """Tables are listed wherever they lie, and other objects with their NWB type; an untyped group is no object."""
        with h5py.File(nwb, "r+") as file:
            file.copy("intervals/trials", file["acquisition"], "trials")
            file["acquisition/trials"].move("start_time", "timestamps")
            file.copy("intervals/trials", file["intervals"], "odd")
            del file["intervals/odd/start_time"]
            file["acquisition/untyped/data"] = [1, 2]
        with reading(nwb) as recording:
            assert recording.tables.keys() == {
                "acquisition/trials",
                *(f"intervals/{name}" for name in ("trials", "odd", "epochs")),
            }
            assert recording.others == {
                "processing/behavior": "ProcessingModule",
                "processing/behavior/BehavioralEvents": "BehavioralEvents",
                "processing/behavior/PoseEstimation": "PoseEstimation",
                "processing/behavior/Position": "Position",
            }

    def test_a_file_may_hold_nothing(self, tmp_path: Path) -> None:
        """A file without acquisition, stimulus, processing and intervals opens."""
        path = tmp_path / "bare.nwb"
        with h5py.File(path, "w") as file:
            file.attrs["nwb_version"] = "2.9.0"
            file["identifier"], file["session_start_time"] = "bare", "2026-11-22T10:00:00"
        with reading(path) as recording:
            began = "2026-11-22T10:00:00"
            assert recording == Recording(path, "2.9.0", "bare", "", datetime.fromisoformat(began), began)

    def test_text_is_read_however_it_is_stored(self, nwb: Path) -> None:
        """Fixed-length and one-element text, as other libraries write it, is text; what is not UTF-8 is Latin-1."""
        with h5py.File(nwb, "r+") as file:
            del file["identifier"], file["session_start_time"]
            file["identifier"] = np.array([b"caf\xe9"])
            file["session_start_time"] = np.bytes_("2026-11-22T10:00:00Z")
            file["acquisition/lick/data"].attrs["unit"] = h5py.Empty("S1")
            file["acquisition/lick"].attrs["neurodata_type"] = [b"TimeSeries", b"of any kind"]
            file.attrs["nwb_version"] = np.bytes_("NWB-2.8.0")
            file.move("acquisition/led", b"acquisition/\xff")
        with reading(nwb) as recording:
            assert (recording.identifier, recording.nwb_version) == ("café", "2.8.0")
            assert recording.session_start_time == datetime(2026, 11, 22, 10, tzinfo=UTC)
            lick = recording.series["acquisition/lick"]
            assert (lick.unit, lick.neurodata_type) == ("", "TimeSeries of any kind")
            assert {"acquisition/led", "acquisition/port"} & recording.series.keys() == {"acquisition/port"}

    def test_extensions_of_any_version_are_read_one_after_another(self, nwb: Path, recordings: Path) -> None:
        """Three versions of ndx-pose, and an extension that nobody has, do not disturb each other."""
        with h5py.File(nwb, "r+") as file:
            file["acquisition/lick"].attrs.update(neurodata_type="LickSeries", namespace="ndx-not-installed")
            del file["specifications"], file.attrs[".specloc"]
        old = recordings / "m3v1mp4DLC_resnet50_openfieldAug20shuffle1_30000.nwb"
        for _ in range(2):
            for path, count in [(old, 4), (nwb, 1), (recordings / "odd/0.3.0_poseestimation_two_cameras.nwb", 2)]:
                with reading(path) as recording:
                    poses = [one for one in recording.series.values() if one.neurodata_type == "PoseEstimationSeries"]
                    assert len(poses) == count
                    assert all(one.data and one.confidence and one.data.shape[:1] == one.confidence.shape for one in poses)
        with reading(nwb) as recording:
            assert recording.series["acquisition/lick"].neurodata_type == "LickSeries"

    def test_what_one_number_cannot_scale_is_not_read_as_if_it_could(self, nwb: Path) -> None:
        """A conversion that is no number costs its own series alone, and so do conversions of more channels than a file has."""
        with h5py.File(nwb, "r+") as file:
            file.create_dataset("acquisition/force/channel_conversion", shape=MOST_FACTORS + 1, dtype="f4")
            file["acquisition/lick/data"].attrs["conversion"] = "2 mV"
            file["acquisition/reward/data"].attrs["offset"] = [1.0, 2.0]
        with reading(nwb) as recording:
            others = {path: kind for path, kind in recording.others.items() if path.startswith("acquisition")}
            assert others == {
                "acquisition/force": "TimeSeries (its channel_conversion has 1000001 values, and a file may have 1000000 such "
                "values in all)",
                "acquisition/lick": "TimeSeries (its conversion is not a number)",
                "acquisition/reward": "TimeSeries (its offset is not a number)",
            }

    @pytest.mark.parametrize("factors", [[0.5, 0.5], [0.5, 0.25]])
    def test_each_channel_has_its_factor(self, nwb: Path, factors: list[float]) -> None:
        """Samples are multiplied by conversion and channel_conversion, as pynwb does; one for all leaves them as stored."""
        data = np.arange(12, dtype="i2").reshape(6, 2)
        with h5py.File(nwb, "r+") as file:
            del file["acquisition/force/data"]
            stored = file.create_dataset("acquisition/force/data", data=data, chunks=(4, 2))
            stored.attrs["conversion"], stored.attrs["offset"] = 1e-3, 2.0
            file["acquisition/force/channel_conversion"] = factors
        with reading(nwb) as recording:
            values = recording.series["acquisition/force"].values
            assert values is not None
            assert values.shape == (6, 2)
            assert values.dtype == np.float64
            assert isinstance(values, Scaled) == (factors[0] == factors[1])
            np.testing.assert_array_equal(np.concatenate(list(blocks(values))), data * (1e-3 * np.array(factors)) + 2.0)

    def test_regions_of_a_table_tell_the_number_of_channels(self, nwb: Path) -> None:
        """Electrodes, ROIs and others are counted; what is elsewhere, or no list, tells nothing."""
        with h5py.File(nwb, "r+") as file:
            file["acquisition/force/electrodes"] = np.arange(4)
            file["acquisition/lick/rois"] = np.arange(7)
            file["acquisition/reward/electrodes"] = h5py.ExternalLink("other.nwb", "electrodes")
            file["acquisition/reward/region"] = "VISp"
        with reading(nwb) as recording:
            assert [recording.series[f"acquisition/{name}"].channels for name in ("force", "lick", "reward")] == [4, 7, None]

    def test_links_tell_whose_series_a_group_holds(self, nwb: Path) -> None:
        """A container links to its subject, or to a skeleton that does; series inside it are of this subject."""
        with h5py.File(nwb, "r+") as file:
            skeleton = file.create_group("processing/behavior/Skeletons/tree")
            skeleton.attrs["neurodata_type"] = "Skeleton"
            skeleton["nodes"] = ["nose"]
            skeleton["m17"] = h5py.SoftLink("/general/subject")
            skeleton["lost"] = h5py.ExternalLink("other.nwb", "subject")
            file["processing/behavior/PoseEstimation/tree"] = h5py.SoftLink("/processing/behavior/Skeletons/tree")
            file["acquisition/ports/left"] = h5py.SoftLink("/acquisition/lick")
            file["acquisition/ports/owner"] = h5py.SoftLink("/general/subject")
        with reading(nwb) as recording:
            assert recording.subjects == {
                "acquisition/ports": "m17",
                "processing/behavior/PoseEstimation": "m17",
                "processing/behavior/Skeletons": "m17",
                "processing/behavior/Skeletons/tree": "m17",
            }
            assert recording.subject_of("acquisition/ports/left") == "m17"
            assert recording.subject_of("processing/behavior/PoseEstimation/below/nose") == "m17"
            assert recording.subject_of("acquisition/lick") is None

    def test_of_two_animals_the_skeleton_tells_which_is_the_subject(self, tmp_path: Path) -> None:
        """A file that ndx-pose writes has one subject, and links the skeleton of that animal to it."""
        file = NWBFile("two animals", "pose", NOW, subject=Subject(subject_id="m17", species="Mus musculus", age="P90D"))
        behavior = file.create_processing_module("behavior", "tracking")
        skeletons = [Skeleton(name="first", nodes=["nose"], subject=file.subject), Skeleton(name="second", nodes=["nose"])]
        behavior.add(Skeletons(skeletons=skeletons))
        for skeleton in skeletons:
            nose = pose([0.0, 1.0], np.zeros((2, 2)), [1.0, 1.0], unit="pixels")(name="nose")
            behavior.add(PoseEstimation(name=f"{skeleton.name}_pose", pose_estimation_series=[nose], skeleton=skeleton))
        path = tmp_path / "pose.nwb"
        with NWBHDF5IO(path, "w") as io:
            io.write(file)
        with reading(path) as recording:
            owners = {path: recording.subject_of(path) for path in recording.series}
        assert owners == {"processing/behavior/first_pose/nose": "m17", "processing/behavior/second_pose/nose": None}

    def test_the_unit_of_times_is_read(self, nwb: Path) -> None:
        """Timestamps, a starting time and the columns of a table say their unit, or nothing."""
        with h5py.File(nwb, "r+") as file:
            file["acquisition/lick/timestamps"].attrs["unit"] = "ms"
            file["acquisition/force/starting_time"].attrs["unit"] = "samples"
            file["intervals/trials/stop_time"].attrs["unit"] = "frames"
        with reading(nwb) as recording:
            columns = recording.tables["intervals/trials"].columns
            times = [recording.series[f"acquisition/{name}"].timestamps for name in ("lick", "force", "reward")]
            times += [columns[name].samples for name in ("start_time", "stop_time")]
            units = [getattr(samples, "unit", None) for samples in times]
            assert units == ["ms", "samples", "seconds", "", "frames"]

    def test_what_is_neither_numbers_nor_text_is_told(self, nwb: Path) -> None:
        """Ragged and compound data are listed with their type."""
        ragged = np.array([np.arange(2), np.arange(3)], dtype=object)
        with h5py.File(nwb, "r+") as file:
            del file["acquisition/lick/data"], file["acquisition/reward/data"]
            file["acquisition/lick"].create_dataset("data", data=ragged, dtype=h5py.vlen_dtype("i8"))
            file["acquisition/reward/data"] = np.zeros(2, dtype=[("x", "f8")])
        with reading(nwb) as recording:
            assert recording.others["acquisition/lick"] == "TimeSeries (its data is of type object)"
            assert recording.others["acquisition/reward"] == "TimeSeries (its data is of type [('x', '<f8')])"


class TestVideos:
    def of(self, folder: Path, *names: str) -> tuple[Video, ...]:
        path = write_recording(folder / "videos.nwb", series={"acquisition/camera": film([0.0, 0.1], *names)})
        with reading(path) as recording:
            camera = recording.series["acquisition/camera"]
            assert camera.data is None
            return camera.videos

    def test_several_files_are_found_beside_the_recording(self, tmp_path: Path) -> None:
        """Names are relative to the folder of the NWB file, in order; an absolute name may lead there too."""
        (tmp_path / "cameras").mkdir()
        (tmp_path / "cameras/1.avi").write_bytes(b"one")
        (tmp_path / "2.avi").write_bytes(b"second")
        (tmp_path / "link.avi").symlink_to("cameras/1.avi")
        assert self.of(tmp_path, "cameras/1.avi", str(tmp_path / "2.avi"), "link.avi", "./cameras/../2.avi") == (
            Video("cameras/1.avi", "cameras/1.avi", inside=True, size=3),
            Video(str(tmp_path / "2.avi"), "2.avi", inside=True, size=6),
            Video("link.avi", "link.avi", inside=True, size=3),
            Video("./cameras/../2.avi", "2.avi", inside=True, size=6),
        )

    def test_the_folder_may_be_reached_through_a_link(self, tmp_path: Path) -> None:
        """What is in the real folder is inside, whatever the path by which the recording was opened."""
        (tmp_path / "real").mkdir()
        (tmp_path / "real/1.avi").write_bytes(b"one")
        (tmp_path / "drop").symlink_to("real")
        real = str(tmp_path.resolve() / "real/1.avi")
        assert self.of(tmp_path / "drop", "1.avi", real) == tuple(
            Video(name, "1.avi", inside=True, size=3) for name in ("1.avi", real)
        )

    @pytest.mark.parametrize("name", ["../secret.avi", "link.avi", "sub/../../secret.avi", "/dev/zero"])
    def test_files_outside_the_folder_are_not_looked_at(self, tmp_path: Path, name: str) -> None:
        """A path or link out of the folder is told, and not even the size of what is there is asked for."""
        folder = tmp_path / "drop"
        (folder / "sub").mkdir(parents=True)
        (tmp_path / "secret.avi").write_bytes(b"secret")
        (folder / "link.avi").symlink_to("../secret.avi")
        assert self.of(folder, name) == (Video(name, name, inside=False, size=0),)

    @pytest.mark.parametrize("name", ["none.avi", "folder", "pipe", "loop", "none/1.avi", "x" * 300, "videos.nwb/1.avi"])
    def test_what_is_no_file_is_missing(self, tmp_path: Path, name: str) -> None:
        """A video that is not there, or not a regular file, has no path."""
        (tmp_path / "folder").mkdir()
        (tmp_path / "loop").symlink_to("loop")
        os.mkfifo(tmp_path / "pipe")
        assert self.of(tmp_path, name) == (Video(name, None, inside=True, size=0),)

    def test_a_name_that_no_file_can_have_is_missing(self, nwb: Path) -> None:
        """A NUL in a name, which the operating system does not take, does no harm."""
        with h5py.File(nwb, "r+") as file:
            del file["acquisition/camera/external_file"]
            file["acquisition/camera/external_file"] = np.array([b"a\0b.avi"])
        with reading(nwb) as recording:
            assert recording.series["acquisition/camera"].videos == (Video("a\0b.avi", None, inside=True, size=0),)

    def test_a_camera_may_have_a_rate(self, tmp_path: Path) -> None:
        """The count of frames is what the file says, which older versions of NWB cannot."""
        camera = film(None, "1.avi", rate=25.0, starting_time=2.0, num_samples=750)
        path = write_recording(tmp_path / "rate.nwb", series={"acquisition/camera": camera})
        with reading(path) as recording:
            assert recording.series["acquisition/camera"].timestamps == Clock(2.0, 25.0, 750)
        with h5py.File(path, "r+") as file:
            del file["acquisition/camera/num_samples"]
        with reading(path) as recording:
            assert recording.series["acquisition/camera"].timestamps == Clock(2.0, 25.0, 0)

    def test_names_of_videos_are_bounded(self, nwb: Path) -> None:
        """An ImageSeries that claims to have very many is not read."""
        with h5py.File(nwb, "r+") as file:
            del file["acquisition/camera/external_file"]
            file["acquisition/camera"].create_dataset("external_file", (10**6,), h5py.string_dtype(), chunks=(1000,))
        with reading(nwb) as recording:
            said = "ImageSeries (its external_file has 1000000 values of type object)"
            assert recording.others["acquisition/camera"] == said


class TestElsewhere:
    """Nothing is read that is not in the file itself."""

    @pytest.fixture
    def secret(self, tmp_path: Path) -> Path:
        path = tmp_path / "secret.h5"
        with h5py.File(path, "w") as file:
            file["data"] = np.arange(4.0)
            file.create_group("group").attrs["neurodata_type"] = "TimeSeries"
            file["group/data"] = np.arange(4.0)
        return path

    def others(self, path: Path) -> dict[str, str]:
        with reading(path) as recording:
            return {name: kind for name, kind in recording.others.items() if name.startswith("acquisition")}

    def test_links_to_other_files_are_not_followed(self, nwb: Path, secret: Path) -> None:
        """External links are told as such, as an object, as part of a series, and on the way to either."""
        with h5py.File(nwb, "r+") as file:
            file["acquisition/whole"] = h5py.ExternalLink(secret, "group")
            file["acquisition/through"] = h5py.SoftLink("/acquisition/whole/data")
            for name, link in {"data": h5py.ExternalLink(secret, "data"), "timestamps": h5py.SoftLink("/away/data")}.items():
                file.copy("acquisition/lick", file["acquisition"], f"no_{name}")
                del file[f"acquisition/no_{name}/{name}"]
                file[f"acquisition/no_{name}/{name}"] = link
            file["away"] = h5py.ExternalLink(secret, "/")
        assert self.others(nwb) == {
            "acquisition/no_data": "TimeSeries (its data is a link to another file)",
            "acquisition/no_timestamps": "TimeSeries (its timestamps is a link to another file)",
            "acquisition/through": "link to another file",
            "acquisition/whole": "link to another file",
        }

    def test_virtual_and_externally_stored_data_are_not_read(self, nwb: Path, secret: Path) -> None:
        """Datasets that take their values from other datasets or files are told as such."""
        layout = h5py.VirtualLayout((4,), "f8")
        layout[:] = h5py.VirtualSource(secret, "data", (4,))
        with h5py.File(nwb, "r+") as file:
            lick, reward = file["acquisition/lick"], file["acquisition/reward"]
            del lick["data"], reward["data"]
            lick.create_virtual_dataset("data", layout)
            reward.create_dataset("data", (4,), "f8", external=[(secret, 0, 32)])
        assert self.others(nwb) == {
            "acquisition/lick": "TimeSeries (its data is a virtual dataset, which is put together from others)",
            "acquisition/reward": "TimeSeries (its data is kept in another file)",
        }

    def test_other_files_are_not_even_opened(self, nwb: Path) -> None:
        """A named pipe in the place of the other file, which blocks whoever opens it, blocks nobody."""
        pipe = nwb.with_name("pipe")
        os.mkfifo(pipe)
        layout = h5py.VirtualLayout((4,), "f8", maxshape=(None,))
        endless = slice(0, h5py.h5s.UNLIMITED)
        layout[endless] = h5py.VirtualSource(pipe, "data", (4,), maxshape=(None,))[endless]
        with h5py.File(nwb, "r+") as file:
            file["acquisition/whole"] = h5py.ExternalLink(pipe, "/")
            del file["acquisition/lick/data"], file["acquisition/reward/data"]
            file["acquisition/lick/data"] = h5py.ExternalLink(pipe, "data")
            file["acquisition/reward"].create_virtual_dataset("data", layout)
        code = (
            "import sys, pathlib\nfrom antelop.recording import reading\n"
            "with reading(pathlib.Path(sys.argv[1])) as r: print(len(r.others))"
        )
        done = subprocess.run([sys.executable, "-c", code, nwb], capture_output=True, timeout=60, check=True)
        assert int(done.stdout) >= 3

    def test_links_within_the_file_are_followed(self, nwb: Path) -> None:
        """A series is also found where a soft link shows it, relative or not; a container is not shown twice."""
        with h5py.File(nwb, "r+") as file:
            file["acquisition/alias"] = h5py.SoftLink("./lick")
            file["processing/behavior/Position/alias"] = h5py.SoftLink("/acquisition/alias")
            file["acquisition/Position"] = h5py.SoftLink("/processing/behavior/Position")
        with reading(nwb) as recording:
            for path in ("acquisition/alias", "processing/behavior/Position/alias"):
                alias, lick = recording.series[path], recording.series["acquisition/lick"]
                assert alias.data is not None
                assert lick.data is not None
                np.testing.assert_array_equal(alias.data[:], lick.data[:])
            assert not [path for path in recording.series if path.startswith("acquisition/Position")]

    def test_a_group_of_two_names_is_found_under_the_shorter_path(self, nwb: Path) -> None:
        """What a hard link shows deep in another group stays at the path that a rig names."""
        with h5py.File(nwb, "r+") as file:
            file["processing/behavior"].copy(file["acquisition/lick"], file.create_group("acquisition/ports"), name="left")
            for folder in ("first", "second"):  # a search in either direction meets one of them before
                file[f"acquisition/{folder}/below/ports"] = file["acquisition/ports"]
        with reading(nwb) as recording:
            assert [path for path in recording.series if path.endswith("ports/left")] == ["acquisition/ports/left"]

    def test_links_that_lead_nowhere_are_told(self, nwb: Path) -> None:
        """Dangling and circular links are told as such, and are never taken for a series without data."""
        with h5py.File(nwb, "r+") as file:
            file["acquisition/dangling"] = h5py.SoftLink("/acquisition/gone")
            file["acquisition/here"] = h5py.SoftLink("there")
            file["acquisition/there"] = h5py.SoftLink("here")
            del file["acquisition/lick/data"]
            file["acquisition/lick/data"] = h5py.SoftLink("gone")
        assert self.others(nwb) == {
            "acquisition/dangling": "link to nothing",
            "acquisition/here": "link to nothing",
            "acquisition/lick": "TimeSeries (its data is a link to nothing)",
            "acquisition/there": "link to nothing",
        }


class TestHostile:
    def test_groups_that_hold_themselves_come_to_an_end(self, nwb: Path) -> None:
        """Each group is looked into once, so hard links in circles double nothing."""
        with h5py.File(nwb, "r+") as file:
            top = file.create_group("acquisition/ring")
            for name in "abcdefgh":
                top[name] = top
                top[f"up_{name}"] = file["acquisition"]
        with reading(nwb) as recording:
            assert "acquisition/lick" in recording.series
            assert len(recording.series) < 100

    def test_nesting_and_names_are_bounded(self, nwb: Path) -> None:
        """What is very deep, or has a very long name, is left alone."""
        with h5py.File(nwb, "r+") as file:
            group = file["acquisition"]
            for _ in range(2000):
                group = group.create_group("deeper")
                group.attrs["neurodata_type"] = "Deep"
            file.create_group("acquisition/" + "long" * 10_000).attrs["neurodata_type"] = "TimeSeries"
        with reading(nwb) as recording:
            assert "acquisition/lick" in recording.series
            assert max(map(len, [*recording.series, *recording.others])) <= 1000

    def test_huge_declarations_cost_nothing(self, nwb: Path) -> None:
        """Data that claim far more than the file holds are told, some that were never written read, long text refused."""
        with h5py.File(nwb, "r+") as file:
            lick, reward = file["acquisition/lick"], file["acquisition/reward"]
            del lick["data"], lick["timestamps"], reward["data"], file["identifier"]
            lick.create_dataset("data", (10**15,), "f8", chunks=(1000,))[:1000] = 1.0
            lick.create_dataset("timestamps", (2**32, 2**32), "f8", chunks=(1, 1000))
            reward.create_dataset("data", (2**27,), "f8", chunks=(1000,))
            file.create_dataset("identifier", (), "S1000000000")
        problem = refusal(nwb)
        assert problem.what == "made.nwb cannot be read: its identifier has 1 values of type |S1000000000"
        with h5py.File(nwb, "r+") as file:
            del file["identifier"]
            file["identifier"] = "short"
        with reading(nwb) as recording:
            said = "TimeSeries (its data declares 8000000000000000 bytes, and the file holds 8000)"
            assert recording.others["acquisition/lick"] == said
            data = recording.series["acquisition/reward"].data
            assert data is not None
            assert data[5:7].tolist() == [0.0, 0.0]
        with reading(change(nwb, data=[1.0])) as recording:
            said = f"TimeSeries (each row of its timestamps has {2**32} values)"
            assert recording.others["acquisition/lick"] == said

    def test_what_compresses_well_is_held(self, nwb: Path) -> None:
        """Of zeros that are there, gzip makes a thousandth: they are read, however many; enormous chunks are not."""
        chunk = zlib.compress(bytes(1 << 24))
        with h5py.File(nwb, "r+") as file:
            lick, reward = file["acquisition/lick"], file["acquisition/reward"]
            del lick["data"], reward["data"]
            zeros = lick.create_dataset("data", (1 << 32,), "i1", chunks=(1 << 24,), compression="gzip")
            for start in range(0, 1 << 32, 1 << 24):
                zeros.id.write_direct_chunk((start,), chunk)
            reward.create_dataset("data", (1000,), "f8", maxshape=(None,), chunks=(2**28,))
        with reading(nwb) as recording:
            data = recording.series["acquisition/lick"].data
            assert data is not None
            assert data.shape == (1 << 32,)
            said = "TimeSeries (its data is in chunks of 2147483648 bytes)"
            assert recording.others["acquisition/reward"] == said


class TestDamage:
    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            (b"", Problem("nwb_not_hdf5", "", "x.nwb is empty (0 bytes)", COPY)),
            (
                b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 43\n",
                Problem(
                    "nwb_not_hdf5",
                    "",
                    "x.nwb is a Git LFS pointer, which only stands for the recording",
                    "Run `git lfs pull` where it comes from, and copy it again",
                ),
            ),
            (
                b"time,lick\n0.1,1\n" * 99,
                Problem(
                    "nwb_not_hdf5",
                    "",
                    "x.nwb is no HDF5 file: it begins with b'time,lick\\n0.1,1\\n'",
                    "Deliver an NWB 2 file",
                ),
            ),
        ],
    )
    def test_what_is_not_hdf5_is_told_by_what_it_is(self, tmp_path: Path, content: bytes, problem: Problem) -> None:
        """Zero bytes, a Git LFS pointer and anything else are told apart."""
        path = tmp_path / "x.nwb"
        path.write_bytes(content)
        assert refusal(path) == problem

    def test_what_is_no_file_is_told(self, tmp_path: Path) -> None:
        """A file that is not there, a folder, and a named pipe, which would block."""
        os.mkfifo(tmp_path / "pipe.nwb")
        for name, check, what in [
            ("none.nwb", "nwb_missing", "There is no file {}"),
            ("none/none.nwb", "nwb_missing", "There is no file {}"),
            ("", "nwb_not_hdf5", "{} is not a file"),
            ("pipe.nwb", "nwb_not_hdf5", "{} is not a file"),
        ]:
            problem = refusal(tmp_path / name)
            assert (problem.check, problem.what) == (check, what.format(tmp_path / name))

    def test_a_file_that_is_one_byte_short_is_cut_short(self, nwb: Path) -> None:
        """The length that HDF5 has noted is compared with the file's, before anything is read."""
        size = nwb.stat().st_size
        os.truncate(nwb, size - 1)
        assert refusal(nwb) == Problem(
            "nwb_truncated", "", f"made.nwb is cut short: {size - 1} of {size} bytes are there", COPY
        )

    @pytest.mark.parametrize("options", [{"libver": "latest"}, {"userblock_size": 1024}, {"libver": "v108"}])
    def test_superblocks_of_all_kinds_are_understood(self, tmp_path: Path, options: dict[str, Any]) -> None:
        """New and old files, and those with a block of the user's before them, are whole or cut short."""
        path = tmp_path / "made.nwb"
        with h5py.File(path, "w", **options) as file:
            file.attrs.update(nwb_version="2.9.0", neurodata_type="NWBFile")
            file["identifier"], file["session_start_time"] = "bare", "2026-11-22T10:00:00"
        with reading(path) as recording:
            assert recording.identifier == "bare"
        os.truncate(path, path.stat().st_size - 1)
        assert refusal(path).check == "nwb_truncated"

    def test_a_superblock_of_version_1_is_understood(self, tmp_path: Path) -> None:
        """Its addresses begin four bytes further than in version 0; nothing here writes one."""
        path = tmp_path / "old.nwb"
        addresses = np.array([0, 2**64 - 1, 999, 2**64 - 1], "<u8").tobytes()
        head = b"\x89HDF\r\n\x1a\n" + bytes([1, 0, 0, 0, 0, 8, 8, 0]) + bytes(12) + addresses
        path.write_bytes(head.ljust(200, b"\0"))
        assert refusal(path).what == "old.nwb is cut short: 200 of 999 bytes are there"

    def test_a_writer_that_crashed_has_left_its_mark(self, tmp_path: Path) -> None:
        """A file whose writer never closed it says so in its superblock, in new files and in old ones."""
        code = "import h5py, os, sys\nf = h5py.File(sys.argv[1], 'w', libver=sys.argv[2]); f['x'] = 1; f.flush(); os._exit(0)"
        for libver in ("earliest", "latest"):
            path = tmp_path / f"{libver}.nwb"
            subprocess.run([sys.executable, "-c", code, path, libver], check=True)
            assert refusal(path) == Problem(
                "nwb_open",
                "",
                f"{libver}.nwb is still marked as open for writing",
                "Close it in the program that writes it; if that crashed and the file is complete, run `h5clear -s` on it",
            )

    @pytest.mark.parametrize("setting", ["TRUE", "FALSE"])
    def test_a_file_that_another_program_writes_waits_for_it(self, nwb: Path, setting: str) -> None:
        """The writer's lock is noticed until it is let go, whatever HDF5_USE_FILE_LOCKING says to HDF5."""
        environment = {name: value for name, value in os.environ.items() if name != "HDF5_USE_FILE_LOCKING"}
        write = "import h5py, sys\nwith h5py.File(sys.argv[1], 'r+', locking=True): print('open', flush=True); input()"
        read = (
            "import sys, pathlib, antelop.recording, antelop.errors\nfor line in sys.stdin:\n try:\n"
            "  with antelop.recording.reading(pathlib.Path(sys.argv[1])) as r: print(r.identifier, flush=True)\n"
            " except antelop.errors.Rejected as e: print(e, flush=True)"
        )
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        own = environment | {"HDF5_USE_FILE_LOCKING": setting}
        with (
            subprocess.Popen([sys.executable, "-c", write, nwb], env=environment, **pipes) as writer,
            subprocess.Popen([sys.executable, "-c", read, nwb], env=own, **pipes) as reader,
        ):
            assert writer.stdin
            assert writer.stdout
            assert reader.stdin
            assert reader.stdout
            assert writer.stdout.readline() == "open\n"
            reader.stdin.write("\n")
            reader.stdin.flush()
            assert reader.stdout.readline() == (
                "made.nwb is still open for writing: another program holds its lock. "
                "Close it in that program, and deliver it again.\n"
            )
            writer.communicate("\n")
            assert reader.communicate("\n")[0] == "licking-0\n"

    def test_a_reader_keeps_no_lock(self, nwb: Path) -> None:
        """While a recording is read, the rig can open its file for writing."""
        with reading(nwb), nwb.open("rb") as rig:
            fcntl.flock(rig, fcntl.LOCK_EX | fcntl.LOCK_NB)

    @pytest.mark.parametrize(
        ("edit", "said"),
        [
            (lambda file: file.pop("identifier"), "it has no identifier"),
            (lambda file: file.pop("session_start_time"), "it has no session_start_time"),
        ],
    )
    def test_what_every_file_must_say_is_asked_for(self, nwb: Path, edit: Callable[[h5py.File], object], said: str) -> None:
        """A file that has no identifier or no time at which the session began is rejected."""
        with h5py.File(nwb, "r+") as file:
            edit(file)
        assert refusal(nwb) == Problem("nwb_damaged", "", f"made.nwb cannot be read: {said}", MEND)

    def test_a_start_that_is_not_one_time_is_told(self, nwb: Path) -> None:
        """The sentence says in which form it should be."""
        with h5py.File(nwb, "r+") as file:
            file["session_start_time"].write_direct(np.array("11/12/2026", dtype=object))
        what = "the session_start_time of made.nwb is '11/12/2026', which is not one time"
        assert refusal(nwb) == Problem("nwb_start_time", "", what, "Write it in ISO 8601, such as 2026-11-22T09:30:00+01:00")

    @pytest.mark.parametrize(
        ("version", "what"),
        [
            (np.array([b"2.0", b"2.1"]), "made.nwb gives its nwb_version as an array, [b'2.0', b'2.1'], and not as text"),
            ("", "made.nwb is HDF5, but gives no nwb_version"),
            (h5py.Empty("S1"), "made.nwb is HDF5, but gives no nwb_version"),
            ("3.0.0", "made.nwb is NWB '3.0.0', and only NWB 2 is read"),
            (2.9, None),
        ],
    )
    def test_only_version_2_is_read(self, nwb: Path, version: object, what: str | None) -> None:
        """A version is text that begins with 2, or a number that does."""
        with h5py.File(nwb, "r+") as file:
            file.attrs["nwb_version"] = version
        if what is None:
            with reading(nwb) as recording:
                assert recording.nwb_version == str(version)
        else:
            assert (refusal(nwb).check, refusal(nwb).what) == ("nwb_version", what)

    def test_damaged_samples_are_told_where_they_are(self, nwb: Path) -> None:
        """A chunk that cannot be decompressed is found when it is sliced; the others, and other series, are read."""
        with h5py.File(nwb, "r+") as file:
            del file["acquisition/lick/data"]
            data = file["acquisition/lick"].create_dataset("data", data=np.arange(2000), chunks=(1000,), compression="gzip")
            chunk = data.id.get_chunk_info(1)
        with nwb.open("r+b") as raw:
            raw.seek(chunk.byte_offset + 10)
            raw.write(bytes(chunk.size - 20))
        with reading(nwb) as recording:
            samples = recording.series["acquisition/lick"].data
            assert samples is not None
            assert samples[990:1000].tolist() == list(range(990, 1000))
            with pytest.raises(Rejected) as refused:
                samples[990:1001]
            (problem,) = refused.value.problems
            assert (problem.check, problem.where, problem.remedy) == ("nwb_damaged", "acquisition/lick/data", MEND)
            assert problem.what.startswith("it cannot be read: the chunk at (1000,) cannot be decompressed")

    def test_a_damaged_object_is_told_where_it_is(self, nwb: Path) -> None:
        """An object whose header is overwritten is told by its path when it is read; the others are read."""
        with h5py.File(nwb, "r+") as file:
            address = h5py.h5o.get_info(file["acquisition/lick/timestamps"].id).addr
        with nwb.open("r+b") as raw:
            raw.seek(address)
            raw.write(b"\xff" * 32)
        with reading(nwb) as recording:
            assert recording.series["acquisition/reward"].data
            with pytest.raises(Rejected) as refused:
                recording.series.get("acquisition/lick")
            (problem,) = refused.value.problems
            assert (problem.check, problem.where, problem.remedy) == ("nwb_damaged", "acquisition/lick", MEND)
            assert problem.what.startswith("it cannot be read: Unable to synchronously open object")

    def test_a_hole_in_the_text_is_told(self, nwb: Path) -> None:
        """A copy that broke off and left zeros where text was kept is rejected; HDF5 alone would read for ever."""
        content = nwb.read_bytes()
        text = content.index(b"GCOL")
        with nwb.open("r+b") as raw:
            raw.seek(text + 16)
            raw.write(bytes(1000))
        what = f"made.nwb cannot be read: there is a hole at byte {text + 16}"
        assert refusal(nwb) == Problem("nwb_damaged", "", what, MEND)

    def test_samples_end_with_the_context(self, nwb: Path) -> None:
        """Slicing after the file was closed is a mistake of the caller, and no damage."""
        with reading(nwb) as recording:
            data = recording.series["acquisition/lick"].data
        assert data is not None
        with pytest.raises(ValueError, match="acquisition/lick/data was sliced after its file had been closed"):
            data[:]


class TestDisk:
    def descriptors(self, path: Path) -> list[int]:
        """Find the descriptors by which a file is held and read."""
        links = {int(link.name): link for link in Path("/proc/self/fd").iterdir()}
        return [number for number, link in links.items() if link.exists() and link.readlink() == path.resolve()]

    def test_an_error_of_the_disk_is_not_the_files_fault(self, nwb: Path) -> None:
        """Where reading the file fails, in its structure or in samples, the recording is unavailable."""
        with reading(nwb) as recording, Path(os.devnull).open("wb") as broken:
            data = recording.series["acquisition/lick"].data
            assert data is not None
            for descriptor in self.descriptors(nwb):
                os.dup2(broken.fileno(), descriptor)  # reading from it fails with EBADF
            for read in (lambda: data[:], lambda: recording.series["acquisition/force"]):
                with pytest.raises(Unavailable) as failed:
                    read()
                assert str(failed.value) == f"{nwb} cannot be read: Bad file descriptor"
        with pytest.raises(Unavailable) as failed, reading(Path("/proc/self/mem")):
            pass
        assert str(failed.value) == "/proc/self/mem cannot be read: Input/output error"

    def test_a_file_that_becomes_shorter_gives_no_zeros(self, nwb: Path) -> None:
        """Samples that were cut off after the file was opened are unavailable, and not zero."""
        with reading(nwb) as recording:
            series = recording.series["acquisition/force"]
            os.truncate(nwb, 4096)
            assert series.data is not None
            with pytest.raises(Unavailable) as failed:
                series.data[:]
            assert str(failed.value) == f"{nwb} became shorter while it was read"

    def test_a_process_may_end_while_it_reads(self, nwb: Path) -> None:
        """A file that a thread still reads when Python is taken down does not crash the process."""
        code = """
import pathlib, sys, threading
from antelop.recording import reading
from antelop.recording.bounds import MOST_FACTORS
def read():
    with reading(pathlib.Path(sys.argv[1])):
        opened.set()
        threading.Event().wait()
opened = threading.Event()
threading.Thread(target=read, daemon=True).start()
opened.wait()
"""
        assert subprocess.run([sys.executable, "-c", code, nwb], check=False).returncode == 0
