"""A lab with a running service: recordings go in, processes are killed, and everything is started again."""

import itertools
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import h5py

from antelop.config import load
from antelop.lab import Lab
from antelop.lab.rigs import upload_rig_json
from tests import servers
from tests.clocks import wall
from tests.labs import EXPERIMENT, MASKS, OWNER, SCRIPT
from tests.recordings import LICKING_RIG, write_recording

Victim = Literal["process", "daemon", "everything", "server"]
"""What is killed: the process at the step, the daemon's own, all of the service with the database, or the database's server."""

INSIDE = Path(__file__).with_name("inside")
SOURCE = Path(__file__).parents[2] / "daemon"

PATIENCE = 90.0
"""Seconds that a delivery may take to be answered after a kill."""

LOOK = 0.02
"""Seconds from one look at what the processes have come to, to the next."""

MOST = 4000
"""How many recordings there may be."""

ANIMALS = (17, 18)
"""The animals of the lab."""

CONFIGURATION = """\
state = "state"
[analysis]
folders = ["analysis"]
[[folders]]
path = "kept"
create_sessions = true
settle = "0s"
[[folders]]
path = "moved"
create_sessions = true
settle = "0s"
after = "archive"
archive = "archive"
"""

SERVER = """\
[database]
backend = "mysql"
host = "{host}"
port = {port}
use_tls = false
service = "{user}"
"""


@dataclass(frozen=True)
class Sent:
    """A recording that was put into a drop folder: ``kept``, every other one for a session that is there, or ``moved``.

    Attributes
    ----------
    number
        The first sample of its force; no other recording has it.
    folder
        The drop folder.
    """

    number: int
    folder: str

    @property
    def session(self) -> str:
        """The name of its session."""
        return f"recording {self.number}"


