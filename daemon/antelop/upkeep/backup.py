"""The embedded database and the store in a folder elsewhere, as they were at one moment, while sessions go in.

A backup is a store (see `antelop.store`) of three things: the objects that the database's rows refer to; the database, in
pg_dump's custom format; and a list of the objects, as ``sha256sum --check`` reads it. ``backup.json`` names the last two. It is
written when everything else is on the disk: where it is missing nothing is backed up, and until it is replaced the backup
before holds.

An object is in the store before a row refers to it, and never changes. So the database goes first, as it is in one snapshot,
and then, for as long as it takes, what that refers to.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from math import inf
from pathlib import Path

from antelop import __version__, files
from antelop.config import Config
from antelop.database.embedded import serving
from antelop.database.embedded.dump import ask, dump, load, stop_loading
from antelop.errors import Problem, Rejected
from antelop.files import available
from antelop.lab import Lab
from antelop.lab.lab import RESTORING
from antelop.lab.store_lock import exclusive_store_lock
from antelop.store import Store
from antelop.store.objects import Incoming
from antelop.store.survey import Object, discard, is_whole, objects, size_of
from antelop.upkeep.inventory import Inventory, Progress
from antelop.upkeep.server_backup import expect_embedded

NAME = "backup.json"
LONGEST = 1 << 16  # bytes of it, of which it has some hundred
SPECIFICATION = {"specification": "antelop-backup", "version": "1.0"}

_TABLES = r"SELECT 1 FROM pg_class WHERE relnamespace::regnamespace::text !~ '^(pg_|information_schema$)' LIMIT 1"
_OWNER = "SELECT schema_id FROM antelop_ingest_ingest.schema_version WHERE schema_name = 'antelop_ingest_behaviour'"

_RELEASE = """UPDATE antelop_ingest_ingest."~~ingestion" SET status = 'pending' WHERE status = 'reserved'"""
"""The workers that had claimed deliveries when the backup was made do not work on what is restored."""


@dataclass(frozen=True)
class Backup:
    """A finished backup.

    Attributes
    ----------
    began
        The moment that it holds, in ISO 8601.
    software, postgresql
        The versions that made it.
    owner
        The identity of the lab.
    database, listing
        The addresses of the dump and of the list of objects.
    sessions, objects, bytes
        How many sessions hold a recording, and how many objects, of how many bytes in all, rows refer to.
    """

    began: str
    software: str
    postgresql: str
    owner: str
    database: str
    listing: str
    sessions: int
    objects: int
    bytes: int


def backup(lab: Lab, folder: Path, now: datetime, progress: Progress) -> Backup:
    """Back up a lab; what is in the folder already, from a backup before, is not copied again.

    Parameters
    ----------
    lab
        With an embedded database. Sessions may go in meanwhile.
    folder
        A folder for this alone; made if missing. What the new backup does not need is removed from it at the end.
    now
        With a time zone.
    progress
        Shows how far copying has come.

    Raises
    ------
    Misconfigured
        If the database is a server's: the remedy is the commands that back it up.
    Rejected
        If the folder holds something else, or an object is missing or not whole.
    Unavailable
        If a disk is full or away, or another process backs up or cleans the store.
    """
    expect_embedded(lab.config, folder, restoring=False)
    if what := _unfit(folder, lab.config):
        raise Rejected([Problem("backup_folder", str(folder), what, "Give a new folder, best on another disk")])
    copy, query = Store(folder), lab.database.connection.query
    with exclusive_store_lock(lab.database), ExitStack() as opened:
        with available(f"the folder {folder} cannot be made"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # what is in the database is nobody else's to read
        copy.make()
        copy.clear()
        with serving(lab.config.state) as server, lab.database.transaction(commit=False, patient=True):
            query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            snapshot, version = query("SELECT pg_export_snapshot(), current_setting('server_version')").fetchone()
            sessions = len(lab.database.World())
            database = _publish(copy, dump(server, snapshot), ".dump")
            inventory = opened.enter_context(Inventory(lab.store))
            problems = inventory.missing_objects(lab.database)
        total = inventory.total(referenced=True)
        if not problems:
            _copy(lab.store, copy, progress(inventory.referenced(), total.bytes), problems.append)
        if problems:
            raise Rejected(problems)
        listing = _publish(copy, (_line(each.address) for each in inventory.referenced()), ".sha256")
        began = now.astimezone(UTC).isoformat(timespec="seconds")
        made = Backup(began, __version__, version, lab.store.owner(), database, listing, sessions, total.count, total.bytes)
        with available(f"{folder / NAME} cannot be written"):
            files.write(folder / NAME, f"{json.dumps({**SPECIFICATION, **asdict(made)}, indent=2)}\n".encode())
        for each in objects(copy):
            if each.address not in (database, listing) and not inventory.is_referenced(each.address):
                discard(copy, each.address, inf)
    return made


def restore(config: Config, folder: Path, report: Callable[[Problem], None], progress: Progress) -> Backup:
    """Restore a backup into a lab in which there is nothing yet. Where it was interrupted, it goes on when it is run again.

    Parameters
    ----------
    config
        The lab's.
    folder
        Of a finished backup.
    report
        Is told each object that the backup has lost; everything else is restored.
    progress
        Shows how far copying has come.

    Raises
    ------
    Misconfigured
        If the database is a server's: the remedy is the commands that restore it.
    Rejected
        If there is no finished backup, or its dump is damaged; or there is something in the lab.
    Unavailable
        If a disk is full or away, or the database does not start or does not take the dump.
    """
    expect_embedded(config, folder, restoring=True)
    made = read(folder)
    source, target = Store(folder), Store(config.store)
    unfinished = f"{RESTORING}{made.owner} as of {made.began}"
    if target.exists() and target.owner() != unfinished:
        raise Rejected([_occupied("[store] location", target.folder, "is a store already")])
    if damaged := [_damaged(each) for each in (made.database, made.listing) if not is_whole(source, each)]:
        raise Rejected(damaged)
    if target.exists():
        target.clear()
    with serving(config.state) as server:
        stop_loading(server)
        if ask(server, _TABLES) == "":
            target.make(unfinished)
            _copy(source, target, progress(_listed(source, made), made.bytes), report)
            load(server, folder / made.database)
        elif not target.exists() or ask(server, _OWNER) != made.owner:  # else it was interrupted right before the end
            raise Rejected([_occupied("`state`", config.state, "has tables in its database already")])
        ask(server, _RELEASE)
    target.make(made.owner)
    return made


def read(folder: Path) -> Backup:
    """Return the finished backup in a folder.

    Raises
    ------
    Rejected
        If there is none.
    """
    try:
        document = json.loads(files.read(folder / NAME, LONGEST))
        if {name: document.pop(name) for name in SPECIFICATION} == SPECIFICATION:
            return Backup(**document)
        what = f"its {NAME} is of another version"
    except OSError as error:
        what = f"it has no {NAME} ({error.strerror}), so that no backup was finished there"
    except (ValueError, TypeError, AttributeError, KeyError):
        what = f"its {NAME} is damaged"
    remedy = "Give the folder of a finished backup; one that was interrupted is finished by `antelop backup`"
    raise Rejected([Problem("backup_unfinished", str(folder), what, remedy)])


def _copy(source: Store, target: Store, wanted: Iterable[Object], report: Callable[[Problem], None]) -> None:
    """Copy what is not in the target yet, and report what is no longer what its name says."""
    for each in wanted:
        if size_of(target, each.address) == each.size:
            continue
        origin = source.folder / each.address
        if size_of(source, each.address) is None or target.keep(origin).descriptor["path"] != each.address:
            report(_damaged(each.address))


def _listed(store: Store, made: Backup) -> Iterator[Object]:
    """Yield the objects of a backup."""
    with (store.folder / made.listing).open() as lines:
        for line in lines:
            address = line.split()[1]
            yield Object(address, size_of(store, address) or 0, 0.0)


def _line(address: str) -> bytes:
    """Return what ``sha256sum`` would say of an object."""
    return f"{Path(address).stem}  {address}\n".encode()


def _publish(store: Store, content: Iterable[bytes], suffix: str) -> str:
    """Put a file into a store, and return its address."""
    with Incoming(store.folder) as incoming:
        for block in content:
            incoming.write(block)
        return incoming.publish(suffix)


def _unfit(folder: Path, config: Config) -> str:
    """Say why nothing can be backed up into a folder; nothing if it can."""
    place = folder.resolve()
    for name, own in (("state", config.state), ("store", config.store)):
        if own.resolve() in (place, *place.parents):
            return f"it is in the lab's {name}, and would be lost with it"
    with available(f"the folder {folder} cannot be read"):
        entries = {path.name for path in folder.iterdir()} if folder.exists() else set()
    return "there is something else in it" if entries and ("incoming" not in entries or "owner" in entries) else ""


def _damaged(address: str) -> Problem:
    what = "it is missing, or not what its name says"
    return Problem("object_altered", address, what, "Run `antelop verify --deep` to see which rows refer to it")


def _occupied(key: str, place: Path, what: str) -> Problem:
    remedy = f"Set {key} to a folder that does not exist yet; or if this backup was restored here before, run `antelop verify`"
    return Problem("lab_in_use", str(place), f"it {what}", remedy)
