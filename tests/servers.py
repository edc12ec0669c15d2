"""The database servers that tests work with: private ones, made, stopped, killed and removed by the tests themselves."""

import itertools
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import psycopg2
import pymysql

from antelop.database.embedded import serving
from antelop.database.opening import Address

PATIENCE = 60.0
MARIADB = Path("/usr/sbin/mariadbd")
INSTALL = Path("/usr/bin/mariadb-install-db")
PRINT_DEFAULTS = Path("/usr/bin/my_print_defaults")  # which the other one calls
_SEARCH = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
_PORTS = itertools.count(3306)


class DatabaseServer(Protocol):
    """A running server: what the ``[database]`` part of a configuration and ``DB_USER``, ``DB_PASS`` say of it, and its switch.

    Attributes
    ----------
    backend
        ``postgresql`` or ``mysql``.
    name
        The database on it (PostgreSQL).
    """

    backend: str
    host: str
    port: int
    user: str
    password: str
    name: str | None

    def start(self) -> None:
        """Start it, if it does not run, and return when it answers."""

    def stop(self) -> None:
        """Stop it in order, and return when it has ended."""

    def kill(self) -> None:
        """SIGKILL it, and return when it has ended."""

    def execute(self, *statements: str) -> None:
        """Execute statements with every right, such as making another user; each is committed."""


def address(server: DatabaseServer) -> Address:
    """Return how a server is reached, without TLS."""
    where = (server.host, server.port, server.user, server.password, server.name)
    return Address("mysql" if server.backend == "mysql" else "postgresql", *where, use_tls=False)


class EmbeddedServer:
    """The embedded PostgreSQL of a state directory."""

    backend = "postgresql"
    password = ""
    name: str | None

    def __init__(self, state: Path) -> None:
        self._server = serving(state)
        self._lock_file = state / "postgres" / "data" / "postmaster.pid"
        self.host, self.port = self._server.host, self._server.port
        self.user, self.name = self._server.user, self._server.database

    @property
    def process(self) -> int:
        """The number of its first process, from its lock file."""
        return int(self._lock_file.read_text().split("\n", 1)[0])

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        end(self.process, signal.SIGINT)

    def kill(self) -> None:
        end(self.process, signal.SIGKILL)

    def execute(self, *statements: str) -> None:
        options = {"host": self.host, "port": self.port, "user": self.user, "dbname": self.name}
        with closing(psycopg2.connect(**options)) as connection:
            connection.autocommit = True
            for statement in statements:
                connection.cursor().execute(statement)

    def close(self) -> None:
        self._server.close()


class MariaDBServer:
    """A MariaDB in a folder and on an address of its own: all of 127.0.0.0/8 is this machine, so its port is always free."""

    backend = "mysql"
    user = "lab"
    password = "correct horse"  # noqa: S105  # of a server that lives as long as the test
    name: str | None = None

    def __init__(self, folder: Path, *options: str, host: str | None = None) -> None:
        self.host, self.port = host or own_address(), next(_PORTS)
        self._folder = folder
        self._data = folder / "data"
        self._data.mkdir(mode=0o700)
        account = []
        if os.geteuid() == 0:
            account = ["--user=nobody"]
            shutil.chown(self._data, "nobody")
        # A server that starts removes temporary tables from its tmpdir, and from a common one those of other servers.
        self._options = ["--no-defaults", f"--datadir={self._data}", f"--tmpdir={self._data}", *account]
        install = [str(INSTALL), *self._options, "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(install, env=_SEARCH, check=True, capture_output=True)
        self._options += options
        self.start()
        self.execute(
            f"CREATE USER '{self.user}'@'%' IDENTIFIED BY '{self.password}'",
            f"GRANT ALL PRIVILEGES ON *.* TO '{self.user}'@'%' WITH GRANT OPTION",
        )

    @property
    def process(self) -> int:
        """The number of its process."""
        return self._process.pid

    def start(self) -> None:
        said = self._folder / "said"
        place = [f"--bind-address={self.host}", f"--port={self.port}", f"--socket={self._data / 'socket'}"]
        with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as notify, said.open("wb") as output:
            notify.bind(f"\0{self._folder}")
            command = [str(MARIADB), *self._options, *place]
            environment = {**_SEARCH, "NOTIFY_SOCKET": f"@{self._folder}"}
            self._process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True)
            ended = os.pidfd_open(self._process.pid)
            try:
                message = b""
                while b"READY=1" not in message:
                    if notify.fileno() not in select.select([notify.fileno(), ended], [], [], PATIENCE)[0]:
                        raise RuntimeError(f"MariaDB did not start:\n{said.read_text()}")
                    message = notify.recv(4096)
            finally:
                os.close(ended)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(PATIENCE)

    def execute(self, *statements: str) -> None:
        with closing(pymysql.connect(unix_socket=str(self._data / "socket"), user="root", autocommit=True)) as connection:
            for statement in statements:
                connection.cursor().execute(statement)


