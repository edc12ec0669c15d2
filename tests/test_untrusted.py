"""Nothing of an analysis folder is run while somebody who is not trusted could change it, whoever asks for what it holds."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from antelop import scripting
from antelop.config import WorkersConfig
from antelop.errors import Misconfigured
from antelop.ingest.session import insert_nwb
from antelop.lab import Lab
from antelop.worker import Worker
from antelop.worker.events import Compared, Done, Event, Trusted, Untrusted
from antelop.worker.process import RECONSIDER_EVERY
from tests.commands import COMMANDS, Run
from tests.daemons import Start
from tests.drops import Drop
from tests.labs import ANIMALS, MASKS, SESSION
from tests.recordings import LICKING_RIG
from tests.servers import public_folder

ANOTHER = {**SESSION, "session_id": 42}

WORDS: dict[str, list[str]] = {
    "antelop ingest": ["ingest", "rig-2/a.manifest.json"],
    "antelop check": ["check", "rig-2/a.manifest.json"],
    "antelop masks try": ["masks", "try", "licking.table_trials", "lab/1/41"],
    "antelop masks recompute": ["masks", "recompute", "lab/1/41"],
    "antelop rig add": ["rig", "add", "lab", "new rig", "rig.json", "--mask", "trials=licking.table_trials"],
    "antelop verify": ["verify"],
}
"""The commands that need a function of the lab, and how one that does is called."""

NEEDLESS = {
    "antelop add animal": ["add", "animal", "lab/licking", "m19"],
    "antelop add experiment": ["add", "experiment", "lab", "rewards"],
    "antelop add experimenter": ["add", "experimenter", "ada", "--full-name", "Ada"],
    "antelop add session": ["add", "session", "lab/licking", "day 99"],
    "antelop backup": ["backup", "copy"],
    "antelop explain": ["explain", "rig-2/a.nwb"],
    "antelop export": ["export", "lab/1/41", "out.nwb"],
    "antelop gc": ["gc"],
    "antelop manual": ["manual"],
    "antelop migrate": ["migrate"],
    "antelop remove": ["remove", "lab/1/41", "--yes"],
    "antelop retry": ["retry", "--all"],
    "antelop rig attach": ["rig", "attach", "lab/licking rig/led", "rig.json"],
    "antelop rig list": ["rig", "list"],
    "antelop rig show": ["rig", "show", "lab/licking rig"],
    "antelop sessions": ["sessions"],
    "antelop status": ["status"],
}
"""Those that need none."""

ELSEWHERE = {"antelop run", "antelop worker", "antelop demo", "antelop restore"}
"""The service and its worker, which have tests of their own here; the demo, likewise; and one that opens no lab."""


class Trap:
    """A lab that holds a session, with a script that anybody may write, and which leaves a mark when it is run."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab = lab
        self.script = lab.config.analysis.folders[0] / "licking.py"
        self._mark = folder / "it was run"
        self._sound = self.script.read_text()

    def set(self) -> None:
        """Let everybody write the script, and have somebody use that."""
        self.script.write_text(f"{self._sound}\nopen({str(self._mark)!r}, 'w').close()\n")
        self.script.chmod(0o666)

    def lift(self) -> None:
        """Put the script right."""
        self.script.write_text(self._sound)
        self.script.chmod(0o644)

    @property
    def sentence(self) -> str:
        """What is said while it is set."""
        return f"{self.script}: everybody may write it (-rw-rw-rw-). Run `chmod o-w {self.script}`."

    @property
    def sprung(self) -> bool:
        """Whether the script was run."""
        return self._mark.exists()


