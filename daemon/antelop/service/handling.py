"""What the service does when a worker reports an event."""

from collections.abc import Callable
from datetime import datetime
from math import inf

from antelop.outcome import Kind, Outcome
from antelop.queue.states import ANSWERED
from antelop.service.backlog import Backlog
from antelop.service.folders import Folders
from antelop.service.pool import WorkerPool
from antelop.service.reporting import Reporting
from antelop.worker import event_log
from antelop.worker.events import (
    Answered,
    Compared,
    DatabaseAway,
    DeliveryName,
    Died,
    Done,
    Event,
    Missing,
    Skipped,
    Trusted,
    Untrusted,
    VideosUnsettled,
)


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

    def handle(self, event: Event) -> None:
        """Log an event, and act on it."""
        event_log.enter(event)
        self._reporting.note(event)
        match event:
            case Untrusted(sentence):
                self.status.analysis = sentence
            case Trusted():
                self.status.analysis = None
            case Compared(outdated):
                self.status.outdated = outdated
            case DatabaseAway():
                # The service asks the database at once, and finds out whether it cannot use it either.
                self._backlog.next_count = -inf
            case Died(DeliveryName() as delivery, sentence):
                # A worker that an absent folder blocks, or that the service has stopped, is not the fault of its delivery.
                spared = self.stopping or delivery.folder in self._folders.absent
                kind: Kind = "unavailable" if spared else "failed"
                death = Outcome.of(kind, f"its worker was lost: {sentence}", self._clock())
                self._pool.report_death(delivery.delivery_id, death)
            case _:
                self._handle_delivery(event)

    def _handle_delivery(self, event: Event) -> None:
        """Act on the end of the work on a delivery."""
        match event:
            case Missing(delivery):
                # If the files are there after all, the watcher announces the delivery again.
                self._folders.forget(delivery.folder, [delivery.delivery_id])
            case VideosUnsettled(delivery, paths):
                self._folders.require(delivery.folder, delivery.delivery_id, paths)
                self._backlog.await_videos(delivery.delivery_id)
            case Done(delivery, state) | Skipped(delivery, state):
                if state in ANSWERED:
                    self._folders.finish(delivery.folder, [delivery.delivery_id])
                if isinstance(event, Done):
                    self._reporting.done(event)
            case Answered(delivery):
                self._folders.finish(delivery.folder, [delivery.delivery_id])