class PostgreSQLServer:
    """A PostgreSQL of the system's in a folder, on an address of its own, for any user, with settings of its own."""

    backend = "postgresql"
    user = "lab"
    password = ""
    name: str | None = "postgres"

    def __init__(self, folder: Path, *settings: str, host: str | None = None) -> None:
        self.host, self.port = host or own_address(), next(_PORTS)
        self._data = folder / "data"
        self._data.mkdir(mode=0o700)
        self._account: dict[str, Any] = {}
        if os.geteuid() == 0:
            self._account = {"user": "nobody", "group": "nogroup", "extra_groups": []}
            shutil.chown(self._data, "nobody")
        self._run("initdb", f"--username={self.user}", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
        with (self._data / "postgresql.conf").open("a") as file:
            place = [f"listen_addresses = '{self.host}'", f"port = {self.port}", f"unix_socket_directories = '{self._data}'"]
            file.write("\n".join([*place, *settings, ""]))
        with (self._data / "pg_hba.conf").open("a") as file:
            file.write("host all all all trust\n")
        self.start()

    @property
    def process(self) -> int:
        """The number of its first process."""
        return int((self._data / "postmaster.pid").read_text().split("\n", 1)[0])

    def standby(self) -> None:
        """Make it a replica from its next start on."""
        (self._data / "standby.signal").touch()

    def start(self) -> None:
        self._run("pg_ctl", "start", "--silent", "--wait", f"--log={self._data / 'said'}")

    def stop(self) -> None:
        end(self.process, signal.SIGINT)

    def kill(self) -> None:
        with suppress(FileNotFoundError):  # it was stopped
            end(self.process, signal.SIGQUIT)  # without a checkpoint; its processes end with it

    def execute(self, *statements: str) -> None:
        with closing(psycopg2.connect(host=str(self._data), port=self.port, user=self.user, dbname=self.name)) as connection:
            connection.autocommit = True
            for statement in statements:
                connection.cursor().execute(statement)

    def _run(self, program: str, *options: str) -> None:
        command = [str(newest_postgresql() / program), *options, f"--pgdata={self._data}"]
        # Its output is a file's: the server would inherit a pipe, and the other end would wait for ever.
        with tempfile.TemporaryFile() as said:
            done = subprocess.run(command, env=_SEARCH, cwd="/", check=False, stdout=said, stderr=said, **self._account)
            if done.returncode:
                said.seek(0)
                raise RuntimeError(f"{command} failed:\n{said.read().decode()}")


def newest_postgresql() -> Path:
    """Return the folder of the programs of the system's newest PostgreSQL; one that does not exist if there is none."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return versions[-1].parent if versions else Path("/usr/lib/postgresql/bin")


def own_address() -> str:
    """Return an address of this process's own: all of 127.0.0.0/8 is this machine."""
    number = os.getpid()
    return f"127.{64 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


@contextmanager
def postgresql(*settings: str, host: str | None = None) -> Iterator[PostgreSQLServer]:
    """Run a PostgreSQL that exists only here."""
    with public_folder() as folder:
        server = PostgreSQLServer(folder, *settings, host=host)
        try:
            yield server
        finally:
            server.kill()


def available() -> bool:
    """Return whether a MariaDB can be started here."""
    return all(program.exists() for program in (MARIADB, INSTALL, PRINT_DEFAULTS))


@contextmanager
def public_folder() -> Iterator[Path]:
    """Make a folder that every user can reach, as pytest's own cannot be by a server that root starts as another user."""
    folder = Path(tempfile.mkdtemp(prefix="antelop-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def embedded(state: Path) -> Iterator[EmbeddedServer]:
    """Use the embedded database of a state directory (in a `public_folder`)."""
    server = EmbeddedServer(state)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def mariadb(*options: str, host: str | None = None) -> Iterator[MariaDBServer]:
    """Run a MariaDB that exists only here."""
    with public_folder() as folder:
        server = MariaDBServer(folder, *options, host=host)
        try:
            yield server
        finally:
            server.kill()


def end(process: int, how: signal.Signals) -> None:
    """Send a signal to a process that is not our child, and return when it has ended."""
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return
    try:
        signal.pidfd_send_signal(descriptor, how)
        if not select.select([descriptor], [], [], PATIENCE)[0]:
            raise TimeoutError(f"process {process} does not end")
    finally:
        os.close(descriptor)
