"""Use of the server by any number of processes, of which the first starts it and the last stops it.

Who uses it is written nowhere: each user holds a shared lock on the file ``users``, which the kernel releases whatever happens
to the process. Starting and stopping exclude each other by an exclusive lock on the file ``lock``; who can make its shared lock
exclusive is the last user. After a SIGKILL of the server, of a user or of everything, the next user finds what is left, and
starts it again.
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
from antelop.errors import Unavailable
from antelop.files import reason


class Server:
    """A running server in use by this process, until `close`; see `serving`.

    Attributes
    ----------
    host
        The folder of the Unix socket, which libpq takes as a host.
    port, user, database
        The rest of what libpq needs; there is no password.
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
            If it does not start; its log is quoted.
        """
        with self._alone():
            self._cluster.start()

    def close(self) -> None:
        """Use the server no longer; the last user stops it. A forked child, which is no user of its own, stops nothing."""
        atexit.unregister(self.close)
        use, self._use = self._use, None
        if use is not None and self._process == os.getpid():
            with self._alone():
                self._leave(use)

    def _enter(self) -> int:
        with self._alone():
            use = self._lock("users", fcntl.LOCK_SH)
            try:
                self._cluster.start()
            except Unavailable:
                os.close(use)  # the server may be on its way still: the next user finds it further on
                raise
            except BaseException:
                self._leave(use)
                raise
            return use

    def _leave(self, use: int) -> None:
        try:
            fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass  # others use it
        else:
            self._cluster.stop()
        finally:
            _unlock(use)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep every other process and thread from starting or stopping the server."""
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
        lock = os.open(self._cluster.folder / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
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


def serving(state: Path, patience: float = 60.0) -> Server:
    """Use the embedded database of a state directory; it is made and started if need be.

    Any number of threads and processes of one user (or of root and that user) may do so at once. Started as root, the server
    runs as an unprivileged system user: the one it belongs to already, or ``antelop``, or ``postgres``.

    Parameters
    ----------
    state
        The state directory; made if missing. Nothing in it but ``postgres`` is touched, and no permission is changed.
    patience
        Seconds that the server may take to become ready (after a crash it reads its log first), or to stop.

    Raises
    ------
    Misconfigured
        If this state directory cannot hold the database: it is another user's, of another major version of PostgreSQL, or the
        server's user cannot enter it.
    Unavailable
        If the server does not start (its log is quoted), or the disk fails.
    """
    return Server(Cluster(state.resolve() / "postgres", patience))


def _unlock(lock: int) -> None:
    fcntl.flock(lock, fcntl.LOCK_UN)  # closing does not, while a forked child has the descriptor too
    os.close(lock)
