"""The turns of one session after the other."""

import pickle
import socket
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from antelop.analysis.fork_server import ForkServer
from antelop.analysis.functions import AnalysisFunction
from antelop.analysis.limits import Limits
from antelop.analysis.mask_process import serve
from antelop.analysis.turn import Turn


class Turns:
    """Gives one session after the other its `Turn`, and keeps the fork server between them, until `close`.

    Parameters
    ----------
    limits
        What each function may take.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._functions: dict[str, AnalysisFunction] = {}
        self._connection: Any = None
        self._server: ForkServer | None = None

    def take(self, functions: Iterable[AnalysisFunction], key: Mapping[str, Any], connection: Any) -> Turn:  # noqa: ANN401  # as above
        """Return a turn for a session.

        Parameters
        ----------
        functions
            The mask functions that may be run.
        key
            The primary key of the World.
        connection
            The connection of their tables.
        """
        return Turn(partial(self._knowing, [*functions], connection), key, connection=connection, limits=self._limits)

    def close(self) -> None:
        """End the fork server."""
        if self._server:
            self._server.close()
        self._server = None

    def _knowing(self, functions: Sequence[AnalysisFunction], connection: Any) -> ForkServer:  # noqa: ANN401  # as above
        """Return the fork server; a new one, if there is none that has forked with these functions and this connection."""
        known = all(self._functions.get(function.name) is function for function in functions) and self._connection is connection
        if self._server and not (known and self._server.is_alive):
            self.close()
        if not self._server:
            self._functions |= {function.name: function for function in functions}
            self._connection = connection
            self._server = ForkServer(partial(_serve, connection, dict(self._functions)))
        return self._server


def _serve(connection: Any, functions: Mapping[str, AnalysisFunction], end: socket.socket, key: bytes) -> None:  # noqa: ANN401  # as above
    """Run functions on a key, in the process of a turn."""
    serve(end, connection, functions, pickle.loads(key))  # noqa: S301  # from the worker
