"""The messages between a worker and the process that runs its masks.

A frame is one byte for its kind, eight bytes for the length of its content (big-endian), and the content.
"""

import socket
from collections.abc import Callable
from enum import Enum

LARGEST = 128 << 20
"""Maximum number of bytes in a frame's content: the longest mask takes 90 MB."""


class Kind(bytes, Enum):
    """The kind of a frame, which tells what its content is.

    The worker sends `RUN`. The process then sends any number of `PRINTED`, `COMPLAINED` and `ASK`. The worker replies to each
    `ASK` with `ANSWERED` or `FAILED`. The process ends the function with `FOUND`, `REJECTED` or `UNAVAILABLE`.
    """

    RUN = b"r"
    """The name of the function to run."""
    PRINTED = b"p"
    """Text that the function wrote to standard output."""
    COMPLAINED = b"c"
    """Text that the function wrote to standard error."""
    ASK = b"q"
    """An SQL statement to execute."""
    ANSWERED = b"a"
    """The rows of the statement, pickled."""
    FAILED = b"e"
    """The exception that the statement raised, pickled."""
    FOUND = b"f"
    """The trials that the function returned."""
    REJECTED = b"x"
    """The problems of the function, in JSON."""
    UNAVAILABLE = b"u"
    """Why the function could not run now, as text."""


def send(end: socket.socket, kind: Kind, content: bytes) -> None:
    """Send a frame; raise `OSError` if the other end is closed, or does not receive it within the socket's timeout."""
    end.sendall(kind.value + len(content).to_bytes(8) + content)


def receive(end: socket.socket, timeout: Callable[[], float | None]) -> tuple[Kind, bytes]:
    """Receive a frame.

    Parameters
    ----------
    end
        Our end of the pair of sockets.
    timeout
        Called before each read: returns how many seconds it may take, or None if there is no limit.

    Raises
    ------
    EOFError
        If the other end is closed, or sends anything that is not a frame.
    TimeoutError
        If a read takes longer than its timeout.
    """
    head = _exactly(end, 9, timeout)
    size = int.from_bytes(head[1:])
    try:
        kind = Kind(head[:1])
    except ValueError:
        raise EOFError from None
    # A function may write into the socket itself, so the length is checked before memory is taken for the content.
    if size > LARGEST:
        raise EOFError
    return kind, _exactly(end, size, timeout)


def _exactly(end: socket.socket, size: int, timeout: Callable[[], float | None]) -> bytes:
    """Receive exactly `size` bytes; raise `EOFError` if the other end closes before."""
    content = bytearray()
    while len(content) < size:
        end.settimeout(timeout())
        received = end.recv(min(size - len(content), 1 << 20))
        if not received:
            raise EOFError
        content += received
    return bytes(content)
