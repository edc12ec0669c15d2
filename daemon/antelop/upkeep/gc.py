"""Objects to which nothing refers any more: how they are removed, and how what is being written is kept from it.

Three things keep an object that a row refers to, or will:

* Whoever writes rows calls `spare` at the beginning of the transaction: it holds a row of `SchemaVersion` together with others
  who write, and `collect` holds it alone, from before it looks for references until everything is removed. What is put into
  the store after that is safe until COMMIT; whether what was put before is still there, `spare` tells.
* Putting an object again renews its time, and young objects stay. This is for those who write without `spare`, such as scripts
  with tables of their own: they have the grace period from putting to committing.
* Putting an object again and removing it exclude each other, by a lock on its file.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from antelop.database import Database
from antelop.database.references import unseen
from antelop.errors import Rejected, Unavailable
from antelop.lab import Lab
from antelop.store import Kept, Store
from antelop.store.survey import Object, discard, now, size_of
from antelop.upkeep.inventory import Inventory


def spare(lab: Lab, kept: Iterable[Kept] = ()) -> bool:
    """Keep objects from being removed until the end of the transaction; tell whether those that were put before are all there.

    Raises
    ------
    Unavailable
        If objects are being removed for longer than a statement waits.
    """
    _hold(lab.database)
    addresses = {address for each in kept for address in Store.addresses(each.descriptor)}
    return all(size_of(lab.store, address) is not None for address in addresses)


def collect(lab: Lab, grace: timedelta, report: Callable[[Object], None], *, dry_run: bool = False) -> None:
    """Remove the objects to which no row of any table refers, and what killed processes left unfinished.

    Parameters
    ----------
    lab
        Whose store it is. Sessions may go in meanwhile.
    grace
        How long ago an object must have been put for the last time.
    report
        Is told each object that is removed, or with `dry_run` would be.

    Raises
    ------
    Rejected
        If there is any doubt: nothing is removed then.
    Unavailable
        If the database or the store is away, or another process cleans or copies the store.
    """
    database, store = lab.database, lab.store
    with alone(database):
        if not dry_run:
            store.clear()
        before = now(store) - grace.total_seconds()
        with Inventory(store) as inventory, database.transaction(commit=False):
            if not dry_run:
                _hold(database, to_change=True)
            if doubts := [*unseen(database), *inventory.lacking(database)]:
                raise Rejected(doubts)
            for each in inventory.unreferenced(before=before):
                database.connection.query("SELECT 1")  # which fails if the connection was lost, and with it what is held
                if dry_run or discard(store, each.address, before):
                    report(each)


@contextmanager
def alone(database: Database) -> Iterator[None]:
    """Keep others from removing objects or backing them up; raise `Unavailable` if they are at it."""
    with database.lock("store") as had:
        if not had:
            raise Unavailable("another process removes objects from the store or backs it up; try again when it has finished")
        yield


def _hold(database: Database, *, to_change: bool = False) -> None:
    """Hold the row that stands for the store until the end of the transaction: with others, or alone."""
    database.hold(database.SchemaVersion & {"schema_name": f"{database.prefix}behaviour"}, to_change=to_change)
