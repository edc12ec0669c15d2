"""Servers that would break the promise are refused: what a receipt calls ingested must survive a power cut.

A receipt is written, and a recording archived, after COMMIT. So COMMIT must not return before the disk has the session, and the
locks that keep two workers from one delivery must be held by one session of the server for as long as we hold them.

Each decision, and why:

- ``synchronous_commit = off`` is not refused. Every session may set it for itself, so ours does (`DURABLE`). The other values
  all wait for the server's own disk, and stay as they are.
- ``fsync = off`` and ``full_page_writes = off`` are refused: no session can change them, and a power cut then loses or damages
  what was committed. On a file system that never tears a page (ZFS), the latter would be safe; a client cannot know that.
- ``innodb_flush_log_at_trx_commit`` 0 and 2 are refused, and no session can change them. 1 and MariaDB's 3 wait for the disk.
- ``innodb_doublewrite = OFF`` is refused like ``full_page_writes``.
- ``sync_binlog`` other than 1 is refused if there is a binary log: after a crash the server rolls back what it had committed
  and does not find in its binary log. Without a binary log it does not matter.
- ``innodb_flush_method = nosync`` and ``littlesync`` are refused like ``fsync``.
- A replica is refused: it takes no writes. A server that is read-only for another reason is not: maintenance ends, so that is
  an outage (`Unavailable`), and an administrator may write even then.
- The embedded server is asked like every other: its configuration is a file that a lab may edit. That is one query.
"""

from collections.abc import Callable, Iterator
from typing import Any

from antelop.errors import Misconfigured, Problem

DURABLE = "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"

Ask = Callable[[str], Any]
"""Executes a query, and returns the first row of its answer; None if there is none."""

ROUNDS = 3
"""How often two connections are compared: a pooler may by chance give each the same session again."""

_SESSION = {"postgresql": "SELECT pg_backend_pid()", "mysql": "SELECT CONNECTION_ID()"}

_ON_POSTGRESQL = "SELECT current_setting('fsync'), current_setting('full_page_writes'), pg_is_in_recovery()"
_ON_MYSQL = (
    "SELECT @@innodb_flush_log_at_trx_commit, @@innodb_doublewrite, @@innodb_flush_method, "
    "@@log_bin, @@sync_binlog, @@read_only"
)
_REPLICATES = "SHOW GLOBAL STATUS LIKE 'Slave_running'"


def expect_promise(backend: str, where: str, ask: Ask) -> None:
    """Raise `Misconfigured`, with everything that keeps a server from keeping what it commits."""
    find = _on_postgresql if backend == "postgresql" else _on_mysql
    if problems := [Problem("server_unfit", where, what, remedy) for what, remedy in find(ask)]:
        raise Misconfigured(problems)


def session_of(backend: str, ask: Ask) -> int:
    """Return the number of the server's session that answers."""
    return int(ask(_SESSION[backend])[0])


def expect_session(backend: str, where: str, ask: Ask, ask_other: Ask) -> None:
    """Raise `Misconfigured` if a connection is not one session of the server: a pooler lends a session for each transaction.

    That is found by a second connection. If a pooler lends sessions, either the session of the first connection changes from
    one statement to the next, or, if there is only one that is idle, the second connection meets the session of the first.
    Without such a pooler neither can happen.

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
    fsync, full_page_writes, is_replica = ask(_ON_POSTGRESQL)
    for name, value in (("fsync", fsync), ("full_page_writes", full_page_writes)):
        if value == "off":
            yield _lost(f"{name} = off", f"{name} = on", "postgresql.conf")
    if is_replica:
        yield _REPLICA


def _on_mysql(ask: Ask) -> Iterator[tuple[str, str]]:
    flush, doublewrite, method, has_binlog, sync_binlog, read_only = ask(_ON_MYSQL)
    if flush not in (1, 3):
        yield _lost(f"innodb_flush_log_at_trx_commit = {flush}", "innodb_flush_log_at_trx_commit = 1", "its configuration")
    if str(doublewrite).upper() in ("0", "OFF", "DETECT_ONLY"):
        yield _lost(f"innodb_doublewrite = {doublewrite}", "innodb_doublewrite = ON", "its configuration")
    if str(method).lower() in ("nosync", "littlesync"):
        yield _lost(f"innodb_flush_method = {method}", "innodb_flush_method = fsync", "its configuration")
    if has_binlog and sync_binlog != 1:
        yield _lost(f"sync_binlog = {sync_binlog}", "sync_binlog = 1", "its configuration")
    if read_only and (status := ask(_REPLICATES)) and status[1] == "ON":
        yield _REPLICA


def _lost(setting: str, remedy: str, place: str) -> tuple[str, str]:
    what = f"the server runs with {setting}: after a power cut it may have lost what a receipt calls ingested"
    return what, f"Set {remedy} in {place} and restart the server"


_REPLICA = ("it is a replica, and takes no writes", "Set [database] host to the primary server")
