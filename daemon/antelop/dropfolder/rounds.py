"""The process that watches drop folders: it looks into one after the other, and tells what is new."""

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
"""Seconds after which the process says that it is alive, whether there is news or not."""

PAUSE = 0.05
"""Between two looks into a folder are so many seconds, so that what comes together is seen together; or as many as the look
took, which is longer when the share answers slowly."""

SHARE, CREDIT = 0.2, 1.0
"""All looks into a folder together may take this share of a processor, and in advance what would be theirs in so many seconds:
after a short look the next may follow at once, as for the manifest that comes right after its recording, and after a long one
the folder rests."""


class Pace:
    """How soon a look may follow on another."""

    def __init__(self) -> None:
        self._earned = -inf  # when all looks together will have taken no more than their share

    def rested(self, started: float, finished: float, used: float) -> float:
        """Return when the next look may come, after one that used so many seconds of a processor; times are in seconds."""
        self._earned = max(self._earned, started) + used / SHARE
        return max(finished + max(PAUSE, finished - started), self._earned - CREDIT)


@dataclass
class Watched:
    """A folder on the round, and when its next look may come."""

    inbox: Inbox
    pace: Pace = field(default_factory=Pace)
    rested: float = -inf

    @property
    def due(self) -> float:
        """When the next look is to come, in monotonic seconds."""
        return self.inbox.due(self.rested)


class Rounds:
    """The folders that a process watches, each known by a number from one on.

    Parameters
    ----------
    link
        To the process that is told, and that says which folders there are.
    enter
        Called with the number of a folder before it is looked into, and with zero afterwards.
    clock
        Returns monotonic seconds.
    used
        Returns how many seconds of a processor this process has used.
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
        """Look into the folders again and again, until the other end hangs up."""
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
        """Take a folder on the round."""
        self._folders[number] = Watched(Inbox(folder, finished, self._beat, self._inotify))

    def unwatch(self, number: int) -> None:
        """Look into a folder no longer."""
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
        for command, *arguments in self._link.receive():
            _COMMANDS[command](self, *arguments)

    def _look(self, number: int, watched: Watched) -> None:
        """Look into a folder, and tell what has changed."""
        self._enter(number)
        started, before = self._clock(), self._used()
        updates = watched.inbox.look(started)
        watched.rested = watched.pace.rested(started, self._clock(), self._used() - before)
        self._enter(0)
        if updates:
            self._say(News(number, tuple(updates)))

    def _wait(self, due: float) -> None:
        """Wait until a folder is due, something is said, or inotify hints at a change; but never for long without a word."""
        sources: list[Any] = [self._link] if self._inotify.fileno() < 0 else [self._link, self._inotify]
        now = self._clock()
        timeout = max(0.0, min(self._said + HEARTBEAT, due) - now)
        readable, _, _ = select.select(sources, [self._link] if self._link.pending else [], [], timeout)
        if self._inotify in readable:
            self._inotify.rest()
        self._link.flush()

    def _beat(self) -> None:
        """Say in the middle of a long look that it goes on; end if nobody listens any more."""
        if self._clock() - self._said > 1:
            self._say(None)
        if self._link.closed:
            raise SystemExit

    def _say(self, message: News | None) -> None:
        """Tell the other process something; that it is alive only if what was said before has gone through."""
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
    """Watch the folders that standard input describes, for the process at the other end of the last argument's descriptor."""
    entered = sys.stdin.fileno()

    def enter(number: int) -> None:
        os.pwrite(entered, number.to_bytes(NUMBER), 0)

    rounds = Rounds(Link(int(sys.argv[-1])), enter, time.monotonic, time.process_time)
    for number, folder, finished in pickle.load(sys.stdin.buffer):  # noqa: S301  # from our own process
        rounds.watch(number, folder, finished)
    os.ftruncate(entered, NUMBER)
    rounds.serve()
