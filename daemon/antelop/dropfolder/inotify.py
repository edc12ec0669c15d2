"""What inotify says has changed: hints, by which a look comes sooner. Nothing relies on them."""

import errno
import os
import threading
from pathlib import Path

from watchdog.observers.inotify_c import InotifyConstants, InotifyEvent, Mask, WatchDescriptor

from antelop.dropfolder.inotify_instance import Inotify, Registered
from antelop.dropfolder.junk import is_candidate

DIRECTORIES = 8192
"""How many directories are watched at most; each costs about a kilobyte in this process, and another one in the kernel."""

_LEFT = InotifyConstants.IN_MOVED_FROM | InotifyConstants.IN_DELETE
_CAME = InotifyConstants.IN_MOVED_TO | InotifyConstants.IN_CREATE | InotifyConstants.IN_CLOSE_WRITE
_EVENTS = Mask(_LEFT | _CAME | InotifyConstants.IN_ONLYDIR)
"""That a file is written to is no event: what grows is looked at anyway."""


class Hints:
    """Which directories of a drop folder may have changed, told by inotify: each that a scan finds is watched for itself.

    Parameters
    ----------
    root
        The drop folder.
    inotify
        What tells it, to other folders too.
    limit
        How many directories are watched at most.

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
        """Watch a directory, relative to the root, if it is not watched yet.

        Raises
        ------
        OSError
            If it cannot be watched; with ENOSPC if too many are.
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
        """Return the directories that may have changed since the last time; None if any may have."""
        with self._lock:
            changed = None if self._everything else self._changed
            self._everything, self._changed = False, set()
            return changed

    def close(self) -> None:
        """Watch nothing any more."""
        with self._lock:
            registered = list(self._watches.values())
            self._watches, self._directories = {}, {}
        self._inotify.instance.remove_callbacks(registered)
        self._inotify.release()

    def on_event(self, event: InotifyEvent) -> None:
        """Take note of what inotify says (called by watchdog, in its thread)."""
        with self._lock:
            directory = self._directories.get(event.wd)
            name = os.fsdecode(event.name)
            if directory is None or not (event.is_directory or is_candidate(name)):
                return
            left = event.is_directory and bool(event.mask & _LEFT)
            self._note(None if left else directory)
            moved = self._forget(f"{directory}/{name}" if directory else name) if left else []
        self._inotify.instance.remove_callbacks(moved)

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        """Forget a directory that is gone (called by watchdog, in its thread)."""
        with self._lock:
            directory = self._directories.pop(wd, None)
            if directory is not None and self._watches.get(directory, (None,))[0] == wd:
                del self._watches[directory]

    def on_queue_overflow(self) -> None:
        """Take note that events were lost (called by watchdog, in its thread)."""
        with self._lock:
            self._note(None)

    def _note(self, directory: str | None) -> None:
        pending = self.pending
        if directory is None:
            self._everything = True
        else:
            self._changed.add(directory)
        if not pending:
            self._inotify.wake()

    def _forget(self, directory: str) -> list[Registered]:
        """Forget a directory that has moved, and those below it: a scan finds them where they are now."""
        moved = []
        for path in [path for path in self._watches if path == directory or path.startswith(f"{directory}/")]:
            descriptor, callback = self._watches.pop(path)
            if self._directories.get(descriptor) == path:
                del self._directories[descriptor]
            moved.append((descriptor, callback))
        return moved
