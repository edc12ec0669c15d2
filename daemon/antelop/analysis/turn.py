"""A turn: the mask functions of one session run in a process of their own, each within limits.

All processes that they start are killed at the end of the turn.
"""

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

    The functions run in a child process, whose statements this process executes. It is forked at the first function, and again
    after it was killed.

    Parameters
    ----------
    server
        Returns the fork server that knows the functions.
    key
        The primary key of the World.
    connection
        The connection of the functions' tables.
    limits
        The time and memory that each function may take.
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
            The trials, in arrays that share no memory with anything else.

        Raises
        ------
        Rejected
            If the function is not a mask, raises, exceeds a limit, ends its process, tries more than reading, or returns
            anything that is not a mask. The connection is closed if the time limit has interrupted a statement on a
            MySQL-protocol server, or if the function changed the transaction or its locks.
        Unavailable
            If the connection to the database was lost meanwhile.
        """
        # No process is needed to find that a function is not a mask.
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
            remedy = f"Check what it calls outside Python, then try it: antelop masks try {name} KEY"
            raise Rejected([Problem("mask_ended", name, f"its process {ended} before it returned", remedy)]) from None

    def _run(self, function: AnalysisFunction, reader: Reader) -> MaskResult:
        """Run a function; kill its process unless the process has reported the end of the function."""
        if self._process is None:
            try:
                server = self._server()
                self._process = server, server.begin(pickle.dumps(self._key), self._limits.memory)
            except OSError as error:
                raise Unavailable(f"no process can be started for a mask: {error.strerror}") from error
        _, end = self._process
        # Only after a complete answer can the process run the next function: otherwise it may still run this one.
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
        """Run a function, and serve its requests until it ends; raise `EOFError` if its process has ended."""
        _send(end, reader, Kind.RUN, function.name.encode())
        while True:
            # The time limit applies to each read, also to one of a function that sends nothing at all.
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
        """End the process and all processes that it started; return its exit status, as shells have it."""
        if self._process is None:
            return 0
        (server, end), self._process = self._process, None
        end.close()
        status = server.end(kill=kill)
        if status is None:  # the function has killed or stopped the fork server: the next turn starts a new one
            server.close()
            return SIGNALLED + signal.SIGKILL
        return status


class _Ended(Exception):
    """The process of a function has ended before the function returned; the message says how."""


def _send(end: socket.socket, reader: Reader, kind: Kind, content: bytes) -> None:
    """Send a frame to a process within the remaining time; raise `EOFError` if the process has ended."""
    end.settimeout(reader.remaining)
    try:
        send(end, kind, content)
    except ConnectionError:
        raise EOFError from None


def _answered(reader: Reader, statement: str) -> tuple[Kind, bytes]:
    """Execute a statement for a process; return the kind and the content of the reply."""
    try:
        columns, rows = reader.answer(statement)
        plain = [tuple(bytes(value) if isinstance(value, memoryview) else value for value in row) for row in rows]
        return Kind.ANSWERED, pickle.dumps((columns, plain))
    except TimeOver:
        raise
    except Exception as error:  # noqa: BLE001  # it is raised again in the function, which may catch it
        return Kind.FAILED, _pickled(error)


def _pickled(error: Exception) -> bytes:
    """Return an exception, pickled with the error code of the driver's exception that caused it.

    An exception that cannot be pickled and read again becomes a DataJointError with the same text.
    """
    code = sql_code(error)
    with suppress(Exception):
        content = pickle.dumps((error, code))
        pickle.loads(content)  # noqa: S301  # what we have just made
        return content
    return pickle.dumps((dj.errors.DataJointError(str(error)), code))


def _problems(content: bytes) -> list[Problem]:
    """Return the problems that a process has reported; raise `EOFError` if the content is not a list of problems."""
    try:
        reported = [Problem(**{name: str(text) for name, text in each.items()}) for each in json.loads(content)[:MOST]]
    except (ValueError, TypeError, AttributeError):
        raise EOFError from None
    return reported or [Problem("mask_raised", "", "it was rejected, and does not say why", "Check the function")]


def _found(name: str, content: bytes) -> MaskResult:
    """Return the trials that a process has sent. They are checked again, because a function may write to the socket itself."""
    count, rest = divmod(len(content), 9)
    if rest:
        raise EOFError
    data, timestamps = np.frombuffer(content, np.int8, count), np.frombuffer(content, np.float64, count, offset=count)
    return checked(name, {"data": data, "timestamps": timestamps.copy()})


def _ending(status: int) -> str:
    """Return in words how a process has ended, from its exit status as shells have it."""
    if status > SIGNALLED:
        return f"was ended by {signal.Signals(status - SIGNALLED).name}"
    return f"ended with status {status}"
