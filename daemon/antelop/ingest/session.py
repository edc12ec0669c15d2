"""Ingest one session: read it, check it, store its arrays, and insert all of its rows in one transaction, or none."""

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import datajoint as dj
import numpy as np

from antelop.checks.examine import Findings
from antelop.database import Database
from antelop.database.connection import OutcomeUnknown
from antelop.database.outages import sentence
from antelop.database.row import Row
from antelop.dropfolder.delivery import Delivery
from antelop.errors import Misconfigured, Problem, Rejected, Unavailable
from antelop.formats.manifest import SPECIFICATION
from antelop.formats.manifest import VERSION as MANIFEST_VERSION
from antelop.ingest import intake
from antelop.ingest.masking import insert_masks
from antelop.ingest.preparation import Prepared, prepare
from antelop.ingest.rows import kept_of
from antelop.ingest.source_files import SourceFiles
from antelop.ingest.uniqueness import existing_recording
from antelop.lab import Lab
from antelop.lab.resolve import Policy
from antelop.lab.store_lock import protect_from_gc
from antelop.outcome import Outcome
from antelop.queue.ledger import Superseded, as_duplicate, committed_outcome, enter, outcome_of, utc
from antelop.queue.states import Event

RESTARTS = 5
"""How many attempts an ingest makes if its rig, masks, session or files change between check and COMMIT."""


class Changed(Exception):
    """The rig, masks, session, store or files changed after the check: roll back and start again."""


def ingest(lab: Lab, delivery: Delivery, files: SourceFiles, policy: Policy, *, commit: bool = True) -> Outcome:
    """Ingest one delivery into one session, completely or not at all; start again if its inputs change meanwhile.

    The caller asks `ledger.committed_outcome` first whether the delivery is already ingested.

    Parameters
    ----------
    lab
        The lab that receives the session.
    delivery
        The delivery, with its manifest.
    files
        The files of the delivery, held open from here on.
    policy
        What the sender of the delivery may do.
    commit
        Whether to commit; a rehearsal rolls back at its end.

    Returns
    -------
    Outcome
        ``ingested``, or ``already-ingested`` if the session holds this recording.

    Raises
    ------
    Rejected
        With every problem of the delivery.
    Unsettled
        If the policy requires settled videos, and one has not settled.
    Superseded
        If the files in the drop folder changed after the delivery was queued.
    Unavailable
        If the database, the store or the share does not answer; the database then holds nothing of the session.
    """
    # A change between check and COMMIT is rare but normal. The number of attempts is limited, so that a file that changes all
    # the time cannot keep a worker.
    cause: BaseException | None = None
    for _ in range(RESTARTS):
        try:
            return _attempt(lab, delivery, files, policy, commit=commit)
        except Changed as changed:
            cause = changed.__cause__
        except OutcomeUnknown:
            # The connection was lost during COMMIT: only the ledger tells whether the server committed.
            lab.reconnect()
            if committed := committed_outcome(lab.database, delivery.delivery_id):
                return committed
            raise
    why = f": {sentence(cause)}" if cause else ""
    what = f"what {files.path.name} was checked against changed {RESTARTS} times while it was ingested{why}"
    raise Unavailable(what) from cause


def ingest_manifest(lab: Lab, path: Path, policy: Policy) -> Outcome:
    """Ingest the recording of a manifest that is in no drop folder; see `ingest`."""
    return _ingest_now(lab, *intake.by_manifest(path), policy)


def rehearse(lab: Lab, path: Path, policy: Policy) -> Findings:
    """Ingest the recording of a manifest, masks included, roll back, and return the problems and warnings."""
    try:
        return Findings((), _ingest_now(lab, *intake.by_manifest(path), policy, commit=False).warnings)
    except Misconfigured:  # an error of the configuration is not a problem of the delivery
        raise
    except Rejected as rejected:
        return Findings(rejected.problems, ())


