"""The command line: what people and programs read, and the exit status that says what came of it."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import h5py
import pytest
from click.testing import CliRunner

from antelop.cli import main
from antelop.cli.command import Command
from antelop.cli.deliveries import ingested
from antelop.cli.sessions import since
from antelop.demo.acquisition import events
from antelop.lab import Lab
from tests.commands import COMMANDS, Run, deliver, lines, on_a_terminal, one_database
from tests.labs import OWNER, SESSION
from tests.recordings import LICKING_RIG

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


def test_datajoint_does_not_log_into_the_output() -> None:
    """What DataJoint has to say goes to standard error, or a program could not read our output."""
    script = "import antelop, datajoint.logging; datajoint.logging.logger.warning('a warning')"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout == ""
    assert said.stderr.endswith("[WARNING]: a warning\n")


# With a lab. What differs between the databases is tested elsewhere.

OUTCOME = {"outcome", "sentence", "problems"}


@one_database
def test_ingest(antelop: Run) -> None:
    """A recording goes in once; the second time nothing is changed, and that is no failure."""
    deliver("day")
    result = antelop("ingest", "day.manifest.json")
    assert (result.exit_code, result.output) == (
        0,
        "ingested  day.manifest.json: session lab/1/41: 9 features, 10 trials in trials\n",
    )
    again = antelop("ingest", "day.manifest.json")
    assert again.exit_code == 0
    assert again.output.startswith("already-ingested  day.manifest.json: session lab/1/41 holds this recording since ")


@one_database
def test_ingest_goes_on(antelop: Run, lab: Lab) -> None:
    """One that is rejected keeps no other from going in; the status is that of the worst, each has its line, in order."""
    deliver("unknown", "day 99")
    deliver("first", 41, seed=1)
    Path("broken.manifest.json").write_text("{")
    deliver("second", 42, seed=2)
    names = [f"{name}.manifest.json" for name in ("unknown", "first", "broken", "second")]
    result = antelop("--json", "ingest", *names)
    assert result.exit_code == 1
    assert [document["outcome"] for document in lines(result)] == ["rejected", "ingested", "rejected", "ingested"]
    assert [len(document["problems"]) for document in lines(result)] == [1, 0, 1, 0]
    assert all({*OUTCOME, "warnings", "finished", "version"} <= set(document) for document in lines(result))
    assert lines(result)[1]["session"] == SESSION
    assert lines(result)[1]["trials"] == {"trials": 10}
    assert len(lab.database.World()) == 2
    assert result.stderr == ""


@one_database
@pytest.mark.usefixtures("antelop")
def test_ingest_after_an_outage(lab: Lab, others: Callable[[], Lab]) -> None:
    """After one that the database was away for, the next is tried on a new connection."""
    manifest, victim = deliver("day"), others()
    (number,) = victim.database.connection.query("SELECT pg_backend_pid()").fetchone()
    lab.database.connection.query(f"SELECT pg_terminate_backend({number}, 10000)")
    outcomes = [ingested(victim, manifest) for _ in range(2)]
    assert [outcome["outcome"] for outcome in outcomes] == ["unavailable", "ingested"]
    assert {*OUTCOME, "warnings", "finished", "version"} <= set(outcomes[0])


WARNING = """\
  warning  acquisition/lick: 1 of 3 times step back, so the events are sorted by time
           Check how the events were written
