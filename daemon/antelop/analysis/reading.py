"""Read-only access to the database for a lab's function, within a time limit.

Transaction and locks are the same afterwards.
"""

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
    """A function has reached its time limit."""


class Rows(NamedTuple):
    """The answer to a statement: the names of its columns, and its rows."""

    columns: list[str]
    rows: list[tuple[Any, ...]]


class Reader:
    """Executes the statements of one function, and records those that were refused.

    Parameters
    ----------
    connection
        DataJoint's connection.
    name
        Name of the function, for the problems.
    seconds
        Time limit of the function, in seconds.

    Attributes
    ----------
    failures
        `Rejected` for each statement that was refused, and `Unavailable` for each that the database could not answer. The
        function may catch these exceptions, so they are kept here.
    """

    def __init__(self, connection: Any, name: str, seconds: float) -> None:  # noqa: ANN401  # DataJoint has no types
        self.failures: list[Exception] = []
        self._connection = connection
        self._name = name
        # One limit for all statements: a function with many short ones must end too.
        self._end = time.monotonic() + seconds
        self._on_postgresql = connection.adapter.backend == "postgresql"

    @property
    def remaining(self) -> float:
        """The seconds until the time limit.

        Raises
        ------
        TimeOver
            If it has passed.
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
            If the database cannot be reached.
        TimeOver
            If the time limit passes. PostgreSQL cancels the statement then; on a MySQL-protocol server the connection is
            closed.
        """
        # The words of the statement are checked first, because MySQL commits a transaction before some statements that write.
        if verb := writing_verb(statement, postgresql=self._on_postgresql):
            raise self._refused(verb)
        try:
            with self._limited() as before:
                cursor = self._connection.query(before + statement.replace("%", "%%"))
                return Rows([column[0] for column in cursor.description or ()], list(cursor.fetchall()))
        except Unavailable as error:
            if sql_code(error) in _READ_ONLY:
                raise self._refused("write by a function of the database") from error
            _ = self.remaining  # raises TimeOver if the server cancelled the statement because of the limit
            self.failures.append(error)
            raise

    def enter(self) -> tuple[list[str], object]:
        """Make the transaction read-only, as far as the server can.

        Returns
        -------
        list of str
            The statements that go back to the state before.
        object
            The state to compare with at the end, as `_run` returns it.
        """
        # A session's own transaction must not be lost: inside one, only a savepoint can be rolled back.
        enclosed, point = self._connection.in_transaction, f"reading_{secrets.token_hex(8)}"
        before, after = ["START TRANSACTION READ ONLY"], ["ROLLBACK"]
        if enclosed:
            before, after = [f"SAVEPOINT {point}"], [f"ROLLBACK TO SAVEPOINT {point}", f"RELEASE SAVEPOINT {point}"]
            if self._on_postgresql:  # MySQL has no read-only savepoint
                before.append("SET LOCAL transaction_read_only = on")
        return after, self._run(before)

    def leave(self, back: list[str], state: object) -> None:
        """Go back to the state before the function. If that fails, close the connection, so that the server rolls back."""
        try:
            changed = self._run(back) != state
        except Unavailable as error:
            changed = not self._connection.is_lost  # a lost connection has already been rolled back by the server
            self.failures += [] if self.failures or changed else [error]
        except Exception:  # noqa: BLE001  # the function has ended the transaction, and the savepoint with it
            changed = True
        if changed:
            with suppress(Exception):
                self._connection.close()
            self.failures.insert(0, self._refused("end the transaction or change the locks of this software"))

    def _run(self, statements: list[str]) -> object:
        """Execute statements; return the ids of connection and transaction, and the locks: equal before and after."""
        ask = self._connection.query
        if self._on_postgresql:  # all in one message, because each round trip makes every ingest slower
            state = f"SELECT pg_backend_pid(), txid_current_if_assigned(), {_LOCKS}"
            return ask("; ".join([*statements, state])).fetchone()
        for statement in statements:
            ask(statement)
        locks = sorted(self._connection.locks)
        asked = ", ".join(["CONNECTION_ID()", *["IS_USED_LOCK(%s)"] * len(locks)])
        return ask(f"SELECT {asked}", tuple(locks)).fetchone()

    @contextmanager
    def _limited(self) -> Iterator[str]:
        """Limit a statement to the remaining time; yield the text to put before the statement."""
        if self._on_postgresql:
            yield f"SET LOCAL statement_timeout = {max(1, round(self.remaining * 1000))}; "
            return
        driver = self._connection._conn  # noqa: SLF001  # DataJoint hands it out nowhere
        before, driver._read_timeout = driver._read_timeout, self.remaining  # noqa: SLF001  # PyMySQL has no public attribute
        try:
            yield ""
        finally:
            driver._read_timeout = before  # noqa: SLF001  # as above

    def _refused(self, verb: str) -> Rejected:
        remedy = "Remove that: a mask returns its trials, and stores nothing"
        refused = Rejected([Problem("mask_reads", self._name, f"it tried to {verb}, and may only read", remedy)])
        self.failures.append(refused)
        return refused


@contextmanager
def reading_only(connection: Any, name: str, seconds: float) -> Iterator[Reader]:  # noqa: ANN401  # as above
    """Make a connection read-only while a function of the lab runs.

    The words of each statement are checked. A stored function could still write: the server refuses or rolls back that. At the
    end the connection has the same transaction and locks as before, or it is closed.

    Parameters
    ----------
    connection
        DataJoint's connection.
    name
        Name of the function, for the problems.
    seconds
        Time limit of the function, in seconds.

    Yields
    ------
    Reader
        Executes the function's statements.

    Raises
    ------
    Rejected
        If the function tried more than reading, also if it caught the exception.
    Unavailable
        If the connection to the database was lost.
    """
    reader = Reader(connection, name, seconds)
    enclosed = connection.in_transaction
    back, state = reader.enter()
    # DataJoint reconnects only outside a transaction. A new connection would have neither our transaction nor our locks.
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
    except BaseException:  # such as Ctrl-C, after which the answer may be half read
        connection.close()
        raise
    else:
        reader.leave(back, state)
    finally:
        connection._in_transaction = enclosed  # noqa: SLF001  # as above
    if reader.failures:
        raise reader.failures[0]


def sql_code(error: BaseException) -> object:
    """Return the SQLSTATE (PostgreSQL) or error number (MySQL) of the driver's exception that caused an error, or None."""
    cause = error.__cause__ or error.__context__
    return getattr(cause, "pgcode", None) or (cause.args[0] if cause and cause.args else None)
