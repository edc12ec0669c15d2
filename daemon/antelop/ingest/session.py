"""One session, top to bottom: read, check, keep the arrays, and insert everything in one transaction, or nothing."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datajoint as dj
import numpy as np

from antelop import __version__
from antelop.analysis.functions import AnalysisFunction
from antelop.checks.examine import Findings, examine, examine_names
from antelop.database import Database
from antelop.database.connection import OutcomeUnknown
from antelop.database.outages import sentence
from antelop.database.row import Row
from antelop.dropfolder.delivery import Delivery
from antelop.errors import Misconfigured, Problem, Rejected, Unavailable, gathering
from antelop.formats.manifest import SPECIFICATION
from antelop.formats.manifest import VERSION as MANIFEST_VERSION
from antelop.ingest import intake
from antelop.ingest.masking import insert_masks, ready
from antelop.ingest.room import expect_room
from antelop.ingest.rows import Keys, fingerprint, is_blank, plan
from antelop.ingest.source_files import SourceFiles, proof_problems, unsettled
from antelop.ingest.uniqueness import held, taken
from antelop.lab import Lab
from antelop.lab.resolve import Policy, ResolvedManifest, free_session_id, new_session, resolve
from antelop.lab.store_lock import protect_from_gc
from antelop.outcome import Outcome
from antelop.queue.ledger import Superseded, as_duplicate, committed_outcome, enter, outcome_of, utc
from antelop.queue.states import Event
from antelop.recording import reading_held
from antelop.store import Kept, Store

RESTARTS = 5
"""How often an ingest begins anew because what it was checked against changed before it could commit."""


class Changed(Exception):
    """Something that an ingest rests on is no longer as it was when it was checked: begin anew."""


class Unsettled(Exception):
    """The recording names videos that may still be changing; `paths` are relative to the drop folder."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = tuple(paths)
        super().__init__(*paths)


@dataclass(frozen=True)
class Prepared:
    """A session that can be inserted: everything that needs no transaction is done.

    Attributes
    ----------
    meant
        What it was checked against.
    masks
        The masks of its rig, with their functions.
    session
        Its row.
    rows
        What goes into each table; arrays and files are in the store.
    ledger
        The row of `Ingestion`, but for what is known at the end only.
    files
        The files that it was read from, held open.
    """

    meant: ResolvedManifest
    masks: list[tuple[Row, AnalysisFunction]]
    session: Row
    rows: dict[str, list[Row]]
    ledger: Row
    files: SourceFiles


def ingest(lab: Lab, delivery: Delivery, files: SourceFiles, policy: Policy, *, commit: bool = True) -> Outcome:
    """Ingest one delivery: everything for one session, or nothing; begin anew if what it is checked against changes meanwhile.

    Whether it was ingested before, `ledger.committed_outcome` tells.

    Parameters
    ----------
    lab
        Where it goes.
    delivery
        What was delivered, with its manifest.
    files
        Its files, which are held from here on.
    policy
        What whoever delivered it may do.
    commit
        Whether it is to stay; a rehearsal is rolled back at its end.

    Returns
    -------
    Outcome
        ``ingested``, or ``already-ingested`` if the session holds this recording.

    Raises
    ------
    Rejected
        With every problem of the delivery.
    Unsettled
        If the policy wants to know that videos have settled, and one has not.
    Superseded
        If the delivery is no longer what lies in its drop folder.
    Unavailable
        If the database, the store or the share is away; nothing of the session is in the database then.
    """
    cause: BaseException | None = None
    for _ in range(RESTARTS):
        try:
            return _attempt(lab, delivery, files, policy, commit=commit)
        except Changed as changed:
            cause = changed.__cause__
        except OutcomeUnknown:
            lab.reconnect()
            if committed := committed_outcome(lab.database, delivery.delivery_id):
                return committed
            raise
    why = f": {sentence(cause)}" if cause else ""
    what = f"what {files.path.name} was checked against changed {RESTARTS} times while it was ingested{why}"
    raise Unavailable(what) from cause


def ingest_manifest(lab: Lab, path: Path, policy: Policy) -> Outcome:
    """Ingest what a manifest names, without a drop folder; see `ingest`."""
    return _ingest_now(lab, *intake.by_manifest(path), policy)


