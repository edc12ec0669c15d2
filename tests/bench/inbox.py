"""What it costs to watch a drop folder in which everything is finished: the first scan, memory, processor time a minute.

Run it as ``PYTHONPATH=daemon python tests/bench/inbox.py [PAIRS]``.
"""
# ruff: noqa: T201  # a benchmark prints

import os
import select
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from antelop.delivery import Delivery
from antelop.inbox import Folder, Health, Watcher

MINUTES = 3


def made(root: Path, pairs: int) -> Iterator[str]:
    """Make the files of as many deliveries, a hundred in a directory, and yield their ids."""
    for number in range(pairs):
        nwb, manifest = (f"{number // 100}/s{number}.{ending}" for ending in ("nwb", "manifest.json"))
        (root / nwb).parent.mkdir(exist_ok=True)
        (root / nwb).touch()
        (root / manifest).write_bytes(b"{}")
        stats = [(path, (root / path).stat().st_size, (root / path).stat().st_mtime_ns) for path in (manifest, nwb)]
        yield Delivery("bench", *stats[0], b"{}", *stats[1]).delivery_id


def used(process: int) -> tuple[float, float]:
    """Return what a process has used: seconds of processor time, and MB of resident memory."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds, int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    """Measure and print."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        finished = list(made(Path(folder), pairs))
        started = time.monotonic()
        watcher = Watcher(Folder("bench", Path(folder)), finished, started)
        process = watcher._process.pid
        while not any(isinstance(update, Health) for update in watcher.poll(time.monotonic())):
            select.select([watcher], [], [])
        print(f"{pairs:,} finished pairs: first scan after {time.monotonic() - started:.1f} s")
        for minute in range(1, MINUTES + 1):
            before, _ = used(process)
            time.sleep(60)
            watcher.poll(time.monotonic())
            seconds, memory = used(process)
            print(f"minute {minute}: {seconds - before:.2f} s of processor time, {memory:.0f} MB resident")
        watcher.stop()


if __name__ == "__main__":
    main()
