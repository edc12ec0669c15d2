"""What the service may read, write, execute and connect to, and what nobody is shown: the attacks that the manual lists.

An attack that is tested where its module is tested is not tested twice; one test here sees that each row's tests exist.
"""

import os
import pickle
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from datajoint.errors import DataJointError

from antelop.config import AnalysisConfig, Config, DatabaseConfig, FolderConfig
from antelop.dropfolder import Folder
from antelop.dropfolder.delivery import Delivery
from antelop.dropfolder.finished import Finished
from antelop.dropfolder.inbox import Inbox
from antelop.dropfolder.waiting import Reason, Waiting
from antelop.errors import Misconfigured, Rejected
from antelop.ingest.session import insert_nwb
from antelop.ingest.source_files import SourceFiles, sources
from antelop.lab import Lab
from antelop.lab.rigs import upload_rig_json
from antelop.queue import deliveries
from antelop.worker import Worker
from antelop.worker.archive import archive
from antelop.worker.events import Event, Missing
from tests import servers
from tests.clocks import NOW, wall
from tests.daemons import PATIENCE
from tests.documents import ROOT, code, tables
from tests.drops import RIG, Drop
from tests.labs import ANIMALS, MASKS, SESSION, furnish

PASSWORD = "canary-7f3a91"  # noqa: S105  # of a server that lives as long as the test
ANTELOP = [sys.executable, "-m", "antelop"]
LINES = ["It reads", "It writes", "It executes", "It connects to", "It shows to no one"]
"""What the manual says of the service."""

ATTACKERS = [
    "Who may write a drop folder",
    "Who has an account in the database",
    "Another user of the machine",
    "Who is on the network",
    "Who runs the database server",
    "A hostile file",
    "A function of the lab",
]

PROTOCOLS = ("tcp", "tcp6", "udp", "udp6", "raw", "raw6")


