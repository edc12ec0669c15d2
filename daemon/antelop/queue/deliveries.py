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
"""The condition for deliveries of a folder whose manifest or recording is one of some files."""


def states(database: Database, delivery_ids: Iterable[str]) -> dict[str, str]:
    """Return the states of deliveries by their ids, without those that are not in the ledger."""
    known = database.Delivery & [{"delivery_id": delivery_id} for delivery_id in delivery_ids]
    return {row["delivery_id"]: row["state"] for row in known.proj("state").to_dicts()}


def answered(database: Database, folder: str) -> Iterator[str]:
    """Yield the ids of the deliveries of a folder that have an outcome; there may be a hundred thousand."""
    query = composed(
        "SELECT delivery_id FROM {deliveries} WHERE folder = %s AND state IN %s", deliveries=database.Delivery.full_table_name
    )
    return (str(row[0]) for row in database.connection.query(query, (folder, _values(ANSWERED))))


def enqueue(database: Database, delivery: Delivery, now: datetime) -> str:
    """Enqueue a delivery, and supersede earlier ones with the same recording or manifest; return its state.

    A known delivery keeps its state, unless it has waited for its videos, or was superseded and its files are back.
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
            # Earlier deliveries of these files are superseded first, so that no file belongs to two deliveries in the queue.
            earlier = concerning(database, delivery.folder, delivery.manifest_path, delivery.nwb_path)
            supersede(database, earlier)
            readied = _readied(database, row, now) if earlier else utc(now)
            if known == State.NEW:
                database.Delivery.insert1({**row, "state": State.READY.value, "readied": readied, "received": utc(now)})
            elif transition(database, key, Event.ENQUEUE, readied=readied):
                database.Delivery.update1(row)
            schedule(database, key)
    except DuplicateError:  # another service that watches the same folder inserted it first
        pass
    return State.READY


def concerning(database: Database, folder: str, *paths: str) -> list[str]:
    """Return the ids of the deliveries whose manifest or recording is one of these files, the latest first."""
    statement = "SELECT delivery_id FROM {deliveries} AS d WHERE {concerned} ORDER BY readied DESC"
    query = composed(statement, deliveries=database.Delivery.full_table_name, concerned=_CONCERNED)
    return [str(row[0]) for row in database.connection.query(query, (folder, paths, paths)).fetchall()]


def supersede(database: Database, delivery_ids: Iterable[str]) -> None:
    """Mark these deliveries as superseded and remove them from the queue, except those that have committed.

    A worker that is ingesting one of them detects it before COMMIT.
    """
    for delivery_id in delivery_ids:
        key = {"delivery_id": delivery_id}
        if transition(database, key, Event.SUPERSEDE):
            remove(database, key, "pending")


def withdraw(database: Database, delivery_id: str) -> None:
    """Supersede a delivery whose files were removed, unless it has committed."""
    with database.transaction():
        supersede(database, [delivery_id])


def retry(database: Database, delivery_id: str, now: datetime) -> bool:
    """Enqueue a delivery that has an outcome again, like a new one; return whether it had an outcome."""
    key = {"delivery_id": delivery_id}
    with database.transaction():
        row = facts(database, key, "folder", "manifest_path", "nwb_path")
        if moved := row is not None and transition(database, key, Event.RETRY, readied=_readied(database, row, now)):
            schedule(database, key)
    return moved


def hold_for_videos(database: Database, delivery_id: str) -> None:
    """Remove a delivery from the queue until its videos have settled."""
    key = {"delivery_id": delivery_id}
    with database.transaction():
        transition(database, key, Event.HOLD_FOR_VIDEOS)
        remove(database, key)


def waiting_for_videos(database: Database, folders: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each delivery of these folders that waits for its videos, with its folder."""
    waiting = database.Delivery & [{"state": State.WAITING.value, "folder": folder} for folder in folders]
    return ((row["delivery_id"], row["folder"]) for row in waiting.proj("folder").to_dicts())


def retry_missing(database: Database, delivery_id: str, now: datetime) -> bool:
    """Schedule a retry of a delivery whose files are missing, for at most a day; return whether it is still in the queue.

    A superseded delivery is not retried: a process may have put it back into the queue before it knew.
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
    """Return the time for enqueuing a delivery: now, but later than every earlier delivery of its files and their attempts.

    The clock may have been set back since those.
    """
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


def _values(states: Iterable[State]) -> tuple[str, ...]:
    """Return the values of states as the database stores them."""
    return tuple(state.value for state in states)
