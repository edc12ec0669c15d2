"""Explain why a file in a drop folder is not ingested, and what a person can do about it."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from antelop.config import FolderConfig
from antelop.database import Database
from antelop.database.row import Row, problems_in
from antelop.dropfolder import junk
from antelop.errors import Rejected
from antelop.files import RegularFile
from antelop.formats.document import load
from antelop.formats.manifest import LONGEST, is_manifest
from antelop.queue import deliveries
from antelop.queue.ledger import outcome_of, recorded_outcome
from antelop.wording import as_span

RELEASES = {
    "unsettled": "It goes on by itself when the file has not changed for the settle time",
    "growing": "It goes on by itself when the file has not changed for the settle time",
    "size": "Copy the file again, or correct the manifest",
    "unfinished": "It goes on by itself when the file is complete; if no program writes or copies it any more, copy it again",
    "locked": "It goes on by itself when the other program closes the file",
    "marked": "It goes on by itself when the program that writes the file closes it",
    "no_manifest": "Put its manifest into the same folder",
    "no_nwb": "Put the file that the manifest names into the same folder, or correct the manifest",
    "misnamed": "Rename the file, or correct the manifest",
    "contested": "Remove all manifests but one",
    "escaping": "Put the file itself here",
    "linked": "Put the folder itself here",
    "misencoded": "Rename it",
    "long": "Rename it, or move it to a folder higher up",
    "unreadable": "Let the user of the service read it",
}
"""What a person can do about each reason to wait (`waiting.Reason`), or what ends it by itself."""

AGAIN = "It is checked again by itself when file, manifest, rig, masks, session, animals, check settings or software change"

UNANSWERED = "Its receipt is not written yet: allow the user of the service to write into the folder of the manifest"


@dataclass(frozen=True)
class Explanation:
    """Why a file is not ingested.

    Attributes
    ----------
    rule
        The reason in one word: a reason to wait, the state of the file's delivery, or why the service ignores the file.
    sentence
        The reason in a sentence.
    release
        What would let the file be ingested; empty if nothing is needed.
    problems
        The problems of its delivery, each as `Problem.as_dict` returns it.
    """

    rule: str
    sentence: str
    release: str = ""
    problems: tuple[Mapping[str, str], ...] = field(default=())


def explain(
    path: Path, folders: Sequence[FolderConfig], status: Mapping[str, Any] | None, database: Database | None
) -> Explanation:
    """Return why a file is not ingested.

    Parameters
    ----------
    path
        The path of the file, which may have been deleted.
    folders
        The drop folders.
    status
        The last status that the service has written; None if there is none.
    database
        The lab's database; None if it cannot be reached.
    """
    # Rules on the path come first: they need neither the status nor the database.
    found = _placed(path, folders)
    if found is None:
        there = ", ".join(str(folder.path) for folder in folders) or "none is configured"
        return Explanation("outside", "it is in no drop folder", f"Deliver it into one: {there}")
    folder, name = found
    status = status or {}
    if passed_over := _by_name(name, folder):
        return passed_over
    # The watcher knows the current files; the ledger may only know an earlier delivery of the same name.
    if waits := next((waits for waits in status.get("waiting", ()) if _concerns(waits, folder.name, name)), None):
        return Explanation(waits["rule"], _with(waits["path"], name, waits["reason"]), RELEASES[waits["rule"]])
    held = next((facts["absent"] for facts in status.get("folders", ()) if facts["name"] == folder.name), None)
    if database is not None and (delivery := delivered(database, [folder], path)):
        so_far = _of_delivery(database, delivery, held or status.get("analysis"))
        unanswered = recorded_outcome(database, delivery) and database.jobs & {"delivery_id": delivery["delivery_id"]}
        return replace(so_far, release=". ".join(filter(None, (UNANSWERED, so_far.release)))) if unanswered else so_far
    # In an absent folder every file seems to be missing, so the folder comes before the file.
    if held:
        return Explanation("absent", f"nothing can be taken from folder {folder.name}: {held}", "Bring the folder back")
    if link := next((part for part in Path(name).parents if (folder.path / part).is_symlink() and part.name), None):
        return Explanation("linked", f"{link} is a link to a folder, which is not followed", RELEASES["linked"])
    if not os.path.lexists(path):
        return Explanation("missing", "there is no such file, and the ledger does not know it", "Deliver it")
    if name.lower().endswith(".json") and not _is_manifest(path):
        what = "it is not a manifest: it has no such specification, and its name does not end in .manifest.json"
        return Explanation("other", what, "If it should be one, give it one of the two")
    unasked = " (the database cannot be reached, and was not asked)" if database is None else ""
    return Explanation("unseen", f"it has not been found yet{unasked}", "The next scan finds it, if `antelop run` is running")


def delivered(database: Database, folders: Sequence[FolderConfig], path: Path) -> Row | None:
    """Return the delivery that a file was last part of, by its recording or its manifest; None if it never was."""
    found = _placed(path, folders)
    if found is None:
        return None
    folder, name = found
    latest = deliveries.concerning(database, folder.name, name)[:1]
    return (database.Delivery & {"delivery_id": latest[0]}).fetch1() if latest else None


def _placed(path: Path, folders: Sequence[FolderConfig]) -> tuple[FolderConfig, str] | None:
    """Return the drop folder that a path is in, and its path in there."""
    for folder in folders:
        for place in (Path(os.path.abspath(path)), path.parent.resolve() / path.name):  # noqa: PTH100  # without `..`
            for root in (folder.path, folder.path.resolve()):
                if place.is_relative_to(root):
                    return folder, place.relative_to(root).as_posix()
    return None


def _by_name(name: str, folder: FolderConfig) -> Explanation | None:
    """Return why the service ignores a file of this name; None if it does not."""
    *parents, last = name.split("/")
    # The watcher does not enter a junk folder, so a part of the path explains as much as the name.
    for part in (*parents, last):
        if maker := junk(part):
            return Explanation("junk", f"it is ignored: {part} is made by {maker}", "Rename it")
    if parents and not folder.recursive:
        return Explanation("subfolder", f"sub-folders of {folder.name} are not scanned", "Set `recursive`, or move it up")
    if last.lower().endswith(".receipt.json"):
        return Explanation("receipt", "it is a receipt, which antelop has written")
    if not last.lower().endswith((".nwb", ".json")):
        what = "it is neither an NWB file nor a manifest; if it is a video that a recording names, it is stored with that"
        return Explanation("other", what)
    return None


def _concerns(waits: Mapping[str, Any], folder: str, name: str) -> bool:
    return waits["folder"] == folder and name in (waits["path"], *waits["others"])


def _with(path: str, name: str, reason: str) -> str:
    return reason if path == name else f"{path}, which belongs to the same delivery: {reason}"


def _of_delivery(database: Database, delivery: Row, held: str | None) -> Explanation:
    """Explain a delivery by its state, its last attempt and its job. `held` tells why nothing is taken from the queue now."""
    key = {"delivery_id": delivery["delivery_id"]}
    state = delivery["state"]
    # Earlier attempts do not count: their problems may be solved.
    attempts = (database.Attempt & key).to_dicts(order_by="attempt_id DESC", limit=1)
    last = attempts[0]["sentence"] if attempts else ""
    match state:
        case "ready":
            return _queued(database, key, last, held)
        case "waiting":
            return Explanation(state, "the videos that it names have not settled yet", RELEASES["unsettled"])
        case "rejected":
            return Explanation(state, last, AGAIN, _problems(attempts))
        case "failed":
            return Explanation(state, last, f"{AGAIN}; or run `antelop retry`")
        case "superseded":
            return Explanation(state, "its file or its manifest was changed or deleted since", "What is there now counts")
        case "ingested":
            # `antelop remove` deletes the row in Ingestion, and keeps those of the delivery and its attempts.
            found = (database.Ingestion & key).to_dicts()
            if not found:
                return Explanation("removed", "it was ingested, and its session was removed since", "Run `antelop retry`")
            return Explanation(state, outcome_of(found[0], delivery["nwb_size"]).sentence)
    return Explanation(state, last)


def _problems(attempts: Sequence[Row]) -> tuple[Mapping[str, str], ...]:
    """Return the problems of the last attempt, if there is one."""
    return tuple(problem.as_dict() for problem in problems_in(attempts[0]["problems"])) if attempts else ()


def _queued(database: Database, key: Mapping[str, Any], last: str, held: str | None) -> Explanation:
    """Explain a delivery in the queue: claimed, delayed by its backoff, held, or next."""
    # The server's clock wrote the times of the job, so it also has to say how long ago they are.
    now = database.connection.query("SELECT LOCALTIMESTAMP(3)").fetchone()[0]
    for job in (database.jobs & key).to_dicts():
        if job["status"] == "reserved":
            worked = as_span((now - job["reserved_time"]).total_seconds())
            return Explanation("claimed", f"worker {job['pid']} on {job['host']} has worked on it for {worked}")
        if job["scheduled_time"] > now and not held:
            pause = as_span((job["scheduled_time"] - now).total_seconds())
            return Explanation("delayed", last, f"It is tried again by itself in {pause}")
    if held:
        return Explanation("held", f"it is in the queue, and stays there: {held}", "Repair that, and it goes on by itself")
    return Explanation("queued", "it is in the queue", "A worker takes it when its turn comes")


def _is_manifest(path: Path) -> bool:
    try:
        with RegularFile.at(path) as file:
            return is_manifest(path.name, load(file.start(LONGEST + 1)))
    except (OSError, Rejected):
        return is_manifest(path.name, None)
