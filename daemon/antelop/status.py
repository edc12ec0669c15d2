"""How the service fares: kept while it runs, and written for whoever asks."""

import json
import os
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from antelop.inbox import Health
from antelop.outcome import VERSION
from antelop.waiting import Waiting

if TYPE_CHECKING:
    from antelop.service import Service

LAST = 20
"""How many outcomes are kept."""

SILENCE = 30.0
"""Seconds after which the process that watches a folder is said to be stuck, or the service itself not to run."""


class Status:
    """What is known of folders, queue, workers and outcomes.

    Attributes
    ----------
    waiting
        What waits, by folder and path.
    health
        By folder.
    queue
        Counts of jobs by their status, as of the last look.
    database
        Why the database is away, None if it is not.
    """

    def __init__(self, state: Path, started: datetime) -> None:
        self.path = state / "status.json"
        self.waiting: dict[tuple[str, str], Waiting] = {}
        self.health: dict[str, Health] = {}
        self.queue: Mapping[str, int] = {}
        self.database: str | None = None
        self._started = started
        self._outcomes: deque[Mapping[str, Any]] = deque(maxlen=LAST)
        self._counts: dict[str, int] = {}
        self._finished: deque[datetime] = deque()

    def note(self, message: Mapping[str, Any]) -> None:
        """Note what became of a delivery."""
        now = datetime.now(UTC)
        self._outcomes.append({name: value for name, value in message.items() if name not in ("event", "rows")})
        self._counts[message["state"]] = self._counts.get(message["state"], 0) + 1
        self._finished.append(now)
        while self._finished[0] < now - timedelta(hours=1):
            self._finished.popleft()

    def forget(self, folder: str) -> None:
        """Forget a folder that is no longer watched."""
        self.health.pop(folder, None)
        self.waiting = {key: waiting for key, waiting in self.waiting.items() if key[0] != folder}

    def sentence(self) -> str:
        """Say in one line how it goes."""
        if self.database is not None:
            return f"database away: {self.database}"
        paused = [folder for folder, health in self.health.items() if health.paused]
        parts = [f"{self.queue.get('total', 0)} queued, {len(self.waiting)} waiting"]
        parts += [f"{count} {state}" for state, count in self._counts.items()]
        parts += [f"paused: {', '.join(paused)}"] if paused else []
        return ", ".join(parts)

    def write(self, service: "Service", now: float, *, stopped: bool = False) -> None:
        """Write the status for others to read, atomically; not for the ages, so it is not fsynced."""
        temporary = self.path.with_name(f".{self.path.name}.tmp")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(self._as_dict(service, now, stopped=stopped), default=str))
        temporary.replace(self.path)

    def _as_dict(self, service: "Service", now: float, *, stopped: bool) -> dict[str, Any]:
        return {
            "version": VERSION,
            "process": None if stopped else os.getpid(),
            "started": self._started.isoformat(timespec="seconds"),
            "written": datetime.now(UTC).isoformat(timespec="seconds"),
            "sentence": "stopped" if stopped else self.sentence(),
            "database": self.database,
            "queue": dict(self.queue),
            "counts": self._counts,
            "last_hour": len(self._finished),
            "folders": [
                {"name": name, "path": str(watcher.folder.path), **self._folder(name, now - watcher.heard, now)}
                for name, watcher in service.watchers.items()
            ],
            "waiting": [
                {"folder": folder, "path": path, "reason": waiting.sentence(now), "seconds": round(now - waiting.since)}
                for (folder, path), waiting in sorted(self.waiting.items())
            ],
            "workers": [
                {
                    "process": member.process.pid,
                    "seconds": round(now - member.since),
                    "done": member.done,
                    "memory": member.memory,
                    "delivery": member.job,
                }
                for member in service.crew.members
            ],
            "outcomes": list(self._outcomes),
            "notices": service.notices.status(),
        }

    def _folder(self, name: str, silent: float, now: float) -> dict[str, Any]:
        """Say how a folder fares."""
        health = self.health.get(name)
        if silent > SILENCE:
            return {"paused": f"it has not answered for {silent:.0f} s: is its share hung?"}
        if health is None:
            return {"paused": None}
        scanned = None if health.scanned is None else round(now - health.scanned)
        return {
            "paused": health.paused,
            "watching": health.watching,
            "because": health.because,
            "settle": health.settle,
            "scanned": scanned,
            "entries": health.entries,
        }


def read(state: Path) -> dict[str, Any] | None:
    """Return what the service has last written; None if it never has."""
    try:
        said = json.loads((state / "status.json").read_text())
    except (OSError, ValueError):
        return None
    return said if isinstance(said, dict) else None
