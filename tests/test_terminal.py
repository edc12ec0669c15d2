"""How commands print results and failures: to people and to programs, on terminals and into files; and the exit status."""

import errno
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from antelop import cli
from antelop.cli import main
from antelop.cli.terminal import Terminal
from antelop.demo.acquisition import events
from antelop.lab import Lab
from antelop.lab.metadata import LONGEST
from tests.clocks import NOW, still
from tests.commands import ANTELOP, Run, deliver, lines, on_a_terminal, one_database
from tests.labs import OWNER


@one_database
def test_who_is_told_where(antelop: Run) -> None:
    """A command other than ingest and check tells people on standard error, and programs on standard output."""
    for_people, for_programs = antelop("rig", "show", "lab/licking"), antelop("--json", "rig", "show", "lab/licking")
    assert (for_people.exit_code, for_people.stdout) == (1, "")
    assert (
        for_people.stderr
        == """\
rejected  1 problem
  problem  rig: rig "licking" is not in the database
           Perhaps you mean 1 ("licking rig")
"""
    )
    assert (for_programs.exit_code, for_programs.stderr) == (1, "")
    problem = {
        "check": "rig_unknown",
        "where": "rig",
        "what": 'rig "licking" is not in the database',
        "remedy": 'Perhaps you mean 1 ("licking rig")',
    }
    sentence = 'rig: rig "licking" is not in the database. Perhaps you mean 1 ("licking rig").'
    assert lines(for_programs) == [{"outcome": "rejected", "sentence": sentence, "problems": [problem]}]


@one_database
def test_colours(antelop: Run) -> None:
    """There are colours on a terminal, unless NO_COLOR is set, and in no file."""
    deliver("day")
    words = ("check", "day.nwb", "--rig", "rig.json")
    said = "day.nwb: 0 problems, 0 warnings\n"
    assert on_a_terminal(*words, NO_COLOR="") == (0, f"\x1b[32m\x1b[1mpassed\x1b[0m  {said}")
    assert on_a_terminal(*words, NO_COLOR="1") == (0, f"passed  {said}")
    assert antelop(*words).output == f"passed  {said}"


@one_database
def test_letters_that_a_terminal_does_not_have(antelop: Run, lab: Lab) -> None:
    """A name is no error where the terminal has no letters for it."""
    lab.database.BehaviourRig.update1({**OWNER, "behaviourrig_id": 1, "behaviourrig_name": "Käfig 日"})
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    listed = subprocess.run([*ANTELOP, "rig", "list"], env=environment, capture_output=True, encoding="latin-1", check=True)
    assert r"Käfig \u65e5 " in listed.stdout
    assert "Käfig 日 " in antelop("rig", "list").output


@one_database
def test_names_that_would_do_something_to_the_terminal(antelop: Run) -> None:
    """A file's name is printed so that it neither colours the screen nor forges a line; programs get it as JSON has it."""
    name = "day\x1b[31m\ningested  other.manifest.json"
    deliver(name, 99)
    result = antelop("ingest", f"{name}.manifest.json")
    assert result.output.splitlines()[0] == r"rejected  day\u001b[31m\ningested  other.manifest.json.manifest.json: 1 problem"
    assert [line for line in result.output.splitlines() if not line.startswith("  ")] == result.output.splitlines()[:1]
    assert antelop("rig", "show", "lab\udcff/\x1b[31m").exit_code == 1


ODD = "ada\x1b[2J\x9b0J\u202e\nstored  everything\r"
"""A name that clears a terminal, colours it, turns text around, and looks like a line of ours."""


def harmless(result: Result) -> bool:
    """Tell whether a command has printed the odd name, and none of its lines does anything to a terminal or is forged."""
    printed = re.sub(r"\x1b\[[0-9]+m", "", result.output).split("\n")  # the colours are ours
    return (
        r"ada\u001b" in result.output
        and all(line.isprintable() for line in printed)
        and not any(line.startswith("stored") for line in printed)
    )


