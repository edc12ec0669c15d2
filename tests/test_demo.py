"""The demo, as a person runs it, and what it leaves for them."""

import getpass
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from antelop.demo.lab import MARK
from antelop.demo.licking import filmed
from antelop.demo.video import avi
from antelop.trials import split_trials
from tests.commands import ORDINARY
from tests.documents import blocks
from tests.servers import public_folder

DEMO = [sys.executable, "-m", "antelop", "demo"]

STATE = r" *\d+\.\d s   "
"""How the line of a state begins."""


@pytest.fixture(scope="module")
def lab() -> Iterator[Path]:
    """Where the demo's lab is to be: every user can reach it, as root's database server has to."""
    with public_folder() as folder:
        yield folder / "a lab"


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the demo to its end, not on a terminal, with a home directory that cannot be made."""
    environment = {**os.environ, "HOME": "/dev/null"}
    environment.pop("XDG_CACHE_HOME", None)
    return subprocess.run([*DEMO, *words], env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def told(lab: Path) -> str:
    """Return what the demo says the first time that it runs."""
    done = run(lab)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def pasted(told: str, *commands: str) -> str:
    """Paste into a shell the line that the demo gives for it, then some commands; return what is printed."""
    [line] = re.findall("^cd .*", told, re.MULTILINE)
    return subprocess.run(
        ["/bin/bash", "-e"], input="\n".join([line, *commands]), stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def test_it_tells_what_becomes_of_a_session(told: str, lab: Path) -> None:
    """From the first file in the drop folder to the receipt, each state as it comes, then what went in, and nothing else."""
    lines = told.partition("The trials of each mask")[0].splitlines()
    states = [re.sub(STATE, "", line) for line in lines if re.match(STATE, line)]
    ingested = "ingested: session demo/1/1: 9 features, 10 trials in led_to_reward, 18 trials in lick_bouts"
    assert [line for line in lines if not re.match(STATE, line)] == [
        f"A lab in a box: {lab}",
        "",
        "lab       experimenter demo, experiment licking, animals m17 and m18, rig licking with two masks",
        f"daemon    started; it watches {lab}/drop",
        "dropped   day-1.nwb, and its film beside it",
        "dropped   day-1.manifest.json",
        "daemon    stopped",
        f"receipt   {lab}/drop/day-1.receipt.json:",
        f"          {ingested}",
        "",
        "What went in, as rows by table:",
        "",
        "  World              1",
        "  Self               2",
        "  Video              1",
        "  Object            10",
        "  AnalogEvents       1",
        "  DigitalEvents      2",
        "  IntervalEvents     4",
        "  Kinematics         2",
        "",
    ]
    alone = told.partition("dropped   day-1.manifest.json")[0].splitlines()[-1]
    assert re.fullmatch(STATE + r"waiting: day-1\.nwb: NWB here for \d+ s, manifest missing", alone)
    assert states[-1] == ingested


def test_it_tells_the_trials(told: str, lab: Path) -> None:
    """The trials of each mask are those that the recording holds."""
    with h5py.File(lab / "drop/day-1.nwb") as file:
        onsets = file["acquisition/led/timestamps"][::2]
        rewards = file["acquisition/reward/timestamps"][:]
        licks = file["acquisition/lick/timestamps"][:]
    bouts = np.split(licks, np.flatnonzero(np.diff(licks) >= 0.5) + 1)
    trials = {"led_to_reward": zip(onsets, rewards, strict=True), "lick_bouts": [(bout[0], bout[-1]) for bout in bouts]}
    for mask, spans in trials.items():
        first, second, third, *rest = (f"{start:.2f} to {stop:.2f}" for start, stop in spans)
        assert f"  {mask:16} {3 + len(rest):3}   {first}, {second}, {third}, ...\n" in told


def test_the_lines_of_python_fetch_the_trials(told: str, lab: Path) -> None:
    """Pasted as they are printed, they print the licks of each trial."""
    lines = re.findall(r"in python3:\n\n(.*\n.*\n.*\n)\n", told)
    printed = pasted(told, "python3 - <<'END'", *lines, "END")
    with h5py.File(lab / "drop/day-1.nwb") as file:
        licks = (file["acquisition/lick/data"][:], file["acquisition/lick/timestamps"][:])
        trials = (file["acquisition/led/timestamps"][::2], file["acquisition/reward/timestamps"][:])
    edges = np.column_stack(trials).ravel()
    expected = split_trials(licks, (np.tile([1, -1], 10), edges))
    assert printed == "".join(f"{trial}\n" for trial in expected)


def test_the_commands_for_going_on(told: str) -> None:
    """Each of them is there, and those that end by themselves do what is said of them."""
    commands = dict(re.findall(r"^(antelop [^#]*\S) +# (.*)", told, re.MULTILINE))
    assert list(commands) == [
        "antelop sessions",
        "antelop masks try licking.lick_bouts demo/licking/1",
        "antelop run",
        "antelop demo .",
        "antelop manual lab",
    ]
    assert "demo/1/1  " in pasted(told, "antelop sessions")
    assert "18 trials" in pasted(told, "antelop masks try licking.lick_bouts demo/licking/1")
    assert "Run the service" in pasted(told, "antelop run --help")
    assert pasted(told, "antelop manual lab").startswith("# A lab of your own")


def plain(told: str) -> str:
    """Return what the demo says without what differs from run to run: times, and where it is."""
    lines = (line for line in told.splitlines() if not re.match(STATE, line))
    folder = re.escape(told.splitlines()[0].partition(": ")[2])
    return re.sub(rf"'?{folder}'?", "LAB", re.sub(r"PATH=\S+:", "PATH=PROGRAMS:", "\n".join(lines)))


def test_the_readme_shows_it(told: str) -> None:
    """The README shows what it says today."""
    [shown] = [block for block in blocks("text") if block.startswith("A lab in a box")]
    assert plain(shown) == plain(told)


@pytest.mark.parametrize("script", [block for block in blocks("python") if "load_connection" in block])
def test_a_script_that_is_shown_runs_here(script: str, told: str) -> None:
    """Each script of the README and the manual does in this lab what is said of it."""
    assert pasted(told, "python3 - <<'END'", script, "print(len(trials))", "END") == "10\n"


def test_it_runs_again(told: str, lab: Path) -> None:
    """Run again, it goes on with the lab that is there and records another day; programs get the receipt."""
    before = set(lab.glob("drop/*.receipt.json"))
    printed = json.loads(pasted(told, "antelop demo . --json 2>/dev/null"))
    [added] = set(lab.glob("drop/*.receipt.json")) - before
    assert printed == json.loads(added.read_text())
    assert (printed["outcome"], printed["session"]["session_id"]) == ("ingested", 2)
    assert printed["nwb"]["identifier"] == added.name.replace("day", "licking").removesuffix(".receipt.json")


@pytest.mark.usefixtures("told")
def test_it_stops_what_it_started(lab: Path) -> None:
    """Told to end in the middle, it leaves neither the daemon nor the database behind."""
    with subprocess.Popen([*DEMO, lab], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("daemon    started"):
                process.send_signal(signal.SIGTERM)
        assert process.wait() == 128 + signal.SIGTERM
    status = json.loads((lab / "state/status.json").read_text())
    assert (status["sentence"], status["process"]) == ("stopped", None)
    assert not (lab / "state/postgres/data/postmaster.pid").exists()


def test_it_leaves_other_folders_alone(tmp_path: Path) -> None:
    """In a folder that holds something else, such as another lab, nothing is made."""
    (tmp_path / "antelop.toml").write_text("# the real lab\n")
    refused = run(tmp_path)
    assert refused.returncode == 2
    assert refused.stderr == (
        "misconfigured  1 problem\n"
        f"  problem  {tmp_path}: something else is in it\n"
        "           Name a folder that is not there yet: antelop demo FOLDER\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["antelop.toml"]


@pytest.mark.parametrize("place", ["the working directory", "a folder", "a folder of the lab"])
def test_it_says_where_it_may_not_write(place: str, tmp_path: Path) -> None:
    """Whose folder it is, and as whom it runs: in a sentence, with the status of a disk that is away."""
    lab = tmp_path / "closed" / "antelop-demo"
    closed = lab / "drop" if place == "a folder of the lab" else lab.parent
    closed.mkdir(parents=True)
    if closed != lab.parent:
        (lab / "antelop.toml").write_text(f"{MARK}\n")
    closed.chmod(0o555)
    words = [] if place == "the working directory" else [str(lab)]
    done = subprocess.run([*ORDINARY, *DEMO, *words], cwd=lab.parent, capture_output=True, text=True, check=False)
    closed.chmod(0o755)
    me = getpass.getuser()
    said = f"the demo's folder {lab} cannot be made, read or written: Permission denied: {closed} belongs to {me} (dr-xr-xr-x)"
    assert (done.returncode, done.stderr) == (3, f"unavailable  {said}, and this runs as {me}\n")


def test_it_says_where_no_folder_can_be() -> None:
    """Such as in a device, whoever runs it."""
    done = run("/dev/null/lab")
    said = "unavailable  the demo's folder /dev/null/lab cannot be made, read or written: Not a directory\n"
    assert (done.returncode, done.stderr) == (3, said)


def test_it_says_that_it_needs_a_temporary_folder() -> None:
    """One that others may write is no such folder: what pynwb keeps in it is code."""
    with public_folder() as folder:
        (folder / "shared").mkdir()
        (folder / "shared").chmod(0o777)
        environment = {**os.environ, "TMPDIR": str(folder / "shared")}
        done = subprocess.run([*DEMO, folder / "lab"], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 3
        assert done.stderr.startswith("unavailable  the demo needs a temporary folder that others cannot write, such as TMPDIR")
        assert not any((folder / "shared").iterdir())


def test_it_says_that_the_working_directory_was_removed(tmp_path: Path) -> None:
    """Where its folder would be is a question without an answer."""
    gone = tmp_path / "gone"
    gone.mkdir()
    script = 'rmdir "$PWD" && exec "$@"'
    done = subprocess.run(["/bin/sh", "-c", script, "sh", *DEMO], cwd=gone, capture_output=True, text=True, check=False)
    said = "unavailable  the working directory was removed: change into another folder\n"
    assert (done.returncode, done.stdout, done.stderr) == (3, "", said)


@pytest.mark.root
def test_root_is_told_where_its_server_can_be(tmp_path: Path) -> None:
    """In a folder of root's own, the person reads why it does not work there and what to type instead."""
    tmp_path.chmod(0o700)
    refused = run(tmp_path / "lab")
    assert refused.returncode == 2
    assert re.fullmatch(
        r"misconfigured  1 problem\n"
        r"  problem  state: the database does not run as root, and user \w+, as whom it runs, cannot enter /\S+\n"
        r"           Give a folder that every user can reach: antelop demo /var/tmp/antelop-demo\n",
        refused.stderr,
    )


