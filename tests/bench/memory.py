"""How much memory it takes to ingest a session, by the size of its file: a signal with explicit timestamps, uncompressed.

Run it as ``PYTHONPATH=daemon:. python tests/bench/memory.py``; give sizes in megabytes as arguments to try others.
"""
# ruff: noqa: T201  # a benchmark prints

import argparse
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
from pynwb import NWBHDF5IO, NWBFile, TimeSeries

from antelop.config import Config
from antelop.ingest import insert_nwb
from antelop.lab import Lab
from antelop.upload import upload_rig_json
from tests.servers import public_folder

RIG = {
    "specification": "antelop-behaviour",
    "version": "0.0.1",
    "reference_point": "",
    "features": [{"name": "signal", "source": {"source_type": "acquisition"}, "data_type": "analog", "description": "large"}],
}
EXPERIMENT = {"experimenter": "lab", "experiment_id": 1}
SESSION = {**EXPERIMENT, "session_id": 1}


def make(path: Path, megabytes: int) -> None:
    """Make a recording with a float64 signal and its timestamps, which together have that size."""
    nwbfile = NWBFile(
        session_description="large", identifier=f"large-{megabytes}", session_start_time=datetime(2026, 11, 22, tzinfo=UTC)
    )
    nwbfile.add_acquisition(TimeSeries(name="signal", data=np.zeros(1), timestamps=np.zeros(1), unit="V"))
    with NWBHDF5IO(path, "w") as io:
        io.write(nwbfile)
    block = 1_000_000 // 16
    random = np.random.default_rng(0)
    with h5py.File(path, "a") as file:
        series = file["acquisition/signal"]
        for name in ("data", "timestamps"):
            attributes = dict(series[name].attrs)
            del series[name]
            series.create_dataset(name, (megabytes * block,), np.float64).attrs.update(attributes)
        for start in range(0, megabytes * block, block):
            series["data"][start : start + block] = random.standard_normal(block)
            series["timestamps"][start : start + block] = np.arange(start, start + block) / 30_000
    os.sync()  # so that writing it does not go on while it is read


def ingest(path: Path, folder: Path) -> dict[str, float]:
    """Ingest a recording into a lab that is made for it, and return what that took this process at most."""
    with Lab(Config(state=folder / "state", store=folder / "store"), {}) as lab:
        lab.database.Experimenter.insert1({"experimenter": "lab", "full_name": "The lab"})
        lab.database.Experiment.insert1({**EXPERIMENT, "experiment_name": "large"})
        lab.database.Session.insert1({**SESSION, "session_name": "large"})
        upload_rig_json(lab, "lab", "rig", RIG, [])
        started = time.perf_counter()
        insert_nwb(lab, SESSION, [], path)
        seconds = time.perf_counter() - started
    # ru_maxrss would count the memory of the process that started this one; the kernel's mark for this program does not.
    status = Path("/proc/self/status").read_text("ascii").splitlines()
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    return {"peak_mb": peak * 1024 / 1e6, "seconds": seconds}


def main() -> None:
    """Ingest a recording of each size in a process of its own, and print a table and JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("megabytes", nargs="*", type=int, default=[4, 4000])
    parser.add_argument("--ingest", nargs=2, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.ingest:
        print(json.dumps(ingest(*arguments.ingest)))
        return
    results = []
    print(f"{'file':>10} {'peak memory':>12} {'time':>9} {'speed':>12}")
    for megabytes in arguments.megabytes:
        with public_folder() as folder:
            make(folder / "large.nwb", megabytes)
            command = [sys.executable, __file__, "--ingest", str(folder / "large.nwb"), str(folder)]
            result = {"mb": megabytes, **json.loads(subprocess.check_output(command))}
        speed = megabytes / result["seconds"]
        print(f"{megabytes:7} MB {result['peak_mb']:9.1f} MB {result['seconds']:7.2f} s {speed:7.0f} MB/s", flush=True)
        results.append(result)
    growth = results[-1]["peak_mb"] - results[0]["peak_mb"]
    print(json.dumps({"results": results, "growth_mb": growth}))


if __name__ == "__main__":
    main()
