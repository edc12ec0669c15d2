"""One session, top to bottom: read, check, keep the arrays, and insert everything in one transaction, or nothing."""

import hashlib
import json
import posixpath
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import datajoint as dj
import numpy as np

from antelop import rig as rigs
from antelop.arrays import Kept, Store
from antelop.checks import Facts, Findings, examine
from antelop.delivery import Delivery, companion
from antelop.document import load
from antelop.errors import Problem, Rejected, Unavailable
from antelop.keys import Meant, Policy, resolve
from antelop.lab import Lab
from antelop.ledger import already, enter, named, outcome_of, recall, utc
from antelop.manifest import SPECIFICATION, parse
from antelop.manifest import VERSION as MANIFEST_VERSION
from antelop.masking import insert_masks
from antelop.nwb import reading
from antelop.outcome import VERSION, Outcome
from antelop.recording import Recording
from antelop.rows import Keys, Row, any_sample, fingerprint, plan
from antelop.tables.connection import Database, OutcomeUnknown

RESTARTS = 5
"""How often an ingest begins anew because what it was checked against changed before it could commit."""


class Changed(Exception):
    """Something that the plan rests on is no longer as it was when it was checked: begin anew."""


class Unsettled(Exception):
    """The recording names videos that may still be changing; `paths` are relative to the drop folder."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = tuple(paths)
        super().__init__(*paths)


def ingest(lab: Lab, delivery: Delivery, path: Path, policy: Policy) -> Outcome:
    """Ingest one delivery: everything for one session, or nothing.

    Parameters
    ----------
    lab
        Where it goes.
    delivery
        What was delivered, with its manifest.
    path
        The NWB file.
    policy
        What whoever delivered it may do.

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
    for _ in range(RESTARTS):
        try:
            return recall(lab.database, delivery.delivery_id) or _attempt(lab, delivery, path, policy)
        except Changed:
            continue
        except OSError as error:  # of the disk or the share: a wrong file is `Rejected` by whoever reads it
            raise Unavailable(f"{path} cannot be read: {error.strerror or error}") from error
        except OutcomeUnknown:
            lab.reconnect()
            if committed := recall(lab.database, delivery.delivery_id):
                return committed
            raise
    raise Unavailable(f"what {path.name} was checked against changed {RESTARTS} times while it was ingested")


def rehearse(lab: Lab, path: Path, policy: Policy) -> Findings:
    """Check what a manifest names as an ingest would, and store nothing."""
    delivery, nwb_path = _delivered(path)
    try:
        meant = resolve(lab.database, delivery.manifest, policy)
        with reading(nwb_path) as recording:
            return _examine(lab, recording, meant, delivery, policy)
    except Rejected as rejected:
        return Findings(rejected.problems, ())


def ingest_manifest(lab: Lab, path: Path, policy: Policy) -> Outcome:
    """Ingest what a manifest names, without a drop folder; see `ingest`."""
    delivery, nwb_path = _delivered(path)
    return _ingest_again(lab, delivery, nwb_path, policy)


def insert_nwb(
    lab: Lab, session: Mapping[str, Any], animals: Sequence[Mapping[str, Any]], path: Path, rig: str | int | None = None
) -> Outcome:
    """Ingest one session from a script, by its keys; see `antelop.load_connection.insert_nwb`."""
    manifest: Row = {
        "specification": SPECIFICATION,
        "version": MANIFEST_VERSION,
        "session": {name: _plain(value) for name, value in session.items() if name != "behaviourrig_id"},
        "animals": [{name: _plain(value) for name, value in animal.items()} for animal in animals],
    }
    if rig is None:
        rig = session.get("behaviourrig_id")
    if rig is not None:
        manifest["rig"] = _plain(rig)
    return _ingest_again(lab, _beside_nothing(path.absolute(), json.dumps(manifest, sort_keys=True).encode()), path, Policy())


def _ingest_again(lab: Lab, delivery: Delivery, path: Path, policy: Policy) -> Outcome:
    """Ingest what a person asks for: to ask for what is done already is a question, not a crash to recover from."""
    if done := recall(lab.database, delivery.delivery_id):
        return already(lab.database, done.session, delivery.nwb_size)
    return ingest(lab, delivery, path, policy)


