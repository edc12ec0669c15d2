"""What keeps a function of the lab in bounds."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from types import FrameType
from typing import Any

import pytest

from antelop.analysis.limits import TimeOver, reading_only, within, writing_verb
from antelop.database import Database
from antelop.errors import Rejected, Unavailable
from antelop.lab import Lab
from tests.lab_database import recorded

SOON = 0.05


def wait() -> None:
    """Wait for much longer than any limit here."""
    threading.Event().wait(60)


def compute() -> None:
    """Compute for ever."""
    while True:
        pass


def in_a_thread(function: Callable[[], object]) -> list[object]:
    """Call a function in a thread of its own; return what it returned or raised."""
    outcome: list[object] = []

    def run() -> None:
        try:
            outcome.append(function())
        except BaseException as error:  # noqa: BLE001  # it is the outcome
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return outcome


def alarms() -> tuple[object, tuple[float, float]]:
    """Return what SIGALRM does, and when it comes."""
    return signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)


def test_in_time() -> None:
    """What a function in time returns or raises passes, in any thread, and leaves no alarm behind."""
    before = alarms()
    assert within(60, lambda: "trials") == "trials"
    with pytest.raises(ZeroDivisionError):
        within(60, lambda: 1 / 0)
    assert in_a_thread(lambda: within(60, lambda: "trials")) == ["trials"]
    (error,) = in_a_thread(lambda: within(60, lambda: 1 / 0))
    assert isinstance(error, ZeroDivisionError)
    assert alarms() == before


@pytest.mark.parametrize("function", [wait, compute])
def test_too_long(function: Callable[[], None]) -> None:
    """In the main thread a function is interrupted, be it computing or waiting."""
    before = alarms()
    with pytest.raises(TimeOver):
        within(SOON, function)
    assert alarms() == before


def test_too_long_in_a_thread() -> None:
    """In another thread a function that computes is interrupted."""
    (error,) = in_a_thread(lambda: within(SOON, compute))
    assert isinstance(error, TimeOver)


def test_swallowed() -> None:
    """A function that swallows every exception and goes on to the end has still taken too long."""

    def careless() -> str:
        with suppress(BaseException):
            compute()
        return "trials"

    def unlucky() -> None:
        try:
            compute()
        except BaseException:  # noqa: BLE001  # as functions should not
            raise ValueError from None

    for function in (careless, unlucky):
        with pytest.raises(TimeOver):
            within(SOON, function)
        (error,) = in_a_thread(lambda function=function: within(SOON, function))  # type: ignore[misc]
        assert isinstance(error, TimeOver)


def test_exception_handlers_do_not_see_it() -> None:
    """``except Exception`` in a function does not keep it running."""

    def stubborn() -> None:
        while True:
            with suppress(Exception):
                compute()

    with pytest.raises(TimeOver):
        within(SOON, stubborn)
    (error,) = in_a_thread(lambda: within(SOON, stubborn))
    assert isinstance(error, TimeOver)


class Loop:
    """Keeps running for ever when it is collected."""

    def __del__(self) -> None:
        """Be interrupted: what is raised here, Python only prints."""
        compute()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_dropped_by_python() -> None:
    """Interrupted where Python drops what is raised, in a collected object, a function that goes on is interrupted again."""

    def collecting() -> None:
        Loop()
        compute()

    with pytest.raises(TimeOver):
        within(SOON, collecting)
    (error,) = in_a_thread(lambda: within(SOON, collecting))
    assert isinstance(error, TimeOver)


def race() -> set[str]:
    """Run functions that end just when their time does, ever closer to it; return how they ended."""

    def run_until(end: float) -> str:
        while time.monotonic() < end:
            pass
        return "in time"

    outcomes = set()
    limit, lasting = 0.0005, 0.0005
    for turn in range(1000):
        try:
            outcome = within(limit, lambda: run_until(time.monotonic() + lasting))  # noqa: B023  # it is called at once
        except TimeOver:
            outcome = "too long"
        lasting += (1e-6 + turn % 7 * 1e-6) * (1 if outcome == "in time" else -1)
        outcomes.add(outcome)
    return outcomes


def test_never_after_the_end() -> None:
    """However close the end of a function and the end of its time are, nothing is raised once it is over, or left behind."""
    before, interval, threads = alarms(), sys.getswitchinterval(), set(threading.enumerate())
    sys.setswitchinterval(1e-6)  # so that threads get in each other's way wherever they can
    try:
        assert race() == {"in time", "too long"}
        assert in_a_thread(race) == [{"in time", "too long"}]
    finally:
        sys.setswitchinterval(interval)
    assert alarms() == before
    for watchdog in set(threading.enumerate()) - threads:
        watchdog.join(60)
    assert set(threading.enumerate()) <= threads


def test_another_timer() -> None:
    """A timer that runs already, and what it does, are as before; one that was due meanwhile comes right after."""
    seen: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        seen.append(number)

    handler = signal.signal(signal.SIGALRM, note)
    try:
        signal.setitimer(signal.ITIMER_REAL, 100, 50)
        within(60, lambda: None)
        delay, interval = signal.getitimer(signal.ITIMER_REAL)
        assert signal.getsignal(signal.SIGALRM) is note
        assert 90 < delay <= 100
        assert interval == pytest.approx(50, abs=0.1)
        signal.setitimer(signal.ITIMER_REAL, 2)
        assert within(60, lambda: threading.Event().wait(3) or list(seen)) == []
        while not seen:
            pass
        assert seen == [signal.SIGALRM]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)


@pytest.mark.parametrize(
    ("statement", "verb"),
    [
        ("SELECT 'DELETE FROM x; DROP TABLE y' FROM `update` WHERE \"into\" = 1 -- INSERT\n /* DELETE */", None),
        ("(SELECT replace(a, 'b', 'c'), INSERT (d, 1, 2, 'e') FROM f) UNION (SELECT 1);", None),
        ("WITH a AS (SELECT 1) SELECT * FROM a", None),
        ("show tables", None),
        ("EXPLAIN SELECT 1", None),
        ("SELECT 'it\\'s; DELETE', 'o''clock; DELETE'", None),
        ("", None),
        ("insert into a values (1)", "INSERT"),
        ("  REPLACE INTO a VALUES (1)", "REPLACE"),
        ("SELECT 1; DELETE FROM a", "DELETE"),
        ("SELECT 1 INTO OUTFILE '/a'", "INTO"),
        ("SELECT 1 /*! INTO OUTFILE '/a' */", "INTO"),
        ("SELECT 1 /*M! INTO OUTFILE '/a' */", "INTO"),
        ("SELECT a FROM b FOR UPDATE", "UPDATE"),
        ("WITH a AS (DELETE FROM b RETURNING c) SELECT * FROM a", "DELETE"),
        ("EXPLAIN ANALYZE UPDATE a SET b = 1", "UPDATE"),
        ("COMMIT", "COMMIT"),
        ("SET TRANSACTION READ WRITE", "SET"),
        ("/* SELECT */ CALL a()", "CALL"),
    ],
)
def test_writing_verb(statement: str, verb: str | None) -> None:
    """What is written in strings, names and comments is no verb; what hides after a semicolon or in a WITH is one."""
    assert writing_verb(statement) == verb


@pytest.fixture(scope="module")
def database(served_lab: tuple[Lab, Mapping[str, str]]) -> Iterator[Database]:
    """Yield a lab's database, once of each kind."""
    with recorded(served_lab) as database:
        yield database


