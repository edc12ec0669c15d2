"""The daemon as a process of its own: what it says to a service manager, and what signals do to it."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from antelop.lab import Lab
from antelop.service import status
from tests.daemons import PATIENCE, Gate
from tests.drops import Drop, hasten
from tests.labs import SESSION

pytestmark = pytest.mark.parametrize("served_lab", ["postgresql"], indirect=True)


class Process:
    """``antelop run`` on a lab, and the service manager that started it.

    Parameters
    ----------
    lab
        Its configuration is written to a file.
    more
        Further lines of that file.
    """

    def __init__(self, lab: Lab, folder: Path, more: str = "") -> None:
        self.configuration = folder / "antelop.toml"
        self._state, self._log = lab.config.state, folder / "log"
        self.configure(lab, more)
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(str(folder / "notify"))
        self._messages: list[dict[str, str]] = []
        environment = os.environ | {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "120000000"}
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "antelop", "run", "--config", str(self.configuration)]
            self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stderr=log)

    def configure(self, lab: Lab, more: str = "") -> None:
        """Write the configuration."""
        lines = [f'state = "{lab.config.state}"', "[store]", f'location = "{lab.config.store}"']
        lines += [
            "[analysis]",
            f'folders = ["{lab.config.analysis.folders[0]}"]',
            "[workers]",
            "count = 1",
            'mask_timeout = "1h"',
        ]
        for folder in lab.config.folders:
            lines += ["[[folders]]", f'name = "{folder.name}"', f'path = "{folder.path}"', 'settle = "0s"']
        self.configuration.write_text("\n".join([*lines, more]))

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def hear(self, name: str) -> str:
        """Wait for a message that has this name; return what it says."""
        deadline = time.monotonic() + PATIENCE
        while True:
            for message in self._messages:
                if name in message:
                    self._messages.remove(message)
                    return message[name]
            assert select.select([self._notify], [], [], deadline - time.monotonic())[0], f"{name} was not said; {self.log()}"
            self._messages.append(self._receive())

    def heard_within(self, seconds: float) -> list[dict[str, str]]:
        """Return the messages that come within some time, and forget those that came before."""
        while select.select([self._notify], [], [], 0)[0]:
            self._receive()
        deadline, messages = time.monotonic() + seconds, []
        while select.select([self._notify], [], [], max(0.0, deadline - time.monotonic()))[0]:
            messages.append(self._receive())
        return messages

    def until(self, condition: Callable[[], object]) -> None:
        """Wait until something is so; it is looked at whenever the daemon says that it is alive."""
        while not condition():
            self.hear("WATCHDOG")

    def log(self) -> list[dict[str, Any]]:
        """Return the lines of its log."""
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Return the lines of its log about an event."""
        return [line for line in self.log() if line["event"] == event]

    def status(self) -> Mapping[str, Any]:
        """Return what it has last written."""
        return status.read(self._state) or {}

    def wait(self) -> int:
        """Wait until it has ended; return its exit status."""
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.wait()
        self._notify.close()

    def _receive(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in self._notify.recv(4096).decode().splitlines())


Launch = Callable[..., Process]


@pytest.fixture
def launch(lab: Lab, tmp_path: Path) -> Iterator[Launch]:
    """Give what starts the daemon on the lab as it is configured then."""
    with ExitStack() as stack:
        count = iter(range(9))

        def launch(more: str = "") -> Process:
            folder = tmp_path / f"run-{next(count)}"
            folder.mkdir()
            process = Process(lab, folder, more)
            stack.callback(process.close)
            return process

        yield launch


def test_the_service_manager_is_kept_informed(launch: Launch, drop: Drop) -> None:
    """Ready, alive at every tick, reloading, ready again, stopping: each when it is so; and the exit status is 0."""
    daemon = launch()
    daemon.hear("READY")
    drop.deliver("a")
    daemon.until(drop.receipt("a").exists)
    daemon.until(lambda: daemon.hear("STATUS") == "0 queued, 1 ingested")
    daemon.signal(signal.SIGHUP)
    assert int(daemon.hear("RELOADING") or 0) == 1
    daemon.hear("READY")
    daemon.signal(signal.SIGTERM)
    daemon.hear("STOPPING")
    assert daemon.wait() == 0
    assert daemon.status()["process"] is None
    events = [line["event"] for line in daemon.log()]
    assert [event for event in events if event in ("ready", "delivered", "claimed", "ingested", "reloaded", "stopped")] == [
        "ready",
        "delivered",
        "claimed",
        "ingested",
        "reloaded",
        "stopped",
    ]
    (delivered,) = daemon.logged("delivered")
    assert {line["delivery_id"] for line in daemon.log() if line.get("nwb") == "a.nwb"} == {delivered["delivery_id"]}


