"""Messages between two processes, of which neither ever waits for the other."""

import os
import pickle
import select
import socket
from contextlib import suppress
from typing import Any

_HEADER = 8
_BLOCK = 1 << 16


class Link:
    """One end of a socket pair; each message is its pickle, after its length in eight bytes.

    Parameters
    ----------
    descriptor
        Of the socket. Whoever holds the other end is trusted.

    Attributes
    ----------
    closed
        Whether the other end has hung up.
    pending
        What has been sent and not been taken by the kernel yet.
    """

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self.closed = False
        self.pending = bytearray()
        self._descriptor = descriptor
        self._received = bytearray()

    def fileno(self) -> int:
        """Return the descriptor, which can be read from when there is something to receive."""
        return self._descriptor

    def wait(self, seconds: float) -> None:
        """Return when there is something to receive, or after so many seconds."""
        select.select([self._descriptor], [], [], seconds)

    def send(self, message: object) -> None:
        """Send a message, or keep what does not go through now for the next `flush`."""
        pickled = pickle.dumps(message)
        self.pending += len(pickled).to_bytes(_HEADER) + pickled
        self.flush()

    def flush(self) -> None:
        """Send on what could not be sent before."""
        try:
            while self.pending:
                del self.pending[: os.write(self._descriptor, self.pending)]
        except BlockingIOError:
            pass
        except OSError:
            self.closed = True

    def receive(self) -> list[Any]:
        """Return the messages that have arrived."""
        try:
            while block := os.read(self._descriptor, _BLOCK):
                self._received += block
            self.closed = True
        except BlockingIOError:
            pass
        except OSError:
            self.closed = True
        messages = []
        while len(self._received) >= _HEADER:
            end = _HEADER + int.from_bytes(self._received[:_HEADER])
            if len(self._received) < end:
                break
            messages.append(pickle.loads(self._received[_HEADER:end]))  # noqa: S301  # from our own process
            del self._received[:end]
        return messages

    def end(self) -> None:
        """Say that nothing more will be sent; go on listening."""
        with suppress(OSError), socket.socket(fileno=os.dup(self._descriptor)) as ours:
            ours.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Hang up."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self.closed, self._descriptor = True, -1
