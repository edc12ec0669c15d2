"""A lab like that of the kill matrix, whose service runs just as people run it, with a store that can be full."""

import json
import socket
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tests import servers
from tests.kills.scene import SOURCE, Scene, Sent

ROLES = {"antelop.worker.process": "worker", "antelop.dropfolder": "watcher"}
"""Of the processes of the service but the daemon's own, by the module that they run."""

STORE = 2 << 30
"""Bytes that the store has room for."""


class Stage(Scene):
    """A lab, its service and its database server, in a folder."""

    path = (SOURCE,)

    def runs(self) -> bool:
        """Tell whether the daemon's own process runs."""
        return self._daemon is not None and self._daemon.poll() is None

    def outcome(self, sent: Sent) -> str | None:
        """Return what the receipt of a delivery says; None if it has none."""
        try:
            receipt = json.loads((self.home(sent) / "recording.receipt.json").read_text())
        except (OSError, ValueError):
            return None
        return str(receipt["outcome"])

    def roles(self) -> dict[str, list[int]]:
        """Return the processes of the service by what they are: ``daemon``, of `ROLES`, or ``masks``, forked from a worker."""
        found, parents = defaultdict(list), {}
        for process in self._processes():
            with suppress(OSError):  # it has ended
                words = Path(f"/proc/{process}/cmdline").read_text().split("\0")
                for role in (role for module, role in ROLES.items() if module in words):
                    parents[process] = parent(process)
                    found[role].append(process)
        # What a worker forks has its command line.
        found["masks"] = [process for process in found["worker"] if parents[process] in found["worker"]]
        found["worker"] = [process for process in found["worker"] if process not in found["masks"]]
        if self.runs():
            found["daemon"].append(self.daemon)
        return found

    @property
    def daemon(self) -> int:
        """The number of the daemon's own process, the latest."""
        return self._pid

    def connections(self) -> int:
        """Return how many connections the database has: sockets of MariaDB, processes of PostgreSQL that are named so."""
        found = 0
        if self._server:
            address = int.from_bytes(socket.inet_aton(self._server.host), sys.byteorder)
            ours = [
                f"{address:08X}:{self._server.port:04X}",
                "01",
            ]  # proc_pid_net(5): the local address, and that it is established
            return sum(line.split()[1:4:2] == ours for line in Path("/proc/net/tcp").read_text().splitlines())
        for server in self._servers():
            with suppress(OSError):  # what has ended is not counted
                for child in Path(f"/proc/{server}/task/{server}/children").read_text().split():
                    with suppress(OSError):
                        found += "[local]" in Path(f"/proc/{child}/cmdline").read_text()
        return found

    def limit_store(self, size: int = STORE) -> None:
        """Give the store so much room; none is left if that is as much as it holds."""
        mount("-o", f"remount,size={size}", str(self.config.store))


def parent(process: int) -> int:
    """Return the parent of a process, as proc_pid_stat(5) says."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


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
            mount("-t", "tmpfs", "-o", f"size={STORE},mode=755", "soak", str(store))
            stack.callback(unmount, store)
        made = Stage(folder, server)
        stack.callback(made.close)
        yield made
