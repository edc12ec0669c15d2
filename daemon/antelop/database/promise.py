"""Refuse servers that would break the promise: a session that a receipt calls ingested survives a power cut.

A receipt is written, and a recording archived, after COMMIT. So COMMIT must not return before the session is on the disk. And
an advisory lock, which keeps two workers from working on one delivery, must belong to one session of the server until the
worker releases it.

Each decision, and its reason:

- ``synchronous_commit = off`` is not refused. Every session can set it for itself, so ours does (`DURABLE`). All other values
  wait for the server's own disk, so they are not changed.
- ``fsync = off`` and ``full_page_writes = off`` are refused: no session can change them, and a power cut then loses or damages
  what was committed. On a filesystem that writes pages as a whole (ZFS), the latter is safe, but a client cannot know that.
- ``innodb_flush_log_at_trx_commit`` 0 and 2 are refused, and no session can change them. 1 and MariaDB's 3 wait for the disk.
- ``innodb_doublewrite = OFF`` is refused like ``full_page_writes``.
- ``sync_binlog`` other than 1 is refused if there is a binary log: after a crash, the server rolls back committed transactions
  that its binary log lacks. Without a binary log the setting has no effect.
- ``innodb_flush_method = nosync`` and ``littlesync`` are refused like ``fsync``.
- A replica is refused, because it accepts no writes. A server that is read-only for another reason, such as maintenance, is an
  outage (`Unavailable`): that ends, and an administrator can write even then.
- The embedded server is checked like every other, because a lab can edit its configuration file. This costs one query.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

from antelop.errors import Misconfigured, Problem

DURABLE = "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"

Ask = Callable[[str], Any]
"""Executes a query, and returns the first row of its answer; None if there is none."""

ROUNDS = 3
"""How often two connections are compared, because a pooler may by chance lend each the same session again."""

_SESSION = {"postgresql": "SELECT pg_backend_pid()", "mysql": "SELECT CONNECTION_ID()"}

_ON_POSTGRESQL = "SELECT current_setting('fsync'), current_setting('full_page_writes'), pg_is_in_recovery()"
_ON_MYSQL = (
    "SELECT @@innodb_flush_log_at_trx_commit, @@innodb_doublewrite, @@innodb_flush_method, "
    "@@log_bin, @@sync_binlog, @@read_only"
)
_REPLICATES = "SHOW GLOBAL STATUS LIKE 'Slave_running'"


def expect_promise(backend: str, where: str, ask: Ask) -> None:
    """Raise `Misconfigured` with every setting because of which the server could lose what it has committed."""
    find = _on_postgresql if backend == "postgresql" else _on_mysql
    if problems := [Problem("server_unfit", where, what, remedy) for what, remedy in find(ask)]:
        raise Misconfigured(problems)


def session_of(backend: str, ask: Ask) -> int:
    """Return the number of the server's session that executes the query."""
    return int(ask(_SESSION[backend])[0])


def expect_session(backend: str, where: str, ask: Ask, ask_other: Ask) -> None:
    """Raise `Misconfigured` if a pooler lends a different session of the server for each transaction.

    A second connection shows this. With such a pooler, either the session of the first connection changes from one statement to
    the next, or, if only one session is idle, the second connection gets the session of the first. Without such a pooler,
    neither can happen.

    Parameters
    ----------
    ask, ask_other
        Two connections that are open at the same time.
    """
    first = session_of(backend, ask)
    for _ in range(ROUNDS):
        if session_of(backend, ask) != first or session_of(backend, ask_other) == first or session_of(backend, ask) != first:
            what = (
                "a connection pooler stands before the server and lends a session of it for each transaction, which loses locks"
            )
            remedy = "Set [database] host and port to the server itself, or let the pooler keep a session for each connection "
            raise Misconfigured([Problem("server_pooled", where, what, remedy + "(pgbouncer: pool_mode = session)")])


def _on_postgresql(ask: Ask) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a PostgreSQL server, and the remedy."""
    fsync, full_page_writes, is_replica = ask(_ON_POSTGRESQL)
    for name, value in (("fsync", fsync), ("full_page_writes", full_page_writes)):
        if value == "off":
            yield _lost(f"{name} = off", f"{name} = on", "postgresql.conf")
    if is_replica:
        yield _REPLICA


def _on_mysql(ask: Ask) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a MySQL or MariaDB server, and the remedy."""
    # Versions differ in the spelling of values: numbers or words, in capitals or not.
    flush, doublewrite, method, has_binlog, sync_binlog, read_only = ask(_ON_MYSQL)
    if flush not in (1, 3):
        yield _lost(f"innodb_flush_log_at_trx_commit = {flush}", "innodb_flush_log_at_trx_commit = 1", "its configuration")
    if str(doublewrite).upper() in ("0", "OFF", "DETECT_ONLY"):
        yield _lost(f"innodb_doublewrite = {doublewrite}", "innodb_doublewrite = ON", "its configuration")
    if str(method).lower() in ("nosync", "littlesync"):
        yield _lost(f"innodb_flush_method = {method}", "innodb_flush_method = fsync", "its configuration")
    if has_binlog and sync_binlog != 1:
        yield _lost(f"sync_binlog = {sync_binlog}", "sync_binlog = 1", "its configuration")
    # A replica is nearly always read-only too; ask the second question only then.
    if read_only and (status := ask(_REPLICATES)) and status[1] == "ON":
        yield _REPLICA


def _lost(setting: str, remedy: str, place: str) -> tuple[str, str]:
    """Return what is wrong with a setting that can lose committed data, and the remedy."""
    what = f"the server runs with {setting}: after a power cut it may have lost what a receipt calls ingested"
    return what, f"Set {remedy} in {place} and restart the server"


_REPLICA = ("it is a replica, and takes no writes", "Set [database] host to the primary server")


def asking(connection: Any) -> Ask:  # noqa: ANN401  # the drivers have no types
    """Return a function that executes a query on a driver's connection and returns the first row of the answer."""

    def ask(query: str) -> Any:  # noqa: ANN401  # of several types
        with closing(connection.cursor()) as cursor:
            cursor.execute(query)
            return cursor.fetchone()

    return ask
