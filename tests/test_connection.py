"""The connection: outages are told from wrong statements, and transactions are committed whole or rolled back."""

import os
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import datajoint as dj
import pytest

from antelop.database import Database
from antelop.database.connection import OutcomeUnknown
from antelop.database.opening import Address
from antelop.database.outages import is_outage
from antelop.errors import Misconfigured, Unavailable
from antelop.lab import Lab
from tests import servers
from tests.labs import OWNER, SESSION

NEW = {"experimenter": "ada", "full_name": "Ada Lovelace"}


class Crash(BaseException):
    """What no ``except Exception`` catches."""


def kill(lab: Lab, victim: Lab) -> None:
    """End a connection from another one, as an administrator or a failing server does."""
    if lab.database.is_postgresql:
        number = victim.database.connection._conn.get_backend_pid()
        lab.database.connection.query(f"SELECT pg_terminate_backend({number}, 5000)")
    else:
        lab.database.connection.query(f"KILL CONNECTION {victim.database.connection._conn.thread_id()}")


def experimenters(lab: Lab) -> list[str]:
    """Return who is there."""
    return sorted(lab.database.Experimenter.to_arrays("experimenter"))


def test_a_transaction_is_committed_at_its_end(lab: Lab, others: Callable[[], Lab]) -> None:
    """Nobody else sees what was inserted before that, and everybody after it."""
    other = others()
    with lab.database.transaction():
        lab.database.Experimenter.insert1(NEW)
        assert experimenters(other) == ["lab"]
    assert experimenters(other) == ["ada", "lab"]


@pytest.mark.parametrize("error", [RuntimeError, Unavailable, KeyboardInterrupt, Crash])
def test_a_transaction_is_rolled_back_by_any_exception(lab: Lab, error: type[BaseException]) -> None:
    """Whatever is raised in it passes, nothing stays, and the connection goes on."""
    with pytest.raises(error), lab.database.transaction():  # noqa: PT012  # a transaction is several statements
        lab.database.Experimenter.insert1(NEW)
        raise error
    assert experimenters(lab) == ["lab"]
    with lab.database.transaction():
        lab.database.Experimenter.insert1(NEW)
    assert experimenters(lab) == ["ada", "lab"]


def test_a_rehearsal_is_rolled_back(lab: Lab) -> None:
    """A transaction that is not to be committed leaves nothing."""
    with lab.database.transaction(commit=False):
        lab.database.Experimenter.insert1(NEW)
    assert experimenters(lab) == ["lab"]


def test_a_transaction_is_not_entered_twice(lab: Lab, others: Callable[[], Lab]) -> None:
    """The second one is refused, and the first goes on: DataJoint would roll it back."""
    with lab.database.transaction():
        lab.database.Experimenter.insert1(NEW)
        with pytest.raises(RuntimeError, match="a transaction is open already"), lab.database.transaction():
            pass
    assert experimenters(others()) == ["ada", "lab"]


def test_a_lost_connection_is_an_outage(lab: Lab, others: Callable[[], Lab]) -> None:
    """The statement that meets it says so, in a transaction or outside one; what comes after works on another connection."""
    victim = others()
    kill(lab, victim)
    with pytest.raises(Unavailable, match=r"^the database is unavailable: "):
        experimenters(victim)
    assert experimenters(victim) == ["lab"]
    with pytest.raises(Unavailable), victim.database.transaction():  # noqa: PT012  # as above
        victim.database.Experimenter.insert1(NEW)
        kill(lab, victim)
        experimenters(victim)
    assert experimenters(victim) == ["lab"]
    with victim.database.transaction():
        victim.database.Experimenter.insert1(NEW)
    assert experimenters(lab) == ["ada", "lab"]


def test_a_transaction_does_not_go_on_without_its_connection(lab: Lab, others: Callable[[], Lab]) -> None:
    """Where the loss is overlooked within it, nothing that follows is stored by another connection."""
    victim = others()
    with pytest.raises(Unavailable), victim.database.transaction():  # noqa: PT012  # as above
        kill(lab, victim)
        with pytest.raises(Unavailable):
            experimenters(victim)
        victim.database.Experimenter.insert1(NEW)
    assert experimenters(lab) == ["lab"]


def test_a_connection_lost_at_commit_leaves_the_outcome_unknown(lab: Lab, others: Callable[[], Lab]) -> None:
    """That is said as such, for only the ledger can tell."""
    victim = others()
    with pytest.raises(OutcomeUnknown), victim.database.transaction():  # noqa: PT012  # as above
        victim.database.Experimenter.insert1(NEW)
        kill(lab, victim)
    assert experimenters(victim) == ["lab"]


