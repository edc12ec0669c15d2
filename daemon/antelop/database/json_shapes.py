"""Find values of JSON columns that have another shape than this software writes.

Every user who may write a table can write any JSON into it. Readers take such a value for an empty one; this says where it is.
"""

from collections.abc import Iterator

from antelop.database.connection import Database
from antelop.database.statement import composed
from antelop.errors import Problem

LISTS = {("Delivery", "videos"), ("Ingestion", "warnings"), ("Attempt", "problems")}
"""The JSON columns that hold a list. All others hold an object, also those in which a codec writes a descriptor."""

_SHAPE = {"postgresql": "COALESCE(jsonb_typeof({column}), '')", "mysql": "LOWER(COALESCE(JSON_TYPE({column}), ''))"}
"""How a server names the shape of a value; MariaDB has none for text that is not JSON."""


def misshapen(database: Database) -> Iterator[Problem]:
    """Yield a problem for each value that is not of its column's shape; call it within a transaction."""
    for table, column in _columns(database):
        rows = database.tables[table]()
        quote = database.connection.adapter.quote_identifier
        # The server compares, so that only the rows that are wrong travel over the network.
        query = composed(
            "SELECT {names}, {shape} FROM {rows} WHERE {column} IS NOT NULL AND {shape} <> %s",
            names=", ".join(map(quote, rows.primary_key)),
            shape=composed(_SHAPE[database.connection.adapter.backend], column=quote(column)),
            rows=rows.full_table_name,
            column=quote(column),
        )
        expected = "array" if (table, column) in LISTS else "object"
        for *key, found in database.connection.stream(query, (expected,)):
            what = f"it holds {f'JSON of type {found}' if found else 'text that is not JSON'}, and not of type {expected}"
            remedy = "This software did not write it: correct it, or restore a backup"
            yield Problem("json_shape", f"{table} {'/'.join(map(str, key))}, {column}", what, remedy)


def _columns(database: Database) -> Iterator[tuple[str, str]]:
    """Yield each JSON column, with its table."""
    for name, table in database.tables.items():
        for column, attribute in table().heading.attributes.items():
            if attribute.json:
                yield name, column