"""


@one_database
def test_what_is_odd(antelop: Run) -> None:
    """A warning says where something is, what, and what to do: in a check, when it goes in, and afterwards."""
    deliver("day", acquisition__lick=events([3.0, 1.0, 2.0], [1, 2, 3]))
    for words in (["day.nwb", "--rig", "rig.json"], ["day.manifest.json"]):
        result = antelop("check", *words)
        assert (result.exit_code, result.output) == (0, f"passed  {words[0]}: 0 problems, 1 warning\n{WARNING}")
    went_in = "ingested  day.manifest.json: session lab/1/41: 9 features, 10 trials in trials, 1 warning\n"
    assert antelop("ingest", "day.manifest.json").output == went_in + WARNING
    listed = antelop("sessions")
    assert listed.output.endswith(f"\n\nlab/1/41, day 41\n{WARNING}")
    first, _, row = listed.output.splitlines()[:3]
    assert first.split() == ["session", "name", "went", "in", "trials", "warnings", "file"]
    assert re.fullmatch(r"lab/1/41 +licking, day 41 +[0-9-]{10} [0-9:]{5} +trials: 10 +1 +day.nwb", row)


@one_database
def test_what_is_wrong(antelop: Run) -> None:
    """Every problem of a check is told at once, those of the rig and those of the file, for people and for programs."""
    deliver("day", acquisition__lick=None)
    Path("bad.json").write_text(json.dumps({**LICKING_RIG, "features": [LICKING_RIG["features"][0]] * 2}))
    Path("empty.nwb").touch()
    result = antelop("check", "empty.nwb", "--rig", "bad.json")
    assert result.exit_code == 1
    assert (
        result.output
        == """\
rejected  empty.nwb: 2 problems
  problem  empty.nwb is empty (0 bytes)
           Copy it again from the computer that recorded it
  problem  /features/1/name: "led" is already the name of /features/0
           Give it a name of its own, and write that of the NWB file into its source, as "series"
"""
    )
    in_file = antelop("check", "day.nwb", "--rig", "rig.json", "--json")
    delivered = antelop("check", "day.manifest.json", "--json")
    assert in_file.exit_code == delivered.exit_code == 1
    (document,) = lines(in_file)
    assert [document] == lines(delivered)
    assert (document["outcome"], document["sentence"], document["warnings"]) == ("rejected", "1 problem, 0 warnings", [])
    assert [(problem["check"], problem["where"]) for problem in document["problems"]] == [
        ("feature_missing", "acquisition/lick")
    ]


@one_database
def test_check_asks_no_database(antelop: Run) -> None:
    """A check against a rig file works where there is no database, and counts what the configuration says as it says."""
    deliver("day", acquisition__lick=events([3.0, 1.0, 2.0], [1, 2, 3]))
    Path("antelop.toml").write_text(
        '[database]\nbackend = "mysql"\nhost = "127.0.0.1"\nport = 1\n[checks]\nevents_sorted = "error"\n'
    )
    result = antelop("check", "day.nwb", "--rig", "rig.json")
    assert (result.exit_code, result.output) == (1, "rejected  day.nwb: 1 problem\n" + WARNING.replace("warning", "problem"))


@one_database
def test_rigs(antelop: Run, lab: Lab) -> None:
    """A rig is uploaded with its masks, listed, shown and annotated."""
    added = antelop("rig", "add", "lab", "box", "rig.json", "--mask", "all=licking.table_trials:every trial: good or bad")
    assert (added.exit_code, added.output) == (0, "stored  rig lab/2, box: 10 features, 1 mask\n")
    assert (
        antelop("rig", "list", "lab").output
        == """\