def rehearse(lab: Lab, path: Path, policy: Policy) -> Findings:
    """Do all that an ingest of what a manifest names would do, masks included, and roll it back: say what it finds."""
    try:
        return Findings((), _ingest_now(lab, *intake.by_manifest(path), policy, commit=False).warnings)
    except Misconfigured:  # which is nothing that the delivery could be rejected for
        raise
    except Rejected as rejected:
        return Findings(rejected.problems, ())


def insert_nwb(
    lab: Lab, session: Mapping[str, Any], animals: Sequence[Mapping[str, Any]], path: Path, rig: str | int | None = None
) -> Outcome:
    """Ingest one session from a script, by its keys; see `antelop.scripting.Scripting.insert_nwb`."""
    given: Any = dict(session) if isinstance(session, Mapping) else session
    own = given.pop("behaviourrig_id", None) if isinstance(given, dict) else None
    if own is not None and rig is not None:
        what = "the rig is given twice: as `rig`, and as the session's behaviourrig_id"
        raise Rejected([Problem("rig_ambiguous", "rig", what, "Leave one of them out")])
    manifest: Row = {"specification": SPECIFICATION, "version": MANIFEST_VERSION, "session": given, "animals": animals}
    if own is not None or rig is not None:
        manifest["rig"] = own if rig is None else rig
    document = json.dumps(manifest, sort_keys=True, default=_plain).encode()
    return _ingest_now(lab, intake.by_hand(path, document), path, Policy())


def _plain(value: object) -> object:
    """Return numbers as JSON has them, for keys that were fetched are of NumPy's types; of anything else how it looks."""
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else repr(value)


def _ingest_now(lab: Lab, delivery: Delivery, path: Path, policy: Policy, *, commit: bool = True) -> Outcome:
    """Ingest what a person asks for. That it is ingested already is an answer then, and no crash to recover from."""
    if done := committed_outcome(lab.database, delivery.delivery_id):
        return as_duplicate(done)
    try:
        with SourceFiles.by_hand(path) as files:
            return ingest(lab, delivery, files, policy, commit=commit)
    except Superseded:
        raise Unavailable(f"{path} changed while it was ingested") from None


def _attempt(lab: Lab, delivery: Delivery, files: SourceFiles, policy: Policy, *, commit: bool) -> Outcome:
    """Ingest a delivery once, from the first look to COMMIT."""
    started, database = time.monotonic(), lab.database
    with ExitStack() as reserved:  # until COMMIT: then everybody sees what was reserved
        prepared = _prepare(lab, delivery, files, policy, reserved)
        key = {name: prepared.session[name] for name in database.Session.primary_key}
        try:
            with database.transaction(commit=commit):
                if not protect_from_gc(lab, _kept(prepared.rows)):
                    raise Changed
                if prepared.meant.session is None:
                    database.Session.insert1(prepared.session)  # or, if it was made meanwhile, begin anew and find it
                if found := held(database, key, prepared.rows, prepared.ledger["fingerprint"]):
                    enter(database, delivery, Event.RECOGNIZE, lab.clock())
                    return as_duplicate(outcome_of(found, delivery.nwb_size))
                for table, rows in prepared.rows.items():
                    if rows:
                        database.tables[table].insert(rows)
                trials = insert_masks(lab, key, prepared.masks)
                now = lab.clock()
                enter(database, delivery, Event.COMMIT, now)
                times = {"ingested": utc(now), "seconds": time.monotonic() - started}
                ledger = {**prepared.ledger, **key, "trials": trials, **times}
                database.Ingestion.insert1(ledger, allow_direct_insert=True)
                _look_again(database, prepared)
        except (dj.errors.DuplicateError, dj.errors.IntegrityError) as error:
            raise Changed from error  # another process was first, or a row that was there has gone
    return outcome_of(ledger, delivery.nwb_size)


