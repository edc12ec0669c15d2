"""How long it takes to fetch a long channel and read its first second, beside reading the whole array as a blob would be.

The channel is of one hour at 30 kHz, float64: 864 MB. Beside it, one as a converter gives it, int16 with a conversion: such a
channel is scaled when it is fetched, for a fetch gives arrays, of which all values are there.

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
from antelop.ingest.session import insert_nwb
from antelop.lab import Lab
from antelop.recording.views import Clock, Scaled
from tests.bench import house
from tests.bench.comparison import Measured, report
from tests.clocks import wall
from tests.servers import public_folder

RATE = 30_000


def first_second(lab: Lab, channel: str) -> Measured:
    """Fetch a channel, and read its first second."""
    started = time.perf_counter()
    data = (lab.database.AnalogEvents & {"analogevents_name": channel}).fetch1("data")
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
    with public_folder() as folder, Lab(load(house.make(folder, 1), {}), {}, wall) as lab:
        insert_nwb(lab, {**house.EXPERIMENT, "session_id": 1}, [], house.record(folder / "small.nwb"))
        samples = Clock(0.0, RATE, RATE * arguments.seconds)
        kept = {"speed": lab.store.put(samples[:]), "force": lab.store.put(Scaled(samples[:].astype(np.int16), 0.5, 0.0))}
        for channel, each in kept.items():
            row = (lab.database.AnalogEvents & {"analogevents_name": channel}).proj().fetch1()
            lab.database.AnalogEvents.update1({**row, "data": each})
        ways: dict[str, Callable[[], Measured]] = {
            "np.load": lambda: everything(lab.store.path(kept["speed"].descriptor)),
            "fetch1": lambda: first_second(lab, "speed"),
            "fetch1, to be scaled": lambda: first_second(lab, "force"),
        }
        rounds = [{name: way() for name, way in ways.items()} for _ in range(arguments.rounds)]
    table = report("Fetch a channel", rounds, ["np.load"], {"fetch1": "under 10"})
    print(json.dumps({"benchmark": "fetch", "results": table}))


if __name__ == "__main__":
    main()
