"""Garbage collection: removes objects to which no row refers any more, and never one that a transaction is about to use.

Three mechanisms protect an object that a row refers to, or will refer to:

* A transaction that writes rows begins with `protect_from_gc`, which takes a shared lock on a row of `SchemaVersion`.
  `collect` holds the exclusive lock on that row, from before it looks for references until everything is removed. An object
  that is put into the store after `protect_from_gc` is safe until COMMIT; `protect_from_gc` checks those put before.
* Putting an object again renews its time, and `collect` keeps objects that are younger than the grace period. This protects
  programs that write without `protect_from_gc`, such as scripts with tables of their own: they have the grace period to
  commit.
* A lock on the object's file prevents that one process puts it again while another removes it.
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
    """Remove the objects to which no row of any table refers, and the unfinished files of killed processes.

    Parameters
    ----------
    lab
        The lab that owns the store. Sessions may be ingested at the same time.
    grace
        An object is removed only if it was last put longer ago than this.
    report
        Called with each object that is removed, or would be with `dry_run`.

    Raises
    ------
    Rejected
        If a table cannot be read, or a row refers to an object that is missing: then nothing is removed.
    Unavailable
        If the database or the store cannot be reached, or another process collects or backs up the store.
    """
    database, store = lab.database, lab.store
    with exclusive_store_lock(database):
        if not dry_run:
            store.clear()
        # The clock of the store's filesystem, as objects have their times from it.
        before = now(store) - grace.total_seconds()
        with Inventory(store) as inventory, database.transaction(commit=False, patient=True):
            # From here on no transaction that uses `protect_from_gc` can add a reference.
            if not dry_run:
                hold_store(database, to_change=True)
            # A table that this user cannot read may refer to anything, and a missing object points at the wrong store or
            # a damaged one: better to keep everything until a person has looked.
            if doubts := [*unseen(database), *inventory.missing_objects(database)]:
                raise Rejected(doubts)
            for each in inventory.unreferenced(before=before):
                # This query fails if the connection was lost, and the locks with it.
                database.connection.query("SELECT 1")
                if dry_run or discard(store, each.address, before):
                    report(each)
