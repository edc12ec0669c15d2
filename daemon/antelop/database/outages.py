"""Classify an error of a database driver: an outage, a missing right, or a wrong statement.

An error is classified by its type and its code, never by its text (except in `is_refused`). An error without a code does not
come from the server, and its type says little. `Connection` then tests whether the connection still works.
"""

import re

import datajoint as dj
import psycopg2

# SQLSTATE classes and single states (PostgreSQL manual, appendix A): no connection, out of a resource such as disk or memory,
# shut down by an operator, input or output error; a read-only server, a serialization failure, a deadlock, a lock that another
# session holds.
STATES = ("08", "53", "57", "58", "25006", "40001", "40P01", "55P03")

# The same in the numbers of MySQL and MariaDB (ER_ and CR_ of their manuals).
NUMBERS = frozenset({
    *(1, 2, 3, 5, 20, 1021, 1024, 1026, 1030, 1114),  # a file, memory, disk full, reading, writing, storage engine, table full
    *(1037, 1038, 1041),  # memory
    *(1040, 1203, 1226),  # too many connections, or too much use of them
    *(1053, 1077, 1080, 1152, 1158, 1159, 1160, 1161, 1927),  # shut down, aborted, network, killed
    1153,  # the statement is larger than a proxy before the server takes; the server's own limit is checked before
    *(1205, 1213, 1317, 1969, 3024),  # lock wait, deadlock, interrupted, a limit of the server's own for a statement
    *(1036, 1290, 1792, 1836, 1874, 1881),  # read-only: the table, the server, the transaction, and InnoDB while it is repaired
    *(2002, 2003, 2006, 2013, 2055, 4031),  # cannot connect, gone, lost, disconnected for idleness
})  # fmt: skip

DENIED = frozenset({1044, 1142, 1143, 1227, 1370})
"""Numbers of MySQL and MariaDB: no right to a schema, table, column or routine, or to an action that needs SUPER or similar."""

# PostgreSQL's messages when it refuses a user. Only here the text has to be used, because libpq gives no SQLSTATE for a
# connection that failed. If the server's messages are not in English, a refusal counts as an outage.
_REFUSED = re.compile(
    r"authentication failed|no password supplied|(role|database) \".*\" does not exist|no pg_hba\.conf entry|"
    r"is not permitted to log in|permission denied for database"
)


def is_outage(error: BaseException) -> bool:
    """Return whether an error is an outage: the server or the connection failed, and the same statement may succeed later."""
    # DataJoint turns some errors of the drivers into its own; all others arrive as the driver raised them.
    if isinstance(error, dj.errors.LostConnectionError):
        return True
    if _driver(error) == "psycopg2":
        state = getattr(error, "pgcode", None)
        if state is None:  # raised by the driver itself: no connection, or a lost one
            return type(error).__name__ in {"OperationalError", "InterfaceError"}
        return str(state).startswith(STATES)
    if _driver(error) == "pymysql":
        return type(error).__name__ == "InterfaceError" or bool(error.args and error.args[0] in NUMBERS)
    return False


def is_refused(error: BaseException) -> bool:
    """Return whether a PostgreSQL server refused the user; by type and code, libpq's error looks like an outage."""
    return _driver(error) == "psycopg2" and bool(_REFUSED.search(str(error)))


def is_unexplained(error: BaseException) -> bool:
    """Return whether an error has no code of the server, so that only a test of the connection shows what happened."""
    if _driver(error) == "psycopg2":
        return getattr(error, "pgcode", None) is None and isinstance(error, psycopg2.DatabaseError)
    return _driver(error) == "pymysql" and not (error.args and isinstance(error.args[0], int) and error.args[0] > 0)


def is_denied(error: BaseException | None) -> bool:
    """Return whether an error says that the user lacks a right (SQLSTATE 42501 on PostgreSQL, `DENIED` on MySQL)."""
    if isinstance(error, dj.errors.AccessError) or getattr(error, "pgcode", None) == "42501":
        return True
    return error is not None and _driver(error) == "pymysql" and bool(error.args and error.args[0] in DENIED)


def sentence(error: BaseException) -> str:
    """Return an error's message on one line, without the numbers and statements that drivers add."""
    # Drivers put the message last among their arguments, and some errors have none.
    texts = [" ".join(text.split()) for text in error.args if isinstance(text, str)]
    return next(filter(None, reversed(texts)), type(error).__name__)


def _driver(error: BaseException) -> str:
    """Return the name of the package that defines the error's class."""
    return type(error).__module__.partition(".")[0]
