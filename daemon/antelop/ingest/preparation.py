"""Prepare a session for its transaction: read the recording, check it, plan its rows, and store its arrays.

This may take minutes. It holds no locks of the database, except that on the number of a new session.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from antelop import __version__
from antelop.analysis.functions import AnalysisFunction
from antelop.checks.examine import examine, examine_names
from antelop.checks.facts import Facts
from antelop.database import Database
from antelop.database.row import Row
from antelop.dropfolder.delivery import Delivery
from antelop.errors import Problem, Rejected, gathering
from antelop.formats.manifest import Manifest
from antelop.ingest.masking import ready
from antelop.ingest.room import expect_room
from antelop.ingest.rows import Keys, fingerprint, kept_of, plan
from antelop.ingest.source_files import SourceFiles, proof_problems, unsettled
from antelop.ingest.uniqueness import occupied_problems
from antelop.lab import Lab
from antelop.lab.resolve import Policy, ResolvedManifest, free_session_id, new_session, resolve
from antelop.queue.ledger import Superseded
from antelop.recording import reading_held
from antelop.recording.recording import Recording
from antelop.store import Store


class Unsettled(Exception):
    """The recording names videos that have not settled; `paths` are relative to the drop folder."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = tuple(paths)
        super().__init__(*paths)


@dataclass(frozen=True)
class Prepared:
    """A session that is ready to insert: everything that needs no transaction is done.

    Attributes
    ----------
    resolved
        The manifest with the rows of session, rig, animals and masks against which the recording was checked.
    masks
        The masks of the rig, each with its function.
    session
        The row of `Session`.
    rows
        Rows by table; their arrays and files are in the store.
    ledger
        The row of `Ingestion`, without the values that are known only before COMMIT.
    files
        The files of the delivery, held open.
    """

    resolved: ResolvedManifest
    masks: list[tuple[Row, AnalysisFunction]]
    session: Row
    rows: dict[str, list[Row]]
    ledger: Row
    files: SourceFiles


def prepare(lab: Lab, delivery: Delivery, files: SourceFiles, policy: Policy, reserved: ExitStack) -> Prepared:
    """Read and check a recording, plan its rows, and put its arrays and files into the store.

    The number of a new session stays reserved until `reserved` is closed.

    Raises
    ------
    Rejected
        With every problem of the delivery.
    Unsettled
        If a video has not settled.
    Superseded
        If the files changed after the delivery was queued.
    Unavailable
        If the database, the store or the share does not answer.
    """
    # A delivery whose manifest cannot be read has no NWB file: it is rejected for the manifest.
    manifest = delivery.manifest
    # An earlier attempt may hold files that were replaced meanwhile: open those that are there now.
    files.release()
    if (files.nwb.id.size, files.nwb.id.mtime) != (delivery.nwb_size, delivery.nwb_mtime):
        raise Superseded
    with ExitStack() as opened:
        resolved, recording = _read(lab.database, manifest, policy, files, opened)
        # Videos that still change would fail the checks for a reason that passes by itself: wait for them first.
        if policy.settled is not None and (paths := unsettled(recording, resolved.layout, files, policy.settled)):
            raise Unsettled(paths)
        masks, warnings = _check(lab, resolved, resolved.facts(manifest, policy), recording, files)
        # Two workers may create sessions of one experiment at the same time: the reserved number belongs to one of them.
        session = resolved.session
        if session is None:
            session_id = reserved.enter_context(free_session_id(lab.database, resolved.experiment))
            session = new_session(resolved, session_id, manifest, recording.session_start_time)
        # The room is checked before the first byte is written, so that a rejected delivery leaves nothing in the store.
        keys = _keys(lab.database, session, resolved)
        planned = plan(recording, resolved.layout, keys, dlc_training=manifest.dlc_training)
        expect_room(lab.store, planned, files)
        rows = _put(lab.store, planned, files)
    content = fingerprint(rows, recording.identifier, recording.session_start_time)
    ledger = _ledger_row(delivery, recording, rows, content, warnings)
    return Prepared(resolved, masks, session, rows, ledger, files)


