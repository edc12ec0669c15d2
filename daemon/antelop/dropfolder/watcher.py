"""A process that watches drop folders, seen from the process that has started it, which never waits for it or for a folder."""

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
"""Environment variables of the database's password, which the process has no use for."""

SHOWN = 3
"""How many folders a list of processes shows of each."""

_numbers = itertools.count(1)


class Watcher:
    """Drop folders, watched by another process.

    Parameters
    ----------
    folders
        The drop folders, each with the ids of deliveries from it that need no more attention.
    now
        Monotonic seconds.

    Attributes
    ----------
    started
        When it was started, in monotonic seconds.
    heard
        When the process last said something, in monotonic seconds: a few seconds ago at most, unless a share hangs.
    """

    def __init__(self, folders: Iterable[tuple[Folder, Iterable[str]]], now: float) -> None:
        self.started = self.heard = now
        self._names: dict[int, str] = {}
        ours, theirs = socket.socketpair()
        self._link = Link(ours.detach())
        path = os.pathsep.join(filter(None, [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")]))
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
                process_group=0,  # so that Ctrl-C does not reach it
            )

    @property
    def folders(self) -> set[str]:
        """The names of the folders that it watches."""
        return set(self._names.values())

    @property
    def alive(self) -> bool:
        """Whether the process runs, and can be heard."""
        return not self.ended and not self._link.closed

    @property
    def ended(self) -> bool:
        """Whether the process runs no longer. One that was killed may run on: in a system call that hangs."""
        return self._process.poll() is not None

    @property
    def inside(self) -> str | None:
        """The folder that the process looks into, or looked into when it ended; None if it did not."""
        return self._names.get(int.from_bytes(os.pread(self._known.fileno(), NUMBER, 0)))

    def fileno(self) -> int:
        """Return a descriptor that can be read from when `poll` has something to return."""
        return self._link.fileno()

    def poll(self, now: float) -> Iterator[tuple[str, Update]]:
        """Yield what is new since the last time, in order, each with the name of its folder.

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
            if isinstance(message, News) and message.number in self._names:  # else it was let go meanwhile
                yield from ((self._names[message.number], update) for update in message.updates)

    def watch(self, folder: Folder, finished: Iterable[str]) -> None:
        """Watch one more folder."""
        self._link.send(("watch", self._number(folder), folder, Finished(finished)))

    def unwatch(self, name: str) -> None:
        """Watch a folder no longer, and say nothing more of it."""
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
        """End the process, and wait for nothing: one that hangs in a system call goes when that is over."""
        self._link.close()
        self._known.close()
        self._process.kill()

    def wait(self, seconds: float) -> None:
        """Wait until the process has ended, but no longer than this."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def _number(self, folder: Folder) -> int:
        """Give a folder a number that nothing had before, so that nothing late is taken for news of it."""
        number = next(_numbers)
        self._names[number] = folder.name
        return number

    def _send(self, command: str, name: str, *arguments: object) -> None:
        for number, each in self._names.items():
            if each == name:
                self._link.send((command, number, *arguments))
