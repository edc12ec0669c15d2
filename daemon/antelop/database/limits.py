"""The time limits of a session: how long it waits for the server, and how long the server waits for it.

A client that hangs, or that is disconnected, holds its locks until the server notices. Each session therefore tells the server
at its start after which time to end it. The server's own configuration may have much longer or much shorter limits.
"""

from dataclasses import dataclass
from math import ceil
from typing import Any

LOCK_TIMEOUT = 60
"""Seconds that a statement waits for a lock."""

STATEMENT_TIMEOUT = 600
"""Seconds that a statement may take, including the time in which it waits for locks."""

NETWORK_TIMEOUT = 30
"""Seconds without a sign of life from the network after which both ends consider the connection lost."""

ANSWER_TIMEOUT = STATEMENT_TIMEOUT + NETWORK_TIMEOUT
"""Seconds after which the client gives up a statement; by then the server should have ended it."""

_LONGEST = 20 * 86400
"""Longest limit in seconds: PostgreSQL counts milliseconds in 31 bits."""

_READING_TIMEOUT = 3600
"""Seconds that a MySQL server waits for a client that works on each row of a streamed answer."""


@dataclass(frozen=True)
class Limits:
    """How many seconds a session may pause between two statements.

    Attributes
    ----------
    transaction
        Limit inside a transaction, where other sessions wait for its locks. A mask runs inside a transaction, so this is longer
        than a mask may take.
    session
        Limit outside a transaction. Arrays and videos are copied into the store between two statements, and the session holds
        the claim on the delivery, so this is longer than an ingest may take.
    """

    transaction: float = 120.0
    session: float = 8 * 3600.0


def opening_statements(backend: str, limits: Limits) -> tuple[list[str], list[str]]:
    """Return the statements that every session begins with, and further ones that some servers do not know.

    With READ COMMITTED, each statement sees what other sessions committed before it. Code that looks again after it has taken a
    lock relies on this.
    """
    if backend == "postgresql":
        known = [
            "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED",
            f"SET lock_timeout = '{LOCK_TIMEOUT}s'",
            f"SET statement_timeout = '{STATEMENT_TIMEOUT}s'",
            f"SET idle_in_transaction_session_timeout = '{_whole(limits.transaction)}s'",
            "SET idle_session_timeout = 0",  # the claim must last as long as the copy does
        ]
        # These exist on some operating systems only, and the last one from PostgreSQL 17 on.
        new = [
            f"SET tcp_keepalives_idle = {NETWORK_TIMEOUT // 3}",
            f"SET tcp_keepalives_interval = {NETWORK_TIMEOUT // 6}",
            "SET tcp_keepalives_count = 4",
            f"SET tcp_user_timeout = '{NETWORK_TIMEOUT}s'",
            f"SET client_connection_check_interval = '{NETWORK_TIMEOUT // 3}s'",  # while a statement runs or waits for a lock
            "SET transaction_timeout = 0",
        ]
        return known, new
    known = [
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        f"SET SESSION innodb_lock_wait_timeout = {LOCK_TIMEOUT}",
        f"SET SESSION lock_wait_timeout = {LOCK_TIMEOUT}",  # for the lock on a table's definition; a day by default
        f"SET SESSION net_read_timeout = {NETWORK_TIMEOUT}",
        f"SET SESSION net_write_timeout = {_READING_TIMEOUT}",
        f"SET SESSION wait_timeout = {_whole(limits.session)}",
    ]
    # The last one exists on MariaDB only; on MySQL, wait_timeout is the only limit. Statements get no limit, because the server
    # would count the time in which the client reads a streamed answer.
    return known, [pause("mysql", limits.transaction)]


def pause(backend: str, seconds: float) -> str:
    """Return the statement that limits the pauses of the open transaction to some seconds; 0 means no limit."""
    if backend == "postgresql":
        return f"SET LOCAL idle_in_transaction_session_timeout = '{_whole(seconds)}s'"
    return f"SET SESSION idle_transaction_timeout = {_whole(seconds)}"


def _whole(seconds: float) -> int:
    """Return whole seconds, at most what servers accept; rounded up, because 0 would mean no limit."""
    return min(ceil(seconds), _LONGEST)


def set_if_known(cursor: Any, statement: str) -> bool:  # noqa: ANN401  # the drivers have no types
    """Execute a setting that some servers, or their operating systems, do not have; return whether this server has it."""
    try:
        cursor.execute(statement)
    except Exception as error:
        # PostgreSQL's undefined_object and invalid_parameter_value; MySQL's ER_UNKNOWN_SYSTEM_VARIABLE.
        if getattr(error, "pgcode", None) in {"42704", "22023"} or error.args[:1] == (1193,):
            return False
        raise
    return True