@dataclass
class Installation:
    """A lab with a configuration file, for commands and the daemon as processes.

    Attributes
    ----------
    folder
        All that belongs to it, but for a database server.
    config
        What the file says.
    environment
        Of every process.
    """

    folder: Path
    config: Config
    environment: dict[str, str]
    drop: Drop

    @property
    def log(self) -> Path:
        """What the daemon has said."""
        return self.folder / "log"

    def configure(self) -> None:
        """Write the configuration file."""
        lines = [f'state = "{self.config.state}"', "[store]", f'location = "{self.config.store}"']
        lines += ["[analysis]", f'folders = ["{self.config.analysis.folders[0]}"]', "[workers]", "count = 1"]
        if server := self.config.database:
            lines += ["[database]", f'backend = "{server.backend}"', f'host = "{server.host}"', f"port = {server.port}"]
            lines += [f'service = "{server.service}"']
        lines += ["[[folders]]", f'name = "{self.drop.config.name}"', f'path = "{self.drop.path}"', 'settle = "0s"']
        (self.folder / "antelop.toml").write_text("\n".join(lines))

    def run(self, *words: str, umask: int = 0o022, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        command = [*ANTELOP, *words, "--config", str(self.folder / "antelop.toml")]
        environment = {**self.environment, **more}
        return subprocess.run(command, env=environment, umask=umask, capture_output=True, text=True, check=False)

    @contextmanager
    def daemon(self, umask: int = 0o022) -> Iterator[subprocess.Popen[bytes]]:
        """Run the daemon."""
        command = [*ANTELOP, "run", "--config", str(self.folder / "antelop.toml")]
        with self.log.open("ab") as log:
            process = subprocess.Popen(command, env=self.environment, umask=umask, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(PATIENCE)

    def until(self, condition: Callable[[], object]) -> None:
        """Wait until something is so, looking whenever the daemon has had time to do something."""
        deadline = time.monotonic() + 3 * PATIENCE  # of the daemon's own pauses there are several
        while not condition():
            assert time.monotonic() < deadline, self.log.read_text()[-2000:]
            select.select([], [], [], 0.05)


@contextmanager
def installed(prototype: Path, server: servers.MariaDBServer | None = None, umask: int = 0o022) -> Iterator[Installation]:
    """Make a furnished lab: on a server, or with an embedded database that runs as long as this."""
    with servers.public_folder() as folder:
        database, environment = None, {}
        if server:
            database = DatabaseConfig(host=server.host, port=server.port, backend="mysql", service=server.user)
            environment = {"DB_USER": server.user, "DB_PASS": PASSWORD, "DJ_LOG_LEVEL": "DEBUG"}
        for name in ("analysis", "rig-2"):
            (folder / name).mkdir()
        analysis = AnalysisConfig(folders=(folder / "analysis",))
        config = Config(state=folder / "state", store=folder / "store", database=database, analysis=analysis)
        drop = Drop(FolderConfig("rig-2", folder / "rig-2", settle=0.0), prototype)
        made = Installation(folder, config, os.environ | environment, drop)
        made.configure()
        if umask & 0o011:  # root's database runs as another user, who has to get there
            config.state.mkdir(mode=0o711)
        assert made.run("sessions", umask=umask).returncode == 0
        with Lab(config, made.environment, wall) as lab:
            furnish(lab)
            upload_rig_json(lab, "lab", "lick rig", RIG, MASKS)
            yield made


def family(process: int) -> Iterator[int]:
    """Yield a process and all that it has started."""
    yield process
    for task in entries(process, "task"):
        with suppress(OSError):  # it has ended
            for child in (task / "children").read_text().split():
                yield from family(int(child))


def entries(process: int, folder: str) -> list[Path]:
    """Return what the kernel has of a process in a folder of /proc; nothing if it has ended."""
    with suppress(OSError):
        return list(Path(f"/proc/{process}", folder).iterdir())
    return []


def connections(processes: Iterable[int]) -> set[tuple[str, str]]:
    """Return the local and the remote address of every socket of the Internet protocols that these processes have."""
    sockets = set()
    for process in processes:
        for descriptor in entries(process, "fd"):
            with suppress(OSError):  # it is closed
                sockets.add(str(descriptor.readlink()))
    lines = [line.split() for name in PROTOCOLS for line in Path("/proc/net", name).read_text().splitlines()[1:]]
    return {(line[1], line[2]) for line in lines if f"socket:[{line[9]}]" in sockets}


def open_to_others(folder: Path) -> list[Path]:
    """Return what others than its owner may do anything with, in a folder where files come and go."""
    found = []
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            found += [path] * bool(path.lstat().st_mode & 0o077)
    return found


def written(folder: Path) -> str:
    """Return all that is in the files of a folder."""
    return "\n".join(path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file())


def command_lines() -> str:
    """Return how every process of this machine was called."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            lines.append(path.read_text(errors="replace"))
    return "\n".join(lines)


def test_the_manual_says_what_the_service_may_do() -> None:
    """The list has a line for each thing that a service can do."""
    assert [row[0] for row in tables("security") if len(row) == 2] == LINES


def test_every_attack_has_a_test() -> None:
    """Each row of the manual names one of the attackers, in their order, and tests that are there."""
    rows = [row for row in tables("security") if len(row) != 2]
    assert list(dict.fromkeys(row[0] for row in rows)) == ATTACKERS
    sources = {path.stem: path.read_text() for path in (ROOT / "tests").glob("test_*.py")}
    for _, _, _, tests in rows:
        assert (named := [name.split(".") for name in code(tests)])
        assert [name for module, name in named if f"def {name}(" not in sources[module]] == []


def test_the_policy_names_the_same_attackers() -> None:
    """Who reports a vulnerability is asked for one of the attackers that the manual has."""
    policy = " ".join((ROOT / ".github" / "SECURITY.md").read_text().split())
    assert [attacker for attacker in ATTACKERS if attacker.lower() not in policy] == []


# Credentials, and connections to a server.


@pytest.mark.mariadb
def test_a_password_is_shown_nowhere(prototype: Path) -> None:
    """Not in logs, tracebacks, process lists, status, receipts, other files or tables, whether all goes well or nothing."""
    with servers.mariadb() as server:
        server.execute(f"ALTER USER '{server.user}'@'%' IDENTIFIED BY '{PASSWORD}'")
        with installed(prototype, server) as lab:
            said = []
            with lab.daemon() as daemon:
                lab.drop.deliver("right")
                lab.drop.deliver("wrong", session=99, number=1)
                lab.until(lambda: lab.drop.receipt("right").exists() and lab.drop.receipt("wrong").exists())
                said += [command_lines(), lab.run("status", "--json").stdout]
                assert f'process": {daemon.pid}' in said[-1]
                processes = list(family(daemon.pid))
                here = f"{socket.inet_aton(server.host)[::-1].hex().upper()}:{server.port:04X}"
                assert len(processes) == 5  # service, watchers, worker, its fork server, and the process of the next masks
                assert {remote for _, remote in connections(processes)} == {here}
                server.execute(f"ALTER USER '{server.user}'@'%' IDENTIFIED BY 'another'")
                server.kill()
                lab.until(lambda: "database_away" in lab.log.read_text())
                said.append(lab.run("sessions").stderr)
                server.start()
                lab.until(lambda: "Access denied" in lab.log.read_text())
                assert daemon.poll() is None
                refused = lab.run("sessions")
                assert (refused.returncode, refused.stdout) == (2, "")
                assert "it does not let user lab in: Access denied" in refused.stderr
                server.execute(f"ALTER USER '{server.user}'@'%' IDENTIFIED BY '{PASSWORD}'")
                lab.drop.deliver("later", session=42, number=2)
                lab.until(lab.drop.receipt("later").exists)
            defect = (
                "from antelop.database.connection import Database; Database.lock = None; from antelop.cli import main; main()"
            )
            command = [sys.executable, "-c", defect, "sessions", "--config", str(lab.folder / "antelop.toml")]
            failed = subprocess.run(command, env=lab.environment, capture_output=True, text=True, check=False)
            assert (failed.returncode, "'NoneType' object is not callable" in failed.stderr) == (4, True)
            with Lab(lab.config, lab.environment, wall) as opened:
                said += [repr(table().to_dicts()) for table in opened.database.tables.values() if table()]
            said += [refused.stderr, failed.stderr, written(lab.folder)]
            assert [text for text in said if PASSWORD in text] == []
            assert all(said)


# Modes, sockets, and what the embedded database opens.


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_what_the_service_makes_is_closed_to_others(umask: int, prototype: Path, licking: Callable[..., Path]) -> None:
    """Whatever the umask: nobody else enters the embedded database, which opens no port, and not everybody writes the rest."""
    with installed(prototype, umask=umask) as lab, lab.daemon(umask) as daemon:
        licking(lab.drop.path)
        lab.drop.note("licking", rig="licking rig", animals=[{"animal_id": 17}, {"animal_id": 18}])
        lab.until(lab.drop.receipt("licking").exists)
        postgres = lab.config.state / "postgres"
        (server,) = [path for path in postgres.glob(".s.*") if path.is_socket()]
        assert postgres.stat().st_mode & 0o777 == 0o700
        assert server.stat().st_uid == postgres.stat().st_uid
        assert open_to_others(postgres / "data") == []
        kept = list(lab.config.store.glob("objects/*/*/*"))
        assert {path.suffix for path in kept} == {".npy", ".avi"}
        assert not lab.config.state.stat().st_mode & 0o002
        made = [lab.config.state / "status.json", lab.config.store, *lab.config.store.rglob("*")]
        assert [path for path in made if path.stat().st_mode & (0o002 | umask)] == []
        assert lab.drop.receipt("licking").stat().st_mode & 0o777 == 0o644  # as the folder's
        first = int((postgres / "data/postmaster.pid").read_text().split()[0])
        assert connections([*family(daemon.pid), *family(first)]) == set()


def test_a_folder_that_everybody_may_write_is_not_used(tmp_path: Path) -> None:
    """Neither as state nor as store: a file of ours could be replaced by a link to another."""
    config = Config(state=tmp_path / "state", store=tmp_path / "store")
    config.state.mkdir()
    config.store.mkdir()
    config.state.chmod(0o757)
    config.store.chmod(0o1777)
    with pytest.raises(Misconfigured) as refused:
        Lab(config, {}, wall)
    assert [str(problem) for problem in refused.value.problems] == [
        f"{key}: everybody may write {folder} ({mode}). Run `chmod o-w {folder}`, or mount its share with such a mode."
        for key, folder, mode in [
            ("state", config.state, "drwxr-xrwx"),
            ("[store] location", config.store, "drwxrwxrwt"),
        ]
    ]


# A file outside the drop folder is not read.


@pytest.mark.parametrize("name", ["a.manifest.json", "a.nwb"])
def test_a_link_that_takes_the_place_of_a_file_is_not_followed(name: str, lab: Lab, drop: Drop, tmp_path: Path) -> None:
    """Not even to a file of the same content, size and time: that is how far somebody could know what is outside."""
    events: list[Event] = []
    deliveries.enqueue(lab.database, drop.deliver("a"), NOW)
    outside = tmp_path / "outside"
    (drop.path / name).rename(outside)
    (drop.path / name).symlink_to(outside)
    assert Worker(lab, events.append).work()
    assert isinstance(events[-1], Missing)
    assert not lab.database.World()


def test_a_manifest_that_a_link_replaces_while_it_is_looked_at_is_not_read(drop: Drop, tmp_path: Path) -> None:
    """What the link leads to would be quoted in a receipt."""
    secret = tmp_path / "secret"
    secret.write_text('{"specification": "antelop-manifest", "secret": 1}')
    note = drop.note("a")

    def swap() -> None:
        if not note.is_symlink():
            note.unlink()
            note.symlink_to(secret)

    folder = Folder("rig-2", drop.path, "poll", 0.0, scan=1.0)
    looking = Inbox(folder, Finished(()), swap)
    updates = [update for second in range(3) for update in looking.look(float(second))]
    assert note.is_symlink()
    assert [update.reason for update in updates if isinstance(update, Waiting)] == [Reason.ESCAPING]
    assert not [update for update in updates if isinstance(update, Delivery)]


def test_what_a_link_leads_to_is_not_archived(tmp_path: Path) -> None:
    """It may have taken a file's place after that was ingested; and a link in the archive is not written through."""
    folder, kept, victim = tmp_path / "rig-2", tmp_path / "archive", tmp_path / "victim"
    for place in (folder, kept):
        place.mkdir()
    victim.write_text("secret")
    (folder / "a.nwb").symlink_to(victim)
    (folder / "b.nwb").write_text("recording")
    (folder / "c.nwb").symlink_to("b.nwb")
    (kept / ".c.nwb.tmp").symlink_to(victim)
    for name, done in {"a.nwb": None, "c.nwb": kept / "c.nwb"}.items():
        found = (folder / name).stat()
        row = {"nwb_path": name, "nwb_size": found.st_size, "nwb_mtime": found.st_mtime_ns, "manifest_path": "", "videos": None}
        with SourceFiles(folder, name) as files:
            archived = archive(folder, kept, sources({**row, "manifest_size": 0, "manifest_mtime": 0}, files))
        assert (archived and archived.path) == done
    assert ((kept / "c.nwb").read_text(), victim.read_text()) == ("recording", "secret")
    assert sorted(path.name for path in kept.iterdir()) == ["c.nwb"]


# Nothing from the database, a manifest or a recording is run.


class Trap:
    """What is not to be unpickled."""

    def __init__(self, sprung: Path) -> None:
        self._sprung = sprung

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self._sprung),)


