"""What the benchmarks of small sessions have in common: a furnished lab, recordings of 12 features, and the daemon."""

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from antelop.config import load
from antelop.demo.acquisition import Made, events, sampled, spans, write
from antelop.lab import Lab
from antelop.lab.rigs import upload_rig_json
from tests.clocks import wall

EXPERIMENT = {"experimenter": "lab", "experiment_id": 1}
ANIMAL = {"animal_id": 17}
TRIALS = 100

TYPES = {
    **dict.fromkeys(("led", "port", "tone", "door"), "interval"),
    **dict.fromkeys(("lick", "poke", "reward", "sync"), "digital"),
    **dict.fromkeys(("force", "breath", "speed", "pupil"), "analog"),
}
RIG: dict[str, Any] = {
    "specification": "antelop-behaviour",
    "version": "0.0.1",
    "reference_point": "",
    "features": [
        {"name": name, "source": {"source_type": "acquisition"}, "data_type": data_type, "description": name}
        for name, data_type in TYPES.items()
    ],
}
MASKS = [{"name": name, "description": f"while the {name} is on", "function": f"trials.{name}"} for name in ("led", "tone")]
SCRIPT = '''
@antelop_analysis
class {title}:
    """While the {name} is on."""

    name = "{name}"
    query = "World"
    data = ["IntervalEvents"]
    returns = {{"data": np.ndarray, "timestamps": np.ndarray}}
    mask = True

    def run(key):
        return (IntervalEvents & key & {{"intervalevents_name": "{name}"}}).fetch1("data", "timestamps")
'''

CONFIGURATION = """
state = "state"
[analysis]
folders = ["analysis"]
[workers]
count = 2
[[folders]]
path = "drop"
"""


def make(folder: Path, sessions: int, more: str = "") -> Path:
    """Make a lab with that many sessions, numbered from 1, and nothing recorded; return its configuration's file.

    Parameters
    ----------
    folder
        Where everything is to be; empty.
    sessions
        How many.
    more
        Lines of the configuration's drop folder.
    """
    configuration = folder / "antelop.toml"
    configuration.write_text(CONFIGURATION + more)
    for name in ("drop", "analysis"):
        (folder / name).mkdir()
    scripts = [SCRIPT.format(name=mask["name"], title=mask["name"].title()) for mask in MASKS]
    (folder / "analysis" / "trials.py").write_text("".join(scripts))
    with Lab(load(configuration, {}), {}, wall) as lab:
        database = lab.database
        database.Experimenter.insert1({"experimenter": "lab", "full_name": "The lab"})
        database.Experiment.insert1({**EXPERIMENT, "experiment_name": "small"})
        database.Animal.insert1({**EXPERIMENT, **ANIMAL, "animal_name": "m17"})
        database.Session.insert(
            {**EXPERIMENT, "session_id": number, "session_name": f"day {number}"} for number in range(1, sessions + 1)
        )
        upload_rig_json(lab, "lab", "rig", RIG, MASKS)
    return configuration


def record(path: Path) -> Path:
    """Write a recording of 1 MB, of which `another` makes others."""
    random = np.random.default_rng(0)
    onsets = np.arange(TRIALS) * 6.0
    times = np.arange(30_000) / 100
    made: dict[str, Made] = {}
    for name, data_type in TYPES.items():
        if data_type == "interval":
            made[name] = spans(onsets + random.uniform(0, 1, TRIALS), onsets + random.uniform(1, 2, TRIALS))
        elif data_type == "digital":
            made[name] = events(onsets + random.uniform(0, 5, TRIALS), random.integers(1, 9, TRIALS))
        elif name in ("force", "breath"):
            made[name] = sampled(random.integers(-400, 400, 60_000, np.int16), 100.0, conversion=0.5e-3)
        else:
            made[name] = events(times, random.standard_normal(len(times)), unit="V")
    series = {f"acquisition/{name}": each for name, each in made.items()}
    started = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    write(path, series, cache_spec=False, session_description="small", identifier="small", session_start_time=started)
    return path


