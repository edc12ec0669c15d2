"""Feeding the queue: entering the backlog of the drop folders into it, and handling the answer of the database."""

from functools import partial

from antelop.errors import Misconfigured, Unavailable
from antelop.service.access import Access
from antelop.service.backlog import Backlog
from antelop.service.entering import Entered, enter
from antelop.service.folders import Folders
from antelop.service.handling import EventHandler
from antelop.service.pool import WorkerPool

QUEUE_POLL = 10.0
"""Seconds from one time that the jobs in the queue are counted to the next."""


class QueueFeed:
    """Enters the backlog into the queue.

    Parameters
    ----------
    access
        The database.
    folders, pool
        The drop folders and the workers of the service.
    backlog
        What is entered.
    handler
        Handles deliveries that cannot be entered.
    """

    def __init__(self, access: Access, folders: Folders, pool: WorkerPool, backlog: Backlog, handler: EventHandler) -> None:
        self._access, self._folders, self._pool = access, folders, pool
        self._backlog, self._handler = backlog, handler

    def update(self, now: float) -> None:
        """Enter the backlog, and note whether the database could be used.

        Parameters
        ----------
        now
            Monotonic seconds.
        """
        try:
            self.enter(now)
        except (Unavailable, Misconfigured) as error:
            self._access.mark_away(error, now)
        else:
            # Idle workers wait for longer after an outage, and need not.
            if self._access.mark_back():
                self._pool.nudge()

    def enter(self, now: float) -> None:
        """Enter the backlog, and count the jobs if that is due.

        Raises
        ------
        Unavailable, Misconfigured
            If the database cannot be used.
        """
        count = list(self._folders.configured) if now >= self._backlog.next_count else None
        departures, arrivals = self._backlog.departures, self._backlog.batch()
        question = partial(enter, departures=departures, arrivals=arrivals, count=count, clock=self._access.clock)
        self._access.ask(question, partial(self._entered, now))

    def _entered(self, now: float, entered: Entered) -> None:
        """Handle the answer of the database; folders may have changed since it was asked."""
        closed = self._backlog.remove(entered)
        for event in entered.failed:
            self._handler.handle(event)
        # Idle workers look into the queue every few seconds, but a new delivery need not wait for that.
        if not entered.states.keys() <= set().union(*closed.values()):
            self._pool.nudge()
        # The watcher need not announce again what has its outcome.
        for folder, delivery_ids in closed.items():
            self._folders.finish(folder, delivery_ids)
        if entered.counts is not None:
            self._backlog.next_count = now + QUEUE_POLL
            self._handler.status.queue = entered.counts
        # Announce deliveries in state `waiting` again whose worker died before it reported which videos they wait for.
        if entered.waiting is not None:
            for delivery_id in self._backlog.unreported(entered.waiting):
                self._folders.forget(entered.waiting[delivery_id], [delivery_id])
