"""The durable queue of deliveries: DataJoint's jobs table of `Ingestion`, which any number of workers share.

While a worker works on a delivery it holds a lock of the database that is named by it. The lock goes with the connection, so a
reserved job whose lock is free is an orphan, on whichever host its worker was, and is released at once. Whoever takes a job
out of the queue, or puts it back, holds the lock; whoever does not may only add one.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from math import inf
from typing import Any
from zlib import crc32

from datajoint.errors import DuplicateError

from antelop.database import Database
from antelop.database.row import Row
from antelop.database.statement import composed
from antelop.dropfolder.delivery import Delivery
from antelop.outcome import Outcome
from antelop.queue.ledger import ANSWERED, move, row_of, utc
from antelop.wording import printable

TRIES = 3
"""How many times a delivery may make a worker fail before it is parked."""

FIRST_PAUSE, LONGEST_PAUSE = 5.0, 600.0
"""Backoff: seconds until a delivery is retried after a failure or an outage, the first time and at most."""

SPREAD = 1.25
"""Jitter: at most this multiplies a pause, and for each delivery another number, so that not all are retried at once."""

PATIENCE = timedelta(days=1)
"""How long the files of a delivery are looked for that are gone, and how long it is tried to write its receipt."""

LONGEST_ATTEMPT = 1e9
"""Seconds that are noted of an attempt at most; a job may have lost the note when it was reserved."""

OPEN = ("ready", "waiting", "rejected", "failed")
"""States in which a delivery has not committed."""


def states(database: Database, delivery_ids: Iterable[str]) -> dict[str, str]:
    """Return the states of those of these deliveries that the ledger knows."""
    known = database.Delivery & [{"delivery_id": delivery_id} for delivery_id in delivery_ids]
    return {row["delivery_id"]: row["state"] for row in known.proj("state").to_dicts()}


def answered(database: Database, folder: str) -> Iterator[str]:
    """Yield the deliveries of a folder that were answered; there may be a hundred thousand."""
    query = composed(
        "SELECT delivery_id FROM {deliveries} WHERE folder = %s AND state IN %s", deliveries=database.Delivery.full_table_name
    )
    return (str(row[0]) for row in database.connection.query(query, (folder, ANSWERED)))


def enqueue(database: Database, delivery: Delivery, now: datetime) -> str:
    """Put a delivery into the queue, in the place of earlier ones of the same file or manifest; return the state it is in.

    One that was seen before keeps its state, unless it has waited for its videos, or was taken back and is there again.
    """
    key = {"delivery_id": delivery.delivery_id}
    known = states(database, key.values()).get(delivery.delivery_id)
    if known == "ready" and not database.jobs & key & "status IN ('pending', 'reserved')":
        put(database, key)  # somebody has deleted its job
    if known not in (None, "waiting", "superseded"):
        return known
    row = {**row_of(delivery), "videos": [list(video) for video in delivery.videos], "state": "ready"}
    try:
        with database.transaction():
            earlier = concerning(database, delivery.folder, delivery.manifest_path, delivery.nwb_path)
            supersede(database, earlier)
            row["readied"] = _readied(database, row, now) if earlier else utc(now)
            if known:
                database.Delivery.update1(row)
            else:
                database.Delivery.insert1({**row, "received": utc(now)})
            put(database, key)
    except DuplicateError:  # another service that watches the same folder was first
        pass
    return "ready"


def concerning(database: Database, folder: str, *paths: str) -> list[str]:
    """Return the deliveries that had one of these files as their manifest or their recording, the latest first."""
    statement = "SELECT delivery_id FROM {deliveries} AS d WHERE {concerned} ORDER BY readied DESC"
    query = composed(statement, deliveries=database.Delivery.full_table_name, concerned=_CONCERNED)
    return [str(row[0]) for row in database.connection.query(query, (folder, paths, paths)).fetchall()]


_CONCERNED = "d.folder = %s AND (d.manifest_path IN %s OR d.nwb_path IN %s AND d.nwb_path <> '')"
"""The condition for deliveries of a folder that had one of some files as their manifest or their recording."""


def supersede(database: Database, delivery_ids: Iterable[str]) -> None:
    """Take those of these deliveries that have not committed out of the queue for good.

    A worker that is at one of them finds out before it commits.
    """
    for delivery_id in delivery_ids:
        key = {"delivery_id": delivery_id}
        if move(database, key, "superseded", OPEN):
            (database.jobs & key & {"status": "pending"}).delete_quick()


def withdraw(database: Database, delivery_id: str) -> None:
    """Take a delivery whose files are no longer there out of the queue, unless it has committed."""
    with database.transaction():
        supersede(database, [delivery_id])


def retry(database: Database, delivery_id: str, now: datetime) -> bool:
    """Put a delivery that was answered into the queue again, as if it had just come; return whether it was answered."""
    key = {"delivery_id": delivery_id}
    with database.transaction():
        row = _facts(database, key, "folder", "manifest_path", "nwb_path")
        if moved := row is not None and move(database, key, "ready", ANSWERED, readied=_readied(database, row, now)):
            put(database, key)
    return moved


@contextmanager
def claimed(database: Database, folders: Iterable[str]) -> Iterator[Row | None]:
    """Claim the delivery from these folders that has been due for longest, until the end of the block; None if none is due."""
    due = _jobs_of(database, folders) & {"status": "pending"} & "scheduled_time <= CURRENT_TIMESTAMP(3)"
    for key in due.keys(order_by=("priority", "scheduled_time"), limit=10):
        with _held(database, key["delivery_id"]) as held:
            if held and database.jobs.reserve(key):
                yield (database.Delivery & key).fetch1()
                return
    yield None


def bring_forward(database: Database) -> None:
    """Let jobs be due that would have to wait for longer than any pause is: the database's clock was set back since."""
    longest = database.connection.adapter.interval_expr(LONGEST_PAUSE * SPREAD, "second")
    later = composed("scheduled_time > CURRENT_TIMESTAMP(3) + {longest}", longest=longest)
    put_off = database.jobs & {"status": "pending"} & later
    for key in put_off.keys():  # noqa: SIM118  # of a table of DataJoint
        with _held(database, key["delivery_id"]) as held:
            if held:
                with database.transaction():
                    put(database, key)


