"""Tables that the release before has made, with data in them, become those of this one, on every kind of server."""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2
import pymysql
import pytest

from antelop.config import Config
from antelop.database import Database
from antelop.database.migration_steps import NewColumn, NewValues
from antelop.database.migrations import MIGRATIONS, VERSION
from antelop.database.new_choice import NewChoice
from antelop.errors import Misconfigured, Unavailable
from antelop.lab import Lab
from antelop.lab.store_lock import hold_store
from tests import servers
from tests.clocks import still
from tests.labs import ROWS
from tests.servers import DatabaseServer

RELEASES = Path(__file__).with_name("releases")
"""What earlier releases made, as the programs of the servers dump it: a furnished lab with one session and five deliveries."""


@contextmanager
def embedded() -> Iterator[DatabaseServer]:
    """Run the embedded database of a new state directory."""
    with servers.public_folder() as folder, servers.embedded(folder / "state") as server:
        yield server


KINDS = {"embedded": embedded, "postgresql": servers.postgresql, "mysql": servers.mariadb}
"""How a server of each kind is run: the lab's own PostgreSQL, one of the system's on the network, and MariaDB."""


def load(server: DatabaseServer, release: str) -> None:
    """Load the tables that a release has made into an empty server."""
    dump = (RELEASES / release / f"{server.backend}.sql").read_text()
    if server.backend == "postgresql":
        options = {"host": server.host, "port": server.port, "user": server.user, "dbname": server.name}
        with closing(psycopg2.connect(**options)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(dump)
    else:
        where = {"host": server.host, "port": server.port, "user": server.user, "password": server.password}
        with closing(pymysql.connect(**where, autocommit=True)) as connection, connection.cursor() as cursor:
            cursor.execute("SET foreign_key_checks = 0")  # the dump makes a table before those that it refers to
            for statement in re.split(r";\n", dump.strip().removesuffix(";")):
                cursor.execute(statement)


@pytest.fixture(
    params=[
        "embedded",
        pytest.param("postgresql", marks=pytest.mark.postgresql),
        pytest.param("mysql", marks=pytest.mark.mariadb),
    ]
)
def kind(request: Any) -> str:
    """Give each kind of server."""
    return str(request.param)


@pytest.fixture
def server(kind: str) -> Iterator[DatabaseServer]:
    """Give a server of each kind, with the tables of release 0.1.0."""
    with KINDS[kind]() as server:
        load(server, "0.1.0")
        yield server


def database(server: DatabaseServer, *, may_migrate: bool = False) -> Database:
    """Connect to the lab on a server."""
    return Database(servers.address(server), store=Path("/nowhere"), service=server.user, may_migrate=may_migrate)


SHAPE = {
    "columns": "SELECT table_name, column_name, data_type, column_default, is_nullable, ordinal_position "
    "FROM information_schema.columns WHERE table_schema IN (%s, %s, %s)",
    "constraints": "SELECT table_name, constraint_type, count(*) FROM information_schema.table_constraints "
    "WHERE table_schema IN (%s, %s, %s) GROUP BY table_name, constraint_type",
}
"""How a server is asked for the shape of our tables, on both kinds of server."""

SHAPE_ON = {
    "postgresql": {
        "comments": "SELECT table_name, column_name, col_description(format('%%I.%%I', table_schema, table_name)::regclass, "
        "ordinal_position) FROM information_schema.columns WHERE table_schema IN (%s, %s, %s)",
        "indexes": "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname IN (%s, %s, %s)",
    },
    "mysql": {
        "comments": "SELECT table_name, column_name, column_comment FROM information_schema.columns "
        "WHERE table_schema IN (%s, %s, %s)",
        "indexes": "SELECT table_name, index_name, column_name, seq_in_index, non_unique FROM information_schema.statistics "
        "WHERE table_schema IN (%s, %s, %s)",
    },
}
"""The same for what each kind keeps in a way of its own."""


def shape(lab: Database, backend: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return the columns, with what DataJoint notes of them, and the keys of every table."""
    schemas = [lab.prefix + name for name in ("metadata", "behaviour", "ingest")]
    queries = SHAPE | SHAPE_ON[backend]
    return {name: sorted(lab.connection.query(query, schemas).fetchall(), key=str) for name, query in queries.items()}


def counts(lab: Database) -> Mapping[str, int]:
    """Return how many rows each table has."""
    return {name: len(table()) for name, table in lab.tables.items()}


def test_a_release_makes_what_its_migrations_make(server: DatabaseServer, kind: str) -> None:
    """The tables of the release before, migrated, are the same as new ones: columns, types, comments, keys and indexes."""
    with closing(database(server, may_migrate=True)) as migrated, KINDS[kind]() as empty:
        with closing(database(empty)) as new:
            assert shape(migrated, server.backend) == shape(new, server.backend)
        assert migrated.migrated == [f"{migration.what}." for migration in MIGRATIONS]


def test_nothing_of_the_data_is_lost(server: DatabaseServer) -> None:
    """Every row is there after a migration, which is what it was or has its new values, and a second one does nothing."""
    with closing(database(server, may_migrate=True)) as migrated:
        assert counts(migrated) == {
            "SchemaVersion": 3,
            "Experimenter": 1,
            "Experiment": 1,
            "Animal": 2,
            "Session": 4,
            "BehaviourRig": 1,
            "MaskFunction": 1,
            "Feature": 10,
            **ROWS,
            "Mask": 1,
            "Delivery": 5,
            "Ingestion": 1,
            "Attempt": 2,
        }
        due = {row["nwb_path"]: row["receipt_due"] for row in migrated.Delivery.to_dicts()}
        assert due.pop("failed.nwb") == datetime(2026, 11, 20, 12)  # noqa: DTZ001  # as the database has it
        assert set(due.values()) == {None}
        assert len((migrated.IntervalEvents & {"intervalevents_name": "trials"}).fetch1("timestamps")) == 20
    with closing(database(server, may_migrate=True)) as again:
        assert again.migrated == []


def test_the_embedded_database_is_migrated_by_itself() -> None:
    """After an update, the first command that opens the lab migrates its own database, and goes on with what it was for."""
    with embedded() as server:
        load(server, "0.1.0")
        state = Path(server.host).parents[0]
        with pytest.raises(Unavailable, match="is its share mounted"):  # the rows of the dump refer to a store
            Lab(Config(state=state, store=state / "store"), {}, still)
        with closing(database(server)) as lab:
            assert {*lab.SchemaVersion.to_arrays("version")} == {VERSION}


def test_tables_of_an_earlier_release_are_refused_unless_asked_for(server: DatabaseServer) -> None:
    """On a server, tables change only when a person says so: until then a sentence names the command."""
    with pytest.raises(Misconfigured) as refused:
        database(server)
    (problem,) = refused.value.problems
    assert problem.what == f"its tables are of version 1, and this release works with version {VERSION}"
    assert "`antelop migrate`" in problem.remedy


def test_tables_of_a_later_release_are_refused(server: DatabaseServer) -> None:
    """Tables do not go back: an older release says which version it found, and changes nothing."""
    with closing(database(server, may_migrate=True)) as lab:
        for row in lab.SchemaVersion.to_dicts():
            lab.SchemaVersion.update1({**row, "version": VERSION + 1})
    for may_migrate in (False, True):
        with pytest.raises(Misconfigured, match=f"version {VERSION + 1}, which a later release made"):
            database(server, may_migrate=may_migrate)


def test_schemas_of_different_versions_are_refused(server: DatabaseServer) -> None:
    """What was restored in part from another backup is not worked with."""
    with closing(database(server, may_migrate=True)) as lab:
        lab.SchemaVersion.update1({"schema_name": "antelop_ingest_metadata", "version": 1})
    with pytest.raises(Misconfigured, match="its schemas are of different versions"):
        database(server, may_migrate=True)


class Crash(BaseException):
    """A process that is killed."""


@pytest.mark.parametrize("after", [False, True], ids=["before it", "after it"])
@pytest.mark.parametrize("step", [NewColumn, NewValues, NewChoice])
def test_a_migration_that_is_interrupted_is_run_again(
    server: DatabaseServer, monkeypatch: pytest.MonkeyPatch, step: type[NewColumn | NewValues | NewChoice], *, after: bool
) -> None:
    """Wherever a migration is killed, the tables are as before or refused as half-way, and the next one completes it."""
    run = step.run

    def interrupted(self: Any, lab: Database) -> None:
        if after:
            run(self, lab)
        raise Crash

    with monkeypatch.context() as killed:
        killed.setattr(step, "run", interrupted)
        with pytest.raises(Crash):
            database(server, may_migrate=True)
    expected = "its tables are of version 1" if server.backend == "postgresql" else "its tables are half-way"
    with pytest.raises(Misconfigured, match=expected):
        database(server)
    with closing(database(server, may_migrate=True)) as lab:
        assert lab.migrated
        assert lab.migrated == [f"{migration.what}." for migration in MIGRATIONS][-len(lab.migrated) :]
        assert {*lab.SchemaVersion.to_arrays("version")} == {VERSION}


def test_a_process_of_the_release_before_writes_nothing_any_more(server: DatabaseServer) -> None:
    """A process that connected before a migration is refused in its next transaction, and told to be started again."""
    with closing(database(server, may_migrate=True)) as lab:
        with lab.transaction():
            hold_store(lab)
        for row in lab.SchemaVersion.to_dicts():
            lab.SchemaVersion.update1({**row, "version": VERSION + 1})
        with pytest.raises(Misconfigured, match="were migrated to version"), lab.transaction():
            hold_store(lab)
