"""The service: takes deliveries from the drop folders to their outcomes. One pass is `Service.tick`; `main.run` calls it."""

import select
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

import structlog

from antelop.config import Config
from antelop.dropfolder import Watcher, Withdrawn
from antelop.errors import Unavailable
from antelop.service.access import Access
from antelop.service.backlog import Backlog
from antelop.service.folders import Folders
from antelop.service.handling import EventHandler
from antelop.service.pool import WorkerPool
from antelop.service.queue_feed import QueueFeed
from antelop.service.reporting import Reporting
from antelop.service.worker_process import WorkerProcess

log = structlog.get_logger()

RECONSIDER_EVERY = 30.0
"""Seconds from one time that rejected deliveries are compared with their inputs to the next."""

STOP_GRACE = 60.0
"""Seconds that running ingests have to finish when the service stops."""

KILL_GRACE = 10.0
"""Seconds that a killed worker has to end; one that hangs in a system call does not end."""


class Service:
    """Watches the drop folders, and keeps the queue, the workers and the status up to date.

    Parameters
    ----------
    config
        The configuration.
    environment
        Environment variables, with the credentials of the database.
    now
        Monotonic seconds.
    clock
        Returns the time by the wall clock, with its zone.
    """

    def __init__(self, config: Config, environment: Mapping[str, str], now: float, clock: Callable[[], datetime]) -> None:
        self.folders = Folders(config.folders)
        self.pool = WorkerPool(config, environment)
        self._reporting = Reporting(config, self.folders, self.pool, clock)
        self.status = self._reporting.status
        self._access = Access(config, environment, self.status, clock)
        self._backlog = Backlog(now)
        self._handler = EventHandler(self.folders, self.pool, self._backlog, self._reporting, clock)
        self._feed = QueueFeed(self._access, self.folders, self.pool, self._backlog, self._handler)
        self._config = config
        self._next_reconsideration = now + RECONSIDER_EVERY

    @property
    def behind(self) -> bool:
        """Whether there is more to do at once."""
        return bool(self._backlog) and self.status.database is None

    def sources(self) -> list[Watcher | WorkerProcess]:
        """Return what `select` can wait for until there is something to do."""
        return [*self.folders.sources(), *self.pool.sources()]

    def tick(self, now: float) -> None:
        """Do one pass at a time in monotonic seconds. It waits for the database for some seconds, and for nothing else."""
        # A folder whose watcher starts during an outage announces all of its deliveries again.
        connected = self._access.connect(now)
        self.folders.watch(self._access.answered if connected else lambda _: (), now)
        self._drain_inbox(now)
        if connected:
            self._feed.update(now)
        # Workers are killed and told about folders even during an outage, but none is started for a database that is away.
        self.pool.enforce(now)
        self.pool.take_from(self.folders.present)
        if self.status.database is None:
            self.pool.fill(now, self.folders.absent)
        if now >= self._next_reconsideration:
            self._next_reconsideration = now + RECONSIDER_EVERY
            self.pool.reconsider()
        self._reporting.report(now)

    def reload(self, config: Config, now: float) -> None:
        """Use another configuration, except for database, state and store, and try absent folders again.

        Parameters
        ----------
        config
            The new configuration.
        now
            Monotonic seconds.
        """
        before = self._config
        self._config = replace(config, database=before.database, state=before.state, store=before.store)
        if self._config != config:
            log.warning("restart_needed", sentence="the database, the state or the store is another one")
        if config.notify != before.notify:
            self._reporting.notify(config.notify.urls)
        # A folder that is unchanged and present keeps its watcher, and need not be scanned again.
        folders = {folder.name: folder for folder in config.folders}
        for folder in before.folders:
            if folders.get(folder.name) != folder or folder.name in self.folders.absent:
                self.folders.let_go(folder.name)
                self._backlog.forget(folder.name)
        self.folders.configured = folders
        self.pool.reconfigure(self._config)
        log.info("reloaded", folders=len(folders))
        self.tick(now)

    def stop(self, kill: Callable[[], bool]) -> None:
        """Claim nothing more, let running ingests finish, and stop.

        Parameters
        ----------
        kill
            Tells whether to roll back running ingests now. They are rolled back after `STOP_GRACE` in any case.
        """
        self._handler.stopping = True
        self.pool.release()
        deadline = time.monotonic() + STOP_GRACE
        while self.pool.workers and time.monotonic() < deadline + KILL_GRACE:
            if kill() or time.monotonic() > deadline:
                self.pool.kill()
            select.select(self.pool.sources(), [], [], 0.1)
            self._drain_inbox(time.monotonic())
            self.pool.enforce(time.monotonic())
        self.folders.close()
        # Record the last withdrawals and deaths, so that the next service need not find them out.
        with suppress(Unavailable):
            self._feed.enter(time.monotonic())
        self._access.close(self.pool.deaths)
        self._reporting.close(time.monotonic())

    def _drain_inbox(self, now: float) -> None:
        """Handle the changes in the folders and the events of the workers."""
        for update in self.folders.listen(now):
            self._reporting.news = True
            self._backlog.add(update)
            if isinstance(update, Withdrawn):
                log.info("withdrawn", delivery_id=update.delivery_id, nwb=update.nwb_path)
        for event in self.pool.listen(now):
            self._reporting.news = True
            self._handler.handle(event)