def another(source: Path, target: Path, number: int) -> Path:
    """Write a recording that differs from another in every large array, and in its name."""
    shutil.copyfile(source, target)
    with h5py.File(target, "r+") as file:
        file.attrs["object_id"] = f"00000000-0000-0000-0000-{number:012}"
        file["identifier"][()] = f"small {number}"
        for name in ("force", "breath", "speed", "pupil"):
            file[f"acquisition/{name}/data"][0] = number
    return target


def manifest(recording: Path, session_id: int, *, stated: bool = False) -> Path:
    """Write the manifest of a recording beside it, under another ending; `stated`: with the recording's size and hash."""
    document: dict[str, Any] = {
        "specification": "antelop-manifest",
        "version": "1.0",
        "session": {**EXPERIMENT, "session_id": session_id},
        "animals": [],
    }
    if stated:
        content = recording.read_bytes()
        document |= {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    path = recording.with_suffix(".tmp")
    path.write_text(json.dumps(document))
    return path


class Daemon:
    """``antelop run``, which says when it is ready as it does to systemd.

    Parameters
    ----------
    configuration
        Its file.

    Attributes
    ----------
    process
        It.
    ready_after
        Seconds from its start.
    """

    def __init__(self, configuration: Path) -> None:
        with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as notify:
            notify.bind(f"\0{configuration}")
            notify.settimeout(120)
            environment = {**os.environ, "NOTIFY_SOCKET": f"@{configuration}"}
            started = time.monotonic()
            with configuration.with_name("log").open("ab") as log:
                command = [sys.executable, "-m", "antelop", "run", "--config", str(configuration)]
                self.process = subprocess.Popen(command, env=environment, stderr=log)
            while b"READY=1" not in notify.recv(4096):
                pass
        self.ready_after = time.monotonic() - started
        self._state = configuration.with_name("state")

    def used(self) -> tuple[float, float]:
        """Return what its own process has used: seconds of processor time, and MB of resident memory."""
        return _used(self.process.pid)

    def used_by_watchers(self) -> tuple[float, float]:
        """Return what the processes that watch its folders have used together, alike."""
        seconds, memory = zip(*map(_used, self._children("antelop.dropfolder")), strict=True)
        return sum(seconds), sum(memory)

    def used_by_all(self) -> dict[str, float]:
        """Return how many seconds of processor time each kind of process has used; the masks are their fork servers', too."""
        workers = self._children("antelop.worker.process")
        servers = [server for worker in workers for server in _children(worker)]
        postmaster = int((self._state / "postgres/data/postmaster.pid").read_text().partition("\n")[0])
        return {
            "service": _used(self.process.pid)[0],
            "watchers": self.used_by_watchers()[0],
            "workers": _used_by_ended_children(self.process.pid) + sum(_used(worker)[0] for worker in workers),
            "masks": sum(_used(server)[0] + _used_by_ended_children(server) for server in servers),
            "database": _used_by_ended_children(postmaster)
            + sum(_used(process)[0] for process in (postmaster, *_children(postmaster))),
        }

    def stop(self) -> None:
        """Stop it in order."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(120)

    def _children(self, program: str) -> list[int]:
        """Return its child processes that run a program."""
        children = _children(self.process.pid)
        return [child for child in children if program.encode() in Path(f"/proc/{child}/cmdline").read_bytes()]


def _children(process: int) -> list[int]:
    """Return the child processes of one."""
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def _used(process: int) -> tuple[float, float]:
    """Return what a process has used (proc(5))."""
    fields = _stat(process)
    return sum(fields[11:13]) / os.sysconf("SC_CLK_TCK"), fields[21] * os.sysconf("SC_PAGE_SIZE") / 1e6


def _used_by_ended_children(process: int) -> float:
    """Return the seconds of processor time that the children of a process have used that have ended (likewise)."""
    return sum(_stat(process)[13:15]) / os.sysconf("SC_CLK_TCK")


def _stat(process: int) -> list[int]:
    """Return the numbers that the kernel has of a process, from its parent on; the first, its state, is 0."""
    return [0, *map(int, Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1:])]


@contextmanager
def daemon(configuration: Path) -> Iterator[Daemon]:
    """Run the daemon."""
    running = Daemon(configuration)
    try:
        yield running
    finally:
        running.stop()
