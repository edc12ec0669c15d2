"""What the service tells people: the status file, the log, and notices about deliveries and hindrances that need a person."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import groupby
from math import inf
from operator import itemgetter

import structlog

from antelop.config import Config
from antelop.dropfolder.waiting import Waiting
from antelop.service.folders import Folders
from antelop.service.hindrances import Hindrances
from antelop.service.notice import Notices
from antelop.service.pool import WorkerPool
from antelop.service.status import Status
from antelop.worker.events import Done, Event

log = structlog.get_logger()

STATUS_INTERVAL, STATUS_INTERVAL_WITH_NEWS = 1.0, 0.1
"""Seconds from one time that the status is written to the next, without and with news."""

STATUS_SHARE = 50
"""How many times as long as writing the status takes the pause before the next time is at least."""

MOST_NAMED = 5
"""How many of the files that wait for too long are named in a notice and in the log."""

NOTICES_GRACE = 5.0
"""Seconds that notices have to be sent when the service stops."""


class Reporting:
    """Reports on folders, workers and outcomes.

    Parameters
    ----------
    config
        Where the status is written, and who gets notices.
    folders, pool
        The drop folders and workers of the service.
    clock
        Returns the time by the wall clock, with its zone.

    Attributes
    ----------
    status
        What is known of the queue and of outcomes.
    news
        Whether something happened since the status was written.
    """

    def __init__(self, config: Config, folders: Folders, pool: WorkerPool, clock: Callable[[], datetime]) -> None:
        self.status = Status(config.state, clock)
        self.news = False
        self._folders, self._pool, self._clock = folders, pool, clock
        self._notices = Notices(config.notify.urls)
        self._hindrances, self._told = Hindrances(folders, pool, self.status), 0
        self._written, self._cost = -inf, 0.0

    def notify(self, urls: Sequence[str]) -> None:
        """Send notices to other recipients from now on; those that wait are dropped."""
        self._notices.close(0)
        self._notices = Notices(urls)

    def note(self, event: Event) -> None:
        """Note what an event of a worker says of disks and shares."""
        self._hindrances.note(event)

    def done(self, event: Done) -> None:
        """Report the end of an attempt: in the status, and to people if the delivery needs them."""
        self.status.note(event)
        if event.state in ("rejected", "failed"):
            delivery, outcome = event.delivery, event.outcome
            title = f"{outcome.outcome}: {delivery.nwb or delivery.manifest} in {delivery.folder}"
            key = f"{delivery.delivery_id} {outcome.outcome} {outcome.sentence}"
            self._notices.tell(key, title, outcome.sentence, *(f"- {problem}" for problem in outcome.problems))

    def report(self, now: float) -> None:
        """Announce what waits or lasts for too long, and write the status, unless that was done just before."""
        # A status of many files takes long to write, so it is written less often.
        interval = STATUS_INTERVAL_WITH_NEWS if self.news else STATUS_INTERVAL
        if now - self._written < max(interval, STATUS_SHARE * self._cost):
            return
        started = time.perf_counter()
        for folder, waits in groupby(self._folders.long_waits(now), itemgetter(0)):
            self._remind(folder, [waiting for _, waiting in waits], now)
        self._announce(now)
        self._write(now)
        self._written, self.news, self._cost = now, False, time.perf_counter() - started

    def close(self, now: float) -> None:
        """Send the remaining notices, and write the status of a stopped service."""
        self._notices.close(NOTICES_GRACE)
        self._write(now, stopped=True)

    def _remind(self, folder: str, waits: Sequence[Waiting], now: float) -> None:
        """Announce the files of a folder that wait for too long in one notice: there may be very many."""
        first, more = waits[0], f" and {len(waits) - 1} more" if len(waits) > 1 else ""
        said = [f"{waiting.path}: {waiting.sentence(now)}" for waiting in waits[:MOST_NAMED]]
        log.warning("waits_long", folder=folder, count=len(waits), sentence="\n".join(said))
        self._notices.tell(f"{folder} {first.path} {first.since}", f"waiting: {first.path}{more} in {folder}", *said)

    def _announce(self, now: float) -> None:
        """Notify people of each hindrance once, and once more when it is over."""
        begun = [("hindered", each) for each in self._hindrances.begun(now)]
        for word, each in [*begun, *(("over", each) for each in self._hindrances.ended())]:
            log.warning("hindrance", title=f"{word}: {each.title}", sentence=each.sentence)
            # The same may happen again, and is told again: a number makes the key another one.
            self._told += 1
            self._notices.tell(f"hindrance {self._told}", f"{word}: {each.title}", each.sentence)

    def _write(self, now: float, *, stopped: bool = False) -> None:
        """Write the status; log once why it cannot be written."""
        self.status.refused = self._pool.refused
        more = {"workers": self._pool.status(now), "notices": self._notices.status()}
        unwritten = self.status.write(stopped=stopped, **self._folders.status(now, self._clock()), **more)
        if unwritten is not None and unwritten != self._hindrances.unwritten:
            log.warning("status_unwritten", sentence=unwritten)
        self._hindrances.unwritten = unwritten
