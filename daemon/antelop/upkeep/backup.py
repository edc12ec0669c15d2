"""Back up the embedded database and the store into another folder, as they are at one moment, while sessions are ingested.

A backup is a store (see `antelop.store`) that holds three things: the objects to which the database's rows refer; the database,
in pg_dump's custom format; and a list of the objects, in the format that ``sha256sum --check`` reads. ``backup.json`` names the
last two. It is written last: without it there is no finished backup, and until it is replaced the earlier backup is valid.

An object is in the store before a row refers to it, and never changes. So a snapshot of the database is dumped first, and then
the objects to which it refers are copied.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from math import inf
from pathlib import Path

from antelop import __version__
from antelop.config import Config
from antelop.database.embedded import serving
from antelop.database.embedded.dump import ask, dump, load, stop_loading
from antelop.errors import Problem, Rejected, available
from antelop.lab import Lab
from antelop.lab.folders import require_own_folders
from antelop.lab.lab import RESTORING
from antelop.lab.store_lock import exclusive_store_lock
from antelop.store import Store
from antelop.store.objects import ADDRESS, Incoming
from antelop.store.survey import Object, discard, is_whole, objects, size_of
from antelop.upkeep.backup_record import Backup, read, write
from antelop.upkeep.inventory import Inventory, Progress
from antelop.upkeep.server_backup import expect_embedded

LONGEST_LINE = 1 << 9  # largest number of characters that are read of a line of the list; it has about 160

_TABLES = r"SELECT 1 FROM pg_class WHERE relnamespace::regnamespace::text !~ '^(pg_|information_schema$)' LIMIT 1"
_OWNER = "SELECT schema_id FROM antelop_ingest_ingest.schema_version WHERE schema_name = 'antelop_ingest_behaviour'"

_RELEASE = """UPDATE antelop_ingest_ingest."~~ingestion" SET status = 'pending' WHERE status = 'reserved'"""
"""Releases the deliveries that were claimed when the backup was made: no worker works on them in the restored lab."""


def backup(lab: Lab, folder: Path, now: datetime, progress: Progress) -> Backup:
    """Back up a lab. Objects that an earlier backup has copied into the folder are not copied again.

    Parameters
    ----------
    lab
        A lab with an embedded database. Sessions may be ingested at the same time.
    folder
        A folder only for backups; created if missing. Files that the new backup does not need are removed at the end.
    now
        The time, with a time zone.
    progress
        Shows the progress of copying.

    Raises
    ------
    Misconfigured
        If the database is on a server: the remedy is the commands that back it up.
    Rejected
        If the folder holds anything else, or an object is missing or damaged.
    Unavailable
        If a disk is full or cannot be reached, or another process backs up or collects the store.
    """
    expect_embedded(lab.config, folder, restoring=False)
    if what := _why_unsuitable(folder, lab.config):
        raise Rejected([Problem("backup_folder", str(folder), what, "Give a new folder, best on another disk")])
    copy, query = Store(folder), lab.database.connection.query
    with exclusive_store_lock(lab.database), ExitStack() as opened:
        _make(copy)
        # pg_dump reads the exported snapshot, so that dump and references are of the same moment.
        with serving(lab.config.state) as server, lab.database.transaction(commit=False, patient=True):
            query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            snapshot, version = query("SELECT pg_export_snapshot(), current_setting('server_version')").fetchone()
            sessions = len(lab.database.World())
            database = _publish(copy, dump(server, snapshot), ".dump")
            inventory = opened.enter_context(Inventory(lab.store))
            problems = inventory.missing_objects(lab.database)
        # The transaction has ended: copying may take hours. The store's lock keeps garbage collection from the objects.
        total = inventory.total(referenced=True)
        if not problems:
            _copy(lab.store, copy, progress(inventory.referenced(), total.bytes), problems.append)
        if problems:
            raise Rejected(problems)
        listing = _publish(copy, (_line(each.address) for each in inventory.referenced()), ".sha256")
        began = now.astimezone(UTC).isoformat(timespec="seconds")
        made = Backup(began, __version__, version, lab.store.owner(), database, listing, sessions, total.count, total.bytes)
        write(folder, made)
        # The new backup is valid now, so objects that only an earlier one needs can be removed.
        for each in objects(copy):
            if each.address not in (database, listing) and not inventory.is_referenced(each.address):
                discard(copy, each.address, inf)
    return made


def restore(config: Config, folder: Path, report: Callable[[Problem], None], progress: Progress) -> Backup:
    """Restore a backup into an empty lab. If it was interrupted, call it again: it continues.

    Parameters
    ----------
    config
        The lab's configuration.
    folder
        The folder of a finished backup.
    report
        Called with each object that is missing or damaged in the backup; everything else is restored.
    progress
        Shows the progress of copying.

    Raises
    ------
    Misconfigured
        If the database is on a server: the remedy is the commands that restore it. Or if root restores into another user's
        folders.
    Rejected
        If there is no finished backup, or its dump or list is damaged; or the lab is not empty.
    Unavailable
        If a disk is full or cannot be reached, or the database does not start or does not load the dump.
    """
    expect_embedded(config, folder, restoring=True)
    require_own_folders(config)
    made = read(folder)
    source, target = Store(folder), Store(config.store)
    # While it is restored the store has another owner, so that no lab opens it, and a second call recognises its own work.
    unfinished = f"{RESTORING}{made.owner} as of {made.began}"
    if target.exists() and target.owner() != unfinished:
        raise Rejected([_occupied("[store] location", target.folder, "is a store already")])
    if damaged := [_damaged(each) for each in (made.database, made.listing) if not is_whole(source, each)]:
        raise Rejected(damaged)
    if target.exists():
        target.clear()
    with serving(config.state) as server:
        # The server may still load the dump for an earlier call that was killed.
        stop_loading(server)
        # Objects before rows. The dump loads in one transaction, so tables mean that everything is there.
        if ask(server, _TABLES) == "":
            target.make(unfinished)
            _copy(source, target, progress(_listed(source, made), made.bytes), report)
            load(server, folder / made.database)
        elif not target.exists() or ask(server, _OWNER) != made.owner:  # else only the end is missing
            raise Rejected([_occupied("`state`", config.state, "has tables in its database already")])
        ask(server, _RELEASE)
    target.make(made.owner)
    return made


def _make(copy: Store) -> None:
    """Create the store of a backup if it does not exist, without what an interrupted backup left unfinished in it."""
    with available(f"the folder {copy.folder} cannot be made"):
        copy.folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # other users must not read the dump
    copy.make()
    copy.clear()


def _copy(source: Store, target: Store, wanted: Iterable[Object], report: Callable[[Problem], None]) -> None:
    """Copy the objects that the target lacks, and report those that are missing or damaged in the source."""
    for each in wanted:
        if size_of(target, each.address) == each.size:
            continue
        origin = source.folder / each.address
        if size_of(source, each.address) is None or target.keep(origin).descriptor["path"] != each.address:
            report(_damaged(each.address))


def _listed(store: Store, made: Backup) -> Iterator[Object]:
    """Yield the objects in the list of a backup; a line that names anything else is damage of the list."""
    with (store.folder / made.listing).open(encoding="ascii", errors="replace") as lines:
        while line := lines.readline(LONGEST_LINE):
            address = line.rstrip("\n").partition("  ")[2]
            # Only an address of a store is looked at: any other path could be that of any file that this user may read.
            if not ADDRESS.fullmatch(address):
                raise Rejected([_damaged(made.listing)])
            yield Object(address, size_of(store, address) or 0, 0.0)


def _line(address: str) -> bytes:
    """Return the line that ``sha256sum`` prints for an object."""
    return f"{Path(address).stem}  {address}\n".encode()


def _publish(store: Store, content: Iterable[bytes], suffix: str) -> str:
    """Put contents into a store as an object, and return its address."""
    with Incoming(store.folder) as incoming:
        for block in content:
            incoming.write(block)
        return incoming.publish(suffix)


def _why_unsuitable(folder: Path, config: Config) -> str:
    """Return why a folder is not suitable for a backup; an empty text if it is."""
    place = folder.resolve()
    for name, own in (("state", config.state), ("store", config.store)):
        if own.resolve() in (place, *place.parents):
            return f"it is in the lab's {name}, and would be lost with it"
    with available(f"the folder {folder} cannot be read"):
        entries = {path.name for path in folder.iterdir()} if folder.exists() else set()
    return "there is something else in it" if entries and ("incoming" not in entries or "owner" in entries) else ""


def _damaged(address: str) -> Problem:
    what = "it is missing, or does not match the checksum in its name"
    return Problem("object_altered", address, what, "Run `antelop verify --deep` to see which rows refer to it")


def _occupied(key: str, place: Path, what: str) -> Problem:
    remedy = f"Set {key} to a folder that does not exist yet; or if this backup was restored here before, run `antelop verify`"
    return Problem("lab_in_use", str(place), f"it {what}", remedy)
