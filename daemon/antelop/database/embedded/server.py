"""Share the server between any number of processes: the first one starts it, and the last one stops it.

There is no list of the processes that use it. Each of them holds a shared lock on the file ``users``, which the kernel releases
even if the process is killed. A process starts or stops the server only under an exclusive lock on the file ``lock``. A process
that can make its shared lock exclusive is the last one. After a SIGKILL of the server, of a process that uses it, or of all of
them, the next process that uses it starts the server again.
"""

import atexit
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from antelop.database.embedded import cluster
from antelop.database.embedded.cluster import Cluster
from antelop.database.embedded.owner import make_private
from antelop.errors import Unavailable, reason


class Server:
    """A running server in use by this process, until `close`; see `serving`.

    Attributes
    ----------
    host
        The folder of the Unix socket, which libpq accepts as a host.
    port, user, database
        The other parameters of a libpq connection; there is no password.
    """

    port = cluster.PORT
    user = cluster.USER
    database = cluster.DATABASE

    def __init__(self, cluster: Cluster) -> None:
        self.host = str(cluster.socket)
        self._cluster = cluster
        self._process = os.getpid()
        self._use: int | None = self._enter()
        atexit.register(self.close)

    def start(self) -> None:
        """Start the server again if it was killed; otherwise do nothing.

        Raises
        ------
        Unavailable
            If it does not start; the message quotes its log.
        """
        with self._alone():
            self._cluster.start()

    def close(self) -> None:
        """Stop using the server; the last process that uses it stops it.

        In a forked child this does nothing to the server, because the parent still uses it.
        """
        atexit.unregister(self.close)
        use, self._use = self._use, None
        if use is not None and self._process == os.getpid():
            with self._alone():
                self._leave(use)

    def _enter(self) -> int:
        """Take the shared lock and start the server; return the descriptor of the lock."""
        with self._alone():
            # Lock before the start, so that no other process stops the server as the last one in between.
            use = self._lock("users", fcntl.LOCK_SH)
            try:
                self._cluster.start()
            except Unavailable:
                os.close(use)  # the server may still be starting: leave it running, so that a retry finds it ready
                raise
            except BaseException:
                self._leave(use)
                raise
            return use

    def _leave(self, use: int) -> None:
        """Release the shared lock, and stop the server if no other process holds one."""
        try:
            fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass  # other processes use it
        else:
            self._cluster.stop()
        finally:
            _unlock(use)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep every other process and thread from starting or stopping the server."""
        # The lock file is inside the folder, so make and check the folder first.
        folder = self._cluster.folder
        try:
            make_private(folder, self._cluster.owner)
            lock = self._lock("lock", fcntl.LOCK_EX)
            try:
                yield
            finally:
                _unlock(lock)
        except OSError as error:
            raise Unavailable(f"The embedded database in {folder} cannot be used: {reason(error)}.") from error

    def _lock(self, name: str, operation: int) -> int:
        """Open and lock one of the lock files; return its descriptor."""
        lock = os.open(self._cluster.folder / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            # If root makes the file, the server's user must be able to open it too.
            if os.geteuid() == 0:
                os.fchown(lock, self._cluster.owner.pw_uid, self._cluster.owner.pw_gid)
            fcntl.flock(lock, operation)
        except BaseException:
            os.close(lock)
            raise
        return lock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self.close()


def serving(state: Path, timeout: float = 60.0) -> Server:
    """Use the embedded database of a state directory; make it and start its server if necessary.

    Any number of threads and processes of one user (or of root and that user) can use it at the same time. If root starts the
    server, it runs as an unprivileged user: the owner of the folder if it exists, else ``antelop`` or ``postgres``.

    Parameters
    ----------
    state
        The state directory; made if missing. Only ``postgres`` in it is used, and no permissions are changed.
    timeout
        Seconds within which the server must become ready (after a crash it replays its log first), or stop.

    Raises
    ------
    Misconfigured
        If this state directory cannot hold the database: it belongs to another user, its data are of another major version of
        PostgreSQL, or the server's user cannot enter it.
    Unavailable
        If the server does not start (the message quotes its log), or the disk fails.
    """
    return Server(Cluster(state.resolve() / "postgres", timeout))


def _unlock(lock: int) -> None:
    """Release a lock and close its file."""
    fcntl.flock(lock, fcntl.LOCK_UN)  # closing alone does not release it while a forked child has the descriptor too
    os.close(lock)
