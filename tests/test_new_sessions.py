"""Sessions that are made with their recordings, where a folder allows it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from antelop import ingest
from antelop.errors import Rejected
from antelop.keys import Policy
from antelop.lab import Lab
from tests.labs import ANIMALS, EXPERIMENT
from tests.recordings import write_recording

CREATING = Policy(experimenters=frozenset({"lab"}), create_sessions=True)


def deliver(folder: Path, name: str, seed: int) -> Path:
    """Put a recording of its own into a folder, with a manifest that names a session; return the manifest."""
    folder.mkdir()
    write_recording(folder / "recording.nwb", seed=seed)
    animals = [{"animal_id": animal["animal_id"]} for animal in ANIMALS]
    manifest = {"specification": "antelop-manifest", "version": "1.0", "nwb": "recording.nwb", "animals": animals}
    path = folder / "recording.manifest.json"
    path.write_text(json.dumps(manifest | {"session": {**EXPERIMENT, "session_name": name}}))
    return path


def sessions(lab: Lab) -> dict[str, int]:
    """Return the ids of the sessions that hold a recording, by name."""
    rows = (lab.database.Session * lab.database.World.proj()).to_dicts()
    return {row["session_name"]: row["session_id"] for row in rows}


def test_a_session_is_made_with_its_recording(lab: Lab, tmp_path: Path) -> None:
    """It has the next id, the manifest's name and the file's date."""
    outcome = ingest.ingest_manifest(lab, deliver(tmp_path / "a", "new", 1), CREATING)
    row = (lab.database.Session & outcome.session).fetch1()
    assert (row["session_id"], row["session_name"]) == (45, "new")
    assert str(row["session_timestamp"]) == "2026-11-22 09:30:00"


def test_no_session_is_made_where_that_is_not_allowed(lab: Lab, tmp_path: Path) -> None:
    """The name is then one that is not in the database."""
    with pytest.raises(Rejected) as rejected:
        ingest.ingest_manifest(lab, deliver(tmp_path / "a", "new", 1), Policy())
    assert [problem.check for problem in rejected.value.problems] == ["session_unknown"]
    assert len(lab.database.Session()) == 4


@pytest.fixture
def race(others: Callable[[], Lab], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Give what lets another process make a session after ours has prepared its own; it returns our manifest."""
    prepare, other = ingest._prepare, others()

    def lose_to(name: str) -> Path:
        second = deliver(tmp_path / "b", name, 2)

        def prepare_then_lose(*arguments: Any) -> Any:
            prepared = prepare(*arguments)
            monkeypatch.setattr(ingest, "_prepare", prepare)
            ingest.ingest_manifest(other, second, CREATING)
            return prepared

        monkeypatch.setattr(ingest, "_prepare", prepare_then_lose)
        return deliver(tmp_path / "a", "ours", 1)

    return lose_to


def test_another_session_is_made_meanwhile(lab: Lab, race: Callable[[str], Path]) -> None:
    """Whoever comes second takes the next id."""
    assert ingest.ingest_manifest(lab, race("theirs"), CREATING).outcome == "ingested"
    assert sessions(lab) == {"theirs": 45, "ours": 46}


def test_the_same_session_is_made_meanwhile(lab: Lab, race: Callable[[str], Path]) -> None:
    """Whoever comes second finds it, and that it holds another recording."""
    with pytest.raises(Rejected, match="already holds another recording"):
        ingest.ingest_manifest(lab, race("ours"), CREATING)
    assert sessions(lab) == {"ours": 45}
