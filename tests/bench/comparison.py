"""Ways of doing the same thing, measured in turn, each in a process of its own, and compared within one run.

The machine's speed drifts, so no time is compared with one of another run: each round measures every way once, the next in the
opposite order, and a ratio is the median of the rounds' ratios.
"""
# ruff: noqa: T201  # a benchmark prints

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Measured = dict[str, float]
"""What one run of a way took: ``seconds``, and what else is known of it."""


def peak_megabytes() -> float:
    """Return how much memory this program has used at most (proc(5), VmHWM: ru_maxrss would count its parent's)."""
    status = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024 / 1e6


def measure(script: str, way: str, *arguments: str | Path) -> Measured:
    """Run one way in a process of its own, which prints a JSON object with ``seconds`` as its last line."""
    os.sync()  # what was written before is not written on while this is measured
    command = [sys.executable, script, "--way", way, *map(str, arguments)]
    return dict(json.loads(subprocess.check_output(command).splitlines()[-1]))


def compare(script: str, ways: Sequence[str], rounds: int, *arguments: str | Path) -> list[dict[str, Measured]]:
    """Measure every way in each of several rounds."""
    return [
        {way: measure(script, way, *arguments) for way in (ways if number % 2 == 0 else ways[::-1])} for number in range(rounds)
    ]


def report(
    title: str, rounds: Sequence[Mapping[str, Measured]], references: Sequence[str], targets: Mapping[str, str]
) -> dict[str, Any]:
    """Print a table of the ways, with their ratios to those that are references and what is aimed at; return it for JSON."""
    print(f"\n{title}: {len(rounds)} rounds, times in milliseconds")
    over = "".join(f" {f'/ {reference}':>10.10}" for reference in references)
    print(f"{'':24} {'median':>9} {'minimum':>9} {'maximum':>9} {'memory':>10}{over}  target")
    results: dict[str, Any] = {}
    for way in sorted(rounds[0], key=lambda way: way != references[0]):
        seconds = [round_[way]["seconds"] for round_ in rounds]
        ratios = {
            reference: statistics.median(round_[way]["seconds"] / round_[reference]["seconds"] for round_ in rounds)
            for reference in references
        }
        memory = max(round_[way].get("peak_mb", 0.0) for round_ in rounds)
        median, target = statistics.median(seconds), targets.get(way, "")
        results[way] = {
            "median": median,
            "minimum": min(seconds),
            "maximum": max(seconds),
            "peak_mb": memory,
            "ratios": ratios,
            "target": target,
        }
        shown = [f"{memory:7.0f} MB" if memory else " " * 10, *(f"{ratio:10.3g}" for ratio in ratios.values())]
        times = f"{1e3 * median:9.1f} {1e3 * min(seconds):9.1f} {1e3 * max(seconds):9.1f}"
        print(f"{way:24} {times} {' '.join(shown)}  {target}".rstrip(), flush=True)
    return {"title": title, "ways": results}
