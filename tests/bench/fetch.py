"""How long it takes to fetch a long channel and read its first second, beside reading the whole array as a blob would be.

The channel is of one hour at 30 kHz, float64: 864 MB.

Run it as ``PYTHONPATH=daemon:. python tests/bench/fetch.py``.
"""
# ruff: noqa: T201  # a benchmark prints

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from antelop.config import load
from antelop.ingest import insert_nwb
from antelop.lab import Lab
from antelop.recording import Clock
from tests.bench import house
from tests.bench.comparison import Measured, report
from tests.servers import public_folder

RATE = 30_000


def first_second(lab: Lab) -> Measured:
    """Fetch the channel, and read its first second."""
    started = time.perf_counter()
    data = (lab.database.AnalogEvents & {"analogevents_name": "speed"}).fetch1("data")
    data[:RATE].sum()
    return {"seconds": time.perf_counter() - started}


def everything(path: Path) -> Measured:
    """Read the whole array, and its first second."""
    started = time.perf_counter()
    data = np.load(path)
    data[:RATE].sum()
    return {"seconds": time.perf_counter() - started}


def main() -> None:
    """Measure in turn, and print a table and JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=3600, help="how long the channel is")
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()
    with public_folder() as folder, Lab(load(house.make(folder, 1), {}), {}) as lab:
        insert_nwb(lab, {**house.EXPERIMENT, "session_id": 1}, [], house.record(folder / "small.nwb"))
        kept = lab.store.put(Clock(0.0, RATE, RATE * arguments.seconds)[:])
        row = (lab.database.AnalogEvents & {"analogevents_name": "speed"}).proj().fetch1()
        lab.database.AnalogEvents.update1({**row, "data": kept})
        ways: dict[str, Callable[[], Measured]] = {
            "np.load, all of it": lambda: everything(lab.store.path(kept.descriptor)),
            "fetch1, first second": lambda: first_second(lab),
        }
        rounds = [{name: way() for name, way in ways.items()} for _ in range(arguments.rounds)]
    print(json.dumps({"benchmark": "fetch", "results": report("Fetch a channel", rounds, next(iter(ways)))}))


if __name__ == "__main__":
    main()
