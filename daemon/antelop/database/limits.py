"""How a session begins: what it waits for, and how long the server waits for us.

A client that is cut off or hangs holds locks on the server until the server notices. Each session therefore tells the server,
when it begins, how soon to give it up. A server's own configuration may be far from these limits, in both directions.
"""

from dataclasses import dataclass
from math import ceil

LOCK_TIMEOUT = 60
"""Seconds that a statement waits for a lock."""

STATEMENT_TIMEOUT = 600
"""Seconds that a statement may take, its waiting for locks included."""

SILENCE = 30
"""Seconds that a network may be silent before a connection over it counts as lost, on both ends."""

ANSWER_TIMEOUT = STATEMENT_TIMEOUT + SILENCE
"""Seconds after which the client gives up a statement: the server should have done so before."""

_LONGEST = 20 * 86400
"""Seconds: PostgreSQL counts them in milliseconds, with 31 bits."""

_READING_TIMEOUT = 3600
"""Seconds that a MySQL server waits for a client which takes some time over each row of a streamed answer."""


@dataclass(frozen=True)
class Limits:
    """How many seconds a session may pause between two statements.

    Attributes
    ----------
    transaction
        Within a transaction, where others wait for its locks. A mask runs in one, so this is longer than a mask may take.
    session
        Outside of one. Arrays and films are copied into the store between two statements, so this is longer than an ingest may
        take. The claim on a delivery is held meanwhile.
    """

    transaction: float = 120.0
    session: float = 8 * 3600.0


def opening_statements(backend: str, limits: Limits) -> tuple[list[str], list[str]]:
    """Return the statements that every session begins with, and those that some servers do not know.

    A statement sees what others committed before it (READ COMMITTED): code that looks again under a lock relies on that.
    """
    if backend == "postgresql":
        known = [
            "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED",
            f"SET lock_timeout = '{LOCK_TIMEOUT}s'",
            f"SET statement_timeout = '{STATEMENT_TIMEOUT}s'",
            f"SET idle_in_transaction_session_timeout = '{_whole(limits.transaction)}s'",
            "SET idle_session_timeout = 0",  # the claim must last as long as the copy does
        ]
        # Only on some operating systems, and the last one only from PostgreSQL 17 on.
        new = [
            f"SET tcp_keepalives_idle = {SILENCE // 3}",
            f"SET tcp_keepalives_interval = {SILENCE // 6}",
            "SET tcp_keepalives_count = 4",
            f"SET tcp_user_timeout = '{SILENCE}s'",
            f"SET client_connection_check_interval = '{SILENCE // 3}s'",  # while a statement runs or waits for a lock
            "SET transaction_timeout = 0",
        ]
        return known, new
    known = [
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        f"SET SESSION innodb_lock_wait_timeout = {LOCK_TIMEOUT}",
        f"SET SESSION lock_wait_timeout = {LOCK_TIMEOUT}",  # for the lock on a table's definition; a day by default
        f"SET SESSION net_read_timeout = {SILENCE}",
        f"SET SESSION net_write_timeout = {_READING_TIMEOUT}",
        f"SET SESSION wait_timeout = {_whole(limits.session)}",
    ]
    # MariaDB's own; on MySQL wait_timeout alone counts. There is no limit for a statement: the server would count the time that
    # we take to read a streamed answer.
    return known, [pause("mysql", limits.transaction)]


def pause(backend: str, seconds: float) -> str:
    """Return the statement that sets how long the open transaction may pause between two statements; 0: without limit."""
    if backend == "postgresql":
        return f"SET LOCAL idle_in_transaction_session_timeout = '{_whole(seconds)}s'"
    return f"SET SESSION idle_transaction_timeout = {_whole(seconds)}"


def _whole(seconds: float) -> int:
    """Return whole seconds, rounded up, for 0 means no limit; and no more than servers take."""
    return min(ceil(seconds), _LONGEST)


def is_unknown(error: Exception) -> bool:
    """Tell whether a server refused a setting because it, or its operating system, does not have it."""
    # PostgreSQL's undefined_object and invalid_parameter_value; MySQL's ER_UNKNOWN_SYSTEM_VARIABLE.
    return getattr(error, "pgcode", None) in {"42704", "22023"} or error.args[:1] == (1193,)
