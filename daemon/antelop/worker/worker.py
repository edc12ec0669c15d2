"""A worker: claims a delivery, ingests it, and completes the attempt, one delivery after the other."""

import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace

from structlog.contextvars import bound_contextvars

from antelop.database.row import Row
from antelop.errors import Misconfigured, Rejected, Unavailable
from antelop.ingest.intake import FilesMissing, read_again
from antelop.ingest.preparation import Unsettled
from antelop.ingest.session import ingest
from antelop.ingest.source_files import SourceFiles
from antelop.lab import Lab
from antelop.outcome import Outcome
from antelop.queue import deliveries, jobs
from antelop.queue.attempts import Attempt
from antelop.queue.ledger import Superseded, committed_outcome, recorded_outcome
from antelop.worker.completion import Completion
from antelop.worker.events import (
    Claimed,
    Completed,
    DeliveryName,
    Event,
    Missing,
    Skipped,
    Trusted,
    Untrusted,
    VideosUnsettled,
)
from antelop.worker.inputs import blocking_sessions, inputs, inputs_hash
from antelop.worker.odd_rows import OddRows
from antelop.worker.orphans import Orphans
from antelop.worker.reconsider import Reconsideration, policy_of


class Worker:
    """Works on deliveries, one after the other.

    Parameters
    ----------
    lab
        The lab that the deliveries are for.
    say
        Receives the events of the worker.

    Attributes
    ----------
    folders
        The drop folders from which deliveries are taken, by name.
    orphans
        The deliveries of dead workers.
    """

    def __init__(self, lab: Lab, say: Callable[[Event], None]) -> None:
        self.folders = {folder.name: folder for folder in lab.config.folders}
        self._lab = lab
        self._say = say
        self._odd_rows = OddRows(say)
        self._completion = Completion(lab, say)
        self._reconsideration = Reconsideration(lab, self._odd_rows, say)
        self.orphans = Orphans(lab, self._completion, self._odd_rows, say)
        self._distrust: str | None = ""  # neither trusted nor untrusted: the first check is always reported

    def work(self) -> bool:
        """Work on the delivery that has been due for longest; return whether there was one.

        Raises
        ------
        Unavailable
            If the database cannot be reached, and the outcome cannot be recorded: the job then has a dead worker.
        """
        if self._distrusts():
            return False
        with self._odd_rows.surviving("a job in the queue"), jobs.claimed(self._lab.database, self.folders) as row:
            if row is None:
                return False
            self._say(Claimed(DeliveryName.of(row)))
            with bound_contextvars(delivery_id=row["delivery_id"]):
                event = self._work_on(row)
            self._say(event)
        return True

    def finish_orphans(self, deaths: Mapping[str, Outcome]) -> None:
        """Finish the attempts of dead workers; see `Orphans.finish`."""
        self.orphans.finish(self.folders, deaths)

    def reconsider(self, after: str) -> str | None:
        """Compare the next rejected deliveries; see `Reconsideration.compare`. None if no script may be run."""
        return None if self._distrusts() else self._reconsideration.compare(self.folders, after)

    def _work_on(self, row: Row) -> Completed:
        """Ingest one delivery, write its receipt, and record the attempt; return the event to report."""
        started, hindrance = time.monotonic(), None
        database, delivery = self._lab.database, DeliveryName.of(row)
        try:
            # The outcome is recorded, and only the receipt is due.
            if row["receipt_due"] is not None and (recorded := recorded_outcome(database, row)):
                return self._completion.answer_late(row, recorded)
            folder, mapped = self.folders[row["folder"]].path, self._lab.config.videos.map
            with SourceFiles(folder, row["nwb_path"], mapped=mapped) as files:
                attempt = self._ingest(row, files)
                outcome, hindrance = self._completion.archive_and_answer(row, attempt.outcome, files)
                attempt = replace(attempt, outcome=outcome)
        except Superseded:
            return Skipped(delivery, jobs.acknowledge(database, delivery.delivery_id))
        except Unsettled as unsettled:
            deliveries.hold_for_videos(database, delivery.delivery_id)
            return VideosUnsettled(delivery, unsettled.paths)
        except FilesMissing:
            return Missing(delivery, deliveries.retry_missing(database, delivery.delivery_id, self._lab.clock()))
        except Exception as error:  # noqa: BLE001  # one delivery must not end the worker, whatever it causes
            attempt = self._failed(error)
        return self._completion.finish(row, replace(attempt, seconds=time.monotonic() - started), hindrance)

    def _ingest(self, row: Row, files: SourceFiles) -> Attempt:
        """Ingest a delivery; return its outcome and, if it is rejected, the hash of its inputs."""
        # A worker that died after COMMIT could not report the outcome.
        if committed := committed_outcome(self._lab.database, row["delivery_id"]):
            return Attempt(committed, 0.0)
        # The delivery was committed, and a person has removed its session since.
        if row["state"] == "ingested":
            raise Superseded
        policy = policy_of(row, self.folders[row["folder"]])
        # The inputs are read before the check, so that a change during the check is noticed later.
        delivery, found = read_again(row, files), inputs(self._lab, row["manifest"], policy)
        try:
            return Attempt(ingest(self._lab, delivery, files, policy), 0.0)
        except Misconfigured:
            raise
        except Rejected as rejected:
            outcome = Outcome.of("rejected", rejected.sentence, self._lab.clock(), rejected.problems)
            return Attempt(outcome, 0.0, inputs_hash(found, blocking_sessions(rejected.problems)))

    def _failed(self, error: Exception) -> Attempt:
        """Return the attempt that an exception has ended."""
        now = self._lab.clock()
        match error:
            # Misconfigured too, such as a missing database right: it is not the delivery's fault.
            case Unavailable() | Misconfigured():
                return Attempt(Outcome.of("unavailable", str(error), now), 0.0)
            case MemoryError():
                sentence = "it takes more memory than a worker may have ([workers] memory)"
                return Attempt(Outcome.of("failed", sentence, now), 0.0)
        sentence = f"a defect of this software: {type(error).__name__}: {error}"
        return Attempt(Outcome.of("failed", sentence, now), 0.0, traceback="".join(traceback.format_exception(error)))

    def _distrusts(self) -> bool:
        """Tell whether an untrusted user could have written the scripts that would run; report when that changes."""
        problems = self._lab.analysis.folder_problems()
        distrust = str(problems[0]) if problems else None
        if distrust != self._distrust:
            self._distrust = distrust
            self._say(Untrusted(distrust) if distrust else Trusted())
        return distrust is not None
