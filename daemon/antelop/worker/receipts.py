"""The receipts in a drop folder: written one by one, and compared with what the ledger says and with what is in the archive."""

import os
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from antelop.config import FolderConfig
from antelop.database import Database
from antelop.database.row import Row
from antelop.database.statement import composed
from antelop.dropfolder.presence import Presence
from antelop.errors import Problem
from antelop.files import available
from antelop.formats.manifest import stem
from antelop.outcome import Outcome
from antelop.queue.ledger import latest
from antelop.queue.states import ANSWERED
from antelop.worker import receipt

INGESTED = ("ingested", "already-ingested")

_FACTS = ("manifest_path", "manifest_size", "manifest_mtime", "nwb_path", "nwb_size", "state")


def answer(database: Database, folder: FolderConfig, delivery: Row, outcome: Outcome) -> str | None:
    """Write the receipt of a delivery, unless it is a later delivery's by now.

    Whoever writes a receipt holds a lock that is named by it, so that an old answer never takes the place of a newer one.

    Returns
    -------
    str or None
        Why it could not be written, in a sentence.
    """
    manifest = Path(delivery["manifest_path"])
    name = receipt.path_for(manifest)
    with database.lock(f"receipt {folder.name} {name}") as held:
        if not held:
            return f"The receipt {folder.path / name} is being written by another worker."
        if latest(database, folder.name, {*map(str, [manifest, *_manifests(name)])}) != delivery["delivery_id"]:
            return None
        return receipt.write(folder.path / name, outcome, within=folder.path)


def disagreements(database: Database, folder: FolderConfig) -> Iterator[Problem]:
    """Find what receipts say otherwise than the ledger, or do not say, within a transaction.

    A receipt whose manifest is still beside it is no matter: that is a delivery, and will be answered.

    Deliveries may go in meanwhile: a receipt is written after COMMIT, and before the delivery is out of the queue. So receipts
    that say that a recording went in are looked for first, then the ledger is read, and what that says is looked for again.

    Raises
    ------
    Unavailable
        If a file cannot be looked at.
    """
    if absence := Presence(folder.path, folder.sentinel).absence():
        what = f"{absence}; so nobody can tell what its receipts say"
        yield Problem("folder_absent", f"folder {folder.name}", what, "Mount it, or correct [[folders]], and verify again")
        return
    claims = set(_claims(folder.path))
    for manifest, rows in groupby(_deliveries(database, folder.name), lambda row: folder.path / row["manifest_path"]):
        of_one = list(rows)
        if any(row["state"] in INGESTED or row["queued"] for row in of_one):  # a queued one may have gone in before its retry
            claims.discard(receipt.path_for(manifest))
        if of_one[-1]["state"] in ANSWERED and not of_one[-1]["queued"]:
            yield from _of_delivery(folder, of_one[-1])
    for path in sorted(claim for claim in claims if not _beside(claim)):
        where = f"receipt {folder.name}/{path.relative_to(folder.path)}"
        remedy = "Bring the recording and its manifest back into the folder, and it is ingested again; or delete the receipt"
        yield Problem(
            "receipt_unknown", where, "it says that a recording went in, and the ledger knows nothing of that", remedy
        )


def _claims(folder: Path) -> Iterator[Path]:
    """Yield the receipts that say that a recording went in."""

    def fail(error: OSError) -> None:
        raise error

    with available(f"the folder {folder} cannot be read"):
        for directory, _, names in os.walk(folder, onerror=fail):
            for path in (Path(directory, name) for name in names if name.lower().endswith(".receipt.json")):
                if (receipt.read(path) or {}).get("outcome") in INGESTED:
                    yield path


def _beside(path: Path) -> bool:
    """Tell whether there is a manifest that goes with a receipt."""
    return any(manifest.exists() for manifest in _manifests(path))


def _manifests(path: Path) -> list[Path]:
    """Return the manifests that have this receipt, by both kinds of names."""
    return [path.with_name(f"{stem(path.name)}{ending}") for ending in (".manifest.json", ".json")]


def _deliveries(database: Database, folder: str) -> Iterator[Row]:
    """Yield the deliveries of a folder, those of a manifest together, the latest last, and whether each is ``queued``."""
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
    """Find what is wrong with the receipt of a delivery that was answered; if its manifest is gone it need have none."""
    name, manifest = row["nwb_path"] or row["manifest_path"], folder.path / row["manifest_path"]
    where, answer = f"delivery {folder.name}/{name}", receipt.read(receipt.path_for(manifest))
    outcome = None if answer is None else answer.get("outcome")
    if outcome != row["state"]:
        if answer is not None or _look(manifest) == (row["manifest_size"], row["manifest_mtime"]):
            said = "it has no receipt" if answer is None else f"its receipt says {outcome!r:.40}"
            yield Problem("receipt_differs", where, f"it is {row['state']}, and {said}", f"Run `antelop retry {name}`")
    elif folder.archive is not None and answer is not None and _archived(answer) == str(place := folder.archive / name):
        found = _look(place)
        if found is None or found[0] != row["nwb_size"]:
            what = f"its receipt says that it is archived as {place}, where {'another file' if found else 'nothing'} is"
            yield Problem("archive_lacks", where, what, "Bring it back from a backup of the archive, or delete the receipt")


def _archived(answer: dict[str, Any]) -> object:
    """Return where a receipt says that the recording is archived."""
    archived = answer.get("archived")
    return archived.get("path") if isinstance(archived, dict) else None


def _look(path: Path) -> tuple[int, int] | None:
    """Return the size in bytes and the mtime in nanoseconds of a file; None if it is not there."""
    with available(f"{path} cannot be looked at"):
        try:
            found = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
    return found.st_size, found.st_mtime_ns
