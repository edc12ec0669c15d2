"""What a function of the lab may ask the database, and how that leaves it."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from antelop.analysis.reading import Reader, TimeOver, reading_only
from antelop.database import Database
from antelop.errors import Rejected, Unavailable

SOON = 0.2


WRITING = {
    "INSERT": "INSERT INTO {experimenter} (experimenter, full_name) VALUES ('new', 'New')",
    "UPDATE": "UPDATE {experimenter} SET institution = 'Warsaw'",
    "DELETE": "DELETE FROM {mask}",
    "COMMIT": "COMMIT",
    "ROLLBACK": "ROLLBACK",
    "DROP": "DROP TABLE {mask}",
    "SET": "SET TRANSACTION READ WRITE",
}


def read(database: Database, function: Callable[[Reader], object], seconds: float = 60) -> object:
    """Call a function that may only read."""
    with reading_only(database.connection, "licks.trials", seconds) as reader:
        return function(reader)


def statement(database: Database, verb: str) -> str:
    """Return a statement that writes."""
    return WRITING[verb].format(experimenter=database.Experimenter.full_table_name, mask=database.Mask.full_table_name)


def refused(database: Database, function: Callable[[Reader], object]) -> str:
    """Return why a function is refused that did more than read."""
    with pytest.raises(Rejected) as rejected:
        read(database, function)
    return str(rejected.value)


REMEDY = "Remove that: a mask returns its trials, and stores nothing"


@pytest.mark.usefixtures("transaction")
@pytest.mark.parametrize("verb", WRITING)
def test_writing_is_refused(database: Database, verb: str) -> None:
    """A function that writes is told so, and nothing is written; reading works."""
    people = database.Experimenter.to_dicts(order_by="KEY")
    query = f"SELECT full_name FROM {database.Experimenter.full_table_name} WHERE full_name LIKE '%%'"  # noqa: S608  # ours
    assert len(read(database, lambda reader: reader.answer(query).rows)) == len(people)  # type: ignore[arg-type]
    said = refused(database, lambda reader: reader.answer(statement(database, verb)))
    assert said == f"licks.trials: it tried to {verb}, and may only read. {REMEDY}."
    assert database.Experimenter.to_dicts(order_by="KEY") == people


@pytest.mark.usefixtures("transaction")
@pytest.mark.parametrize("then", [lambda: None, lambda: 1 / 0])
def test_writing_that_is_swallowed(database: Database, then: Callable[[], object]) -> None:
    """A function that swallows the refusal, or makes another error of it, is told at the end."""

    def swallow(reader: Reader) -> object:
        with suppress(Rejected):
            reader.answer(statement(database, "INSERT"))
        return then()

    assert "it tried to INSERT" in refused(database, swallow)


def test_transaction_goes_on(database: Database) -> None:
    """After reading, and after an error of the function, the transaction holds what it held, and goes on writing."""
    keys = [{"experimenter": "acurie", "experiment_id": number} for number in (2, 3, 4)]

    def insert(key: dict[str, Any]) -> None:
        database.Experiment.insert1({**key, "experiment_name": f"extra {key['experiment_id']}"})

    with database.transaction():
        insert(keys[0])
        count = (
            f"SELECT COUNT(*) FROM {database.Experiment.full_table_name} WHERE experiment_id > 1 AND experimenter = 'acurie'"  # noqa: S608  # ours
        )
        assert read(database, lambda reader: reader.answer(count).rows) == [(1,)]
        insert(keys[1])
        with pytest.raises(Exception, match="no_such_column"):
            read(database, lambda reader: reader.answer("SELECT no_such_column FROM information_schema.tables"))
        insert(keys[2])
    assert (database.Experiment & {"experimenter": "acurie"} & "experiment_id > 1").keys(order_by="KEY") == keys
    assert not database.connection.in_transaction


@pytest.fixture
def routine(database: Database) -> Iterator[Callable[[str, str], str]]:
    """Give what makes a function of the database, by its body on each server, and returns a statement that calls it."""
    name = f"{database.prefix}metadata.slip"

    def make(on_postgresql: str, on_mysql: str) -> str:
        body = f"LANGUAGE sql AS '{on_postgresql}'" if database.is_postgresql else f"BEGIN {on_mysql}; RETURN 1; END"
        database.connection.query(f"CREATE FUNCTION {name}() RETURNS int {body}")
        return f"SELECT {name}()"

    yield make
    database.connection.query(f"DROP FUNCTION {name}")


def test_the_server_refuses_too(database: Database, routine: Callable[[str, str], str]) -> None:
    """What the words of a statement do not tell, a function that writes, is refused by the server, or undone."""
    deletion = f"DELETE FROM {database.IntervalEvents.full_table_name}"  # noqa: S608  # ours
    call = routine(f"{deletion}; SELECT 1", deletion)
    before = len(database.IntervalEvents())
    refusal = f"licks.trials: it tried to write by a function of the database, and may only read. {REMEDY}."
    assert refused(database, lambda reader: reader.answer(call)) == refusal
    with database.transaction():
        if database.is_postgresql:
            assert refused(database, lambda reader: reader.answer(call)) == refusal
        else:  # an open transaction cannot be made read-only, but what was written is undone
            assert read(database, lambda reader: reader.answer(call).rows) == [(1,)]
        assert len(database.IntervalEvents()) == before > 0
    assert len(database.IntervalEvents()) == before


CHANGED = f"licks.trials: it tried to end the transaction or change the locks of this software, and may only read. {REMEDY}."


def changed(database: Database, change: Callable[[Reader], object]) -> str:
    """Return why a session is refused whose mask does something to its transaction or its locks."""
    with pytest.raises(Rejected) as rejected:
        insert_and(database, change)
    assert database.connection.is_lost
    assert not database.Experimenter & {"experimenter": "new"}
    return str(rejected.value)


def insert_and(database: Database, change: Callable[[Reader], object]) -> None:
    """Insert something, and call a function that may only read, in a transaction."""
    with database.transaction():
        database.Experimenter.insert1({"experimenter": "new", "full_name": "New"})
        read(database, change)


def test_locks_that_a_function_of_the_database_frees(database: Database, routine: Callable[[str, str], str]) -> None:
    """Where no word tells it, it is noticed at the end, and nothing is committed; whatever is locked else goes, too."""
    call = routine("SELECT 1 FROM pg_advisory_unlock_all()", "DECLARE n INT; SET n = RELEASE_ALL_LOCKS()")
    with database.lock("a delivery"):
        assert changed(database, lambda reader: reader.answer(call)) == CHANGED
    assert database.connection.locks == []
    if database.is_postgresql:  # MariaDB does not tell which locks there are; one more ends with the connection
        database.connection.query("DROP FUNCTION " + call.split()[1].removesuffix("()"))
        call = routine("SELECT 1 FROM pg_advisory_lock(1)", "")
        assert changed(database, lambda reader: reader.answer(call)) == CHANGED


def test_a_transaction_that_has_ended_is_noticed(database: Database) -> None:
    """Were it ended by a way that nobody knows, the savepoint is gone: it is rejected, and the connection with it."""
    assert changed(database, lambda _: database.connection.query("ROLLBACK")) == CHANGED


@pytest.mark.parametrize("waiting", [True, False])
def test_a_statement_that_takes_too_long(database: Database, waiting: bool) -> None:  # noqa: FBT001  # pytest gives it
    """PostgreSQL ends a statement with the time of its function; a MySQL connection, cut off in an answer, is replaced."""
    if database.is_postgresql:
        slow = "SELECT pg_sleep(60)" if waiting else "SELECT count(*) FROM generate_series(1, 1000000000000)"
    else:
        slow = "SELECT sleep(60)" if waiting else "SELECT BENCHMARK(100000000000, SHA2('licks', 512))"
    started = time.monotonic()
    with pytest.raises(TimeOver):
        read(database, lambda reader: reader.answer(slow), SOON)
    assert time.monotonic() - started < 10
    assert len(database.Experimenter()) == 2


def test_a_limit_that_a_statement_lifts(database: Database, routine: Callable[[str, str], str]) -> None:
    """The limit is that of each statement, whatever one before it has set."""
    lifted = "SELECT 1 FROM set_config(''statement_timeout'', ''0'', false)"
    call = routine(lifted, "SET @@session.max_statement_time = 0")

    def lift(reader: Reader) -> object:
        reader.answer(call)
        return reader.answer("SELECT pg_sleep(60)" if database.is_postgresql else "SELECT sleep(60)")

    with pytest.raises(TimeOver):
        read(database, lift, 4 * SOON)
    assert len(database.Experimenter()) == 2


@pytest.mark.parametrize("then", [lambda: None, lambda: 1 / 0])
def test_a_lost_connection_that_is_swallowed(database: Database, then: Callable[[], object]) -> None:
    """A database that went away meanwhile is no fault of the function, whatever it makes of it."""

    def lose(reader: Reader) -> object:
        database.connection._conn.close()
        with suppress(Unavailable):
            reader.answer("SELECT 1")
        return then()

    with pytest.raises(Unavailable):
        read(database, lose)
    database.connection.connect()
    assert len(database.Experimenter()) == 2


def test_an_interruption_leaves_no_transaction(database: Database) -> None:
    """Ctrl-C in the middle of an answer closes the connection, outside a transaction too."""

    def interrupt(_: Reader) -> object:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read(database, interrupt)
    assert database.connection.is_lost
    assert len(database.Experimenter()) == 2
