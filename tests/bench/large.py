"""Large sessions: how long an ingest takes, and how much memory, beside copying the bytes, plain DataJoint and plain h5py.

``plain``: a float64 signal with explicit timestamps, uncompressed. ``gzip``: the same, in compressed chunks of 1 MiB.
``shared``: 16 such signals with one timestamps array, and two with a declared rate, one of them to be scaled. ``small``: as
``plain``, of no more than 400 MB. What is read is in the kernel's memory, as what was just delivered is. A way is one of

=======  ======================================================================================================================
limit    copies as many bytes as must be kept, 4 MB at a time, to the same disk, with fsync
antelop  `insert_nwb` on the embedded database: read, checked, stored
reader   reads the same datasets as an ingest does
h5py     reads the same datasets, 4 MB at a time, in one thread
npy      pynwb reads the arrays, a plain DataJoint table with ``<npy@store>`` columns keeps them; it does no fsync
npysync  the same, and then fsync of what it wrote: what `limit` and `antelop` do
blob     the same with ``<blob>`` columns, in the row: of a small one only, for a statement of PostgreSQL has less than 1 GB,
         and the values go into it as hexadecimal digits
=======  ======================================================================================================================

Run it as ``PYTHONPATH=daemon:. python tests/bench/large.py``, which takes some minutes and 13 GB of the disk; other sizes with
``--megabytes 400``, and to see that memory stays the same, ``--kinds plain --ways limit antelop --megabytes 16000 --rounds 1``.
"""
# ruff: noqa: T201  # a benchmark prints

import argparse
import json
import os
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import datajoint as dj
import h5py
import numpy as np
from datajoint.settings import Config as DataJointConfig
from numpy.typing import NDArray
from pynwb import NWBHDF5IO, NWBFile, TimeSeries

from antelop.config import Config
from antelop.ingest.session import insert_nwb
from antelop.lab import Lab
from antelop.lab.rigs import upload_rig_json
from antelop.recording import reading
from antelop.recording.samples import blocks
from tests.bench.comparison import compare, peak_megabytes, report
from tests.clocks import wall
from tests.servers import embedded, public_folder

EXPERIMENT = {"experimenter": "lab", "experiment_id": 1}
SESSION = {**EXPERIMENT, "session_id": 1}
RATE = 30_000.0
BLOCK = 1 << 17
"""How many samples are made at a time, and are in a chunk."""

COPIED = 4 << 20
"""How many bytes are copied or read at a time."""

SMALL = 400
"""How many megabytes a small recording has at most."""

SIGNAL = ["signal"]
SHARED = [*(f"channel{number}" for number in range(16)), "rate", "scaled"]


class Kind(NamedTuple):
    """A kind of recording: its channels, which ways are compared, with which of them each, and what is aimed at."""

    channels: list[str]
    ways: list[str]
    references: list[str]
    targets: dict[str, str]


MEMORY = "under 300 MB"
KINDS = {
    "plain": Kind(
        SIGNAL,
        ["limit", "antelop", "npy", "npysync"],
        ["limit", "antelop"],
        {"antelop": f"at most 1.3 / limit, {MEMORY}", "npy": "at least 6 / antelop"},
    ),
    "gzip": Kind(
        SIGNAL,
        ["h5py", "reader", "limit", "antelop"],
        ["h5py", "limit"],
        {"reader": "at most 0.6 / h5py", "antelop": f"at most 0.6 h5py + limit, {MEMORY}"},
    ),
    "shared": Kind(
        SHARED, ["limit", "antelop"], ["limit"], {"antelop": f"at most 1.3 / limit, {MEMORY}, stored_mb at most file_mb"}
    ),
    "small": Kind(
        SIGNAL,
        ["limit", "antelop", "npy", "blob"],
        ["limit", "antelop"],
        {"antelop": MEMORY, "blob": "at least 30 / antelop"},
    ),
}


