"""What became of recordings, against what a clean run makes of one."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from antelop.database import Database, behaviour
from antelop.errors import Problem, Unavailable
from antelop.lab import Lab
from antelop.queue.jobs import counts
from antelop.upkeep.verify import verify
from tests.kills.scene import Scene, Sent

TABLES = [table.__name__ for table in behaviour.TABLES if table.__name__ not in ("BehaviourRig", "MaskFunction", "Feature")]
"""Those that a session has rows in."""

Content = Mapping[str, Counter[str]]
"""What a session holds: by table, its rows as text; arrays and files as their hashes, and nothing that is a recording's own."""

FAULTS = ("lost", "partial", "duplicated", "objects missing", "without outcome", "left behind")
"""What is counted: recordings that no session holds, that one holds otherwise than after a clean run, or that are there twice;
objects that rows refer to and the store lacks; deliveries that are open by `verify` or have no receipt; files that nobody
removes."""


def audit(scene: Scene, lab: Lab, sents: Sequence[Sent], clean: Content) -> tuple[Counter[str], list[str]]:
    """Count what is wrong with recordings that were sent, and with the lab; say each."""
    found: Counter[str] = Counter()
    said = []

    def blame(fault: str, what: str) -> None:
        found[fault] += 1
        said.append(f"{fault}: {what}")

    for sent in sents:
        try:
            for fault, what in _faults(scene, lab, sent, clean):
                blame(fault, f"{sent.folder}/{sent.number}: {what}")
        except Unavailable as unavailable:
            blame("objects missing", f"{sent.folder}/{sent.number}: {unavailable}")

    verify(lab, lambda problem: blame(fault_of(problem), f"verify: {problem}"))
    for path in litter(scene):
        blame("left behind", str(path.relative_to(scene.folder)))
        path.unlink()  # so that it is counted once
    return found, said


def fault_of(problem: Problem) -> str:
    """Return what is counted for a problem that `verify` finds."""
    if problem.check in ("object_lacks", "object_altered"):
        return "objects missing"
    return "partial" if problem.check in ("rows_lack", "ledger_lacks", "recording_lacks", "mask_missing") else "without outcome"


def settled(lab: Lab, sents: Sequence[Sent]) -> bool:
    """Tell whether deliveries are out of the queue, and answered in the ledger."""
    paths = [{"folder": sent.folder, "nwb_path": f"{sent.number}/recording.nwb"} for sent in sents]
    states = list((lab.database.Delivery & paths).to_arrays("state"))
    done = counts(lab.database)
    return states.count("ingested") >= len(sents) and not done.get("pending") and not done.get("reserved")


def content(database: Database, session: Mapping[str, Any], number: int) -> Content:
    """Return what a session holds; `number` is the recording's own, which must be the first sample of its force."""
    return {name: Counter(_text(row, number) for row in (database.tables[name]() & session).to_dicts()) for name in TABLES}


def differences(held: Content, clean: Content) -> Iterator[tuple[str, str]]:
    """Yield in what a session differs from what a clean run makes, each by the name of its fault."""
    for table, rows in held.items():
        if more := rows - clean[table]:
            yield ("duplicated" if rows.total() > clean[table].total() else "partial"), f"{table} has {more}"
        if fewer := clean[table] - rows:
            yield "partial", f"{table} lacks {fewer}"


def litter(scene: Scene) -> list[Path]:
    """Return the files that killed processes have left and that nobody removes; the store's are removed at the next start."""
    expected = {"recording.nwb", "recording_camera.avi", "recording.manifest.json", "recording.receipt.json"}
    return [
        path
        for folder in ("kept", "moved", "archive")
        for path in (scene.folder / folder).rglob("*")
        if path.is_file() and path.name not in expected
    ]


def _faults(scene: Scene, lab: Lab, sent: Sent, clean: Content) -> list[tuple[str, str]]:
    """Return what is wrong with one recording, each by the name of its fault."""
    database, found = lab.database, []
    if not scene.answered(sent):
        found.append(("without outcome", "it has no receipt that says so"))
    place = {"folder": sent.folder, "nwb_path": f"{sent.number}/recording.nwb"}
    ledger = (database.Delivery * database.Ingestion & place).to_dicts()
    sessions = (database.Session & {"session_name": sent.session}).to_dicts()
    if not sessions or not ledger:
        return [*found, ("lost", f"{len(sessions)} sessions and {len(ledger)} rows of the ledger are there")]
    if len(sessions) > 1 or len(ledger) > 1:
        found.append(("duplicated", f"{len(sessions)} sessions and {len(ledger)} rows of the ledger are there"))
    held = content(database, {name: sessions[0][name] for name in database.Session.primary_key}, sent.number)
    found += differences(held, clean)
    home = scene.folder / ("archive" if sent.folder == "moved" else "kept") / str(sent.number)
    for name in ("recording.nwb", "recording_camera.avi", "recording.manifest.json"):
        other = scene.folder / "moved" / str(sent.number) / name
        if not (home / name).is_file() or other.exists():
            found.append(("lost", f"the file {name} is not where it belongs"))
    return found


def _text(row: Mapping[str, Any], number: int) -> str:
    """Return a row as text, but for its session, and for the recording's own number in its force."""
    shown = {name: value for name, value in row.items() if name != "session_id"}
    for name, value in shown.items():
        if isinstance(value, np.ndarray):
            if shown.get("analogevents_name") == "force" and name == "data":
                value = value - np.where(np.arange(len(value)) == 0, number * 0.5e-3, 0)  # noqa: PLW2901
                value = value.round(9)  # noqa: PLW2901
            shown[name] = [str(value.dtype), value.shape, hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()]
        elif isinstance(value, Path):
            shown[name] = hashlib.sha256(value.read_bytes()).hexdigest()
    return json.dumps(shown, sort_keys=True, default=str)
