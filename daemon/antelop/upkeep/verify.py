"""Check that drop folders, ledger, rows and store agree. A few queries find every contradiction, and nothing is changed."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from antelop.database import Database
from antelop.database.json_shapes import misshapen
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
        The number of sessions that hold a recording.
    stored
        The objects in the store.
    referenced
        Those of them that rows refer to. The others are no problem: `antelop gc` removes them after the grace period.
    """

    sessions: int
    stored: Total
    referenced: Total


def verify(lab: Lab, report: Callable[[Problem], None], reading: Progress | None = None) -> Holdings:
    """Find every contradiction. Sessions may be ingested at the same time.

    Parameters
    ----------
    lab
        The lab to check.
    report
        Called with each problem as soon as it is found.
    reading
        Shows the progress of reading all objects completely. Without it no object is read: an object counts as whole if it
        has its size.

    Returns
    -------
    Holdings
        How much was checked.

    Raises
    ------
    Unavailable
        If the database or the store cannot be reached.
    Misconfigured
        If the analysis folder is not trusted.
    """
    # First of all, because it may be refused, and reading the store may take hours.
    lab.analysis.load(lab.database.tables)
    # Rows are streamed, which needs a transaction. One for each step keeps them short.
    for find in (_shapes, _ledger, _rows, _rigs, _masks, _deliveries, _receipts):
        with lab.database.transaction(commit=False, patient=True):
            for problem in find(lab):
                report(problem)
    # The store is listed before the rows are read: an object that is put in between is looked up when a row refers to it.
    with Inventory(lab.store) as inventory:
        if reading:
            inventory.read(reading)
        with lab.database.transaction(commit=False, patient=True):
            for problem in _objects(lab.database, inventory):
                report(problem)
        return Holdings(len(lab.database.World()), inventory.total(), inventory.total(referenced=True))


def _shapes(lab: Lab) -> Problems:
    """Find values of JSON columns that this software did not write."""
    return misshapen(lab.database)


def _ledger(lab: Lab) -> Problems:
    """Find sessions with a recording but without a row of the ledger, and the reverse."""
    database = lab.database
    for row in _without_match(database.World.proj(), database.Ingestion.proj(*SESSION), SESSION):
        yield _of_session("ledger_lacks", row, "it holds a recording that is not in the ledger")
    for row in _without_match(database.Ingestion.proj(*SESSION), database.World.proj(), SESSION):
        what = "the ledger says that a recording was ingested into it, but it holds none"
        yield Problem("recording_lacks", f"session {named(row)}", what, "Restore a backup that has it")


def _rows(lab: Lab) -> Problems:
    """Find missing rows of sessions: of the rig's features, and of the animals and videos that the ledger counts."""
    database = lab.database
    # A feature needs a row in Object and, if it was recorded, one in the table of its data type. DeepLabCut tracks later.
    features = database.World.proj("behaviourrig_id") * database.Feature.proj("feature_name", "data_type", "source_type")
    recorded = features & "source_type <> 'deeplabcut'"
    required = {"Object": features, **{table: recorded & {"data_type": kind} for kind, table in TABLES.items()}}
    for table, rows in required.items():
        for row in _without_match(rows, database.tables[table].proj(), (*SESSION, "behaviourrig_id", "feature_id")):
            yield _of_session("rows_lack", row, f"its feature {row['feature_name']} has no row in {table}")
    # The rig does not say how many animals and videos a session has: only the ledger knows what was inserted.
    ledger = database.World.proj() * database.Ingestion.proj("rows_inserted", *SESSION)
    for table in ("Self", "Video"):
        count = _matching(database.tables[table].proj(), SESSION, "COUNT(*)")
        for row in _select(ledger, "TRUE", found=count):
            # The query is not DataJoint's, which would decode the JSON.
            inserted = counts_in(json.loads(row["rows_inserted"])).get(table, 0)
            if row["found"] < inserted:
                yield _of_session("rows_lack", row, f"{inserted} rows were inserted into {table}, and {row['found']} are there")


def _rigs(lab: Lab) -> Problems:
    """Find rigs whose rows in Feature differ from the features in their JSON."""
    database = lab.database
    for rig in database.BehaviourRig.to_dicts():
        where = f"rig {rig['experimenter']}/{rig['behaviourrig_id']}"
        # A JSON that an earlier release accepted, or that was changed by hand, may not parse: report that, and go on.
        try:
            described = enumerate(rigs.parse(rig["rig_json"]).features, 1)
        except Rejected as rejected:
            yield from (replace(problem, where=f"{where}, {problem.where}") for problem in rejected.problems)
            continue
        meant = {(number, each.name, each.source_type, each.data_type) for number, each in described}
        own = database.Feature & {name: rig[name] for name in database.BehaviourRig.primary_key}
        found = set(zip(*own.to_arrays("feature_id", "feature_name", "source_type", "data_type"), strict=True))
        # A difference on either side is a contradiction: masks and analyses find features by the number.
        for number, name, *_ in sorted(meant ^ found):
            what = f"feature {number}, {name}, is not the same in its JSON and in Feature"
            yield Problem("rig_features", where, what, "Restore a backup in which they agree")