def make(path: Path, kind: str, megabytes: int) -> int:
    """Make a recording whose arrays together have that size, uncompressed; return how many bytes must be kept."""
    channels = [name for name in KINDS[kind].channels if name not in ("rate", "scaled")]
    samples = megabytes * 1_000_000 // 8 // (len(channels) + (3 if len(channels) > 1 else 1))
    file = NWBFile("large", f"{kind}-{megabytes}", datetime(2026, 11, 22, tzinfo=UTC))
    times: Any = np.zeros(1)
    for name in channels:
        series = TimeSeries(name=name, data=np.zeros(1), timestamps=times, unit="V")
        file.add_acquisition(series)
        times = series if isinstance(times, np.ndarray) else times
    if "rate" in KINDS[kind].channels:
        file.add_acquisition(TimeSeries(name="rate", data=np.zeros(1), rate=RATE, unit="V"))
        file.add_acquisition(TimeSeries(name="scaled", data=np.zeros(1, np.int16), rate=RATE, unit="V", conversion=1e-6))
    with NWBHDF5IO(path, "w") as io:
        io.write(file)
    with h5py.File(path, "a") as opened:
        acquisition = opened["acquisition"]
        kept = _fill(acquisition[channels[0]], "timestamps", _times(samples), samples, kind)
        for seed, name in enumerate(KINDS[kind].channels):
            count, volts = (4 * samples, 1) if name == "scaled" else (samples, 1e-6)
            kept += _fill(acquisition[name], "data", _signal(count, seed, volts), count, kind)
    return kept


def make_bytes(path: Path, kept: int) -> None:
    """Make what `limit` copies, of that size."""
    with path.with_suffix(".bytes").open("wb") as file:
        for start in range(0, kept, COPIED):
            file.write(bytes(min(COPIED, kept - start)))


def _times(samples: int) -> Iterator[NDArray[Any]]:
    for start in range(0, samples, BLOCK):
        yield np.arange(start, min(start + BLOCK, samples)) / RATE


def _signal(samples: int, seed: int, volts: float) -> Iterator[NDArray[Any]]:
    """Yield what a converter of 16 bits gives, a slow wave with noise, in volts; the same 16 blocks again and again."""
    random = np.random.default_rng(seed)
    wave = 3000 * np.sin(np.arange(BLOCK) * 2 * np.pi / BLOCK)
    blocks = [(wave + 100 * random.standard_normal(BLOCK)).astype(np.int16) for _ in range(16)]
    for number, start in enumerate(range(0, samples, BLOCK)):
        yield (blocks[number % 16] * volts)[: samples - start]


@lru_cache(32)
def _compressed(content: bytes) -> bytes:
    return zlib.compress(content, 4)  # h5py's default


def _fill(group: Any, name: str, blocks: Iterator[NDArray[Any]], samples: int, kind: str) -> int:
    """Put a dataset of that many samples in the place of the one that there is; return its size in bytes."""
    attributes, dtype = dict(group[name].attrs), group[name].dtype
    del group[name]
    chunked = {"chunks": (BLOCK,), "compression": "gzip"} if kind == "gzip" else {}
    dataset = group.create_dataset(name, (samples,), dtype, **chunked)
    dataset.attrs.update(attributes)
    start = 0
    for block in blocks:
        if chunked and len(block) == BLOCK:
            dataset.id.write_direct_chunk((start,), _compressed(block.tobytes()))
        else:
            dataset[start : start + len(block)] = block
        start += len(block)
    return int(dataset.nbytes)


def limit(path: Path, _kind: str, folder: Path) -> float:
    """Copy the bytes."""
    started = time.perf_counter()
    buffer = memoryview(bytearray(COPIED))
    with path.with_suffix(".bytes").open("rb", buffering=0) as source, (folder / "copy").open("wb", buffering=0) as target:
        while count := source.readinto(buffer):
            target.write(buffer[:count])
        os.fsync(target.fileno())
    return time.perf_counter() - started


def ingest(path: Path, kind: str, folder: Path) -> float:
    """Ingest the recording into a lab that is made for it."""
    features = [
        {"name": name, "source": {"source_type": "acquisition"}, "data_type": "analog", "description": "large"}
        for name in KINDS[kind].channels
    ]
    rig = {"specification": "antelop-behaviour", "version": "0.0.1", "reference_point": "", "features": features}
    with Lab(Config(state=folder / "state", store=folder / "store"), {}, wall) as lab:
        lab.database.Experimenter.insert1({"experimenter": "lab", "full_name": "The lab"})
        lab.database.Experiment.insert1({**EXPERIMENT, "experiment_name": "large"})
        lab.database.Session.insert1({**SESSION, "session_name": "large"})
        upload_rig_json(lab, "lab", "rig", rig, [])
        started = time.perf_counter()
        insert_nwb(lab, SESSION, [], path)
        return time.perf_counter() - started


