"""Recordings that other labs made: what goes in is what h5py reads, and each odd file has the outcome that it should."""

import json
import shutil
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from antelop.checks.examine import examine
from antelop.errors import Rejected
from antelop.export.session import export_nwb
from antelop.formats.rig import Rig, parse
from antelop.ingest.session import insert_nwb
from antelop.lab import Lab
from antelop.lab.rigs import upload_rig_json
from antelop.recording import reading
from antelop.trials import split_trials
from tests.clocks import NOW
from tests.labs import ANIMALS, OWNER, SESSION
from tests.round_trips import critical, invalid, round_trip

CONFIG = Path(__file__).parents[1] / "config"

FORAGING = {"trials": "foraging.table_trials", "rewarded": "foraging.rewarded_trials"}

REAL = {
    "689514_2024-02-01_18-06-43.nwb": ("foraging", FORAGING),
    "697062_2023-11-14_11-12-44.nwb": ("foraging", FORAGING),
    "697062_2023-11-15_10-02-05.nwb": ("foraging", FORAGING),
    "705599_2024-05-31_14-06-54.nwb": ("foraging", FORAGING),
    "A2929-200711.nwb": ("head-direction", {}),
    "sub-anm369963_ses-20170228.nwb": ("delayed-response", {}),
    "m3v1mp4DLC_resnet50_openfieldAug20shuffle1_30000.nwb": ("open-field", {}),
}


def rig_of(name: str) -> dict[str, Any]:
    """Return one of the example rigs."""
    return dict(json.loads((CONFIG / "rigs" / f"{name}.json").read_text()))


def upload(lab: Lab, rig: Mapping[str, Any], masks: Mapping[str, str]) -> None:
    """Store a rig, with masks whose functions are in the example scripts."""
    shutil.copy(CONFIG / "analysis" / "foraging.py", lab.config.analysis.folders[0])
    masklist = [{"name": name, "description": name, "function": function} for name, function in masks.items()]
    upload_rig_json(lab, "lab", "real", rig, masklist)


def animals_of(name: str) -> list[dict[str, Any]]:
    """Return the animals that a rig needs."""
    return [dict(animal) for animal in ANIMALS[: parse(rig_of(name)).animals]]


