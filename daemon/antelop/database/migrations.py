"""Migrate the tables of an earlier release to those of this release.

Each change of a table is a `Migration` at the end of `MIGRATIONS`; its number is the version that it produces. On PostgreSQL,
all missing migrations run in one transaction. MariaDB and MySQL commit after each statement that changes a table, so there the
version is negative while a migration runs. A negative version therefore means that a migration was interrupted. It then runs
again, and skips the steps that are already done.
"""

from collections.abc import Collection, Mapping
from contextlib import nullcontext
from dataclasses import dataclass

from antelop.database.migration_steps import NewColumn, NewComment, NewValues, Tables
from antelop.database.new_choice import NewChoice
from antelop.errors import Misconfigured, Problem


@dataclass(frozen=True)
class Migration:
    """The change from one version of the tables to the next.

    Attributes
    ----------
    what
        What it does, as a sentence without its full stop.
    steps
        Its steps; each can tell whether it is already done.
    """

    what: str
    steps: tuple[NewColumn | NewComment | NewValues | NewChoice, ...]


MIGRATIONS = (
    Migration(
        "A delivery notes since when its receipt could not be written",
        (
            NewColumn(
                "ingest",
                "delivery",
                "receipt_due",
                "datetime(6)",
                {"postgresql": "timestamp(6)", "mysql": "datetime(6)"},
                "since when its receipt could not be written, UTC; null if it is not to be written again",
            ),
            # In version 1, a receipt was due if a delivery had both an outcome and a job.
            NewValues(
                "ingest",
                ("delivery", "~~ingestion"),
                "receipt_due = COALESCE(finished, readied)",
                "receipt_due IS NULL AND state IN ('ingested', 'already-ingested', 'rejected', 'failed') "
                "AND delivery_id IN (SELECT delivery_id FROM {table1})",
            ),
        ),
    ),
    Migration(
        "Events keep what their numbers stand for, and a feature may come from the tables of events",
        (
            *(
                NewColumn(
                    "behaviour",
                    table,
                    "labels",
                    "json",
                    {"postgresql": "jsonb", "mysql": "json"},
                    "what the numbers in data stand for, by number; null if they are only numbers",
                )
                for table in ("analog_events", "digital_events")
            ),
            NewChoice(
                "behaviour",
                "feature",
                "source_type",
                "enum('acquisition', 'stimulus', 'processing', 'deeplabcut', 'intervals', 'events')",
            ),
        ),
    ),
    Migration(
        "A video says with which frame its file begins",
        (
            NewColumn(
                "behaviour",
                "video",
                "starting_frame",
                "int64",
                {"postgresql": "bigint", "mysql": "bigint"},
                "index of its first frame, counted over all files of the camera; null if not known",
            ),
            NewComment(
                "behaviour",
                "video",
                "timestamps",
                "<signal>",
                {"postgresql": "jsonb", "mysql": "json"},
                "seconds, one a frame; null if there are none",
            ),
        ),
    ),
)

VERSION = 1 + len(MIGRATIONS)
"""The version of the tables that this release works with."""


def check_version(schemas: Mapping[str, int], *, may_migrate: bool) -> int:
    """Return the version of a lab's tables, after checking that this release can use or migrate them.

    Parameters
    ----------
    schemas
        The version of each existing schema, by name.
    may_migrate
        Whether the caller migrates older tables.

    Raises
    ------
    Misconfigured
        If the schemas have different versions, the tables are newer than this release, or they are older and the caller does
        not migrate them.
    """
    # All schemas are migrated together, so different versions come from a restore of a part of them.
    where, found = next(iter(schemas)), set(schemas.values())
    if len(found) > 1:
        what = f"its schemas are of different versions: {', '.join(f'{name} {each}' for name, each in schemas.items())}"
        raise _refused(where, what, "Restore all of them from the same backup")
    (version,) = found
    if abs(version) > VERSION:
        what = f"its tables are of version {abs(version)}, which a later release made; this one works with version {VERSION}"
        raise _refused(where, what, "Install the later release: tables do not go back")
    if may_migrate or version == VERSION:
        return version
    if version < 0:
        what = f"a migration to version {-version} was interrupted, and its tables are half-way"
        raise _refused(where, what, "Run `antelop migrate` again")
    what = f"its tables are of version {version}, and this release works with version {VERSION}"
    remedy = "Stop the service, and run `antelop migrate` as a user who may change tables"
    raise _refused(where, what, remedy)


def migrate(database: Tables, schemas: Collection[str], version: int) -> list[str]:
    """Migrate the tables to this release's version; the caller holds the lock under which tables are declared.

    Parameters
    ----------
    database
        The database with the tables.
    schemas
        The names of the existing schemas.
    version
        The version that `check_version` returned.

    Returns
    -------
    list of str
        One sentence for each migration that was run.

    Raises
    ------
    Unavailable
        If the database fails; the migration can then be run again.
    Misconfigured
        If the user may not change tables.
    """
    done = []
    begun = -version - 1 if version < 0 else version  # an interrupted migration runs again
    whole = database.transaction() if database.is_postgresql else nullcontext()
    with whole:
        # Every transaction that writes locks a row of this table and checks the version in it (`store_lock.hold_store`). So the
        # migration waits for running ingests, and later ones notice it.
        database.hold(database.SchemaVersion(), to_change=True)
        for number, migration in enumerate(MIGRATIONS[begun - 1 :], begun + 1):
            if not database.is_postgresql:
                _note(database, schemas, -number)
            for step in migration.steps:
                if not step.is_done(database):
                    step.run(database)
            _note(database, schemas, number)
            done.append(f"{migration.what}.")
    return done


def expect_version(version: int) -> None:
    """Raise `Misconfigured` if the tables were migrated since this process connected."""
    if version != VERSION:
        what = f"its tables were migrated to version {abs(version)} since this process connected, which works with {VERSION}"
        raise _refused("schema_version", what, "Start it again with the release that migrated them")


def _note(database: Tables, schemas: Collection[str], version: int) -> None:
    """Record the version of the tables, for all schemas in one transaction."""
    with nullcontext() if database.connection.in_transaction else database.transaction():
        for name in schemas:
            database.SchemaVersion.update1({"schema_name": name, "version": version})


def _refused(where: str, what: str, remedy: str) -> Misconfigured:
    return Misconfigured([Problem("schema_version", where, what, remedy)])