def insert_nwb(
    lab: Lab, session: Mapping[str, Any], animals: Sequence[Mapping[str, Any]], path: Path, rig: str | int | None = None
) -> Outcome:
    """Ingest one session from a script, by its keys; see `antelop.scripting.Scripting.insert_nwb`."""
    # A key fetched from World names the rig too. Two different statements of the rig would be ambiguous, so both are refused.
    given: Any = dict(session) if isinstance(session, Mapping) else session
    own = given.pop("behaviourrig_id", None) if isinstance(given, dict) else None
    if own is not None and rig is not None:
        what = "the rig is given twice: as `rig`, and as the session's behaviourrig_id"
        raise Rejected([Problem("rig_ambiguous", "rig", what, "Leave one of them out")])
    # The keys become a manifest, so that a script passes the same checks as a drop folder.
    manifest: Row = {"specification": SPECIFICATION, "version": MANIFEST_VERSION, "session": given, "animals": animals}
    if own is not None or rig is not None:
        manifest["rig"] = own if rig is None else rig
    document = json.dumps(manifest, sort_keys=True, default=_plain).encode()
    return _ingest_now(lab, intake.by_hand(path, document), path, Policy())


def _plain(value: object) -> object:
    """Return NumPy values, which fetched keys hold, as Python's numbers for JSON, and any other value as its `repr`."""
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else repr(value)


def _ingest_now(lab: Lab, delivery: Delivery, path: Path, policy: Policy, *, commit: bool = True) -> Outcome:
    """Ingest a delivery for a person; if an earlier call has ingested it, the outcome is ``already-ingested``."""
    # The ledger is asked first: the same delivery by hand twice is a duplicate, and reading the file again is not needed.
    if done := committed_outcome(lab.database, delivery.delivery_id):
        return as_duplicate(done)
    try:
        with SourceFiles.by_hand(path, lab.config) as files:
            return ingest(lab, delivery, files, policy, commit=commit)
    except Superseded:
        raise Unavailable(f"{path} changed while it was ingested") from None


def _attempt(lab: Lab, delivery: Delivery, files: SourceFiles, policy: Policy, *, commit: bool) -> Outcome:
    """Ingest a delivery once, from the first look to COMMIT."""
    started, database = time.monotonic(), lab.database
    with ExitStack() as reserved:  # until COMMIT: then every process sees the new session
        # Reading and checking may take minutes: outside the transaction they hold no locks.
        prepared = prepare(lab, delivery, files, policy, reserved)
        key = {name: prepared.session[name] for name in database.Session.primary_key}
        try:
            with database.transaction(commit=commit):
                # Garbage collection may have run since the arrays were stored: rows must not refer to objects that it removed.
                if not protect_from_gc(lab, kept_of(prepared.rows)):
                    raise Changed
                # The session comes before its rows, which refer to it.
                if prepared.resolved.session is None:
                    database.Session.insert1(prepared.session)  # a DuplicateError starts again, and finds it
                # Another process may have ingested this recording, or filled this session, since the check.
                if found := existing_recording(database, key, prepared.rows, prepared.ledger["fingerprint"]):
                    enter(database, delivery, Event.RECOGNIZE, lab.clock())
                    return as_duplicate(outcome_of(found, delivery.nwb_size))
                # The rows come before the masks, because mask functions read them.
                for table, rows in prepared.rows.items():
                    if rows:
                        database.tables[table].insert(rows)
                trials = insert_masks(lab, key, prepared.masks)
                # The ledger commits with the rows, so that after a crash it tells whether the session was ingested.
                now = lab.clock()
                enter(database, delivery, Event.COMMIT, now)
                times = {"ingested": utc(now), "seconds": time.monotonic() - started}
                ledger = {**prepared.ledger, **key, "trials": trials, **times}
                database.Ingestion.insert1(ledger, allow_direct_insert=True)
                # This is the last step before COMMIT: the later it is, the shorter the time in which a change is missed.
                _require_unchanged(database, prepared)
        except (dj.errors.DuplicateError, dj.errors.IntegrityError) as error:
            raise Changed from error  # another process committed first, or a row was deleted
    return outcome_of(ledger, delivery.nwb_size)


def _require_unchanged(database: Database, prepared: Prepared) -> None:
    """Raise `Changed` unless files, rig and masks are unchanged since the check; keep rig and masks unchanged until COMMIT."""
    resolved = prepared.resolved
    # The lock comes before the comparison, or the rig could change between comparison and COMMIT.
    rig = {name: resolved.rig[name] for name in database.BehaviourRig.primary_key}
    database.hold((database.BehaviourRig & rig).proj())
    masks = (database.MaskFunction & rig).to_dicts(order_by="mask_id")
    if (database.BehaviourRig & rig).to_dicts() != [resolved.rig] or masks != list(resolved.masks):
        raise Changed
    # The archive takes the files after COMMIT: they must be those that were read.
    if not prepared.files.unchanged():
        raise Changed