def _delivered(path: Path) -> tuple[Delivery, Path]:
    """Return the delivery that a manifest outside any drop folder stands for, and the file that it goes with."""
    try:
        document = path.read_bytes()
        here = sorted(entry.name for entry in path.parent.iterdir())
    except OSError as error:
        raise Rejected(
            [
                Problem(
                    "manifest_unreadable",
                    str(path),
                    f"the manifest cannot be read: {error.strerror}",
                    "Give the path of a manifest",
                )
            ]
        ) from error
    manifest = parse(load(document))
    nwb_path = path.parent / companion(path.name, manifest, here)
    return _beside_nothing(nwb_path.absolute(), document), nwb_path


def _beside_nothing(path: Path, document: bytes) -> Delivery:
    """Return a delivery that is in no drop folder."""
    try:
        found = path.stat()
    except OSError as error:
        remedy = "Give the path of an NWB file"
        raise Rejected([Problem("nwb_unreadable", str(path), f"the file cannot be read: {error.strerror}", remedy)]) from error
    return Delivery("", "", 0, 0, document, str(path), found.st_size, found.st_mtime_ns)


def _plain(value: object) -> object:
    """Return a number as JSON has it: keys that were fetched are of NumPy's types."""
    return value.item() if isinstance(value, np.generic) else value


def _attempt(lab: Lab, delivery: Delivery, path: Path, policy: Policy) -> Outcome:
    """Ingest a delivery once, from the first look to COMMIT."""
    started, database = time.monotonic(), lab.database
    meant = resolve(database, delivery.manifest, policy)
    seen = _seen(path)
    _verify(delivery, path)
    with reading(path) as recording:
        if policy.settled is not None:
            _expect_settled(recording, delivery, policy.settled)
        findings = _examine(lab, recording, meant, delivery, policy)
        if findings.errors:
            raise Rejected(findings.errors)
        session = meant.session or _new_session(database, meant, delivery, recording)
        keys = Keys(
            {name: session[name] for name in database.Session.primary_key},
            meant.rig["behaviourrig_id"],
            [animal["animal_id"] for animal in meant.animals if animal],
        )
        planned = plan(recording, rigs.parse(meant.rig["rig_json"]), keys, dlc_training=delivery.manifest.dlc_training)
        identifier = "" if any_sample(planned) else recording.identifier
        ledger: Row = {
            "nwb_identifier": recording.identifier[:255],
            "nwb_object_id": recording.object_id[:64],
            "nwb_sha256": delivery.manifest.sha256,
            "warnings": [warning.as_dict() for warning in findings.warnings],
        }
        rows = {table: [_keep(lab.store, row) for row in some] for table, some in planned.items()}
    ledger["fingerprint"] = fingerprint(_described(rows), identifier)
    ledger["bytes"] = sum(
        value.size for some in rows.values() for row in some for value in row.values() if isinstance(value, Kept)
    )
    if _holds(database, keys.session, ledger["fingerprint"]):
        enter(database, delivery, "already-ingested", datetime.now(UTC))
        return already(database, keys.session, delivery.nwb_size)
    try:
        with database.transaction():
            if meant.session is None:
                database.Session.insert1(session)
            for table, some in rows.items():
                database.tables[table].insert(some)
            trials = insert_masks(lab, keys.session, meant.masks)
            now = datetime.now(UTC)
            enter(database, delivery, "ingested", now)
            ledger |= {
                **keys.session,
                "delivery_id": delivery.delivery_id,
                "rows_inserted": {table: len(some) for table, some in rows.items() if some},
                "trials": trials,
                "seconds": time.monotonic() - started,
                "software": VERSION,
                "ingested": utc(now),
            }
            database.Ingestion.insert1(ledger, allow_direct_insert=True)
            _look_again(database, meant, path, seen)
    except (dj.errors.DuplicateError, dj.errors.IntegrityError) as error:
        raise Changed from error  # somebody else was first, or a row that was there has gone
    return outcome_of(ledger, delivery.nwb_size)


def _examine(lab: Lab, recording: Recording, meant: Meant, delivery: Delivery, policy: Policy) -> Findings:
    """Find everything that is wrong with a delivery, its mask functions included."""
    asked = delivery.manifest.session
    made = policy.create_sessions and "session_name" in asked
    facts = Facts(
        experiment=meant.experiment,
        session=asked,
        session_exists=made or meant.session is not None,
        session_timestamp=meant.session["session_timestamp"] if meant.session else None,
        sessions=meant.sessions,
        animals=delivery.manifest.animals,
        experiment_animals=meant.known_animals,
    )
    findings = examine(recording, rigs.parse(meant.rig["rig_json"]), facts, lab.config.checks)
    problems = list(findings.errors)
    for mask in meant.masks:
        try:
            lab.analysis.function(mask["maskfunction_name"], lab.database.tables)
        except Rejected as rejected:
            problems += rejected.problems
    return replace(findings, errors=tuple(problems))