@pytest.mark.parametrize(
    "name",
    ["os.system", "builtins.exec", "__import__", "../trap", "/trap", "trap", "licking.table_trials.run", "licking.os", ""],
)
def test_a_row_names_no_other_code(name: str, lab: Lab, recording: Path, tmp_path: Path) -> None:
    """A mask runs a function of the analysis folder, or none: whatever its row names, and whatever source the row holds."""
    sprung = tmp_path / "sprung"
    code = f"import os; os.mkdir({str(sprung)!r})"
    (tmp_path / "trap.py").write_text(code)
    key = lab.database.MaskFunction.fetch1("KEY")
    lab.database.MaskFunction.update1({**key, "maskfunction_name": name, "mask_function": code})
    with pytest.raises(Rejected) as rejected:
        insert_nwb(lab, SESSION, ANIMALS, recording)
    (problem,) = rejected.value.problems
    assert (problem.check, problem.what) == ("analysis_function", f"there is no analysis function {name}")
    lab.database.MaskFunction.update1({**key, "maskfunction_name": "licking.table_trials"})
    insert_nwb(lab, SESSION, ANIMALS, recording)
    assert not sprung.exists()


def test_nothing_that_is_stored_is_unpickled(lab: Lab, recording: Path, tmp_path: Path) -> None:
    """Not a column of the database, and not an array of the store."""
    sprung = tmp_path / "sprung"
    insert_nwb(lab, SESSION, ANIMALS, recording)
    (kept, *_) = lab.config.store.glob("objects/*/*/*.npy")
    np.save(kept, np.array([Trap(sprung)], dtype=object), allow_pickle=True)
    form = {"kind": "npy", "path": str(kept.relative_to(lab.config.store)), "size": kept.stat().st_size}
    with pytest.raises(ValueError, match="Python objects in dtype"):
        lab.store.get(form)
    table, key = lab.database.MaskFunction, lab.database.MaskFunction.fetch1("KEY")
    for blob in (pickle.dumps(Trap(sprung)), b"dj0\0" + pickle.dumps(Trap(sprung))):
        query = f"UPDATE {table.full_table_name} SET mask_function = %s"  # noqa: S608  # ours
        lab.database.connection.query(query, (blob,))
        with pytest.raises((UnicodeDecodeError, DataJointError)):
            (table & key).fetch1("mask_function")
    assert not sprung.exists()
    pickle.loads(pickle.dumps(Trap(sprung)))  # noqa: S301  # it would have
    assert sprung.exists()
