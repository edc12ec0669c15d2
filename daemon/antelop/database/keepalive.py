"""TCP keepalive: a connection whose other end has disappeared is noticed while it waits."""

import os
import socket

from antelop.database.limits import NETWORK_TIMEOUT

KEEPALIVE = {
    socket.TCP_KEEPIDLE: NETWORK_TIMEOUT // 3,
    socket.TCP_KEEPINTVL: NETWORK_TIMEOUT // 6,
    socket.TCP_KEEPCNT: 4,
    socket.TCP_USER_TIMEOUT: NETWORK_TIMEOUT * 1000,
}
"""Keepalive options of the socket: the first probe after a third of the time, and sent data acknowledged within the time."""


def keep_alive(descriptor: int) -> None:
    """Turn on TCP keepalive (tcp(7)), so that waiting for an answer ends when the server's host has disappeared."""
    with socket.socket(fileno=os.dup(descriptor)) as ours:
        if ours.family != socket.AF_UNIX:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for name, value in KEEPALIVE.items():
                ours.setsockopt(socket.IPPROTO_TCP, name, value)
