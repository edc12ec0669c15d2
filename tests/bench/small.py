"""Small sessions through the whole daemon: how many a second with two workers, and how long one takes.

A session has 12 features, 2 masks and 1 MB. ``sustained`` drops all at once and counts receipts. ``committed`` and ``receipt``
drop one after the other, with manifests that state the hash, and tell how long it takes from the manifest's rename to the
commit and to the receipt. The reference is copying the same files with fsync.

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
from tests.servers import public_folder

LOOK = 0.01
"""Seconds from one look for receipts to the next."""


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
    now = time.time()
    manifest.rename(drop / f"{manifest.stem}.manifest.json")
    return now


def receipts(drop: Path, count: int) -> list[float]:
    """Wait until there are so many receipts; return when each was written, in order."""
    while len(found := list(drop.glob("*.receipt.json"))) < count:
        time.sleep(LOOK)
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
    sessions, total = arguments.sessions, arguments.sessions + arguments.single
    with public_folder() as folder:
        configuration = house.make(folder, total, 'settle = "100ms"\n')
        drop, made = folder / "drop", folder / "made"
        made.mkdir()
        source = house.record(folder / "source.nwb")
        recordings = [house.another(source, made / f"s{number}.nwb", number) for number in range(1, total + 1)]
        manifests = [house.manifest(path, number, stated=number > sessions) for number, path in enumerate(recordings, 1)]
        os.sync()
        limit = copy(recordings[:sessions], folder / "copies") / sessions
        with house.daemon(configuration):
            started = time.time()
            for manifest, recording in zip(manifests[:sessions], recordings[:sessions], strict=True):
                deliver(manifest, recording, drop)
            written = receipts(drop, sessions)
            dropped = []
            for number in range(sessions, total):
                dropped.append(deliver(manifests[number], recordings[number], drop))
                ended = receipts(drop, number + 1)[-1]
                written.append(ended)
        with Lab(load(configuration, {}), {}) as lab:
            rows = (lab.database.Delivery * lab.database.Ingestion).to_dicts()
        finished = {row["session_id"]: row["finished"].replace(tzinfo=UTC).timestamp() for row in rows}
    seconds = {
        "copying, a session": [limit],
        "sustained, a session": [(written[sessions - 1] - started) / sessions],
        "committed after": [finished[sessions + index + 1] - at for index, at in enumerate(dropped)],
        "receipt after": [written[sessions + index] - at for index, at in enumerate(dropped)],
    }
    print(f"{sessions} sessions at once, {arguments.single} one by one: milliseconds")
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
