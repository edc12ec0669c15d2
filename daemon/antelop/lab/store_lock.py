"""Locks on the store: a transaction that writes rows shares one, and what removes or copies objects holds it alone."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from antelop.database import Database
from antelop.database.migrations import expect_version
from antelop.errors import Unavailable
from antelop.lab.lab import Lab
from antelop.store import Kept, Store
from antelop.store.survey import size_of


def protect_from_gc(lab: Lab, kept: Iterable[Kept] = ()) -> bool:
    """Keep objects from being removed until the end of the transaction; tell whether those that were put before are all there.

    Raises
    ------
    Unavailable
        If objects are being removed for longer than a statement waits.
    """
    hold_store(lab.database)
    addresses = {address for each in kept for address in Store.addresses(each.descriptor)}
    return all(size_of(lab.store, address) is not None for address in addresses)


@contextmanager
def exclusive_store_lock(database: Database) -> Iterator[None]:
    """Keep others from removing objects or backing them up; raise `Unavailable` if they are at it."""
    with database.lock("store") as had:
        if not had:
            raise Unavailable("another process removes objects from the store or backs it up; try again when it has finished")
        yield


def hold_store(database: Database, *, to_change: bool = False) -> None:
    """Hold the row that stands for the store until the end of the transaction: with others, or alone.

    Raises
    ------
    Misconfigured
        If the tables were migrated since this process connected.
    """
    row = database.SchemaVersion & {"schema_name": f"{database.prefix}behaviour"}
    ((_, version),) = database.hold(row.proj("version"), to_change=to_change)
    expect_version(version)
