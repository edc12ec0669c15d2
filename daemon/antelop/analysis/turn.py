"""One session's turn: masks run on it, each for no longer than it may, and all that they started ends with the turn."""

import json
import pickle
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Self

import datajoint as dj
import numpy as np

from antelop.analysis.descendants import SIGNALLED
from antelop.analysis.fork_server import ForkServer
from antelop.analysis.frames import Kind, receive, send
from antelop.analysis.functions import AnalysisFunction
from antelop.analysis.limits import Limits
from antelop.analysis.masks import MaskResult, checked, mask_problems
from antelop.analysis.reading import Reader, TimeOver, reading_only, sql_code
from antelop.errors import MOST, Problem, Rejected, Unavailable


class Turn:
    """Runs mask functions on one session, in a transaction or outside one, until the end of a ``with`` block.

    They run in a process of their own, which sees the database through this one. It is forked when it is needed, and again
    after one that was killed.

    Parameters
    ----------
    server
        Returns the fork server that knows the functions.
    key
        The primary key of the World.
    connection
        The connection of their tables.
    limits
        What each may take.
    """

    def __init__(
        self,
        server: Callable[[], ForkServer],
        key: Mapping[str, Any],
        *,
        connection: Any,  # noqa: ANN401  # DataJoint has no types
        limits: Limits,
    ) -> None:
        self._server = server
        self._key = dict(key)
        self._connection = connection
        self._limits = limits
        self._process: tuple[ForkServer, socket.socket] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end(kill=False)

    def compute(self, function: AnalysisFunction) -> MaskResult:
        """Run one of the functions.

        Returns
        -------
        MaskResult
            Arrays of its own.

        Raises
        ------
        Rejected
            If the function is no mask, raises, takes too long or too much, ends its process, tries more than reading, or
            returns what is no mask: all that is wrong with it. Where the limit cut short a statement on a MySQL-protocol
            server, or the transaction or a lock is not as it was, the connection is closed then.
        Unavailable
            If the database went away meanwhile.
        """
        if problems := mask_problems(function):
            raise Rejected(problems)
        name, seconds = function.name, self._limits.seconds
        try:
            with reading_only(self._connection, name, seconds) as reader:
                return self._run(function, reader)
        except TimeOver:
            remedy = "Make it faster, or raise [workers] mask_timeout"
            raise Rejected([Problem("mask_time", name, f"it ran longer than {seconds:g} s", remedy)]) from None
        except _Ended as ended:
            remedy = f"Look at what it calls outside Python, then try it: antelop masks try {name} KEY"
            raise Rejected([Problem("mask_ended", name, f"its process {ended} before it returned", remedy)]) from None

    def _run(self, function: AnalysisFunction, reader: Reader) -> MaskResult:
        """Have a function run; end its process at once where that is not at its end."""
        if self._process is None:
            try:
                server = self._server()
                self._process = server, server.begin(pickle.dumps(self._key), self._limits.memory)
            except OSError as error:
                raise Unavailable(f"no process can be started for a mask: {error.strerror}") from error
        _, end = self._process
        try:
            return self._converse(function, reader, end)
        except Rejected:
            raise
        except EOFError:
            raise _Ended(_ending(self._end(kill=True))) from None
        except TimeoutError:
            self._end(kill=True)
            raise TimeOver from None
        except BaseException:
            self._end(kill=True)
            raise

    def _converse(self, function: AnalysisFunction, reader: Reader, end: socket.socket) -> MaskResult:
        """Have a function run, and do what it asks for; raise `EOFError` if its process is gone."""
        _send(end, reader, Kind.RUN, function.name.encode())
        while True:
            kind, content = receive(end, lambda: reader.remaining)
            match kind:
                case Kind.ASK:
                    _send(end, reader, *_answered(reader, content.decode(errors="surrogateescape")))
                case Kind.PRINTED | Kind.COMPLAINED:
                    stream = sys.stdout if kind is Kind.PRINTED else sys.stderr
                    stream.write(content.decode(errors="replace"))
                case Kind.UNAVAILABLE:
                    raise Unavailable(content.decode(errors="replace"))
                case Kind.REJECTED:
                    raise Rejected(_problems(content))
                case Kind.FOUND:
                    return _found(function.name, content)
                case _:
                    raise EOFError

    def _end(self, *, kill: bool) -> int:
        """End the process with all that it started; return its exit status."""
        if self._process is None:
            return 0
        (server, end), self._process = self._process, None
        end.close()
        status = server.end(kill=kill)
        if status is None:  # the function has killed or stopped the fork server, and another one takes its place
            server.close()
            return SIGNALLED + signal.SIGKILL
        return status


class _Ended(Exception):
    """The process of a function has ended before the function had; it says how."""


def _send(end: socket.socket, reader: Reader, kind: Kind, content: bytes) -> None:
    """Send a frame to a process; raise `EOFError` if it is gone."""
    end.settimeout(reader.remaining)
    try:
        send(end, kind, content)
    except ConnectionError:
        raise EOFError from None


def _answered(reader: Reader, statement: str) -> tuple[Kind, bytes]:
    """Run a statement for a process; return what it gets."""
    try:
        columns, rows = reader.answer(statement)
        plain = [tuple(bytes(value) if isinstance(value, memoryview) else value for value in row) for row in rows]
        return Kind.ANSWERED, pickle.dumps((columns, plain))
    except TimeOver:
        raise
    except Exception as error:  # noqa: BLE001  # it is the function's, which may catch it
        return Kind.FAILED, _pickled(error)


def _pickled(error: Exception) -> bytes:
    """Return an error as a process can have it, with the code of the driver's behind it."""
    code = sql_code(error)
    with suppress(Exception):
        content = pickle.dumps((error, code))
        pickle.loads(content)  # noqa: S301  # what we have just made
        return content
    return pickle.dumps((dj.errors.DataJointError(str(error)), code))


def _problems(content: bytes) -> list[Problem]:
    """Return the problems that a process has said."""
    try:
        said = [Problem(**{name: str(text) for name, text in each.items()}) for each in json.loads(content)[:MOST]]
    except (ValueError, TypeError, AttributeError):
        raise EOFError from None
    return said or [Problem("mask_raised", "", "it was rejected, and does not say why", "Look at the function")]


def _found(name: str, content: bytes) -> MaskResult:
    """Return the trials that a process has sent, checked again: what is stored is a mask, whatever it sends."""
    count, rest = divmod(len(content), 9)
    if rest:
        raise EOFError
    data, timestamps = np.frombuffer(content, np.int8, count), np.frombuffer(content, np.float64, count, offset=count)
    return checked(name, {"data": data, "timestamps": timestamps.copy()})


def _ending(status: int) -> str:
    """Say how a process has ended."""
    if status > SIGNALLED:
        return f"was ended by {signal.Signals(status - SIGNALLED).name}"
    return f"ended with status {status}"
