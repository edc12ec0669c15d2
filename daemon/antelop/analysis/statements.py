"""Whether an SQL statement only reads, decided by its words, as its server would split it.

A statement that cannot be split with certainty is refused.
"""

import re

_READING = {"SELECT", "WITH", "SHOW", "EXPLAIN", "DESCRIBE", "DESC", "VALUES", "TABLE"}

_WRITING = re.compile(r"\b(?:INSERT|UPDATE|DELETE|MERGE|REPLACE|INTO)\b(?!\s*\()")
"""Words that make a statement write, even if it begins with a word that reads; the functions REPLACE() and INSERT() do not."""

_ACTING = re.compile(
    r"\b(?:PG_(?:TRY_)?ADVISORY\w*|PG_(?:TERMINATE|CANCEL)_BACKEND|SET_CONFIG|QUERY_TO_XML\w*|DBLINK\w*|LO_\w+|"
    r"GET_LOCK|RELEASE_LOCK|RELEASE_ALL_LOCKS|(?:NEXT|SET)VAL)(?=\s*\()"
)
"""Functions of the servers that change something; functions that the lab has created are not known here."""

_POSTGRESQL = re.compile(r"""'[^']*'|"[^"]*"|--[^\r\n]*|/\*(?:(?!/\*).)*?\*/""", re.DOTALL)
"""Strings, quoted names and comments. A backslash has one meaning in every string, because a statement with a backslash before
a quote is refused."""

_MYSQL = re.compile(
    r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`|--(?=\s|\Z)[^\n]*|\#[^\n]*|/\*(?!M?!).*?\*/""", re.DOTALL | re.ASCII
)
"""The same for MySQL and MariaDB. They execute the contents of /*! and /*M!, so these are not comments."""

_DOUBTFUL = {
    True: (re.compile(r"(?<!\\)(?:\\\\)*\\'"), re.compile(r"""['"]|/\*|\$[^\W\d]?\w*\$|\x00""")),
    False: (None, re.compile(r"""['"`]|/\*(?!M?!)|\x00""")),
}
"""Patterns that make a statement refused, by whether the server is PostgreSQL: the first anywhere in the statement, the second
outside quotes and comments. For PostgreSQL these are a backslash before a quote, which ends one kind of string and not the
other; strings in dollar signs; and comments inside comments. For both they are strings and comments without an end."""


def writing_verb(statement: str, *, postgresql: bool) -> str | None:
    """Return the word that makes a statement do more than read; None if it only reads.

    Parameters
    ----------
    statement
        The statement as the server receives it, with all values inserted.
    postgresql
        Whether the server is PostgreSQL.
    """
    # Strings, quoted names and comments are removed first: words in them have no effect.
    anywhere, outside = _DOUBTFUL[postgresql]
    bare = (_POSTGRESQL if postgresql else _MYSQL).sub(" ", statement)
    if (anywhere and anywhere.search(statement)) or outside.search(bare):
        return "hide something in quotes or comments"
    # One text can hold several statements, and each must only read.
    for part in bare.upper().split(";"):
        first = re.match(r"[\s(]*(\w*)", part, re.ASCII)
        if part.strip() and first and first[1] not in _READING:
            return first[1] or "run what is no statement"
        if found := _WRITING.search(part) or _ACTING.search(part):
            return found[0]
    return None
