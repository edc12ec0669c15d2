"""Hints from inotify about changed directories. They make a look come sooner; correctness never depends on them."""

import errno
import os
import threading
from pathlib import Path

from watchdog.observers.inotify_c import InotifyConstants, InotifyEvent, Mask, WatchDescriptor

from antelop.dropfolder.inotify_instance import Inotify, Registered
from antelop.dropfolder.junk import is_candidate

DIRECTORIES = 8192
"""Maximum number of watched directories. Each costs about one kilobyte in this process and one in the kernel."""

_LEFT = InotifyConstants.IN_MOVED_FROM | InotifyConstants.IN_DELETE
_CAME = InotifyConstants.IN_MOVED_TO | InotifyConstants.IN_CREATE | InotifyConstants.IN_CLOSE_WRITE
_EVENTS = Mask(_LEFT | _CAME | InotifyConstants.IN_ONLYDIR)
"""The events of interest. Writes (IN_MODIFY) are left out, because every look examines files that grow."""


class Hints:
    """The directories of a drop folder that may have changed, by inotify. Each directory that a scan finds has its own watch.

    Parameters
    ----------
    root
        The drop folder.
    inotify
        The inotify instance, which other folders share.
    limit
        Maximum number of watched directories.

    Raises
    ------
    OSError
        If the kernel has no inotify instance left for this user.
    """

    def __init__(self, root: Path, inotify: Inotify, limit: int = DIRECTORIES) -> None:
        self._root = root
        self._inotify = inotify
        self._limit = limit
        self._lock = threading.Lock()
        self._watches: dict[str, Registered] = {}
        self._directories: dict[WatchDescriptor, str] = {}
        self._changed: set[str] = set()
        self._everything = False
        inotify.use()

    @property
    def pending(self) -> bool:
        """Whether there are hints to take."""
        return self._everything or bool(self._changed)

    def __contains__(self, directory: str) -> bool:
        return directory in self._watches

    def watch(self, directory: str) -> None:
        """Watch a directory, given relative to the root, if it is not watched yet.

        Raises
        ------
        OSError
            If the directory cannot be watched; with ENOSPC if too many are watched.
        """
        if directory in self._watches:
            return
        if len(self._watches) >= self._limit:
            raise OSError(errno.ENOSPC, f"more than {self._limit} folders to watch")
        registered = self._inotify.watch(os.fsencode(self._root / directory), _EVENTS, self)
        with self._lock:
            self._watches[directory] = registered
            self._directories[registered[0]] = directory

    def take(self) -> set[str] | None:
        """Return the directories that may have changed since the last call; None if any directory may have changed."""
        with self._lock:
            changed = None if self._everything else self._changed
            self._everything, self._changed = False, set()
            return changed

    def close(self) -> None:
        """Remove all watches."""
        with self._lock:
            registered = list(self._watches.values())
            self._watches, self._directories = {}, {}
        # Outside the lock, so that watchdog's own lock is never taken while this one is held.
        self._inotify.instance.remove_callbacks(registered)
        self._inotify.release()

    def on_event(self, event: InotifyEvent) -> None:
        """Record an event of inotify (called by watchdog, in its thread)."""
        with self._lock:
            directory = self._directories.get(event.wd)
            name = os.fsdecode(event.name)
            if directory is None or not (event.is_directory or is_candidate(name)):
                return
            # A directory that leaves takes its deliveries with it, perhaps to another place in the folder: scan everything.
            left = event.is_directory and bool(event.mask & _LEFT)
            self._note(None if left else directory)
            moved = self._forget(f"{directory}/{name}" if directory else name) if left else []
        self._inotify.instance.remove_callbacks(moved)

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        """Forget a directory whose watch the kernel has removed (called by watchdog, in its thread)."""
        with self._lock:
            # The path may have a new watch already, which must stay.
            directory = self._directories.pop(wd, None)
            if directory is not None and self._watches.get(directory, (None,))[0] == wd:
                del self._watches[directory]

    def on_queue_overflow(self) -> None:
        """Record that events were lost, so that any directory may have changed (called by watchdog, in its thread)."""
        with self._lock:
            self._note(None)

    def _note(self, directory: str | None) -> None:
        """Record a directory that may have changed, or None for any, and wake the process if this is the first hint."""
        pending = self.pending
        if directory is None:
            self._everything = True
        else:
            self._changed.add(directory)
        if not pending:
            self._inotify.wake()

    def _forget(self, directory: str) -> list[Registered]:
        """Forget a moved directory and those below it, and return their watches: a scan finds them at the new path."""
        moved = []
        for path in [path for path in self._watches if path == directory or path.startswith(f"{directory}/")]:
            descriptor, callback = self._watches.pop(path)
            if self._directories.get(descriptor) == path:
                del self._directories[descriptor]
            moved.append((descriptor, callback))
        return moved
