"""The service: from what lies in the drop folders to outcomes. One pass is `Service.tick`; `antelop.run` waits and calls it."""

import select
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import groupby, islice
from math import inf
from operator import itemgetter
from typing import Any

import structlog

from antelop.backoff import Backoff
from antelop.config import Config
from antelop.database import Database
from antelop.dropfolder import Watcher
from antelop.dropfolder.delivery import Delivery
from antelop.dropfolder.waiting import Waiting
from antelop.errors import Misconfigured, Problem, Unavailable
from antelop.lab import Lab
from antelop.outcome import Kind, Outcome
from antelop.queue import deliveries
from antelop.queue.attempts import Attempt, finish_attempt
from antelop.queue.states import ANSWERED
from antelop.service.asking import Asking
from antelop.service.entering import Entered, enter
from antelop.service.folders import Folders
from antelop.service.notice import Notices
from antelop.service.pool import Crew, Member
from antelop.service.status import Status
from antelop.worker import event_log

log = structlog.get_logger()

CARE = 10.0
"""Seconds from one look at the queue to the next."""

FIRST_RETRY, LONGEST_RETRY = 1.0, 10.0
"""Seconds from one try to reach a database that is away to the next: the first time, and at most. Most outages are short."""

LOOK_AGAIN = 30.0
"""Seconds from one look at rejected deliveries to the next."""

REPORT, NEWS = 1.0, 0.1
"""Seconds from one time that the status is written to the next, without and with news; or 50 times as long as that takes."""

GRACE = 60.0
"""Seconds that a running ingest is given to finish when the service stops."""

LAST = 10.0
"""Seconds that a killed worker is given to end; in a system call that hangs it does not."""

NAMED = 5
"""How many of the files that wait for too long are named in a notice and in the log."""

