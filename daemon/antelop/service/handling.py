"""What the service does when a worker reports an event."""

from collections.abc import Callable, Mapping
from datetime import datetime
from math import inf
from typing import Any

from antelop.outcome import Kind, Outcome
from antelop.queue.states import ANSWERED
from antelop.service.backlog import Backlog
from antelop.service.folders import Folders
from antelop.service.pool import WorkerPool
from antelop.service.reporting import Reporting
from antelop.worker import event_log


class EventHandler:
    """Handles the events of workers.

    Parameters
    ----------
    folders, pool, backlog, reporting
        The parts of the service that an event may concern.
    clock
        Returns the time by the wall clock, with its zone.

    Attributes
    ----------
    status
        The status of the service.
    stopping
        Whether the service is stopping: then a worker that was killed is not the fault of its delivery.
    """

    def __init__(
        self, folders: Folders, pool: WorkerPool, backlog: Backlog, reporting: Reporting, clock: Callable[[], datetime]
    ) -> None:
        self.status = reporting.status
        self.stopping = False
        self._folders, self._pool, self._backlog = folders, pool, backlog
        self._reporting, self._clock = reporting, clock

    def handle(self, event: Mapping[str, Any]) -> None:
        """Log an event, and act on it."""
        event_log.enter(event)
        match event["event"]:
            case "gone":
                # If the files are there after all, the watcher announces the delivery again.
                self._folders.forget(event["folder"], [event["delivery_id"]])
            case "unsettled":
                self._folders.require(event["folder"], event["delivery_id"], event["paths"])
                self._backlog.await_videos(event["delivery_id"])
            case "done":
                if event["state"] in ANSWERED:
                    self._folders.finish(event["folder"], [event["delivery_id"]])
                self._reporting.done(event)
            case "answered":
                self._folders.finish(event["folder"], [event["delivery_id"]])
            case "trusted" | "untrusted":
                self.status.analysis = event.get("sentence")
            case "looked":
                self.status.outdated = event["outdated"]
            case "away":
                # The service asks the database at once, and finds out whether it cannot use it either.
                self._backlog.next_count = -inf
            case "died" if event["job"]:
                spared = self.stopping or event["job"]["folder"] in self._folders.absent
                kind: Kind = "unavailable" if spared else "failed"
                death = Outcome.of(kind, f"its worker was lost: {event['sentence']}", self._clock())
                self._pool.report_death(event["job"]["delivery_id"], death)
