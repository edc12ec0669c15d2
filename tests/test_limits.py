"""How long a session waits, and a server waits for it: nobody waits without a limit for who is gone or hangs."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from antelop.database import Database, driver, keepalive, limits, opening
from antelop.database.limits import Limits
from antelop.errors import Unavailable
from antelop.lab import Lab
from tests import servers
from tests.labs import OWNER
from tests.networks import Network
from tests.wires import READY, Wire

KINDS = [pytest.param("postgresql", marks=pytest.mark.postgresql), pytest.param("mysql", marks=pytest.mark.mariadb)]
Server = servers.PostgreSQLServer | servers.MariaDBServer
on_postgresql = pytest.mark.parametrize("served_lab", ["postgresql"], indirect=True)
on_mariadb = pytest.mark.parametrize("served_lab", [pytest.param("mysql", marks=pytest.mark.mariadb)], indirect=True)


def connected(lab: Lab, **limits: float) -> Database:
    """Connect to the lab's server once more, with other limits."""
    return Database(lab.database.connection.address, store=lab.store.folder, limits=Limits(**limits))


@on_postgresql
def test_how_every_session_on_postgresql_begins(lab: Lab) -> None:
    """Whatever the server's own configuration is."""
    say = lab.database.connection.query
    say("ALTER ROLE antelop SET idle_session_timeout = '1s'")
    say("ALTER ROLE antelop SET transaction_timeout = '1s'")
    try:
        with closing(connected(lab, transaction=90.5)) as database:
            expected = {
                "lock_timeout": "1min",
                "statement_timeout": "10min",
                "idle_in_transaction_session_timeout": "91s",
                "idle_session_timeout": "0",
                "transaction_timeout": "0",
                "client_connection_check_interval": "10s",
            }
            asked = {name: database.connection.query(f"SHOW {name}").fetchone()[0] for name in expected}
        assert asked == expected
    finally:
        say("ALTER ROLE antelop RESET ALL")


@on_mariadb
def test_how_every_session_on_mariadb_begins(lab: Lab) -> None:
    """Whatever the server's own configuration is."""
    with closing(connected(lab, transaction=90.5, session=7200)) as database:
        names = [
            "innodb_lock_wait_timeout",
            "lock_wait_timeout",
            "net_read_timeout",
            "wait_timeout",
            "idle_transaction_timeout",
        ]
        asked = database.connection.query(f"SELECT {', '.join(f'@@{name}' for name in names)}").fetchone()
    assert asked == (60, 60, 30, 7200, 91)


@pytest.mark.postgresql
def test_the_server_looks_whether_the_client_is_there(tmp_path: Path) -> None:
    """On a connection over a network, PostgreSQL's own end probes it as ours does."""
    with servers.postgresql() as server, closing(Database(servers.address(server), store=tmp_path)) as database:
        names = ["tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout"]
        assert [database.connection.query(f"SHOW {name}").fetchone()[0] for name in names] == ["10", "5", "4", "30000"]


def test_a_transaction_that_pauses_for_too_long_is_ended(lab: Lab) -> None:
    """A session that waits for its locks goes on."""
    row = lab.database.Experimenter & OWNER
    with closing(connected(lab, transaction=1)) as database:
        with pytest.raises(Unavailable), database.transaction():  # noqa: PT012  # a transaction is several statements
            database.hold(row, to_change=True)
            with lab.database.transaction():
                lab.database.hold(row, to_change=True)  # as soon as the server has ended the other one
            database.hold(row)
        assert len(database.Experimenter()) == 1


def test_a_transaction_that_may_pause_pauses(lab: Lab) -> None:
    """A backup may take hours; the next transaction on the same connection may not."""
    name = "idle_in_transaction_session_timeout" if lab.database.is_postgresql else "idle_transaction_timeout"
    show = f"SHOW {name}" if lab.database.is_postgresql else f"SELECT @@{name}"
    for patient in (True, False):
        with lab.database.transaction(commit=False, patient=patient):
            assert (str(lab.database.connection.query(show).fetchone()[0]) == "0") == patient


@pytest.fixture(scope="module", params=KINDS)
def server(request: Any) -> Iterator[Server]:
    """Give a server of each kind, which a test may stop."""
    with servers.postgresql() if request.param == "postgresql" else servers.mariadb() as server:
        yield server


def state(process: Path) -> str:
    """Return the state of a process or a thread (proc_pid_stat(5))."""
    return (process / "stat").read_text().rpartition(") ")[2][0]


