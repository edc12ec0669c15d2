"""Whether disk, ledger, rows and store agree: everything that does not, found in a few queries, and nothing changed."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from antelop.database import Database
from antelop.database.references import unreadable
from antelop.database.row import TABLES, Row, counts_in
from antelop.database.statement import composed
from antelop.database.table import restricted
from antelop.errors import Misconfigured, Problem, Rejected
from antelop.formats import rig as rigs
from antelop.lab import Lab
from antelop.queue import jobs
from antelop.queue.ledger import named
from antelop.upkeep.inventory import Inventory, Progress, Total, references
from antelop.worker.receipts import disagreements

SESSION = ("experimenter", "experiment_id", "session_id")

Problems = Iterator[Problem]


@dataclass(frozen=True)
class Holdings:
    """How much a lab holds.

    Attributes
    ----------
    sessions
        That hold a recording.
    stored
        What is in the store.
    referenced
        What of it rows refer to. There is nothing wrong with the rest: `antelop gc` removes it in time.
    """

    sessions: int
    stored: Total
    referenced: Total


def verify(lab: Lab, report: Callable[[Problem], None], reading: Progress | None = None) -> Holdings:
    """Find everything that disagrees, while sessions go in or not.

    Parameters
    ----------
    lab
        What is looked at.
    report
        Is told each problem as it is found.
    reading
        Shows how far it has come with reading the objects: they are all read through then. Without it, an object counts as
        whole if it has its size.

    Returns
    -------
    Holdings
        What was looked at.

    Raises
    ------
    Unavailable
        If the database or the store is away.
    Misconfigured
        If the analysis folder is not trusted; it is asked about first, for the store may take hours.
    """
    lab.analysis.load(lab.database.tables)
    for find in (_ledger, _rows, _rigs, _masks, _deliveries, _receipts):
        with lab.database.transaction(commit=False, patient=True):
            for problem in find(lab):
                report(problem)
    with Inventory(lab.store) as inventory:
        if reading:
            inventory.read(reading)
        with lab.database.transaction(commit=False, patient=True):
            for problem in _objects(lab.database, inventory):
                report(problem)
        return Holdings(len(lab.database.World()), inventory.total(), inventory.total(referenced=True))


def _ledger(lab: Lab) -> Problems:
    """Find sessions without a row of the ledger, and the reverse."""
    database = lab.database
    for row in _lacking(database.World.proj(), database.Ingestion.proj(*SESSION), SESSION):
        yield _of_session("ledger_lacks", row, "it holds a recording that the ledger knows nothing of")
    for row in _lacking(database.Ingestion.proj(*SESSION), database.World.proj(), SESSION):
        what = "the ledger says that a recording went into it, and it holds none"
        yield Problem("recording_lacks", f"session {named(row)}", what, "Restore a backup that has it")


def _rows(lab: Lab) -> Problems:
    """Find what a session lacks that must be there: features by its rig, animals and videos by the ledger."""
    database = lab.database
    features = database.World.proj("behaviourrig_id") * database.Feature.proj("feature_name", "data_type", "source_type")
    recorded = features & "source_type <> 'deeplabcut'"
    required = {"Object": features, **{table: recorded & {"data_type": kind} for kind, table in TABLES.items()}}
    for table, rows in required.items():
        for row in _lacking(rows, database.tables[table].proj(), (*SESSION, "behaviourrig_id", "feature_id")):
            yield _of_session("rows_lack", row, f"its feature {row['feature_name']} has no row in {table}")
    ledger = database.World.proj() * database.Ingestion.proj("rows_inserted", *SESSION)
    for table in ("Self", "Video"):
        count = _among(database.tables[table].proj(), SESSION, "COUNT(*)")
        for row in _select(ledger, "TRUE", found=count):
            inserted = row["rows_inserted"]
            went_in = counts_in(json.loads(inserted) if isinstance(inserted, str) else inserted).get(table, 0)
            if row["found"] < went_in:
                yield _of_session("rows_lack", row, f"{went_in} rows went into {table}, and {row['found']} are there")


def _rigs(lab: Lab) -> Problems:
    """Find rigs whose features are not those of their JSON."""
    database = lab.database
    for rig in database.BehaviourRig.to_dicts():
        where = f"rig {rig['experimenter']}/{rig['behaviourrig_id']}"
        try:
            described = enumerate(rigs.parse(rig["rig_json"]).features, 1)
        except Rejected as rejected:
            yield from (replace(problem, where=f"{where}, {problem.where}") for problem in rejected.problems)
            continue
        meant = {(number, each.name, each.source_type, each.data_type) for number, each in described}
        own = database.Feature & {name: rig[name] for name in database.BehaviourRig.primary_key}
        found = set(zip(*own.to_arrays("feature_id", "feature_name", "source_type", "data_type"), strict=True))
        for number, name, *_ in sorted(meant ^ found):
            what = f"feature {number}, {name}, is not the same in its JSON and in Feature"
            yield Problem("rig_features", where, what, "Restore a backup in which they agree")


def _masks(lab: Lab) -> Problems:
    """Find masks that are missing, or that another version of their function made than the analysis folder now has."""
    database = lab.database
    again = "Run `antelop masks recompute {}`"
    wanted = database.World.proj("behaviourrig_id") * database.MaskFunction.proj("mask_name")
    for row in _lacking(wanted, database.Mask.proj(), (*SESSION, "behaviourrig_id", "mask_id")):
        where, what = f"session {named(row)}", f"its mask {row['mask_name']} is missing"
        yield Problem("mask_missing", where, what, again.format(named(row)))
    for mask in database.MaskFunction.proj("mask_name", "maskfunction_name", "function_sha256").to_dicts():
        rig, current = f"{mask['experimenter']}/{mask['behaviourrig_id']}", mask["function_sha256"]
        where = f"rig {rig}, mask {mask['mask_name']}"
        try:
            current = lab.analysis.function(mask["maskfunction_name"], database.tables).sha256
        except Misconfigured:
            raise
        except Rejected as rejected:
            yield from (replace(problem, where=f"{where}, {problem.where}") for problem in rejected.problems)
        if current != mask["function_sha256"]:
            what = f"{mask['maskfunction_name']} is another version in the analysis folder than in the database"
            yield Problem("mask_function", where, what, "Upload the rig again with this mask, by `antelop rig add`")
        key = {name: mask[name] for name in database.MaskFunction.primary_key}
        made = restricted(database.Mask & key, "function_sha256 <> %s", current).proj("function_sha256")
        for row in _select(made, "TRUE"):
            where, what = (
                f"session {named(row)}",
                f"another version of {mask['maskfunction_name']} made its mask {mask['mask_name']}",
            )
            yield Problem("mask_outdated", where, what, again.format(named(row)))


def _deliveries(lab: Lab) -> Problems:
    """Find deliveries that nobody will answer, and answers without their reasons."""
    database = lab.database
    known = database.Delivery.proj("folder", "nwb_path", "state")
    live = (database.jobs & "status IN ('pending', 'reserved')").proj()
    retry = "Run `antelop retry {nwb_path}`"
    for row in _lacking(known & {"state": "ready"}, live, ("delivery_id",)):
        yield _of_delivery(row, "it waits for a worker, and no job stands for it in the queue", retry)
    for row in _lacking(known & "state IN ('rejected', 'failed')", database.Attempt.proj(), ("delivery_id",)):
        yield _of_delivery(row, f"it is {row['state']}, and nothing says why", retry)
    claimed = known.restrict(database.jobs.reserved.proj(), semantic_check=False)  # as DataJoint itself does it
    folders = set(claimed.to_arrays("folder"))
    for job in jobs.orphans(database, folders):
        row = (known & {"delivery_id": job["delivery_id"]}).fetch1()
        yield _of_delivery(row, f"the worker {job['pid']} on {job['host']} that had it is gone", "Start `antelop run`")


def _receipts(lab: Lab) -> Problems:
    """Find drop folders that say otherwise than the ledger."""
    for folder in lab.config.folders:
        yield from disagreements(lab.database, folder)


def _objects(database: Database, inventory: Inventory) -> Problems:
    """Find objects that are missing, short or altered."""
    yield from unreadable(database)
    remedy = "Bring it back from a backup, or remove the session (`antelop remove`) and deliver its recording again"
    for reference in references(database):
        if wrong := inventory.refer(reference):
            yield Problem("object_lacks", str(reference), f"{reference.address} {wrong}", remedy)
    for each in inventory.unreferenced(altered=True):
        what = "it is not what its name says; nothing refers to it yet, but may come to"
        yield Problem("object_altered", each.address, what, "Delete it")


def _lacking(rows: Any, others: Any, on: Sequence[str]) -> Iterator[Row]:  # noqa: ANN401  # DataJoint expressions
    """Yield the rows, however many, to which none of the others is alike in some columns.

    DataJoint's own difference is NOT IN, for which PostgreSQL takes a time that grows with the square of the rows.
    """
    return _select(rows, composed("NOT EXISTS {others}", others=_among(others, on)))


def _select(rows: Any, condition: str, **computed: str) -> Iterator[Row]:  # noqa: ANN401  # as above
    """Yield the rows, however many, for which a condition holds, each with what is computed for it."""
    names = [*rows.heading.names, *computed]
    expressions = [*(f"a.{name}" for name in rows.heading.names), *computed.values()]
    statement = "SELECT {expressions} FROM ({rows}) AS a WHERE {condition}"
    query = composed(statement, expressions=", ".join(expressions), rows=rows.make_sql(), condition=condition)
    for row in rows.connection.stream(query):
        yield dict(zip(names, row, strict=True))


def _among(others: Any, on: Sequence[str], what: str = "1") -> str:  # noqa: ANN401  # as above
    """Return the subquery of those among the others that are alike to a row in some columns."""
    alike = " AND ".join(f"b.{name} = a.{name}" for name in on)
    return composed("(SELECT {what} FROM ({others}) AS b WHERE {alike})", what=what, others=others.make_sql(), alike=alike)


def _of_session(check: str, session: Row, what: str) -> Problem:
    remedy = f"Take its recording out by `antelop remove {named(session)}`, and deliver it again"
    return Problem(check, f"session {named(session)}", what, remedy)


def _of_delivery(row: Row, what: str, remedy: str) -> Problem:
    where = f"delivery {row['folder']}/{row['nwb_path']}" if row["folder"] else f"delivery {row['nwb_path']}"
    return Problem("delivery_open", where, what, remedy.format(**row))
