"""Objects to which nothing refers any more: how they are removed, and how what is being written is kept from it.

Three things keep an object that a row refers to, or will refer to:

* A transaction that writes rows begins with `protect_from_gc`: it shares a lock on a row of `SchemaVersion` with others that
  write, and `collect` holds that lock alone, from before it looks for references until everything is removed. An object that
  is put into the store after that is safe until COMMIT; `protect_from_gc` tells whether those put before are still there.
* Putting an object again renews its time, and young objects stay. This is for programs that write without `protect_from_gc`,
  such as scripts with tables of their own: they have the grace period from putting to committing.
* Putting an object again and removing it exclude each other, by a lock on its file.
"""

from collections.abc import Callable
from datetime import timedelta

from antelop.database.references import unseen
from antelop.errors import Rejected
from antelop.lab import Lab
from antelop.lab.store_lock import exclusive_store_lock, hold_store
from antelop.store.survey import Object, discard, now
from antelop.upkeep.inventory import Inventory


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
    with exclusive_store_lock(database):
        if not dry_run:
            store.clear()
        before = now(store) - grace.total_seconds()
        with Inventory(store) as inventory, database.transaction(commit=False, patient=True):
            if not dry_run:
                hold_store(database, to_change=True)
            if doubts := [*unseen(database), *inventory.lacking(database)]:
                raise Rejected(doubts)
            for each in inventory.unreferenced(before=before):
                database.connection.query("SELECT 1")  # which fails if the connection was lost, and with it what is held
                if dry_run or discard(store, each.address, before):
                    report(each)