@pytest.fixture(params=["in a transaction", "outside"])
def transaction(request: pytest.FixtureRequest, database: Database) -> Iterator[None]:
    """Have a transaction open, or none."""
    if request.param == "outside":
        yield
    else:
        with database.transaction():
            yield


WRITING: dict[str, Callable[[Database], object]] = {
    "INSERT": lambda database: database.Experimenter.insert1({"experimenter": "new", "full_name": "New"}),
    "UPDATE": lambda database: database.Experimenter.update1({"experimenter": "acurie", "institution": "Warsaw"}),
    "DELETE": lambda database: database.Mask.delete_quick(),
    "COMMIT": lambda database: database.connection.commit_transaction(),
    "ROLLBACK": lambda database: database.connection.cancel_transaction(),
    "DROP": lambda database: database.connection.query("DROP TABLE nothing"),
}


def read(database: Database, function: Callable[[], object], seconds: float = 60) -> object:
    """Call a function that may only read."""
    with reading_only(database.connection, "licks.trials", seconds):
        return function()


@pytest.mark.usefixtures("transaction")
@pytest.mark.parametrize("verb", WRITING)
def test_writing_is_refused(database: Database, verb: str) -> None:
    """A function that writes is told so, and nothing is written; reading works."""
    people = read(database, lambda: database.Experimenter.to_dicts(order_by="KEY"))
    with pytest.raises(Rejected) as rejected:
        read(database, lambda: WRITING[verb](database))
    remedy = "Take that out: a mask returns its trials, and stores nothing"
    assert str(rejected.value) == f"licks.trials: it tried to {verb}, and may only read. {remedy}."
    assert database.Experimenter.to_dicts(order_by="KEY") == people