def orphans(database: Database, folders: Iterable[str]) -> Iterator[Row]:
    """Yield the jobs of dead workers, for deliveries from these folders, holding the lock of each meanwhile.

    Each has ``age``, the seconds since it was reserved, besides what DataJoint notes of who reserved it.
    """
    noted = ("host", "pid", "connection_id", "reserved_time")
    for job in (_jobs_of(database, folders) & {"status": "reserved"}).proj(*noted).to_dicts():
        with _held(database, job["delivery_id"]) as held:
            if held and database.jobs & job & {"status": "reserved"}:  # still, now that nobody else can change it
                now = database.connection.query("SELECT LOCALTIMESTAMP(3)").fetchone()[0]
                since = job["reserved_time"]
                yield {**job, "age": (now - since).total_seconds() if since else inf}


def settle(  # noqa: PLR0913, PLR0917  # what is known of an attempt
    database: Database,
    delivery_id: str,
    outcome: Outcome,
    seconds: float,
    decided_by: str = "",
    traceback: str | None = None,
    *,
    unanswered: datetime | None = None,
) -> str | None:
    """Enter what came of an attempt, and take the delivery out of the queue or put it back.

    An outage spends nobody's tries; a failure does, and the last one parks the delivery. One that is settled and `unanswered`,
    since when is said, keeps a job until its receipt is there, but not for ever; what comes of that changes nothing.

    Returns
    -------
    str or None
        The state that the delivery is in then; None if it was settled before, or its lock was lost with a connection, and
        somebody else is at it now.
    """
    key = {"delivery_id": delivery_id}
    entry: Row = {
        **key,
        "outcome": outcome.outcome,
        "sentence": printable(outcome.sentence)[:2000],
        "problems": [{name: printable(text) for name, text in problem.as_dict().items()} for problem in outcome.problems],
        "decided_by": decided_by,
        "traceback": traceback and "\n".join(map(printable, traceback.splitlines()))[-8000:],
        "attempted": utc(outcome.finished),
        "seconds": min(seconds, LONGEST_ATTEMPT),
    }
    with _held(database, delivery_id) as held:  # it is held already, unless the connection was lost
        if not held:
            return None
        with database.transaction():
            database.hold(database.Delivery & key, to_change=True)  # at once: MariaDB has a deadlock if another does in between
            row = _facts(database, key, "readied", "state", "finished")
            if row is None:
                (database.jobs & key).delete_quick()
                return None
            readied, state, finished = row["readied"], row["state"], row["finished"]
            entry["attempted"] = max(entry["attempted"], readied)  # and not before, should the clock have been set back
            attempts = (database.Attempt & key).proj("outcome", "attempted").to_dicts(order_by="attempt_id")
            again = [attempt for attempt in attempts if attempt["attempted"] >= readied]
            if state in ANSWERED and state in [attempt["outcome"] for attempt in again]:
                if database.jobs & key:
                    _let_wait(database, key, abs(utc(outcome.finished) - (finished or readied)))
                return None
            _enter(database, entry, attempts)
            failures = [attempt["outcome"] for attempt in (*again, entry)].count("failed")
            worthwhile = outcome.outcome == "unavailable" or (outcome.outcome == "failed" and failures < TRIES)
            if worthwhile and state != "superseded":
                put(database, key, _pause(delivery_id, entry["attempted"] - again[0]["attempted"] if again else timedelta()))
                return str(state)
            (database.jobs & key).delete_quick()
            if not worthwhile and move(database, key, outcome.outcome, ["ready"], finished=entry["attempted"]):
                state = outcome.outcome
            if state == outcome.outcome and unanswered:
                database.Delivery.update1({**key, "finished": utc(unanswered)})  # it may have been committed long ago
                _let_wait(database, key, timedelta())
            return str(state)