class Scene:
    """A lab, its service and its database server, in a folder.

    Parameters
    ----------
    folder
        A folder that every user can reach.
    server
        The database server; None: the embedded one.

    Attributes
    ----------
    path
        Where the commands find their modules: one stops them at steps.
    """

    path: tuple[Path, ...] = (INSIDE, SOURCE)

    def __init__(self, folder: Path, server: servers.MariaDBServer | None) -> None:
        self.folder = folder
        self.control = folder / "control"
        self.environment: dict[str, str] = {}
        self._server = server
        self._numbers = {"kept": itertools.count(1, 2), "moved": itertools.count(2, 2)}
        self._daemon: subprocess.Popen[bytes] | None = None
        for name in ("analysis", "kept", "moved", "archive", "control", "prototype"):
            (folder / name).mkdir()
        (folder / "analysis" / "licking.py").write_text(SCRIPT)
        configuration = CONFIGURATION
        if server:
            configuration += SERVER.format(host=server.host, port=server.port, user=server.user)
            self.environment = {"DB_USER": server.user, "DB_PASS": server.password}
        (folder / "antelop.toml").write_text(configuration)
        self.config = load(folder / "antelop.toml", self.environment)
        write_recording(folder / "prototype" / "recording.nwb", cache_spec=False)
        self._furnish()

    def send(self, folder: str) -> Sent:
        """Put a recording, its video and its manifest into a drop folder, all at once."""
        sent, made = self.make(folder)
        made.rename(self.home(sent))
        return sent

    def make(
        self, folder: str, *, recording: Sent | None = None, session: Sent | None = None, animals: Iterable[int] = ANIMALS
    ) -> tuple[Sent, Path]:
        """Make a delivery beside the drop folders.

        Parameters
        ----------
        folder
            The drop folder that it is for.
        recording, session
            The earlier delivery whose recording or session it has; None: those of its own number.
        animals
            Those that its manifest names.

        Returns
        -------
        tuple of Sent and Path
            The delivery, and the directory that it is in.
        """
        sent = Sent(next(self._numbers[folder]), folder)
        made = self.control / str(sent.number)
        shutil.copytree(self.folder / "prototype", made)
        with h5py.File(made / "recording.nwb", "r+") as file:
            file["acquisition/force/data"][0] = (recording or sent).number
        self.announce(session or sent, made, animals)
        return sent, made

    def announce(self, session: Sent, home: Path, animals: Iterable[int] = ANIMALS) -> None:
        """Put a manifest beside a recording, whole at once."""
        manifest = {
            "specification": "antelop-manifest",
            "version": "1.0",
            "session": {**EXPERIMENT, "session_name": session.session},
            "animals": [{"animal_id": number} for number in animals],
        }
        (self.control / "manifest").write_text(json.dumps(manifest))
        (self.control / "manifest").rename(home / "recording.manifest.json")

    def home(self, sent: Sent) -> Path:
        """Return the directory of a delivery in its drop folder."""
        return self.folder / sent.folder / str(sent.number)

    def start(self) -> None:
        """Start what does not run: the database server, if it is not the service's own, and the service."""
        if self._server and self._server._process.poll() is not None:
            self._server.start()
        if self._daemon is None or self._daemon.poll() is not None:
            self._daemon = self.command("run")

    def command(self, *words: str, config: str = "antelop.toml", log: str = "log") -> subprocess.Popen[bytes]:
        """Start a command of ``antelop`` that can be stopped at a step; what it says is added to a file."""
        path = os.pathsep.join(map(str, self.path))
        environment = {**os.environ, **self.environment, "PYTHONPATH": path, "ANTELOP_KILLS": str(self.control)}
        with (self.folder / log).open("ab") as file:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "antelop", *words, "--config", str(self.folder / config)],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env=environment,
                cwd=self.folder,
                process_group=0,
            )

    def stop(self) -> None:
        """Stop the service as an administrator would; return when it has ended, or a process of it has come to the step."""
        if self._daemon is not None:
            self._daemon.terminate()
            while self._daemon.poll() is None and self.reached() is None:
                time.sleep(LOOK)

    def arm(self, step: str) -> None:
        """Have the first process that comes to a step stop there."""
        new = self.control / "new"
        new.write_text(step)
        new.rename(self.control / "armed")

    def disarm(self) -> None:
        """Have no process stop any more, and let the one go on that has."""
        (self.control / "armed").unlink(missing_ok=True)
        if process := self.reached():
            (self.control / f"reached.{process}").unlink()
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)

    def reached(self) -> int | None:
        """Return the process that has come to the step, if one has, once it has stopped there."""
        for path in self.control.glob("reached.*"):
            process = int(path.suffix[1:])
            while _state(process) not in "TZ":
                time.sleep(LOOK / 10)
            return process
        return None

    def children(self) -> list[int]:
        """Return the processes of the service but for the daemon's own."""
        return sorted(self._processes() - {self._pid})

    def kill(self, victim: Victim, process: int | None) -> None:
        """SIGKILL a victim; a process that has stopped at a step goes on unless it is among the killed.

        Parameters
        ----------
        victim
            What is killed.
        process
            The process at the step, or one that is to be the ``process``.
        """
        killed = {
            "process": lambda: {process or self._pid},
            "daemon": lambda: {self._pid},
            "everything": lambda: self._processes() | self._servers(),
            "server": self._servers,
        }[victim]()
        for each in sorted(killed, key=lambda each: each != self._pid):
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        self.disarm()
        for each in killed:
            _ended(each)

    def answered(self, sent: Sent) -> bool:
        """Tell whether a delivery has a receipt that says that it was ingested."""
        with suppress(OSError, ValueError):
            receipt = json.loads((self.home(sent) / "recording.receipt.json").read_text())
            return receipt["outcome"] == "ingested" and (sent.folder == "kept" or "archived" in receipt)
        return False

    def log(self) -> str:
        """Return the last lines that the service has logged."""
        return "\n".join((self.folder / "log").read_text().splitlines()[-30:])

    @property
    def _pid(self) -> int:
        assert self._daemon
        return self._daemon.pid

    def _processes(self) -> set[int]:
        """Return the processes of the service: they know the folder from their environment."""
        mark = f"ANTELOP_KILLS={self.control}".encode()
        found = set()
        for path in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark in (path / "environ").read_bytes().split(b"\0") and _state(int(path.name)) != "Z":
                    found.add(int(path.name))
        return found - {os.getpid()}

    def _servers(self) -> set[int]:
        """Return the first process of the database server; those of the embedded one, and of a restored copy's, end with it."""
        if self._server:
            return {self._server._process.pid}
        found = set()
        for data in self.folder.glob("*/postgres/data"):
            with suppress(OSError, ValueError):
                process = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
                if Path(f"/proc/{process}/cwd").readlink() == data:  # the number may be any other process's by now
                    found.add(process)
        return found

    def _furnish(self) -> None:
        with Lab(self.config, self.environment, wall) as lab:
            database = lab.database
            with database.transaction():
                database.Experimenter.insert1({**OWNER, "full_name": "The lab"})
                database.Experiment.insert1({**EXPERIMENT, "experiment_name": "licking"})
                animals = [{**EXPERIMENT, "animal_id": number, "animal_name": f"m{number}"} for number in ANIMALS]
                database.Animal.insert(animals)
                sessions = [
                    {**EXPERIMENT, "session_id": number, "session_name": f"recording {number}"} for number in range(1, MOST, 4)
                ]
                database.Session.insert(sessions)
            upload_rig_json(lab, "lab", "licking rig", LICKING_RIG, MASKS)

    def close(self) -> None:
        """Kill what runs."""
        self.disarm()
        for process in (found := self._processes() | (self._servers() if not self._server else set())):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        for process in found:
            _ended(process)


@contextmanager
def scene(database: str) -> Iterator[Scene]:
    """Make a lab on the ``embedded`` database or on ``mariadb``, and remove it."""
    with ExitStack() as stack:
        folder = stack.enter_context(servers.public_folder())
        made = Scene(folder, stack.enter_context(servers.mariadb()) if database == "mariadb" else None)
        stack.callback(made.close)
        yield made


def _state(process: int) -> str:
    """Return the state of a process as proc_pid_stat(5) has it; ``Z`` if there is none."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def _ended(process: int) -> None:
    """Return when a process has ended with all of its threads: it counts as a zombie before that."""
    with suppress(ProcessLookupError):
        descriptor = os.pidfd_open(process)
        select.select([descriptor], [], [], PATIENCE)
        os.close(descriptor)
