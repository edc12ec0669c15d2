"""The end of an attempt: the files go to the archive, the receipt is written, and the queue records the outcome."""

from collections.abc import Callable
from dataclasses import replace

from antelop.database.row import Row
from antelop.errors import Problem, Unavailable
from antelop.ingest.intake import is_unchanged
from antelop.ingest.source_files import Source, SourceFiles, sources
from antelop.lab import Lab
from antelop.outcome import Outcome
from antelop.queue import jobs
from antelop.queue.attempts import Attempt, finish_attempt
from antelop.worker.archive import archive, archived
from antelop.worker.events import Answered, Completed, Defect, DeliveryName, Done, Event, Postponed, Unanswered
from antelop.worker.receipts import INGESTED, answer


class Completion:
    """Completes attempts.

    Parameters
    ----------
    lab
        The lab that the deliveries are for.
    say
        Receives the events of the worker.
    """

    def __init__(self, lab: Lab, say: Callable[[Event], None]) -> None:
        self._lab = lab
        self._say = say
        self._folders = {folder.name: folder for folder in lab.config.folders}

    def archive_and_answer(self, row: Row, outcome: Outcome, files: SourceFiles) -> tuple[Outcome, str | None]:
        """Archive the files of a committed delivery if its folder says so, then write the receipt.

        Returns
        -------
        tuple
            The outcome that the receipt holds, and the reason why the receipt could not be written, or None.

        Raises
        ------
        Unavailable
            If the archive cannot be used. The receipt is then written without it, and again when the files are archived.
        """
        # The receipt comes last: a program that waits for it may then write the next recording under the same name.
        try:
            outcome = self._archive(row, outcome, files)
        except Exception:
            self._answer(row, outcome)
            raise
        return outcome, self._answer(row, outcome)

    def answer_late(self, row: Row, outcome: Outcome) -> Answered:
        """Write the receipt that could not be written when the outcome was recorded, and remove the job.

        Raises
        ------
        Unavailable
            If it still cannot be written.
        """
        if hindrance := self._answer(row, self._with_archived(row, outcome)):
            raise Unavailable(hindrance)
        jobs.acknowledge(self._lab.database, row["delivery_id"])
        return Answered(DeliveryName.of(row))

    def finish(self, row: Row, attempt: Attempt, hindrance: str | None = None) -> Completed:
        """Record an attempt, write the receipt if the delivery is parked, and return the event to report.

        Parameters
        ----------
        row
            The delivery.
        attempt
            What is recorded.
        hindrance
            Why the receipt could not be written, or None. It never changes the outcome; the receipt is retried.
        """
        database, delivery, outcome = self._lab.database, DeliveryName.of(row), attempt.outcome
        # A failure may park the delivery. Its receipt is marked as due with the outcome, and is written only after that.
        receipt_due = self._lab.clock() if hindrance or outcome.outcome == "failed" else None
        state = finish_attempt(database, delivery.delivery_id, attempt, receipt_due=receipt_due)
        # The outcome was recorded before, so this attempt was only about the receipt.
        if state is None:
            if attempt.traceback:
                self._say(Defect("", attempt.traceback, delivery.delivery_id))
            is_due = database.jobs & {"delivery_id": delivery.delivery_id}
            return Postponed(delivery, outcome.sentence) if is_due else Unanswered(delivery, outcome.sentence)
        # The delivery is parked: a person needs the receipt, and no further attempt will write it.
        if state == outcome.outcome == "failed":
            hindrance = self._answer_parked(row, outcome)
        if hindrance and state == outcome.outcome:
            self._say(Unanswered(delivery, hindrance))
        return Done(delivery, state, outcome, round(attempt.seconds, 3), attempt.traceback)

    def _answer_parked(self, row: Row, outcome: Outcome) -> str | None:
        """Write the receipt of a parked delivery; return why it could not be written, or None."""
        try:
            hindrance = self._answer(row, outcome)
            if not hindrance:
                jobs.acknowledge(self._lab.database, row["delivery_id"])
        except Unavailable as error:
            return str(error)
        return hindrance

    def _archive(self, row: Row, outcome: Outcome, files: SourceFiles) -> Outcome:
        """Archive the files that were ingested; return the outcome with the place, or a warning if they were replaced."""
        folder = self._folders[row["folder"]]
        if folder.archive is None or outcome.outcome not in INGESTED:
            return outcome
        found = archive(folder.path, folder.archive, sources(row, files))
        if found is None:
            what = "it was ingested, and was replaced before it could be archived; what lies there now is left alone"
            warning = Problem("archive_replaced", row["nwb_path"], what, "Deliver each recording under a name of its own")
            return replace(outcome, warnings=(*outcome.warnings, warning))
        return replace(outcome, archived={"path": str(found.path), "sha256": found.sha256})

    def _with_archived(self, row: Row, outcome: Outcome) -> Outcome:
        """Return the outcome of an earlier attempt with the place of the recording in the archive, if it is there."""
        folder = self._folders[row["folder"]]
        if folder.archive is None or outcome.outcome not in INGESTED:
            return outcome
        if found := archived(folder.archive, Source(row["nwb_path"], row["nwb_size"], row["nwb_mtime"], None)):
            return replace(outcome, archived={"path": str(found.path), "sha256": found.sha256})
        # The recording is still in the drop folder: the archive was configured after it was ingested.
        if is_unchanged(row, folder.path):
            return outcome
        raise Unavailable(f"{folder.archive / row['nwb_path']} is not there, or another file than the one archived")

    def _answer(self, row: Row, outcome: Outcome) -> str | None:
        """Write the receipt; return why it could not be written, or None."""
        return answer(self._lab.database, self._folders[row["folder"]], row, outcome)
