"""What a rig selects of a file: tables wherever they lie, columns, rows, states, texts, and objects of the same name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from antelop.checks.examine import Findings, examine
from antelop.database.row import TABLES
from antelop.formats.rig import parse
from antelop.ingest.rows import Keys, plan
from antelop.recording import reading
from tests.clocks import NOW

TIMES = np.array([1.0, 1.5, 4.0, 9.0])


def typed(file: h5py.File, path: str, kind: str, **datasets: Any) -> h5py.Group:
    """Write an object with its datasets."""
    group = file.require_group(path)
    group.attrs["neurodata_type"] = kind
    for name, values in datasets.items():
        group[name] = values
    return group


def table(file: h5py.File, path: str, kind: str, **columns: Any) -> h5py.Group:
    """Write a table."""
    group = typed(file, path, kind, **columns)
    group.attrs["colnames"] = sorted(columns)
    return group


@pytest.fixture
def file(tmp_path: Path) -> h5py.File:
    """Give an NWB file that is open for writing."""
    made = h5py.File(tmp_path / "made.nwb", "w")
    made.attrs["nwb_version"] = "2.10.0"
    made["identifier"], made["session_start_time"] = "made", "2026-11-22T09:30:00+00:00"
    return made


def taken(file: h5py.File, data_type: str, source: Mapping[str, Any]) -> tuple[Findings, dict[str, Any]]:
    """Close a file; return what the checks find with a rig of one feature, and the row that would be stored."""
    feature = {"name": "x", "data_type": data_type, "description": "", "source": source}
    rig = parse({"specification": "antelop-behaviour", "version": "1", "reference_point": "", "features": [feature]})
    path = Path(file.filename)
    file.close()
    with reading(path) as recording:
        findings = examine(recording, rig, None, {}, NOW)
        row = {} if findings.errors else dict(plan(recording, rig, Keys({}, 1, []))[TABLES[data_type]][0])
        row |= {name: row[name][:] for name in ("data", "timestamps") if name in row}
    return findings, row


def expect(found: tuple[Findings, dict[str, Any]], data: Any, times: Any, labels: dict[str, str] | None = None) -> None:
    """Expect that nothing is found, and these data, times and labels."""
    findings, row = found
    assert findings == Findings((), ())
    np.testing.assert_array_equal(row["data"], data)
    np.testing.assert_array_equal(row["timestamps"], times)
    assert row.get("labels") == labels


def events(file: h5py.File, path: str = "events/licks", kind: str = "EventsTable") -> h5py.Group:
    """Write a table of events with a duration, a text, a category and a number."""
    made = table(
        file, path, kind, timestamp=TIMES, duration=[0.5, 1.0, 1.0, 0.25], port=["b", "a", "b", "a"], code=[2, 0, 2, 1]
    )
    meanings = table(
        file, f"{path}/meanings_tables/code_meanings", "MeaningsTable", value=[0, 1, 2], meaning=["no", "yes", "?"]
    )
    meanings.attrs["description"] = "of code"
    return made


LICKS = {"source_type": "events", "series": "licks"}


@pytest.mark.parametrize(
    ("source", "data", "kept", "labels"),
    [
        ({}, [1, 1, 1, 1], [0, 1, 2, 3], None),
        ({"column": "duration"}, [0.5, 1.0, 1.0, 0.25], [0, 1, 2, 3], None),
        ({"column": "port"}, [1, 0, 1, 0], [0, 1, 2, 3], {"0": "a", "1": "b"}),
        ({"column": "code"}, [2, 0, 2, 1], [0, 1, 2, 3], {"0": "no", "1": "yes", "2": "?"}),
        ({"where": {"port": "a"}}, [1, 1], [1, 3], None),
        ({"where": {"code": ["yes", "no"]}}, [1, 1], [1, 3], None),
        ({"where": {"code": 2, "port": ["b"]}, "column": "port"}, [0, 0], [0, 2], {"0": "b"}),
        ({"where": {"port": "a"}, "column": "code"}, [0, 1], [1, 3], {"0": "no", "1": "yes", "2": "?"}),
        ({"time": "duration", "where": {"code": 1}}, [1], [3], None),
    ],
)
def test_events_of_a_table(
    file: h5py.File, source: dict[str, Any], data: Any, kept: Any, labels: dict[str, str] | None
) -> None:
    """1 at each time or the values of a column, of all rows or some; texts and categories keep what they mean."""
    events(file)
    times = TIMES if source.get("time") is None else np.array([0.5, 1.0, 1.0, 0.25])
    expect(taken(file, "digital", LICKS | source), data, times[kept], labels)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("events/lab/licks", {"source_type": "events", "module": "lab", "series": "licks"}),
        ("acquisition/licks", {"source_type": "acquisition", "series": "licks"}),
        ("processing/lab/deep/licks", {"source_type": "processing", "module": "lab/deep", "series": "licks"}),
    ],
)
@pytest.mark.parametrize("kind", ["EventsTable", "LabEvents"])
def test_a_table_of_events_may_lie_anywhere(file: h5py.File, path: str, source: dict[str, Any], kind: str) -> None:
    """With a duration it is intervals too."""
    events(file, path, kind)
    expect(
        taken(file, "interval", source),
        np.tile([1, -1], 4),
        np.column_stack([TIMES, TIMES + np.array([0.5, 1, 1, 0.25])]).ravel(),
    )


@pytest.mark.parametrize("path", ["acquisition/t", "processing/m/t", "intervals/t", "stimulus/presentation/t"])
def test_intervals_may_lie_anywhere(file: h5py.File, path: str) -> None:
    """They are intervals, or events at their starts, or at any other time that a row has."""
    place, *modules, name = path.removeprefix("stimulus/presentation").split("/")
    source = {"source_type": place or "stimulus", "series": name} | ({"module": modules[0]} if modules and modules[0] else {})
    table(file, path, "TimeIntervals", start_time=[[1.0], [3.0]], stop_time=[2.0, 4.0], cue=[1.25, np.nan])
    name = file.filename
    expect(taken(file, "interval", source), [1, -1, 1, -1], [1, 2, 3, 4])
    expect(taken(h5py.File(name, "r+"), "digital", source), [1, 1], [1, 3])
    findings, row = taken(h5py.File(name, "r+"), "digital", source | {"time": "cue"})
    assert [warning.check for warning in findings.warnings] == ["events_without_time"]
    np.testing.assert_array_equal(row["timestamps"], [1.25])


def test_several_times_a_row_are_each_an_event(file: h5py.File) -> None:
    """Licks of trials, and event types of AnnotatedEventsTable, have the other values of their row."""
    columns = {"event_times": TIMES, "event_times_index": [1, 1, 4], "label": ["lick", "none", "nose"]}
    table(file, "processing/e/types", "AnnotatedEventsTable", **columns)
    source = {"source_type": "processing", "module": "e", "series": "types"}
    name = file.filename
    expect(taken(file, "digital", source), [1, 1, 1, 1], TIMES)
    expect(taken(h5py.File(name, "r+"), "digital", source | {"where": {"label": "nose"}}), [1, 1, 1], TIMES[1:])
    found = taken(h5py.File(name, "r+"), "digital", source | {"column": "label"})
    expect(found, [0, 1, 1, 1], TIMES, {"0": "lick", "1": "nose"})


@pytest.mark.parametrize("kind", ["LabeledEvents", "TTLs"])
def test_labels_of_ndx_events(file: h5py.File, kind: str) -> None:
    """The numbers are those of the file, also where some labels are empty; rows may be chosen by number or label."""
    group = typed(file, "acquisition/ttl", kind, data=np.array([0, 2, 2, 0], np.uint8), timestamps=TIMES)
    group["data"].attrs["labels"] = ["off", "", "on", *(f"line {number}" for number in range(3, 30))]
    name, source = file.filename, {"source_type": "acquisition", "series": "ttl"}
    labels = {"0": "off", "2": "on", **{str(number): f"line {number}" for number in range(3, 30)}}
    expect(taken(file, "digital", source), [0, 2, 2, 0], TIMES, labels)
    for value in (2, "on", ["on", "line 29"]):
        findings, row = taken(h5py.File(name, "r+"), "digital", source | {"where": {"value": value}})
        assert (findings.errors, row["data"].tolist(), row["timestamps"].tolist()) == ((), [2, 2], [1.5, 4.0])


def test_events_without_data(file: h5py.File) -> None:
    """Each time is a 1; but a TimeSeries has to have data."""
    typed(file, "acquisition/licks", "Events", timestamps=TIMES[:, None])
    typed(file, "acquisition/series", "TimeSeries", timestamps=TIMES)
    name = file.filename
    expect(taken(file, "digital", {"source_type": "acquisition", "series": "licks"}), np.ones(4), TIMES)
    findings, _ = taken(h5py.File(name, "r+"), "digital", {"source_type": "acquisition", "series": "series"})
    assert [error.check for error in findings.errors] == ["data_missing"]


@pytest.mark.parametrize("dtype", [h5py.string_dtype(), "S8"])
def test_annotations_are_numbers_with_labels(file: h5py.File, dtype: Any) -> None:
    """Texts of any length and storage."""
    group = typed(file, "acquisition/notes", "AnnotationSeries", timestamps=TIMES)
    group.create_dataset("data", data=["z", "\xe9", "z", "a"], dtype=dtype) if dtype != "S8" else group.create_dataset(
        "data", data=np.array([b"z", "\xe9".encode("latin-1"), b"z", b"a"], "S8")
    )
    source = {"source_type": "acquisition", "series": "notes"}
    expect(taken(file, "digital", source), [1, 2, 1, 0], TIMES, {"0": "a", "1": "z", "2": "\xe9"})


@pytest.mark.parametrize(
    ("values", "where", "edges", "kept"),
    [
        (np.array([5, -5, 5, -5], "i2"), {}, [1, -1, 1, -1], [0, 1, 2, 3]),
        (np.array([1, -1, 2, -2], "i1"), {"value": 2}, [1, -1], [2, 3]),
        (np.array([1.0, 2.0, -2.0, -1.0]), {"value": [1]}, [1, -1], [0, 3]),
        (np.array([False, True, True, False]), {}, [1, -1], [1, 3]),
        (np.array([0, 3, 3, 0], "u8"), {}, [1, -1], [1, 3]),
        (np.array([0, 1, 2, 1], "u1"), {"value": 2}, [1, -1], [2, 3]),
        (np.array([0, 0, 0, 0], "u1"), {}, [], []),
    ],
)
@pytest.mark.parametrize("clock", [True, False])
def test_starts_and_stops_of_a_series(  # noqa: PLR0913  # each is a column of the table above
    file: h5py.File,
    values: Any,
    where: dict[str, Any],
    edges: Any,
    kept: list[int],
    *,
    clock: bool,
) -> None:
    """Of one kind, of a kind that is chosen, or of a state; with times or a rate."""
    group = typed(file, "acquisition/port", "IntervalSeries", data=values[:, None])
    times = 0.5 + np.arange(4) / 30.0 if clock else TIMES
    if clock:
        group["starting_time"] = 0.5
        group["starting_time"].attrs["rate"] = 30.0
    else:
        group["timestamps"] = TIMES
    source = {"source_type": "acquisition", "series": "port"} | ({"where": where} if where else {})
    expect(taken(file, "interval", source), edges, times[kept])


def test_a_column_of_a_series_has_its_own_factor(file: h5py.File) -> None:
    """The column is counted from 0, and is scaled as it is in the whole."""
    group = typed(file, "acquisition/adc", "ElectricalSeries", data=np.arange(12).reshape(4, 3), timestamps=TIMES)
    group["channel_conversion"] = [1.0, 0.5, 0.25]
    expect(taken(file, "analog", {"source_type": "acquisition", "series": "adc", "column": 2}), np.arange(2, 12, 3) / 4, TIMES)


def test_series_and_tables_inside_others(file: h5py.File) -> None:
    """A series in a series, and one whose container has members that are called as its datasets would be."""
    typed(file, "acquisition/outer", "TimeSeries", data=np.zeros(4), timestamps=TIMES)
    typed(file, "acquisition/outer/inner", "TimeSeries", data=np.arange(4.0), timestamps=TIMES)
    typed(file, "acquisition/box", "LabContainer")
    typed(file, "acquisition/box/starting_time", "TimeSeries", data=np.arange(4.0) + 1, timestamps=TIMES)
    name = file.filename
    expect(taken(file, "analog", {"source_type": "acquisition", "module": "outer", "series": "inner"}), np.arange(4.0), TIMES)
    source = {"source_type": "acquisition", "module": "box", "series": "starting_time"}
    expect(taken(h5py.File(name, "r+"), "analog", source), np.arange(4.0) + 1, TIMES)


@pytest.mark.parametrize(
    ("data_type", "source", "what", "remedy"),
    [
        ("digital", {"column": "ports"}, 'it has no column "ports"', 'Write "port"'),
        ("digital", {"column": 1}, "it has no column 1: the columns of a table have names", "Write the name of the column"),
        ("digital", {"where": {"prt": 1}}, 'it has no column "prt"', 'Write "port"'),
        ("digital", {"time": "port"}, None, None),
        ("digital", {"column": "short"}, None, None),
    ],
)
def test_what_the_table_does_not_have_is_said(
    file: h5py.File, data_type: str, source: dict[str, Any], what: str | None, remedy: str | None
) -> None:
    """With what it has, in one error."""
    events(file)["short"] = [1, 2]
    findings, _ = taken(file, data_type, LICKS | source)
    (error,) = findings.errors
    assert what is None or (error.check, error.what, error.remedy) == ("source_unusable", what, remedy)


def test_texts_that_refer_to_one_place_take_little_memory(file: h5py.File) -> None:
    """A million references to a long text are read one by one, and refused when they are too many characters."""
    group = events(file)
    del group["port"]
    made = group.create_dataset("port", (4,), h5py.string_dtype())
    made[:] = ["x" * 200_000, "y", "x" * 200_000, "y"]
    findings, row = taken(file, "digital", LICKS | {"column": "port"})
    assert findings == Findings((), ())
    assert row["data"].tolist() == [0, 1, 0, 1]
