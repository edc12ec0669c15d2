"""NWB files that were made to do harm, by hand and at random, in processes with a worker's limits and through a service."""

import json
import resource
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from antelop.config import WorkersConfig
from antelop.formats.rig import Camera, Feature, Rig
from antelop.lab import Lab
from antelop.queue import jobs
from antelop.recording import reading
from antelop.recording.bounds import Account
from antelop.service.queue_feed import QUEUE_POLL
from antelop.worker.events import Died, Done
from tests.daemons import PATIENCE, Start
from tests.drops import Drop
from tests.hostile import declarations
from tests.hostile.canary import canary, leading_out, secrets
from tests.hostile.examiners import Examiners, Task, examiners
from tests.hostile.recordings import run
from tests.hostile.texts import EVIL
from tests.recordings import write_recording
from tests.test_bounded_work import counting

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


def zeros(kind: Any) -> Callable[[h5py.Group, str, int], object]:
    """Return what makes a dataset of zeros of a type."""
    return lambda group, name, length: group.create_dataset(name, data=np.zeros(length, kind), dtype=kind)


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


def length_of_gigabytes(path: Path) -> None:
    """Have the identifier be 4 GB long, of which there are some bytes."""
    with h5py.File(path, "r+") as file:
        place = file["identifier"].id.get_offset()
    with path.open("r+b") as raw:
        raw.seek(place)
        raw.write(b"\xf0\xff\xff\xff")


LICK = {
    "name": "lick",
    "source": {"source_type": "acquisition"},
    "data_type": "digital",
    "description": "",
    "ownership": {"ownership": "world"},
}

UNSTORABLE = "acquisition/lick: what the file has there is not a time series that can be stored: TimeSeries ({}). " + CORRECT

