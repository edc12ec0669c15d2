"""How long it takes to split a long recording into trials, and how much is copied, beside a boolean mask for each trial.

Run it as ``PYTHONPATH=daemon:. python tests/bench/split_trials.py``.
"""
# ruff: noqa: T201  # a benchmark prints

import argparse
import json
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

from antelop.trials import split_trials
from tests.bench.comparison import report

Pair = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


def split_by_comparing(events: Pair, mask: Pair) -> list[Pair]:
    """Split as a script without `split_trials` would: one comparison for each sample and trial, and a copy."""
    data, times = events
    trials = []
    for start, stop in mask[1].reshape(-1, 2):
        inside = (times >= start) & (times <= stop)
        trials.append((data[inside], times[inside]))
    return trials


def seconds_of(split: Callable[[Pair, Pair], list[Pair]], events: Pair, mask: Pair) -> float:
    """Return how long one split takes."""
    started = time.perf_counter()
    split(events, mask)
    return time.perf_counter() - started


def bytes_of(split: Callable[[Pair, Pair], list[Pair]], events: Pair, mask: Pair) -> int:
    """Return how much memory one split has in use at most."""
    tracemalloc.start()
    split(events, mask)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def main() -> None:
    """Measure both in turn, and print a table and JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--samples", type=int, default=10_000_000)
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    random = np.random.default_rng(0)
    times = np.arange(arguments.samples) / 30_000
    events = (random.standard_normal(arguments.samples), times)
    edges = np.sort(random.uniform(0, times[-1], 2 * arguments.trials))
    mask = (np.resize(np.array([1, -1], np.int8), edges.shape), edges)

    ways = {"comparing": split_by_comparing, "split_trials": split_trials}
    rounds = [
        {name: {"seconds": seconds_of(split, events, mask)} for name, split in ways.items()} for _ in range(arguments.rounds)
    ]
    for name, split in ways.items():
        rounds[0][name]["peak_mb"] = bytes_of(split, events, mask) / 1e6
    title, target = f"{arguments.samples:,} samples, {arguments.trials} trials", "under 5, and no copy"
    table = report(title, rounds, ["comparing"], {"split_trials": target})
    print(json.dumps({"benchmark": "split_trials", "results": table}))


if __name__ == "__main__":
    main()
