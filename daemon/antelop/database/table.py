"""How our tables differ from DataJoint's: every value is data, never SQL, and no statement is too large.

DataJoint writes the values of a restriction into the statement, and escapes text wrongly in some cases. It doubles backslashes,
which PostgreSQL does not treat as escapes. It doubles percent signs once more for each table of a cascade. In a list it escapes
nothing. Here, text becomes a literal of letters, digits and a few signs that have no special meaning for any server, driver or
DataJoint, so that it does not matter how they escape.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from math import isfinite
from typing import Any

import datajoint as dj
import numpy as np
from datajoint.condition import Not
from datajoint.jobs import Job

from antelop.database.driver import Connection
from antelop.database.statement import TooLarge

_PLAIN = re.compile(r"[A-Za-z0-9 _.,:/+-]*")
"""Text that needs no escaping; between quotes, two hyphens do not begin a comment."""


@dataclass(frozen=True)
class Literal:
    """A value as an SQL literal, which DataJoint puts into a statement unchanged."""

    sql: str

    def __str__(self) -> str:
        return self.sql


def literal(connection: Connection, value: object) -> Literal:
    """Return a value as an SQL literal.

    Parameters
    ----------
    connection
        The connection to the server that will execute it.
    value
        Text, a whole or finite number, or a time.

    Raises
    ------
    TypeError
        If the value has another type.
    ValueError
        If it is text that the server cannot store: with U+0000 on PostgreSQL, or with an unpaired surrogate.
    """
    if isinstance(value, Literal):
        return value
    if isinstance(value, int | float | np.number | np.bool_) and isfinite(value):
        return Literal(str(value).upper())
    if isinstance(value, date | time | Decimal):
        value = str(value)
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} cannot be a value in a restriction")
    if _PLAIN.fullmatch(value):
        return Literal(f"'{value}'")
    # Write all other text as the hexadecimal digits of its UTF-8 bytes: then no escaping rule matters.
    content = value.encode()
    if connection.adapter.backend == "mysql":
        return Literal(f"_utf8mb4 X'{content.hex()}'")
    if 0 in content:
        raise ValueError("PostgreSQL stores no U+0000")
    return Literal("E'" + "".join(f"\\x{byte:02x}" for byte in content) + "'")


def restricted(rows: Any, condition: str, *values: object) -> Any:  # noqa: ANN401  # DataJoint expressions
    """Restrict rows by a condition with parameters.

    Parameters
    ----------
    rows
        A table or an expression of tables.
    condition
        SQL with ``%s`` for each value: a constant in the code, never composed.
    values
        The values, of types that `literal` accepts.
    """
    # No row can hold text that the server cannot store, so such a restriction matches nothing.
    try:
        return rows & (condition % tuple(literal(rows.connection, value) for value in values))
    except ValueError:
        return rows & False


class Table:
    """Mixin that comes before DataJoint's class in each of our tables."""

    connection: Any
    primary_key: list[str]

    def restrict(self, restriction: Any, semantic_check: bool = True) -> Any:  # noqa: ANN401, FBT001, FBT002  # as in DataJoint
        """Restrict by any condition that DataJoint accepts; values in mappings reach the server unchanged."""
        return super().restrict(self._with_literals(restriction), semantic_check)  # type: ignore[misc]  # DataJoint's

    def insert(self, rows: Any, **options: Any) -> None:  # noqa: ANN401  # as in DataJoint
        """Insert rows in the open transaction, in as many statements as the server's limit requires.

        Raises
        ------
        TooLarge
            If a single row is too large for a statement.
        """
        rows = list(rows)
        # Nearly always one statement is enough. If not, halve the rows until each statement fits.
        try:
            super().insert(rows, **options)  # type: ignore[misc]  # DataJoint's
        except TooLarge:
            if len(rows) < 2:  # noqa: PLR2004
                raise
            half = len(rows) // 2
            self.insert(rows[:half], **options)
            self.insert(rows[half:], **options)

    def update1(self, row: Mapping[str, Any]) -> None:
        """Update the row with this primary key."""
        key = {name: literal(self.connection, row[name]) for name in self.primary_key}
        super().update1({**row, **key})  # type: ignore[misc]  # DataJoint's

    def _with_literals(self, restriction: Any) -> Any:  # noqa: ANN401  # as above
        """Return the restriction with literals in place of the values of mappings; False if a value cannot be in any row."""
        if isinstance(restriction, Mapping):
            try:
                return {name: self._as_literal(name, value) for name, value in restriction.items()}
            except ValueError:
                return False
        # Conditions may be nested, so go down into them.
        if isinstance(restriction, Not):
            return Not(self._with_literals(restriction.restriction))
        if isinstance(restriction, list | tuple | set):
            alternatives = [self._with_literals(each) for each in restriction]
            return dj.AndList(alternatives) if isinstance(restriction, dj.AndList) else alternatives
        return restriction

    def _as_literal(self, name: str, value: object) -> object:
        """Return an attribute's value as a literal; return None, and values of names that DataJoint ignores, unchanged."""
        is_known = name.partition(".")[0] in self.heading.names  # type: ignore[attr-defined]  # DataJoint's
        return value if value is None or not is_known else literal(self.connection, value)


class Jobs(Table, Job):
    """The jobs table of `Ingestion`."""

    def reserve(self, key: Mapping[str, Any]) -> bool:
        """Reserve a job if it is pending and due; return whether it was reserved."""
        return bool(super().reserve({name: literal(self.connection, key[name]) for name in self.primary_key}))
