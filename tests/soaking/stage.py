"""A lab like that of the kill matrix, whose service runs just as people run it, with a store that can be full."""

import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import h5py

from tests import servers
from tests.kills.scene import SOURCE, Scene, Sent
from tests.labs import EXPERIMENT

ROLES = {"antelop.worker_process": "worker", "antelop.inbox": "watcher"}
"""Of the processes of the service, by the module that they run; the first one is the ``daemon``."""

STORE = 2 << 30
"""Bytes that the store has room for."""

NAMES = ("recording_camera.avi", "recording.nwb", "recording.manifest.json")
"""The files of a delivery, in the order in which they may come."""

KNOWN = (17, 18)
"""The animals of the lab."""


class Stage(Scene):
    """A lab, its service and its database server, in a folder."""

    def start(self) -> None:
        """Start what does not run: the database server, if it is not the service's own, and the service."""
        if self._server and self._server._process.poll() is not None:
            self._server.start()
        if self._daemon is None or self._daemon.poll() is not None:
            with (self.folder / "log").open("ab") as log:
                self._daemon = self.call("run", output=log.fileno(), ANTELOP_KILLS=str(self.control))

    def call(self, *words: str, output: int, **more: str) -> subprocess.Popen[bytes]:
        """Start a command of ``antelop`` on the lab."""
        environment = {**os.environ, **self.environment, "PYTHONPATH": str(SOURCE), **more}
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "antelop", *words, "--config", str(self.folder / "antelop.toml")],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            cwd=self.folder,
            process_group=0,
        )

    def runs(self) -> bool:
        """Tell whether the daemon's own process runs."""
        return self._daemon is not None and self._daemon.poll() is None

    def make(
        self, folder: str, *, recording: Sent | None = None, session: Sent | None = None, animals: Sequence[int] = KNOWN
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
            What it is called, and the directory that it is in.
        """
        sent = Sent(next(self._numbers[folder]), folder)
        made = self.control / str(sent.number)
        shutil.copytree(self.folder / "prototype", made)
        with h5py.File(made / "recording.nwb", "r+") as file:
            file["acquisition/force/data"][0] = (recording or sent).number
        self.announce(made, session or sent, animals)
        return sent, made

    def announce(self, home: Path, session: Sent, animals: Sequence[int] = KNOWN) -> None:
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

    def outcome(self, sent: Sent) -> str | None:
        """Return what the receipt of a delivery says; None if it has none."""
        try:
            receipt = json.loads((self.home(sent) / "recording.receipt.json").read_text())
        except (OSError, ValueError):
            return None
        return str(receipt["outcome"])

    def roles(self) -> dict[str, list[int]]:
        """Return the processes of the service by what they are: ``daemon``, ``watcher`` or ``worker``."""
        found = defaultdict(list)
        for process in self._processes():
            try:
                words = Path(f"/proc/{process}/cmdline").read_text().split("\0")
            except OSError:  # it has ended
                continue
            for module, role in ROLES.items():
                if module in words:
                    found[role].append(process)
        if self.runs():
            found["daemon"].append(self.daemon)
        return found

    @property
    def daemon(self) -> int:
        """The number of the daemon's own process, the latest."""
        return self._pid

    def connections(self) -> int:
        """Return how many connections the embedded database has: each is a process of its server that is named so."""
        found = 0
        for server in self._servers() if not self._server else ():
            for child in Path(f"/proc/{server}/task/{server}/children").read_text().split():
                try:
                    found += "[local]" in Path(f"/proc/{child}/cmdline").read_text()
                except OSError:
                    continue
        return found

    def limit_store(self, size: int = STORE) -> None:
        """Give the store so much room; none is left if that is as much as it holds."""
        mount("-o", f"remount,size={size}", str(self.config.store))


def mount(*words: str) -> None:
    """Run mount(8)."""
    subprocess.run(["/bin/mount", *words], check=True, capture_output=True)


def unmount(path: Path) -> None:
    """Unmount what is there, now or when nobody uses it any more."""
    subprocess.run(["/bin/umount", "--lazy", path], check=True, capture_output=True)


@contextmanager
def stage(database: str, *, mounts: bool) -> Iterator[Stage]:
    """Make a lab on the ``embedded`` database or on ``mariadb``, and remove it; with `mounts`, its store is a filesystem."""
    with ExitStack() as stack:
        folder = stack.enter_context(servers.public_folder())
        server = stack.enter_context(servers.mariadb()) if database == "mariadb" else None
        if mounts:
            store = folder / "state" / "store"
            store.mkdir(parents=True)
            mount("-t", "tmpfs", "-o", f"size={STORE}", "soak", str(store))
            stack.callback(unmount, store)
        made = Stage(folder, server)
        stack.callback(made.close)
        yield made