def _read(
    database: Database, manifest: Manifest, policy: Policy, files: SourceFiles, opened: ExitStack
) -> tuple[ResolvedManifest, Recording]:
    """Resolve the names of a manifest and open its recording; raise `Rejected` with the problems of both."""
    # Manifest and file are both read before anything is raised, so that one receipt holds the problems of both.
    problems: list[Problem] = []
    resolved = recording = None
    with gathering(problems):
        resolved = resolve(database, manifest, policy)
    with gathering(problems):
        recording = opened.enter_context(reading_held(files.nwb, files.video_paths))
    problems += proof_problems(manifest, files.nwb)
    # Without both, the contents cannot be checked, but the names in the manifest still can.
    if resolved is None or recording is None or problems:
        problems += examine_names(resolved.layout, resolved.facts(manifest, policy)) if resolved else ()
        raise _rejection(problems, files)
    return resolved, recording


def _check(
    lab: Lab, resolved: ResolvedManifest, facts: Facts, recording: Recording, files: SourceFiles
) -> tuple[list[tuple[Row, AnalysisFunction]], tuple[Problem, ...]]:
    """Return the masks with their functions, and the warnings; raise `Rejected` with every error of contents and masks."""
    # Contents, masks and identity are checked together, so that the sender corrects all problems at once.
    findings = examine(recording, resolved.layout, facts, lab.config.checks, lab.clock())
    problems = list(findings.errors)
    with gathering(problems):
        masks = ready(lab, resolved.masks)
    if problems:
        problems += occupied_problems(lab.database, resolved.session, recording.object_id) if resolved.session else ()
        raise _rejection(problems, files)
    return masks, findings.warnings


def _rejection(problems: Iterable[Problem], files: SourceFiles) -> Rejected | Superseded:
    """Return `Rejected`, or `Superseded` if the files changed during the check and the problems may be due to that."""
    return Rejected(problems) if files.unchanged() else Superseded()


def _keys(database: Database, session: Row, resolved: ResolvedManifest) -> Keys:
    """Return the keys that the rows of a recording get."""
    return Keys(
        {name: session[name] for name in database.Session.primary_key},
        resolved.rig["behaviourrig_id"],
        [animal["animal_id"] for animal in resolved.animals if animal],
    )


def _put(store: Store, planned: Mapping[str, Sequence[Row]], files: SourceFiles) -> dict[str, list[Row]]:
    """Put the arrays and files of rows into the store; return the rows with what the store keeps in their place."""
    # The rows are copied: a function leaves what it is given as it is.
    rows = {table: [dict(row) for row in some] for table, some in planned.items()}
    # All arrays go to the store in one call, which stores an array that several rows share only once.
    arrays = [
        (row, name) for some in rows.values() for row in some for name in ("data", "timestamps") if row.get(name) is not None
    ]
    for (row, name), kept in zip(arrays, store.put_all([row[name] for row, name in arrays]), strict=True):
        row[name] = kept
    for row in rows["Video"]:
        row["video"] = store.keep(files.video(row["video"]))
    return rows


def _ledger_row(
    delivery: Delivery, recording: Recording, rows: Mapping[str, Sequence[Row]], content: str, warnings: Sequence[Problem]
) -> Row:
    """Return the row of `Ingestion`, without what is known only before COMMIT; `content` is the fingerprint."""
    return {
        "delivery_id": delivery.delivery_id,
        "fingerprint": content,
        "nwb_identifier": recording.identifier,
        "nwb_object_id": recording.object_id,
        "nwb_sha256": delivery.manifest.sha256,
        "rows_inserted": {table: len(some) for table, some in rows.items() if some},
        "bytes": sum(kept.size for kept in kept_of(rows)),
        "software": __version__,
        "warnings": [warning.as_dict() for warning in warnings],
    }
