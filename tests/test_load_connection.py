"""The documented scripts run as they are written, in an interpreter of their own, on both databases."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from antelop.lab import Lab
from tests.labs import SESSION
from tests.recordings import LICKING_RIG, write_recording
from tests.scripts import HELLO_WORLD

Script = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def script(lab: Lab, served_lab: tuple[Lab, Mapping[str, str]], tmp_path: Path) -> Script:
    """Give what runs a script as a user would: the configuration in a file, the credentials in the environment alone."""
    config, settings = tmp_path / "antelop.toml", lab.config
    lines = [f"state = {json.dumps(str(settings.state))}"]
    if database := settings.database:
        lines += ["[database]", 'backend = "mysql"', f'host = "{database.host}"', f"port = {database.port}", "use_tls = false"]
        lines += [f'service = "{database.service}"']
    lines += ["[store]", f"location = {json.dumps(str(lab.store.folder))}"]
    lines += ["[analysis]", f"folders = [{json.dumps(str(settings.analysis.folders[0]))}]"]
    config.write_text("\n".join(lines))

    def run(text: str, **environment: str) -> subprocess.CompletedProcess[str]:
        path = tmp_path / "script.py"
        path.write_text(text)
        known = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
        variables = known | {"ANTELOP_CONFIG": str(config)} | dict(served_lab[1]) | environment
        command = [sys.executable, str(path)]
        return subprocess.run(command, env=variables, cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


def done(process: "subprocess.CompletedProcess[str]") -> str:
    """Return what a script printed that ended well, and said nothing on standard error."""
    assert (process.returncode, process.stderr) == (0, "")
    return process.stdout


def test_the_documented_way_from_rig_to_trials(script: Script, lab: Lab, tmp_path: Path) -> None:
    """A rig is uploaded, a session inserted, its masks recomputed and its events split, by the documented calls."""
    write_recording(tmp_path / "day1.nwb")
    (tmp_path / "rig.json").write_text(json.dumps(LICKING_RIG))
    printed = done(
        script(
            """
from antelop.load_connection import *
from antelop import split_trials

masks = [{'name': 'trials', 'description': 'rows of the trials table', 'function': 'licking.table_trials'}]
upload_rig_json('lab', 'another rig', 'rig.json', masks)

experiment = {'experimenter': 'lab', 'experiment_id': 1}
session = {**experiment, 'session_id': 41}
animals = [{**experiment, 'animal_id': 17}, {**experiment, 'animal_id': 18}]
insert_nwb({**session, 'behaviourrig_id': 2}, animals, 'day1.nwb')
recompute_masks(session)

restriction = {**session, 'analogevents_name': 'force'}
mask = (Mask & restriction).fetch1('data', 'timestamps')
events = (AnalogEvents & restriction).fetch1('data', 'timestamps')
trials = split_trials(events, mask)
print(len(trials), all(len(data) == len(timestamps) for data, timestamps in trials), len(Feature & {'behaviourrig_id': 2}))
"""
        )
    )
    assert printed == "10 True 10\n"
    assert len(lab.database.World & SESSION) == 1


def test_functions_that_are_imported_by_name(script: Script, lab: Lab, tmp_path: Path) -> None:
    """They work on the same lab as the star import, with one connection."""
    write_recording(tmp_path / "day1.nwb")
    (tmp_path / "rig.json").write_text(json.dumps(LICKING_RIG))
    printed = done(
        script(
            """
from antelop import insert_nwb, recompute_masks, upload_rig_json

masks = [{'name': 'trials', 'description': 'rows of the trials table', 'function': 'licking.table_trials'}]
rig = upload_rig_json('lab', 'another rig', 'rig.json', masks)
experiment = {'experimenter': 'lab', 'experiment_id': 1}
session = {**experiment, 'session_id': 41}
animals = [{**experiment, 'animal_id': 17}, {**experiment, 'animal_id': 18}]
print(insert_nwb({**session, **rig}, animals, 'day1.nwb').outcome, recompute_masks(session))

from antelop import scripting
from antelop.load_connection import *
print(len(World & session), World.connection is scripting.HERE.lab.database.connection)
"""
        )
    )
    assert printed == "ingested {'trials': 10}\n1 True\n"
    assert len(lab.database.World & SESSION) == 1


def test_analysis_functions_are_there_by_their_scripts(script: Script, lab: Lab) -> None:
    """A function runs on one key, on all, with its arguments, and calls the others that it names."""
    (lab.config.analysis.folders[0] / "hello_world.py").write_text(HELLO_WORLD)
    printed = done(
        script(
            """
from antelop.load_connection import *

print(hello_world.greeting({'experimenter': 'lab'}))
print(hello_world.greeting({'experimenter': 'lab'}, excited=False)['greeting'])
print(hello_world.greeting_with_count()['response'])
"""
        )
    )
    assert printed == (
        "{'experimenter': 'lab', 'greeting': 'Hello, The lab!'}\nHello, The lab.\nHello, The lab! You have run 1 experiments.\n"
    )


def test_a_wrong_script_is_told_what_is_wrong(script: Script, lab: Lab, tmp_path: Path) -> None:
    """What is rejected ends the script with every problem and its remedy, and leaves nothing behind."""
    write_recording(tmp_path / "day1.nwb", series={"acquisition/lick": None})
    process = script(
        """
from antelop.load_connection import *

key = {'experimenter': 'lab', 'experiment_id': 1}
insert_nwb({**key, 'session_id': 41}, [{**key, 'animal_id': 17}], 'day1.nwb')
"""
    )
    assert process.returncode == 1
    assert "antelop.errors.Rejected: 2 problems:" in process.stderr
    assert "acquisition/lick: the rig names it and the file does not have it." in process.stderr
    assert "/animals: " in process.stderr
    assert not lab.database.World()


def test_a_script_without_credentials_is_told_where_they_belong(script: Script, lab: Lab) -> None:
    """On a server it ends and names the variables; the embedded database needs none."""
    process = script("from antelop.load_connection import *\nprint(len(Session()))", DB_USER="", DB_PASS="")
    if lab.config.database is None:
        assert done(process) == "4\n"
    else:
        assert process.returncode == 1
        assert "DB_USER" in process.stderr


def test_no_credentials_are_shown(script: Script, served_lab: tuple[Lab, Mapping[str, Any]]) -> None:
    """Nothing that a script prints of its lab, nor a traceback, holds the password."""
    process = script(
        """
import antelop.load_connection as lab
print(vars(lab))
print(lab.Session.connection)
raise RuntimeError(lab.Session.connection)
"""
    )
    password = served_lab[1].get("DB_PASS", "no password")
    assert password not in process.stdout + process.stderr
