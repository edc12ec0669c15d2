"""Whether a statement of SQL does no more than read, by its words, as its server would take it apart.

What cannot be told apart for certain is not let pass: a statement is refused rather than guessed at.
"""

import re

_READING = {"SELECT", "WITH", "SHOW", "EXPLAIN", "DESCRIBE", "DESC", "VALUES", "TABLE"}

_WRITING = re.compile(r"\b(?:INSERT|UPDATE|DELETE|MERGE|REPLACE|INTO)\b(?!\s*\()")
"""Words by which what begins by reading writes; not the functions REPLACE() and INSERT()."""

_ACTING = re.compile(
    r"\b(?:PG_(?:TRY_)?ADVISORY\w*|PG_(?:TERMINATE|CANCEL)_BACKEND|SET_CONFIG|QUERY_TO_XML\w*|DBLINK\w*|LO_\w+|"
    r"GET_LOCK|RELEASE_LOCK|RELEASE_ALL_LOCKS|(?:NEXT|SET)VAL)(?=\s*\()"
)
"""Functions of the servers that do more than compute; those that the lab has made are not known here."""

_POSTGRESQL = re.compile(r"""'[^']*'|"[^"]*"|--[^\r\n]*|/\*(?:(?!/\*).)*?\*/""", re.DOTALL)
"""Strings, quoted names and comments. A backslash means the same in every string, for one before a quote is not let pass."""

_MYSQL = re.compile(
    r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`|--(?=\s|\Z)[^\n]*|\#[^\n]*|/\*(?!M?!).*?\*/""", re.DOTALL | re.ASCII
)
"""The same. What MySQL and MariaDB run in a comment (/*! and /*M!) is none."""

_DOUBTFUL = {
    True: (re.compile(r"(?<!\\)(?:\\\\)*\\'"), re.compile(r"""['"]|/\*|\$[^\W\d]?\w*\$|\x00""")),
    False: (None, re.compile(r"""['"`]|/\*(?!M?!)|\x00""")),
}
"""What is not let pass, whether on PostgreSQL: anywhere in a statement, and outside quotes and comments. Of PostgreSQL these
are what ends one kind of string and not the other, strings in dollars, and comments in comments; of both, what has no end."""


def writing_verb(statement: str, *, postgresql: bool) -> str | None:
    """Return the word by which a statement does more than read, if there is one.

    Parameters
    ----------
    statement
        As the server gets it: nothing is put into it any more.
    postgresql
        Whether the server is PostgreSQL.
    """
    anywhere, outside = _DOUBTFUL[postgresql]
    bare = (_POSTGRESQL if postgresql else _MYSQL).sub(" ", statement)
    if (anywhere and anywhere.search(statement)) or outside.search(bare):
        return "hide something in quotes or comments"
    for part in bare.upper().split(";"):
        first = re.match(r"[\s(]*(\w*)", part, re.ASCII)
        if part.strip() and first and first[1] not in _READING:
            return first[1] or "run what is no statement"
        if found := _WRITING.search(part) or _ACTING.search(part):
            return found[0]
    return None
