"""The one inotify instance of a process, for all the drop folders that it watches: a user may have 128 of them (inotify(7))."""

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
"""What it means when inotify(7) speaks of files or of space."""

Registered = tuple[WatchDescriptor, CallbackId]


class Inotify:
    """An inotify instance, open as long as it is used.

    This uses the layer below watchdog's observers. Those watch whole trees by themselves, and do not say when the kernel's
    queue has overflowed or a directory could not be watched.
    """

    def __init__(self) -> None:
        self._users = 0
        self._callbacks = itertools.count()
        self._instance: InotifyFD | None = None
        self._woken = self._wake = -1

    @property
    def instance(self) -> InotifyFD:
        """The instance, which somebody uses."""
        if self._instance is None:
            raise RuntimeError("The inotify instance is used after it was released.")
        return self._instance

    def fileno(self) -> int:
        """Return the descriptor that can be read from after `wake`; -1 if nobody uses the instance."""
        return self._woken

    def use(self) -> None:
        """Open the instance, unless it is open.

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
        """Close the instance if nobody else uses it."""
        self._users -= 1
        if self._users == 0:
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
            If it cannot be watched; with ENOSPC if too many are.
        """
        number = CallbackId(next(self._callbacks))
        with _explained():
            return self.instance.add_callback(path, events, callback, number), number

    def wake(self) -> None:
        """Let the descriptor be read from."""
        with suppress(BlockingIOError):  # it can be already
            os.write(self._wake, b"!")

    def rest(self) -> None:
        """Let the descriptor not be read from until it is woken again."""
        with suppress(BlockingIOError):
            os.read(self._woken, 1 << 16)


@contextmanager
def _explained() -> Iterator[None]:
    """Say which limit was met, for it is neither one of files nor of the disk."""
    try:
        yield
    except OSError as error:
        if error.errno in _LIMITS:
            raise OSError(error.errno, _LIMITS[error.errno]) from error
        raise
