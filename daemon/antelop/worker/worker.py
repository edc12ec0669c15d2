"""A worker: claims a delivery, ingests it, answers it beside its manifest, and goes on."""

import os
import platform
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any, Literal

from structlog.contextvars import bound_contextvars

from antelop.config import FolderConfig
from antelop.database.row import Row, problems_in
from antelop.database.table import restricted
from antelop.errors import Misconfigured, Problem, Rejected, Unavailable
from antelop.ingest.intake import FilesMissing, is_unchanged, read_again
from antelop.ingest.preparation import Unsettled
from antelop.ingest.session import ingest
from antelop.ingest.source_files import Source, SourceFiles, sources
from antelop.lab import Lab
from antelop.lab.resolve import Policy
from antelop.outcome import Kind, Outcome
from antelop.queue import deliveries, jobs
from antelop.queue.attempts import Attempt, finish_attempt
from antelop.queue.ledger import Superseded, committed_outcome, recorded_outcome
from antelop.worker.archive import archive, archived
from antelop.worker.receipts import INGESTED, answer
from antelop.worker.reconsider import basis, decided_by, holding, in_the_way, outdated

Event = Mapping[str, Any]
"""What a worker says: an ``event``, and mostly of a delivery, by ``delivery_id``, ``folder``, ``manifest`` and ``nwb``."""

RECOVERY = 60.0
"""Seconds after an outage in which a job without a worker counts as interrupted by it, and not as having killed its worker."""

LONGEST_SENTENCE, MOST_ODD = 1000, 1000
"""Characters that are said of a row that is not as this software writes it, and how many such sentences are said, each once."""

AT_A_TIME = 50
"""How many rejected deliveries are looked at at a time."""


