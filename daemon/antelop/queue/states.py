"""The states of a delivery, of its job and of its receipt, and every transition between them.

The queue enforces these tables: `ledger.transition` changes the state of a delivery only as they allow. ``ARCHITECTURE.md``
draws the same tables, and a test compares the two.
"""

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """The state of a delivery in the ledger. A delivery that is not in the ledger is `NEW`."""

    NEW = "new"
    READY = "ready"
    WAITING = "waiting"
    INGESTED = "ingested"
    ALREADY_INGESTED = "already-ingested"
    REJECTED = "rejected"
    FAILED = "failed"
    SUPERSEDED = "superseded"


class Event(StrEnum):
    """An event of a delivery."""

    ENQUEUE = "enqueue"
    RETRY_LATER = "retry later: unavailable, a defect, or files missing"
    HOLD_FOR_VIDEOS = "its videos have not settled"
    COMMIT = "commit"
    RECOGNIZE = "commit of a recording that the session has"
    REJECT = "problems"
    FAIL = "the last attempt is a defect"
    SUPERSEDE = "files changed or gone"
    RETRY = "inputs changed, or `antelop retry`"


ANSWERED = (State.INGESTED, State.ALREADY_INGESTED, State.REJECTED, State.FAILED)
"""States of a delivery that has its outcome, and needs no more work."""

UNCOMMITTED = (State.READY, State.WAITING, State.REJECTED, State.FAILED)
"""States of a delivery that has entries in the ledger, but no session."""

TRANSITIONS: Mapping[Event, tuple[tuple[State, ...], State]] = {
    Event.ENQUEUE: ((State.NEW, State.WAITING, State.SUPERSEDED), State.READY),
    Event.RETRY_LATER: ((State.READY,), State.READY),
    Event.HOLD_FOR_VIDEOS: ((State.READY,), State.WAITING),
    # A delivery by hand is entered when it is committed, and again if the script runs again.
    Event.COMMIT: ((State.NEW, State.READY, State.INGESTED, State.ALREADY_INGESTED), State.INGESTED),
    Event.RECOGNIZE: ((State.NEW, State.READY, State.INGESTED, State.ALREADY_INGESTED), State.ALREADY_INGESTED),
    Event.REJECT: ((State.READY,), State.REJECTED),
    Event.FAIL: ((State.READY,), State.FAILED),
    Event.SUPERSEDE: (UNCOMMITTED, State.SUPERSEDED),
    Event.RETRY: (ANSWERED, State.READY),
}
"""By event: the states that allow it, and the state after it. A committed delivery is never superseded."""

OUTCOMES: Mapping[str, Event] = {
    State.INGESTED: Event.COMMIT,
    State.ALREADY_INGESTED: Event.RECOGNIZE,
    State.REJECTED: Event.REJECT,
    State.FAILED: Event.FAIL,
}
"""By outcome of the last attempt: the event of its delivery."""


class Job(StrEnum):
    """The status of a delivery's job in the jobs table; `NONE` if it has no job."""

    NONE = "none"
    PENDING = "pending"
    RESERVED = "reserved"


JOB_TRANSITIONS: Mapping[str, tuple[tuple[Job, ...], Job]] = {
    "enqueue or retry": ((Job.NONE, Job.PENDING, Job.RESERVED), Job.PENDING),
    "claim": ((Job.PENDING,), Job.RESERVED),
    "retry later, or the receipt is due": ((Job.RESERVED,), Job.PENDING),
    "finish, hold for videos, or superseded": ((Job.RESERVED, Job.PENDING), Job.NONE),
    "the clock was set back": ((Job.PENDING,), Job.PENDING),
}
"""By event: the job before, and the job after. Another worker retries or finishes the job of a dead worker."""


class Receipt(StrEnum):
    """The state of a delivery's receipt."""

    NONE = "none"
    DUE = "due"
    WRITTEN = "written"
    GIVEN_UP = "given up"


RECEIPT_TRANSITIONS: Mapping[str, tuple[tuple[Receipt, ...], Receipt]] = {
    "write": ((Receipt.NONE, Receipt.DUE, Receipt.WRITTEN), Receipt.WRITTEN),
    "it cannot be written": ((Receipt.NONE, Receipt.DUE, Receipt.WRITTEN), Receipt.DUE),
    "a day has passed": ((Receipt.DUE,), Receipt.GIVEN_UP),
    "retry": ((Receipt.WRITTEN, Receipt.DUE, Receipt.GIVEN_UP), Receipt.NONE),
}
"""By event: the state of the receipt before, and after. `due` is a column of the ledger; a job retries to write the receipt."""
