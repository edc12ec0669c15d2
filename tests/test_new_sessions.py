"""Sessions that are made with their recordings, where a folder allows it."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from antelop.errors import Rejected, Unavailable
from antelop.ingest import preparation, session
from antelop.lab import Lab
from antelop.lab.metadata import enrol
from antelop.lab.resolve import Policy
from tests.labs import ANIMALS, EXPERIMENT
from tests.recordings import write_recording

Losing = Callable[[Callable[[], object]], None]
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
    outcome = session.ingest_manifest(lab, deliver(tmp_path / "a", "new", 1), CREATING)
    row = (lab.database.Session & outcome.session).fetch1()
    assert (row["session_id"], row["session_name"]) == (45, "new")
    assert str(row["session_timestamp"]) == "2024-11-22 09:30:00"


def test_no_session_is_made_where_that_is_not_allowed(lab: Lab, tmp_path: Path) -> None:
    """The name is then one that is not in the database."""
    with pytest.raises(Rejected) as rejected:
        session.ingest_manifest(lab, deliver(tmp_path / "a", "new", 1), Policy())
    assert [problem.check for problem in rejected.value.problems] == ["session_unknown"]
    assert len(lab.database.Session()) == 4


@pytest.fixture
def losing(monkeypatch: pytest.MonkeyPatch) -> Losing:
    """Give what has another process do something once, right after our ingest has prepared its session."""
    prepare = preparation.prepare

    def lose_to(other: Callable[[], object]) -> None:
        def prepare_then_lose(*arguments: Any) -> Any:
            prepared = prepare(*arguments)
            monkeypatch.setattr(session, "prepare", prepare)
            other()
            return prepared

        monkeypatch.setattr(session, "prepare", prepare_then_lose)

    return lose_to


@pytest.fixture
def race(others: Callable[[], Lab], tmp_path: Path, losing: Losing) -> Callable[[str], Path]:
    """Give what lets another process make a session after ours has prepared its own; it returns our manifest."""
    other = others()

    def lose_to(name: str) -> Path:
        second = deliver(tmp_path / "b", name, 2)
        losing(lambda: session.ingest_manifest(other, second, CREATING))
        return deliver(tmp_path / "a", "ours", 1)

    return lose_to


def test_another_session_is_made_meanwhile(lab: Lab, race: Callable[[str], Path]) -> None:
    """Each takes an id that no other process holds."""
    assert session.ingest_manifest(lab, race("theirs"), CREATING).outcome == "ingested"
    assert sessions(lab) == {"theirs": 46, "ours": 45}


def test_the_same_session_is_made_meanwhile(lab: Lab, race: Callable[[str], Path]) -> None:
    """Whoever comes second finds it, and that it holds another recording."""
    with pytest.raises(Rejected, match="already holds another recording"):
        session.ingest_manifest(lab, race("ours"), CREATING)
    assert sessions(lab) == {"ours": 46}


def test_a_session_is_added_by_hand_meanwhile(lab: Lab, others: Callable[[], Lab], tmp_path: Path, losing: Losing) -> None:
    """The recording goes into the session after that one."""
    other = others()
    losing(lambda: enrol(other, "Session", {**EXPERIMENT, "session_name": "by hand"}))
    assert session.ingest_manifest(lab, deliver(tmp_path / "a", "ours", 1), CREATING).outcome == "ingested"
    assert sessions(lab) == {"ours": 46}


def test_what_others_take_again_and_again_is_unavailable(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ingest that finds its number taken at every restart says so, and is no defect."""
    number = iter(range(100))
    prepare = preparation.prepare

    def prepare_then_lose(*arguments: Any) -> Any:
        prepared = prepare(*arguments)
        enrol(lab, "Session", {**EXPERIMENT, "session_name": f"by hand {next(number)}"})
        return prepared

    monkeypatch.setattr(session, "prepare", prepare_then_lose)
    with pytest.raises(Unavailable, match="changed 5 times while it was ingested: "):
        session.ingest_manifest(lab, deliver(tmp_path / "a", "ours", 1), CREATING)
    assert next(number) == session.RESTARTS


def test_eight_make_sessions_at_once(
    lab: Lab, others: Callable[[], Lab], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight processes that have all prepared a new session of one experiment commit it, each by an id of its own."""
    labs = [others() for _ in range(8)]
    manifests = [deliver(tmp_path / str(number), f"new {number}", number) for number in range(8)]
    barrier, prepare, restarts = Barrier(8), preparation.prepare, []

    def prepare_together(*arguments: Any) -> Any:
        prepared = prepare(*arguments)
        restarts.append(prepared)
        if len(restarts) <= len(labs):
            barrier.wait(60)
        return prepared

    monkeypatch.setattr(session, "prepare", prepare_together)
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(
            pool.map(lambda each, manifest: session.ingest_manifest(each, manifest, CREATING).outcome, labs, manifests)
        )
    assert outcomes == ["ingested"] * 8
    assert sorted(sessions(lab).values()) == list(range(45, 53))
    assert len(restarts) == len(labs)


def test_the_last_session_id_is_taken(lab: Lab, tmp_path: Path) -> None:
    """No further session is made by itself, and the delivery is told so."""
    lab.database.Session.insert1({**EXPERIMENT, "session_id": 2**31 - 1, "session_name": "last"})
    with pytest.raises(Rejected, match="the last session_id that there is, 2147483647"):
        session.ingest_manifest(lab, deliver(tmp_path / "a", "new", 1), CREATING)