RAISE = {
    "postgresql": "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{}'; END $$",
    "mysql": "SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = {}",
}
OUTAGES: dict[str, list[Any]] = {
    "postgresql": ["08006", "25006", "40001", "40P01", "53100", "53200", "53300", "55P03", "57014", "57P01", "57P03", "58030"],
    "mysql": [1021, 1026, 1030, 1036, 1040, 1053, 1114, 1205, 1213, 1290, 1317, 1836, 1874, 1881, 1927, 2006, 2013],
}
MISTAKES: dict[str, list[Any]] = {
    "postgresql": ["22001", "23505", "23503", "42601", "42703", "42P01", "42501", "XX000"],
    "mysql": [1048, 1054, 1062, 1064, 1142, 1146, 1406, 1452],
}


def test_an_outage_is_told_by_its_code(lab: Lab) -> None:
    """What another try may mend is `Unavailable`, with the server's own words; what is wrong with the statement is not."""
    connection = lab.database.connection
    backend = connection.adapter.backend
    for code in OUTAGES[backend]:
        with pytest.raises(Unavailable, match=r"^the database is unavailable: \S"):
            connection.query(RAISE[backend].format(code))
    for code in MISTAKES[backend]:
        with pytest.raises(Exception) as raised:  # of several types
            connection.query(RAISE[backend].format(code))
        assert not isinstance(raised.value, Unavailable), code
    assert experimenters(lab) == ["lab"]


def test_an_error_of_no_driver_is_no_outage() -> None:
    """Only drivers' errors speak of the database."""
    assert not is_outage(OSError(28, "No space left on device"))
    assert not is_outage(ValueError("08006"))
    assert is_outage(dj.errors.LostConnectionError("gone"))


def test_a_lock_is_had_by_one(lab: Lab, others: Callable[[], Lab]) -> None:
    """Another connection does not have it meanwhile, and has it afterwards; other locks are free."""
    other = others()
    with lab.database.lock("delivery 1") as held:
        assert held
        with other.database.lock("delivery 1") as too, other.database.lock("delivery 2") as free:
            assert (too, free) == (False, True)
    with other.database.lock("delivery 1") as held:
        assert held


def test_a_lost_connection_frees_its_locks(lab: Lab, others: Callable[[], Lab]) -> None:
    """The lock of a worker that is gone can be had at once."""
    victim = others()
    with victim.database.lock("delivery 1"):
        kill(lab, victim)
        with lab.database.lock("delivery 1", wait=True) as held:
            assert held


