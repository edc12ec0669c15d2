"""The states of a delivery, of its job and of its receipt, and every way from one to the next.

These tables are what the queue enforces: `ledger.transition` takes a delivery from one state to another only along them. The
same tables are drawn in ``ARCHITECTURE.md``, and a test compares the two.
"""

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """What a delivery is, in the ledger. One that the ledger does not know is `NEW`."""

    NEW = "new"
    READY = "ready"
    WAITING = "waiting"
    INGESTED = "ingested"
    ALREADY_INGESTED = "already-ingested"
    REJECTED = "rejected"
    FAILED = "failed"
    SUPERSEDED = "superseded"


class Event(StrEnum):
    """What happens to a delivery."""

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
"""States of a delivery that has its outcome, and needs no worker."""

UNCOMMITTED = (State.READY, State.WAITING, State.REJECTED, State.FAILED)
"""States of a delivery of which nothing is in the database but the ledger's entries."""

TRANSITIONS: Mapping[Event, tuple[tuple[State, ...], State]] = {
    Event.ENQUEUE: ((State.NEW, State.WAITING, State.SUPERSEDED), State.READY),
    Event.RETRY_LATER: ((State.READY,), State.READY),
    Event.HOLD_FOR_VIDEOS: ((State.READY,), State.WAITING),
    # A script's delivery is entered when it is committed, and again if it is run again.
    Event.COMMIT: ((State.NEW, State.READY, State.INGESTED, State.ALREADY_INGESTED), State.INGESTED),
    Event.RECOGNIZE: ((State.NEW, State.READY, State.INGESTED, State.ALREADY_INGESTED), State.ALREADY_INGESTED),
    Event.REJECT: ((State.READY,), State.REJECTED),
    Event.FAIL: ((State.READY,), State.FAILED),
    Event.SUPERSEDE: (UNCOMMITTED, State.SUPERSEDED),
    Event.RETRY: (ANSWERED, State.READY),
}
"""By event: the states in which it can happen, and the one after it. What is committed is never superseded."""

OUTCOMES: Mapping[str, Event] = {
    State.INGESTED: Event.COMMIT,
    State.ALREADY_INGESTED: Event.RECOGNIZE,
    State.REJECTED: Event.REJECT,
    State.FAILED: Event.FAIL,
}
"""What an attempt's outcome does to its delivery, if the attempt is the last one."""


class Job(StrEnum):
    """What the jobs table says of a delivery; `NONE` if it has no job."""

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
"""By event: the job before, and the job after. A job whose worker is dead is retried later, or finished, by another worker."""


class Receipt(StrEnum):
    """What there is to say of a delivery's receipt."""

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
"""By event: the receipt before, and after. `due` is a column of the ledger; a job keeps trying to write it."""
