"""The demo's lab: its folder with the configuration and scripts, and the first rows of an experiment."""

import json
import os
from importlib.resources import files
from itertools import count
from pathlib import Path
from tempfile import TemporaryFile

from antelop import config
from antelop.config import Config
from antelop.database.embedded.owner import owner_of
from antelop.database.row import Row
from antelop.errors import Misconfigured, Problem, available
from antelop.formats import manifest
from antelop.lab import Lab
from antelop.lab.metadata import enrol
from antelop.lab.rigs import upload_rig_json

DEMO = {"experimenter": "demo"}
LICKING = {**DEMO, "experiment_id": 1}
MICE = {"m17": 17, "m18": 18}
RIG = "licking"
MASKS = [
    {"name": "led_to_reward", "description": "from the LED to the reward", "function": "licking.led_to_reward"},
    {"name": "lick_bouts", "description": "licks in quick succession", "function": "licking.lick_bouts"},
]

MARK = "# The demo's lab."
"""The beginning of its configuration, by which the demo recognises its own folder."""

WRITTEN = ("drop", "state")
"""The folders into which the demo and its daemon write."""

CONFIGURATION = """\
{mark} config/antelop.toml in the source of antelop explains every key that there is.

state = "state"             # the embedded database, and what the daemon says of itself

[analysis]
folders = ["analysis"]      # the functions that split sessions into trials
trusted = ["{user}"]  # who else may write there; also a group, such as your own where everybody has one

[[folders]]
path = "drop"               # recordings are dropped here
experimenters = ["demo"]
create_sessions = true      # a manifest may name a session that is not there yet
settle = "1s"               # 10 s if left out
"""


def make(folder: Path) -> Config:
    """Make the lab's folder, and keep the files that are there already; return its configuration.

    Raises
    ------
    Misconfigured
        If the folder holds anything else, such as another lab.
    Unavailable
        If the folder cannot be made, read or written.
    """
    with available(f"the demo's folder {folder} cannot be made, read or written"):
        return _make(folder)


def _make(folder: Path) -> Config:
    # The demo writes only into an empty folder or its own.
    configuration = folder / "antelop.toml"
    is_demo = configuration.is_file() and configuration.read_text().startswith(MARK)
    if folder.exists() and any(folder.iterdir()) and not is_demo:
        what, remedy = "something else is in it", "Name a folder that is not there yet: antelop demo FOLDER"
        raise Misconfigured([Problem("demo_folder", str(folder), what, remedy)])
    # The embedded database of root runs as the owner of the folder, but root owns the scripts that it writes there.
    user = "root" if os.geteuid() == 0 else owner_of(folder).pw_name
    source = files("antelop.demo") / "lab"
    contents = {name: (source / name).read_text() for name in ("analysis/licking.py", "rigs/licking.json")}
    for name, text in {**contents, "antelop.toml": CONFIGURATION.format(mark=MARK, user=user)}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # A person may have changed a file after an earlier run.
        if not path.exists():
            path.write_text(text)
    for name in WRITTEN:
        (folder / name).mkdir(exist_ok=True)
        # Fails here if the folder cannot be written. The daemon would only log that, and no person reads its log.
        TemporaryFile(dir=folder / name).close()
    return config.load(configuration, os.environ)


def furnish(lab: Lab, folder: Path) -> None:
    """Insert the lab's experimenter, experiment, animals and rig, except those that it has."""
    mouse = {"species": "Mus musculus", "sex": "F", "age": "P90D"}
    rows: list[tuple[str, Row, Row]] = [
        ("Experimenter", DEMO, {"full_name": "The demo"}),
        ("Experiment", LICKING, {"experiment_name": "licking"}),
        *(("Animal", {**LICKING, "animal_id": number}, {"animal_name": name, **mouse}) for name, number in MICE.items()),
    ]
    # Parents come before their children in the list.
    for kind, key, values in rows:
        if not lab.database.tables[kind]() & key:
            enrol(lab, kind, {**key, **values})
    upload_rig_json(lab, "demo", RIG, folder / "rigs/licking.json", MASKS)


def next_day(lab: Lab, drop: Path) -> int:
    """Return the number of the first day that has neither a session nor a file in the drop folder."""
    names = {str(name) for name in (lab.database.Session & LICKING).to_arrays("session_name")}
    return next(day for day in count(1) if f"day {day}" not in names and not any(drop.glob(f"day-{day}[._]*")))


def manifest_of(day: int) -> str:
    """Return the manifest that the rig's software writes when a session is complete."""
    document = {
        "specification": manifest.SPECIFICATION,
        "version": manifest.VERSION,
        "session": {"experimenter": "demo", "experiment_name": "licking", "session_name": f"day {day}"},
        "rig": RIG,
        "animals": [{"animal_name": name} for name in MICE],
    }
    return json.dumps(document, indent=2) + "\n"