rig     name          features   masks   sessions
─────────────────────────────────────────────────
lab/1   licking rig   10         1       0
lab/2   box           10         1       0
"""
    )
    shown = antelop("rig", "show", "lab/box").output.splitlines()
    assert shown[0] == "lab/2, box, holds 0 sessions"
    assert [re.split("  +", line) for line in shown[3:13]] == [
        [name, kind, place, owner, feature["description"]]
        for (name, kind, place, owner), feature in zip(
            [
                ("led", "interval", "acquisition/led", "world"),
                ("port", "interval", "acquisition/port", "world"),
                ("lick", "digital", "acquisition/lick", "animal 1"),
                ("reward", "digital", "acquisition/reward", "world"),
                ("force", "analog", "acquisition/force", "animal 1"),
                ("tone", "interval", "stimulus/tone", "world"),
                ("head", "kinematics", "processing/behavior/Position/head", "animal 2"),
                ("nose", "kinematics", "processing/behavior/PoseEstimation/nose", "animal 1"),
                ("tail", "kinematics", "(deeplabcut)", "animal 2"),
                ("trials", "interval", "intervals/trials", "world"),
            ],
            LICKING_RIG["features"],
            strict=True,
        )
    ]
    assert re.split("  +", shown[-1]) == ["all", "licking.table_trials", "every trial: good or bad"]
    (document,) = lines(antelop("rig", "show", "lab/box", "--json"))
    assert document == {
        "rig": "lab/2",
        "name": "box",
        "features": 10,
        "masks": 1,
        "sessions": 0,
        "rig_json": LICKING_RIG,
        "masklist": [{"name": "all", "function": "licking.table_trials", "description": "every trial: good or bad"}],
    }
    attached = antelop("rig", "attach", "lab/box/led", "rig.json")
    assert (attached.exit_code, attached.output) == (0, "attached  rig.json to lab/2/1\n")
    feature = lab.database.Feature & {**OWNER, "behaviourrig_id": 2, "feature_name": "led"}
    assert Path(feature.fetch1("feature_data")).read_text() == Path("rig.json").read_text()


@one_database
def test_add(antelop: Run, lab: Lab) -> None:
    """Metadata goes in by options, or from a JSON object, of which options take the place."""
    assert antelop("add", "experimenter", "ada", "--full-name", "Ada", "--admin").output == "added  experimenter ada\n"
    assert antelop("add", "experiment", "ada", "maze", "--notes", "two mice").output == "added  experiment ada/1\n"
    assert antelop("add", "animal", "ada/maze", "m1", "--sex", "F").output == "added  animal ada/1/1\n"
    assert antelop("add", "session", "ada/1", "day/1", "--duration", "60").output == "added  session ada/1/1\n"
    document = json.dumps({"experimenter": "ada", "experiment_name": "maze", "session_name": "day 2", "session_duration": 30})
    added = antelop("add", "session", "--from-json", "-", "--duration", "90", "--json", input=document)
    key = {"experimenter": "ada", "experiment_id": 1, "session_id": 2}
    assert lines(added) == [{"outcome": "added", "sentence": "session ada/1/2", "key": key}]
    assert (lab.database.Session & key).fetch1("session_name", "session_duration") == ("day 2", 90.0)
    moved = antelop("add", "session", "lab/licking", "--from-json", "-", input=document)
    assert moved.output == "added  session lab/1/45\n"
    wrong = antelop("add", "animal", "ada/maze", "m1", "--sex", "X")
    assert (wrong.exit_code, wrong.stdout) == (1, "")
    assert (
        wrong.stderr
        == """\
rejected  2 problems
  problem  sex: "X" is not one of M, F, U, O
           Write one of them
  problem  animal_name: there is animal "m1" already
           Give another, or go on with that one
