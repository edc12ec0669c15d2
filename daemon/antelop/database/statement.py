"""Statements: composed of constants of the code alone, and no larger than the server takes.

Whatever comes from a row, a file or a person is a parameter (``%s``), or a literal (`antelop.database.table`).
"""

from contextlib import closing
from typing import Any

from antelop.errors import Misconfigured, Problem

ON_POSTGRESQL = 2**30 - 2**16
"""Bytes: PostgreSQL allocates at most 1 GiB at once, and needs a little more than the statement."""

_HEADER = 64
"""Bytes of ``max_allowed_packet`` that are left for what the protocol puts before a statement, which is 1."""

_QUOTES = 32
"""Bytes that a value may take besides its content: quotes, and what tells the type."""


def composed(template: str, **parts: str) -> str:
    """Return a statement, or a part of one, with parts in the place of ``{name}``.

    Parameters
    ----------
    template
        SQL: a constant of the code.
    parts
        SQL that this function, `identifier` or DataJoint has returned, such as ``make_sql()`` and ``full_table_name``.
    """
    return template.format(**parts)


def identifier(backend: str, name: str) -> str:
    """Return a name as SQL, for a statement with parameters: a name of any table, which may be a stranger's, is data too."""
    quote = '"' if backend == "postgresql" else "`"
    return f"{quote}{name.replace(quote, 2 * quote).replace('%', '%%')}{quote}"


class TooLarge(Misconfigured):
    """A statement is larger than the server takes; it was not sent."""


def longest(cursor: Any, backend: str) -> int:  # noqa: ANN401  # a driver's
    """Return how many bytes a statement may have on the server of an open cursor."""
    if backend == "postgresql":
        return ON_POSTGRESQL
    cursor.execute("SELECT @@max_allowed_packet")
    return int(cursor.fetchone()[0]) - _HEADER


def expect_to_fit(link: Any, query: str, values: Any, limit: int) -> None:  # noqa: ANN401  # a driver's connection
    """Raise `TooLarge` if a statement has more bytes than the limit: a server would only close the connection."""
    # A character becomes 4 bytes at most, or 2 if it is escaped, and a byte 2. Only what may be too large is written out.
    sizes = [4 * len(value) + _QUOTES for value in values or () if isinstance(value, str | bytes)]
    if 4 * len(query) + sum(sizes) <= limit:
        return
    with closing(link.cursor()) as cursor:
        statement = cursor.mogrify(query, values)
    size = len(statement.encode(errors="surrogateescape") if isinstance(statement, str) else statement)
    if size > limit:
        what = f"a statement has {size} bytes, and the server takes {limit}"
        where, remedy = "max_allowed_packet", "Have an administrator of the server raise max_allowed_packet"
        if limit == ON_POSTGRESQL:
            where, remedy = "database", "Store less in one row: the limit of PostgreSQL is fixed"
        raise TooLarge([Problem("statement_large", where, what, remedy)])
