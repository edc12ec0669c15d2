"""Watches a drop folder in a process of its own: when its share hangs, nobody else does."""

import os
import pickle
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import Any

from antelop.channel import Link
from antelop.dropfolder.finished import Finished
from antelop.dropfolder.inbox import Inbox
from antelop.dropfolder.messages import Folder, Update

HEARTBEAT = 5.0
"""Seconds after which the process says that it is alive, whether there is news or not."""

PAUSE = 0.05
"""Between two looks it pauses so many seconds, so that what comes together is seen together; or as long as the look took, which
is longer when the share answers slowly."""

SHARE, CREDIT = 0.2, 1.0
"""All looks together may take this share of a processor, and in advance what would be theirs in so many seconds: after a short
look the next may follow at once, as for the manifest that comes right after its recording, and after a long one it rests."""

CREDENTIALS = {"DB_USER", "DB_PASS", "CREDENTIALS_DIRECTORY"}
"""Environment variables of the database's password, which the process has no use for."""

_GRACE = 1.0
"""Seconds that a process is given to go when it is killed. One that is in a hung system call cannot."""


class Watcher:
    """A drop folder, watched by another process. Nothing here ever waits for that process, or for the folder.

    Parameters
    ----------
    folder
        The drop folder.
    finished
        The ids of deliveries from it that need no more attention.
    now
        Monotonic seconds.

    Attributes
    ----------
    heard
        When the process last said something, in monotonic seconds: `HEARTBEAT` seconds ago at most, unless its share hangs.
    """

    def __init__(self, folder: Folder, finished: Iterable[str], now: float) -> None:
        self.folder = folder
        self.heard = now
        ours, theirs = socket.socketpair()
        self._link = Link(ours.detach())
        path = os.pathsep.join(filter(None, [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")]))
        with theirs, os.fdopen(os.memfd_create("finished"), "w+b") as known:
            pickle.dump((folder, Finished(finished)), known)
            known.seek(0)
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "antelop.dropfolder", folder.name, str(theirs.fileno())],
                stdin=known,
                pass_fds=[theirs.fileno()],
                env={**{name: value for name, value in os.environ.items() if name not in CREDENTIALS}, "PYTHONPATH": path},
                process_group=0,  # so that Ctrl-C does not reach it
            )

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None and not self._link.closed

    def fileno(self) -> int:
        """Return a descriptor that can be read from when `poll` has something to return."""
        return self._link.fileno()

    def poll(self, now: float) -> list[Update]:
        """Return what is new since the last time, in order.

        Parameters
        ----------
        now
            Monotonic seconds.
        """
        self._link.flush()
        messages = self._link.receive()
        if messages:
            self.heard = now
        return [update for updates in messages for update in updates]

    def finish(self, delivery_ids: Iterable[str]) -> None:
        """See `Inbox.finish`."""
        self._link.send(("finish", list(delivery_ids)))

    def forget(self, delivery_ids: Iterable[str]) -> None:
        """See `Inbox.forget`."""
        self._link.send(("forget", list(delivery_ids)))

    def require(self, delivery_id: str, paths: Iterable[str]) -> None:
        """See `Inbox.require`."""
        self._link.send(("require", delivery_id, list(paths)))

    def stop(self) -> None:
        """End the process. One that hangs is left to the kernel after a second."""
        self._link.close()
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE)


class Pace:
    """How soon a look may follow on another."""

    def __init__(self) -> None:
        self._earned = -inf  # when all looks together will have taken no more than their share

    def rested(self, started: float, finished: float, used: float) -> float:
        """Return when the next look may come, after one that used so many seconds of a processor; times are in seconds."""
        self._earned = max(self._earned, started) + used / SHARE
        return max(finished + max(PAUSE, finished - started), self._earned - CREDIT)


def serve(inbox: Inbox, link: Link, clock: Callable[[], float], used: Callable[[], float]) -> None:
    """Look again and again, and tell what is new, until the other end hangs up.

    Parameters
    ----------
    clock
        Returns monotonic seconds.
    used
        Returns how many seconds of a processor this process has used.
    """
    pace = Pace()
    while not link.closed:
        started, before = clock(), used()
        link.send(inbox.look(started))
        rested = pace.rested(started, clock(), used() - before)
        while not link.closed and (left := max(rested, inbox.next_look) - clock()) > 0:
            resting = rested - clock()
            sources: list[Any] = [link] if resting > 0 or inbox.hints is None else [link, inbox.hints]
            timeout = min(HEARTBEAT, resting if resting > 0 else left)
            readable, _, _ = select.select(sources, [link] if link.pending else [], [], timeout)
            for name, *arguments in link.receive():
                _COMMANDS[name](inbox, *arguments)
            if inbox.hints in readable:
                break
            if not link.pending:
                link.send([])
            link.flush()


_COMMANDS: dict[str, Callable[..., None]] = {"finish": Inbox.finish, "forget": Inbox.forget, "require": Inbox.require}


def main() -> None:
    """Watch the folder that standard input describes, for the process at the other end of the last argument's descriptor."""
    folder, finished = pickle.load(sys.stdin.buffer)  # noqa: S301  # from our own process
    link = Link(int(sys.argv[-1]))
    said = time.monotonic()

    def beat() -> None:
        nonlocal said
        if time.monotonic() - said > 1 and not link.pending:
            said = time.monotonic()
            link.send([])
        if link.closed:
            raise SystemExit

    serve(Inbox(folder, finished, beat), link, time.monotonic, time.process_time)
