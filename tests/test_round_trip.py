"""Random recordings go in, out and in again, equal to the bit: of every type, shape, clock, order and compression."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import h5py
import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from antelop.ingest.session import insert_nwb
from antelop.lab import Lab
from antelop.lab.rigs import upload_rig_json
from antelop.upkeep.removal import remove
from tests.commands import one_database
from tests.labs import SESSION
from tests.round_trips import invalid, round_trip

DTYPES = [
    "?",
    *(f"{order}{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8) for order in "<>"),
    "<f2",
    "<f4",
    ">f4",
    "<f8",
    ">f8",
]

STORED: list[dict[str, Any]] = [
    {},
    {"chunks": True},
    {"compression": "gzip"},
    {"compression": "gzip", "shuffle": True, "fletcher32": True},
    {"compression": "lzf"},
]
"""How h5py stores a dataset that has samples."""

PLACES = {
    "analog": ["acquisition", "stimulus", "processing/m", "processing/m/Any", "acquisition/Any"],
    "digital": ["acquisition", "stimulus", "processing/m/Licks"],
    "interval": ["acquisition", "processing/m/Epochs", "intervals"],
    "kinematics": ["acquisition", "processing/m/Position", "processing/m/Pose"],
}

Made = dict[str, Any]


@st.composite
def made(draw: st.DrawFn) -> Made:
    """Draw an object of a file: its place and type, data, times and attributes."""
    data_type = draw(st.sampled_from(sorted(PLACES)))
    place = draw(st.sampled_from(PLACES[data_type]))
    found: Made = {"data_type": data_type, "place": place, "stored": draw(st.sampled_from(STORED))}
    count = draw(st.integers(0, 40))
    if place == "intervals":
        times = np.cumsum(draw(arrays.arrays("f8", 2 * count, elements=GAPS)))
        return found | {"start_time": times[::2], "stop_time": times[1::2]}
    return found | draw(clocks(count, in_order=data_type != "digital")) | draw(DATA[data_type](count))


@st.composite
def clocks(draw: st.DrawFn, count: int, *, in_order: bool) -> Made:
    """Draw a rate, or times; events may be out of order, and some have no time."""
    if draw(st.booleans()):
        return {"starting_time": draw(st.floats(-1e6, 1e6)), "rate": draw(st.floats(0.5, 1e5))}
    times = np.cumsum(draw(arrays.arrays("f8", count, elements=GAPS)))
    if not in_order:
        times = times[draw(st.permutations(range(count)))] if count else times
        times[draw(arrays.arrays("?", count))] = np.nan
    return {"timestamps": times}


@st.composite
def numbers(draw: st.DrawFn, *shape: int) -> Made:
    """Draw numbers of any type, with a unit, a factor and an offset."""
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    data = draw(arrays.arrays(dtype, shape))
    # Not every larger integer is a number that float64 has, and such are refused.
    if dtype.kind in "iu" and dtype.itemsize == np.dtype(np.int64).itemsize:
        data = data % dtype.type(2**40)
    scale = {"conversion": draw(st.sampled_from([1.0, 0.1, -3e-7])), "offset": draw(st.sampled_from([0.0, 1.5]))}
    return {"data": data.astype(dtype), "unit": draw(st.sampled_from(["", "V", "µV"])), **scale}


@st.composite
def positions(draw: st.DrawFn, count: int) -> Made:
    """Draw positions in two or three dimensions, some with a certainty."""
    found = draw(numbers(count, draw(st.sampled_from([2, 3]))))
    found["kind"] = draw(st.sampled_from(["TimeSeries", "SpatialSeries", "PoseEstimationSeries"]))
    if found["kind"] == "PoseEstimationSeries":
        found["confidence"] = draw(arrays.arrays("f8", count))
    return found


GAPS = st.floats(2**-10, 10.0)
"""Seconds between two times."""

DATA: dict[str, Callable[[int], st.SearchStrategy[Made]]] = {
    "analog": lambda count: st.one_of(numbers(count), numbers(count, 1), numbers(count, 3)),
    "digital": numbers,
    "interval": lambda count: st.just({"data": np.tile(np.array([1, -1], np.int8), count)[:count]}),
    "kinematics": positions,
}


def write(path: Path, objects: list[Made]) -> dict[str, Any]:
    """Write a file as a program without pynwb may; return the rig that names all of it."""
    features = []
    with h5py.File(path, "w") as file:
        file.attrs.update({"nwb_version": "2.8.0", "object_id": "random"})
        file["identifier"], file["session_start_time"] = "random", "2026-11-22T09:30:00+00:00"
        for number, each in enumerate(objects):
            name, (group, *way) = f"f{number}", each["place"].split("/")
            where = "stimulus/presentation" if group == "stimulus" else group
            inside = file.require_group("/".join([where, *way, name]))
            inside.attrs["neurodata_type"] = each.get("kind", "TimeSeries")
            for part in ("data", "timestamps", "confidence", "start_time", "stop_time"):
                if part in each:
                    inside.create_dataset(part, data=each[part], **(each["stored"] if each[part].size else {}))
            if "data" in each:
                inside["data"].attrs.update({key: each[key] for key in ("unit", "conversion", "offset") if key in each})
            else:
                inside.attrs["colnames"] = ["start_time", "stop_time"]
            if "rate" in each:
                inside["starting_time"] = each["starting_time"]
                inside["starting_time"].attrs["rate"] = each["rate"]
            source = {"source_type": group} | ({"module": "/".join(way)} if way else {})
            features.append({"name": name, "source": source, "data_type": each["data_type"], "description": "random"})
    return {"specification": "antelop-behaviour", "version": "1", "reference_point": "", "features": features}


# A failing case is not made smaller: each step of that takes as long as a case, and there are thousands.
@one_database
@settings(max_examples=25, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(objects=st.lists(made(), min_size=1, max_size=6))
def test_a_random_recording_comes_in_again_as_it_was(lab: Lab, objects: list[Made]) -> None:
    """What is stored of a recording, whatever it holds, is exported as valid NWB, and stored again from that."""
    with TemporaryDirectory() as folder:
        rig = write(Path(folder) / "in.nwb", objects)
        if lab.database.World & SESSION:
            remove(lab, SESSION)
        upload_rig_json(lab, "lab", "random", rig, [])
        insert_nwb(lab, SESSION, [], Path(folder) / "in.nwb", "random")
        exported = round_trip(lab, [], "random", Path(folder) / "out.nwb")
        assert invalid(exported.path) == []