def read_ahead(path: Path, kind: str, _folder: Path) -> float:
    """Read every array that has to be kept, as an ingest does."""
    started = time.perf_counter()
    with reading(path) as recording:
        series = [recording.series[f"acquisition/{name}"] for name in KINDS[kind].channels]
        for samples in [series[0].timestamps, *(each.data for each in series)]:
            assert samples is not None
            deque(blocks(samples), maxlen=0)
    return time.perf_counter() - started


def read(path: Path, kind: str, _folder: Path) -> float:
    """Read every dataset that has to be kept, with h5py."""
    started = time.perf_counter()
    with h5py.File(path) as file:
        acquisition = file["acquisition"]
        for dataset in [
            acquisition[KINDS[kind].channels[0]]["timestamps"],
            *(acquisition[name]["data"] for name in KINDS[kind].channels),
        ]:
            rows = COPIED // dataset.dtype.itemsize
            for start in range(0, len(dataset), rows):
                dataset[start : start + rows]
    return time.perf_counter() - started


def keep_plainly(path: Path, kind: str, folder: Path, column: str, *, sync: bool = False) -> float:
    """Insert the recording into a table that has nothing of ours."""
    store = folder / "store"
    store.mkdir()

    class Events(dj.Manual):  # type: ignore[misc]  # DataJoint has no types
        definition = f"""
        name : varchar(40)
        ---
        data : {column}
        timestamps : {column}
        """

    settings = DataJointConfig()
    settings.stores = {"store": {"protocol": "file", "location": str(store)}}
    with embedded(folder / "state") as server:
        options = {"database_name": server.name, "backend": server.backend, "config_override": settings}
        connection = dj.Connection(server.host, server.user, server.password, server.port, **options)
        table = dj.Schema("plain", connection=connection)(Events)()
        started = time.perf_counter()
        with NWBHDF5IO(path, "r") as io:
            for name in KINDS[kind].channels:
                series = io.read().acquisition[name]
                table.insert1({"name": name, "data": series.data[:], "timestamps": series.timestamps[:]})
        for written in store.rglob("*.npy") if sync else ():
            with written.open("rb") as file:
                os.fsync(file.fileno())
        return time.perf_counter() - started


WAYS: dict[str, Callable[[Path, str, Path], float]] = {
    "limit": limit,
    "antelop": ingest,
    "reader": read_ahead,
    "h5py": read,
    "npy": lambda path, kind, folder: keep_plainly(path, kind, folder, "<npy@store>"),
    "npysync": lambda path, kind, folder: keep_plainly(path, kind, folder, "<npy@store>", sync=True),
    "blob": lambda path, kind, folder: keep_plainly(path, kind, folder, "<blob>"),
}


def one(way: str, path: Path, kind: str) -> dict[str, float]:
    """Measure one way in this process."""
    with public_folder() as folder:
        seconds = WAYS[way](path, kind, folder)
        stored = sum(found.stat().st_size for found in (folder / "store").rglob("*.npy"))
    return {"seconds": seconds, "peak_mb": peak_megabytes(), "stored_mb": stored / 1e6}


def compared(kind: str, megabytes: int, ways: Sequence[str], rounds: int) -> dict[str, Any]:
    """Make a recording, compare the ways of dealing with it, and print a table."""
    with public_folder() as folder:
        path = folder / f"{kind}.nwb"
        kept = make(path, kind, megabytes)
        if "limit" in ways:
            make_bytes(path, kept)
        measured = compare(__file__, ways, rounds, path, kind)
        sizes = {"file_mb": path.stat().st_size / 1e6, "kept_mb": kept / 1e6}
    if "antelop" in ways:
        sizes["stored_mb"] = measured[0]["antelop"]["stored_mb"]
    title = f"{kind}, {', '.join(f'{name} {value:.1f}' for name, value in sizes.items())}"
    references = [way for way in KINDS[kind].references if way in ways]
    return report(title, measured, references or ways[:1], KINDS[kind].targets) | sizes


def main() -> None:
    """Compare the ways for each kind of recording, and print tables and JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--megabytes", type=int, default=4000)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--way", nargs=3, metavar=("WAY", "RECORDING", "KIND"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        way, path, kind = arguments.way
        print(json.dumps(one(way, Path(path), kind)))
        return
    results = []
    for kind in arguments.kinds:
        megabytes = min(arguments.megabytes, SMALL) if kind == "small" else arguments.megabytes
        ways = [way for way in KINDS[kind].ways if way in arguments.ways]
        results.append(compared(kind, megabytes, ways, arguments.rounds))
    print(json.dumps({"benchmark": "large", "results": results}))


if __name__ == "__main__":
    main()
