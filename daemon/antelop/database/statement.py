"""SQL statements: composed only of constants in the code, and not larger than the server accepts.

Every value from a row, a file or a person is a parameter (``%s``), or a literal (`antelop.database.table`).
"""

from contextlib import closing
from typing import Any

from antelop.errors import Misconfigured, Problem

ON_POSTGRESQL = 2**30 - 2**16
"""Largest statement in bytes: PostgreSQL allocates at most 1 GiB at once, and needs slightly more than the statement."""

_HEADER = 64
"""Bytes of ``max_allowed_packet`` reserved for the protocol's header of a statement, which has 1 byte."""

_QUOTES = 32
"""Largest number of bytes of a value in addition to its content: quotes and a type."""


def composed(template: str, **parts: str) -> str:
    """Return a statement, or a part of one, in which each ``{name}`` is replaced by the part of that name.

    Parameters
    ----------
    template
        SQL: a constant in the code.
    parts
        SQL that this function, `identifier` or DataJoint has returned, such as ``make_sql()`` and ``full_table_name``.
    """
    return template.format(**parts)


def identifier(backend: str, name: str) -> str:
    """Return a name as quoted SQL, for a statement with parameters; names of other people's tables are untrusted data too."""
    quote = '"' if backend == "postgresql" else "`"
    return f"{quote}{name.replace(quote, 2 * quote).replace('%', '%%')}{quote}"


class TooLarge(Misconfigured):
    """A statement is larger than the server accepts; it was not sent."""


def longest(cursor: Any, backend: str) -> int:  # noqa: ANN401  # a driver's
    """Return the largest number of bytes of a statement on the server of an open cursor."""
    if backend == "postgresql":
        return ON_POSTGRESQL
    cursor.execute("SELECT @@max_allowed_packet")
    return int(cursor.fetchone()[0]) - _HEADER


def expect_to_fit(link: Any, query: str, values: Any, limit: int) -> None:  # noqa: ANN401  # a driver's connection
    """Raise `TooLarge` if a statement has more bytes than the limit; the server would close the connection without a reason."""
    # A character becomes at most 4 bytes, or 2 if it is escaped; a byte becomes at most 2. This estimate is cheap, so only
    # statements that may be too large are composed to be measured.
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