@pytest.fixture
def trap(lab: Lab, drop: Drop, recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trap:
    """Give a trap that is set, and what commands find in the working directory: a delivery, and a rig."""
    drop.deliver("a", session=42)
    insert_nwb(lab, SESSION, ANIMALS, recording, "licking rig")
    (tmp_path / "rig.json").write_text(json.dumps(LICKING_RIG))
    monkeypatch.chdir(tmp_path)
    trap = Trap(lab, tmp_path)
    trap.set()
    return trap


def test_every_command_is_tried() -> None:
    """A command that is new is tried here, too."""
    assert {*WORDS, *NEEDLESS, *ELSEWHERE} == {*COMMANDS}


def test_no_command_runs_a_script(trap: Trap, command: Run) -> None:
    """A command that needs a function says what to do and ends with status 2; all others do what they are for."""
    for name, words in {**WORDS, **NEEDLESS}.items():
        result = command(trap.lab.config, *words, "--json")
        if name in WORDS:
            (said,) = map(json.loads, result.stdout.splitlines())
            assert (name, result.exit_code, said["outcome"]) == (name, 2, "misconfigured")
            assert said["sentence"] == trap.sentence
        else:
            assert trap.sentence not in result.stdout, name
        assert not trap.sprung, name


def test_no_function_for_scripts_runs_a_script(trap: Trap, recording: Path) -> None:
    """What a person calls raises an error that says what to do, and leaves everything as it was."""
    own = scripting.Scripting(lambda: trap.lab)
    calls: Mapping[str, Callable[[], object]] = {
        "namespace": lambda: scripting.names(own),
        "insert_nwb": lambda: own.insert_nwb(ANOTHER, ANIMALS, recording, "licking rig"),
        "recompute_masks": lambda: own.recompute_masks(SESSION),
        "upload_rig_json": lambda: own.upload_rig_json("lab", "new rig", LICKING_RIG, MASKS),
    }
    for name, call in calls.items():
        with pytest.raises(Misconfigured) as refused:
            call()
        assert (name, str(refused.value)) == (name, trap.sentence)
    assert not trap.sprung
    assert len(trap.lab.database.World()) == 1


def test_load_connection_runs_no_script(
    trap: Trap, command: Run, served_lab: tuple[Lab, Mapping[str, str]], tmp_path: Path
) -> None:
    """A script, or a notebook, gets the error at its first line."""
    command(trap.lab.config, "status")  # which writes the configuration
    words = [sys.executable, "-c", "from antelop.load_connection import *"]
    environment = {**os.environ, **served_lab[1], "ANTELOP_CONFIG": str(tmp_path / "written.toml")}
    process = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert process.returncode == 1
    assert process.stderr.endswith(f"antelop.errors.Misconfigured: {trap.sentence}\n")
    assert not trap.sprung


def test_no_worker_runs_a_script(trap: Trap) -> None:
    """It takes no delivery, and looks at none again; what was rejected meanwhile stays so."""
    events: list[Event] = []
    worker = Worker(trap.lab, events.append)
    assert not worker.work()
    assert worker.reconsider("") is None
    assert [type(event) for event in events] == [Untrusted]
    assert not trap.sprung
    trap.lift()
    assert worker.reconsider("") is None
    assert [type(event) for event in events] == [Untrusted, Trusted, Compared]


@pytest.mark.parametrize("served_lab", ["postgresql"], indirect=True)
def test_no_service_runs_a_script(trap: Trap, start: Start) -> None:
    """It holds everything, for as long as that may be, and goes on when the script is put right."""
    daemon = start(workers=WorkersConfig(count=1))
    daemon.until_said(Untrusted)
    for _ in range(3):
        daemon.ahead += RECONSIDER_EVERY
        daemon.tick(daemon.now())
        daemon.pool.nudge()
    trap.lift()
    daemon.pool.nudge()
    assert daemon.until_said(Done)[0].state == "ingested"
    assert not trap.sprung


def test_the_demo_runs_no_script() -> None:
    """Where others may write, it says so instead of making a lab there."""
    with public_folder() as folder:
        folder.chmod(0o777)
        words = [sys.executable, "-m", "antelop", "demo", str(folder / "lab")]
        process = subprocess.run(words, capture_output=True, text=True, check=False)
    assert process.returncode == 2
    assert f"{folder}: everybody may write it (drwxrwxrwx)" in process.stderr
