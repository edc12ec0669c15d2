"""The command line: its commands, and how tests run them, in a process, on a terminal, and on any lab."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from antelop.cli import main
from antelop.cli.command import Command
from antelop.cli.terminal import Terminal
from antelop.config import Config
from antelop.lab import Lab
from tests.clocks import still, ticking
from tests.labs import EXPERIMENT
from tests.recordings import LICKING_RIG, write_recording

ORDINARY = () if os.geteuid() else ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
"""How a command line begins that may read and write only what the modes of files allow, as that of anyone but root."""

ANTELOP = [sys.executable, "-c", "from antelop.cli import main; main()"]
"""How a command line begins that is a process of its own."""

Run = Callable[..., Result]
"""Runs a command line: ``antelop("rig", "list")``."""

one_database = pytest.mark.parametrize("served_lab", ["postgresql"], indirect=True)
"""For what does not differ between the databases, or is tested elsewhere on both."""


def commands(group: click.Group, path: str = "antelop") -> Iterator[tuple[str, Command]]:
    """Yield every command with the words by which it is called."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            assert isinstance(command, Command)
            yield f"{path} {name}", command


COMMANDS = dict(commands(main))


def as_toml(config: Config) -> str:
    """Return the configuration file of a lab."""
    sections: dict[str, dict[str, object]] = {
        "store": {"location": str(config.store)},
        "analysis": {"folders": [str(folder) for folder in config.analysis.folders]},
    }
    if server := config.database:
        place = {"backend": server.backend, "host": server.host, "port": server.port}
        sections["database"] = {**place, "service": server.service or "", "use_tls": bool(server.use_tls)}
    lines = [f"state = {json.dumps(str(config.state))}"]
    for section, values in sections.items():
        lines += [f"[{section}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    for folder in config.folders:
        lines += ["[[folders]]", f"path = {json.dumps(str(folder.path))}"]
    return "\n".join(lines)


@pytest.fixture
def command(
    served_lab: tuple[Lab, Mapping[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """Give what runs a command line on a configuration: ``command(config, "verify", "--deep")``."""
    for name, value in served_lab[1].items():
        monkeypatch.setenv(name, value)

    def run(config: Config, *words: str) -> Result:
        file = tmp_path / "written.toml"
        file.write_text(as_toml(config))
        return CliRunner().invoke(main, [*words, "--config", str(file)], obj=Terminal(clock=still), prog_name="antelop")

    return run


@pytest.fixture
def antelop(served_lab: tuple[Lab, Mapping[str, str]], lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Give what runs a command line on the lab, in a folder with its configuration, a rig and nothing else."""
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "antelop.toml").write_text(as_toml(lab.config))
    (folder / "rig.json").write_text(json.dumps(LICKING_RIG))
    monkeypatch.chdir(folder)
    for name, value in served_lab[1].items():
        monkeypatch.setenv(name, value)
    clock = ticking()

    def run(*words: str, **more: Any) -> Result:
        return CliRunner().invoke(main, words, obj=Terminal(clock=clock), prog_name="antelop", **more)

    return run


def deliver(name: str, session: int | str = 41, *, seed: int = 0, **series: Any) -> Path:
    """Put a recording and its manifest into the folder; return the manifest."""
    write_recording(Path(f"{name}.nwb"), seed=seed, series={path.replace("__", "/"): made for path, made in series.items()})
    called = {"session_name" if isinstance(session, str) else "session_id": session}
    manifest = Path(f"{name}.manifest.json")
    document = {
        "specification": "antelop-manifest",
        "version": "1.0",
        "session": {**EXPERIMENT, **called},
        "animals": [{"animal_id": 17}, {"animal_id": 18}],
    }
    manifest.write_text(json.dumps(document))
    return manifest


def lines(result: Result) -> list[dict[str, Any]]:
    """Return what a program reads on standard output: an object a line."""
    return [json.loads(line) for line in result.stdout.splitlines()]


def on_a_terminal(*words: str, answer: str = "", **environment: str) -> tuple[int, str]:
    """Run a command line on a terminal of 200 columns, type an answer; return the status, and what was to be read."""
    here, there = pty.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("4H", 50, 200, 0, 0))
    variables = {**os.environ, "TERM": "xterm", **environment}
    process = subprocess.Popen([*ANTELOP, *words], stdin=there, stdout=there, stderr=there, env=variables)
    os.close(there)
    read = b""
    try:
        while chunk := os.read(here, 65536):
            read += chunk
            if answer and read.endswith(b"[y/N]: "):
                os.write(here, answer.encode())
    except OSError:  # as Linux says that nobody is there any more
        pass
    os.close(here)
    return process.wait(), read.decode().replace("\r\n", "\n")
