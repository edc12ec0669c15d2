"""The durable queue: DataJoint's jobs table of `Ingestion`, which any number of workers share.

While a worker works on a delivery it holds an advisory lock of the database that is named after the delivery. The server
releases the lock when the connection ends. So a reserved job whose lock is free has a dead worker, on this or another host, and
is released immediately.
To take a job out of the queue, or to put it back, a process holds the lock; without the lock a process may only add a job.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from math import inf
from typing import Any

from antelop.database import Database
from antelop.database.row import Row
from antelop.database.statement import composed
from antelop.queue.ledger import facts
from antelop.queue.pauses import GIVE_UP_AFTER, MOST_PAUSE, pause


@contextmanager
def delivery_lock(database: Database, delivery_id: str) -> Iterator[bool]:
    """Take the lock of a delivery until the block ends, if it is free; yield whether this process holds it."""
    with database.lock(f"delivery {delivery_id}") as held:
        yield held


@contextmanager
def claimed(database: Database, folders: Iterable[str]) -> Iterator[Row | None]:
    """Claim the delivery of these folders that has been due for longest until the block ends; yield None if none is due."""
    due = _jobs_of(database, folders) & {"status": "pending"} & "scheduled_time <= CURRENT_TIMESTAMP(3)"
    for key in due.keys(order_by=("priority", "scheduled_time"), limit=10):
        with delivery_lock(database, key["delivery_id"]) as held:
            if held and database.jobs.reserve(key):
                yield (database.Delivery & key).fetch1()
                return
    yield None


def schedule(database: Database, key: Mapping[str, Any], wait: float = 0) -> None:
    """Give a delivery a pending job that is due after `wait` seconds; it replaces the job that the delivery has."""
    (database.jobs & key).delete_quick()
    job = {**key, "status": "pending", "priority": 5}
    if wait:
        interval = database.connection.adapter.interval_expr(wait, "second")
        due = composed("SELECT CURRENT_TIMESTAMP(3) + {interval}", interval=interval)
        job["scheduled_time"] = database.connection.query(due).fetchone()[0]
    database.jobs.insert1(job)


def schedule_again(database: Database, key: Mapping[str, Any], lasted: timedelta) -> bool:
    """Schedule a retry after trouble that has lasted for a time; after `GIVE_UP_AFTER`, remove the job and return False."""
    (database.jobs & key).delete_quick()
    if lasted >= GIVE_UP_AFTER:
        return False
    schedule(database, key, pause(key["delivery_id"], lasted))
    return True


def remove(database: Database, key: Mapping[str, Any], status: str | None = None) -> None:
    """Remove the job of a delivery; with `status`, only if the job has this status."""
    (database.jobs & key & ({"status": status} if status else {})).delete_quick()


def acknowledge(database: Database, delivery_id: str) -> str:
    """Remove the job of a claimed delivery, unless it was enqueued again meanwhile; return the state of the delivery.

    Afterwards its receipt is no longer due.
    """
    key = {"delivery_id": delivery_id}
    with database.transaction():
        # The row is locked before it is read, so that no retry comes between the two.
        database.hold(database.Delivery & key, to_change=True)
        delivery = facts(database, key, "state")
        state = str(delivery["state"]) if delivery else "superseded"
        remove(database, key, "reserved" if state == "ready" else None)
        if delivery:
            database.Delivery.update1({**key, "receipt_due": None})
    return state


def clamp_schedules(database: Database) -> None:
    """Make jobs due now that are scheduled later than the longest pause, because the clock of the database was set back."""
    longest = database.connection.adapter.interval_expr(MOST_PAUSE, "second")
    later = composed("scheduled_time > CURRENT_TIMESTAMP(3) + {longest}", longest=longest)
    for key in (database.jobs & {"status": "pending"} & later).keys():  # noqa: SIM118  # of a table of DataJoint
        with delivery_lock(database, key["delivery_id"]) as held:
            if held:
                with database.transaction():
                    schedule(database, key)


def orphans(database: Database, folders: Iterable[str]) -> Iterator[Row]:
    """Yield the jobs of dead workers for deliveries of these folders, each while this process holds the delivery's lock.

    Each has ``age``, the seconds since it was reserved, and what DataJoint records of the process that reserved it.
    """
    noted = ("host", "pid", "connection_id", "reserved_time")
    for job in (_jobs_of(database, folders) & {"status": "reserved"}).proj(*noted).to_dicts():
        with delivery_lock(database, job["delivery_id"]) as held:
            # The job is read again under the lock, because its worker may have finished it meanwhile.
            if held and database.jobs & job & {"status": "reserved"}:
                now = database.connection.query("SELECT LOCALTIMESTAMP(3)").fetchone()[0]
                since = job["reserved_time"]
                yield {**job, "age": (now - since).total_seconds() if since else inf}


def counts(database: Database) -> dict[str, int]:
    """Return the number of jobs by status, and the total."""
    return dict(database.jobs.progress())


def _jobs_of(database: Database, folders: Iterable[str]) -> Any:  # noqa: ANN401  # a DataJoint expression
    """Return the jobs of deliveries of these folders."""
    deliveries = database.Delivery & [{"folder": folder} for folder in folders]
    return database.jobs.restrict(deliveries.proj(), semantic_check=False)