def test_a_database_that_hangs_does_not_hang_the_daemon(launch: Launch, lab: Lab, drop: Drop) -> None:
    """Its processes are stopped: the service manager still hears that the daemon is alive, and the status says why it waits."""
    daemon = launch()
    daemon.hear("READY")
    daemon.until(lambda: daemon.status().get("queue"))
    others = "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
    backends = [row[0] for row in lab.database.connection.query(others)]
    for process in backends:
        with suppress(ProcessLookupError):  # it has ended
            os.kill(process, signal.SIGSTOP)
    try:
        drop.deliver("a")
        daemon.until(lambda: daemon.status()["database"])
        assert daemon.status()["sentence"].startswith("the database is away: the database does not answer")
        for _ in range(3):
            daemon.hear("WATCHDOG")
    finally:
        for process in backends:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)
    daemon.until(drop.receipt("a").exists)


def test_the_first_signal_lets_finish_and_the_second_does_not(launch: Launch, lab: Lab, drop: Drop) -> None:
    """What ran is rolled back then; it costs no try, and the next start brings it in."""
    gate = Gate(lab)
    daemon = launch()
    drop.deliver("a")
    daemon.until(gate.reached)
    daemon.signal(signal.SIGTERM)
    daemon.hear("STOPPING")
    daemon.signal(signal.SIGTERM)
    assert daemon.wait() == 0
    assert len(lab.database.World()) == 0
    assert lab.database.Attempt.fetch1("outcome") == "unavailable"
    daemon = launch()
    daemon.until(gate.reached)
    daemon.signal(signal.SIGINT)
    daemon.hear("STOPPING")
    gate.open()
    assert daemon.wait() == 0
    assert drop.answer("a")["outcome"] == "ingested"
    assert len(lab.database.World & SESSION) == 1


def test_a_reload_with_a_mistake_changes_nothing(launch: Launch, lab: Lab, dropping: Callable[..., Drop]) -> None:
    """It is logged, and the daemon goes on as it was; when it is put right, the new folder is watched."""
    drop = dropping("first")
    daemon = launch()
    daemon.hear("READY")
    daemon.configure(lab, "[nonsense]")
    daemon.signal(signal.SIGHUP)
    daemon.hear("READY")
    (line,) = daemon.logged("configuration_wrong")
    assert "nonsense" in line["sentence"]
    drop.deliver("a")
    daemon.until(drop.receipt("a").exists)
    second = dropping("second")
    daemon.configure(lab)
    daemon.signal(signal.SIGHUP)
    daemon.hear("READY")
    second.deliver("b", session=42, number=2)
    daemon.until(second.receipt("b").exists)


def test_a_configuration_that_everybody_may_read_is_logged(launch: Launch) -> None:
    """It has passwords in its URLs, which the log does not repeat."""
    daemon = launch('[notify]\nurls = ["mailtos://ada:canary@lab.example.org"]')
    daemon.hear("READY")
    daemon.configuration.chmod(0o644)
    daemon.signal(signal.SIGHUP)
    daemon.hear("READY")
    line = daemon.logged("configuration_doubtful")[-1]
    assert "every user of this machine can read the passwords" in line["sentence"]
    assert "canary" not in str(daemon.log())


def test_a_wrong_configuration_ends_it_for_good(launch: Launch) -> None:
    """With the exit status by which systemd does not start it again, and every mistake on standard error."""
    daemon = launch("[nonsense]\nsettle = 3")
    assert daemon.wait() == 2
    assert "nonsense" in daemon._log.read_text()


def test_field_13_a_killed_daemon_leaves_nothing_locked(launch: Launch, lab: Lab, drop: Drop) -> None:
    """Its worker finishes what it does, or is killed with it: either way the next daemon brings everything in, once."""
    gate = Gate(lab)
    daemon = launch()
    drop.deliver("a", number=1)
    drop.deliver("b", session=42, number=2)
    daemon.until(gate.reached)
    workers = [worker["process"] for worker in daemon.status()["workers"]]
    daemon.signal(signal.SIGKILL)
    daemon.wait()
    for worker in workers:
        with suppress(ProcessLookupError):  # it had nothing to finish
            os.kill(worker, signal.SIGKILL)
    again = launch()

    def both() -> bool:
        if gate.reached():
            gate.open()
        hasten(lab)
        return drop.receipt("a").exists() and drop.receipt("b").exists()

    again.until(both)
    assert {drop.answer(stem)["outcome"] for stem in "ab"} == {"ingested"}
    assert len(lab.database.Ingestion()) == len(lab.database.World()) == 2
