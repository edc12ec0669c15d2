"""The daemon as systemd starts it and people ask it: a real process, its signals, what it says to systemd, and its commands."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from antelop import receipt
from antelop.config import load
from antelop.lab import Lab
from tests import servers
from tests.labs import ANIMALS, SESSION, furnish
from tests.recordings import write_recording

PATIENCE = 60.0


class Systemd:
    """What systemd is to the daemon: a socket, and whoever sends signals."""

    def __init__(self, config: Path, socket_path: Path) -> None:
        self.said: list[str] = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(socket_path))
        environment = os.environ | {"NOTIFY_SOCKET": str(socket_path), "WATCHDOG_USEC": "30000000"}
        command = [sys.executable, "-m", "antelop", "--config", str(config), "run"]
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)

    def hear(self, line: str) -> None:
        """Wait until the daemon says this."""
        while not any(message.startswith(line) for message in self.said):
            if not select.select([self.socket], [], [], PATIENCE)[0]:
                raise TimeoutError(f"it did not say {line}, but {self.said[-5:]}")
            self.said += self.socket.recv(4096).decode().splitlines()

    def end(self) -> int:
        """Wait until the daemon has ended; return its exit status."""
        return self.process.wait(PATIENCE)


@pytest.fixture
def house() -> Iterator[Path]:
    """Give a folder with a configuration, a furnished lab, and two drop folders."""
    with servers.public_folder() as folder:
        (folder / "analysis").mkdir()
        (folder / "drop").mkdir()
        (folder / "antelop.toml").write_text(
            'state = "state"\n[analysis]\nfolders = ["analysis"]\n[workers]\ncount = 1\n'
            '[[folders]]\npath = "drop"\nsettle = "100ms"\nexperimenters = ["lab"]\n'
        )
        with Lab(load(folder / "antelop.toml", {}), {}) as lab:
            furnish(lab)
        yield folder


@pytest.fixture
def start(house: Path) -> Iterator[Callable[[], Systemd]]:
    """Give what starts the daemon; what is left of it at the end is killed."""
    started: list[Systemd] = []

    def run() -> Systemd:
        started.append(Systemd(house / "antelop.toml", house / f"notify-{len(started)}"))
        return started[-1]

    yield run
    for systemd in started:
        systemd.process.kill()
        systemd.process.wait()
        systemd.socket.close()


def deliver(drop: Path, name: str, session_id: int, seed: int) -> Path:
    """Drop a recording without a video, and its manifest; return the manifest."""
    write_recording(drop / f"{name}.nwb", seed=seed)
    session = SESSION | {"session_id": session_id}
    animals = [{"animal_id": animal["animal_id"]} for animal in ANIMALS]
    manifest = {"specification": "antelop-manifest", "version": "1.0", "session": session, "animals": animals}
    temporary = drop / f".{name}.tmp"
    temporary.write_text(json.dumps(manifest))
    return temporary.rename(drop / f"{name}.manifest.json")


def outcome_of(manifest: Path, systemd: Systemd, kind: str) -> dict[str, Any]:
    """Wait for a receipt of some kind, as long as the daemon says that it is alive."""
    while True:
        found = receipt.read(receipt.path_for(manifest))
        if found and found["outcome"] == kind:
            return found
        systemd.said.clear()
        systemd.hear("WATCHDOG=1")


def ask(house: Path, *words: str) -> tuple[int, Any]:
    """Run a command with ``--json``; return its exit status and what it printed."""
    command = [sys.executable, "-m", "antelop", "--config", str(house / "antelop.toml"), "--json", *words]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    return process.returncode, [json.loads(line) for line in process.stdout.splitlines()]


def test_a_day_of_the_daemon(house: Path, start: Callable[[], Systemd]) -> None:
    """It is ready, takes what is dropped, answers questions, reads its configuration again, and stops when it is told."""
    assert ask(house, "status")[0] == 3
    systemd = start()
    systemd.hear("READY=1")
    good = deliver(house / "drop", "good", 41, 1)
    assert outcome_of(good, systemd, "ingested")["session"] == SESSION
    wrong = deliver(house / "drop", "wrong", 99, 2)
    assert outcome_of(wrong, systemd, "rejected")["problems"][0]["check"] == "session_unknown"
    status, (document,) = ask(house, "status")
    assert (status, document["running"], [folder["name"] for folder in document["folders"]]) == (0, True, ["drop"])
    assert {last["outcome"] for last in document["outcomes"]} == {"ingested", "rejected"}
    (explained,) = ask(house, "explain", str(house / "drop" / "wrong.nwb"))[1]
    assert explained["outcome"] == "rejected"
    assert "session 99 is not in the database" in json.dumps(explained)

    (house / "more").mkdir()
    with (house / "antelop.toml").open("a") as config:
        config.write('[[folders]]\npath = "more"\nsettle = "100ms"\n')
    systemd.process.send_signal(signal.SIGHUP)
    systemd.hear("RELOADING=1")
    another = deliver(house / "more", "another", 42, 3)
    assert outcome_of(another, systemd, "ingested")["session"]["session_id"] == 42

    assert ask(house, "add", "session", "lab/licking", "late", "--id", "99")[0] == 0
    assert ask(house, "retry", str(house / "drop" / "wrong.nwb"))[0] == 0
    assert outcome_of(wrong, systemd, "ingested")["session"]["session_id"] == 99

    systemd.process.send_signal(signal.SIGTERM)
    systemd.hear("STOPPING=1")
    assert systemd.end() == 0
    status, (document,) = ask(house, "status")
    assert (status, document["running"]) == (3, False)


def test_a_daemon_that_is_killed_goes_on_where_it_was(house: Path, start: Callable[[], Systemd]) -> None:
    """SIGKILL at whatever it does loses nothing: the next one finishes what was dropped, each session once."""
    systemd = start()
    systemd.hear("READY=1")
    manifests = [deliver(house / "drop", f"day-{number}", number, number) for number in range(41, 45)]
    outcome_of(manifests[0], systemd, "ingested")
    systemd.process.kill()
    systemd.end()
    another = start()
    another.hear("READY=1")
    for manifest in manifests:
        outcome_of(manifest, another, "ingested")
    another.process.send_signal(signal.SIGINT)
    assert another.end() == 0
    with closing(Lab(load(house / "antelop.toml", {}), {})) as lab:
        assert len(lab.database.World()) == len(lab.database.Ingestion()) == 4


def test_a_wrong_configuration_is_told_at_once(house: Path) -> None:
    """Every mistake, by key, and exit status 2, with which systemd does not start it again."""
    (house / "antelop.toml").write_text('state = "state"\nworker = 3\n[[folders]]\npath = "drop"\nsettle = "soon"\n')
    status, (document,) = ask(house, "run")
    assert status == 2
    assert [problem["where"].rpartition(" ")[2] for problem in document["problems"]] == ["folders[drop].settle", "worker"]
