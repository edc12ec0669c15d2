"""Attempts: record the outcome of one, and decide what happens to its delivery next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from antelop.database import Database
from antelop.database.row import Row
from antelop.outcome import Outcome
from antelop.queue.jobs import delivery_lock, remove, schedule, schedule_again
from antelop.queue.ledger import facts, transition, utc
from antelop.queue.pauses import pause
from antelop.queue.states import ANSWERED, OUTCOMES, State
from antelop.wording import printable

TRIES = 3
"""Number of failures after which a delivery is parked."""

LONGEST_ATTEMPT = 1e9
"""Longest duration of an attempt that is recorded, in seconds: that of a dead worker may be unknown and infinite."""

LONGEST_SENTENCE, LONGEST_TRACEBACK = 2000, 8000
"""Largest numbers of characters of a sentence and of a traceback in the ledger."""


@dataclass(frozen=True)
class Attempt:
    """One attempt of a worker to ingest a delivery.

    Attributes
    ----------
    outcome
        Its outcome.
    seconds
        Its duration.
    inputs_hash
        For a rejection, the hash of its inputs besides the file; otherwise empty.
    traceback
        For a defect, the traceback; otherwise None.
    """

    outcome: Outcome
    seconds: float
    inputs_hash: str = ""
    traceback: str | None = None


def finish_attempt(
    database: Database, delivery_id: str, attempt: Attempt, *, receipt_due: datetime | None = None
) -> str | None:
    """Record an attempt, and take its delivery out of the queue or put it back.

    An outage does not count as a try. A failure does, and the last one parks the delivery.

    Parameters
    ----------
    database
        The database with the queue.
    delivery_id
        The delivery; the caller holds its lock, unless the connection was lost.
    attempt
        The attempt to record.
    receipt_due
        If the receipt could not be written, the time since when. The delivery then keeps a job that retries only the receipt,
        for at most a day, and never changes the outcome.

    Returns
    -------
    str or None
        The new state of the delivery. None if its outcome was recorded before, or if the connection was lost and another worker
        holds its lock now.
    """
    key = {"delivery_id": delivery_id}
    with delivery_lock(database, delivery_id) as held:
        if not held:
            return None
        with database.transaction():
            # The row is locked before anything is read: on MariaDB a retry that comes in between would end in a deadlock.
            database.hold(database.Delivery & key, to_change=True)
            delivery = facts(database, key, "readied", "state", "finished", "receipt_due")
            if delivery is None:  # a person has deleted it
                remove(database, key)
                return None
            entry = _entry(attempt, delivery)
            attempts = (database.Attempt & key).proj("outcome", "attempted").to_dicts(order_by="attempt_id")
            outcomes = [each["outcome"] for each in attempts if each["attempted"] >= delivery["readied"]]
            # If the outcome is recorded already, this attempt was only for the receipt, and changes nothing else.
            if delivery["state"] in ANSWERED and delivery["state"] in outcomes:
                _keep_for_receipt(database, delivery, attempt)
                return None
            _record(database, entry, attempts)
            if is_retried([*outcomes, entry["outcome"]]) and delivery["state"] != State.SUPERSEDED:
                since = next((each["attempted"] for each in attempts if each["attempted"] >= delivery["readied"]), None)
                lasted = entry["attempted"] - since if since else timedelta()
                schedule(database, key, pause(delivery_id, lasted))
                return str(delivery["state"])
            return _decide_state(database, delivery, entry, receipt_due)


def is_retried(outcomes: Sequence[str]) -> bool:
    """Tell whether a delivery is retried after attempts with these outcomes since it was enqueued, the latest last."""
    return outcomes[-1] == "unavailable" or (outcomes[-1] == "failed" and outcomes.count("failed") < TRIES)


def _entry(attempt: Attempt, delivery: Row) -> Row:
    """Return the row of the ledger for an attempt, without its number, with texts that the database can store."""
    outcome, traceback = attempt.outcome, attempt.traceback
    return {
        "delivery_id": delivery["delivery_id"],
        "outcome": outcome.outcome,
        "sentence": printable(outcome.sentence)[:LONGEST_SENTENCE],
        "problems": [{name: printable(text) for name, text in problem.as_dict().items()} for problem in outcome.problems],
        "decided_by": attempt.inputs_hash,
        "traceback": traceback and "\n".join(map(printable, traceback.splitlines()))[-LONGEST_TRACEBACK:],
        # The clock may have been set back. A time before the delivery was enqueued would make the attempt not count.
        "attempted": max(utc(outcome.finished), delivery["readied"]),
        "seconds": min(attempt.seconds, LONGEST_ATTEMPT),
    }


def _record(database: Database, entry: Row, attempts: Sequence[Mapping[str, Any]]) -> None:
    """Record an attempt; of an outage, which may last for weeks, only the first and the last attempt are kept."""
    number = attempts[-1]["attempt_id"] + 1 if attempts else 1
    if [attempt["outcome"] for attempt in attempts[-2:]] == ["unavailable"] * 2 and entry["outcome"] == "unavailable":
        database.Attempt.update1({**entry, "attempt_id": number - 1})
    else:
        database.Attempt.insert1({**entry, "attempt_id": number})


def _decide_state(database: Database, delivery: Row, entry: Row, receipt_due: datetime | None) -> str:
    """Remove the job of a delivery and set the state that its last outcome leads to; return the new state."""
    key, state = {"delivery_id": delivery["delivery_id"]}, str(delivery["state"])
    remove(database, key)
    event = OUTCOMES.get(entry["outcome"])
    # An ingested delivery is in its state since COMMIT; every other one changes here.
    if event and state == State.READY and transition(database, key, event, finished=entry["attempted"]):
        state = entry["outcome"]
    # The delivery gets a job again only for its receipt.
    if receipt_due and state == entry["outcome"]:
        database.Delivery.update1({**key, "receipt_due": utc(receipt_due)})
        schedule_again(database, key, timedelta())
    return state


def _keep_for_receipt(database: Database, delivery: Row, attempt: Attempt) -> None:
    """Schedule the next attempt to write a receipt, unless the job was removed, or a day has passed since it was due."""
    key = {"delivery_id": delivery["delivery_id"]}
    if database.jobs & key:
        since = delivery["receipt_due"] or delivery["finished"] or delivery["readied"]
        schedule_again(database, key, abs(utc(attempt.outcome.finished) - since))
