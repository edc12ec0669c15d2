"""What holds a file, and what would release it."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from antelop.config import FolderConfig
from antelop.dropfolder.waiting import Reason
from antelop.errors import Problem
from antelop.lab import Lab
from antelop.outcome import Kind, Outcome
from antelop.queue import deliveries, jobs
from antelop.queue.attempts import Attempt, finish_attempt
from antelop.service.explain import AGAIN, RELEASES, UNANSWERED, Explanation, explain
from antelop.upkeep.removal import remove
from antelop.worker import Worker
from tests.clocks import NOW
from tests.drops import Drop
from tests.labs import SESSION


@pytest.fixture
def folder(tmp_path: Path) -> FolderConfig:
    """Give a drop folder without its sub-folders, and without a lab."""
    (tmp_path / "rig-2").mkdir()
    return FolderConfig("rig-2", tmp_path / "rig-2", recursive=False)


@pytest.mark.parametrize(
    ("name", "rule", "sentence"),
    [
        ("../a.nwb", "outside", "it is in no drop folder"),
        ("._a.nwb", "junk", "it is ignored: ._a.nwb is made by macOS, for attributes that another filesystem cannot store"),
        ("@eaDir/a.nwb", "junk", "it is ignored: @eaDir is made by Synology, for thumbnails"),
        ("m17/a.nwb", "subfolder", "sub-folders of rig-2 are not scanned"),
        ("a.receipt.json", "receipt", "it is a receipt, which antelop has written"),
        (
            "a.avi",
            "other",
            "it is neither an NWB file nor a manifest; if it is a video that a recording names, it is stored with that",
        ),
        ("a.nwb", "missing", "there is no such file, and the ledger does not know it"),
    ],
)
def test_a_name_may_say_it_all(folder: FolderConfig, name: str, rule: str, sentence: str) -> None:
    """What is none of the service's business needs neither a status nor a database to be told."""
    found = explain(folder.path / name, [folder], None, None)
    assert (found.rule, found.sentence) == (rule, sentence)
    assert bool(found.release) == (rule != "receipt" and "avi" not in name)


