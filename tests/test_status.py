"""What the service writes about itself, for whoever asks."""

import getpass
import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from antelop import __version__
from antelop.outcome import Kind, Outcome
from antelop.service.status import MOST_OUTCOMES, Status, read
from antelop.worker.events import DeliveryName, Done
from tests.clocks import NOW, still
from tests.commands import ORDINARY


def done(kind: Kind, state: str | None = None, nwb: str = "a.nwb") -> Done:
    """Return what a worker says at the end of an attempt."""
    name = DeliveryName("a" * 32, "rig-2", "a.manifest.json", nwb)
    return Done(name, state or kind, Outcome.of(kind, f"it was {kind}", NOW))


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    """With what others add to it, and whole whenever it is read; the state directory is made if need be."""
    status = Status(tmp_path / "state", still)
    assert read(tmp_path / "state") is None
    status.database = None
    status.queue = {"pending": 2, "reserved": 1, "total": 3}
    status.note(done("ingested"))
    status.write(folders=[{"name": "rig-2"}], waiting=[])
    document = read(tmp_path / "state")
    assert document is not None
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["status.json"]
    assert [document.pop("started"), document.pop("written")] == [NOW.isoformat()] * 2
    (outcome,) = document.pop("outcomes")
    assert (outcome["nwb"], outcome["state"], outcome["outcome"], outcome["problems"]) == ("a.nwb", "ingested", "ingested", [])
    assert document == {
        "version": __version__,
        "process": os.getpid(),
        "sentence": "3 queued, 1 ingested",
        "database": None,
        "analysis": None,
        "outdated_masks": [],
        "queue": {"pending": 2, "reserved": 1, "total": 3},
        "counts": {"ingested": 1},
        "last_hour": 1,
        "folders": [{"name": "rig-2"}],
        "waiting": [],
    }
    status.write(stopped=True)
    assert [(read(tmp_path / "state") or {})[name] for name in ("process", "sentence")] == [None, "stopped"]


def test_a_status_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    """Why is said in a sentence."""
    (tmp_path / "state").touch()
    assert (
        Status(tmp_path / "state", still).write()
        == f"The status {tmp_path}/state/status.json could not be written: File exists."
    )
    (tmp_path / "state").unlink()
    assert Status(tmp_path / "state", still).write() is None


def test_a_status_that_is_closed_is_not_taken_for_none(tmp_path: Path) -> None:
    """Who may not read it learns whose it is, and not that the service has never run."""
    state = tmp_path / "state"
    state.mkdir()
    (state / "status.json").write_text("{}")
    (tmp_path / "antelop.toml").write_text(f"state = {json.dumps(str(state))}")
    state.chmod(0)
    command = [*ORDINARY, sys.executable, "-m", "antelop", "status", "--config", str(tmp_path / "antelop.toml")]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    state.chmod(0o700)
    me = getpass.getuser()
    said = f"the status {state}/status.json cannot be read: Permission denied: {state} belongs to {me} (d---------)"
    assert (asked.returncode, asked.stderr) == (3, f"unavailable  {said}, and this runs as {me}\n")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": '])
def test_what_is_no_status_is_none(tmp_path: Path, content: str) -> None:
    """Whatever somebody put in its place."""
    (tmp_path / "status.json").write_text(content)
    assert read(tmp_path) is None


def test_what_keeps_everything_is_said_first(tmp_path: Path) -> None:
    """The database, then what it refuses to workers, then the analysis folder, then how many deliveries came to what."""
    status = Status(tmp_path, still)
    assert status.sentence() == "the database is away: it was not asked yet"
    status.database, status.analysis = "cannot connect", "a.py: everybody may write it. Run `chmod o-w a.py`."
    assert status.sentence() == "the database is away: cannot connect"
    status.database, status.refused = None, "the database is unavailable: it is read-only"
    assert status.sentence() == "nothing is ingested: the database is unavailable: it is read-only"
    status.refused = None
    assert status.sentence() == f"nothing is ingested: {status.analysis}"
    status.analysis = None
    for kind in ("ingested", "ingested", "rejected"):
        status.note(done(kind))
    assert status.sentence() == "0 queued, 2 ingested, 1 rejected"


def test_what_will_be_tried_again_is_shown_and_not_counted(tmp_path: Path) -> None:
    """An outage is no outcome; neither is an archive that is away, when its session is in."""
    status = Status(tmp_path, still)
    status.note(done("unavailable", state="ready"))
    status.note(done("unavailable", state="ingested"))
    status.write()
    document = read(tmp_path)
    assert document is not None
    assert (document["counts"], document["last_hour"], len(document["outcomes"])) == ({}, 0, 2)


def test_the_last_outcomes_and_the_last_hour_are_kept(tmp_path: Path) -> None:
    """However many there were before."""
    now = NOW
    status = Status(tmp_path, lambda: now)
    for number in range(MOST_OUTCOMES + 5):
        if number == 3:
            now += timedelta(minutes=30)
        status.note(done("ingested", nwb=f"{number}.nwb"))
    now += timedelta(minutes=31)
    status.write()
    document = json.loads((tmp_path / "status.json").read_text())
    assert [outcome["nwb"] for outcome in document["outcomes"]] == [f"{number}.nwb" for number in range(5, MOST_OUTCOMES + 5)]
    assert (document["counts"], document["last_hour"]) == ({"ingested": MOST_OUTCOMES + 5}, MOST_OUTCOMES + 2)
