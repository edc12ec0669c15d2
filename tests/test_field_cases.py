"""Recordings as other software writes them: what is right goes in with its values, and nothing else goes in silently."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from antelop.checks.examine import Findings, examine
from antelop.checks.facts import Facts
from antelop.checks.severities import Severity
from antelop.database.row import TABLES
from antelop.errors import Rejected
from antelop.formats.rig import parse
from antelop.ingest.rows import Keys, plan
from antelop.ingest.session import insert_nwb
from antelop.lab import Lab
from antelop.lab.rigs import upload_rig_json
from antelop.recording import reading
from tests.clocks import NOW
from tests.labs import SESSION

T = np.arange(10) * 0.5 + 1.0
"""The times of most cases, in seconds."""

STORED: Mapping[str, Mapping[str, tuple[Any, Any]]] = {
    "15-matlab-vectors": {
        "lick": (np.ones(10), T),
        "trials": (np.tile([1, -1], 2), [1.0, 2.0, 3.0, 4.0]),
        "nose": (np.column_stack([np.arange(20.0).reshape(10, 2), np.ones(10)]), T),
    },
    "06-container-with-member-named-timestamps": {
        "timestamps": (T, T),
        "other": (np.arange(10.0), T),
        "data": (np.arange(10.0), T),
    },
    "07-same-name-in-two-containers": {
        "first": (np.column_stack([np.arange(20.0).reshape(10, 2), np.full(10, np.nan)]), T),
        "second": (np.column_stack([np.arange(20.0).reshape(10, 2) + 100, np.full(10, np.nan)]), T),
    },
    "08-core-events-table": {"licks": (np.ones(10), T)},
    "10-intervals-outside-intervals": {"WheelMovementIntervals": (np.tile([1, -1], 2), [1.0, 2.0, 3.0, 4.0])},
    "16-interval-values": {
        "port": (np.tile([1, -1], 2), [1.0, 2.0, 3.0, 4.0]),
        "beam": (np.tile([1, -1], 2), [1.0, 2.0, 3.0, 4.0]),
    },
    "24-columns": {
        "area": (np.arange(10.0), T),
        "width": (T * 2, T),
        "line": ((np.arange(80) % 3 == 0).reshape(10, 8)[:, 3], np.arange(10) / 1000),
        "reward": ([1], [1.5]),
        "kind": ([0, 1], [1.0, 3.0]),
    },
    "13-hdf5plugin": {"x": (np.arange(10000.0), np.arange(10000) / 100)},
    "12-channel-conversion-uniform": {"adc": (np.arange(20).reshape(10, 2) * float(np.float32(5e-8)), T)},
}
"""By case: data and times of each feature, where the whole recording goes in."""

NAMED: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "07-same-name-in-two-containers": {
        name: {
            "data_type": "kinematics",
            "source": {"source_type": "processing", "module": f"behavior/PoseEstimation_ind{number}", "series": "snout"},
        }
        for number, name in enumerate(("first", "second"), 1)
    },
    "24-columns": {
        "area": {
            "data_type": "analog",
            "source": {"source_type": "acquisition", "module": "EyeTracking", "series": "pupil_tracking", "column": "area"},
        },
        "width": {
            "data_type": "analog",
            "source": {"source_type": "processing", "module": "eye_tracking/pupil_ellipse_fits"},
        },
        "line": {
            "data_type": "digital",
            "source": {"source_type": "acquisition", "series": "nidq_digital", "column": 3},
        },
        "reward": {
            "data_type": "digital",
            "source": {"source_type": "intervals", "series": "trials", "time": "reward_time", "where": {"type": ["go"]}},
        },
        "kind": {
            "data_type": "digital",
            "source": {"source_type": "intervals", "series": "trials", "column": "type"},
        },
    },
}
"""By case: the features that a rig names by what the case is about, in the place of those of the case's own rig."""

WARNED = {
    "04-transposed-with-a-rate": {"channels_outnumber"},
}
"""By case: the checks that warn of what goes in as it is written."""

