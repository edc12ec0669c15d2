"""The service: from what lies in the drop folders to outcomes; one pass is `Service.tick`, and `run` waits and calls it."""

import os
import platform
import select
import signal
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from math import inf
from typing import Any

import structlog

from antelop import queue
from antelop.config import Config
from antelop.crew import Crew, Member
from antelop.delivery import Delivery
from antelop.errors import Misconfigured, Problem, Unavailable
from antelop.inbox import Folder, Health, Released, Update, Watcher, Withdrawn
from antelop.lab import Lab
from antelop.notice import Notices
from antelop.outcome import Kind
from antelop.status import Status
from antelop.supervisor import Supervisor
from antelop.waiting import Waiting
from antelop.worker import said

log = structlog.get_logger()

TICK = 1.0
"""Seconds after which the service looks around, even if nothing has happened."""

CARE = 10.0
"""Seconds from one look for orphans in the queue to the next; and from one try to reach a database that is away to the next."""

AT_A_TIME = 100
"""How many deliveries are put into the queue in one pass."""

GRACE = 60.0
"""Seconds that a running ingest is given to finish when the service stops."""

RECOVERY = 60.0
"""Seconds after an outage in which a job without a worker counts as interrupted by it, and not as having killed its worker."""


class Service:
    """Watches the drop folders, keeps the queue and the workers, and tells people how it goes.

    Parameters
    ----------
    config
        What is to be done.
    environment
        Environment variables, with the credentials of the database.
    now
        Monotonic seconds.
    """

    def __init__(self, config: Config, environment: Mapping[str, str], now: float) -> None:
        self.config = config
        self.status = Status(config.state, datetime.now(UTC))
        self.crew = Crew(config)
        self.notices = Notices(config.notify.urls)
        self._environment = environment
        self._lab: Lab | None = None
        self.watchers: dict[str, Watcher] = {}
        self._arrivals: dict[str, Delivery] = {}
        self._departures: set[str] = set()
        self._interrupted: dict[str, str] = {}
        self._announced: set[str] = set()
        self._next_care = self._next_try = now
        self._lost = now - RECOVERY

    def tick(self, now: float) -> None:
        """Do what there is to do, waiting for nothing but the database.

        Parameters
        ----------
        now
            Monotonic seconds.
        """
        self._watch(now)
        for name, watcher in self.watchers.items():
            for update in watcher.poll(now):
                self._heed(name, update)
        for message in self.crew.listen(now):
            self._hear(message)
        self.crew.enforce(now)
        try:
            self._keep(now)
        except Unavailable as unavailable:
            self._lose(str(unavailable), now)
        if self.status.database is None:
            self.crew.fill(now)
        self._remind(now)

    def sources(self) -> list[Any]:
        """Return what can be read from when there is something to do."""
        sources: list[Watcher | Member] = [*self.watchers.values(), *self.crew.members]
        return [source for source in sources if source.fileno() >= 0]

    def reload(self, config: Config, now: float) -> None:
        """Go on with another configuration: folders, limits, checks, analysis and notifications; a database needs a restart."""
        if (config.database, config.state, config.store) != (self.config.database, self.config.state, self.config.store):
            log.warning("restart_needed", keys="database, state, store")
        if config.notify.urls != self.config.notify.urls:
            self.notices.close(0)
            self.notices = Notices(config.notify.urls)
        folders = {folder.name: folder for folder in config.folders}
        for folder in self.config.folders:
            if folders.get(folder.name) != folder:
                self.watchers.pop(folder.name).stop()
                self.status.forget(folder.name)
        self.config = config
        self.crew.renew(config)
        self._watch(now)
        log.info("reloaded", folders=len(config.folders))

    def stop(self, kill: Callable[[], bool]) -> None:
        """Claim nothing more, let what runs finish, and leave; roll it back if that takes too long, or when `kill` says so."""
        self.crew.release()
        deadline = time.monotonic() + GRACE
        while self.crew.members:
            if kill() or time.monotonic() > deadline:
                self.crew.kill()
            select.select(self.sources(), [], [], 0.1)
            now = time.monotonic()
            for message in self.crew.listen(now):
                self._hear(message)
            self.crew.enforce(now)
        for watcher in self.watchers.values():
            watcher.stop()
        self.notices.close(5)
        if self._lab:
            with suppress(Unavailable):
                self._keep(time.monotonic())
            self._lab.close()

    def _watch(self, now: float) -> None:
        """Watch every folder, also if the process that watched it has died."""
        for folder in self.config.folders:
            watcher = self.watchers.get(folder.name)
            if watcher is not None and watcher.alive:
                continue
            if watcher is not None:
                log.error("watcher_died", folder=folder.name)
                watcher.stop()
            settings = Folder(
                folder.name, folder.path, folder.watch, folder.settle, folder.recursive, folder.sentinel, folder.scan
            )
            self.watchers[folder.name] = Watcher(settings, self._finished(folder.name), now)

    def _finished(self, folder: str) -> list[str]:
        """Return the deliveries of a folder that need no more attention; none if the database cannot be asked now."""
        try:
            database = self._connected().database
            closed = database.Delivery & {"folder": folder} & "state NOT IN ('ready', 'waiting')"
            return [str(delivery_id) for delivery_id in closed.to_arrays("delivery_id")]
        except Unavailable:
            return []  # then they are told again, and found to be known

    def _connected(self) -> Lab:
        if self._lab is None:
            self._lab = Lab(self.config, self._environment)
        return self._lab

    def _heed(self, folder: str, update: Update) -> None:
        """Take in what has changed in a folder."""
        match update:
            case Delivery():
                self._arrivals[update.delivery_id] = update
                self._departures.discard(update.delivery_id)
                log.info("delivered", folder=folder, delivery_id=update.delivery_id, nwb=update.nwb_path)
            case Withdrawn():
                self._arrivals.pop(update.delivery_id, None)
                self._departures.add(update.delivery_id)
                log.info("withdrawn", folder=folder, delivery_id=update.delivery_id, nwb=update.nwb_path)
            case Waiting():
                self.status.waiting[folder, update.path] = update
            case Released():
                self.status.waiting.pop((folder, update.path), None)
            case Health():
                before = self.status.health.get(folder)
                if before is None or before.paused != update.paused:
                    log.info("folder", folder=folder, paused=update.paused, watching=update.watching, because=update.because)
                self.status.health[folder] = update

    def _hear(self, message: Mapping[str, Any]) -> None:
        """Take in what a worker has said."""
        facts = {name: value for name, value in message.items() if name not in ("event", "problems", "warnings")}
        match message["event"]:
            case "claimed":
                log.info("claimed", **facts)
            case "unsettled":
                log.info("videos_unsettled", **facts)
                if watcher := self.watchers.get(message["folder"]):
                    watcher.require(message["delivery_id"], message["paths"])
            case "done":
                log.info(message["state"], **facts)
                self.status.note(message)
                if message["state"] != "ready" and (watcher := self.watchers.get(message["folder"])):
                    watcher.finish([message["delivery_id"]])
                if message["state"] in ("rejected", "failed"):
                    self._tell(message)
            case "away":
                log.warning("worker_without_database", sentence=message["sentence"])
            case "died":
                log.error("worker_died", **facts)
                if message["job"]:
                    self._interrupted[message["job"]["delivery_id"]] = message["sentence"]

    def _tell(self, message: Mapping[str, Any]) -> None:
        """Tell people of a delivery that needs them."""
        remedies = "\n".join(f"- {Problem(**problem)}" for problem in message["problems"])
        title = f"{message['state']}: {message['nwb']} in {message['folder']}"
        key = f"{message['delivery_id']} {message['state']} {message['sentence']}"
        self.notices.tell(key, title, f"{message['sentence']}\n{remedies}")

    def _keep(self, now: float) -> None:
        """Bring the queue up to date."""
        if now < self._next_try:
            return
        lab = self._connected()
        if self.status.database is not None:
            lab.reconnect()
            self.status.database = None
            log.info("database_back")
        database, wall = lab.database, datetime.now(UTC)
        for delivery_id in list(self._departures):
            queue.withdraw(database, {"delivery_id": delivery_id})
            self._departures.discard(delivery_id)
        for delivery in list(self._arrivals.values())[:AT_A_TIME]:
            state = queue.enqueue(database, delivery, wall)
            del self._arrivals[delivery.delivery_id]
            if state == "ready":
                self.crew.nudge()
            elif watcher := self.watchers.get(delivery.folder):
                watcher.finish([delivery.delivery_id])
        for delivery_id, sentence in list(self._interrupted.items()):
            queue.settle(database, delivery_id, said("failed", f"its worker died: {sentence}"), 0.0)
            del self._interrupted[delivery_id]
        if now >= self._next_care:
            self._next_care = now + CARE
            kind: Kind = "unavailable" if now - self._lost < RECOVERY else "failed"
            for delivery_id in queue.orphans(database, _is_alive):
                queue.settle(database, delivery_id, said(kind, "its worker is gone"), 0.0)
                log.warning("orphan_released", delivery_id=delivery_id)
            self.status.queue = queue.jobs(database).progress()

    def _lose(self, sentence: str, now: float) -> None:
        """Note that the database is away, and when to try again."""
        if self.status.database is None:
            log.warning("database_away", sentence=sentence)
        self.status.database = sentence
        self._lost = now
        self._next_try = now + CARE

    def _remind(self, now: float) -> None:
        """Announce, once each, what has waited for longer than its folder allows."""
        limits = {folder.name: folder.announce for folder in self.config.folders}
        for (folder, path), waiting in self.status.waiting.items():
            key = f"{folder} {path} {waiting.since}"
            if now - waiting.since > limits.get(folder, inf) and key not in self._announced:
                self._announced.add(key)
                sentence = waiting.sentence(now)
                log.warning("waits_long", folder=folder, path=path, reason=sentence)
                self.notices.tell(key, f"waiting: {path} in {folder}", sentence)