@one_database
def test_a_row_is_printed_without_what_moves_a_cursor(antelop: Run, lab: Lab) -> None:
    """What anyone has written into a row is escaped wherever a command prints it."""
    deliver("day", acquisition__lick=events([3.0, 1.0, 2.0], [1, 2, 3]))
    antelop("ingest", "day.manifest.json")
    renamed = f"UPDATE {lab.database.Experimenter.full_table_name} SET experimenter = %s"  # noqa: S608  # a table of ours
    lab.database.connection.query(renamed, (ODD,))
    assert harmless(antelop("sessions", color=True))
    assert harmless(antelop("rig", "list", color=True))
    assert harmless(antelop("rig", "show", f"{ODD}/1", color=True))
    assert harmless(antelop("rig", "attach", f"{ODD}/1/led", "rig.json", color=True))
    assert harmless(antelop("remove", f"{ODD}/1/41", "--yes", color=True))


def test_a_status_is_printed_without_what_moves_a_cursor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the file of the status says is escaped, too."""
    monkeypatch.chdir(tmp_path)
    Path("antelop.toml").write_text('state = "."')
    none: dict[str, list[str]] = {name: [] for name in ("folders", "waiting", "workers", "outcomes", "outdated_masks")}
    times = dict.fromkeys(("started", "written"), NOW.isoformat())
    said = {"version": ODD, "process": 7, "sentence": ODD, "last_hour": 0, "notices": {"failing": [ODD]}}
    Path("status.json").write_text(json.dumps({**none, **times, **said}))
    result = CliRunner().invoke(main, ["status"], obj=Terminal(clock=still), color=True)
    assert harmless(result)
    assert len(result.output.splitlines()) == 3


@pytest.mark.parametrize("words", [["explain", ODD, ODD], ["check", ODD], ["rig", "show", ODD], ["manual", ODD], [ODD]])
def test_a_wrong_command_line_is_repeated_without_what_moves_a_cursor(words: list[str]) -> None:
    """The names of files that a shell puts into a command line are escaped when the line is wrong."""
    result = CliRunner().invoke(main, words, color=True)
    assert result.exit_code == 2
    assert "\x1b" not in result.output
    assert all(line.isprintable() for line in result.output.split("\n"))
    assert not re.search("^stored", result.output, re.MULTILINE)


# What goes wrong.

NOWHERE = '[database]\nbackend = "postgresql"\nhost = "127.0.0.1"\nport = 1\nuse_tls = false\n'


def without_a_lab(folder: Path, configuration: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command line in a process of its own, with a configuration."""
    (folder / "antelop.toml").write_text(configuration)
    environment = {**os.environ, "DB_USER": "ada", "DB_PASS": "secret"}
    return subprocess.run([*ANTELOP, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_a_database_that_is_away(tmp_path: Path) -> None:
    """A database that does not answer is status 3 and one sentence."""
    result = without_a_lab(tmp_path, NOWHERE, "sessions", "--json")
    (line,) = result.stdout.splitlines()
    document = json.loads(line)
    assert (result.returncode, document["outcome"], document["problems"], result.stderr) == (3, "unavailable", [], "")
    for_people = without_a_lab(tmp_path, NOWHERE, "sessions")
    assert (for_people.returncode, for_people.stdout) == (3, "")
    assert for_people.stderr == f"unavailable  {document['sentence']}\n"


def test_a_configuration_that_is_wrong(tmp_path: Path) -> None:
    """A wrong configuration is status 2 and every mistake in it."""
    result = without_a_lab(tmp_path, "stat = 1\n[workers]\ncount = 0\n", "sessions")
    assert (result.returncode, result.stdout) == (2, "")
    first, *rest = result.stderr.splitlines()
    assert first == "misconfigured  2 problems"
    assert re.findall("antelop.toml: ([a-z.]+)", "".join(rest)) == ["workers.count", "stat"]


def test_a_working_directory_that_was_removed(tmp_path: Path) -> None:
    """A command does without."""
    configuration = tmp_path / "antelop.toml"
    configuration.write_text(NOWHERE)
    script = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"'
    places = {"STATE_DIRECTORY": str(tmp_path), "PYTHONPATH": str(Path(cli.__file__).parents[2])}
    for named in (str(configuration), ""):
        done = subprocess.run(
            ["/bin/sh", "-c", script, "sh", *ANTELOP, "status"],
            cwd=tmp_path,
            env={**os.environ, **places, "ANTELOP_CONFIG": named},
            capture_output=True,
            text=True,
            check=False,
        )
        said = f"unavailable  the service has never run with {tmp_path} as its state directory\n"
        assert (done.returncode, done.stdout, done.stderr) == (3, "", said)


@pytest.mark.parametrize("flag", ["", "--json"])
def test_a_defect_of_ours(flag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What we did not foresee is status 4, with its traceback and who is to blame on standard error."""

    def defect(_text: bytes) -> None:
        raise ZeroDivisionError("by nothing\n\x1b[31m")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("antelop.lab.metadata.read", defect)
    result = CliRunner().invoke(main, ["add", "session", "--from-json", "-", *flag.split()], input="{}")
    said = r"ZeroDivisionError: by nothing\n\u001b[31m. This is a defect of antelop, not of your data: please report it"
    assert result.exit_code == 4
    assert "in defect\n" in result.stderr
    if flag:
        assert lines(result)[0]["outcome"] == "failed"
    else:
        assert result.stdout == ""
        assert said in result.stderr.replace("by nothing\n", r"by nothing\n")


def test_what_the_system_refuses_is_no_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file or folder that is closed, full or broken is named in a sentence, whichever command meets it."""

    def refuse(_text: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/srv/state/a")

    monkeypatch.setattr("antelop.lab.metadata.read", refuse)
    result = CliRunner().invoke(main, ["add", "session", "--from-json", "-"], input="{}")
    said = "unavailable  /srv/state/a cannot be used: No space left on device\n"
    assert (result.exit_code, result.output) == (3, said)


def test_a_row_that_is_far_too_long(tmp_path: Path) -> None:
    """No more of a row is read than its columns could take."""
    (tmp_path / "row.json").write_bytes(b'{"notes": "' + bytes([0x61]) * LONGEST + b'"}')
    result = CliRunner().invoke(main, ["add", "experiment", "--from-json", str(tmp_path / "row.json")])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"rejected  1 problem\n  problem  the row has more than {LONGEST} bytes\n")


def test_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends a command without a word, and with the status that a shell expects."""

    def interrupt(_text: bytes) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("antelop.lab.metadata.read", interrupt)
    result = CliRunner().invoke(main, ["add", "session", "--from-json", "-"], input="{}")
    assert (result.exit_code, result.output) == (130, "")


@one_database
def test_a_closed_pipe(antelop: Run) -> None:
    """Who has read enough and closes the pipe hears no complaint."""
    reader, writer = os.pipe()
    os.close(reader)
    listing = subprocess.run([*ANTELOP, "rig", "list"], stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (listing.returncode, listing.stderr) == (141, b"")
    assert antelop("rig", "list").exit_code == 0


@one_database
def test_progress(antelop: Run) -> None:
    """Recomputing shows how far it has come on a terminal, and leaves one line."""
    deliver("day")
    deliver("another day", 42, seed=1)
    antelop("ingest", "day.manifest.json", "another day.manifest.json")
    status, said = on_a_terminal("masks", "recompute", "lab", NO_COLOR="1")
    assert status == 0
    assert "masks" in said
    assert said.endswith("recomputed  lab: 20 trials in trials\n")
    assert re.search("masks .*100%", said)