def fetched(lab: Lab, table: str, feature: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return what the database has of a feature."""
    rows = lab.database.tables[table]() & SESSION & {f"{table.lower()}_name": feature}
    data, timestamps = rows.fetch1("data", "timestamps")
    return data, timestamps


@pytest.mark.parametrize("name", REAL)
def test_what_goes_in_is_what_the_file_has(lab: Lab, recordings: Path, name: str) -> None:
    """Every feature comes back as h5py reads it: events without a time left out and the others in time order."""
    rig_name, masks = REAL[name]
    upload(lab, rig_of(rig_name), masks)
    outcome = insert_nwb(lab, SESSION, animals_of(rig_name), recordings / name, "real")
    assert outcome.outcome == "ingested"
    with h5py.File(recordings / name) as file:
        for feature in parse(rig_of(rig_name)).features:
            group = file[str(feature.path)]
            if feature.source_type == "intervals":
                data, timestamps = fetched(lab, "IntervalEvents", feature.name)
                edges = np.column_stack([group["start_time"], group["stop_time"]]).ravel()
                np.testing.assert_array_equal(timestamps, edges)
                np.testing.assert_array_equal(data, np.tile([1, -1], len(edges) // 2))
            elif feature.data_type == "digital":
                data, timestamps = fetched(lab, "DigitalEvents", feature.name)
                times = group["timestamps"][:]
                kept = np.flatnonzero(np.isfinite(times))
                order = kept[np.argsort(times[kept], kind="stable")]
                np.testing.assert_array_equal(timestamps, times[order])
                np.testing.assert_array_equal(data, group["data"][:][order])
            elif feature.data_type == "analog":
                data, timestamps = fetched(lab, "AnalogEvents", feature.name)
                np.testing.assert_array_equal(timestamps, group["timestamps"])
                np.testing.assert_array_equal(data, group["data"])
            else:
                data, timestamps = fetched(lab, "Kinematics", feature.name)
                np.testing.assert_array_equal(timestamps, group["timestamps"])
                np.testing.assert_array_equal(data, np.column_stack([group["data"], group["confidence"]]))
    if rig_name == "foraging":
        assert outcome.trials == trials_of_foraging(recordings / name)
    check_masks(lab, outcome.trials)


def trials_of_foraging(path: Path) -> dict[str, int]:
    """Count, one by one, the rows of the table, and the rewards that were licked before the next one."""
    with h5py.File(path) as file:
        names = [
            [f"acquisition/{side}_{what}_time/timestamps" for side in ("left", "right")] for what in ("reward_delivery", "lick")
        ]
        rewards, licks = (sorted({time for time in [*file[left], *file[right]] if np.isfinite(time)}) for left, right in names)
        rows = len(file["intervals/trials/id"])
    licked = [any(start < lick <= stop for lick in licks) for start, stop in pairwise([*rewards, np.inf])]
    return {"trials": rows, "rewarded": sum(licked)}


def check_masks(lab: Lab, trials: Mapping[str, int]) -> None:
    """Make sure that the masks split the licks into as many trials as the outcome says, each within its bounds."""
    for name, count in trials.items():
        mask = (lab.database.Mask & SESSION & {"mask_name": name}).fetch1("data", "timestamps")
        licks = fetched(lab, "DigitalEvents", "left_lick_time")
        split = split_trials(licks, mask)
        assert len(split) == count
        for (_, times), start, stop in zip(split, mask[1][::2], mask[1][1::2], strict=True):
            assert np.all((start <= times) & (times <= stop))


def test_one_mouse_on_two_days(lab: Lab, recordings: Path) -> None:
    """Two recordings of one animal are two sessions, although the hardware's clock runs on."""
    upload(lab, rig_of("foraging"), FORAGING)
    for number, name in ((41, "697062_2023-11-14_11-12-44.nwb"), (42, "697062_2023-11-15_10-02-05.nwb")):
        session = {**SESSION, "session_id": number}
        assert insert_nwb(lab, session, animals_of("foraging"), recordings / name, "real").outcome == "ingested"
    assert len(lab.database.World & OWNER) == 2


def test_licks_that_step_back_are_warned_of(lab: Lab, recordings: Path) -> None:
    """The delayed response task's licks step back 54 and 95 times; both are said, and stored with the session."""
    upload(lab, rig_of("delayed-response"), {})
    outcome = insert_nwb(lab, SESSION, animals_of("delayed-response"), recordings / "sub-anm369963_ses-20170228.nwb", "real")
    said = {warning.where: warning.what for warning in outcome.warnings if warning.check == "events_sorted"}
    assert said == {
        "acquisition/lick_times/lick_left_times": "54 of 782 times step back, so the events are sorted by time",
        "acquisition/lick_times/lick_right_times": "95 of 1016 times step back, so the events are sorted by time",
    }
    stored = (lab.database.Ingestion & SESSION).fetch1("warnings")
    assert {warning["where"] for warning in stored if warning["check"] == "events_sorted"} == said.keys()


def test_trials_without_a_stop_are_refused(lab: Lab, recordings: Path) -> None:
    """A rig that names the delayed response task's trials table, whose stop times are all NaN, is rejected for that alone."""
    rig = rig_of("delayed-response")
    source = {"source_type": "intervals"}
    rig["features"].append({"name": "trials", "source": source, "data_type": "interval", "description": "trials"})
    upload(lab, rig, {})
    with pytest.raises(Rejected) as rejected:
        insert_nwb(lab, SESSION, animals_of("delayed-response"), recordings / "sub-anm369963_ses-20170228.nwb", "real")
    assert [(problem.check, problem.where) for problem in rejected.value.problems] == [
        ("table_without_rows", "intervals/trials")
    ]
    assert not lab.database.World()


def feature(name: str, data_type: str, source: str = "acquisition", module: str = "") -> dict[str, Any]:
    """Describe a feature of the world."""
    place = {"source_type": source} | ({"module": module} if module else {})
    return {"name": name, "source": place, "data_type": data_type, "description": name}


def rig_with(*features: dict[str, Any], videos: tuple[str, ...] = ()) -> dict[str, Any]:
    """Describe a rig of these features."""
    declared = [{"name": name, "description": name, "format": "avi"} for name in videos]
    rig = {"specification": "antelop-behaviour", "version": "0.0.1", "reference_point": ""}
    return rig | {"features": list(features), "videos": declared}


ODD = {
    "mock_ttl_examples.nwb": rig_with(feature("DefaultTTLSignal", "analog"), feature("NonDefaultRegularFloats", "analog")),
    "example_file_path.nwb": rig_with(
        feature("position2", "analog", "processing", "behavior/Position"),
        feature("test_timeseries", "analog"),
        feature("epochs", "interval", "intervals"),
    ),
    "testLinkTimeSeriesExample.nwb": rig_with(
        feature("original_series", "analog"), feature("original_series_reference", "analog", "processing", "time_alignment")
    ),
    "0.3.0_poseestimation_two_cameras.nwb": rig_with(
        feature("front_left_paw", "kinematics", "processing", "behavior/PoseEstimation")
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_files_that_go_in(lab: Lab, recordings: Path, name: str) -> None:
    """Declared rates, links, tables and old extensions are no hindrance, and the samples are those of the file."""
    upload(lab, ODD[name], {})
    assert insert_nwb(lab, SESSION, [], recordings / "odd" / name, "real").outcome == "ingested"
    rig: Rig = parse(ODD[name])
    with reading(recordings / "odd" / name) as recording:
        for each in rig.features:
            if each.data_type == "analog":
                series = recording.series[str(each.path)]
                data, timestamps = fetched(lab, "AnalogEvents", each.name)
                assert series.data is not None
                assert series.timestamps is not None
                np.testing.assert_array_equal(data, series.data[:])
                np.testing.assert_array_equal(timestamps, series.timestamps[:])


def test_annotations_are_events_with_labels(lab: Lab, recordings: Path) -> None:
    """Each text becomes a number, and the row says which; such a session cannot be exported yet, and this is said."""
    upload(lab, rig_with(feature("annotations1", "digital")), {})
    path = recordings / "odd" / "createAnnotationSeries.nwb"
    assert insert_nwb(lab, SESSION, [], path, "real").outcome == "ingested"
    data, labels = (lab.database.DigitalEvents & SESSION).fetch1("data", "labels")
    with h5py.File(path) as file:
        texts = [text.decode() for text in file["acquisition/annotations1/data"][:]]
    assert [labels[str(number)] for number in data] == texts
    with pytest.raises(Rejected) as rejected:
        export_nwb(lab, SESSION, path)
    assert [problem.check for problem in rejected.value.problems] == ["export_source"]


@pytest.mark.parametrize("name", [*REAL, *ODD])
def test_what_went_in_comes_out_again(lab: Lab, recordings: Path, tmp_path: Path, name: str) -> None:
    """An exported session is valid NWB, nothing in it is critical, and it comes in again equal to the bit."""
    rig, masks = REAL.get(name, ("", {}))
    upload(lab, ODD.get(name) or rig_of(rig), masks)
    animals = animals_of(rig) if rig else []
    insert_nwb(lab, SESSION, animals, recordings / ("" if rig else "odd") / name, "real")
    exported = round_trip(lab, animals, "real", tmp_path / "out.nwb")
    assert (invalid(exported.path), critical(exported.path)) == ([], [])


@pytest.mark.parametrize(
    ("name", "rig", "expected"),
    [
        ("createAnnotationSeries.nwb", rig_with(feature("annotations1", "analog")), ["data_not_numeric"]),
        ("1.3.3_timeseries_no_data.nwb", rig_with(feature("test_timeseries", "analog")), ["data_missing"]),
        (
            "2.1.0_imageseries_nonmatch_starting_frame.nwb",
            rig_with(videos=("test_imageseries",)),
            ["video_file_missing", "video_format"],
        ),
        ("S1.nwb", rig_with(), ["nwb_version"]),
        ("496908818s.nwb", rig_with(), ["nwb_version"]),
        ("empty.nwb", rig_with(), ["nwb_version"]),
        ("test_events.nwb", rig_with(), ["nwb_extension"]),
        ("ANM184389_20130207.lfs-pointer.nwb", rig_with(), ["nwb_not_hdf5"]),
        ("tdt_to_nwb_test.zero-bytes.nwb", rig_with(), ["nwb_not_hdf5"]),
    ],
)
def test_odd_files_that_are_refused(recordings: Path, name: str, rig: dict[str, Any], expected: list[str]) -> None:
    """Each gets the one reason that it should, needing no database."""
    try:
        with reading(recordings / "odd" / name) as recording:
            problems = examine(recording, parse(rig), None, {}, NOW).errors
    except Rejected as rejected:
        problems = rejected.problems
    assert [problem.check for problem in problems] == expected
