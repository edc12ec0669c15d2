"""A network between the clients of a database and its server, which a test can cut at any moment."""

import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from antelop.config import DatabaseConfig
from antelop.lab import Lab

READY = b"Z\0\0\0\5I"
"""How PostgreSQL says that it waits for a statement."""


class Wire:
    """Carries connections to a server.

    Parameters
    ----------
    connect
        Makes a connection to the server.

    Attributes
    ----------
    port
        Where it listens, on 127.0.0.1.
    cuts, refused
        How many connections were cut, and how many were closed as soon as they were made.
    """

    def __init__(self, connect: Callable[[], socket.socket]) -> None:
        self.cuts = self.refused = 0
        self._refusing = False
        self._last_words = b""
        self._connect = connect
        self._fatal = b""
        self._delivered = False
        self._answer = b""
        self._kept: list[socket.socket] | None = None
        self._ends: set[socket.socket] = set()
        self._clients: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def cut(self) -> None:
        """Cut every connection now."""
        for end in list(self._ends):
            self.cuts += 1
            with suppress(OSError):  # it is closed already
                end.shutdown(socket.SHUT_RDWR)

    def cut_at(self, statement: bytes, *, delivered: bool) -> None:
        """Cut the next connection that carries a statement: before the server gets it, or (`delivered`) before its answer."""
        self._fatal, self._delivered = statement, delivered

    def answer(self, statement: bytes, answer: bytes) -> None:
        """Give the next connection that carries a statement this answer in the place of the server's, and cut it."""
        self._fatal, self._answer = statement, answer

    def refuse(self) -> None:
        """Cut every connection, and close each new one at once, as where a server is away."""
        self._refusing = True
        self.cut()

    def end_with(self, words: bytes) -> None:
        """Let the server say something as soon as it has let a client in (PostgreSQL), and cut the connection."""
        self._last_words = words

    def lose(self) -> None:
        """Cut every connection for its client alone: the server does not learn of it."""
        self._kept = []
        for client in self._clients & self._ends:
            self.cuts += 1
            client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Cut everything, and carry no more."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join()
        for server in self._kept or ():
            server.close()

    def _accept(self) -> None:
        with suppress(OSError):  # it was closed
            while True:
                client, _ = self._listener.accept()
                if self._refusing:
                    self.refused += 1
                    client.close()
                    continue
                thread = threading.Thread(target=self._carry, args=(client, self._connect()))
                self._threads.append(thread)
                thread.start()

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        ends = {client: server, server: client}
        self._ends |= ends.keys()
        self._clients.add(client)
        with closing(client), suppress(OSError), ExitStack() as behind:
            behind.callback(server.close)
            while True:
                for end in select.select(list(ends), [], [])[0]:
                    carried = received(end)
                    fatal = end is client and self._fatal and self._fatal in carried
                    if end is server and self._last_words and carried.endswith(READY):
                        client.sendall(carried + self._last_words)
                        self._last_words = b""
                        return
                    if fatal and self._answer:
                        client.sendall(self._answer)
                    elif not fatal or self._delivered:
                        ends[end].sendall(carried)
                    if fatal and self._delivered:
                        server.recv(1)
                    if fatal:
                        self._fatal = b""
                        self.cuts += 1
                    if self._kept is not None and end is client and not carried:
                        self._kept.append(server)
                        behind.pop_all()
                    if fatal or not carried:
                        self._ends -= ends.keys()
                        return
        self._ends -= ends.keys()


def received(end: socket.socket) -> bytes:
    """Return what has come; nothing from an end that has hung up, or was reset since something was sent to it after that."""
    with suppress(ConnectionError):
        return end.recv(1 << 16)
    return b""


@pytest.fixture
def wire(lab: Lab) -> Iterator[Wire]:
    """Give a wire to the lab's server."""

    def connect() -> socket.socket:
        if lab.config.database:
            return socket.create_connection((lab.config.database.host, lab.config.database.port))
        assert lab._server
        unix = socket.socket(socket.AF_UNIX)
        unix.connect(str(Path(lab._server.host, f".s.PGSQL.{lab._server.port}")))
        return unix

    with closing(Wire(connect)) as wire:
        yield wire


def through(wire: Wire, lab: Lab) -> DatabaseConfig:
    """Return how the lab's database is reached through a wire."""
    backend, name = ("postgresql", lab._server.database) if lab._server else ("mysql", None)
    where = {"host": "127.0.0.1", "port": wire.port, "backend": backend, "name": name}
    return DatabaseConfig(**where, use_tls=False, service=lab.database.user)  # type: ignore[arg-type]  # of several types