@contextmanager
def stopped(process: int) -> Iterator[None]:
    """Stop a process for as long as a block takes: it is there, and does nothing."""
    os.kill(process, signal.SIGSTOP)
    try:
        while any(state(thread) != "T" for thread in Path(f"/proc/{process}/task").iterdir()):  # one after the other
            pass
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def test_a_server_that_hangs_is_given_up(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its kernel still says that all is well; a statement ends after a while, and the next one is for another connection."""
    monkeypatch.setattr(driver, "ANSWER_TIMEOUT", 0.5)
    monkeypatch.setattr(opening, "CONNECT_TIMEOUT", 2)
    with closing(Database(servers.address(server), store=tmp_path)) as database:
        session = database.connection._conn.info.backend_pid if server.backend == "postgresql" else server.process
        with stopped(session):
            with pytest.raises(Unavailable, match=r"^the database is unavailable: it has not answered for 0\.5 s$"):
                database.connection.query("SELECT 1")
            assert database.connection.is_lost
        with stopped(server.process), pytest.raises(Unavailable, match=r"^cannot connect to the database at "):
            database.reconnect()
        assert database.connection.query("SELECT 1").fetchone() == (1,)


def test_a_host_with_several_addresses_is_tried_at_each(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name may stand for an address at which nobody answers, and for one at which the server does."""
    resolve = socket.getaddrinfo

    def both(_host: str, *more: Any, **options: Any) -> Any:
        return [*resolve("127.255.255.254", *more, **options), *resolve(server.host, *more, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    address = replace(servers.address(server), host="db.lab")
    with closing(Database(address, store=tmp_path)) as database:
        assert database.connection.query("SELECT 1").fetchone() == (1,)


def test_a_long_answer_is_not_cut(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is for each statement; what we do with rows that are streamed to us takes the time that it takes."""
    monkeypatch.setattr(driver, "ANSWER_TIMEOUT", 0.2)
    monkeypatch.setattr(driver, "STREAMED", 1)
    with closing(connected(lab)) as database, database.transaction(commit=False):
        rows = database.connection.stream("SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3")
        assert next(rows) == (1,)
        lab.database.connection.query("SELECT pg_sleep(0.5)" if lab.database.is_postgresql else "SELECT SLEEP(0.5)")
        assert list(rows) == [(2,), (3,)]


def test_a_session_that_was_lost_is_ended_by_who_lost_it(lab: Lab, wire: Wire) -> None:
    """The server does not know that its client is gone; when the client is back, the claim of the lost session is free."""
    address = replace(lab.database.connection.address, host="127.0.0.1", port=wire.port)
    with closing(Database(address, store=lab.store.folder)) as database, database.lock("delivery 1") as held:
        assert held
        wire.lose()
        with pytest.raises(Unavailable):
            database.connection.query("SELECT 1")
        with lab.database.lock("delivery 1") as free:
            assert not free
        database.reconnect()
        with lab.database.lock("delivery 1") as free:
            assert free


@on_postgresql
def test_an_error_without_a_code_is_classified_by_the_connection(lab: Lab, wire: Wire) -> None:
    """A server that ends in the middle of a statement may leave an error that says nothing: the connection tells what it is."""
    address = replace(lab.database.connection.address, host="127.0.0.1", port=wire.port)
    with closing(Database(address, store=lab.store.folder)) as database:
        said = b"SFATAL\0Mended\0\0"  # an ErrorResponse of the protocol, without a code, and ReadyForQuery
        wire.answer(b"SELECT 7", b"E" + (len(said) + 4).to_bytes(4) + said + READY)
        with pytest.raises(Unavailable, match=r"^the database is unavailable: ") as raised:
            database.connection.query("SELECT 7")
        assert type(raised.value.__cause__) is psycopg2.DatabaseError
        assert database.connection.query("SELECT 7").fetchone() == (7,)
        with pytest.raises(IndexError):  # a mistake of ours, on a connection that lives
            database.connection.query("SELECT %s", ())


@on_postgresql
def test_what_a_server_says_while_it_ends_is_not_written_past_the_log(
    lab: Lab, wire: Wire, capfd: pytest.CaptureFixture[str]
) -> None:
    """Killed while a client connects, it says so; libpq alone would write that to standard error, where only events belong."""
    said = b"SFATAL\0C57P01\0Mterminating connection\0\0"
    wire.end_with(b"E" + (len(said) + 4).to_bytes(4) + said)
    with pytest.raises(Unavailable, match=r"^cannot connect to the database at "):
        Database(replace(lab.database.connection.address, host="127.0.0.1", port=wire.port), store=lab.store.folder)
    assert capfd.readouterr().err == ""


@pytest.mark.network
@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_network_holds_nobody_up_for_long(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server frees what a transaction holds; its client gives up, and goes on when the network does."""
    monkeypatch.setattr(limits, "NETWORK_TIMEOUT", 6)
    ours = {socket.TCP_KEEPIDLE: 2, socket.TCP_KEEPINTVL: 1, socket.TCP_KEEPCNT: 4, socket.TCP_USER_TIMEOUT: 6000}
    monkeypatch.setattr(keepalive, "KEEPALIVE", ours)
    with closing(Network()) as network, ExitStack() as opened:
        with network.inside():
            server: Server
            if kind == "postgresql":
                server = opened.enter_context(servers.postgresql(host=network.far))
            else:
                server = opened.enter_context(servers.mariadb(host=network.far))
        made = {"store": tmp_path, "limits": Limits(transaction=5)}
        database = opened.enter_context(closing(Database(servers.address(server), **made)))  # type: ignore[arg-type]
        database.Experimenter.insert1({**OWNER, "full_name": "The lab"})
        row = database.Experimenter & OWNER
        change = f"UPDATE {row.full_table_name} SET full_name = 'Another'"  # noqa: S608  # a table of ours
        with pytest.raises(Unavailable), database.transaction():  # noqa: PT012  # a transaction is several statements
            database.hold(row, to_change=True)
            network.cut()
            server.execute(change)  # on the server's own machine
            database.hold(row, to_change=True)
        network.mend()
        database.reconnect()
        assert row.fetch1("full_name") == "Another"
