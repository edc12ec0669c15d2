"""The process that watches drop folders: it looks into one folder after the other, and reports what is new."""

import os
import pickle
import select
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import inf
from typing import Any

from antelop.channel import Link
from antelop.dropfolder.finished import Finished
from antelop.dropfolder.inbox import Inbox
from antelop.dropfolder.inotify_instance import Inotify
from antelop.dropfolder.messages import NUMBER, Folder, News

HEARTBEAT = 5.0
"""Maximum number of seconds between two messages: without news, the process sends one that says that it is alive."""

PAUSE = 0.05
"""Minimum number of seconds between two looks into a folder, so that one look sees files that arrive together. If the last look
took longer, because the share is slow, the pause is as long as that look."""

SHARE, CREDIT = 0.2, 1.0
"""The share of a processor that all looks into a folder together may use, and how many seconds ahead of it they may be. After a
short look the next may follow immediately, as for a manifest that arrives right after its recording; after a long look the
folder pauses."""


class Pace:
    """Limits how soon one look may follow another."""

    def __init__(self) -> None:
        self._earned = -inf  # the time at which all looks so far have used exactly their share

    def rested(self, started: float, finished: float, used: float) -> float:
        """Return the earliest time of the next look, after a look that used `used` seconds of a processor; all in seconds."""
        self._earned = max(self._earned, started) + used / SHARE
        return max(finished + max(PAUSE, finished - started), self._earned - CREDIT)


@dataclass
class Watched:
    """A watched folder, and the earliest time of its next look."""

    inbox: Inbox
    pace: Pace = field(default_factory=Pace)
    rested: float = -inf

    @property
    def due(self) -> float:
        """Time of the next look, in monotonic seconds."""
        return self.inbox.due(self.rested)


class Rounds:
    """The folders that a process watches, each identified by a positive number.

    Parameters
    ----------
    link
        Connection to the parent process, which receives the news and sends the commands.
    enter
        Called with a folder's number before each look into it, and with zero afterwards.
    clock
        Returns monotonic seconds.
    used
        Returns the processor time of this process in seconds.
    """

    def __init__(
        self, link: Link, enter: Callable[[int], object], clock: Callable[[], float], used: Callable[[], float]
    ) -> None:
        self._link = link
        self._enter = enter
        self._clock = clock
        self._used = used
        self._inotify = Inotify()
        self._folders: dict[int, Watched] = {}
        self._said = clock()

    def serve(self) -> None:
        """Look into the folders in turn, until the parent process closes the connection."""
        # Commands come first, because they may remove a folder. Then the folder that is due first gets one look, so that none
        # is starved by the others.
        while not self._link.closed:
            self._obey()
            if self._clock() - self._said >= HEARTBEAT:
                self._say(None)
            number = min(self._folders, key=lambda each: self._folders[each].due, default=None)
            if number is not None and self._folders[number].due <= self._clock():
                self._look(number, self._folders[number])
            else:
                self._wait(inf if number is None else self._folders[number].due)

    def watch(self, number: int, folder: Folder, finished: Finished) -> None:
        """Start to watch a folder."""
        self._folders[number] = Watched(Inbox(folder, finished, self._beat, self._inotify))

    def unwatch(self, number: int) -> None:
        """Stop watching a folder."""
        self._folders.pop(number).inbox.close()

    def finish(self, number: int, delivery_ids: Iterable[str]) -> None:
        """See `Inbox.finish`."""
        self._folders[number].inbox.finish(delivery_ids)

    def forget(self, number: int, delivery_ids: Iterable[str]) -> None:
        """See `Inbox.forget`."""
        self._folders[number].inbox.forget(delivery_ids)

    def require(self, number: int, delivery_id: str, paths: Iterable[str]) -> None:
        """See `Inbox.require`."""
        self._folders[number].inbox.require(delivery_id, paths)

    def _obey(self) -> None:
        """Execute the commands that the parent process has sent."""
        for command, *arguments in self._link.receive():
            _COMMANDS[command](self, *arguments)

    def _look(self, number: int, watched: Watched) -> None:
        """Look into a folder, and report what has changed."""
        # The number is stored outside this process first: if the look hangs, the service reads there which folder it is.
        self._enter(number)
        started, before = self._clock(), self._used()
        updates = watched.inbox.look(started)
        watched.rested = watched.pace.rested(started, self._clock(), self._used() - before)
        self._enter(0)
        if updates:
            self._say(News(number, tuple(updates)))

    def _wait(self, due: float) -> None:
        """Wait until a folder is due, a command comes, inotify gives a hint, or the next heartbeat is due."""
        # Messages that the parent process has not read yet must go out as soon as there is room.
        sources: list[Any] = [self._link] if self._inotify.fileno() < 0 else [self._link, self._inotify]
        now = self._clock()
        timeout = max(0.0, min(self._said + HEARTBEAT, due) - now)
        readable, _, _ = select.select(sources, [self._link] if self._link.pending else [], [], timeout)
        if self._inotify in readable:
            self._inotify.rest()
        self._link.flush()

    def _beat(self) -> None:
        """Report during a long look that the process is alive; exit if the parent process has closed the connection."""
        if self._clock() - self._said > 1:
            self._say(None)
        if self._link.closed:
            raise SystemExit

    def _say(self, message: News | None) -> None:
        """Send a message; None, which says that the process is alive, is sent only if no earlier message is pending."""
        if message is not None or not self._link.pending:
            self._link.send(message)
        self._said = self._clock()


_COMMANDS: dict[str, Callable[..., None]] = {
    "watch": Rounds.watch,
    "unwatch": Rounds.unwatch,
    "finish": Rounds.finish,
    "forget": Rounds.forget,
    "require": Rounds.require,
}


def main() -> None:
    """Watch the folders that standard input lists; the last argument is the descriptor of the connection to the parent."""
    # Standard input is a file in memory that the parent process shares: it holds the number of the current folder.
    entered = sys.stdin.fileno()

    def enter(number: int) -> None:
        os.pwrite(entered, number.to_bytes(NUMBER), 0)

    rounds = Rounds(Link(int(sys.argv[-1])), enter, time.monotonic, time.process_time)
    for number, folder, finished in pickle.load(sys.stdin.buffer):  # noqa: S301  # written by the parent process
        rounds.watch(number, folder, finished)
    # The list of finished deliveries can be large and is not needed again.
    os.ftruncate(entered, NUMBER)
    rounds.serve()
