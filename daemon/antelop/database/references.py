"""Find the columns that may refer to the store: those written by a DataJoint codec as JSON, in every schema of the server."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from datajoint.utils import to_camel_case

from antelop.database.connection import Database
from antelop.database.schemas import SCHEMAS
from antelop.database.statement import composed, identifier
from antelop.errors import Problem

# DataJoint writes the codec of a column into the column's comment: ":<signal>:seconds". Every codec counts, not only ours: it
# may be built on one of ours, which the comment does not show.
_COLUMNS = {
    "postgresql": """
        SELECT n.nspname, c.relname, a.attname,
            has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AND NOT row_security_active(c.oid),
            (SELECT string_agg(k.attname, chr(31) ORDER BY k.attnum) FROM pg_index AS i JOIN pg_attribute AS k
                ON k.attrelid = i.indrelid AND k.attnum = ANY (i.indkey) WHERE i.indrelid = c.oid AND i.indisprimary)
        FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND a.atttypid IN ('json'::regtype, 'jsonb'::regtype) AND NOT a.attisdropped
            AND col_description(c.oid, a.attnum) LIKE ':<%%'
        ORDER BY n.nspname, c.relname, a.attnum""",
    "mysql": """
        SELECT c.table_schema, c.table_name, c.column_name, MAX(c.privileges LIKE '%%select%%'),
            GROUP_CONCAT(k.column_name ORDER BY k.ordinal_position SEPARATOR 0x1F)
        FROM information_schema.columns AS c LEFT JOIN information_schema.columns AS k
            ON k.table_schema = c.table_schema AND k.table_name = c.table_name AND k.column_key = 'PRI'
        WHERE c.column_comment LIKE ':<%%' AND c.data_type IN ('json', 'longtext')
        GROUP BY c.table_schema, c.table_name, c.column_name""",
}

_KEYS = {
    "postgresql": """
        SELECT n.nspname, c.relname, a.attname, o.nspname
        FROM pg_constraint AS f JOIN pg_class AS c ON c.oid = f.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
        JOIN pg_class AS p ON p.oid = f.confrelid JOIN pg_namespace AS o ON o.oid = p.relnamespace
        JOIN pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = ANY (f.conkey)
        WHERE f.contype = 'f'""",
    "mysql": """
        SELECT table_schema, table_name, column_name, referenced_table_schema
        FROM information_schema.key_column_usage WHERE referenced_table_schema IS NOT NULL""",
}
"""Schema, table and column of every foreign key, and the schema that it refers to."""

_PLAIN = re.compile(r"[\w #~$-]+")
"""A name in which no character needs to be escaped between quotes."""


@dataclass(frozen=True)
class Column:
    """A column that may refer to objects in the store.

    Attributes
    ----------
    schema, table, name
        The column's schema, table and name.
    readable
        Whether this user may read the column in every row.
    key
        The primary key of the table.
    label
        The table's name for people.
    """

    schema: str
    table: str
    name: str
    readable: bool
    key: tuple[str, ...]
    label: str


def referring(database: Database) -> list[Column]:
    """Return every column that may refer to the store, as far as this user can see."""
    found = database.connection.query(_COLUMNS[database.connection.adapter.backend]).fetchall()
    return [
        Column(
            schema,
            table,
            name,
            readable=bool(readable),
            key=tuple(key.split("\x1f")) if key else (),
            label=to_camel_case(table) if schema.startswith(database.prefix) else f"{schema}.{table}",
        )
        for schema, table, name, readable, key in found
    ]


def strange_names(database: Database) -> list[Problem]:
    """Return a problem for each table whose names DataJoint does not quote correctly, among those that refer to our tables."""
    keys = database.connection.query(_KEYS[database.connection.adapter.backend]).fetchall()
    schemas = {database.prefix + name for name in SCHEMAS}
    # Follow the foreign keys backwards: a table may refer to ours through the tables of other schemas.
    while more := {schema for schema, _, _, other in keys if other in schemas} - schemas:
        schemas |= more
    strange = {
        (schema, table) for schema, table, *column, _ in keys if not all(map(_PLAIN.fullmatch, (schema, table, *column)))
    }
    return [
        Problem("table_name", f"{schema}.{table}", "its name or that of a column has quotes or other signs", "Have it renamed")
        for schema, table in sorted(strange)
        if schema in schemas
    ]


def unreadable(database: Database) -> list[Problem]:
    """Return a problem for each of these columns that this user may not read in every row."""
    return [
        _unseen(f"{column.label}, {column.name}", f"user {database.user} may not read all of it")
        for column in referring(database)
        if not column.readable
    ]


def unseen(database: Database) -> list[Problem]:
    """Return a problem for everything that may refer to the store, but that this user cannot see."""
    problems = unreadable(database)
    # MySQL lists only tables on which the user has some right, so a table could refer to the store without being listed.
    if not database.is_postgresql:
        user, _, host = database.connection.query("SELECT CURRENT_USER()").fetchone()[0].rpartition("@")
        granted = "SELECT 1 FROM information_schema.user_privileges WHERE privilege_type = 'SELECT' AND grantee = %s"
        if not database.connection.query(granted, (f"'{user}'@'{host}'",)).fetchall():
            what = f"user {database.user} does not see every table of the server: that takes SELECT on *.*"
            problems.append(_unseen("database", what))
    return problems


def values(database: Database, column: Column, containing: str) -> Iterator[tuple[tuple[object, ...], str]]:
    """Yield primary key and JSON text of the rows in whose column a text occurs; call it within a transaction."""
    # The names may belong to tables of other people, so quote each of them. Only the rows that match travel over the network.
    quoted = partial(identifier, database.connection.adapter.backend)
    cast = "CAST({name} AS text)" if database.is_postgresql else "CAST({name} AS char)"
    text = composed(cast, name=quoted(column.name))
    names = ", ".join([*map(quoted, column.key), text])
    place = {"schema": quoted(column.schema), "table": quoted(column.table)}
    query = composed("SELECT {names} FROM {schema}.{table} WHERE {text} LIKE %s", names=names, text=text, **place)
    for *key, value in database.connection.stream(query, (f"%{containing}%",)):
        yield tuple(key), value


def _unseen(where: str, what: str) -> Problem:
    return Problem("references_unseen", where, what, "Do this as a database user who may read everything")
