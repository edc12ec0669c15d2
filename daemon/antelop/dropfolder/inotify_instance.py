"""The inotify instance of a process, shared by all its drop folders, because a user may have only 128 (inotify(7))."""

import errno
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from watchdog.observers.inotify_c import CallbackId, InotifyFD, Mask, WatchCallback, WatchDescriptor

_LIMITS = {
    errno.EMFILE: "this user may not watch one more drop folder (raise fs.inotify.max_user_instances)",
    errno.ENOSPC: "this user may not watch one more directory (raise fs.inotify.max_user_watches)",
}
"""What these errors mean from inotify(7); their usual texts speak of open files and of disk space."""

Registered = tuple[WatchDescriptor, CallbackId]


class Inotify:
    """An inotify instance with a count of its users, open while there is one.

    This class uses the layer below watchdog's observers, because an observer always watches a whole tree and does not report
    that the kernel's queue has overflowed or that a directory cannot be watched.
    """

    def __init__(self) -> None:
        self._users = 0
        self._callbacks = itertools.count()
        self._instance: InotifyFD | None = None
        self._woken = self._wake = -1

    @property
    def instance(self) -> InotifyFD:
        """The open instance; RuntimeError if it has no user."""
        if self._instance is None:
            raise RuntimeError("The inotify instance is used after it was released.")
        return self._instance

    def fileno(self) -> int:
        """Return the descriptor that is readable after `wake`; -1 if the instance has no user."""
        return self._woken

    def use(self) -> None:
        """Add a user, and open the instance for the first one.

        Raises
        ------
        OSError
            If the kernel has no inotify instance left for this user.
        """
        if self._users == 0:
            with _explained():
                self._instance = InotifyFD()
            self._woken, self._wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
            self._instance.start()
        self._users += 1

    def release(self) -> None:
        """Remove a user, and close the instance after the last one."""
        self._users -= 1
        if self._users == 0:
            # The thread ends before the pipe is closed, because it may call `wake` until then.
            self.instance.stop()
            self.instance.join()
            self._instance = None
            os.close(self._woken)
            os.close(self._wake)
            self._woken = self._wake = -1

    def watch(self, path: bytes, events: Mask, callback: WatchCallback) -> Registered:
        """Watch a directory.

        Raises
        ------
        OSError
            If the directory cannot be watched; with ENOSPC if too many are watched.
        """
        number = CallbackId(next(self._callbacks))
        with _explained():
            return self.instance.add_callback(path, events, callback, number), number

    def wake(self) -> None:
        """Make the descriptor readable."""
        with suppress(BlockingIOError):  # the pipe is full, so the descriptor is readable
            os.write(self._wake, b"!")

    def rest(self) -> None:
        """Make the descriptor not readable until the next `wake`."""
        with suppress(BlockingIOError):
            os.read(self._woken, 1 << 16)


@contextmanager
def _explained() -> Iterator[None]:
    """Replace the system's text of an error by one that names the limit of inotify that was reached."""
    try:
        yield
    except OSError as error:
        if error.errno in _LIMITS:
            raise OSError(error.errno, _LIMITS[error.errno]) from error
        raise
