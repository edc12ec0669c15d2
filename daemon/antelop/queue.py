"""The durable queue of deliveries: DataJoint's jobs table of `Ingestion`, which any number of workers share.

While a worker works on a delivery it holds a lock of the database that is named by it. The lock goes with the connection, so a
reserved job whose lock is free is an orphan, on whichever host its worker was, and is released at once.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from antelop.delivery import Delivery
from antelop.ledger import row_of, utc
from antelop.outcome import Outcome
from antelop.rows import Row
from antelop.tables.connection import Database

TRIES = 3
"""How many times a delivery may make a worker fail before it is parked."""

FIRST_PAUSE, LONGEST_PAUSE = 5.0, 600.0
"""Seconds until a delivery is tried again after a failure or an outage: the first time, and at most."""

OPEN = ("ready", "waiting", "rejected", "failed")
"""States in which a delivery has not committed."""


def enqueue(database: Database, delivery: Delivery, now: datetime) -> str:
    """Put a delivery into the queue, in the place of earlier ones of the same file or manifest; return the state it is in.

    One that was seen before keeps its state, but for one that has waited for its videos.
    """
    key = {"delivery_id": delivery.delivery_id}
    known = (database.Delivery & key).to_dicts()
    if known and known[0]["state"] not in ("waiting", "superseded"):
        return str(known[0]["state"])
    row = {**row_of(delivery), "videos": [list(video) for video in delivery.videos], "state": "ready", "readied": utc(now)}
    others = database.Delivery & {"folder": delivery.folder} & f"delivery_id != '{delivery.delivery_id}'"
    with database.transaction():
        for path in ("manifest_path", "nwb_path"):
            if row[path]:
                supersede(database, others & {path: row[path]})
        if known:
            database.Delivery.update1(row)
        else:
            database.Delivery.insert1({**row, "received": utc(now)})
        put(database, key)
    return "ready"


def supersede(database: Database, deliveries: Any) -> None:  # noqa: ANN401  # a DataJoint expression
    """Take deliveries that have not committed out of the queue for good."""
    for key in (deliveries & [{"state": state} for state in OPEN]).proj().to_dicts():
        database.Delivery.update1({**key, "state": "superseded"})
        (jobs(database) & key & {"status": "pending"}).delete_quick()


def put(database: Database, key: Mapping[str, Any], pause: float = 0) -> None:
    """Make a job of a delivery, due after a pause in seconds."""
    (jobs(database) & key).delete_quick()
    due = f"SELECT CURRENT_TIMESTAMP(3) + {database.connection.adapter.interval_expr(pause, 'second')}"
    scheduled = database.connection.query(due).fetchone()[0]
    jobs(database).insert1({**key, "status": "pending", "priority": 5, "scheduled_time": scheduled})


def jobs(database: Database) -> Any:  # noqa: ANN401  # DataJoint's jobs table
    """Return the queue's table."""
    return database.Ingestion().jobs


@contextmanager
def claimed(database: Database, folders: Iterable[str]) -> Iterator[Row | None]:
    """Claim the delivery from these folders that has been due for longest, until the end of the block; None if none is due."""
    table = jobs(database)
    ours = database.Delivery & [{"folder": folder} for folder in folders]
    due = (table.pending & "scheduled_time <= CURRENT_TIMESTAMP(3)").restrict(ours.proj(), semantic_check=False)
    for key in due.keys(order_by=("priority", "scheduled_time"), limit=10):
        with _held(database, key["delivery_id"]) as held:
            if held and table.reserve(key):
                yield (database.Delivery & key).fetch1()
                return
    yield None


def orphans(database: Database, alive: Callable[[str, int], bool]) -> list[str]:
    """Return the deliveries whose workers are gone.

    Parameters
    ----------
    database
        Whose queue it is.
    alive
        Whether a process on a host, by name and number, is known to be alive: it has only lost its connection then, and will
        say itself what came of its delivery.
    """
    found = []
    for job in jobs(database).reserved.proj("host", "pid").to_dicts():
        with _held(database, job["delivery_id"]) as held:
            if held and not alive(job["host"], job["pid"]):
                found.append(job["delivery_id"])
    return found


def settle(  # noqa: PLR0913, PLR0917  # what is known of an attempt
    database: Database, delivery_id: str, outcome: Outcome, seconds: float, decided_by: str = "", traceback: str | None = None
) -> str:
    """Enter what came of an attempt, and take the delivery out of the queue or put it back; return the state it is in then.

    An outage spends nobody's tries; a failure does, and the last one parks the delivery.
    """
    key = {"delivery_id": delivery_id}
    with database.transaction():
        readied, state = (database.Delivery & key).fetch1("readied", "state")
        attempts = (database.Attempt & key).to_dicts(order_by="attempt_id")
        database.Attempt.insert1(
            {
                **key,
                "attempt_id": attempts[-1]["attempt_id"] + 1 if attempts else 1,
                "outcome": outcome.outcome,
                "sentence": outcome.sentence[:2000],
                "problems": [problem.as_dict() for problem in outcome.problems],
                "decided_by": decided_by,
                "traceback": traceback and traceback[-8000:],
                "attempted": utc(outcome.finished),
                "seconds": seconds,
            }
        )
        again = [attempt["outcome"] for attempt in attempts if attempt["attempted"] >= readied]
        failures = again.count("failed") + (outcome.outcome == "failed")
        if outcome.outcome == "unavailable" or (outcome.outcome == "failed" and failures < TRIES):
            put(database, key, min(FIRST_PAUSE * 2 ** len(again), LONGEST_PAUSE))
            return "ready"
        (jobs(database) & key).delete_quick()
        committed = state in ("ingested", "already-ingested")
        if outcome.outcome in ("rejected", "failed") and not committed:
            database.Delivery.update1({**key, "state": outcome.outcome, "finished": utc(outcome.finished)})
        return outcome.outcome


def wait(database: Database, key: Mapping[str, Any]) -> None:
    """Take a delivery out of the queue until its videos have settled."""
    with database.transaction():
        database.Delivery.update1({**key, "state": "waiting"})
        (jobs(database) & key).delete_quick()


def withdraw(database: Database, key: Mapping[str, Any]) -> None:
    """Take a delivery that is no longer there out of the queue, whatever became of it; what has committed stays so."""
    with database.transaction():
        supersede(database, database.Delivery & key)
        (jobs(database) & key).delete_quick()


def retry(database: Database, delivery_id: str, now: datetime) -> None:
    """Put a delivery into the queue again, as if it had just come."""
    key = {"delivery_id": delivery_id}
    with database.transaction():
        database.Delivery.update1({**key, "state": "ready", "readied": utc(now)})
        put(database, key)


@contextmanager
def _held(database: Database, delivery_id: str) -> Iterator[bool]:
    """Hold the lock of a delivery if nobody else does."""
    with database.lock(f"delivery {delivery_id}") as held:
        yield held