class Worker:
    """Works on deliveries, one after the other.

    Parameters
    ----------
    lab
        Where they go.
    say
        Is told what happens.

    Attributes
    ----------
    folders
        From which deliveries are taken, by name.
    lost
        When the database was last away, in monotonic seconds.
    """

    def __init__(self, lab: Lab, say: Callable[[Event], None]) -> None:
        self.folders = {folder.name: folder for folder in lab.config.folders}
        self.lost = -inf
        self._lab = lab
        self._say = say
        self._distrust: str | None = ""
        self._odd: set[tuple[str, ...]] = set()

    def work(self) -> bool:
        """Work on the delivery that has been due for longest; return whether there was one.

        Raises
        ------
        Unavailable
            If the database is away, and the outcome cannot be recorded: the job then counts as one of a dead worker.
        """
        if self._distrusts():
            return False
        with self._surviving("a job in the queue"), jobs.claimed(self._lab.database, self.folders) as row:
            if row is None:
                return False
            self._say({"event": "claimed", **_named(row)})
            with bound_contextvars(delivery_id=row["delivery_id"]):
                came = self._work_on(row)
            self._say({**_named(row), **came})
        return True

    def release(self, deaths: Mapping[str, Outcome]) -> None:
        """Finish the attempts of dead workers.

        The attempt counts as a failure, unless only the connection was lost, or the worker's machine or the database has
        restarted since the claim: a power cut is not caused by the delivery.

        Parameters
        ----------
        deaths
            What is known of how workers have ended, by the delivery that they worked on.
        """
        with self._surviving("the queue"):
            jobs.clamp_schedules(self._lab.database)
            for job in jobs.orphans(self._lab.database, self.folders):
                with self._surviving("its job", delivery_id=job["delivery_id"]):
                    self._release(job, deaths)

    def _release(self, job: Row, deaths: Mapping[str, Outcome]) -> None:
        """Finish the attempt of one dead worker."""
        fate = _fate(job["host"], job["pid"], job["age"])
        if fate == "ending":
            return  # the process that started it is about to say how it ended
        away = time.monotonic() - self.lost < RECOVERY or job["age"] > self._lab.database.uptime
        spared = fate in ("alive", "rebooted") or away
        kind: Kind = "unavailable" if spared else "failed"
        unknown = Outcome.of(kind, "its worker lost the database, or has ended", self._lab.clock())
        row = (self._lab.database.Delivery & {"delivery_id": job["delivery_id"]}).fetch1()
        self._say({**_named(row), **self._settle(row, deaths.get(job["delivery_id"], unknown), job["age"])})

    def look_again(self, after: str) -> str | None:
        """Put rejected and failed deliveries back into the queue if what decided them has changed; look at some at a time.

        Parameters
        ----------
        after
            Where the last look ended; empty to begin.

        Returns
        -------
        str or None
            Where this one ended; None if it has come to the end, or nothing may be run that would decide anything.
        """
        if self._distrusts():
            return None
        database = self._lab.database
        closed = database.Delivery & [
            {"state": state, "folder": folder} for state in ("rejected", "failed") for folder in self.folders
        ]
        # Keys first: a row that cannot be read keeps no other from being looked at.
        keys = restricted(closed, "delivery_id > %s", after).keys(order_by="delivery_id", limit=AT_A_TIME)
        for key in keys:
            with self._surviving("it", **key):
                self._reconsider(key)
        if len(keys) == AT_A_TIME:
            return str(keys[-1]["delivery_id"])
        with self._surviving("MaskFunction"):
            self._say({"event": "looked", "outdated": outdated(self._lab)})
        return None

    def _reconsider(self, key: Row) -> None:
        """Put one rejected or failed delivery back into the queue if what decided it has changed, or nothing says what did."""
        database = self._lab.database
        row, attempts = (database.Delivery & key).fetch1(), database.Attempt & key
        last = next(iter(attempts.to_dicts(order_by="attempt_id DESC", limit=1)), None)
        if last is None:  # a person has deleted its attempts: the next one says again what is wrong
            sentence = f"nothing says why it is {row['state']}: its attempts were deleted; it is tried again"
            self._say({"event": "odd_row", **_named(row), "sentence": sentence})
            deliveries.retry(database, row["delivery_id"], self._lab.clock())
            return
        based_on = basis(self._lab, row["manifest"], _policy(row, self.folders[row["folder"]]))
        now = decided_by(based_on, holding(database, in_the_way(problems_in(last["problems"]))))
        if not last["decided_by"]:  # it failed, and whoever noticed could not tell
            database.Attempt.update1({name: last[name] for name in attempts.primary_key} | {"decided_by": now})
        elif now != last["decided_by"]:
            deliveries.retry(database, row["delivery_id"], self._lab.clock())

    @contextmanager
    def _surviving(self, what: str, **named: str) -> Iterator[None]:
        """Survive what a row causes that is not as this software writes it, or is gone; say so once, with the traceback."""
        try:
            yield
        except (Unavailable, Misconfigured):
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, the other rows are worked on
            sentence = f"{what} cannot be worked on: {type(error).__name__}: {error}"[:LONGEST_SENTENCE]
            said = (*named.values(), sentence)
            if said not in self._odd and len(self._odd) < MOST_ODD:
                self._odd.add(said)
                self._say({"event": "defect", **named, "sentence": sentence, "traceback": traceback.format_exc()})

    def _work_on(self, row: Row) -> Event:
        """Ingest one delivery, write its receipt, and record the attempt; return the event to report."""
        started, decided, trace, hindrance = time.monotonic(), "", None, None
        database, delivery_id = self._lab.database, row["delivery_id"]
        try:
            if row["receipt_due"] is not None and (settled := recorded_outcome(database, row)):
                return self._answer_late(row, settled)
            with SourceFiles(self.folders[row["folder"]].path, row["nwb_path"]) as files:
                outcome, decided = self._ingest(row, files)
                outcome, hindrance = self._archive_and_answer(row, outcome, files)
        except Superseded:
            return {"event": "done", "state": jobs.acknowledge(database, delivery_id)}
        except Unsettled as unsettled:
            deliveries.hold_for_videos(database, delivery_id)
            return {"event": "unsettled", "paths": unsettled.paths}
        except FilesMissing:
            return {"event": "gone", "sought": deliveries.retry_missing(database, delivery_id, self._lab.clock())}
        except (Unavailable, Misconfigured) as error:  # such as a right that this user lacks: no delivery is wrong for that
            outcome = Outcome.of("unavailable", str(error), self._lab.clock())
        except MemoryError:
            outcome = Outcome.of("failed", "it takes more memory than a worker may have ([workers] memory)", self._lab.clock())
        except Exception as error:  # noqa: BLE001  # a defect of ours costs the delivery a try, and not the worker its life
            sentence = f"a defect of this software: {type(error).__name__}: {error}"
            outcome = Outcome.of("failed", sentence, self._lab.clock())
            trace = traceback.format_exc()
        return self._settle(row, outcome, time.monotonic() - started, decided, trace, hindrance)

    def _ingest(self, row: Row, files: SourceFiles) -> tuple[Outcome, str]:
        """Ingest a delivery; return its outcome and, if it is rejected, the hash of its inputs."""
        if committed := committed_outcome(self._lab.database, row["delivery_id"]):  # by a worker that did not live to say so
            return committed, ""
        if row["state"] == "ingested":  # and its session was removed since
            raise Superseded
        folder = self.folders[row["folder"]]
        policy = _policy(row, folder)
        delivery, based_on = read_again(row, files), basis(self._lab, row["manifest"], policy)
        try:
            return ingest(self._lab, delivery, files, policy), ""
        except Misconfigured:
            raise
        except Rejected as rejected:
            outcome = Outcome.of("rejected", rejected.sentence, self._lab.clock(), rejected.problems)
            return outcome, decided_by(based_on, in_the_way(rejected.problems))

    def _archive_and_answer(self, row: Row, outcome: Outcome, files: SourceFiles) -> tuple[Outcome, str | None]:
        """Archive what was committed, if its folder says so, then write the receipt; return what it says, and what hinders it.

        The receipt comes last, because a program that waits for it may then write the next recording under the same name.
        Where the archive fails, the receipt is written without it, and again when it is done.
        """
        try:
            outcome = self._archive(row, outcome, files)
        except Exception:
            self._answer(row, outcome)
            raise
        return outcome, self._answer(row, outcome)

    def _archive(self, row: Row, outcome: Outcome, files: SourceFiles) -> Outcome:
        """Archive the files that were ingested; return the outcome that says so, or warns that others lie in their place."""
        folder = self.folders[row["folder"]]
        if folder.archive is None or outcome.outcome not in INGESTED:
            return outcome
        found = archive(folder.path, folder.archive, sources(row, files))
        if found is None:
            what = "it was ingested, and was replaced before it could be archived; what lies there now is left alone"
            warning = Problem("archive_replaced", row["nwb_path"], what, "Deliver each recording under a name of its own")
            return replace(outcome, warnings=(*outcome.warnings, warning))
        return replace(outcome, archived={"path": str(found.path), "sha256": found.sha256})

    def _seek(self, row: Row, outcome: Outcome) -> Outcome:
        """Look where a recording was archived; return the outcome that says so."""
        folder = self.folders[row["folder"]]
        if folder.archive is None or outcome.outcome not in INGESTED:
            return outcome
        if found := archived(folder.archive, Source(row["nwb_path"], row["nwb_size"], row["nwb_mtime"], None)):
            return replace(outcome, archived={"path": str(found.path), "sha256": found.sha256})
        if is_unchanged(row, folder.path):
            return outcome  # its folder says so since then
        raise Unavailable(f"{folder.archive / row['nwb_path']} is not there, or another file than the one archived")

    def _answer(self, row: Row, outcome: Outcome) -> str | None:
        """Write the receipt; return what hinders it."""
        return answer(self._lab.database, self.folders[row["folder"]], row, outcome)

    def _answer_late(self, row: Row, outcome: Outcome) -> Event:
        """Write the receipt that could not be written when the delivery was settled; `Unavailable` if it still cannot be."""
        if hindrance := self._answer(row, self._seek(row, outcome)):
            raise Unavailable(hindrance)
        jobs.acknowledge(self._lab.database, row["delivery_id"])
        return {"event": "answered"}

    def _settle(  # noqa: PLR0913, PLR0917  # what is known of an attempt
        self,
        row: Row,
        outcome: Outcome,
        seconds: float,
        decided: str = "",
        trace: str | None = None,
        hindrance: str | None = None,
    ) -> Event:
        """Record an attempt, write the receipt if the delivery is parked, and return the event to report.

        What hinders its receipt is no matter but that it is written later.
        """
        database, delivery_id = self._lab.database, row["delivery_id"]
        receipt_due = self._lab.clock() if hindrance or outcome.outcome == "failed" else None
        state = finish_attempt(database, delivery_id, Attempt(outcome, seconds, decided, trace), receipt_due=receipt_due)
        if state is None:
            if trace:
                self._say({"event": "defect", **_named(row), "traceback": trace})
            is_due = database.jobs & {"delivery_id": delivery_id}
            return {"event": "postponed" if is_due else "unanswered", "sentence": outcome.sentence}
        if state == outcome.outcome == "failed":
            try:
                hindrance = self._answer(row, outcome)
                if not hindrance:
                    jobs.acknowledge(database, delivery_id)
            except Unavailable as error:
                hindrance = str(error)
        if hindrance and state == outcome.outcome:
            self._say({"event": "unanswered", **_named(row), "sentence": hindrance})
        facts = {"outcome": outcome.as_dict(), "seconds": round(seconds, 3), "traceback": trace}
        return {"event": "done", "state": state, **facts}

    def _distrusts(self) -> bool:
        """Tell whether an untrusted user could have written the scripts that would run; report when that changes."""
        problems = self._lab.analysis.hindrances()
        distrust = str(problems[0]) if problems else None
        if distrust != self._distrust:
            self._distrust = distrust
            self._say({"event": "untrusted", "sentence": distrust} if distrust else {"event": "trusted"})
        return distrust is not None


def _named(row: Row) -> dict[str, str]:
    """Return what a delivery is called."""
    return {name: row[name] for name in ("delivery_id", "folder")} | {"manifest": row["manifest_path"], "nwb": row["nwb_path"]}


def _policy(row: Row, folder: FolderConfig) -> Policy:
    """Return what a delivery into this folder may do."""
    settled = tuple((path, size, mtime) for path, size, mtime in row["videos"] or ())
    return Policy(folder.experimenters, folder.create_sessions, settled)


def _fate(host: str, process: int, age: float) -> Literal["alive", "ending", "rebooted", "unknown"]:
    """Tell what became of a process that reserved a job `age` seconds ago: one that has begun since is only its namesake."""
    if host == platform.node():
        uptime = time.clock_gettime(time.CLOCK_BOOTTIME)
        if age > uptime:
            return "rebooted"
        with suppress(OSError):
            state, *facts = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()  # proc_pid_stat(5)
            began = int(facts[18]) / os.sysconf("SC_CLK_TCK")
            if uptime - began > age:
                return "ending" if state == "Z" else "alive"
    return "unknown"
