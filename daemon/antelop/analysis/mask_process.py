"""The process in which mask functions run. It has no connection to the database: the worker executes its statements."""

import io
import json
import os
import pickle
import socket
import sys
import traceback
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NoReturn

import datajoint as dj

from antelop.analysis.frames import Kind, receive, send
from antelop.analysis.functions import AnalysisFunction
from antelop.analysis.limits import lift_limit
from antelop.analysis.masks import checked
from antelop.analysis.reading import Rows, sql_code
from antelop.analysis.script import described
from antelop.errors import Problem, Rejected, Unavailable

UNDEFINED_COLUMN = "42703"  # PostgreSQL's SQLSTATE undefined_column


def serve(
    end: socket.socket,
    connection: Any,  # noqa: ANN401  # DataJoint has no types
    functions: Mapping[str, AnalysisFunction],
    key: Mapping[str, Any],
) -> None:
    """Run functions on a session as the worker requests them, until it closes its end of the sockets.

    Parameters
    ----------
    end
        Our end of the pair of sockets.
    connection
        DataJoint's connection of the functions' tables. Its statements are sent to the worker from now on.
    functions
        The functions that may be requested, by name.
    key
        The primary key of the World.
    """
    # What a function prints, and what its tables fetch, goes through the worker: only it has a log and a connection.
    line = _Line(end)
    sys.stdout, sys.stderr = _Printed(line, Kind.PRINTED, 1), _Printed(line, Kind.COMPLAINED, 2)
    _ask_elsewhere(connection, line)
    while True:
        try:
            _, name = line.receive()
        except EOFError:
            return
        kind, content = _outcome(functions[name.decode()], key)
        line.send(kind, content)


class _Line:
    """The connection to the worker. A process that a mask function forks inherits the socket, but may not use it."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._process = os.getpid()

    @property
    def ours(self) -> bool:
        """Whether this is the mask's process, and not one that a function has forked."""
        return os.getpid() == self._process

    def send(self, kind: Kind, content: bytes) -> None:
        """Send a frame. A forked process that has returned from the function as well exits here, without sending."""
        if not self.ours:
            os._exit(0)
        send(self._end, kind, content)

    def receive(self) -> tuple[Kind, bytes]:
        """Receive a frame."""
        return receive(self._end, lambda: None)

    def ask(self, statement: str) -> Rows:
        """Have the worker execute a statement, and return its rows; raise the exception that the worker met."""
        if not self.ours:
            raise dj.errors.DataJointError("a process that a mask starts has no database")
        send(self._end, Kind.ASK, statement.encode(errors="surrogateescape"))
        kind, content = self.receive()
        answer = pickle.loads(content)  # noqa: S301  # from our own process
        if kind is Kind.ANSWERED:
            return Rows(*answer)
        error, code = answer
        raise error from _Cause(code)


class _Cause(Exception):
    """Stands for the driver's exception, of which the worker sends only the error code."""

    def __init__(self, code: object) -> None:
        self.pgcode = code


class _Printed(io.TextIOBase):
    """Replaces `sys.stdout` or `sys.stderr`: the worker writes what a function prints."""

    def __init__(self, line: _Line, kind: Literal[Kind.PRINTED, Kind.COMPLAINED], descriptor: int) -> None:
        self._line = line
        self._kind = kind
        self._descriptor = descriptor

    def fileno(self) -> int:
        """Return the file descriptor to which programs that a function starts print."""
        return self._descriptor

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, text: str) -> int:
        """Write a text; characters that UTF-8 cannot encode become question marks."""
        content = text.encode(errors="replace")
        if self._line.ours:
            self._line.send(self._kind, content)
        else:
            os.write(self._descriptor, content)
        return len(text)


class _Answer:
    """The rows of a statement, with the methods of a database cursor that DataJoint calls."""

    def __init__(self, rows: Rows, *, as_dict: bool) -> None:
        self.description = [(column,) for column in rows.columns]
        self.rowcount = len(rows.rows)
        self._rows: Iterator[Any] = iter(
            [dict(zip(rows.columns, row, strict=True)) for row in rows.rows] if as_dict else rows.rows
        )

    def __iter__(self) -> Iterator[Any]:
        return self._rows

    def fetchone(self) -> Any:  # noqa: ANN401  # a row
        """Return the next row, or None."""
        return next(self._rows, None)

    def fetchall(self) -> list[Any]:
        """Return the remaining rows."""
        return list(self._rows)


class _NoDriver:
    """Replaces the driver's connection, which this process does not have; every attribute raises an error."""

    def __getattr__(self, name: str) -> NoReturn:
        raise dj.errors.DataJointError(
            f"a mask function cannot use `{name}` of the database driver: it reads through its tables"
        )


def _ask_elsewhere(connection: Any, line: _Line) -> None:  # noqa: ANN401  # as above
    """Change a connection so that the worker executes its statements."""
    driver = connection._conn  # noqa: SLF001  # DataJoint hands it out nowhere

    def query(statement: str, args: Any = (), *, as_dict: bool = False, **_: object) -> _Answer:  # noqa: ANN401  # as in DataJoint
        with driver.cursor() as cursor:  # to put the values into the statement, which needs no server
            whole = cursor.mogrify(statement, args)
        text = whole.decode(errors="surrogateescape") if isinstance(whole, bytes) else whole
        return _Answer(line.ask(text), as_dict=as_dict)

    def connect() -> NoReturn:
        raise dj.errors.DataJointError("a mask function uses the connection of its tables, and cannot open another one")

    # Every table of the functions has this connection object, so it is changed and not replaced.
    connection.query, connection.connect = query, connect
    connection._conn = _NoDriver()  # noqa: SLF001  # as above


def _outcome(function: AnalysisFunction, key: Mapping[str, Any]) -> tuple[Kind, bytes]:
    """Run a function; return the kind and the content of the frame that reports its result or its problems."""
    try:
        result = checked(function.name, function.values(key))
        return Kind.FOUND, result.data.tobytes() + result.timestamps.tobytes()
    except Rejected as rejected:
        problems = rejected.problems
    except Unavailable as error:
        return Kind.UNAVAILABLE, str(error).encode(errors="replace")
    except BaseException as error:  # noqa: BLE001  # an exception of a function, also SystemExit, must not end the process
        # The exception may be a MemoryError, and reporting it takes memory.
        lift_limit()
        what = f"it raised {described(error, function.scripts)}"
        problems = (Problem("mask_raised", function.name, what, _remedy(function, error)),)
    return Kind.REJECTED, json.dumps([problem.as_dict() for problem in problems]).encode()


def _remedy(function: AnalysisFunction, error: BaseException) -> str:
    """Return what the lab can do about an exception in its function."""
    trial = f"then try it: antelop masks try {function.name} KEY"
    frames = [frame.f_code.co_name for frame, _ in traceback.walk_tb(error.__traceback__)]
    if frames[-1] == "fetch1":
        return (
            f"Check the name and the restriction in that line: fetch1 needs exactly one row, and found another number; {trial}"
        )
    if sql_code(error) == UNDEFINED_COLUMN:
        column = "on PostgreSQL, double quotes are for names of columns, and single quotes for values"
        return f"Write restrictions as {{'intervalevents_name': 'port'}} or \"intervalevents_name = 'port'\": {column}; {trial}"
    return f"Correct it, {trial}"
