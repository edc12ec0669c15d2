"""The handle of a process that watches drop folders. The process that holds it never waits for the watcher or a folder."""

import itertools
import os
import pickle
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from antelop.channel import Link
from antelop.dropfolder.finished import Finished
from antelop.dropfolder.messages import NUMBER, Folder, News, Update

CREDENTIALS = {"DB_USER", "DB_PASS", "CREDENTIALS_DIRECTORY"}
"""Environment variables of the database's password, which the watcher does not need and does not get."""

SHOWN = 3
"""Number of folders of each watcher in the system's list of processes."""

_numbers = itertools.count(1)


class Watcher:
    """Drop folders that another process watches.

    Parameters
    ----------
    folders
        The drop folders, each with the ids of its finished deliveries.
    now
        Monotonic seconds.

    Attributes
    ----------
    started
        Start time of the process, in monotonic seconds.
    heard
        Time of the last message, in monotonic seconds. It is a few seconds ago, or more if a share hangs.
    """

    def __init__(self, folders: Iterable[tuple[Folder, Iterable[str]]], now: float) -> None:
        self.started = self.heard = now
        self._names: dict[int, str] = {}
        ours, theirs = socket.socketpair()
        self._link = Link(ours.detach())
        path = os.pathsep.join(filter(None, [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")]))
        # A file in memory, and not a pipe: it takes a list of any length at once, so that starting the process never waits.
        self._known = os.fdopen(os.memfd_create("folders"), "w+b")
        self._known.write(bytes(NUMBER))
        pickle.dump([(self._number(folder), folder, Finished(finished)) for folder, finished in folders], self._known)
        self._known.seek(NUMBER)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "antelop.dropfolder", *sorted(self.folders)[:SHOWN], str(theirs.fileno())],
                stdin=self._known,
                pass_fds=[theirs.fileno()],
                env={**{name: value for name, value in os.environ.items() if name not in CREDENTIALS}, "PYTHONPATH": path},
                process_group=0,  # so that Ctrl-C in the terminal does not end it
            )

    @property
    def folders(self) -> set[str]:
        """The names of the watched folders."""
        return set(self._names.values())

    @property
    def alive(self) -> bool:
        """Whether the process runs and its connection is open."""
        return not self.ended and not self._link.closed

    @property
    def ended(self) -> bool:
        """Whether the process has ended. A killed process may still run, if it hangs in a system call."""
        return self._process.poll() is not None

    @property
    def inside(self) -> str | None:
        """The folder that the process looks into, or was looking into when it ended; None if there is none."""
        return self._names.get(int.from_bytes(os.pread(self._known.fileno(), NUMBER, 0)))

    def fileno(self) -> int:
        """Return a descriptor that is readable when `poll` has something to return."""
        return self._link.fileno()

    def poll(self, now: float) -> Iterator[tuple[str, Update]]:
        """Yield the updates since the last call, in order, each with the name of its folder.

        Parameters
        ----------
        now
            Monotonic seconds.
        """
        self._link.flush()
        messages = self._link.receive()
        if messages:
            self.heard = now
        for message in messages:
            if isinstance(message, News) and message.number in self._names:  # else it was unwatched meanwhile
                yield from ((self._names[message.number], update) for update in message.updates)

    def watch(self, folder: Folder, finished: Iterable[str]) -> None:
        """Watch one more folder."""
        self._link.send(("watch", self._number(folder), folder, Finished(finished)))

    def unwatch(self, name: str) -> None:
        """Stop watching a folder; `poll` yields no more updates of it."""
        for number in [number for number, each in self._names.items() if each == name]:
            del self._names[number]
            self._link.send(("unwatch", number))

    def finish(self, name: str, delivery_ids: Iterable[str]) -> None:
        """See `Inbox.finish`."""
        self._send("finish", name, list(delivery_ids))

    def forget(self, name: str, delivery_ids: Iterable[str]) -> None:
        """See `Inbox.forget`."""
        self._send("forget", name, list(delivery_ids))

    def require(self, name: str, delivery_id: str, paths: Iterable[str]) -> None:
        """See `Inbox.require`."""
        self._send("require", name, delivery_id, list(paths))

    def stop(self) -> None:
        """Kill the process without waiting: one that hangs in a system call ends when the call returns."""
        self._link.close()
        self._known.close()
        self._process.kill()

    def wait(self, seconds: float) -> None:
        """Wait until the process has ended, for at most this number of seconds."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def _number(self, folder: Folder) -> int:
        """Give a folder a new number, so that a late message about an earlier folder is not taken for news of this one."""
        number = next(_numbers)
        self._names[number] = folder.name
        return number

    def _send(self, command: str, name: str, *arguments: object) -> None:
        """Send a command for a folder; does nothing if the folder is not watched."""
        for number, each in self._names.items():
            if each == name:
                self._link.send((command, number, *arguments))
