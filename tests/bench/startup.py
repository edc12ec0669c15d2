"""How long commands take from their start to their end, beside Python's own.

Run it as ``PYTHONPATH=daemon:. python tests/bench/startup.py``.
"""
# ruff: noqa: T201  # a benchmark prints

import argparse
import json
import subprocess
import sys
import time

from tests.bench import house
from tests.bench.comparison import report
from tests.servers import public_folder

TARGETS = {"import antelop": "under 200", "antelop --help": "under 300", "antelop check": "under 1500"}


def took(command: list[str]) -> float:
    """Return how long a command takes, in seconds."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    """Measure in turn, and print a table and JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()
    with public_folder() as folder:
        recording, rig = str(house.record(folder / "small.nwb")), folder / "rig.json"
        rig.write_text(json.dumps(house.RIG))
        commands = {
            "python": ["-c", "pass"],
            "import antelop": ["-c", "import antelop"],
            "antelop --help": ["-m", "antelop", "--help"],
            "antelop check": ["-m", "antelop", "check", recording, "--rig", str(rig)],
        }
        rounds = [
            {name: {"seconds": took([sys.executable, *words])} for name, words in commands.items()}
            for _ in range(arguments.rounds)
        ]
    table = report("From start to end", rounds, ["python"], TARGETS)
    print(json.dumps({"benchmark": "startup", "results": table}))


if __name__ == "__main__":
    main()
