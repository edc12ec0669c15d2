"""Servers that would lose what they commit, or the locks of a session, are refused when we connect to them."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from antelop.database import Database
from antelop.database.opening import Address, open_connection
from antelop.errors import Misconfigured, Problem
from tests import servers

Server = servers.PostgreSQLServer | servers.MariaDBServer


def refused(server: Server, tmp_path: Path) -> list[Problem]:
    """Return what is said of a server that is refused."""
    with pytest.raises(Misconfigured) as raised:
        Database(servers.address(server), store=tmp_path)
    return list(raised.value.problems)


def setting(database: Database, name: str) -> str:
    """Return a setting of PostgreSQL as our session has it."""
    return str(database.connection.query(f"SHOW {name}").fetchone()[0])


@pytest.fixture(scope="module")
def fast() -> Iterator[servers.PostgreSQLServer]:
    """Give a PostgreSQL whose administrator wants it fast."""
    with servers.postgresql("fsync = off", "full_page_writes = off", "synchronous_commit = off") as server:
        yield server


@pytest.mark.postgresql
def test_a_postgresql_that_does_not_wait_for_its_disk(fast: servers.PostgreSQLServer, tmp_path: Path) -> None:
    """What no session can change is refused, all of it at once, with what to write where."""
    found = refused(fast, tmp_path)
    assert [problem.check for problem in found] == ["server_unfit"] * 2
    assert {problem.where for problem in found} == {f"{fast.host}:{fast.port}"}
    what = "the server runs with {} = off: after a power cut it may have lost what a receipt calls ingested"
    assert [problem.what for problem in found] == [what.format(name) for name in ("fsync", "full_page_writes")]
    assert found[0].remedy == "Set fsync = on in postgresql.conf and restart the server"


@pytest.mark.postgresql
def test_what_a_session_may_change_for_itself_it_changes(fast: servers.PostgreSQLServer, tmp_path: Path) -> None:
    """COMMIT waits for the disk on a server that would not wait; a stricter setting stays as it is."""
    durable = ["ALTER SYSTEM SET fsync = on", "ALTER SYSTEM SET full_page_writes = on", "SELECT pg_reload_conf()"]
    fast.execute(*durable)
    try:
        with closing(Database(servers.address(fast), store=tmp_path)) as database:
            assert setting(database, "synchronous_commit") == "on"
            fast.execute("ALTER ROLE lab SET synchronous_commit = remote_apply")
            database.reconnect()
            assert setting(database, "synchronous_commit") == "remote_apply"
    finally:
        fast.execute("ALTER ROLE lab RESET ALL", "ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()")


@pytest.mark.postgresql
def test_a_replica_is_refused(tmp_path: Path) -> None:
    """It takes no writes, whoever asks; another server has to be named."""
    with servers.postgresql() as server:
        server.stop()
        server.standby()
        server.start()
        (found,) = refused(server, tmp_path)
        assert (found.check, found.what) == ("server_unfit", "it is a replica, and takes no writes")
        assert found.remedy == "Set [database] host to the primary server"


UNSAFE = {
    "innodb_flush_log_at_trx_commit = 2": "--innodb-flush-log-at-trx-commit=2",
    "innodb_doublewrite = 0": "--innodb-doublewrite=0",
    "sync_binlog = 0": "--log-bin",
}
"""How it is said, and by which option a MariaDB is made so; with a binary log that is not synchronised by default."""


@pytest.mark.mariadb
def test_a_mariadb_that_does_not_wait_for_its_disk(tmp_path: Path) -> None:
    """Its settings of the same kind are refused likewise; each is said."""
    with servers.mariadb(*UNSAFE.values()) as server:
        found = refused(server, tmp_path)
        assert [problem.what.removeprefix("the server runs with ").partition(":")[0] for problem in found] == list(UNSAFE)
        server.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 3", "SET GLOBAL sync_binlog = 1")
        assert [problem.what for problem in refused(server, tmp_path)] == [found[1].what]


@pytest.mark.mariadb
def test_a_replica_of_mariadb_is_refused(tmp_path: Path) -> None:
    """One that follows a primary and is read-only; made writable, as two primaries are that follow each other, it is not."""
    with servers.mariadb("--log-bin", "--sync-binlog=1") as primary, servers.mariadb("--server-id=2") as replica:
        where = f"master_host='{primary.host}', master_port={primary.port}, master_user='{primary.user}'"
        primary.execute("RESET MASTER")  # what it has done so far, the replica has done by itself
        replica.execute(
            f"CHANGE MASTER TO {where}, master_password='{primary.password}'", "SET GLOBAL read_only = 1", "START SLAVE"
        )
        following = (
            "SELECT 1 FROM information_schema.global_status WHERE variable_name = 'Slave_running' AND variable_value = 'ON'"
        )
        with closing(open_connection(servers.address(replica))) as connection, closing(connection.cursor()) as cursor:
            until(lambda: cursor.execute(following))
        assert [problem.what for problem in refused(replica, tmp_path)] == ["it is a replica, and takes no writes"]
        replica.execute("SET GLOBAL read_only = 0", "STOP SLAVE")
        Database(servers.address(replica), store=tmp_path).close()


def until(condition: Callable[[], object]) -> None:
    """Ask again and again until something is so."""
    deadline = time.monotonic() + servers.PATIENCE
    while not condition():
        assert time.monotonic() < deadline


@contextmanager
def pooler(server: servers.PostgreSQLServer, folder: Path, *settings: str) -> Iterator[Address]:
    """Run a pgbouncer before a server; yield how the server is reached through it."""
    port = next(servers._PORTS)
    config = folder / "pgbouncer.ini"
    config.write_text(
        "\n".join(
            [
                "[databases]",
                f"* = host={server.host} port={server.port} user={server.user}",
                "[pgbouncer]",
                f"listen_addr = {server.host}",
                f"listen_port = {port}",
                "unix_socket_dir =",
                "auth_type = any",
                *settings,
            ]
        )
    )
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen([str(shutil.which("pgbouncer")), "-u", "nobody", str(config)], stdout=said, stderr=said)
    through = replace(servers.address(server), port=port)

    def listens() -> bool:
        with suppress(OSError), socket.create_connection((through.host, through.port)):
            return True
        return False

    try:
        until(listens)
        yield through
    finally:
        process.terminate()
        process.wait(servers.PATIENCE)


@pytest.fixture(scope="module")
def pooled() -> Iterator[servers.PostgreSQLServer]:
    """Give the server that poolers stand before."""
    with servers.postgresql() as server:
        yield server


LENDING = {
    "one session": ["default_pool_size = 1"],
    "many sessions, the one last used first": ["min_pool_size = 3"],
    "many sessions in turn": ["min_pool_size = 3", "server_round_robin = 1"],
    "two sessions in turn": ["default_pool_size = 2", "min_pool_size = 2", "server_round_robin = 1"],
    "a session for each statement": ["pool_mode = statement"],
}
"""Ways in which a pooler lends the sessions of a server."""


@pytest.mark.postgresql
@pytest.mark.pgbouncer
@pytest.mark.parametrize("settings", LENDING.values(), ids=LENDING.keys())
def test_a_pooler_that_lends_sessions_is_refused(pooled: servers.PostgreSQLServer, tmp_path: Path, settings: list[str]) -> None:
    """It would lose locks and settings; that is seen also while it has only one session to lend, and nothing is left behind."""
    with servers.public_folder() as folder, pooler(pooled, folder, "pool_mode = transaction", *settings) as through:
        with pytest.raises(Misconfigured) as raised:
            Database(through, store=tmp_path)
        (found,) = raised.value.problems
        assert (found.check, found.where) == ("server_pooled", f"{through.host}:{through.port}")
        assert found.what.startswith("a connection pooler stands before the server")
        with closing(open_connection(through)) as connection, closing(connection.cursor()) as cursor:
            cursor.execute("SELECT count(*), current_setting('lock_timeout') FROM pg_locks WHERE locktype = 'advisory'")
            assert cursor.fetchone() == (0, "0")


@pytest.mark.postgresql
@pytest.mark.pgbouncer
def test_a_pooler_that_keeps_sessions_is_not(pooled: servers.PostgreSQLServer, tmp_path: Path) -> None:
    """Each connection has a session of its own then, and its locks."""
    with ExitStack() as opened:
        folder = opened.enter_context(servers.public_folder())
        through = opened.enter_context(pooler(pooled, folder, "pool_mode = session"))
        one, other = (opened.enter_context(closing(Database(through, store=tmp_path))) for _ in range(2))
        with one.lock("a") as held, other.lock("a") as too:
            assert (held, too) == (True, False)
        one.reconnect()
        assert setting(one, "lock_timeout") == "1min"
