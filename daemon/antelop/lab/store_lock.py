"""Locks on the store: transactions that write rows share it; a process that removes or copies objects holds it alone."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from antelop.database import Database
from antelop.database.migrations import expect_version
from antelop.errors import Unavailable
from antelop.lab.lab import Lab
from antelop.store import Kept
from antelop.store.descriptor import objects_of
from antelop.store.survey import size_of


def protect_from_gc(lab: Lab, kept: Iterable[Kept] = ()) -> bool:
    """Keep objects from being removed until the end of the transaction; return whether all `kept` objects still exist.

    Raises
    ------
    Unavailable
        If the lock is not free within `limits.LOCK_TIMEOUT`, because another process removes objects.
    """
    # Objects are put into the store before the transaction. Take the lock first, then look whether gc removed one of them.
    hold_store(lab.database)
    addresses = {address for each in kept for address in objects_of(each.descriptor)}
    return all(size_of(lab.store, address) is not None for address in addresses)


@contextmanager
def exclusive_store_lock(database: Database) -> Iterator[None]:
    """Keep other processes from removing or backing up objects; raise `Unavailable` if one of them already does."""
    with database.lock("store") as had:
        if not had:
            raise Unavailable("another process removes objects from the store or backs it up; try again when it has finished")
        yield


def hold_store(database: Database, *, to_change: bool = False) -> None:
    """Lock the row that stands for the store until the end of the transaction: shared, or exclusively with `to_change`.

    Raises
    ------
    Misconfigured
        If the tables were migrated since this process connected.
    """
    # A migration changes this row, so a transaction that waited for the lock notices that the tables are different now.
    row = database.SchemaVersion & {"schema_name": f"{database.prefix}behaviour"}
    ((_, version),) = database.hold(row.proj("version"), to_change=to_change)
    expect_version(version)
