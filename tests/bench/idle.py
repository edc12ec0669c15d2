"""What the daemon costs while it waits beside finished files, how soon it is ready, and how soon it sees a new one.

Half of the deliveries are in a folder whose changes the operating system tells, half in one that is looked at every ten
seconds. They are empty files, and rows that say that they were ingested.

Run it as ``PYTHONPATH=daemon:. python tests/bench/idle.py``.
"""
# ruff: noqa: T201  # a benchmark prints

import argparse
import json
import time
from pathlib import Path

from antelop.config import load
from antelop.dropfolder.delivery import Delivery
from antelop.lab import Lab
from antelop.queue.ledger import row_of, utc
from tests.bench import house
from tests.clocks import wall
from tests.servers import public_folder

SCAN = 10
"""Seconds from one look to the next in the folder that is looked at."""

FOLDERS = f"""
watch = "events"
[[folders]]
path = "share"
watch = "poll"
scan = "{SCAN}s"
"""
LOOK = 0.01
"""Seconds from one look for a receipt to the next."""


def fill(lab: Lab, name: str, drop: Path, pairs: int) -> None:
    """Make the files of as many finished deliveries in a drop folder, a hundred in a directory, and their rows."""
    now = utc(wall())
    rows = []
    for number in range(pairs):
        nwb, manifest = (f"{number // 100}/s{number}.{ending}" for ending in ("nwb", "manifest.json"))
        (drop / nwb).parent.mkdir(exist_ok=True)
        (drop / nwb).touch()
        (drop / manifest).write_bytes(b"{}")
        stats = [(path, (drop / path).stat().st_size, (drop / path).stat().st_mtime_ns) for path in (manifest, nwb)]
        row = row_of(Delivery(name, *stats[0], b"{}", *stats[1]))
        rows.append({**row, "state": "ingested", "received": now, "readied": now, "finished": now})
    for start in range(0, pairs, 5000):
        lab.database.Delivery.insert(rows[start : start + 5000])


def noticed(source: Path, drop: Path, number: int) -> float:
    """Drop a new delivery; return how long it takes until its receipt is there, in seconds."""
    recording = house.another(source, drop / f"new{number}.nwb", number)
    written = house.manifest(recording, number, stated=True)
    started = time.perf_counter()
    written.rename(drop / f"new{number}.manifest.json")
    while not (drop / f"new{number}.receipt.json").exists():
        time.sleep(LOOK)
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=60, help="how long to watch it idle")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with public_folder() as folder:
        (folder / "share").mkdir()
        configuration = house.make(folder, 2 * arguments.rounds + 2, FOLDERS)
        source = house.record(folder / "source.nwb")
        with Lab(load(configuration, {}), {}, wall) as lab:
            for name in ("drop", "share"):
                fill(lab, name, folder / name, arguments.pairs // 2)
        with house.daemon(configuration) as daemon:
            noticed(source, folder / "drop", 1)  # the first scan is over then
            noticed(source, folder / "share", 2)
            counters = {"main process": daemon.used, "watchers": daemon.used_by_watchers}
            before = {name: used()[0] for name, used in counters.items()}
            time.sleep(arguments.seconds)
            idle = {
                name: {"share": (used()[0] - before[name]) / arguments.seconds, "mb": used()[1]}
                for name, used in counters.items()
            }
            waits = {
                name: [noticed(source, folder / name, first + 2 * number) for number in range(arguments.rounds)]
                for name, first in (("drop", 3), ("share", 4))
            }
    print(f"{arguments.pairs:,} finished deliveries")
    print(f"ready after {daemon.ready_after:.2f} s")
    for name, each in idle.items():
        print(f"{name}, idle: {100 * each['share']:.2f} % of a core, {each['mb']:.0f} MB")
    print(f"a new one's receipt, by events:  {', '.join(f'{wait:.2f}' for wait in waits['drop'])} s")
    print(f"a new one's receipt, by polling: {', '.join(f'{wait:.2f}' for wait in waits['share'])} s, every {SCAN} s")
    results = {"ready": daemon.ready_after, "idle": idle, "events": waits["drop"], "polling": waits["share"]}
    print(json.dumps({"benchmark": "idle", "pairs": arguments.pairs, "results": results}))


if __name__ == "__main__":
    main()
