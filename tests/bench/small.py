"""Small sessions through the whole daemon: how many a second with two workers, and how long one takes.

A session has 12 features, 2 masks and 1 MB. ``sustained`` drops all at once and counts receipts, once some sessions have shown
that the workers are there. ``committed`` and ``receipt`` drop one after the other, with manifests that state the hash, and tell
how long it takes from the manifest's rename to the commit and to the receipt. The reference is copying the same files with
fsync. The processor time of a sustained session tells, on a machine that has other things to do as well, what two cores could.

Run it as ``PYTHONPATH=daemon:. python tests/bench/small.py``.
"""
# ruff: noqa: T201  # a benchmark prints

import argparse
import json
import os
import statistics
import time
from datetime import UTC
from pathlib import Path

from antelop.config import load
from antelop.lab import Lab
from tests.bench import house
from tests.clocks import wall
from tests.servers import public_folder

LOOK = 0.01
"""Seconds from one look for receipts to the next."""

FIRST = 10
"""How many sessions are delivered before anything is measured."""


def copy(recordings: list[Path], folder: Path) -> float:
    """Copy recordings with fsync, and return how long that takes in seconds."""
    folder.mkdir()
    started = time.perf_counter()
    for recording in recordings:
        with (folder / recording.name).open("wb") as target:
            target.write(recording.read_bytes())
            target.flush()
            os.fsync(target.fileno())
    return time.perf_counter() - started


def deliver(manifest: Path, recording: Path, drop: Path) -> float:
    """Move a recording and then its manifest into the drop folder; return when, in seconds since the epoch."""
    recording.rename(drop / recording.name)
    now = wall().timestamp()
    manifest.rename(drop / f"{manifest.stem}.manifest.json")
    return now


def receipts(drop: Path, count: int) -> list[float]:
    """Wait until there are so many receipts; return when each was written, in order."""
    while len(names := [name for name in os.listdir(drop) if name.endswith(".receipt.json")]) < count:  # noqa: PTH208  # the fastest
        time.sleep(LOOK)
    found = [drop / name for name in names]
    outcomes = {json.loads(path.read_text())["outcome"] for path in found}
    if outcomes != {"ingested"}:
        raise RuntimeError(f"these came of them: {outcomes}")
    return sorted(path.stat().st_mtime for path in found)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--single", type=int, default=30)
    arguments = parser.parse_args()
    together = FIRST + arguments.sessions
    total = together + arguments.single
    with public_folder() as folder:
        configuration = house.make(folder, total, 'settle = "100ms"\n')
        drop, made = folder / "drop", folder / "made"
        made.mkdir()
        source = house.record(folder / "source.nwb")
        recordings = [house.another(source, made / f"s{number}.nwb", number) for number in range(1, total + 1)]
        manifests = [house.manifest(path, number, stated=number > together) for number, path in enumerate(recordings, 1)]
        os.sync()
        limit = copy(recordings[FIRST:together], folder / "copies") / arguments.sessions
        with house.daemon(configuration) as daemon:
            delivered = [deliver(manifests[number], recordings[number], drop) for number in range(FIRST)]
            receipts(drop, FIRST)
            before = daemon.used_by_all()
            delivered += [deliver(manifests[number], recordings[number], drop) for number in range(FIRST, together)]
            written = receipts(drop, together)
            used = {name: (now - before[name]) / arguments.sessions for name, now in daemon.used_by_all().items()}
            for number in range(together, total):
                delivered.append(deliver(manifests[number], recordings[number], drop))
                written.append(receipts(drop, number + 1)[-1])
        with Lab(load(configuration, {}), {}, wall) as lab:
            rows = (lab.database.Delivery * lab.database.Ingestion).to_dicts()
        finished = {row["session_id"]: row["finished"].replace(tzinfo=UTC).timestamp() for row in rows}
    seconds = {
        "copying, a session": [limit],
        "sustained, a session": [(written[together - 1] - delivered[FIRST]) / arguments.sessions],
        "committed after": [finished[number + 1] - delivered[number] for number in range(together, total)],
        "receipt after": [written[number] - delivered[number] for number in range(together, total)],
        **{f"processor, {name}": [each] for name, each in used.items()},
        "processor, all": [sum(used.values())],
    }
    print(f"{arguments.sessions} sessions at once, {arguments.single} one by one: milliseconds")
    print(f"{'':22} {'median':>9} {'minimum':>9} {'maximum':>9} {'ratio':>8}")
    results = {}
    for name, values in seconds.items():
        median, ratio = statistics.median(values), statistics.median(values) / limit
        results[name] = {"median": median, "minimum": min(values), "maximum": max(values), "ratio": ratio}
        print(f"{name:22} {1e3 * median:9.1f} {1e3 * min(values):9.1f} {1e3 * max(values):9.1f} {ratio:8.3g}")
    rate = 1 / seconds["sustained, a session"][0]
    print(f"{rate:.1f} sessions a second")
    print(json.dumps({"benchmark": "small", "results": results, "sessions_per_second": rate}))


if __name__ == "__main__":
    main()