"""
    )
    assert antelop("add", "session", "--from-json", "-", input="[]").exit_code == 1


@one_database
def test_there_is_an_option_for_every_attribute(lab: Lab) -> None:
    """What the tables have can be given on the command line."""
    for kind in ("Experimenter", "Experiment", "Animal", "Session"):
        parameters = {parameter.name for parameter in COMMANDS[f"antelop add {kind.lower()}"].params}
        own = set(lab.database.tables[kind]().heading.names) - {"experiment_id"}
        if kind in ("Animal", "Session"):
            own = own - {"experimenter"} | {"parent"}
        if kind == "Experiment":
            own |= {"experiment_id"}
        assert parameters == own | {"from_json", "config_file", "as_json"}


@one_database
def test_masks(antelop: Run, lab: Lab) -> None:
    """A mask is tried without being stored, and computed again for all sessions under a key."""
    deliver("first", 41, seed=1)
    deliver("second", 42, seed=2)
    antelop("ingest", "first.manifest.json", "second.manifest.json")
    script = lab.config.analysis.folders[0] / "licking.py"
    script.write_text(script.read_text().replace('"trials"})', '"tone"})'))
    with h5py.File("first.nwb") as file:
        tone = file["stimulus/presentation/tone/timestamps"][:].reshape(-1, 2).tolist()
    before = (lab.database.Mask & SESSION).fetch1("timestamps")
    tried = antelop("masks", "try", "licking.table_trials", "lab/licking/41")
    assert tried.exit_code == 0
    assert tried.output.splitlines()[0] == "tried  licking.table_trials on lab/1/41: 10 trials"
    rows = [line.split() for line in tried.output.splitlines()[3:]]
    assert rows == [[str(i), f"{a:.3f}", f"{b:.3f}", f"{b - a:.3f}"] for i, (a, b) in enumerate(tone, 1)]
    (document,) = lines(antelop("masks", "try", "licking.table_trials", "lab/licking/41", "--json"))
    assert document == {
        "outcome": "tried",
        "sentence": "licking.table_trials on lab/1/41: 10 trials",
        "session": SESSION,
        "trials": tone,
    }
    assert (lab.database.Mask & SESSION).fetch1("timestamps").tolist() == before.tolist()
    recomputed = antelop("masks", "recompute", "lab")
    assert (recomputed.exit_code, recomputed.output) == (0, "recomputed  lab: 20 trials in trials\n")
    assert (lab.database.Mask & SESSION).fetch1("timestamps").reshape(-1, 2).tolist() == tone


@one_database
def test_sessions(antelop: Run) -> None:
    """What went in since a time is listed, oldest first, each session an object for programs."""
    assert antelop("sessions").output.startswith("No recording went in since ")
    assert antelop("sessions", "--json").output == ""
    deliver("first", 42, seed=1)
    deliver("second", 41, seed=2)
    (first, second) = lines(antelop("ingest", "first.manifest.json", "second.manifest.json", "--json"))
    listed = lines(antelop("sessions", "--since", "12h", "--json"))
    assert listed == [
        {
            "session": outcome["session"],
            "experiment_name": "licking",
            "session_name": f"day {outcome['session']['session_id']}",
            "ingested": outcome["finished"],
            "nwb_path": str(Path(f"{name}.nwb").absolute()),
            "rows": outcome["rows"],
            "trials": {"trials": 10},
            "warnings": [],
        }
        for name, outcome in (("first", first), ("second", second))
    ]
    assert antelop("sessions", "--since", "2999-01-01", "--json").output == ""


def test_remove(antelop: Run, lab: Lab) -> None:
    """A recording goes out, and its session can take it again."""
    deliver("day")
    antelop("ingest", "day.manifest.json")
    removed = antelop("remove", "lab/licking/day 41", "--yes")
    assert (removed.exit_code, removed.output) == (0, 'removed  25 rows of lab/1/41, "day 41"\n')
    assert len(lab.database.World()) == 0
    assert lines(antelop("remove", "lab/licking/day 41", "--yes", "--json"))[0]["problems"][0]["check"] == "session_empty"
    assert antelop("ingest", "day.manifest.json").output.startswith("ingested  day.manifest.json: session lab/1/41")


@one_database
def test_remove_asks(antelop: Run, lab: Lab) -> None:
    """On a terminal, the recording and what depends on it are shown, and nothing goes without a yes."""
    deliver("day")
    antelop("ingest", "day.manifest.json")
    words = ("remove", "lab/licking/41")
    status, said = on_a_terminal(*words, answer="n\n", NO_COLOR="1")
    session, date, animals, file, first, *rows, question, last = said.splitlines()
    assert (session, date) == ('   session  lab/1/41, "day 41"', "      date  not known")
    assert animals == "   animals  m17, m18"
    assert file.endswith("day.nwb")
    assert (first, question) == ("These rows of lab/1/41 would go:", "Remove them? [y/N]: n")
    assert last == "kept  lab/1/41"
    assert sum(int(row.split()[0]) for row in rows) == 25
    assert (status, len(lab.database.World())) == (0, 1)
    status, said = on_a_terminal(*words, answer="y\n", NO_COLOR="1")
    assert said.endswith('removed  25 rows of lab/1/41, "day 41"\n')
    assert (status, len(lab.database.World())) == (0, 0)