def _masks(lab: Lab) -> Problems:
    """Find masks that are missing, or that come from another version of their function than the one in the analysis folder."""
    database = lab.database
    # Every session has a row for each mask of its rig.
    again = "Run `antelop masks recompute {}`"
    wanted = database.World.proj("behaviourrig_id") * database.MaskFunction.proj("mask_name")
    for row in _without_match(wanted, database.Mask.proj(), (*SESSION, "behaviourrig_id", "mask_id")):
        where, what = f"session {named(row)}", f"its mask {row['mask_name']} is missing"
        yield Problem("mask_missing", where, what, again.format(named(row)))
    for mask in database.MaskFunction.proj("mask_name", "maskfunction_name", "function_sha256").to_dicts():
        rig, current = f"{mask['experimenter']}/{mask['behaviourrig_id']}", mask["function_sha256"]
        where = f"rig {rig}, mask {mask['mask_name']}"
        # A function that cannot be loaded is one problem; its masks are then compared with the version in the database.
        try:
            current = lab.analysis.function(mask["maskfunction_name"], database.tables).sha256
        except Misconfigured:
            raise
        except Rejected as rejected:
            yield from (replace(problem, where=f"{where}, {problem.where}") for problem in rejected.problems)
        if current != mask["function_sha256"]:
            what = f"{mask['maskfunction_name']} is another version in the analysis folder than in the database"
            yield Problem("mask_function", where, what, "Upload the rig again with this mask, by `antelop rig add`")
        # Sessions that were ingested, or recomputed, before the function changed.
        key = {name: mask[name] for name in database.MaskFunction.primary_key}
        made = restricted(database.Mask & key, "function_sha256 <> %s", current).proj("function_sha256")
        for row in _select(made, "TRUE"):
            where, what = (
                f"session {named(row)}",
                f"another version of {mask['maskfunction_name']} made its mask {mask['mask_name']}",
            )
            yield Problem("mask_outdated", where, what, again.format(named(row)))


def _deliveries(lab: Lab) -> Problems:
    """Find deliveries that no worker will ever finish, and outcomes without an attempt that explains them."""
    database = lab.database
    known = database.Delivery.proj("folder", "nwb_path", "state")
    live = (database.jobs & "status IN ('pending', 'reserved')").proj()
    retry = "Run `antelop retry {nwb_path}`"
    for row in _without_match(known & {"state": "ready"}, live, ("delivery_id",)):
        yield _of_delivery(row, "it is ready for a worker, but it has no job in the queue", retry)
    for row in _without_match(known & "state IN ('rejected', 'failed')", database.Attempt.proj(), ("delivery_id",)):
        yield _of_delivery(row, f"it is {row['state']}, but the ledger has no attempt that says why", retry)
    # A dead worker's job stays reserved until a service releases it: without a service, nothing does.
    claimed = known.restrict(database.jobs.reserved.proj(), semantic_check=False)  # as DataJoint itself does it
    folders = set(claimed.to_arrays("folder"))
    for job in jobs.orphans(database, folders):
        row = (known & {"delivery_id": job["delivery_id"]}).fetch1()
        yield _of_delivery(row, f"it is claimed by worker {job['pid']} on {job['host']}, which is dead", "Start `antelop run`")


def _receipts(lab: Lab) -> Problems:
    """Find receipts in the drop folders that contradict the ledger."""
    for folder in lab.config.folders:
        yield from disagreements(lab.database, folder)


def _objects(database: Database, inventory: Inventory) -> Problems:
    """Find objects that are missing, or whose size or contents are wrong."""
    yield from unreadable(database)
    # Referenced objects first: their sessions have lost data.
    remedy = "Bring it back from a backup, or remove the session (`antelop remove`) and deliver its recording again"
    for reference in references(database):
        if wrong := inventory.mark_referenced(reference):
            yield Problem("object_lacks", str(reference), f"{reference.address} {wrong}", remedy)
    # The store would not write equal contents again, but hand out the damaged object.
    for each in inventory.unreferenced(altered=True):
        what = "it does not match the checksum in its name; no row refers to it yet, but a later one may"
        yield Problem("object_altered", each.address, what, "Delete it")


def _without_match(rows: Any, others: Any, on: Sequence[str]) -> Iterator[Row]:  # noqa: ANN401  # DataJoint expressions
    """Yield the rows for which no row of `others` has the same values in the columns `on`. There may be any number of rows.

    DataJoint's own difference is NOT IN, for which PostgreSQL takes a time that grows with the square of the rows.
    """
    return _select(rows, composed("NOT EXISTS {others}", others=_matching(others, on)))


def _select(rows: Any, condition: str, **computed: str) -> Iterator[Row]:  # noqa: ANN401  # as above
    """Yield the rows for which a condition holds, each with the computed columns. There may be any number of rows."""
    names = [*rows.heading.names, *computed]
    expressions = [*(f"a.{name}" for name in rows.heading.names), *computed.values()]
    statement = "SELECT {expressions} FROM ({rows}) AS a WHERE {condition}"
    query = composed(statement, expressions=", ".join(expressions), rows=rows.make_sql(), condition=condition)
    # Row by row from the server, so that the memory does not grow with the number of rows.
    for row in rows.connection.stream(query):
        yield dict(zip(names, row, strict=True))


def _matching(others: Any, on: Sequence[str], what: str = "1") -> str:  # noqa: ANN401  # as above
    """Return the subquery of the rows of `others` that have the same values as the outer row in the columns `on`."""
    equal = " AND ".join(f"b.{name} = a.{name}" for name in on)
    return composed("(SELECT {what} FROM ({others}) AS b WHERE {equal})", what=what, others=others.make_sql(), equal=equal)


def _of_session(check: str, session: Row, what: str) -> Problem:
    remedy = f"Remove its recording by `antelop remove {named(session)}`, and deliver it again"
    return Problem(check, f"session {named(session)}", what, remedy)


def _of_delivery(row: Row, what: str, remedy: str) -> Problem:
    where = f"delivery {row['folder']}/{row['nwb_path']}" if row["folder"] else f"delivery {row['nwb_path']}"
    return Problem("delivery_open", where, what, remedy.format(**row))