def _is_alive(host: str, process: int) -> bool:
    """Tell whether a process is known to be alive; of another host's nothing is known."""
    if host != platform.node():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def run(load: Callable[[], Config], environment: Mapping[str, str]) -> None:
    """Run the service until it is told to stop.

    SIGTERM and SIGINT: stop when what runs has finished; a second one: roll it back and stop now. SIGHUP: read the
    configuration again, and go on with the old one if it is wrong.

    Parameters
    ----------
    load
        Reads the configuration.
    environment
        Environment variables.
    """
    heard: list[int] = []
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.settimeout(0)
    with ours, theirs:
        signal.set_wakeup_fd(theirs.fileno())
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda number, _: heard.append(number))
        supervisor = Supervisor(environment, os.getpid())
        service = Service(load(), environment, time.monotonic())
        service.tick(time.monotonic())
        supervisor.ready(service.status.sentence())
        log.info("ready", folders=len(service.config.folders))
        while not {signal.SIGTERM, signal.SIGINT} & set(heard):
            with suppress(BlockingIOError):
                ours.recv(4096)
            now = time.monotonic()
            if signal.SIGHUP in heard:
                heard.clear()
                supervisor.reloading(now)
                try:
                    service.reload(load(), now)
                except Misconfigured as misconfigured:
                    log.error("configuration_wrong", problems=str(misconfigured))  # noqa: TRY400  # it is no defect
                supervisor.ready(service.status.sentence())
            service.tick(now)
            service.status.write(service, now)
            supervisor.alive(service.status.sentence())
            select.select([ours, *service.sources()], [], [], TICK)
        log.info("stopping")
        supervisor.stopping("stopping: waiting for what runs")
        told = len(heard)
        service.stop(lambda: len(heard) > told)
        service.status.write(service, time.monotonic(), stopped=True)
        log.info("stopped")