def test_a_configuration_is_its_own(tmp_path: Path) -> None:
    """The demo takes no other lab's configuration."""
    (tmp_path / "antelop.toml").touch()
    refused = run("--config", tmp_path / "antelop.toml")
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[-1] == (
        "Error: the demo has a configuration of its own, FOLDER/antelop.toml: leave --config out"
    )


def test_the_film_is_one_that_players_play() -> None:
    """Every chunk of the AVI ends where it says, and the index leads to each frame, whose bottom line is the first."""
    frames = filmed(1)
    film = avi(frames, 10)
    assert film[:4] + film[8:12] == b"RIFFAVI "
    chunks, place = {}, 12
    while place < len(film):
        size = int.from_bytes(film[place + 4 : place + 8], "little")
        chunks[film[place : place + 4]] = place + 8, size
        place += 8 + size
    assert place == len(film) == 8 + int.from_bytes(film[4:8], "little")
    index, size = chunks[b"idx1"]
    entries = np.frombuffer(film[index : index + size], "<u4").reshape(-1, 4)
    assert len(entries) == len(frames)
    movie = film.index(b"movi")
    for frame, (_, _, offset, length) in zip(frames, entries, strict=True):
        start = movie + int(offset) + 8
        assert film[start - 8 : start - 4] == b"00db"
        np.testing.assert_array_equal(np.frombuffer(film[start : start + length], np.uint8).reshape(frame.shape)[::-1], frame)
