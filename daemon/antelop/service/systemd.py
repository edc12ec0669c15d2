"""Messages to the service manager that started this process, in the protocol of sd_notify(3).

Each message is a datagram of ``NAME=value`` lines to the Unix socket that ``NOTIFY_SOCKET`` names. The manager never answers.
Without that variable no service manager has started the process, and nothing is sent.
"""

import socket
from collections.abc import Mapping
from contextlib import suppress

LONGEST = 1000
"""Bytes of a status; systemd reads no more than 4096 of a message."""


class Notifier:
    """Notifies the service manager; without one, every method does nothing.

    A message that cannot be sent is dropped without an error: the service must also work without its service manager.

    Parameters
    ----------
    environment
        Environment variables: ``NOTIFY_SOCKET``, ``WATCHDOG_USEC`` and ``WATCHDOG_PID`` are read.
    process
        This process's id: a watchdog that is set for another process, such as a parent, is not ours to reset.

    Attributes
    ----------
    timeout
        Seconds without a call of `alive` after which the service manager ends the process; None if there is no watchdog.
    """

    def __init__(self, environment: Mapping[str, str], process: int) -> None:
        name = environment.get("NOTIFY_SOCKET", "")
        # unix(7): an abstract name begins with a null byte, which no environment variable holds.
        self._address = name.replace("@", "\0", 1) if name.startswith("@") else name
        microseconds = int(environment.get("WATCHDOG_USEC", "0"))
        ours = environment.get("WATCHDOG_PID", str(process)) == str(process)
        # The manager may have set the watchdog for a parent process, which then has to send the messages itself.
        self.timeout = microseconds / 1e6 if microseconds and ours else None

    def ready(self, status: str) -> None:
        """Report that the service has started, or has finished reloading its configuration."""
        self._send("READY=1", _status(status))

    def alive(self, status: str) -> None:
        """Report that the service works, and what it is doing. Call it at least twice within `timeout`."""
        self._send("WATCHDOG=1", _status(status))

    def reloading(self, now: float) -> None:
        """Report that the configuration is being read again; `ready` follows.

        Parameters
        ----------
        now
            Seconds of ``CLOCK_MONOTONIC`` (`time.monotonic`).
        """
        self._send("RELOADING=1", f"MONOTONIC_USEC={int(now * 1e6)}")

    def stopping(self, status: str) -> None:
        """Report that the service has begun to stop."""
        self._send("STOPPING=1", _status(status))

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.settimeout(1.0)  # a service manager that does not read must not hold up the service
            channel.sendto("\n".join(lines).encode(), self._address)


def _status(text: str) -> str:
    """Return the status line, with spaces for control characters: a line break in a file name would begin another line."""
    line = "".join(character if character.isprintable() else " " for character in text)
    return "STATUS=" + line.encode()[:LONGEST].decode(errors="ignore")
