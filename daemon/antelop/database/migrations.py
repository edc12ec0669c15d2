"""How the tables of an earlier release become those of this one.

Each change of a table is a `Migration` at the end of `MIGRATIONS`, and its number is the version that it makes. PostgreSQL runs
all that are missing in one transaction. MariaDB and MySQL commit each statement that changes a table, so there the version is
negative while a migration runs; one that was interrupted is found by that, and runs again: a step that is done is left out.
"""

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

from antelop.database.statement import composed
from antelop.errors import Misconfigured, Problem


class Tables(Protocol):
    """What a migration needs of the lab's `Database`."""

    prefix: str
    is_postgresql: bool
    connection: Any
    SchemaVersion: Any

    def transaction(self) -> AbstractContextManager[None]:
        """Open a transaction."""

    def hold(self, rows: Any, *, to_change: bool = False) -> object:  # noqa: ANN401  # a DataJoint expression
        """Lock rows until the end of the transaction."""


@dataclass(frozen=True)
class NewColumn:
    """A step that adds a column at the end of a table; it is null in the rows that are there.

    Attributes
    ----------
    schema, table, name
        Where it is added: the schema without the prefix, the table as the server names it.
    datajoint_type
        As the table's definition has it.
    types
        The same in the words of ``postgresql`` and ``mysql``.
    comment
        As the table's definition has it.
    """

    schema: str
    table: str
    name: str
    datajoint_type: str
    types: Mapping[str, str]
    comment: str

    def is_done(self, database: Tables) -> bool:
        """Tell whether the table has the column, or is not there at all: then it is made as it is now."""
        query = "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s"
        columns = {row[0] for row in database.connection.query(query, (database.prefix + self.schema, self.table)).fetchall()}
        return not columns or self.name in columns

    def run(self, database: Tables) -> None:
        """Add the column, with the comment by which DataJoint knows its type."""
        adapter = database.connection.adapter
        table = adapter.make_full_table_name(database.prefix + self.schema, self.table)
        column = adapter.quote_identifier(self.name)
        comment = f":{self.datajoint_type}:{self.comment}"
        change = composed(
            "ALTER TABLE {table} ADD COLUMN {column} {kind} DEFAULT NULL",
            table=table,
            column=column,
            kind=self.types[adapter.backend],
        )
        if database.is_postgresql:
            database.connection.query(change)
            note = composed("COMMENT ON COLUMN {table}.{column} IS %s", table=table, column=column)
            database.connection.query(note, (comment,))
        else:
            database.connection.query(composed("{change} COMMENT %s", change=change), (comment,))


@dataclass(frozen=True)
class NewValues:
    """A step that gives a column of some rows a value, after the column was added.

    Attributes
    ----------
    schema
        Where the tables are, without the prefix.
    tables
        The table that is changed, and others that `rows` names, as the server names them.
    change
        What is set.
    rows
        In which rows, so that there are none when it is done; ``{table0}``, ``{table1}``, … stand for the tables.
    """

    schema: str
    tables: tuple[str, ...]
    change: str
    rows: str

    def is_done(self, database: Tables) -> bool:
        """Tell whether there is no such row, or a table is not there."""
        query = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s"
        there = {row[0] for row in database.connection.query(query, (database.prefix + self.schema,)).fetchall()}
        if not there.issuperset(self.tables):
            return True
        query = self._statement(database, "SELECT 1 FROM {table0} WHERE {rows} LIMIT 1")
        return not database.connection.query(query).fetchall()

    def run(self, database: Tables) -> None:
        """Set it."""
        database.connection.query(self._statement(database, "UPDATE {table0} SET {change} WHERE {rows}"))

    def _statement(self, database: Tables, template: str) -> str:
        """Return a statement with the names of the tables in it."""
        adapter = database.connection.adapter
        names = [adapter.make_full_table_name(database.prefix + self.schema, table) for table in self.tables]
        tables = {f"table{number}": name for number, name in enumerate(names)}
        return composed(template, change=self.change, rows=composed(self.rows, **tables), **tables)


@dataclass(frozen=True)
class Migration:
    """One version of the tables from the one before.

    Attributes
    ----------
    what
        What it does, in a sentence without its full stop.
    steps
        Its steps; each tells whether it is done already.
    """

    what: str
    steps: tuple[NewColumn | NewValues, ...]


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
            # Until then, a delivery that had its outcome and a job was one whose receipt was due.
            NewValues(
                "ingest",
                ("delivery", "~~ingestion"),
                "receipt_due = COALESCE(finished, readied)",
                "receipt_due IS NULL AND state IN ('ingested', 'already-ingested', 'rejected', 'failed') "
                "AND delivery_id IN (SELECT delivery_id FROM {table1})",
            ),
        ),
    ),
)

VERSION = 1 + len(MIGRATIONS)
"""The version of the tables that this release works with."""


def check_version(schemas: Mapping[str, int], *, may_migrate: bool) -> int:
    """Return the version that a lab's tables are of, and from which they can be migrated.

    Parameters
    ----------
    schemas
        The version of each schema that is there, by its name.
    may_migrate
        Whether they are about to be migrated if they are older.

    Raises
    ------
    Misconfigured
        If this release cannot work with them as they are: the schemas differ, they are newer, or they are older and not about
        to be migrated.
    """
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
    """Bring the tables to this release's version; the caller holds the lock under which tables are declared.

    Parameters
    ----------
    database
        Whose tables they are.
    schemas
        The names of the schemas that are there.
    version
        What `check_version` has returned.

    Returns
    -------
    list of str
        What was done, a sentence for each migration.

    Raises
    ------
    Unavailable
        If the database is away; run it again then.
    Misconfigured
        If the user may not change tables.
    """
    done = []
    begun = -version - 1 if version < 0 else version  # one that was interrupted is run again
    whole = database.transaction() if database.is_postgresql else nullcontext()
    with whole:
        # Those who write hold these rows until they commit, and look at the version in them: see `store_lock.hold_store`.
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
    """Raise `Misconfigured` if the tables were migrated while this process has worked with them."""
    if version != VERSION:
        what = f"its tables were migrated to version {abs(version)} since this process connected, which works with {VERSION}"
        raise _refused("schema_version", what, "Start it again with the release that migrated them")


def _note(database: Tables, schemas: Collection[str], version: int) -> None:
    """Enter of which version the tables are, of all schemas at once."""
    with nullcontext() if database.connection.in_transaction else database.transaction():
        for name in schemas:
            database.SchemaVersion.update1({"schema_name": name, "version": version})


def _refused(where: str, what: str, remedy: str) -> Misconfigured:
    return Misconfigured([Problem("schema_version", where, what, remedy)])
