"""A time limit for each statement, enforced by the client, because a server that hangs enforces none."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf


class Deadline:
    """Shuts down a connection if the server does not answer a statement in time.

    The drivers wait in a system call, which only the end of the connection interrupts. So a separate thread shuts down the
    connection's socket, and the driver then finds that the connection is lost.

    Parameters
    ----------
    seconds
        Longest time for a statement.
    descriptor
        Returns the file descriptor of the connection's socket.

    Attributes
    ----------
    passed
        Whether a statement took too long, so that the connection was shut down.
    """

    def __init__(self, seconds: float, descriptor: Callable[[], int]) -> None:
        self.seconds = seconds
        self.passed = False
        self._descriptor = descriptor
        self._due = inf
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Limit the time of a block that executes one statement."""
        if self._thread is None:  # start the thread with the first statement: some connections never execute one
            self._thread = threading.Thread(target=self._watch, name="deadline", daemon=True)
            self._thread.start()
        self._due = time.monotonic() + self.seconds
        try:
            yield
        finally:
            with self._lock:  # after this, the thread cannot shut down the socket under the next statement
                self._due = inf

    def close(self) -> None:
        """Stop the thread."""
        self._closed.set()

    def _watch(self) -> None:
        """Look from time to time whether the statement is late, and shut the connection down if so."""
        # Poll instead of waking the thread for each statement, which would take longer than most statements.
        while not self._closed.wait(min(self.seconds / 10, 5.0)):
            with self._lock:
                if time.monotonic() > self._due:
                    self.passed = True
                    self._shut_down()
                    return

    def _shut_down(self) -> None:
        """Shut down the socket, which wakes the driver, without closing the descriptor that it still uses."""
        try:
            with socket.socket(fileno=os.dup(self._descriptor())) as link:
                link.shutdown(socket.SHUT_RDWR)
        except OSError:  # the socket is already closed
            return
