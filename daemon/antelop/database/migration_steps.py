"""The steps of migrations: what changes a table, and can tell whether that is done."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from antelop.database.statement import composed


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
class NullColumn:
    """A column that may be null and has no other default, of which a step changes the table.

    Attributes
    ----------
    schema, table, name
        The schema without the prefix, the table as the server names it, and the column.
    datajoint_type
        The type in the table's definition.
    types
        The same type in SQL, by backend: ``postgresql`` and ``mysql``.
    comment
        The comment in the table's definition.
    """

    schema: str
    table: str
    name: str
    datajoint_type: str
    types: Mapping[str, str]
    comment: str

    def describe(self, database: Tables, verb: str) -> None:
        """Give the column its comment, from which DataJoint reads its type."""
        # MySQL can only do so while it adds or modifies the column.
        template = "ALTER TABLE {table} {verb} COLUMN {column} {kind} DEFAULT NULL COMMENT %s"
        if database.is_postgresql:
            template = "COMMENT ON COLUMN {table}.{column} IS %s"
        database.connection.query(self.statement(database, template, verb), (f":{self.datajoint_type}:{self.comment}",))

    def statement(self, database: Tables, template: str, verb: str = "") -> str:
        """Return a statement about the column, with names and type filled in."""
        adapter = database.connection.adapter
        return composed(
            template,
            table=adapter.make_full_table_name(database.prefix + self.schema, self.table),
            column=adapter.quote_identifier(self.name),
            kind=self.types[adapter.backend],
            verb=verb,
        )


@dataclass(frozen=True)
class NewColumn(NullColumn):
    """A step that adds the column at the end of its table; in existing rows it is null."""

    def is_done(self, database: Tables) -> bool:
        """Return whether the table has the column, or does not exist: a missing table is made later, with the column."""
        query = "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s"
        columns = {row[0] for row in database.connection.query(query, (database.prefix + self.schema, self.table)).fetchall()}
        return not columns or self.name in columns

    def run(self, database: Tables) -> None:
        """Add the column, with its comment."""
        if database.is_postgresql:
            database.connection.query(self.statement(database, "ALTER TABLE {table} ADD COLUMN {column} {kind} DEFAULT NULL"))
        self.describe(database, "ADD")


@dataclass(frozen=True)
class NewComment(NullColumn):
    """A step that changes the comment of the column."""

    def is_done(self, database: Tables) -> bool:
        """Return whether the table does not exist: it is made later, with the comment. Setting a comment again does no harm."""
        query = "SELECT 1 FROM information_schema.tables WHERE table_schema = %s AND table_name = %s"
        return not database.connection.query(query, (database.prefix + self.schema, self.table)).fetchall()

    def run(self, database: Tables) -> None:
        """Change the comment."""
        self.describe(database, "MODIFY")


@dataclass(frozen=True)
class NewValues:
    """A step that sets a column in some rows, after the column was added.

    Attributes
    ----------
    schema
        Schema of the tables, without the prefix.
    tables
        The table that is changed, and other tables that `rows` mentions, as the server names them.
    change
        The SET clause of the UPDATE.
    rows
        The WHERE clause; after the change it must match no row. ``{table0}``, ``{table1}``, … stand for the tables.
    """

    schema: str
    tables: tuple[str, ...]
    change: str
    rows: str

    def is_done(self, database: Tables) -> bool:
        """Return whether no row is left to change, or one of the tables does not exist."""
        query = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s"
        there = {row[0] for row in database.connection.query(query, (database.prefix + self.schema,)).fetchall()}
        if not there.issuperset(self.tables):
            return True
        query = self._statement(database, "SELECT 1 FROM {table0} WHERE {rows} LIMIT 1")
        return not database.connection.query(query).fetchall()

    def run(self, database: Tables) -> None:
        """Change the rows."""
        database.connection.query(self._statement(database, "UPDATE {table0} SET {change} WHERE {rows}"))

    def _statement(self, database: Tables, template: str) -> str:
        """Return a statement, with the full names of the tables filled in."""
        adapter = database.connection.adapter
        names = [adapter.make_full_table_name(database.prefix + self.schema, table) for table in self.tables]
        tables = {f"table{number}": name for number, name in enumerate(names)}
        return composed(template, change=self.change, rows=composed(self.rows, **tables), **tables)
