"""What inotify says has changed: hints, by which a look comes sooner. Nothing relies on them."""

import errno
import itertools
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from watchdog.observers.inotify_c import CallbackId, InotifyConstants, InotifyEvent, InotifyFD, Mask, WatchDescriptor

from antelop.dropfolder.junk import is_candidate

DIRECTORIES = 8192
"""How many directories are watched at most; each costs about a kilobyte in this process, and another one in the kernel."""

_LEFT = InotifyConstants.IN_MOVED_FROM | InotifyConstants.IN_DELETE
_CAME = InotifyConstants.IN_MOVED_TO | InotifyConstants.IN_CREATE | InotifyConstants.IN_CLOSE_WRITE
_EVENTS = Mask(_LEFT | _CAME | InotifyConstants.IN_ONLYDIR)
"""That a file is written to is no event: what grows is looked at anyway."""

_LIMITS = {
    errno.EMFILE: "this user may not watch one more drop folder (raise fs.inotify.max_user_instances)",
    errno.ENOSPC: "this user may not watch one more directory (raise fs.inotify.max_user_watches)",
}
"""What it means when inotify(7) speaks of files or of space."""


class Hints:
    """Which directories of a drop folder may have changed, told by inotify through watchdog.

    This uses the layer below watchdog's observers. Those watch whole trees by themselves, and do not say when the kernel's
    queue has overflowed or a directory could not be watched; here each directory that a scan finds is watched for itself.

    Parameters
    ----------
    root
        The drop folder.
    limit
        How many directories are watched at most.

    Raises
    ------
    OSError
        If the kernel has no inotify instance left for this user.
    """

    def __init__(self, root: Path, limit: int = DIRECTORIES) -> None:
        self._root = root
        self._limit = limit
        self._lock = threading.Lock()
        self._watches: dict[str, tuple[WatchDescriptor, CallbackId]] = {}
        self._directories: dict[WatchDescriptor, str] = {}
        self._callbacks = itertools.count()
        self._changed: set[str] = set()
        self._everything = False
        with _explained():
            self._inotify = InotifyFD()
        self._woken, self._wake = os.pipe2(os.O_CLOEXEC)
        self._inotify.start()

    def fileno(self) -> int:
        """Return the descriptor that can be read from when there are hints to take."""
        return self._woken

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
        callback = CallbackId(next(self._callbacks))
        with _explained():
            descriptor = self._inotify.add_callback(os.fsencode(self._root / directory), _EVENTS, self, callback)
        with self._lock:
            self._watches[directory] = (descriptor, callback)
            self._directories[descriptor] = directory

    def take(self) -> set[str] | None:
        """Return the directories that may have changed since the last time; None if any may have."""
        with self._lock:
            if self._pending:
                os.read(self._woken, 1)
            changed = None if self._everything else self._changed
            self._everything, self._changed = False, set()
            return changed

    def close(self) -> None:
        """Watch nothing any more."""
        self._inotify.stop()
        self._inotify.join()
        os.close(self._woken)
        os.close(self._wake)

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
        self._inotify.remove_callbacks(moved)

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

    @property
    def _pending(self) -> bool:
        return self._everything or bool(self._changed)

    def _note(self, directory: str | None) -> None:
        if not self._pending:
            os.write(self._wake, b"!")
        if directory is None:
            self._everything = True
        else:
            self._changed.add(directory)

    def _forget(self, directory: str) -> list[tuple[WatchDescriptor, CallbackId]]:
        """Forget a directory that has moved, and those below it: a scan finds them where they are now."""
        moved = []
        for path in [path for path in self._watches if path == directory or path.startswith(f"{directory}/")]:
            descriptor, callback = self._watches.pop(path)
            if self._directories.get(descriptor) == path:
                del self._directories[descriptor]
            moved.append((descriptor, callback))
        return moved


@contextmanager
def _explained() -> Iterator[None]:
    """Say which limit was met, for it is neither one of files nor of the disk."""
    try:
        yield
    except OSError as error:
        if error.errno in _LIMITS:
            raise OSError(error.errno, _LIMITS[error.errno]) from error
        raise