def _prepare(lab: Lab, delivery: Delivery, files: SourceFiles, policy: Policy, reserved: ExitStack) -> Prepared:
    """Read and check a recording, plan its rows, and put its arrays and files into the store.

    If its session is to be made, the id of that is `reserved` for it.
    """
    manifest, database = delivery.manifest, lab.database
    files.release()  # what an earlier attempt has held is no longer what lies there
    nwb = files.nwb
    if (nwb.id.size, nwb.id.mtime) != (delivery.nwb_size, delivery.nwb_mtime):
        raise Superseded
    with ExitStack() as opened:
        problems: list[Problem] = []
        meant = recording = None
        with gathering(problems):
            meant = resolve(database, manifest, policy)
        with gathering(problems):
            recording = opened.enter_context(reading_held(nwb, files.beside))
        problems += proof_problems(manifest, nwb)
        if meant is None or recording is None or problems:
            problems += examine_names(meant.layout, meant.facts(manifest, policy)) if meant else ()
            raise _rejection(problems, files)
        if policy.settled is not None and (paths := unsettled(recording, files, policy.settled)):
            raise Unsettled(paths)
        findings = examine(recording, meant.layout, meant.facts(manifest, policy), lab.config.checks)
        problems += findings.errors
        with gathering(problems):
            masks = ready(lab, meant.masks)
        if problems:
            problems += taken(database, meant.session, recording.object_id) if meant.session else ()
            raise _rejection(problems, files)
        session = meant.session
        if session is None:
            session_id = reserved.enter_context(free_session_id(database, meant.experiment))
            session = new_session(meant, session_id, manifest, recording.session_start_time)
        keys = Keys(
            {name: session[name] for name in database.Session.primary_key},
            meant.rig["behaviourrig_id"],
            [animal["animal_id"] for animal in meant.animals if animal],
        )
        planned = plan(recording, meant.layout, keys, dlc_training=manifest.dlc_training)
        expect_room(lab.store, planned, files)
        rows = _keep(lab.store, planned, files)
    ledger = {
        "delivery_id": delivery.delivery_id,
        "fingerprint": fingerprint(rows, recording.identifier if is_blank(planned) else ""),
        "nwb_identifier": recording.identifier,
        "nwb_object_id": recording.object_id,
        "nwb_sha256": manifest.sha256,
        "rows_inserted": {table: len(some) for table, some in rows.items() if some},
        "bytes": sum(kept.size for kept in _kept(rows)),
        "software": __version__,
        "warnings": [warning.as_dict() for warning in findings.warnings],
    }
    return Prepared(meant, masks, session, rows, ledger, files)


def _rejection(problems: Iterable[Problem], files: SourceFiles) -> Rejected | Superseded:
    """Return what is to be raised: what changed while it was looked at is not wrong, but no longer what was delivered."""
    return Rejected(problems) if files.unchanged() else Superseded()


def _keep(store: Store, planned: Mapping[str, Sequence[Row]], files: SourceFiles) -> dict[str, list[Row]]:
    """Put the arrays and files of rows into the store."""
    rows = {table: [dict(row) for row in some] for table, some in planned.items()}
    arrays = [
        (row, name) for some in rows.values() for row in some for name in ("data", "timestamps") if row.get(name) is not None
    ]
    for (row, name), kept in zip(arrays, store.put_all([row[name] for row, name in arrays]), strict=True):
        row[name] = kept
    for row in rows["Video"]:
        row["video"] = store.keep(files.video(row["video"]))
    return rows


def _kept(rows: Mapping[str, Sequence[Row]]) -> Iterator[Kept]:
    """Yield what rows refer to in the store."""
    return (value for some in rows.values() for row in some for value in row.values() if isinstance(value, Kept))


def _look_again(database: Database, prepared: Prepared) -> None:
    """Raise `Changed` unless files, rig and masks are as they were checked; keep rig and masks so until COMMIT."""
    meant = prepared.meant
    rig = {name: meant.rig[name] for name in database.BehaviourRig.primary_key}
    database.hold((database.BehaviourRig & rig).proj())
    masks = (database.MaskFunction & rig).to_dicts(order_by="mask_id")
    if (database.BehaviourRig & rig).to_dicts() != [meant.rig] or masks != list(meant.masks):
        raise Changed
    if not prepared.files.unchanged():
        raise Changed