REFUSED = {
    "11-table-one-bad-row": {"table_overlap"},
    "01-conversion-not-finite": {"conversion_unusable"},
    "03-times-in-milliseconds": {"times_unit"},
    "25-declared-but-never-written": {"never_written"},
}
"""By case: the checks that reject what no rig could make right."""

NOT_READ_YET = {
    "26-vds-in-the-same-file": {"feature_missing"},
}
"""By case: the checks that reject what a lab would expect to work, and which is therefore not stored wrongly."""


def rig_of(folder: Path) -> dict[str, Any]:
    """Return the rig of a case."""
    rig = dict(json.loads((folder / "rig.json").read_text()))
    if named := NAMED.get(folder.name):
        rig["features"] = [{"name": name, "description": "", **members} for name, members in named.items()]
    return rig


def rows_of(folder: Path, facts: Facts | None = None, **severities: Severity) -> tuple[Findings, dict[str, Any]]:
    """Return what the checks find in the recording of a folder, and the data and times that would be stored."""
    rig = parse(rig_of(folder))
    with reading(folder / "a.nwb") as recording:
        findings = examine(recording, rig, facts, severities, NOW)
        rows = {} if findings.errors else plan(recording, rig, Keys({}, 1, [1, 2]))
        stored = {
            row[f"{table.lower()}_name"]: (row["data"][:], row["timestamps"][:])
            for table in TABLES.values()
            for row in rows.get(table, ())
        }
    return findings, stored


@pytest.mark.parametrize("name", STORED)
def test_what_goes_in_has_its_values(field_case: Callable[[str], Path], name: str) -> None:
    """Data and times of every feature are those that the file means."""
    findings, stored = rows_of(field_case(name))
    assert findings == Findings((), ())
    assert stored.keys() == STORED[name].keys()
    for feature, (data, times) in STORED[name].items():
        np.testing.assert_array_equal(stored[feature][0], data)
        np.testing.assert_array_equal(stored[feature][1], times)


def test_a_bad_row_costs_this_row_and_not_the_recording(field_case: Callable[[str], Path]) -> None:
    """Rows without a stop are left out, others sorted, and a stop one bit late is none; a real overlap is stored if allowed."""
    findings, stored = rows_of(field_case("11-table-one-bad-row"), table_overlap="warning")
    assert not findings.errors
    assert {(problem.check, problem.where) for problem in findings.warnings} == {
        ("table_not_finite", "intervals/trials"),
        ("table_sorted", "intervals/epochs"),
        ("table_touching", "intervals/presentations"),
        ("table_overlap", "intervals/recognition"),
    }
    starts = {"trials": np.arange(49) * 10.0, "epochs": np.arange(3) * 10.0, "presentations": np.arange(20) * 0.25}
    lengths = {"trials": 5.0, "epochs": 10.0, "presentations": 0.25}
    for name, start in starts.items():
        np.testing.assert_array_equal(stored[name][0], np.tile([1, -1], len(start)))
        np.testing.assert_array_equal(stored[name][1], np.column_stack([start, start + lengths[name]]).ravel())
    np.testing.assert_array_equal(stored["recognition"][1], [0.0, 3.0, 4.0, 8.2, 8.0, 11.0])


@pytest.mark.parametrize("name", WARNED)
def test_what_is_suspicious_goes_in_with_a_warning(field_case: Callable[[str], Path], name: str) -> None:
    """The check that is named after the suspicion warns, and no error keeps the recording out."""
    findings, _ = rows_of(field_case(name))
    assert findings.errors == ()
    assert {problem.check for problem in findings.warnings} == WARNED[name]


@pytest.mark.parametrize(
    ("file", "began"),
    [
        ("a0.nwb", "2024-05-01T00:00:00"),
        ("a1.nwb", "2024-05-01T10:00:00"),
        ("a2.nwb", "2024-05-02T00:00:00+00:00"),
    ],
)
def test_a_start_in_another_form_is_read_with_a_warning(field_case: Callable[[str], Path], file: str, began: str) -> None:
    """The remedy names the form that NWB prescribes."""
    folder = field_case("19-session-start-formats")
    with reading(folder / file) as recording:
        assert recording.session_start_time.isoformat() == began
    (folder / file).rename(folder / "a.nwb")
    (warning,) = rows_of(folder)[0].warnings
    assert (warning.check, warning.where) == ("session_start_format", "session_start_time")
    assert warning.remedy == "Write it in ISO 8601, such as 2026-11-22T09:30:00+01:00"