HARMLESS: dict[str, Edit] = {
    "as it is": nothing,
    "a decompression bomb": bomb,
    "a thousand series": thousand,
    "texts of 10 MB": long_texts,
    "half precision": lick(data=zeros("f2")),
    "big-endian": lick(data=zeros(">i8")),
    "more than double precision": lick(data=zeros(np.longdouble)),
    "an enumeration": lick(data=zeros(h5py.enum_dtype({"OFF": 0, "ON": 1}, "i1"))),
    "NaN for every value": lick(data=lambda group, name, length: group.create_dataset(name, data=np.full(length, np.nan))),
    "NaN for every time": lick(timestamps=lambda group, name, length: group.create_dataset(name, data=np.full(length, np.nan))),
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
        lick(data=zeros("c16")),
        "acquisition/lick: its data are of the type complex128, not numbers. " + CORRECT,
    ),
    "32 dimensions": (
        lick(data=lambda group, name, _: group.create_dataset(name, data=np.zeros((1,) * 32))),
        f"acquisition/lick: its data have the shape {(1,) * 32}, and digital data are (n,). {RETYPE} (and 1 more)",
    ),
    "a single number": (
        lick(data=1.0),
        f"acquisition/lick: its data have the shape (), and digital data are (n,). {RETYPE}",
    ),
    "a conversion of NaN": (
        lambda file: file["acquisition/force/data"].attrs.create("conversion", np.nan),
        "acquisition/force: its conversion is nan. Write the number that turns stored values into the unit.",
    ),
    "a unit of time of 10 MB": (
        lambda file: file["acquisition/lick/timestamps"].attrs.create("unit", "x" * 10_000_000, dtype=h5py.string_dtype()),
        (
            f'acquisition/lick: the unit of its times is "{"x" * 58}…, and times are stored in seconds. '
            "Write the times in seconds, or correct their unit."
        ),
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


AGAIN = "Write it again without what was not recorded, or copy it again if it should be whole."
LONG = "the names and texts of made.nwb have more than 67108864 characters in all. Write it again with short texts."

DECLARED: dict[str, tuple[Callable[[Path], object], str]] = {
    "1 GB of names": (declarations.names_of_a_megabyte, LONG),
    "60,000 names": (
        declarations.sixty_thousand_names,
        (
            "made.nwb has more than 50000 objects below acquisition, stimulus, processing and intervals. "
            "Deliver it in several files, or leave out of it what is no recording."
        ),
    ),
    "60 GB of names of videos": (declarations.one_text("acquisition/camera/external_file", 60_000), LONG),
    "3 GB of an identifier": (declarations.one_text("identifier", 3000), LONG),
    "3,000 texts for a unit": (declarations.texts_of_an_attribute, UNSTORABLE.format("its unit has 3000 texts")),
    "a heap of 4 GB": (
        declarations.heap_of_gigabytes,
        f"made.nwb cannot be read: the heap of its texts at byte 111724 has {4 << 30} bytes. {MEND}",
    ),
    "3 GB that were never written": (
        declarations.gigabyte_of_fill_values,
        (
            f"acquisition/lick: its data, of shape ({2**27 - 1},), declares {2**30 - 8} bytes, of which none was ever written. "
            f"{AGAIN} (and 2 more)"
        ),
    ),
    "a chunk that was not written": (
        declarations.hole,
        f"acquisition/force: its data, of shape (1000,), declares 8000 bytes, of which 7200 were written. {AGAIN}",
    ),
    "a chunk that counts 320 times": (
        declarations.chunk_many_times,
        (
            "acquisition/force: what the file has there is not a time series that can be stored: "
            f"TimeSeries (its data claims 1342283200 bytes of a file of 4341023). {CORRECT}"
        ),
    ),
    "a table of 320 MB": (
        declarations.table_of_zeros,
        (
            f"intervals/trials: its {320 << 20} bytes have to be in memory at once, where {2**28} are set aside for such. "
            "Write it in parts, and its events in the order of their times."
        ),
    ),
    "540 MB of events out of order": (
        declarations.events_out_of_order,
        (
            f"acquisition/lick: its {540 << 20} bytes have to be in memory at once, where {2**28} are set aside for such. "
            "Write it in parts, and its events in the order of their times."
        ),
    ),
    "a gigabyte in a chunk of a megabyte": (
        declarations.too_much_in_a_chunk,
        (
            "acquisition/lick/timestamps: it cannot be read: "
            f"Can't synchronously read data (filter returned failure during read). {MEND}"
        ),
    ),
    "a billion channels": (
        declarations.one_enormous_row,
        (
            "acquisition/force: what the file has there is not a time series that can be stored: "
            f"TimeSeries (each row of its data has {2**30} values). {CORRECT}"
        ),
    ),
    "a quadrillion samples of no channel": (
        declarations.rows_of_nothing,
        (
            "acquisition/force: what the file has there is not a time series that can be stored: "
            f"TimeSeries (its data declares {10**15} rows of no values). {CORRECT}"
        ),
    ),
    "2^62 frames": (
        declarations.very_many_frames,
        (
            "acquisition/camera: what the file has there names no videos that can be stored: "
            f"ImageSeries (its num_samples is {2**62}). "
            "Make it an ImageSeries with external files, or take the video out of the rig."
        ),
    ),
}


@pytest.mark.parametrize(("change", "sentence"), DECLARED.values(), ids=DECLARED)
def test_what_declares_more_than_it_holds_is_refused(
    bench: Examiners, nwb: Path, change: Callable[[Path], object], sentence: str
) -> None:
    """In a sentence, before memory is taken for what it declares."""
    change(nwb)
    assert examine(bench, nwb, replace(RIG, videos=(Camera("camera", "", "avi"),)))["sentence"] == sentence


@pytest.mark.parametrize("change", [declarations.in_itself, declarations.compressed_twice])
def test_what_is_much_but_true_goes_in(bench: Examiners, nwb: Path, change: Callable[[Path], object]) -> None:
    """A group of 2,000 names that holds itself, and 256 MB of zeros that were compressed twice."""
    change(nwb)
    assert examine(bench, nwb)["outcome"] == "ingested"


def test_the_reason_why_something_is_not_read_is_short(bench: Examiners, nwb: Path) -> None:
    """However long the description of its type is."""
    declarations.very_many_fields(nwb)
    sentence = examine(bench, nwb)["sentence"]
    assert sentence.startswith(UNSTORABLE.partition("{")[0] + "its data is of type [('field")
    assert len(sentence) < 1500


def test_each_object_is_looked_at_once(nwb: Path) -> None:
    """Of a group that holds itself under 2,000 names, 2,000 names are read and not 4,000,000."""
    declarations.in_itself(nwb)
    with counting(Account.name) as calls, reading(nwb) as recording:
        assert "acquisition/lick" in recording.series
    assert 2000 < calls["name"] < 2100


@pytest.mark.parametrize("change", [declarations.names_of_a_megabyte, length_of_gigabytes, declarations.too_much_in_a_chunk])
def test_a_check_by_hand_keeps_within_a_workers_memory(nwb: Path, tmp_path: Path, change: Callable[[Path], object]) -> None:
    """`antelop check`, which no service looks after, takes no more than a worker may, and says what is wrong."""
    change(nwb)
    (tmp_path / "antelop.toml").write_text('state = "state"\n[store]\nlocation = "store"\n[workers]\nmemory = "256MiB"\n')
    rig = {"specification": "antelop-behaviour", "version": "1.0", "reference_point": "", "features": [LICK]}
    (tmp_path / "rig.json").write_text(json.dumps(rig))
    command = [sys.executable, "-m", "antelop", "check", "--json", "--config", "antelop.toml", "--rig", "rig.json", str(nwb)]
    # A small process starts it: what a process had before it ran another program counts as that program's (getrusage(2)).
    starts = "import json, resource, subprocess, sys; done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, text=True); "
    says = "print(json.dumps([done.returncode, done.stdout, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]))"
    process = subprocess.run(
        [sys.executable, "-c", starts + says, *command], cwd=tmp_path, stdout=subprocess.PIPE, check=True, text=True
    )
    status, printed, used = json.loads(process.stdout)
    document = json.loads(printed)
    assert (status, document["outcome"], len(document["problems"])) == (1, "rejected", 1)
    assert used << 10 < 800 << 20


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
    length_of_gigabytes(nwb)
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
    plan.set_filter(32020, h5py.h5z.FLAG_OPTIONAL)
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
    """Have a recording hold 252 MB of events out of order: nearly as many as may be sorted."""
    size, chunks = 1 << 20, 28
    with h5py.File(path, "r+") as file:
        lick = file["acquisition/lick"]
        for name, dtype in (("data", "i1"), ("timestamps", "f8")):
            chunk = zlib.compress(np.arange(size).astype(dtype).tobytes() if name == "timestamps" else bytes(size), 1)
            del lick[name]
            made = lick.create_dataset(name, (chunks * size,), dtype, chunks=(size,), compression="gzip")
            for start in range(0, chunks * size, size):
                made.id.write_direct_chunk((start,), chunk)


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
        daemon.until_said(Died, count)
        daemon.ahead += 2 * QUEUE_POLL
        daemon.until_said(Done, count)
        if count < 3:
            jobs.schedule(lab.database, {"delivery_id": delivery.delivery_id})
        daemon.pool.nudge()
    assert [event.state for event in daemon.said(Done)] == ["ready", "ready", "failed"]
    answer = drop.answer("a")
    assert answer["outcome"] == "failed"
    assert answer["sentence"].startswith("its worker was lost: it used ")
    assert answer["sentence"].endswith(" MiB of memory, more than 400 ([workers] memory)")
    drop.deliver("b")
    assert daemon.until_said(Done, 4)[3].state == "ingested"
