"""A recording of 20,000 series, of which the rig names one: how long a check takes, beside h5py's own way through the file.

``flat`` has all of them in acquisition; ``modules`` has them in 1,000 containers of 100 processing modules. A way is one of

======  ==========================================================================================================
h5py    `visititems` over the file, with a function that does nothing
check   `reading` and `examine`, with a rig that names one series: what ``antelop check`` does after it has started
======  ==========================================================================================================

Run it as ``PYTHONPATH=daemon:. python tests/bench/many_series.py``.
"""
# ruff: noqa: T201  # a benchmark prints

import argparse
import json
import time
from pathlib import Path

import h5py
import numpy as np

from antelop.checks.examine import examine
from antelop.formats.rig import Feature, Rig
from antelop.recording import reading
from tests.bench.comparison import compare, peak_megabytes, report
from tests.clocks import wall
from tests.servers import public_folder

SERIES = 20_000
RIG = Rig("1.0", "", (Feature("s0", "acquisition", "analog", ""),))


def make(path: Path, kind: str) -> None:
    """Write a recording of `SERIES` short series with the attributes that pynwb gives them."""
    with h5py.File(path, "w") as file:
        file.attrs["nwb_version"] = "2.9.0"
        file["identifier"], file["session_start_time"] = kind, "2026-11-22T10:00:00+00:00"
        acquisition = file.create_group("acquisition")
        for number in range(SERIES):
            holder = acquisition
            if kind == "modules" and number:
                module, container = f"processing/m{number % 100}", f"c{number % 1000}"
                file.require_group(module).attrs["neurodata_type"] = "ProcessingModule"
                holder = file.require_group(f"{module}/{container}")
                holder.attrs["neurodata_type"] = "BehavioralTimeSeries"
            _write_series(holder.create_group(f"s{number}"), number)


def _write_series(series: h5py.Group, number: int) -> None:
    texts = {"namespace": "core", "comments": "no comments", "description": "no description"}
    series.attrs.update(neurodata_type="TimeSeries", object_id=f"00000000-0000-0000-0000-{number:012}", **texts)
    series["data"] = np.arange(10.0)
    series["data"].attrs.update(unit="V", conversion=1.0, resolution=-1.0, offset=0.0)
    series["timestamps"] = np.arange(10.0)
    series["timestamps"].attrs.update(unit="seconds", interval=1)


def visit(path: Path) -> None:
    """Visit every object as h5py does."""
    with h5py.File(path, "r") as file:
        file.visititems(lambda _name, _object: None)


def check(path: Path) -> None:
    """Check the recording."""
    with reading(path) as recording:
        findings = examine(recording, RIG, None, {}, wall())
    assert not findings.errors, findings


WAYS = {"h5py": visit, "check": check}


def main() -> None:
    """Compare both ways, and print tables and JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--way", nargs=2, metavar=("WAY", "RECORDING"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        way, path = arguments.way
        started = time.perf_counter()
        WAYS[way](Path(path))
        print(json.dumps({"seconds": time.perf_counter() - started, "peak_mb": peak_megabytes()}))
        return
    results = []
    with public_folder() as folder:
        for kind in ("flat", "modules"):
            make(folder / f"{kind}.nwb", kind)
            measured = compare(__file__, list(WAYS), arguments.rounds, folder / f"{kind}.nwb")
            results.append(report(f"{SERIES:,} series, {kind}", measured, ["h5py"], {"check": "at most 1.2 / h5py"}))
    print(json.dumps({"benchmark": "many_series", "results": results}))


if __name__ == "__main__":
    main()
