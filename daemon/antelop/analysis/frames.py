"""What a mask's process and the one that started it say to each other: a kind, a length, and so many bytes."""

import socket
from collections.abc import Callable
from enum import Enum

LARGEST = 128 << 20
"""Bytes of a frame: a mask of the greatest length takes 90 MB."""


class Kind(bytes, Enum):
    """What a frame is.

    The process is told to `RUN` a function, by its name; it sends what it `PRINTED` or `COMPLAINED`, statements to `ASK`,
    which are `ANSWERED` or `FAILED`, and at the end that it has `FOUND` trials, or is `REJECTED`, or met what is `UNAVAILABLE`.
    """

    RUN = b"r"
    PRINTED = b"p"
    COMPLAINED = b"c"
    ASK = b"q"
    ANSWERED = b"a"
    FAILED = b"e"
    FOUND = b"f"
    REJECTED = b"x"
    UNAVAILABLE = b"u"


def send(end: socket.socket, kind: Kind, content: bytes) -> None:
    """Send a frame; raise `OSError` if there is nobody to receive it, or not in the time that the socket has."""
    end.sendall(kind.value + len(content).to_bytes(8) + content)


def receive(end: socket.socket, patience: Callable[[], float | None]) -> tuple[Kind, bytes]:
    """Receive a frame.

    Parameters
    ----------
    end
        From which end.
    patience
        Says before each step how many seconds that may take.

    Raises
    ------
    EOFError
        If there is no other end any more, or what it sends is no frame.
    TimeoutError
        If it takes longer.
    """
    head = _exactly(end, 9, patience)
    size = int.from_bytes(head[1:])
    try:
        kind = Kind(head[:1])
    except ValueError:
        raise EOFError from None
    if size > LARGEST:
        raise EOFError
    return kind, _exactly(end, size, patience)


def _exactly(end: socket.socket, size: int, patience: Callable[[], float | None]) -> bytes:
    """Receive so many bytes."""
    content = bytearray()
    while len(content) < size:
        end.settimeout(patience())
        received = end.recv(min(size - len(content), 1 << 20))
        if not received:
            raise EOFError
        content += received
    return bytes(content)
