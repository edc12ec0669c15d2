"""What keeps a function of the lab in bounds: it may read the database and nothing else, and for no longer than it may."""

import ctypes
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, TypeVar

from antelop.errors import Problem, Rejected, Unavailable

Result = TypeVar("Result")

# In a read-only transaction: PostgreSQL's SQLSTATE read_only_sql_transaction, MySQL's ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION.
_READ_ONLY = {"25006", 1792}

_AGAIN = 1.0
"""Seconds after which a function that goes on is interrupted again: Python drops what is raised in a ``__del__`` or while it
collects garbage, and a function that fetches millions of rows is doing that most of its time."""


class TimeOver(BaseException):
    """A function ran into its time limit; no Exception, so that the function does not swallow it by ``except Exception``."""


@contextmanager
def reading_only(connection: Any, name: str, seconds: float) -> Iterator[None]:  # noqa: ANN401  # DataJoint has no types
    """Let a connection read only, while a function of the lab runs.

    Statements are looked at by their words. Where the server can enforce it, it does: on PostgreSQL in a subtransaction (which
    can be read-only in a transaction that writes, and leaves it writing when it is rolled back), and outside a transaction
    on every server, in a read-only one. PostgreSQL also cancels a statement that takes longer than the limit.

    Parameters
    ----------
    connection
        DataJoint's connection.
    name
        The function, for the problems.
    seconds
        How long a statement may take.

    Raises
    ------
    Rejected
        In a statement that does more than read; and at the end, should the function have swallowed it.
    Unavailable
        In a statement, if the database goes away; and at the end, likewise.
    """
    reader = _Reader(connection, name)
    enclosed = connection.in_transaction
    before, after = _enclosure(in_transaction=enclosed, on_postgresql=reader.on_postgresql, seconds=seconds)
    if before:
        reader.query(before)
    connection.query = reader
    # As far as DataJoint is concerned, so that a connection that is lost meanwhile is not replaced behind the function's back.
    connection._in_transaction = True  # noqa: SLF001
    try:
        yield
    except Exception:
        if not reader.failures:
            raise
    finally:
        del connection.query
        with suppress(Unavailable):  # a lost connection has nothing to go back to
            if after:
                reader.query(after)
        connection._in_transaction = enclosed  # noqa: SLF001  # as above
    if reader.failures:
        raise reader.failures[0]


class _Reader:
    """What stands in for a connection's ``query``: it passes what reads, and remembers what it refused or what failed."""

    def __init__(self, connection: Any, name: str) -> None:  # noqa: ANN401  # as above
        self.query = connection.query
        self.on_postgresql = connection.adapter.backend == "postgresql"
        self.failures: list[Exception] = []
        self._connection = connection
        self._name = name

    def __call__(self, statement: str, *args: Any, **options: Any) -> Any:  # noqa: ANN401  # as above
        if verb := writing_verb(statement):
            raise self._refused(verb)
        try:
            return self.query(statement, *args, **options)
        except Unavailable as error:
            if sql_code(error) in _READ_ONLY:
                raise self._refused("write by a function of the database") from error
            self.failures.append(error)
            raise
        except TimeOver:
            if not self.on_postgresql:  # part of the answer may be unread, and would be taken for that of the next statement
                with suppress(Exception):
                    self._connection.close()
            raise

    def _refused(self, verb: str) -> Rejected:
        remedy = "Take that out: a mask returns its trials, and stores nothing"
        refused = Rejected([Problem("mask_reads", self._name, f"it tried to {verb}, and may only read", remedy)])
        self.failures.append(refused)
        return refused


def _enclosure(*, in_transaction: bool, on_postgresql: bool, seconds: float) -> tuple[str, str]:
    """Return the statements between which the server itself allows nothing but reading, as far as it can.

    PostgreSQL takes several at a time; each way there and back that is spared shortens every ingest.
    """
    before, after = "START TRANSACTION READ ONLY", "ROLLBACK"
    if in_transaction and not on_postgresql:
        return "", ""
    if in_transaction:
        before = "SAVEPOINT reading_only; SET LOCAL transaction_read_only = on"
        after = "ROLLBACK TO SAVEPOINT reading_only; RELEASE SAVEPOINT reading_only"
    if on_postgresql:
        before += f"; SET LOCAL statement_timeout = {max(1, round(seconds * 1000)):d}"
    return before, after


def sql_code(error: BaseException) -> object:
    """Return PostgreSQL's SQLSTATE or MySQL's number from the driver's error behind an error; None if there is none."""
    cause = error.__cause__ or error.__context__
    return getattr(cause, "pgcode", None) or (cause.args[0] if cause and cause.args else None)


# Strings, quoted names and comments; what MySQL and MariaDB run in a comment (/*! and /*M!) is none.
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`|--[^\n]*|/\*(?!M?!).*?\*/""", re.DOTALL)
_READING = {"SELECT", "WITH", "SHOW", "EXPLAIN", "DESCRIBE", "DESC", "VALUES", "TABLE"}
_WRITING = re.compile(r"\b(INSERT|UPDATE|DELETE|MERGE|REPLACE|INTO)\b(?!\s*\()")  # not the functions REPLACE() and INSERT()


def writing_verb(statement: str) -> str | None:
    """Return the word by which an SQL statement does more than read, if there is one."""
    for part in _QUOTED.sub(" ", statement).upper().split(";"):
        first = re.search(r"\w+", part)
        if first and first[0] not in _READING:
            return first[0]
        if written := _WRITING.search(part):
            return written[0]
    return None


def within(seconds: float, function: Callable[[], Result]) -> Result:
    """Call a function, and give up after some time.

    In the main thread a signal interrupts even a call that waits; in others the function is interrupted between two of its
    instructions; and again, if it goes on. Whatever it makes of that, having taken too long is an error.

    Raises
    ------
    TimeOver
        If it takes longer.
    """
    limited = _with_alarm if threading.current_thread() is threading.main_thread() else _with_watchdog
    started = time.monotonic()
    try:
        result = limited(seconds, function)
    except Exception:
        if time.monotonic() - started < seconds:
            raise
        raise TimeOver from None
    if time.monotonic() - started >= seconds:
        raise TimeOver
    return result


def _with_alarm(seconds: float, function: Callable[[], Result]) -> Result:
    """Interrupt the function by SIGALRM. A timer that runs already is stopped meanwhile, and loses no more than that."""
    running = True

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        if running:
            raise TimeOver

    started = time.monotonic()
    delay, interval = signal.setitimer(signal.ITIMER_REAL, 0)
    handler = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
        try:
            return function()
        finally:
            running = False  # if the alarm comes right before this, what follows still runs, long before the next one
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler or signal.SIG_DFL)
        if delay:
            signal.setitimer(signal.ITIMER_REAL, max(delay - (time.monotonic() - started), 1e-6), interval)


def _with_watchdog(seconds: float, function: Callable[[], Result]) -> Result:
    """Interrupt the function by an exception that another thread sets in this one."""
    running, ended = True, threading.Event()
    lock = threading.Lock()
    thread = ctypes.c_ulong(threading.get_ident())

    def interrupt() -> None:
        delay = seconds
        while not ended.wait(delay):
            with lock:
                if running:
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(TimeOver))
            delay = _AGAIN

    try:
        threading.Thread(target=interrupt, daemon=True).start()
        try:
            return function()
        finally:
            with lock:
                running = False  # and not a call, in which the exception might be raised before it has done anything
    finally:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, None)  # takes back what was set and not raised yet
        ended.set()
