"""NWB files that were made to do harm, by hand and at random, in processes with a worker's limits and through a service."""

import resource
import shutil
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from antelop.config import WorkersConfig
from antelop.formats.rig import Camera, Feature, Rig
from antelop.lab import Lab
from antelop.queue import jobs
from antelop.service.service import CARE
from tests.daemons import PATIENCE, Start
from tests.drops import Drop
from tests.hostile.canary import canary, leading_out, secrets
from tests.hostile.examiners import Examiners, Task, examiners
from tests.hostile.recordings import run
from tests.hostile.texts import EVIL
from tests.recordings import write_recording

MEMORY = 448 << 20
"""Bytes that a process may take beside its code: less than what some of these files unfold to."""

MEND = "Copy it again from the computer that recorded it, or, if it is no better there, write it again."
CORRECT = "Correct the recording, or take the feature out of the rig."
RETYPE = "Correct the recording, or the data_type that the rig gives the feature."

RIG = Rig(
    "1.0",
    "",
    (
        Feature("lick", "acquisition", "digital", ""),
        Feature("force", "acquisition", "analog", ""),
        Feature("trials", "intervals", "interval", ""),
    ),
)

Edit = Callable[[h5py.File], object]


@pytest.fixture(scope="module")
def bench() -> Iterator[Examiners]:
    """Have a process that examines recordings."""
    with examiners(WorkersConfig(1, PATIENCE, MEMORY)) as made:
        yield made


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the licking task, once."""
    return write_recording(tmp_path_factory.mktemp("made") / "made.nwb", cache_spec=False)


@pytest.fixture
def nwb(made: Path, tmp_path: Path) -> Path:
    """Copy the licking task into a folder of its own, to be changed."""
    return Path(shutil.copytree(made.parent, tmp_path / "rig"), made.name)


def examine(bench: Examiners, path: Path, rig: Rig = RIG) -> Mapping[str, Any]:
    """Have a recording examined; what is said of it can be shown, and the process lives on, though it gets no more memory."""
    process = bench._members[0].process.pid
    resource.prlimit(process, resource.RLIMIT_DATA, (MEMORY, MEMORY))
    ((_, report),) = bench.examine(iter([Task(path, rig)]))
    assert report["faults"] == []
    assert bench._members[0].process.pid == process
    return report


def lick(**changes: Any) -> Edit:
    """Return what replaces datasets of acquisition/lick; a function makes one, given its group, its name and its length."""

    def edit(file: h5py.File) -> None:
        group = file["acquisition/lick"]
        length = len(group["timestamps"])
        for name, value in changes.items():
            del group[name]
            if callable(value):
                value(group, name, length)
            else:
                group[name] = value

    return edit


def of_type(kind: Any) -> Callable[[h5py.Group, str, int], object]:
    """Return what makes a dataset of a type that only HDF5 may have."""
    return lambda group, name, length: h5py.h5d.create(group.id, name.encode(), kind, h5py.h5s.create_simple((length,)))


def int24() -> Any:
    """Return the type of integers of three bytes."""
    kind = h5py.h5t.STD_I32LE.copy()
    kind.set_size(3)
    return kind


def fat_float() -> Any:
    """Return a type of floating-point numbers of which NumPy has none."""
    kind = h5py.h5t.IEEE_F64LE.copy()
    kind.set_fields(63, 40, 23, 0, 40)
    return kind


def bomb(file: h5py.File) -> None:
    """Make the signal 512 MiB of zeros, in half a megabyte of gzip."""
    chunk, force = zlib.compress(bytes(1 << 22), 9), file["acquisition/force"]
    del force["data"]
    zeros = force.create_dataset("data", (1 << 29,), "i1", chunks=(1 << 22,), compression="gzip")
    for start in range(0, 1 << 29, 1 << 22):
        zeros.id.write_direct_chunk((start,), chunk)


def thousand(file: h5py.File) -> None:
    """Add many series."""
    for number in range(1000):
        group = file.create_group(f"acquisition/{number}")
        group.attrs["neurodata_type"] = "TimeSeries"
        group["data"] = group["timestamps"] = file["acquisition/lick/timestamps"]


def long_texts(file: h5py.File) -> None:
    """Put 10 MB of text wherever there is some that is not stored."""
    text = "x" * 10_000_000
    for name in ("general/subject/subject_id", "session_description"):
        del file[name]
        file[name] = text
    file["acquisition/lick"].attrs.create("neurodata_type", text, dtype=h5py.string_dtype())
    file["acquisition/lick"].attrs.create("description", text, dtype=h5py.string_dtype())
    file.copy("acquisition/lick", file["acquisition"], name="y" * 10_000_000)


def never_written(group: h5py.Group, name: str, _: int) -> None:
    """Make a dataset that declares petabytes."""
    group.create_dataset(name, (10**15,), "f8", chunks=(1000,))


def nothing(file: h5py.File) -> None:
    """Leave it as it is."""
    assert "acquisition" in file


UNSTORABLE = "acquisition/lick: what the file has there is no time series that can be stored: TimeSeries ({}). " + CORRECT

HARMLESS: dict[str, Edit] = {
    "as it is": nothing,
    "a decompression bomb": bomb,
    "a thousand series": thousand,
    "texts of 10 MB": long_texts,
    "half precision": lick(data=lambda group, name, length: group.create_dataset(name, (length,), "f2")),
    "big-endian": lick(data=lambda group, name, length: group.create_dataset(name, (length,), ">i8")),
    "more than double precision": lick(data=lambda group, name, length: group.create_dataset(name, (length,), np.longdouble)),
    "an enumeration": lick(data=of_type(h5py.h5t.py_create(h5py.enum_dtype({"OFF": 0, "ON": 1}, "i1")))),
    "NaN for every value": lick(data=lambda group, name, length: group.create_dataset(name, data=np.full(length, np.nan))),
    "NaN for every time": lick(timestamps=lambda group, name, length: group.create_dataset(name, data=np.full(length, np.nan))),
    "a conversion of NaN": lambda file: file["acquisition/force/data"].attrs.create("conversion", np.nan),
}

REFUSED: dict[str, tuple[Edit, str]] = {
    "petabytes that were never written": (
        lick(data=never_written, timestamps=never_written),
        UNSTORABLE.format("its data declares 8000000000000000 bytes, and the file holds 0"),
    ),
    "a unit of 10 MB": (
        lambda file: file["acquisition/lick/data"].attrs.create("unit", "x" * 10_000_000, dtype=h5py.string_dtype()),
        f'acquisition/lick: its unit "{"x" * 58}… has 10000000 characters. Give it one of at most 100 characters.',
    ),
    "references to nothing": (
        lick(data=lambda group, name, length: group.create_dataset(name, (length,), h5py.ref_dtype)),
        UNSTORABLE.format("its data is of type object"),
    ),
    "references to regions": (
        lick(data=lambda group, name, length: group.create_dataset(name, (length,), h5py.regionref_dtype)),
        UNSTORABLE.format("its data is of type object"),
    ),
    "opaque bytes": (lick(data=np.void(b"abcd")), UNSTORABLE.format("its data is of type |V4")),
    "arrays for samples": (
        lick(data=lambda group, name, length: group.create_dataset(name, (length,), "(3,)f8")),
        UNSTORABLE.format("its data is of type ('<f8', (3,))"),
    ),
    "integers of three bytes": (lick(data=of_type(int24())), UNSTORABLE.format("its data is of a type that only HDF5 has")),
    "an odd kind of float": (
        lick(data=of_type(fat_float())),
        "acquisition/lick: it cannot be read: Insufficient precision in available types to represent (63, 40, 23, 0, 40). "
        + MEND,
    ),
    "complex numbers": (
        lick(data=lambda group, name, length: group.create_dataset(name, (length,), "c16")),
        "acquisition/lick: its data are of the type complex128, not numbers. " + CORRECT,
    ),
    "32 dimensions": (
        lick(data=lambda group, name, _: group.create_dataset(name, (1,) * 32, "f8")),
        f"acquisition/lick: its data have the shape {(1,) * 32}, and digital data are (n,). {RETYPE} (and 1 more)",
    ),
    "a single number": (
        lick(data=1.0),
        f"acquisition/lick: its data have the shape (), and digital data are (n,). {RETYPE}",
    ),
    "a rate of nearly 0": (
        lambda file: file["acquisition/force/starting_time"].attrs.create("rate", 1e-307),
        "acquisition/force: its rate is 1e-307 Hz, from a starting_time of 0.25 s. " + CORRECT,
    ),
    "a rate of NaN": (
        lambda file: file["acquisition/force/starting_time"].attrs.create("rate", np.nan),
        "acquisition/force: its rate is nan Hz, from a starting_time of 0.25 s. " + CORRECT,
    ),
}


@pytest.mark.parametrize("edit", HARMLESS.values(), ids=HARMLESS)
def test_what_is_odd_but_true_goes_in(bench: Examiners, nwb: Path, edit: Edit) -> None:
    """However large or strange, it is read in bounded memory."""
    with h5py.File(nwb, "r+") as file:
        edit(file)
    report = examine(bench, nwb)
    assert (report["outcome"], report["sentence"].partition(" ")[0]) == ("ingested", '"licking-0"')


@pytest.mark.parametrize(("edit", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_meant_is_refused(bench: Examiners, nwb: Path, edit: Edit, sentence: str) -> None:
    """In a sentence that says what it is, and in bounded memory."""
    with h5py.File(nwb, "r+") as file:
        edit(file)
    assert examine(bench, nwb)["sentence"] == sentence


def test_names_are_shown_as_names(bench: Examiners, nwb: Path) -> None:
    """Those that would move a cursor, make up a line or be another path are escaped wherever they come out."""
    names = [name for name in EVIL if 0 < len(name) < 100 and name.isascii() and not {"/", "\0"} & set(name) and name != "."]
    with h5py.File(nwb, "r+") as file:
        for name in names:
            file.copy("acquisition/lick", file["acquisition"], name)
            del file["acquisition"][name]["timestamps"]
    rig = Rig("1.0", "", tuple(Feature(name, "acquisition", "digital", "") for name in names))
    report = examine(bench, nwb, rig)
    assert report["outcome"] == "rejected"
    assert report["sentence"].endswith(f"(and {len(names) - 1} more)")


def test_text_that_claims_to_be_very_long_is_not_read(bench: Examiners, nwb: Path) -> None:
    """A damaged length of 4 GB of a text, for which HDF5 would take as much memory, is an error where there is not as much."""
    with h5py.File(nwb, "r+") as file:
        place = file["identifier"].id.get_offset()
    with nwb.open("r+b") as raw:
        raw.seek(place)
        raw.write(b"\xf0\xff\xff\xff")
    sentence = examine(bench, nwb)["sentence"]
    assert sentence.startswith("made.nwb cannot be read: ")
    assert sentence.endswith(MEND)


def test_nothing_but_the_recording_is_opened(bench: Examiners, nwb: Path, tmp_path: Path) -> None:
    """No link, virtual dataset, external sample or video leads out, and no filter is loaded from beside the recording."""
    secret = secrets(tmp_path / "secret")
    leading_out(nwb, secret)
    shutil.copyfile(h5py.h5.__file__, nwb.with_name("libh5evil.so"))
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_chunk((10,))
    plan.set_filter(32015, h5py.h5z.FLAG_OPTIONAL)
    with h5py.File(nwb, "r+") as file:
        file.copy("acquisition/lick", file["acquisition"], "filtered")
        del file["acquisition/filtered/data"]
        space = h5py.h5s.create_simple((100,))
        h5py.h5d.create(file["acquisition/filtered"].id, b"data", h5py.h5t.NATIVE_DOUBLE, space, plan)
    features = [Feature(name, "acquisition", "digital", "") for name in ("virtual", "raw", "linked", "whole", "filtered")]
    with canary(secret) as outside, canary(nwb.parent) as beside:
        report = examine(bench, nwb, Rig("1.0", "", tuple(features), (Camera("camera", "", "avi"),)))
        for watch, path in ((outside, secret / "secret.bin"), (beside, nwb.with_name("made_camera.avi"))):
            path.read_bytes()  # which is seen, so that whatever came before has been seen too
            assert watch.hears(path.name, PATIENCE)
        assert set(beside.opened) == {"made.nwb", "made_camera.avi"}
        assert outside.opened == ["secret.bin"]
    assert report["outcome"] == "rejected"
    assert report["sentence"].endswith("(and 8 more)")


def swollen(path: Path) -> None:
    """Have a recording say its identifier 3,000 times, each time the same megabyte of text."""
    with h5py.File(path, "r+") as file:
        del file["identifier"]
        texts = file.create_dataset("identifier", (3000,), h5py.string_dtype())
        texts[0] = "x" * 1_000_000
        place = texts.id.get_offset()
    content = bytearray(path.read_bytes())
    content[place : place + 16 * 3000] = content[place : place + 16] * 3000
    path.write_bytes(content)


def test_what_kills_its_process_is_counted(made: Path, nwb: Path) -> None:
    """A recording that takes more memory than a worker may have ends its process, and another goes on with the next."""
    swollen(nwb)
    with examiners(WorkersConfig(1, PATIENCE, 300 << 20)) as bench:
        reports = [report for _, report in bench.examine(iter([Task(nwb, RIG), Task(made, RIG)]))]
    assert [report["outcome"] for report in reports] == ["too much memory", "ingested"]
    assert 300 << 20 < bench.largest < 3000 << 20


def test_recordings_that_are_damaged_at_random_come_to_something_clear(tmp_path: Path) -> None:
    """A short version of `tests/fuzz_recordings`."""
    said: list[str] = []
    tally = run(60, 0, WorkersConfig(2, PATIENCE), tmp_path, said.append)
    assert (tally.is_clean, said) == (True, [])
    assert tally.examined == 60
    assert min(tally.counts["same content"], tally.counts["rejected"]) > 5


@pytest.mark.parametrize("served_lab", ["postgresql"], indirect=True)
def test_a_recording_that_takes_too_much_memory_is_parked(start: Start, lab: Lab, drop: Drop) -> None:
    """Its workers are killed before they take more, people are told why, and the next recording goes in."""
    daemon = start(workers=WorkersConfig(count=1, memory=400 << 20))
    swollen(drop.record("a"))
    drop.note("a")
    delivery = drop.delivery("a")
    for count in (1, 2, 3):
        daemon.until_said("died", count)
        daemon.ahead += 2 * CARE
        daemon.until_said("done", count)
        if count < 3:
            jobs.put(lab.database, {"delivery_id": delivery.delivery_id})
        daemon.crew.nudge()
    assert [event["state"] for event in daemon.said("done")] == ["ready", "ready", "failed"]
    answer = drop.answer("a")
    assert answer["outcome"] == "failed"
    assert answer["sentence"].startswith("its worker was lost: it used ")
    assert answer["sentence"].endswith(" MiB of memory, more than 400 ([workers] memory)")
    drop.deliver("b")
    assert daemon.until_said("done", 4)[3]["state"] == "ingested"
