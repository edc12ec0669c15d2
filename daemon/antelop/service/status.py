"""The status of the service: kept in memory while it runs, and written to a file for people and programs."""

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

MOST_OUTCOMES = 20
"""How many outcomes the status holds."""

LONGEST = 1 << 27
"""Most bytes of a status that are read: with a hundred thousand waiting files it is a third as long."""

_OF_OUTCOMES = ("outcome", "sentence", "finished", "problems", "warnings")


class Status:
    """The status of the queue, the database and the latest outcomes.

    Parameters
    ----------
    state
        The state directory, in which ``status.json`` is written.
    clock
        Returns the time, with its zone.

    Attributes
    ----------
    database
        Why the service cannot use the database; None if it can.
    refused
        Why the workers cannot use the database, although the service can; None if they can.
    queue
        Number of jobs by status, as they were last counted.
    analysis
        Why nothing is ingested, if an untrusted user could change a script that would run; else None.
    outdated
        The mask functions whose version in the database differs from the one in the analysis folders.
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
        self._outcomes: deque[Mapping[str, Any]] = deque(maxlen=MOST_OUTCOMES)
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
        """Return the status in one line."""
        if self.database is not None:
            return f"the database is away: {self.database}"
        if self.refused is not None:
            return f"nothing is ingested: {self.refused}"
        if self.analysis is not None:
            return f"nothing is ingested: {self.analysis}"
        return ", ".join(f"{count} {state}" for state, count in {"queued": self.queue.get("total", 0), **self._counts}.items())

    def write(self, *, stopped: bool = False, **more: object) -> str | None:
        """Write the status to its file atomically, but without fsync: after a power cut the next service writes it again.

        Parameters
        ----------
        stopped
            Whether the service has stopped.
        more
            Further members: ``folders``, ``waiting``, ``workers`` and ``notices``.

        Returns
        -------
        str or None
            Why it could not be written, in a sentence; the file then is out of date.
        """
        # Only the last hour is counted. Older times are removed, so that the list stays small however long the service runs.
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
        # A full disk must not stop the service, so the error is returned and not raised.
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            files.write(self._path, json.dumps(document).encode(), durable=False)
        except OSError as error:
            return f"The status {self._path} could not be written: {reason(error)}."
        return None


def read(state: Path) -> dict[str, Any] | None:
    """Return the status that the service wrote last; None if there is none.

    Raises
    ------
    Unavailable
        If this user may not read it.
    """
    path = state / "status.json"
    try:
        document = json.loads(files.read(path, LONGEST))
    except PermissionError as error:
        raise Unavailable(f"the status {path} cannot be read: {reason(error)}") from error
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None
