"""How much memory it takes to keep the signal of an HDF5 file in the store, by the size of the signal.

Run it as ``PYTHONPATH=daemon python tests/bench/memory.py``; give sizes in megabytes as arguments to try others.
"""
# ruff: noqa: T201  # a benchmark prints

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np

from antelop.arrays import Store


def make(path: Path, megabytes: int) -> None:
    """Make a file with a float64 signal and explicit timestamps, which together have that size."""
    block = 1_000_000 // 16
    random = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        data = file.create_dataset("data", (megabytes * block,), np.float64)
        timestamps = file.create_dataset("timestamps", (megabytes * block,), np.float64)
        for start in range(0, megabytes * block, block):
            data[start : start + block] = random.standard_normal(block)
            timestamps[start : start + block] = np.arange(start, start + block) / 30_000
    os.sync()  # so that writing it does not go on while it is read


def keep(path: Path, folder: Path) -> dict[str, float]:
    """Keep both arrays, and return what it took this process at most."""
    store = Store(folder)
    store.make()
    started = time.perf_counter()
    with h5py.File(path) as file:
        for name in ("data", "timestamps"):
            store.put(file[name])
    seconds = time.perf_counter() - started
    # ru_maxrss would count the memory of the process that started this one; the kernel's mark for this program does not.
    status = Path("/proc/self/status").read_text("ascii").splitlines()
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    return {"peak_mb": peak * 1024 / 1e6, "seconds": seconds}


def main() -> None:
    """Keep a signal of each size in a process of its own, and print a table and JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("megabytes", nargs="*", type=int, default=[4, 4000])
    parser.add_argument("--folder", type=Path, help="where to make the files (default: the temporary folder)")
    parser.add_argument("--keep", nargs=2, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.keep:
        print(json.dumps(keep(*arguments.keep)))
        return
    results = []
    print(f"{'signal':>10} {'peak memory':>12} {'time':>9} {'speed':>12}")
    for megabytes in arguments.megabytes:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
            folder = Path(name)
            make(folder / "file.h5", megabytes)
            command = [sys.executable, __file__, "--keep", str(folder / "file.h5"), str(folder / "store")]
            result = {"mb": megabytes, **json.loads(subprocess.check_output(command))}
        speed = megabytes / result["seconds"]
        print(f"{megabytes:7} MB {result['peak_mb']:9.1f} MB {result['seconds']:7.2f} s {speed:7.0f} MB/s", flush=True)
        results.append(result)
    growth = results[-1]["peak_mb"] - results[0]["peak_mb"]
    print(json.dumps({"results": results, "growth_mb": growth}))


if __name__ == "__main__":
    main()
