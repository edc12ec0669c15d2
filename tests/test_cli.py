"""The command line: what people and programs read, and the exit status that says what came of it."""

import json
import os
import pty
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import h5py
import pytest
from click.testing import CliRunner, Result

from antelop.cli import main
from antelop.cli.command import Command
from antelop.cli.sessions import since
from antelop.cli.terminal import printable
from antelop.lab import Lab
from tests.labs import EXPERIMENT, OWNER, SESSION
from tests.recordings import LICKING_RIG, events, write_recording

ANTELOP = [sys.executable, "-c", "from antelop.cli import main; main()"]

Run = Callable[..., Result]


def commands(group: click.Group, path: str = "antelop") -> Iterator[tuple[str, Command]]:
    """Yield every command with the words by which it is called."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            assert isinstance(command, Command)
            yield f"{path} {name}", command


COMMANDS = dict(commands(main))


# Without a lab.


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_has_an_example(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The help of every command ends with an example, and the example is a right command line."""
    for file in ("2026-11-22_m17.manifest.json", "2026-11-22_m17.nwb", "open-field.json", "rig.json", "led-spectrum.pdf"):
        (tmp_path / file).touch()
    monkeypatch.chdir(tmp_path)
    called: list[str] = []
    monkeypatch.setattr(Command, "invoke", lambda _, ctx: called.append(ctx.command_path))
    example = COMMANDS[name].example
    words = name.split()[1:]
    assert CliRunner().invoke(main, [*words, "--help"]).output.endswith(f"Example:\n  {example}\n")
    result = CliRunner().invoke(main, shlex.split(example)[1:], prog_name="antelop")
    assert (result.output, called) == ("", [name])


def test_help_is_quick() -> None:
    """No library that takes long to import is imported to show the help."""
    script = """
import sys
from antelop.cli import main
try:
    main(["--help"])
finally:
    print(sorted({"datajoint", "h5py", "jsonschema", "psycopg2", "pynwb", "rich"} & set(sys.modules)))
"""
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert printed.startswith("Usage:")
    assert printed.endswith("[]\n")


def test_the_version() -> None:
    """The version is that of the distribution."""
    assert CliRunner().invoke(main, ["--version"], prog_name="antelop").output == "antelop 0.1.0\n"


NOW = datetime(2026, 11, 22, 15, 30)  # noqa: DTZ001  # local time


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("today", "2026-11-22 00:00:00"),
        ("yesterday", "2026-11-21 00:00:00"),
        ("3d", "2026-11-19 15:30:00"),
        ("12h", "2026-11-22 03:30:00"),
        ("2026-11-20", "2026-11-20 00:00:00"),
        ("2026-11-20T08:15", "2026-11-20 08:15:00"),
        ("2026-11-20T08:15+01:00", "2026-11-20 08:15:00+01:00"),
    ],
)
def test_since(text: str, time: str) -> None:
    """A time to look back to is a day, a span or a time."""
    assert str(since(text, NOW)) == time


@pytest.mark.parametrize("text", ["", "tomorrow", "d", "3 d", "-3d", "999999d", "2026-13-01"])
def test_since_when(text: str) -> None:
    """Other text is a wrong command line that says what is right."""
    result = CliRunner().invoke(main, ["sessions", "--since", text], prog_name="antelop")
    said = f"Error: Invalid value for '--since': {text!r} is none of today, yesterday, 3d, 12h, 2026-11-22, 2026-11-22T09:30\n"
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.endswith(said)


def test_what_is_printed_is_escaped() -> None:
    """What moves the cursor, colours the screen, turns the writing round or is no character is printed as an escape."""
    assert printable("Åda, 17 µL, 日本\nnext") == "Åda, 17 µL, 日本\nnext"
    assert printable("\x1b[31m\r\t\u202e\udcff\0") == r"\x1b[31m\r\t\u202e\udcff\x00"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ingest", "Missing argument 'MANIFEST...'"),
        ("ingest nowhere.manifest.json", "Invalid value for 'MANIFEST...': File 'nowhere.manifest.json' does not exist."),
        ("ingst", "No such command 'ingst'."),
        ("check x.nwb", "an NWB file is checked against a rig: give --rig RIG.json, or check its manifest"),
        ("check x.json --rig x.json", "a manifest names its rig itself: leave --rig out, or check the NWB file"),
        ("remove ada/licking", "Invalid value for 'SESSION': 'ada/licking' is not of the form experimenter/experiment/session"),
        ("remove ada//1", "Invalid value for 'SESSION': 'ada//1' is not of the form experimenter/experiment/session"),
        ("remove ada/licking/41", "there is no terminal to ask on: give --yes to remove the recording without being asked"),
        ("rig show licking", "Invalid value for 'RIG': 'licking' is not of the form experimenter/rig"),
        ("rig add ada x x.json --mask trials", "'trials' is not of the form name=script.function:description"),
    ],
)
def test_a_wrong_command_line(line: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong command line is told on standard error, and the status is 2."""
    for name in ("x.nwb", "x.json"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, line.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
