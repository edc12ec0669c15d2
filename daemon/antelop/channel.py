"""Messages between two processes; sending never blocks."""

import os
import pickle
import select
import socket
from contextlib import suppress
from typing import Any

_HEADER = 8
_BLOCK = 1 << 16


class Link:
    """One end of a socket pair; each message is sent as its length in eight bytes, then its pickle.

    Parameters
    ----------
    descriptor
        File descriptor of the socket. The process at the other end is trusted, because a pickle can run code.

    Attributes
    ----------
    closed
        Whether the other end has closed the connection.
    pending
        Bytes of sent messages that the kernel has not accepted yet.
    """

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self.closed = False
        self.pending = bytearray()
        self._descriptor = descriptor
        self._received = bytearray()

    def fileno(self) -> int:
        """Return the file descriptor, so that `select` can wait until there is something to receive."""
        return self._descriptor

    def wait(self, seconds: float) -> None:
        """Wait until there is something to receive, but at most this many seconds."""
        select.select([self._descriptor], [], [], seconds)

    def send(self, message: object) -> None:
        """Send a message; keep the bytes that the kernel does not accept now for the next `flush`."""
        pickled = pickle.dumps(message)
        self.pending += len(pickled).to_bytes(_HEADER) + pickled
        self.flush()

    def flush(self) -> None:
        """Send the pending bytes, as many as the kernel accepts."""
        # A full socket buffer means that the other end is busy. Waiting for it here could deadlock the two processes.
        try:
            while self.pending:
                del self.pending[: os.write(self._descriptor, self.pending)]
        except BlockingIOError:
            pass
        except OSError:
            self.closed = True

    def receive(self) -> list[Any]:
        """Return the messages that have arrived completely, without waiting for more."""
        # Read everything that is there; an empty read means that the other end has closed the connection.
        try:
            while block := os.read(self._descriptor, _BLOCK):
                self._received += block
            self.closed = True
        except BlockingIOError:
            pass
        except OSError:
            self.closed = True
        # A read may end within a message: keep that part until the rest arrives.
        messages = []
        while len(self._received) >= _HEADER:
            end = _HEADER + int.from_bytes(self._received[:_HEADER])
            if len(self._received) < end:
                break
            messages.append(pickle.loads(self._received[_HEADER:end]))  # noqa: S301  # from our own process
            del self._received[:end]
        return messages

    def end(self) -> None:
        """Tell the other end that no more messages follow; messages can still be received."""
        with suppress(OSError), socket.socket(fileno=os.dup(self._descriptor)) as ours:
            ours.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close the connection."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self.closed, self._descriptor = True, -1
