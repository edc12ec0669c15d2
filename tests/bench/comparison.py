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


def report(title: str, rounds: Sequence[Mapping[str, Measured]], reference: str) -> dict[str, Any]:
    """Print a table of the ways, with their ratios to a reference, and return it for JSON."""
    print(f"\n{title}: {len(rounds)} rounds, times in milliseconds")
    print(f"{'':22} {'median':>9} {'minimum':>9} {'maximum':>9} {'memory':>10} {'ratio':>8}")
    results = {}
    for way in sorted(rounds[0], key=lambda way: way != reference):
        seconds = [round_[way]["seconds"] for round_ in rounds]
        ratio = statistics.median(round_[way]["seconds"] / round_[reference]["seconds"] for round_ in rounds)
        memory = max(round_[way].get("peak_mb", 0.0) for round_ in rounds)
        median = statistics.median(seconds)
        results[way] = {"median": median, "minimum": min(seconds), "maximum": max(seconds), "peak_mb": memory, "ratio": ratio}
        shown = f"{memory:7.0f} MB" if memory else " " * 10
        print(
            f"{way:22} {1e3 * median:9.1f} {1e3 * min(seconds):9.1f} {1e3 * max(seconds):9.1f} {shown} {ratio:8.3g}", flush=True
        )
    return {"title": title, "reference": reference, "ways": results}