@pytest.mark.usefixtures("transaction")
@pytest.mark.parametrize("then", [lambda: None, lambda: 1 / 0])
def test_writing_that_is_swallowed(database: Database, then: Callable[[], object]) -> None:
    """Who swallows the refusal, or makes another error of it, is told at the end."""

    def swallow() -> object:
        with suppress(Rejected):
            WRITING["INSERT"](database)
        return then()

    with pytest.raises(Rejected, match="it tried to INSERT"):
        read(database, swallow)


def test_transaction_goes_on(database: Database) -> None:
    """After reading, and after an error of the function, the transaction holds what it held, and goes on writing."""
    keys = [{"experimenter": "acurie", "experiment_id": number} for number in (2, 3, 4)]

    def insert(key: dict[str, Any]) -> None:
        database.Experiment.insert1({**key, "experiment_name": f"extra {key['experiment_id']}"})

    with database.transaction():
        insert(keys[0])
        assert read(database, lambda: len(database.Experiment & keys[0])) == 1
        insert(keys[1])
        with pytest.raises(Exception, match="no_such_column"):
            read(database, lambda: database.connection.query("SELECT no_such_column FROM information_schema.tables"))
        insert(keys[2])
    assert (database.Experiment & {"experimenter": "acurie"} & "experiment_id > 1").keys(order_by="KEY") == keys
    assert not database.connection.in_transaction


def test_the_server_refuses_too(database: Database) -> None:
    """What the words of a statement do not tell, the server does: a function that it calls and that writes is refused."""
    name = f"{database.prefix}metadata.slip"
    statement = f"DELETE FROM {database.Experiment().full_table_name} WHERE experiment_id = 1000"  # noqa: S608  # a table of ours
    body = f"LANGUAGE sql AS '{statement}; SELECT 1'" if database.is_postgresql else f"BEGIN {statement}; RETURN 1; END"
    database.connection.query(f"CREATE FUNCTION {name}() RETURNS int {body}")

    def call() -> Any:
        return database.connection.query(f"SELECT {name}()").fetchone()

    refusal = "licks.trials: it tried to write by a function of the database, and may only read."
    with pytest.raises(Rejected, match=refusal):
        read(database, call)
    if database.is_postgresql:  # MySQL's protocol cannot make an open transaction read-only
        with database.transaction(), pytest.raises(Rejected, match=refusal):
            read(database, call)
    assert call() == (1,)
    database.connection.query(f"DROP FUNCTION {name}")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # millions of rows: a collection is interrupted
@pytest.mark.parametrize("waiting", [True, False])
def test_a_statement_that_takes_too_long(database: Database, waiting: bool) -> None:  # noqa: FBT001  # pytest gives it
    """PostgreSQL ends a statement with the time of its function; a MySQL connection, cut off in an answer, is replaced."""
    if database.is_postgresql:
        statement = "SELECT pg_sleep(60)" if waiting else "SELECT generate_series(1, 1000000000)"
    else:
        statement = "SELECT sleep(60)" if waiting else f"SELECT seq FROM {database.prefix}metadata.seq_1_to_10000000"  # noqa: S608

    def query() -> Any:
        return within(4 * SOON, lambda: database.connection.query(statement))

    started = time.monotonic()
    with pytest.raises(TimeOver):
        read(database, query, 4 * SOON)
    assert time.monotonic() - started < 10
    assert len(database.Experimenter()) == 2


@pytest.mark.parametrize("then", [lambda: None, lambda: 1 / 0])
def test_a_lost_connection_that_is_swallowed(database: Database, then: Callable[[], object]) -> None:
    """A database that went away meanwhile is no fault of the function, whatever it makes of it."""

    def lose() -> object:
        database.connection._conn.close()
        with suppress(Unavailable):
            len(database.Experimenter())
        return then()

    with pytest.raises(Unavailable):
        read(database, lose)
    database.connection.connect()
    assert len(database.Experimenter()) == 2