def test_waiting_for_a_lock_ends(lab: Lab, others: Callable[[], Lab], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits in vain is told that the database is not available."""
    other = others()
    monkeypatch.setattr("antelop.database.connection.LOCK_TIMEOUT", 0)
    if lab.database.is_postgresql:
        other.database.connection.query("SET lock_timeout = '10ms'")
    with lab.database.lock("rigs"), pytest.raises(Unavailable), other.database.lock("rigs", wait=True):
        pass


@pytest.mark.parametrize("to_change", [False, True])
def test_rows_that_are_held_stay_as_they_are(lab: Lab, others: Callable[[], Lab], to_change: bool) -> None:  # noqa: FBT001
    """Nobody else changes them before the transaction ends; if they are held to be changed, nobody else holds them either."""
    other = others()
    wait = "SET lock_timeout = '10ms'" if lab.database.is_postgresql else "SET SESSION innodb_lock_wait_timeout = 0"
    other.database.connection.query(wait)
    row = lab.database.Experimenter & OWNER
    with lab.database.transaction():
        lab.database.hold(row, to_change=to_change)
        with pytest.raises(Unavailable):
            other.database.Experimenter.update1({**OWNER, "group": "new"})
        if to_change:
            with pytest.raises(Unavailable), other.database.transaction():
                other.database.hold(other.database.Experimenter & OWNER)
        else:
            with other.database.transaction():
                other.database.hold(other.database.Experimenter & OWNER)
    other.database.Experimenter.update1({**OWNER, "group": "new"})


def test_names_differ_by_their_case(lab: Lab) -> None:
    """m17 and M17 are two animals, on every server."""
    animal = {**SESSION, "animal_id": 19, "animal_name": "M17"}
    animal.pop("session_id")
    lab.database.Animal.insert1(animal)
    assert (lab.database.Animal & {"animal_name": "m17"}).to_arrays("animal_id").tolist() == [17]


@pytest.mark.parametrize("served_lab", [pytest.param("mysql", marks=pytest.mark.mariadb)], indirect=True)
def test_a_schema_of_another_package_compares_names_likewise(lab: Lab, schemas: Any) -> None:
    """MySQL lets its tables refer to ours only if it was made so; as the server makes one by default, it refuses."""

    def refer(name: str) -> None:
        note = type("Note", (dj.Manual,), {"definition": "-> Experimenter"})
        dj.Schema(name, connection=lab.database.connection)(note, context=lab.database.tables)

    schemas("by_default")
    with pytest.raises(Exception, match="incorrectly formed"):
        refer("by_default")
    schemas("likewise CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
    refer("likewise")


def test_who_may_write_for_whom(lab: Lab, visitor: Callable[..., Lab]) -> None:
    """A user may write for the experimenter of that name, an admin for all; the daemon's account as well."""
    lab.database.Experimenter.insert1(NEW)
    lab.database.Experimenter.insert1({"experimenter": "eve", "full_name": "Eve", "admin": "True"})
    asked = ["ada", "lab", "nobody"]
    for user, answers in {"ada": [True, False, False], "eve": [True] * 3, "guest": [False] * 3}.items():
        assert [visitor(user).database.may_write_for(experimenter) for experimenter in asked] == answers
    assert [lab.database.may_write_for(experimenter) for experimenter in asked] == [True] * 3


def test_a_user_who_may_only_read_connects(lab: Lab, visitor: Callable[..., Lab]) -> None:
    """What is there can be read without the right to change it; what more takes is said, with who gives it, and how."""
    reader = visitor("reader", "SELECT, REFERENCES")
    assert experimenters(reader) == ["lab"]
    actions: dict[str, Callable[[Any], object]] = {
        "INSERT": lambda table: table.insert1(NEW),
        "UPDATE": lambda table: table.update1({"experimenter": "lab", "full_name": "Another"}),
        "DELETE": lambda table: (table() & NEW).delete_quick(),
    }
    for right, act in actions.items():
        with pytest.raises(dj.errors.AccessError) as raised:
            act(reader.database.Experimenter)
        assert isinstance(raised.value, Misconfigured)
        (problem,) = raised.value.problems
        schema = f"{lab.database.prefix}metadata"
        assert (problem.check, problem.where) == ("right_missing", schema)
        assert problem.what.startswith(f"database user reader lacks the right {right}: ")
        grant = f"{schema}.experimenter TO 'reader'"
        if lab.database.is_postgresql:
            grant = f"ALL TABLES IN SCHEMA {schema} TO reader"
            assert problem.what.endswith(": permission denied for table experimenter")
        assert problem.remedy == f"Have an administrator of the server run `GRANT {right} ON {grant};`"
        lab.database.connection.query(problem.remedy.split("`")[1].rstrip(";"))
        act(reader.database.Experimenter)


def test_rights_that_other_statements_take(lab: Lab, visitor: Callable[..., Lab]) -> None:
    """To make a schema, to read what is streamed: each is named, and what the server itself said."""
    reader = visitor("stranger", "SELECT, REFERENCES")
    query, postgresql = reader.database.connection, lab.database.is_postgresql
    with pytest.raises(Misconfigured) as made:
        query.query("CREATE SCHEMA forbidden" if postgresql else "CREATE SCHEMA `forbidden`")
    with pytest.raises(Misconfigured) as streamed:
        list(query.stream('SELECT * FROM "pg_catalog"."pg_authid"' if postgresql else "SELECT * FROM `mysql`.`user`"))
    grants = ["CREATE ON forbidden.* TO 'stranger'", "SELECT ON mysql.user TO 'stranger'"]
    if postgresql:
        grants = ["CREATE ON DATABASE antelop TO stranger", "SELECT ON ALL TABLES IN SCHEMA pg_catalog TO stranger"]
    remedies = [each.value.problems[0].remedy for each in (made, streamed)]
    assert remedies == [f"Have an administrator of the server run `GRANT {grant};`" for grant in grants]


@pytest.mark.parametrize("served_lab", ["postgresql"], indirect=True)
def test_keys_that_postgresql_does_not_show(lab: Lab, visitor: Callable[..., Lab]) -> None:
    """Who may read only would have tables without keys; it is said for every schema which right shows them."""
    with pytest.raises(Misconfigured) as raised:
        visitor("blind", "SELECT")
    schemas = [lab.database.prefix + name for name in ("behaviour", "ingest", "metadata")]
    assert [problem.where for problem in raised.value.problems] == schemas
    what = "database user blind lacks the right REFERENCES, without which PostgreSQL shows no keys"
    assert {problem.what for problem in raised.value.problems} == {what}
    for problem in raised.value.problems:
        lab.database.connection.query(problem.remedy.split("`")[1])
    assert experimenters(visitor("blind", "SELECT")) == ["lab"]


def other_place(lab: Lab, **changes: Any) -> Database:
    """Connect to the same server in another way, or with other names of schemas."""
    return Database(replace(lab.database.connection.address, **changes), store=lab.store.folder)


@pytest.fixture
def schemas(lab: Lab) -> Any:
    """Give what makes a schema, with a table if one is named; they are dropped at the end."""
    made = []

    def make(name: str, table: str = "") -> None:
        made.append(name.split(maxsplit=1)[0])
        lab.database.connection.query(f"CREATE SCHEMA {name}")
        if table:
            lab.database.connection.query(f"CREATE TABLE {name}.{table} (id int)")

    yield make
    for name in made:
        lab.database.connection.query(f"DROP SCHEMA {name}{' CASCADE' if lab.database.is_postgresql else ''}")


def test_tables_that_are_missing_and_may_not_be_made_are_said(lab: Lab, visitor: Callable[..., Lab]) -> None:
    """A user without the right to make them is told who has to do what."""
    user = visitor("guest").database.user
    with pytest.raises(Misconfigured) as raised:
        other_place(lab, user=user, password="", prefix="absent_")
    (problem,) = raised.value.problems
    assert (problem.check, problem.where) == ("tables_missing", "absent_ingest")
    assert problem.what.startswith("user guest cannot use or make its tables (")
    remedy = "Start antelop once as a user who may create schemas and tables, then grant this one access to them"
    assert problem.remedy == remedy


@pytest.mark.parametrize("part", ["metadata", "behaviour", "ingest"])
def test_a_schema_of_somebody_else_is_left_alone(lab: Lab, schemas: Any, part: str) -> None:
    """A schema of our name with tables of others is refused, and nothing is made in it."""
    schemas(f"other_{part}", "session")
    for name in {"metadata", "behaviour", "ingest"} - {part}:
        schemas(f"other_{name}")
    with pytest.raises(Misconfigured) as raised:
        other_place(lab, prefix="other_")
    assert str(raised.value) == (
        f"other_{part}: it holds tables that this software did not make. "
        "Give another [database] prefix, or install the release that made it."
    )
    query = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s AND table_name NOT LIKE '~%%'"
    assert lab.database.connection.query(query, (f"other_{part}",)).fetchall() == (
        [("session",)] if lab.database.is_postgresql else (("session",),)
    )


def test_a_silent_network_is_noticed_by_the_kernel(lab: Lab) -> None:
    """It asks the other end now and then, on every connection over a network, and gives up after half a minute."""
    connection = lab.database.connection
    link = connection._conn if lab.database.is_postgresql else connection._conn._sock
    with socket.socket(fileno=os.dup(link.fileno())) as ours:
        over_a_network = ours.family != socket.AF_UNIX
        assert bool(ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)) == over_a_network
        if over_a_network:
            options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
            idle, interval, count, patience = (ours.getsockopt(socket.IPPROTO_TCP, option) for option in options)
            assert idle + interval * count == 30
            assert patience == 30_000


