"""Deliveries of drop folders: how they enter the queue, leave it, and come back."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from datajoint.errors import DuplicateError

from antelop.database import Database
from antelop.database.row import Row
from antelop.database.statement import composed
from antelop.dropfolder.delivery import Delivery
from antelop.queue.jobs import remove, schedule, schedule_again
from antelop.queue.ledger import facts, row_of, transition, utc
from antelop.queue.states import ANSWERED, TRANSITIONS, Event, State

_CONCERNED = "d.folder = %s AND (d.manifest_path IN %s OR d.nwb_path IN %s AND d.nwb_path <> '')"
"""The condition for deliveries of a folder that had one of some files as their manifest or their recording."""


def states(database: Database, delivery_ids: Iterable[str]) -> dict[str, str]:
    """Return the states of those of these deliveries that the ledger knows."""
    known = database.Delivery & [{"delivery_id": delivery_id} for delivery_id in delivery_ids]
    return {row["delivery_id"]: row["state"] for row in known.proj("state").to_dicts()}


def answered(database: Database, folder: str) -> Iterator[str]:
    """Yield the deliveries of a folder that have their outcome; there may be a hundred thousand."""
    query = composed(
        "SELECT delivery_id FROM {deliveries} WHERE folder = %s AND state IN %s", deliveries=database.Delivery.full_table_name
    )
    return (str(row[0]) for row in database.connection.query(query, (folder, _words(ANSWERED))))


def enqueue(database: Database, delivery: Delivery, now: datetime) -> str:
    """Enqueue a delivery, and supersede earlier ones of the same file or manifest; return the state that it is in.

    A delivery that the ledger knows keeps its state, unless it has waited for its videos, or was withdrawn and is there again.
    """
    key = {"delivery_id": delivery.delivery_id}
    known = states(database, key.values()).get(delivery.delivery_id, State.NEW)
    if known == State.READY and not database.jobs & key & "status IN ('pending', 'reserved')":
        schedule(database, key)  # a person has deleted its job
    if known not in TRANSITIONS[Event.ENQUEUE][0]:
        return known
    row = {**row_of(delivery), "videos": [list(video) for video in delivery.videos]}
    try:
        with database.transaction():
            # What had one of these files before is superseded first, so that no moment has two deliveries of one file.
            earlier = concerning(database, delivery.folder, delivery.manifest_path, delivery.nwb_path)
            supersede(database, earlier)
            readied = _readied(database, row, now) if earlier else utc(now)
            if known == State.NEW:
                database.Delivery.insert1({**row, "state": State.READY.value, "readied": readied, "received": utc(now)})
            elif transition(database, key, Event.ENQUEUE, readied=readied):
                database.Delivery.update1(row)
            schedule(database, key)
    except DuplicateError:  # another service that watches the same folder was first
        pass
    return State.READY


def concerning(database: Database, folder: str, *paths: str) -> list[str]:
    """Return the deliveries that had one of these files as their manifest or their recording, the latest first."""
    statement = "SELECT delivery_id FROM {deliveries} AS d WHERE {concerned} ORDER BY readied DESC"
    query = composed(statement, deliveries=database.Delivery.full_table_name, concerned=_CONCERNED)
    return [str(row[0]) for row in database.connection.query(query, (folder, paths, paths)).fetchall()]


def supersede(database: Database, delivery_ids: Iterable[str]) -> None:
    """Take those of these deliveries that have not committed out of the queue for good.

    A worker that works on one of them finds out before it commits.
    """
    for delivery_id in delivery_ids:
        key = {"delivery_id": delivery_id}
        if transition(database, key, Event.SUPERSEDE):
            remove(database, key, "pending")


def withdraw(database: Database, delivery_id: str) -> None:
    """Supersede a delivery whose files are no longer there, unless it has committed."""
    with database.transaction():
        supersede(database, [delivery_id])


def retry(database: Database, delivery_id: str, now: datetime) -> bool:
    """Enqueue a delivery that has its outcome again, as if it had just come; return whether it had one."""
    key = {"delivery_id": delivery_id}
    with database.transaction():
        row = facts(database, key, "folder", "manifest_path", "nwb_path")
        if moved := row is not None and transition(database, key, Event.RETRY, readied=_readied(database, row, now)):
            schedule(database, key)
    return moved


def hold_for_videos(database: Database, delivery_id: str) -> None:
    """Take a delivery out of the queue until its videos have settled."""
    key = {"delivery_id": delivery_id}
    with database.transaction():
        transition(database, key, Event.HOLD_FOR_VIDEOS)
        remove(database, key)


def waiting_for_videos(database: Database, folders: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the deliveries from these folders that are held until their videos have settled, and their folders."""
    waiting = database.Delivery & [{"state": State.WAITING.value, "folder": folder} for folder in folders]
    return ((row["delivery_id"], row["folder"]) for row in waiting.proj("folder").to_dicts())


def retry_missing(database: Database, delivery_id: str, now: datetime) -> bool:
    """Retry a delivery whose files are missing later, for a day at most; return whether it is still in the queue.

    A delivery that was withdrawn is not retried: the process that put it back into the queue had not heard of that.
    """
    key = {"delivery_id": delivery_id}
    with database.transaction():
        row = facts(database, key, "readied", "state")
        if row and row["state"] != State.SUPERSEDED and schedule_again(database, key, utc(now) - row["readied"]):
            return True
        supersede(database, [delivery_id])
        remove(database, key)
        return False


def _readied(database: Database, row: Row, now: datetime) -> datetime:
    """Return when a delivery is enqueued: after all that had its files before, however the clock was set since."""
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


def _words(states: Iterable[State]) -> tuple[str, ...]:
    """Return states as the database has them."""
    return tuple(state.value for state in states)
