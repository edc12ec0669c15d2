"""A session holds one recording, and a recording belongs to one session."""

import shutil
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import h5py
import pytest

from antelop.demo.acquisition import events
from antelop.errors import Problem, Rejected
from antelop.ingest.session import insert_nwb
from antelop.lab import Lab
from antelop.lab.rigs import upload_rig_json
from tests.labs import ANIMALS, SESSION
from tests.recordings import LICKING_RIG, STARTED, write_recording

OTHER = {**SESSION, "session_id": 42}

ONE_CHANNEL = {
    "specification": "antelop-behaviour",
    "version": "0.0.1",
    "reference_point": "",
    "features": [{"name": "lick", "source": {"source_type": "acquisition"}, "data_type": "digital", "description": ""}],
}


def insert(lab: Lab, path: Path, session: Mapping[str, Any] = SESSION, **changes: Any) -> str:
    """Insert a recording; return the outcome in a word."""
    given: dict[str, Any] = {"session": session, "animals": ANIMALS, "path": path, **changes}
    return insert_nwb(lab, **given).outcome


def refused(lab: Lab, path: Path, session: Mapping[str, Any] = SESSION, **changes: Any) -> list[Problem]:
    """Return why a recording is not inserted."""
    with pytest.raises(Rejected) as rejected:
        insert(lab, path, session, **changes)
    return list(rejected.value.problems)


def test_the_same_recording_again_is_no_error(lab: Lab, recording: Path) -> None:
    """Whatever the file is called now, whoever wrote it again: nothing is changed, and that is said."""
    first = insert_nwb(lab, SESSION, ANIMALS, recording)
    again = insert_nwb(lab, SESSION, ANIMALS, recording)
    assert first.outcome == "ingested"
    assert again.outcome == "already-ingested"
    assert str(again) == (
        f"already-ingested: session lab/1/41 holds this recording since {first.finished.date()}; nothing was changed."
    )
    assert (again.rows, again.trials, again.session) == (first.rows, first.trials, first.session)
    moved = recording.with_name("moved.nwb")
    shutil.copyfile(recording, moved)
    with h5py.File(moved, "r+") as file:
        file.attrs["object_id"] = "another"
    assert insert(lab, moved) == "already-ingested"
    assert lab.database.Delivery().to_arrays("state").tolist().count("already-ingested") == 1
    assert len(lab.database.Ingestion()) == 1


def test_another_recording_is_refused(lab: Lab, recording: Path, licking: Callable[..., Path], tmp_path: Path) -> None:
    """The session that is taken is named, with the file that it holds and what to do."""
    insert(lab, recording)
    assert refused(lab, licking(tmp_path, seed=1)) == [
        Problem(
            "session_taken",
            "lab/1/41",
            f"the session already holds another recording, {recording}",
            "If this one is to take its place, run `antelop remove lab/1/41` first",
        )
    ]


def test_a_recording_is_refused_for_another_session(lab: Lab, recording: Path) -> None:
    """The session that holds it is named, with what to do."""
    insert(lab, recording)
    assert refused(lab, recording, OTHER) == [
        Problem(
            "recording_taken",
            "lab/1/41",
            "this session already holds the recording that is delivered for lab/1/42",
            "Deliver it for that session, or run `antelop remove lab/1/41` first if the recording belongs to lab/1/42",
        )
    ]


def test_a_taken_session_is_told_with_all_else(lab: Lab, recording: Path, tmp_path: Path) -> None:
    """Where a recording cannot be compared, for it has problems, its file tells whether it is another one."""
    insert(lab, recording)
    wrong = write_recording(tmp_path / "wrong.nwb", seed=1, series={"acquisition/lick": None})
    assert [problem.check for problem in refused(lab, wrong)] == ["feature_missing", "session_taken"]
    assert [problem.check for problem in refused(lab, recording, animals=ANIMALS[:1])] == ["animals_count"]


def test_the_same_recording_of_other_animals_is_refused(lab: Lab, recording: Path) -> None:
    """To say that nothing was changed would hide that a manifest was corrected; so with another rig."""
    insert(lab, recording)
    upload_rig_json(lab, "lab", "same rig", LICKING_RIG, [])
    for changes, what in (
        ({"animals": ANIMALS[::-1]}, "with other animals than in this delivery"),
        ({"rig": 2}, "with another behaviourrig_id than in this delivery"),
        ({"rig": 2, "animals": ANIMALS[::-1]}, "with another behaviourrig_id and other animals than in this delivery"),
    ):
        (problem,) = refused(lab, recording, **{"rig": 1} | changes)
        assert (problem.check, problem.what) == ("session_taken", f"the session holds this recording already, {what}")


@pytest.mark.parametrize("changes", [{"identifier": "another"}, {"session_start_time": STARTED + timedelta(days=1)}])
def test_the_same_content_with_another_identity_is_another_recording(
    lab: Lab, recording: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    """Two days on which the same stimulus was shown are two sessions, and neither takes the place of the other."""
    twin = write_recording(tmp_path / "twin.nwb", **changes)
    assert insert(lab, recording) == "ingested"
    assert [problem.check for problem in refused(lab, twin)] == ["session_taken"]
    assert insert(lab, twin, OTHER) == "ingested"
    assert insert(lab, twin, OTHER) == "already-ingested"
    assert len(lab.database.Ingestion()) == 2


def test_empty_recordings_differ_by_their_identifier(lab: Lab, tmp_path: Path) -> None:
    """Two sessions in which nothing was recorded are two recordings; the same file for both is one."""
    key = upload_rig_json(lab, "lab", "one channel", ONE_CHANNEL, [])
    empty = {"acquisition/lick": events([], [])}
    paths = [write_recording(tmp_path / f"{seed}.nwb", seed=seed, series=empty) for seed in (1, 2)]
    options = {"animals": [], "rig": key["behaviourrig_id"]}
    assert [insert(lab, path, session, **options) for path, session in zip(paths, (SESSION, OTHER), strict=True)] == [
        "ingested",
        "ingested",
    ]
    assert insert(lab, paths[0], SESSION, **options) == "already-ingested"
    (problem,) = refused(lab, paths[0], {**SESSION, "session_id": 43}, **options)
    assert (problem.check, problem.where) == ("recording_taken", "lab/1/41")


def test_rows_without_a_ledger_are_another_recording(lab: Lab, recording: Path) -> None:
    """What somebody put into a session by other means is not touched."""
    lab.database.World.insert1({**SESSION, "behaviourrig_id": 1})
    (problem,) = refused(lab, recording)
    assert (problem.check, problem.what) == ("session_taken", "the session already holds another recording")


@pytest.mark.parametrize("sessions", [(SESSION, SESSION), (SESSION, OTHER)])
def test_of_two_at_once_one_is_first(
    lab: Lab, others: Callable[[], Lab], recording: Path, sessions: tuple[dict[str, Any], ...]
) -> None:
    """The second is already ingested, or refused for another session, just as if it had come later."""
    said: list[str] = []
    barrier = Barrier(2)

    def deliver(other: Lab, session: dict[str, Any]) -> None:
        barrier.wait()
        try:
            said.append(insert(other, recording, session))
        except Rejected as rejected:
            said.append(rejected.problems[0].check)

    threads = [Thread(target=deliver, args=(others(), session)) for session in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    second = "already-ingested" if sessions[0] == sessions[1] else "recording_taken"
    assert sorted(said) == sorted(["ingested", second])
    assert len(lab.database.World()) == len(lab.database.Ingestion()) == 1
