"""The processes that watch the drop folders of a service: one for each filesystem, and a new one for each that is lost.

Folders on one filesystem hang together or not at all, so they share a process. A folder that may depend on others has its own
process, and so has one in which a shared process has hung or died: its contents must not block the other folders.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from math import inf
from pathlib import Path

import structlog

from antelop.backoff import Backoff
from antelop.dropfolder.messages import Folder, Health, Update
from antelop.dropfolder.presence import MOUNTS, Identity
from antelop.dropfolder.sharing import Grouping, alone
from antelop.dropfolder.watcher import Watcher

log = structlog.get_logger()

HANG_TIMEOUT = 30.0
"""Seconds without a message after which a process counts as hung, and is killed."""

LISTEN_GAP = 5.0
"""Longest pause, in seconds, between two calls of `Watchers.tend` that counts as silence of the processes."""

FIRST_RESTART, LONGEST_RESTART = 10.0, 600.0
"""Seconds until a lost process is replaced: the first pause and the longest. Each further loss doubles the pause."""

STABLE_AFTER = 600.0
"""Seconds that a process has to run for the next pause to be the first one again."""

MOST_APART = 4
"""How many folders of one filesystem get processes of their own because a shared one was lost in them. If it is lost in more,
the filesystem is at fault and not the folders: all of them wait."""

STOP_GRACE = 1.0
"""Seconds that the processes have to end when the service stops."""

HUNG, DIED = "it does not answer: is its share hung?", "the process that watched it has died; another one is started soon"
"""Why a folder is not watched: the process was lost in it, or it is not known where."""

AGAIN = "it is scanned again, because a process that watched it with others was lost"
"""As `HUNG`, where the process was lost in another folder."""


class Watchers:
    """Watches folders. Nothing here ever waits for a process, or for a folder.

    Parameters
    ----------
    mountinfo
        Where the kernel lists what is mounted.

    Attributes
    ----------
    lost
        The folders whose process was lost, and that no new process has reported on yet; and why.
    """

    def __init__(self, mountinfo: Path = MOUNTS) -> None:
        self.lost: dict[str, str] = {}
        self._watchers: dict[str, Watcher] = {}
        self._places: dict[str, str] = {}
        self._known: dict[str, Identity | None] = {}
        self._grouping = Grouping(mountinfo)
        self._apart: dict[str, str] = {}
        self._leaving: dict[Watcher, set[str]] = {}
        # Jitter keeps many clients from trying a server at the same moment; here only this process retries a folder.
        self._restarts = defaultdict[str, Backoff](lambda: Backoff(FIRST_RESTART, LONGEST_RESTART, jitter=0.0))
        self._tended = -inf

    @property
    def watched(self) -> set[str]:
        """The folders that are watched."""
        return set(self._places)

    def of(self, name: str) -> Watcher | None:
        """Return the process that watches a folder; None if none does."""
        return self._watchers.get(self._places.get(name, ""))

    def sources(self) -> list[Watcher]:
        """Return what can be read from when there is something to listen to."""
        return [watcher for watcher in self._watchers.values() if watcher.fileno() >= 0]

    def poll(self, now: float) -> Iterator[tuple[str, Update]]:
        """Yield what is new, each with the name of its folder."""
        for watcher in self._watchers.values():
            for name, update in watcher.poll(now):
                if isinstance(update, Health):
                    self.lost.pop(name, None)
                    self._known[name] = update.identity
                yield name, update

    def tend(self, folders: Mapping[str, Folder], finished: Callable[[str], Iterable[str]], now: float) -> set[str]:
        """Have these folders watched: start processes for those that are not, and end those that hang.

        Parameters
        ----------
        folders
            By name.
        finished
            Returns the deliveries of a folder that need no more attention.
        now
            Monotonic seconds.

        Returns
        -------
        set of str
            The folders whose process was lost or changed: what was said of them is told anew.
        """
        # Before the search for silent processes: a pause of this process must not count as their silence.
        self._excuse(now)
        self._leaving = {watcher: names for watcher, names in self._leaving.items() if not watcher.ended}
        told_anew = self._remove_lost(now)
        keys = self._grouping.keys(folders, self._apart, now)
        for name in [name for name, key in self._places.items() if keys.get(name, key) != key]:
            self._remove(name)
            told_anew.add(name)
        self._start(folders, keys, finished, now)
        return told_anew

    def let_go(self, name: str) -> None:
        """Watch a folder no longer, and forget its identity, so that the next filesystem at its path is accepted."""
        self._remove(name)
        for known in (self.lost, self._known, self._apart):
            known.pop(name, None)

    def close(self) -> None:
        """Watch nothing any more."""
        for key in list(self._watchers):
            self._end(key, set())
        deadline = time.monotonic() + STOP_GRACE
        for watcher in self._leaving:
            watcher.wait(max(0.0, deadline - time.monotonic()))

    def _start(
        self, folders: Mapping[str, Folder], keys: Mapping[str, str], finished: Callable[[str], Iterable[str]], now: float
    ) -> None:
        """Have those folders watched that are not, unless a process still hangs in one, or it is too soon."""
        # A process that was killed may hang in a system call on a share: a second one would hang there too.
        held = set[str]().union(*self._leaving.values())
        new = defaultdict(list)
        for name, folder in folders.items():
            if name not in self._places and name not in held and not self._restarts[keys[name]].left(now):
                new[keys[name]].append((replace(folder, known=self._known.get(name)), finished(name)))
        for key, found in new.items():
            if key in self._watchers:
                for each in found:
                    self._watchers[key].watch(*each)
            else:
                self._watchers[key] = Watcher(found, now)
            self._places |= {folder.name: key for folder, _ in found}

    def _excuse(self, now: float) -> None:
        """Do not count time as silence in which this process did not listen, because it waited or the machine slept."""
        for watcher in self._watchers.values():
            watcher.heard += max(0.0, now - self._tended - LISTEN_GAP)
        self._tended = now

    def _remove_lost(self, now: float) -> set[str]:
        """End the processes that hang, and note which have died; return the folders that they watched."""
        lost_folders = set[str]()
        for key, watcher in list(self._watchers.items()):
            hangs = watcher.alive and now - watcher.heard > HANG_TIMEOUT
            if hangs or not watcher.alive:
                lost_folders |= watcher.folders
                self._lose(key, watcher, HUNG if hangs else DIED, now)
        return lost_folders

    def _lose(self, key: str, watcher: Watcher, because: str, now: float) -> None:
        """Note in which folder a process was lost, and when another one may be started."""
        names, inside = watcher.folders, watcher.inside
        log.error("watcher_hung" if because == HUNG else "watcher_died", folder=inside, folders=sorted(names))
        # If the folder is known in which the process hung, only this one gets a process of its own, so that it can no longer
        # stop the watching of the others.
        if inside is not None and len(names) > 1 and list(self._apart.values()).count(key) < MOST_APART:
            self._apart[inside] = key
            blamed, key_of_blamed = {inside}, alone(inside)
        else:
            blamed, key_of_blamed = names, key
        self.lost |= {name: because if name in blamed else AGAIN for name in names}
        # A process that ran for long was sound: its successor starts soon. One that dies at its start waits longer each time.
        if now - watcher.started > STABLE_AFTER:
            self._restarts[key_of_blamed].succeed()
        self._restarts[key_of_blamed].fail(now)
        self._end(key, blamed)

    def _remove(self, name: str) -> None:
        """Have a folder watched no longer by the process that does, which ends if it has no other."""
        watcher, key = self.of(name), self._places.pop(name, "")
        if watcher is not None:
            watcher.unwatch(name)
            if not watcher.folders:
                self._end(key, set())

    def _end(self, key: str, held: set[str]) -> None:
        """Stop a process. The folders in which it hangs are not watched again until it has ended."""
        watcher = self._watchers.pop(key)
        for name in watcher.folders:
            del self._places[name]
        watcher.stop()
        self._leaving[watcher] = held
