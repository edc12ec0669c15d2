"""The ledger: each delivery with its state, its attempts with their outcomes, and the session that it became.

A delivery of a drop folder is ``ready`` while it is in the queue (see `queue`), or ``waiting`` until its videos have settled.
Then its state is its outcome, or ``superseded`` if its file or manifest was changed before it was committed. A delivery that a
person gives by hand is entered only when it is committed.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from antelop.database import Database, behaviour
from antelop.database.row import TABLES, Row, counts_in, problems_in
from antelop.database.statement import composed
from antelop.database.table import restricted
from antelop.dropfolder.delivery import Delivery
from antelop.errors import Rejected
from antelop.formats.document import load
from antelop.outcome import Outcome
from antelop.queue.states import ANSWERED, TRANSITIONS, Event, State
from antelop.wording import counted


class Superseded(Exception):
    """The files in the drop folder are no longer those of the delivery, so it is not committed."""


def utc(now: datetime) -> datetime:
    """Return a time as the database stores it: UTC, without a time zone."""
    return now.astimezone(UTC).replace(tzinfo=None)


def enter(database: Database, delivery: Delivery, event: Event, now: datetime) -> None:
    """Enter an event of a delivery, in the transaction of the caller; raise `Superseded` if its state does not allow it."""
    key = {"delivery_id": delivery.delivery_id}
    if transition(database, key, event, finished=utc(now)):
        return
    # Only a delivery that is not in the ledger yet, such as one by hand, is inserted.
    if State.NEW not in TRANSITIONS[event][0] or database.Delivery & key:
        raise Superseded
    times = dict.fromkeys(("received", "readied", "finished"), utc(now))
    database.Delivery.insert1({**row_of(delivery), "state": TRANSITIONS[event][1].value, **times})


def transition(database: Database, key: Mapping[str, Any], event: Event, **times: datetime) -> bool:
    """Change the state of a delivery by an event, in one statement; return whether its state allowed the event.

    The times ``readied`` and ``finished`` are set with it. If the new state is ``ready``, the receipt is no longer due.
    """
    before, after = TRANSITIONS[event]
    statement = composed(
        "UPDATE {deliveries} SET state = %s, readied = COALESCE(%s, readied), finished = COALESCE(%s, finished), "
        "receipt_due = CASE WHEN %s THEN NULL ELSE receipt_due END WHERE delivery_id = %s AND state IN %s",
        deliveries=database.Delivery.full_table_name,
    )
    known = tuple(state.value for state in before if state != State.NEW)
    values = (after.value, times.get("readied"), times.get("finished"), after == State.READY, key["delivery_id"], known)
    if database.connection.query(statement, values).rowcount:
        return True
    # MariaDB counts only rows whose values changed. A row that already has all of these values was allowed too.
    same = "SELECT 1 FROM {deliveries} WHERE delivery_id = %s AND state = %s FOR UPDATE"
    query = composed(same, deliveries=database.Delivery.full_table_name)
    return after in before and bool(database.connection.query(query, (key["delivery_id"], after.value)).fetchall())


def facts(database: Database, key: Mapping[str, Any], *names: str) -> Row | None:
    """Return some attributes of a delivery; None if it is not in the ledger, because a person has deleted it."""
    return next(iter((database.Delivery & key).proj(*names).to_dicts()), None)


def committed_outcome(database: Database, delivery_id: str) -> Outcome | None:
    """Return the outcome of a delivery that was committed; None if it was not."""
    ledger = (database.Ingestion & {"delivery_id": delivery_id}) * database.Delivery.proj("nwb_size")
    return next((outcome_of(row, row["nwb_size"]) for row in ledger.to_dicts()), None)


def recorded_outcome(database: Database, delivery: Row) -> Outcome | None:
    """Return the outcome that was recorded since a delivery was last enqueued; None if it has none or is only committed."""
    if delivery["state"] not in ANSWERED:
        return None
    final = database.Attempt & {"delivery_id": delivery["delivery_id"], "outcome": delivery["state"]}
    since = restricted(final, "attempted >= %s", delivery["readied"])
    for attempt in since.to_dicts(order_by="attempt_id DESC", limit=1):
        if attempt["outcome"] == "ingested":
            return committed_outcome(database, delivery["delivery_id"])
        problems = problems_in(attempt["problems"])
        return Outcome.of(attempt["outcome"], attempt["sentence"], attempt["attempted"].replace(tzinfo=UTC), problems)
    return None


def latest(database: Database, folder: str, manifests: Collection[str]) -> str | None:
    """Return the id of the last delivery with one of these manifests that was not superseded; None if there is none."""
    query = composed(
        "SELECT delivery_id FROM {deliveries} WHERE folder = %s AND manifest_path IN %s AND state <> 'superseded' "
        "ORDER BY readied DESC LIMIT 1",
        deliveries=database.Delivery.full_table_name,
    )
    found = database.connection.query(query, (folder, tuple(manifests))).fetchone()
    return str(found[0]) if found else None


def outcome_of(ingestion: Row, size: int) -> Outcome:
    """Return the outcome of a row of `Ingestion`; `size` is the size of the NWB file in bytes."""
    session = {name: ingestion[name] for name in ("experimenter", "experiment_id", "session_id")}
    # PostgreSQL returns the members of an object in another order. They are sorted, so that a receipt is always the same.
    inserted, trials = counts_in(ingestion["rows_inserted"]), dict(sorted(counts_in(ingestion["trials"]).items()))
    rows = {table.__name__: inserted[table.__name__] for table in behaviour.TABLES if table.__name__ in inserted}
    warnings = problems_in(ingestion["warnings"])
    parts = [counted(sum(rows.get(table, 0) for table in TABLES.values()), "feature")]
    parts += [f"{counted(count, 'trial')} in {mask}" for mask, count in trials.items()]
    parts += [counted(len(warnings), "warning")] if warnings else []
    nwb = {"identifier": ingestion["nwb_identifier"], "object_id": ingestion["nwb_object_id"], "size": size}
    return Outcome(
        outcome="ingested",
        sentence=f"session {named(session)}: {', '.join(parts)}",
        finished=ingestion["ingested"].replace(tzinfo=UTC),
        version=ingestion["software"],
        warnings=warnings,
        session=session,
        rows=rows,
        trials=trials,
        nwb=nwb | ({"sha256": ingestion["nwb_sha256"]} if ingestion["nwb_sha256"] else {}),
    )


def as_duplicate(existing: Outcome) -> Outcome:
    """Return the outcome of a delivery whose recording a session already holds."""
    sentence = f"session {named(existing.session)} holds this recording since {existing.finished.date()}; nothing was changed"
    return replace(existing, outcome="already-ingested", sentence=sentence)


def named(session: Mapping[str, Any]) -> str:
    """Return the key of a session as the command line takes it: ``experimenter/experiment_id/session_id``."""
    return "/".join(str(session[name]) for name in ("experimenter", "experiment_id", "session_id"))


def row_of(delivery: Delivery) -> Row:
    """Return the row of the ledger for a delivery, without its state and times."""
    return {
        "delivery_id": delivery.delivery_id,
        "folder": delivery.folder,
        "manifest_path": delivery.manifest_path,
        "manifest_size": delivery.manifest_size,
        "manifest_mtime": delivery.manifest_mtime,
        "nwb_path": delivery.nwb_path,
        "nwb_size": delivery.nwb_size,
        "nwb_mtime": delivery.nwb_mtime,
        "manifest": _as_json(delivery.document),
    }


def _as_json(document: bytes) -> dict[str, Any]:
    """Return a manifest as JSON; if it is not JSON that a database can store, an object with its ``text``."""
    try:
        return load(document)
    except Rejected:  # an object, because DataJoint parses a plain text from PostgreSQL as JSON
        return {"text": document.decode(errors="backslashreplace").replace("\0", "\\x00")}