def wait(database: Database, delivery_id: str) -> None:
    """Take a delivery out of the queue until its videos have settled."""
    key = {"delivery_id": delivery_id}
    with database.transaction():
        move(database, key, "waiting", ["ready"])
        (database.jobs & key).delete_quick()


def aside(database: Database, folders: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the deliveries from these folders that are out of the queue until their videos have settled, and their folders."""
    waiting = database.Delivery & [{"state": "waiting", "folder": folder} for folder in folders]
    return ((row["delivery_id"], row["folder"]) for row in waiting.proj("folder").to_dicts())


def leave(database: Database, delivery_id: str, now: datetime) -> bool:
    """Leave a delivery whose files are gone for later, but not for ever; return whether it is still in the queue.

    One that was withdrawn is not looked for: who put it back into the queue had not heard of that.
    """
    key = {"delivery_id": delivery_id}
    with database.transaction():
        row = _facts(database, key, "readied", "state")
        if row and row["state"] != "superseded" and _let_wait(database, key, utc(now) - row["readied"]):
            return True
        supersede(database, [delivery_id])
        (database.jobs & key).delete_quick()
        return False


def counts(database: Database) -> dict[str, int]:
    """Return how many jobs there are of each status, and in all."""
    return dict(database.jobs.progress())


def drop(database: Database, delivery_id: str) -> str:
    """Take a delivery that was claimed out of the queue, unless it was put there anew; return the state it is in."""
    key = {"delivery_id": delivery_id}
    with database.transaction():
        database.hold(database.Delivery & key, to_change=True)
        row = _facts(database, key, "state")
        state = str(row["state"]) if row else "superseded"
        anew = {"status": "reserved"} if state == "ready" else {}
        (database.jobs & key & anew).delete_quick()
    return state


def put(database: Database, key: Mapping[str, Any], pause: float = 0) -> None:
    """Make a job of a delivery, due after a pause in seconds."""
    (database.jobs & key).delete_quick()
    job = {**key, "status": "pending", "priority": 5}
    if pause:
        interval = database.connection.adapter.interval_expr(pause, "second")
        due = composed("SELECT CURRENT_TIMESTAMP(3) + {interval}", interval=interval)
        job["scheduled_time"] = database.connection.query(due).fetchone()[0]
    database.jobs.insert1(job)


def _facts(database: Database, key: Mapping[str, Any], *names: str) -> Row | None:
    """Return some attributes of a delivery; None if a person has deleted it."""
    return next(iter((database.Delivery & key).proj(*names).to_dicts()), None)


def _readied(database: Database, row: Row, now: datetime) -> datetime:
    """Return when a delivery is put into the queue: after all that had its files before, wherever the clock was set since."""
    query = composed(
        "SELECT MAX(readied), MAX(attempted) FROM {deliveries} AS d LEFT JOIN {attempts} AS a ON a.delivery_id = d.delivery_id "
        "WHERE {concerned}",
        deliveries=database.Delivery.full_table_name,
        attempts=database.Attempt.full_table_name,
        concerned=_CONCERNED,
    )
    paths = (row["manifest_path"], row["nwb_path"])
    before: tuple[datetime | None, ...] = database.connection.query(query, (row["folder"], paths, paths)).fetchone()
    return max([utc(now), *(time + timedelta(microseconds=1) for time in before if time)])


def _let_wait(database: Database, key: Mapping[str, Any], lasted: timedelta) -> bool:
    """Let a delivery be due again after trouble that has lasted for a while, but not for ever; return whether it is."""
    (database.jobs & key).delete_quick()
    if lasted < PATIENCE:
        put(database, key, _pause(key["delivery_id"], lasted))
    return lasted < PATIENCE


def _pause(delivery_id: str, lasted: timedelta) -> float:
    """Return how long to wait after trouble that has lasted for a while: as long again, within limits, and not all at once.

    If it seems to have begun in the future, the clock was set back, and nobody knows.
    """
    spread = SPREAD - crc32(delivery_id.encode()) / 2**33  # of any id: a person may have written one
    return min(max(abs(lasted.total_seconds()), FIRST_PAUSE), LONGEST_PAUSE) * spread


def _enter(database: Database, entry: Row, attempts: list[Row]) -> None:
    """Enter an attempt. Of an outage only the first and the last are kept: it may last for weeks."""
    number = attempts[-1]["attempt_id"] + 1 if attempts else 1
    if [attempt["outcome"] for attempt in attempts[-2:]] == ["unavailable"] * 2 and entry["outcome"] == "unavailable":
        database.Attempt.update1({**entry, "attempt_id": number - 1})
    else:
        database.Attempt.insert1({**entry, "attempt_id": number})


def _jobs_of(database: Database, folders: Iterable[str]) -> Any:  # noqa: ANN401  # a DataJoint expression
    """Return the jobs of deliveries from these folders."""
    deliveries = database.Delivery & [{"folder": folder} for folder in folders]
    return database.jobs.restrict(deliveries.proj(), semantic_check=False)


@contextmanager
def _held(database: Database, delivery_id: str) -> Iterator[bool]:
    """Hold the lock of a delivery if nobody else does."""
    with database.lock(f"delivery {delivery_id}") as held:
        yield held