@pytest.mark.parametrize("name", [*STORED, *WARNED, *REFUSED])
def test_ingest_says_what_check_says_and_stores_what_it_promised(
    lab: Lab, field_case: Callable[[str], Path], name: str
) -> None:
    """No recording passes one and fails the other, and none ends in a traceback."""
    folder = field_case(name)
    findings, planned = rows_of(folder)
    key = upload_rig_json(lab, "lab", name, rig_of(folder), [])
    try:
        said = insert_nwb(lab, SESSION, [], folder / "a.nwb", key["behaviourrig_id"]).warnings
    except Rejected as rejected:
        said = rejected.problems
    assert set(findings.errors or findings.warnings) <= set(said)
    stored = {
        row[f"{table.lower()}_name"]: (row["data"], row["timestamps"])
        for table in TABLES.values()
        for row in (lab.database.tables[table]() & SESSION).to_dicts()
    }
    assert stored.keys() == planned.keys()
    for feature, arrays in planned.items():
        np.testing.assert_array_equal(stored[feature][0], arrays[0])
        np.testing.assert_array_equal(stored[feature][1], arrays[1])


def test_each_channel_comes_back_in_its_own_unit(lab: Lab, field_case: Callable[[str], Path]) -> None:
    """Where channels have different factors, the values in the database are those that pynwb computes."""
    folder = field_case("12-channel-conversion-uniform")
    with h5py.File(folder / "a.nwb", "r+") as file:
        file["acquisition/adc/channel_conversion"][1] = 0.25
    key = upload_rig_json(lab, "lab", "adc", json.loads((folder / "rig.json").read_text()), [])
    assert insert_nwb(lab, SESSION, [], folder / "a.nwb", key["behaviourrig_id"]).outcome == "ingested"
    expected = np.arange(20).reshape(10, 2) * [float(np.float32(5e-8)), 0.25]
    np.testing.assert_array_equal((lab.database.AnalogEvents & SESSION).fetch1("data"), expected)


def test_two_days_of_one_stimulus_are_two_recordings(lab: Lab, field_case: Callable[[str], Path]) -> None:
    """They differ in identifier and start, and each goes into its session."""
    folder = field_case("14-equal-content")
    key = upload_rig_json(lab, "lab", "stimulus", json.loads((folder / "rig.json").read_text()), [])
    for number in (1, 2):
        session = {**SESSION, "session_id": 40 + number}
        assert insert_nwb(lab, session, [], folder / f"day-{number}.nwb", key["behaviourrig_id"]).outcome == "ingested"


def test_a_number_of_the_lab_is_a_name(field_case: Callable[[str], Path]) -> None:
    """The file's subject 2 is not the animal that the database happens to call 2."""
    facts = Facts(
        experiment={"experimenter": "lab", "experiment_id": 1},
        session={"session_id": 1},
        session_exists=True,
        session_timestamp=None,
        sessions={},
        animals=({"animal_name": "m1"},),
        experiment_animals={1: "m1", 2: "cage 2 mouse"},
    )
    findings, stored = rows_of(field_case("21-subject-number"), facts)
    assert [warning.check for warning in findings.warnings] == ["subject_unknown"]
    assert stored.keys() == {"x"}


@pytest.mark.parametrize("name", REFUSED | NOT_READ_YET)
def test_what_cannot_be_stored_right_is_refused(field_case: Callable[[str], Path], name: str) -> None:
    """The check that is named after the reason finds it, before anything is stored."""
    try:
        errors = rows_of(field_case(name))[0].errors
    except Rejected as rejected:
        errors = rejected.problems
    assert {problem.check for problem in errors} == (REFUSED | NOT_READ_YET)[name]