def _verify(delivery: Delivery, path: Path) -> None:
    """Raise `Rejected` unless the file has the size and hash that the manifest states."""
    stated = delivery.manifest
    problems = []
    if stated.size is not None and stated.size != delivery.nwb_size:
        what = f"the manifest states {stated.size} bytes and the file has {delivery.nwb_size}"
        problems.append(Problem("size_differs", "/size", what, "Copy the file again"))
    elif stated.sha256 is not None:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != stated.sha256:
            what = f"the manifest states SHA-256 {stated.sha256} and the file has {found}"
            problems.append(Problem("sha256_differs", "/sha256", what, "Copy the file again, or correct the manifest"))
    if problems:
        raise Rejected(problems)


def _expect_settled(recording: Recording, delivery: Delivery, settled: Collection[tuple[str, int, int]]) -> None:
    """Raise `Unsettled` if the recording names videos of which nobody has seen that they have stopped changing."""
    folder = posixpath.dirname(delivery.nwb_path)
    known = {path: (size, mtime) for path, size, mtime in settled}
    wanted = []
    for series in recording.series.values():
        for video in series.videos:
            name = posixpath.normpath(posixpath.join(folder, video.name))
            if video.path is not None and video.inside:
                found = video.path.stat()
                if known.get(name) != (found.st_size, found.st_mtime_ns):
                    wanted.append(name)
    if wanted:
        raise Unsettled(wanted)


def _seen(path: Path) -> tuple[int, int, int]:
    """Return what tells whether a file is still the same."""
    now = path.stat()
    return now.st_ino, now.st_size, now.st_mtime_ns


def _look_again(database: Database, meant: Meant, path: Path, seen: tuple[int, int, int]) -> None:
    """Raise `Changed` unless file, rig and masks are as they were checked; keep rig and masks so until COMMIT."""
    rig = {name: meant.rig[name] for name in database.BehaviourRig.primary_key}
    database.hold(database.BehaviourRig & rig)
    masks = tuple((database.MaskFunction & rig).to_dicts(order_by="mask_id"))
    if (database.BehaviourRig & rig).to_dicts() != [meant.rig] or masks != meant.masks or _seen(path) != seen:
        raise Changed


def _keep(store: Store, row: Row) -> Row:
    """Put a row's arrays and file into the store."""
    kept = dict(row)
    for name in ("data", "timestamps"):
        if kept.get(name) is not None:
            kept[name] = store.put(kept[name])
    if "video" in kept:
        kept["video"] = store.keep(kept["video"])
    return kept


def _described(rows: Mapping[str, Sequence[Row]]) -> dict[str, list[Row]]:
    """Return rows with the JSON objects that stand for their arrays and files."""
    return {
        table: [{name: value.as_json() if isinstance(value, Kept) else value for name, value in row.items()} for row in some]
        for table, some in rows.items()
    }


def _holds(database: Database, session: Mapping[str, Any], identity: str) -> bool:
    """Tell whether the session holds this recording; raise `Rejected` if it holds another, or another session holds this."""
    held = (database.Ingestion & session).to_arrays("fingerprint")
    if len(held) and held[0] == identity:
        return True
    name = named(session)
    if len(held) or database.World & session:
        remedy = f"If this one is to take its place, run `antelop remove {name}` first"
        raise Rejected([Problem("session_taken", name, "the session already holds another recording", remedy)])
    twins = (database.Ingestion & {"fingerprint": identity}).proj(*database.Session.primary_key).to_dicts(limit=1)
    if twins:
        twin = named(twins[0])
        remedy = f"Deliver it for that session, or run `antelop remove {twin}` first if the recording belongs to {name}"
        raise Rejected([Problem("recording_taken", twin, f"this session already holds the recording that is delivered for {name}", remedy)])
    return False


def _new_session(database: Database, meant: Meant, delivery: Delivery, recording: Recording) -> Row:
    """Return the row of a session that is made for this delivery."""
    ids = (database.Session & meant.experiment).to_arrays("session_id")
    return {
        **meant.experiment,
        "session_id": int(max(ids, default=0)) + 1,
        "session_name": delivery.manifest.session["session_name"],
        "session_timestamp": recording.session_start_time.replace(tzinfo=None),
        "session_notes": delivery.manifest.note[:1000],
    }
