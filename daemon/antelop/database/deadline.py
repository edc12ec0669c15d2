"""A time limit for each statement, kept by the client: a server that hangs keeps no limit of its own."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf


class Deadline:
    """Shuts a connection down if a statement on it has not been answered in time.

    The drivers wait in a system call, which only the end of the connection interrupts: so a thread of its own shuts the
    connection's socket down. The driver then finds that the connection is lost.

    Parameters
    ----------
    seconds
        How long a statement may take.
    descriptor
        Returns the descriptor of the connection's socket.

    Attributes
    ----------
    passed
        Whether a statement took too long, and the connection was shut down for it.
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
        """Limit the time of a block, in which one statement is executed."""
        if self._thread is None:  # a connection on which nothing is asked needs none
            self._thread = threading.Thread(target=self._watch, name="deadline", daemon=True)
            self._thread.start()
        self._due = time.monotonic() + self.seconds
        try:
            yield
        finally:
            with self._lock:  # from here on the thread does not shut down what the next statement uses
                self._due = inf

    def close(self) -> None:
        """Watch no longer."""
        self._closed.set()

    def _watch(self) -> None:
        # Whether a statement is late is looked at now and then: waking a thread for each would take longer than most of them.
        while not self._closed.wait(min(self.seconds / 10, 5.0)):
            with self._lock:
                if time.monotonic() > self._due:
                    self.passed = True
                    self._shut_down()
                    return

    def _shut_down(self) -> None:
        try:
            with socket.socket(fileno=os.dup(self._descriptor())) as link:
                link.shutdown(socket.SHUT_RDWR)
        except OSError:  # it is closed already
            return
