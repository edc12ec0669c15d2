"""What a function of the lab may ask the database: it reads, for as long as it may, and leaves everything as it found it."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from antelop.analysis.statements import writing_verb
from antelop.errors import Problem, Rejected, Unavailable

# In a read-only transaction: PostgreSQL's SQLSTATE read_only_sql_transaction, MySQL's ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION.
_READ_ONLY = {"25006", 1792}

_LOCKS = (
    "(SELECT array_agg((classid, objid, objsubid, mode)::text ORDER BY classid, objid, objsubid, mode) "
    "FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())"
)


class TimeOver(Exception):
    """A function ran into its time limit."""


class Rows(NamedTuple):
    """The answer to a statement: the names of its columns, and its rows."""

    columns: list[str]
    rows: list[tuple[Any, ...]]


class Reader:
    """Asks the database for a function of the lab.

    Parameters
    ----------
    connection
        DataJoint's connection.
    name
        The function, for the problems.
    seconds
        How long it may take in all.

    Attributes
    ----------
    failures
        What was refused, and what failed for no fault of the function.
    """

    def __init__(self, connection: Any, name: str, seconds: float) -> None:  # noqa: ANN401  # DataJoint has no types
        self.failures: list[Exception] = []
        self._connection = connection
        self._name = name
        self._end = time.monotonic() + seconds
        self._on_postgresql = connection.adapter.backend == "postgresql"

    @property
    def remaining(self) -> float:
        """How many seconds there are left.

        Raises
        ------
        TimeOver
            If there are none.
        """
        if (remaining := self._end - time.monotonic()) <= 0:
            raise TimeOver
        return remaining

    def answer(self, statement: str) -> Rows:
        """Run a statement that reads.

        Raises
        ------
        Rejected
            If it does more than read.
        Unavailable
            If the database is away.
        TimeOver
            If it takes too long. PostgreSQL ends it then; on a MySQL-protocol server, the connection is closed.
        """
        if verb := writing_verb(statement, postgresql=self._on_postgresql):
            raise self._refused(verb)
        try:
            with self._limited() as before:
                cursor = self._connection.query(before + statement.replace("%", "%%"))
                return Rows([column[0] for column in cursor.description or ()], list(cursor.fetchall()))
        except Unavailable as error:
            if sql_code(error) in _READ_ONLY:
                raise self._refused("write by a function of the database") from error
            _ = self.remaining  # it is the server that ended it, if there is none
            self.failures.append(error)
            raise

    def enter(self) -> tuple[list[str], object]:
        """Let the server allow nothing but reading, as far as it can; return how to go back, and what is so now."""
        enclosed, point = self._connection.in_transaction, f"reading_{secrets.token_hex(8)}"
        before, after = ["START TRANSACTION READ ONLY"], ["ROLLBACK"]
        if enclosed:
            before, after = [f"SAVEPOINT {point}"], [f"ROLLBACK TO SAVEPOINT {point}", f"RELEASE SAVEPOINT {point}"]
            if self._on_postgresql:  # a subtransaction can be read-only in one that writes
                before.append("SET LOCAL transaction_read_only = on")
        return after, self._run(before)

    def leave(self, back: list[str], state: object) -> None:
        """Go back, and note if not everything is as it was; then the connection is closed, and with it goes what was done."""
        try:
            changed = self._run(back) != state
        except Unavailable as error:
            changed = not self._connection.is_lost  # which has nothing to go back to
            self.failures += [] if self.failures or changed else [error]
        except Exception:  # noqa: BLE001  # the savepoint is gone, and the transaction that it was in
            changed = True
        if changed:
            with suppress(Exception):
                self._connection.close()
            self.failures.insert(0, self._refused("end the transaction or change the locks of this software"))

    def _run(self, statements: list[str]) -> object:
        """Run statements; return what has to be the same before and after: the connection, its transaction and its locks."""
        ask = self._connection.query
        if self._on_postgresql:  # all at a time, for each way there and back lengthens every ingest
            state = f"SELECT pg_backend_pid(), txid_current_if_assigned(), {_LOCKS}"
            return ask("; ".join([*statements, state])).fetchone()
        for statement in statements:
            ask(statement)
        locks = sorted(self._connection.locks)
        asked = ", ".join(["CONNECTION_ID()", *["IS_USED_LOCK(%s)"] * len(locks)])
        return ask(f"SELECT {asked}", tuple(locks)).fetchone()

    @contextmanager
    def _limited(self) -> Iterator[str]:
        """Limit a statement to the time that there is left; yield what goes before it."""
        if self._on_postgresql:
            yield f"SET LOCAL statement_timeout = {max(1, round(self.remaining * 1000))}; "
            return
        driver = self._connection._conn  # noqa: SLF001  # DataJoint hands it out nowhere
        before, driver._read_timeout = driver._read_timeout, self.remaining  # noqa: SLF001  # nor can PyMySQL be asked otherwise
        try:
            yield ""
        finally:
            driver._read_timeout = before  # noqa: SLF001  # as above

    def _refused(self, verb: str) -> Rejected:
        remedy = "Take that out: a mask returns its trials, and stores nothing"
        refused = Rejected([Problem("mask_reads", self._name, f"it tried to {verb}, and may only read", remedy)])
        self.failures.append(refused)
        return refused


@contextmanager
def reading_only(connection: Any, name: str, seconds: float) -> Iterator[Reader]:  # noqa: ANN401  # as above
    """Let a connection read only, while a function of the lab runs.

    Statements are looked at by their words. What a function of the database writes is undone, for the server goes back to where
    it was; on PostgreSQL, and outside a transaction on every server, it does not write at all. At the end the connection has
    the transaction and the locks that it had, or it is closed.

    Parameters
    ----------
    connection
        DataJoint's connection.
    name
        The function, for the problems.
    seconds
        How long it may take in all.

    Yields
    ------
    Reader
        What may ask.

    Raises
    ------
    Rejected
        At the end, if it tried more than reading, whatever became of that.
    Unavailable
        At the end, if the database went away.
    """
    reader = Reader(connection, name, seconds)
    enclosed = connection.in_transaction
    back, state = reader.enter()
    # As far as DataJoint is concerned, so that a connection that is lost meanwhile is not replaced by another one.
    connection._in_transaction = True  # noqa: SLF001
    try:
        yield reader
    except TimeOver:
        reader.leave(back, state)
        raise
    except Exception:
        reader.leave(back, state)
        if not reader.failures:
            raise
    except BaseException:  # such as Ctrl-C, which may have come in the middle of an answer
        connection.close()
        raise
    else:
        reader.leave(back, state)
    finally:
        connection._in_transaction = enclosed  # noqa: SLF001  # as above
    if reader.failures:
        raise reader.failures[0]


def sql_code(error: BaseException) -> object:
    """Return PostgreSQL's SQLSTATE or MySQL's number from the driver's error behind an error; None if there is none."""
    cause = error.__cause__ or error.__context__
    return getattr(cause, "pgcode", None) or (cause.args[0] if cause and cause.args else None)