def test_a_server_that_is_not_there_is_an_outage(lab: Lab) -> None:
    """Nobody listens: that may change."""
    with pytest.raises(Unavailable, match=r"^cannot connect to the database at .*:1: "):
        other_place(lab, port=1)


@pytest.mark.parametrize("served_lab", [pytest.param("mysql", marks=pytest.mark.mariadb)], indirect=True)
def test_a_wrong_password_is_a_mistake(lab: Lab) -> None:
    """What the server refuses will be refused again."""
    with pytest.raises(Misconfigured) as raised:
        other_place(lab, password="wrong")  # noqa: S106  # it is
    (problem,) = raised.value.problems
    assert problem.check == "database_refused"
    said = "Access denied for user 'lab'@'localhost' (using password: YES)"
    assert problem.what == f"it does not let user lab in: {said}"
    assert problem.remedy == "Look at [database] in the configuration, and at DB_USER and DB_PASS in the environment"


def test_a_wrong_password_is_a_mistake_on_postgresql_too() -> None:
    """Its driver tells no state of a refused connection; what is refused is told from what is away by the server's words."""
    with servers.public_folder() as folder, servers.embedded(folder / "state") as server:
        server.execute("CREATE ROLE ada LOGIN PASSWORD 'right'", "CREATE ROLE team")
        rules = folder / "state/postgres/data/pg_hba.conf"
        rules.write_text("local all ada scram-sha-256\nlocal all team trust\nlocal antelop antelop trust\n")
        server.execute("SELECT pg_reload_conf()")

        def refused(**changes: str) -> str:
            where = {"user": "ada", "password": "wrong", "name": server.name, **changes}
            with pytest.raises(Misconfigured) as raised:
                Database(Address("postgresql", server.host, server.port, **where), store=folder / "store")  # type: ignore[arg-type]
            (problem,) = raised.value.problems
            assert problem.check == "database_refused"
            return problem.what.rpartition("FATAL: ")[2]

        assert refused() == 'password authentication failed for user "ada"'
        assert refused(user="team") == 'role "team" is not permitted to log in'
        assert refused(user="antelop", name="absent").startswith("no pg_hba.conf entry for host")
        assert "no password supplied" in refused(password="")