def test_a_file_in_a_linked_folder_is_never_found(folder: FolderConfig, tmp_path: Path) -> None:
    """The link is named, and what to do instead; a drop folder that is itself a link is followed."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "x.nwb").touch()
    (folder.path / "day").symlink_to(tmp_path / "real")
    (tmp_path / "rig-3").symlink_to(folder.path)
    for path in (folder.path, tmp_path / "rig-3"):
        found = explain(path / "day" / "x.nwb", [replace(folder, path=path, recursive=True)], {}, None)
        assert found == Explanation("linked", "day is a link to a folder, which is not followed", RELEASES["linked"])


def test_a_file_that_nobody_has_seen_yet_is_said_to_be_so(folder: FolderConfig) -> None:
    """A JSON file that is no manifest is none; anything else is found by the next scan."""
    for name in ("a.nwb", "settings.json", "a.manifest.json"):
        (folder.path / name).write_text("{}")
    (folder.path / "note.json").write_text('{"specification": "antelop-manifest"}')
    rules = {path.name: explain(path, [folder], {}, None).rule for path in folder.path.iterdir()}
    assert rules == {"a.nwb": "unseen", "settings.json": "other", "a.manifest.json": "unseen", "note.json": "unseen"}


def test_what_waits_is_explained_by_what_it_waits_for(folder: FolderConfig) -> None:
    """So is what waits with it; and the link by which the folder is reached does not matter."""
    waits = {"folder": "rig-2", "path": "a.nwb", "others": ["a.manifest.json"], "rule": "growing", "reason": "still growing"}
    status = {"waiting": [waits], "folders": [{"name": "rig-2", "absent": "it hangs"}]}
    link = folder.path.with_name("link")
    link.symlink_to(folder.path)
    for place in (folder.path, link):
        assert explain(place / "a.nwb", [folder], status, None) == Explanation("growing", "still growing", RELEASES["growing"])
    with_it = explain(folder.path / "a.manifest.json", [folder], status, None)
    assert with_it.sentence == "a.nwb, which belongs to the same delivery: still growing"
    elsewhere = replace(folder, name="other")
    assert explain(folder.path / "a.nwb", [elsewhere], status, None).rule == "missing"


def test_every_reason_to_wait_has_an_end() -> None:
    """Whatever the watcher says, there is something to say about what would release it."""
    assert set(RELEASES) == {reason.name.lower() for reason in Reason}


def test_an_absent_folder_explains_what_is_in_it(folder: FolderConfig) -> None:
    """Nothing can be taken from it."""
    status = {"folders": [{"name": "rig-2", "absent": "its sentinel file is missing"}]}
    found = explain(folder.path / "a.nwb", [folder], status, None)
    assert found == Explanation(
        "absent", "nothing can be taken from folder rig-2: its sentinel file is missing", "Bring the folder back"
    )


def test_a_delivery_is_explained_by_its_state(lab: Lab, drop: Drop, others: Callable[[], Lab]) -> None:
    """From the queue through its attempts to what became of it, and after that."""
    delivery = drop.deliver("a")
    database = lab.database

    def explained(status: Any = None) -> Explanation:
        by_manifest = explain(drop.path / "a.manifest.json", lab.config.folders, status, database)
        by_recording = explain(drop.path / "a.nwb", lab.config.folders, status, database)
        assert (by_recording.rule, by_recording.problems) == (by_manifest.rule, by_manifest.problems)  # not how long
        return by_manifest

    def settle(kind: Kind, sentence: str, *problems: Problem) -> None:
        finish_attempt(database, delivery.delivery_id, Attempt(Outcome.of(kind, sentence, NOW, problems), 1.0))

    deliveries.enqueue(database, delivery, NOW)
    assert explained() == Explanation("queued", "it is in the queue", "A worker takes it when its turn comes")
    held = explained({"analysis": "a.py: everybody may write it. Run `chmod o-w a.py`."})
    assert (held.rule, held.sentence) == (
        "held",
        "it is in the queue, and stays there: a.py: everybody may write it. Run `chmod o-w a.py`.",
    )
    with jobs.claimed(others().database, ["rig-2"]):
        assert explained().sentence.startswith(f"worker {os.getpid()} on ")
    settle("unavailable", "the share is away")
    in_a_century = datetime(2120, 1, 1)  # noqa: DTZ001  # as the database has it
    database.jobs.update1({"delivery_id": delivery.delivery_id, "scheduled_time": in_a_century})
    assert (explained().rule, explained().sentence) == ("delayed", "the share is away")
    assert explained().release.startswith("It is tried again by itself in ")
    deliveries.hold_for_videos(database, delivery.delivery_id)
    assert explained().rule == "waiting"
    deliveries.withdraw(database, delivery.delivery_id)
    assert explained().rule == "superseded"
    deliveries.enqueue(database, delivery, NOW)
    problem = Problem("session_unknown", "/session", "there is none", "Add it")
    settle("rejected", "there is none", problem)
    assert explained() == Explanation("rejected", "there is none", AGAIN, (problem.as_dict(),))
    deliveries.retry(database, delivery.delivery_id, NOW)
    for _ in range(3):
        settle("failed", "its worker died")
    assert explained() == Explanation("failed", "its worker died", f"{AGAIN}; or run `antelop retry`")
    deliveries.retry(database, delivery.delivery_id, NOW)
    assert Worker(lab, lambda _: None).work()
    assert explained() == Explanation("ingested", "session lab/1/41: 2 features, 10 trials in trials")
    again = drop.deliver("copy")
    deliveries.enqueue(database, again, NOW)
    assert Worker(lab, lambda _: None).work()
    assert explain(drop.path / "copy.nwb", lab.config.folders, None, database).rule == "already-ingested"
    remove(lab, SESSION)
    assert explained() == Explanation("removed", "it was ingested, and its session was removed since", "Run `antelop retry`")
    (drop.path / "a.nwb").unlink()
    assert explained().rule == "removed"


def test_a_receipt_that_cannot_be_written_is_explained(lab: Lab, drop: Drop) -> None:
    """Whatever the delivery came to: somebody waits for an answer."""
    right, wrong = drop.deliver("right"), drop.deliver("wrong", session=99)
    for delivery in (right, wrong):
        drop.receipt(Path(delivery.nwb_path).stem).mkdir()
        deliveries.enqueue(lab.database, delivery, NOW)
        assert Worker(lab, lambda _: None).work()
    found = explain(drop.path / "right.nwb", lab.config.folders, None, lab.database)
    assert (found.rule, found.release) == ("ingested", UNANSWERED)
    found = explain(drop.path / "wrong.nwb", lab.config.folders, None, lab.database)
    assert (found.rule, found.release) == ("rejected", f"{UNANSWERED}. {AGAIN}")
    committed = drop.deliver("committed", session=42, number=2)
    deliveries.enqueue(lab.database, committed, NOW)  # and its worker has died
    lab.database.Delivery.update1({"delivery_id": committed.delivery_id, "state": "already-ingested"})
    assert explain(drop.path / "committed.nwb", lab.config.folders, None, lab.database).release == ""


def test_the_latest_delivery_of_a_file_counts(lab: Lab, drop: Drop) -> None:
    """Not one that it took the place of."""
    deliveries.enqueue(lab.database, drop.deliver("a", number=1), NOW)
    drop.record("a", number=2)
    deliveries.enqueue(lab.database, drop.delivery("a"), NOW)
    assert explain(drop.path / "a.nwb", lab.config.folders, None, lab.database).rule == "queued"
