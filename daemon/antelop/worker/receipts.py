"""The receipts of a drop folder: writing one, and comparing all with the ledger and the archive."""

import os
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from antelop.config import FolderConfig
from antelop.database import Database
from antelop.database.row import Row
from antelop.database.statement import composed
from antelop.dropfolder.delivery import is_placed
from antelop.dropfolder.presence import Presence
from antelop.errors import Problem, available
from antelop.formats.manifest import stem
from antelop.outcome import Outcome
from antelop.queue.ledger import latest
from antelop.queue.states import ANSWERED
from antelop.worker import receipt

INGESTED = ("ingested", "already-ingested")

_FACTS = ("delivery_id", "manifest_path", "manifest_size", "manifest_mtime", "nwb_path", "nwb_size", "state")


def answer(database: Database, folder: FolderConfig, delivery: Row, outcome: Outcome) -> str | None:
    """Write the receipt of a delivery, unless a later delivery has the same receipt.

    A worker holds a lock with the name of the receipt while it writes, so that an old outcome never replaces a newer one.

    Returns
    -------
    str or None
        Why it could not be written, in a sentence.
    """
    if not is_placed(delivery["manifest_path"]):
        return f"The receipt of {delivery['manifest_path']!r:.80} could not be written: that is no path in {folder.path}."
    manifest = Path(delivery["manifest_path"])
    name = receipt.path_for(manifest)
    with database.lock(f"receipt {folder.name} {name}") as held:
        if not held:
            return f"The receipt {folder.path / name} is being written by another worker."
        if latest(database, folder.name, {*map(str, [manifest, *_manifests(name)])}) != delivery["delivery_id"]:
            return None
        return receipt.write(folder.path / name, outcome, within=folder.path)


def disagreements(database: Database, folder: FolderConfig) -> Iterator[Problem]:
    """Find the differences between receipts and the ledger; call it within a transaction.

    A receipt that the ledger does not know is not reported if its manifest is next to it: that delivery will be answered.

    Workers may ingest at the same time: a receipt is written after COMMIT, and before the job is removed. So the receipts of
    ingested recordings are listed first, then the ledger is read, and then the receipts of its rows are read.

    Raises
    ------
    Unavailable
        If a file cannot be read.
    """
    if absence := Presence(folder.path, folder.sentinel).absence():
        what = f"{absence}; its receipts cannot be compared"
        yield Problem("folder_absent", f"folder {folder.name}", what, "Mount it, or correct [[folders]], and verify again")
        return
    claims = set(_claims(folder.path))
    for path, rows in groupby(_deliveries(database, folder.name), lambda row: row["manifest_path"]):
        of_one = list(rows)
        if strange := next((row for row in of_one if not _is_placed(row)), None):
            where, what = f"delivery {strange['delivery_id']!r:.80}", "its paths are not paths of files in a drop folder"
            yield Problem("delivery_path", where, what, "Find out who wrote this row into Delivery, and delete it")
            continue
        manifest = folder.path / path
        # A queued delivery may have been ingested before its retry.
        if any(row["state"] in INGESTED or row["queued"] for row in of_one):
            claims.discard(receipt.path_for(manifest))
        if of_one[-1]["state"] in ANSWERED and not of_one[-1]["queued"]:
            yield from _of_delivery(folder, of_one[-1])
    for path in sorted(claim for claim in claims if not _has_manifest(claim)):
        where = f"receipt {folder.name}/{path.relative_to(folder.path)}"
        remedy = "Bring the recording and its manifest back into the folder, and it is ingested again; or delete the receipt"
        yield Problem(
            "receipt_unknown", where, "it says that a recording was ingested, and the ledger does not know that", remedy
        )


def _claims(folder: Path) -> Iterator[Path]:
    """Yield the receipts with an outcome of `INGESTED`."""

    def fail(error: OSError) -> None:
        raise error

    with available(f"the folder {folder} cannot be read"):
        for directory, _, names in os.walk(folder, onerror=fail):
            for path in (Path(directory, name) for name in names if name.lower().endswith(".receipt.json")):
                if (receipt.read(path, folder) or {}).get("outcome") in INGESTED:
                    yield path


def _has_manifest(path: Path) -> bool:
    """Tell whether the manifest of a receipt is next to it."""
    return any(manifest.exists() for manifest in _manifests(path))


def _manifests(path: Path) -> list[Path]:
    """Return the two manifests that can have this receipt: ``X.manifest.json`` and ``X.json``."""
    return [path.with_name(f"{stem(path.name)}{ending}") for ending in (".manifest.json", ".json")]


def _deliveries(database: Database, folder: str) -> Iterator[Row]:
    """Yield the deliveries of a folder, grouped by manifest, the latest last; ``queued`` tells whether it has a job."""
    query = composed(
        "SELECT {facts}, EXISTS (SELECT 1 FROM {jobs} AS j WHERE j.delivery_id = d.delivery_id) "
        "FROM {deliveries} AS d WHERE folder = %s ORDER BY manifest_path, readied",
        facts=", ".join(_FACTS),
        jobs=database.jobs.full_table_name,
        deliveries=database.Delivery.full_table_name,
    )
    for row in database.connection.stream(query, (folder,)):
        yield dict(zip((*_FACTS, "queued"), row, strict=True))


def _of_delivery(folder: FolderConfig, row: Row) -> Iterator[Problem]:
    """Find the problems of the receipt of an answered delivery. It may be missing if the manifest is missing too."""
    name, manifest = row["nwb_path"] or row["manifest_path"], folder.path / row["manifest_path"]
    where, answer = f"delivery {folder.name}/{name}", receipt.read(receipt.path_for(manifest), folder.path)
    outcome = None if answer is None else answer.get("outcome")
    # A user may delete a receipt with its manifest, but a manifest that is still there has to have one.
    if outcome != row["state"]:
        if answer is not None or _size_and_mtime(manifest) == (row["manifest_size"], row["manifest_mtime"]):
            found = "it has no receipt" if answer is None else f"its receipt says {outcome!r:.40}"
            yield Problem("receipt_differs", where, f"it is {row['state']}, and {found}", f"Run `antelop retry {name}`")
    elif folder.archive is not None and answer is not None and (place := _archived(answer, folder.archive, name)):
        archived = _size_and_mtime(place)
        if archived is None or archived[0] != row["nwb_size"]:
            what = f"its receipt says that it is archived as {place}, where {'another file' if archived else 'nothing'} is"
            yield Problem("archive_lacks", where, what, "Bring it back from a backup of the archive, or delete the receipt")


def _is_placed(row: Row) -> bool:
    """Tell whether the paths of a delivery are such as a drop folder has; only a rejected manifest has no NWB file."""
    return is_placed(row["manifest_path"]) and (not row["nwb_path"] or is_placed(row["nwb_path"]))


def _archived(answer: dict[str, Any], archive: Path, name: str) -> Path | None:
    """Return the archived path in a receipt; None if it has no such path, or one outside the archive."""
    archived = answer.get("archived")
    path = archived.get("path") if isinstance(archived, dict) else None
    root = f"{archive}/"
    if not isinstance(path, str) or not path.startswith(root) or not is_placed(path.removeprefix(root)):
        return None  # any user who may write the folder may have written the receipt
    return Path(path) if f"/{path}".endswith(f"/{name}") else None


def _size_and_mtime(path: Path) -> tuple[int, int] | None:
    """Return the size in bytes and the mtime in nanoseconds of a file; None if there is no such file."""
    with available(f"{path} cannot be read"):
        try:
            found = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
    return found.st_size, found.st_mtime_ns
