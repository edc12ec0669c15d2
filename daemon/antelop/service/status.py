"""How the service fares: kept while it runs, and written for whoever asks."""

import json
import os
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from antelop import __version__, files
from antelop.errors import Unavailable, reason

if TYPE_CHECKING:  # `antelop status` reads a file, and need not wait for the import of a worker and its libraries
    from antelop.worker.events import Done

LAST = 20
"""How many outcomes are kept."""

LONGEST = 1 << 27
"""How many bytes of a status are read: a hundred thousand files that wait take a third of it."""

_OF_OUTCOMES = ("outcome", "sentence", "finished", "problems", "warnings")


class Status:
    """What is known of the queue and of outcomes.

    Parameters
    ----------
    state
        The state directory, in which ``status.json`` is written.
    clock
        Returns the time, with its zone.

    Attributes
    ----------
    database
        Why the database is away; None if it is not.
    refused
        What workers are told by a database that is there for this process; None if they get on.
    queue
        How many jobs there are of each status, as of the last look.
    analysis
        Why nothing is ingested, if somebody who is not trusted could change what would be run; else None.
    outdated
        The mask functions of which the database knows another version than the analysis folder holds.
    """

    def __init__(self, state: Path, clock: Callable[[], datetime]) -> None:
        self.database: str | None = "it was not asked yet"
        self.refused: str | None = None
        self.queue: Mapping[str, int] = {}
        self.analysis: str | None = None
        self.outdated: Sequence[str] = ()
        self._path = state / "status.json"
        self._clock = clock
        self._started = clock()
        self._outcomes: deque[Mapping[str, Any]] = deque(maxlen=LAST)
        self._counts: Counter[str] = Counter()
        self._finished: deque[datetime] = deque()

    def note(self, event: "Done") -> None:
        """Note the end of an attempt."""
        outcome = event.outcome.as_dict()
        self._outcomes.append(asdict(event.delivery) | {"state": event.state} | {name: outcome[name] for name in _OF_OUTCOMES})
        if event.state == event.outcome.outcome:
            self._counts[event.state] += 1
            self._finished.append(self._clock())

    def sentence(self) -> str:
        """Say in one line how it goes."""
        if self.database is not None:
            return f"the database is away: {self.database}"
        if self.refused is not None:
            return f"nothing is ingested, for {self.refused}"
        if self.analysis is not None:
            return f"nothing is ingested, for {self.analysis}"
        return ", ".join(f"{count} {state}" for state, count in {"queued": self.queue.get("total", 0), **self._counts}.items())

    def write(self, *, stopped: bool = False, **more: object) -> str | None:
        """Write the status for others to read, atomically; not for the ages, so it is not fsynced.

        Parameters
        ----------
        stopped
            Whether the service runs no longer.
        more
            What else there is to say: ``folders``, ``waiting``, ``workers`` and ``notices``.

        Returns
        -------
        str or None
            Why it could not be written, in a sentence: what is on the disk is out of date then.
        """
        now = self._clock()
        while self._finished and self._finished[0] < now - timedelta(hours=1):
            self._finished.popleft()
        document = {
            "version": __version__,
            "process": None if stopped else os.getpid(),
            "started": self._started.isoformat(timespec="seconds"),
            "written": now.isoformat(timespec="seconds"),
            "sentence": "stopped" if stopped else self.sentence(),
            "database": self.database or self.refused,
            "analysis": self.analysis,
            "outdated_masks": self.outdated,
            "queue": self.queue,
            "counts": self._counts,
            "last_hour": len(self._finished),
            "outcomes": list(self._outcomes),
            **more,
        }
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            files.write(self._path, json.dumps(document).encode(), durable=False)
        except OSError as error:
            return f"The status {self._path} could not be written: {reason(error)}."
        return None


def read(state: Path) -> dict[str, Any] | None:
    """Return what the service has last written; None if it never has, `Unavailable` if that may not be known."""
    path = state / "status.json"
    try:
        document = json.loads(files.read(path, LONGEST))
    except PermissionError as error:
        raise Unavailable(f"the status {path} cannot be read: {reason(error)}") from error
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None