AT_A_TIME = 200
"""How many deliveries are entered in one pass."""


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
    clock
        Returns the time by the wall clock, with its zone.
    """

    def __init__(self, config: Config, environment: Mapping[str, str], now: float, clock: Callable[[], datetime]) -> None:
        self.status = Status(config.state, clock)
        self.folders = Folders(config.folders)
        self.crew = Crew(config, environment)
        self._config = config
        self._environment = environment
        self._clock = clock
        self._notices = Notices(config.notify.urls)
        self._lab: Lab | None = None
        self._asking = Asking()
        self._arrivals: dict[str, Delivery] = {}
        self._departures: set[str] = set()
        self._awaited: set[str] = set()
        self._backoff = Backoff(FIRST_RETRY, LONGEST_RETRY)
        self._next_count = now
        self._next_look = now + LOOK_AGAIN
        self._reported, self._cost, self._news = -inf, 0.0, False
        self._unwritten: str | None = None
        self._stopping = False

    @property
    def behind(self) -> bool:
        """Whether there is more to do right away."""
        return bool(self._arrivals or self._departures) and self.status.database is None

    def sources(self) -> list[Watcher | Member]:
        """Return what can be read from when there is something to do."""
        return [*self.folders.sources(), *self.crew.sources()]

    def tick(self, now: float) -> None:
        """Do what there is to do; wait for the database for some seconds at most, and for nothing else.

        Parameters
        ----------
        now
            Monotonic seconds.
        """
        there = self._reach(now)
        self.folders.watch(self._finished if there else lambda _: (), now)
        self._listen(now)
        if there:
            try:
                self._enter(now)
            except (Unavailable, Misconfigured) as error:
                self._lose(error, now)
            else:
                self._regain()
        self.crew.enforce(now)
        self.crew.order(self.folders.present)
        if self.status.database is None:
            self.crew.fill(now, self.folders.absent)
        if now >= self._next_look:
            self._next_look = now + LOOK_AGAIN
            self.crew.look_again()
        self._report(now)

    def reload(self, config: Config, now: float) -> None:
        """Go on with another configuration, but for database, state and store; look anew into folders that are absent."""
        before = self._config
        self._config = replace(config, database=before.database, state=before.state, store=before.store)
        if self._config != config:
            log.warning("restart_needed", sentence="the database, the state or the store is another one")
        if config.notify != before.notify:
            self._notices.close(0)
            self._notices = Notices(config.notify.urls)
        folders = {folder.name: folder for folder in config.folders}
        for folder in before.folders:
            if folders.get(folder.name) != folder or folder.name in self.folders.absent:
                self.folders.let_go(folder.name)
                self._arrivals = {key: delivery for key, delivery in self._arrivals.items() if delivery.folder != folder.name}
        self.folders.configured = folders
        self.crew.renew(self._config)
        log.info("reloaded", folders=len(folders))
        self.tick(now)

    def stop(self, kill: Callable[[], bool]) -> None:
        """Claim nothing more, let what runs finish, and leave; roll it back if that takes too long, or when `kill` says so."""
        self._stopping = True
        self.crew.release()
        deadline = time.monotonic() + GRACE
        while self.crew.members and time.monotonic() < deadline + LAST:
            if kill() or time.monotonic() > deadline:
                self.crew.kill()
            select.select(self.crew.sources(), [], [], 0.1)
            self._listen(time.monotonic())
            self.crew.enforce(time.monotonic())
        self.folders.close()
        if self._lab is not None:
            with suppress(Unavailable):
                self._enter(time.monotonic())
                self._asking.ask(partial(_settle, self._lab.database, self.crew.deaths, self._clock), _ignore)
            with suppress(Unavailable):  # a server that hangs is left to the end of this process
                self._asking.ask(self._lab.close, _ignore, patience=GRACE)
        self._notices.close(5)
        self._write(time.monotonic(), stopped=True)

    def _reach(self, now: float) -> bool:
        """Return whether the database is there; while it is away, see from time to time whether it is back."""
        if self.status.database is not None:
            if self._backoff.left(now):
                return False
            try:
                self._asking.ask(partial(_reached, self._lab, self._config, self._environment, self._clock), self._take)
            except (Unavailable, Misconfigured) as error:
                if self._lab is None and isinstance(error, Misconfigured):
                    raise  # at the start; later, somebody is about to change a password, and nothing need stop for that
                self._lose(error, now)
                return False
        return True

    def _take(self, lab: Lab) -> None:
        """Work with a lab that was reached."""
        self._lab = lab

    def _finished(self, folder: str) -> Iterable[str]:
        """Return the deliveries of a folder that need no more attention; none if the database is away: they are told again."""
        if self._lab is None:
            return ()
        found: list[str] = []
        with suppress(Unavailable, Misconfigured):  # what is asked next says so
            self._asking.ask(partial(_answered, self._lab.database, folder), found.extend)
        return found

    def _lose(self, error: Unavailable | Misconfigured, now: float) -> None:
        """Note that the database is away, or refuses us, and when to try again."""
        self._backoff.fail(now)
        if self.status.database != str(error):
            log.warning("database_away", sentence=str(error))
        self.status.database = str(error)

    def _regain(self) -> None:
        """Note that the database is back: it has not only answered, but taken what there was to enter."""
        if self.status.database is not None:
            self.status.database = None
            self._backoff.succeed()
            self.crew.nudge()
            log.info("database_there")

    def _listen(self, now: float) -> None:
        """Take in what has changed in the folders, and what the workers have said."""
        for update in self.folders.listen(now):
            self._news = True
            if isinstance(update, Delivery):
                self._arrivals[update.delivery_id] = update
                self._departures.discard(update.delivery_id)
                self._awaited.discard(update.delivery_id)
            else:
                self._arrivals.pop(update.delivery_id, None)
                self._departures.add(update.delivery_id)
                log.info("withdrawn", delivery_id=update.delivery_id, nwb=update.nwb_path)
        for event in self.crew.listen(now):
            self._news = True
            self._hear(event)

    def _hear(self, event: Mapping[str, Any]) -> None:
        """Take in what a worker has said."""
        event_log.enter(event)
        match event["event"]:
            case "gone":
                self.folders.forget(event["folder"], [event["delivery_id"]])  # if it is there after all, it comes again
            case "unsettled":
                self.folders.require(event["folder"], event["delivery_id"], event["paths"])
                self._awaited.add(event["delivery_id"])
            case "done":
                self._conclude(event)
            case "answered":
                self.folders.finish(event["folder"], [event["delivery_id"]])
            case "trusted" | "untrusted":
                self.status.analysis = event.get("sentence")
            case "looked":
                self.status.outdated = event["outdated"]
            case "away":
                self._next_count = -inf  # if it is away for this process too, that will tell
            case "died" if event["job"]:
                spared = self._stopping or event["job"]["folder"] in self.folders.absent
                kind: Kind = "unavailable" if spared else "failed"
                death = Outcome.of(kind, f"its worker was lost: {event['sentence']}", self._clock())
                self.crew.report(event["job"]["delivery_id"], death)

    def _conclude(self, event: Mapping[str, Any]) -> None:
        """Take in what came of an attempt."""
        if event["state"] in ANSWERED:
            self.folders.finish(event["folder"], [event["delivery_id"]])
        if "outcome" in event:
            self.status.note(event)
        if event["state"] in ("rejected", "failed"):
            self._tell(event)

    def _tell(self, event: Mapping[str, Any]) -> None:
        """Tell people of a delivery that needs them."""
        outcome = event["outcome"]
        title = f"{outcome['outcome']}: {event['nwb'] or event['manifest']} in {event['folder']}"
        problems = (f"- {Problem(**problem)}" for problem in outcome["problems"])
        key = f"{event['delivery_id']} {outcome['outcome']} {outcome['sentence']}"
        self._notices.tell(key, title, outcome["sentence"], *problems)

    def _enter(self, now: float) -> None:
        """Bring the queue up to date."""
        if self._lab is None:
            return
        batch = dict(islice(self._arrivals.items(), AT_A_TIME))
        count = list(self.folders.configured) if now >= self._next_count else None
        asked = partial(enter, self._lab.database, tuple(self._departures), batch, count, self._clock)
        self._asking.ask(asked, partial(self._note, now))

    def _note(self, now: float, entered: Entered) -> None:
        """Take in what the database says; folders may have changed since it was asked."""
        self._departures.difference_update(entered.withdrawn)
        closed = defaultdict(list)
        for delivery_id, delivery in entered.arrived.items():
            if entered.states[delivery_id] in ANSWERED:
                closed[delivery.folder].append(delivery_id)
            if self._arrivals.get(delivery_id) is delivery:
                del self._arrivals[delivery_id]
        for event in entered.failed:
            self._hear(event)
        if not entered.states.keys() <= set().union(*closed.values()):
            self.crew.nudge()
        for folder, delivery_ids in closed.items():
            self.folders.finish(folder, delivery_ids)
        if entered.counts is not None:
            self._next_count = now + CARE
            self.status.queue = entered.counts
        if entered.aside is not None:
            self._recall(entered.aside)

    def _recall(self, aside: Mapping[str, str]) -> None:
        """Have those deliveries announced again whose worker put them aside for their videos, and died before it said so."""
        for delivery_id in aside.keys() - self._awaited:
            self.folders.forget(aside[delivery_id], [delivery_id])
        self._awaited = set(aside)

    def _report(self, now: float) -> None:
        """Announce what waits for too long, and write the status, but not all the time."""
        if now - self._reported < max(NEWS if self._news else REPORT, 50 * self._cost):
            return
        started = time.perf_counter()
        for folder, waits in groupby(self.folders.long_waits(now), itemgetter(0)):
            self._remind(folder, [waiting for _, waiting in waits], now)
        self._write(now)
        self._reported, self._news, self._cost = now, False, time.perf_counter() - started

    def _remind(self, folder: str, waits: Sequence[Waiting], now: float) -> None:
        """Announce what waits for too long in a folder, all at once: it may be what was left there in years."""
        first, more = waits[0], f" and {len(waits) - 1} more" if len(waits) > 1 else ""
        said = [f"{waiting.path}: {waiting.sentence(now)}" for waiting in waits[:NAMED]]
        log.warning("waits_long", folder=folder, count=len(waits), sentence="\n".join(said))
        self._notices.tell(f"{folder} {first.path} {first.since}", f"waiting: {first.path}{more} in {folder}", *said)

    def _write(self, now: float, *, stopped: bool = False) -> None:
        """Write the status."""
        more = {"workers": self.crew.status(now), "notices": self._notices.status()}
        self.status.refused = self.crew.refused
        unwritten = self.status.write(stopped=stopped, **self.folders.status(now, self._clock()), **more)
        if unwritten is not None and unwritten != self._unwritten:
            log.warning("status_unwritten", sentence=unwritten)
        self._unwritten = unwritten


def _reached(lab: Lab | None, config: Config, environment: Mapping[str, str], clock: Callable[[], datetime]) -> Lab:
    """Return a lab whose database is there: the one that there is, or a new one."""
    if lab is None:
        lab = Lab(config, environment, clock)
    else:
        lab.reconnect()
    lab.store.clear()
    return lab


def _answered(database: Database, folder: str) -> list[str]:
    return list(deliveries.answered(database, folder))


def _settle(database: Database, deaths: Mapping[str, Outcome], clock: Callable[[], datetime]) -> None:
    """Enter how the workers have ended that the service killed."""
    for delivery_id, death in deaths.items():
        finish_attempt(database, delivery_id, Attempt(death, 0.0), receipt_due=clock())


def _ignore(_: None) -> None:
    """Take an answer that says nothing."""
