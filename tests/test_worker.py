"""A worker in this process, on both databases: the outcomes of deliveries, and the events that it reports."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import h5py
import pytest

from antelop.dropfolder.delivery import Delivery
from antelop.formats.manifest import LONGEST
from antelop.ingest.session import ingest
from antelop.lab import Lab
from antelop.outcome import Outcome
from antelop.queue import deliveries, jobs
from antelop.upkeep.removal import remove
from antelop.worker import completion, receipt
from antelop.worker.events import Claimed, DeliveryName, Done, Missing, Skipped, Trusted, Untrusted, VideosUnsettled
from tests.clocks import NOW
from tests.desks import BROKEN, Crash, Desk
from tests.drops import Drop
from tests.labs import ANIMALS, SESSION, await_release


def test_a_delivery_is_ingested_and_answered(desk: Desk) -> None:
    """The receipt is what the ledger says, and the worker tells of it by the delivery's id."""
    delivery = desk.drop.deliver("a")
    done = desk.work(delivery)
    named = DeliveryName(delivery.delivery_id, "rig-2", "a.manifest.json", "a.nwb")
    assert [type(event) for event in desk.events] == [Trusted, Claimed, Done]
    assert desk.events[1] == Claimed(named)
    assert (done.delivery, done.state) == (named, "ingested")
    assert desk.state(delivery) == "ingested"
    answer = desk.drop.answer("a")
    assert answer == json.loads(json.dumps(done.outcome.as_dict()))
    assert answer.pop("finished") == NOW.isoformat()
    with h5py.File(desk.drop.path / "a.nwb") as file:
        object_id = file.attrs["object_id"]
    size = (desk.drop.path / "a.nwb").stat().st_size
    assert answer.pop("nwb") == {"identifier": "licking-0", "object_id": object_id, "size": size}
    assert answer == {
        "outcome": "ingested",
        "sentence": "session lab/1/41: 2 features, 10 trials in trials",
        "version": "0.1.0",
        "problems": [],
        "warnings": [],
        "session": SESSION,
        "rows": {"World": 1, "Self": 1, "Object": 2, "DigitalEvents": 1, "IntervalEvents": 1},
        "trials": {"trials": 10},
    }
    assert len(desk.lab.database.World & SESSION) == 1


def test_a_rejected_delivery_is_answered_with_every_problem(desk: Desk) -> None:
    """Sentence, problems and remedies are in the receipt, and nothing is in the database."""
    done = desk.work(desk.drop.deliver("a", session=99, animals=[{"animal_id": 5}]))
    assert done.state == "rejected"
    answer = desk.drop.answer("a")
    assert answer["outcome"] == "rejected"
    assert [problem["check"] for problem in answer["problems"]] == ["session_unknown", "animal_unknown", "subject_other"]
    assert answer["sentence"].endswith("(and 2 more)")
    assert all(problem["remedy"] for problem in answer["problems"])
    assert len(desk.lab.database.World()) == 0


@pytest.mark.parametrize("served_lab", ["postgresql"], indirect=True)
def test_a_right_that_is_missing_is_the_worlds_fault(desk: Desk, visitor: Callable[..., Lab]) -> None:
    """No delivery is wrong for it: it is tried again, and goes in when somebody has given the right as it is said."""
    weak = Desk(visitor("lab"), desk.drop)
    schema = f"{desk.lab.database.prefix}behaviour"
    desk.lab.database.connection.query(f"REVOKE INSERT ON ALL TABLES IN SCHEMA {schema} FROM lab")
    done = weak.work(desk.drop.deliver("a"))
    assert (done.state, done.outcome.outcome) == ("ready", "unavailable")
    grant = f"GRANT INSERT ON ALL TABLES IN SCHEMA {schema} TO lab;"
    what = f"{schema}: database user lab lacks the right INSERT: permission denied for table world"
    assert done.outcome.sentence == f"{what}. Have an administrator of the server run `{grant}`."
    desk.lab.database.connection.query(grant)
    assert weak.work().state == "ingested"


def test_a_manifest_that_is_far_too_long_is_answered(desk: Desk) -> None:
    """It is read no further than any manifest goes, by whoever watches the folder and by the worker."""
    path = desk.drop.note("a")
    path.write_bytes(path.read_bytes().ljust(1 << 24))
    found = path.stat()
    delivery = Delivery("rig-2", path.name, found.st_size, found.st_mtime_ns, path.read_bytes()[: LONGEST + 1])
    assert desk.work(delivery).state == "rejected"
    assert [problem["check"] for problem in desk.drop.answer("a")["problems"]] == ["manifest_long"]


def test_a_manifest_that_is_none_is_answered(desk: Desk) -> None:
    """It is a delivery without a recording; when it is mended it is another delivery, of the recording too."""
    desk.drop.record("a")
    (desk.drop.path / "a.manifest.json").write_text('{"specification": "antelop-manifest", ')
    whole = desk.drop.delivery("a")
    broken = replace(whole, nwb_path="", nwb_size=0, nwb_mtime=0)
    assert desk.work(broken).state == "rejected"
    answer = desk.drop.answer("a")
    assert answer["problems"][0]["check"] == "json"
    desk.drop.note("a")
    assert desk.work(desk.drop.delivery("a")).state == "ingested"
    assert desk.state(broken) == "superseded"


@pytest.mark.parametrize(
    ("settings", "members", "check"),
    [
        ({"experimenters": frozenset(["ada", "bob"])}, {}, "not_permitted"),
        ({}, {"session": "tomorrow"}, "session_unknown"),
        ({"create_sessions": True}, {"session": "tomorrow"}, None),
        ({"create_sessions": True}, {"session": 99}, "session_unknown"),
        ({"experimenters": None}, {}, None),
    ],
)
def test_a_folder_says_who_may_deliver_what(
    desk: Desk, dropping: Callable[..., Drop], settings: dict[str, Any], members: dict[str, Any], check: str | None
) -> None:
    """Experimenters who may not deliver there are refused; sessions are made where that is allowed, by name only."""
    drop = dropping("allowed", **settings)
    desk = Desk(desk.lab, drop)
    done = desk.work(drop.deliver("a", **members))
    assert [problem.check for problem in done.outcome.problems] == ([check] if check else [])
    if members == {"session": "tomorrow"} and check is None:
        made = (desk.lab.database.Session & {"session_name": "tomorrow"}).fetch1()
        assert (made["session_id"], made["session_timestamp"]) == (45, datetime(2024, 11, 22, 9, 30))  # noqa: DTZ001  # UTC


def test_field_25_the_same_session_twice(desk: Desk) -> None:
    """The same recording again is answered so; another one for the session, or this one for another, is rejected."""
    desk.work(desk.drop.deliver("a", number=1))
    again = desk.work(desk.drop.deliver("copy", number=1))
    assert (again.state, again.outcome.sentence.split(" since ")[0]) == (
        "already-ingested",
        "session lab/1/41 holds this recording",
    )
    other = desk.work(desk.drop.deliver("b", number=2))
    assert [problem.check for problem in other.outcome.problems] == ["session_taken"]
    elsewhere = desk.work(desk.drop.deliver("c", number=1, session=42))
    assert [problem.check for problem in elsewhere.outcome.problems] == ["recording_taken"]
    assert len(desk.lab.database.World()) == len(desk.lab.database.Ingestion()) == 1


def test_field_18_what_is_inserted_in_part_is_no_success(desk: Desk) -> None:
    """A mask that fails is the last step of all: every row before it is taken back, and the answer says what failed."""
    script = desk.lab.config.analysis.folders[0] / "licking.py"
    script.write_text(BROKEN)
    done = desk.work(desk.drop.deliver("a"))
    assert (done.state, desk.drop.answer("a")["outcome"]) == ("rejected", "rejected")
    assert [problem.check for problem in done.outcome.problems] == ["mask_raised"]
    tables = ("World", "Self", "Object", "DigitalEvents", "IntervalEvents", "Mask", "Ingestion")
    assert {table: len(desk.lab.database.tables[table]()) for table in tables} == dict.fromkeys(tables, 0)


@pytest.mark.parametrize(
    "what",
    ["file gone", "manifest gone", "other file", "other manifest", "pipe", "pipe for a manifest", "folder"],
)
def test_what_is_not_as_it_was_queued_is_left(desk: Desk, what: str) -> None:
    """Nothing of it goes in; it is sought for a while, and what takes its place supersedes it."""
    delivery = desk.drop.deliver("a", number=1)
    desk.enqueue(delivery)
    before = [(path, path.read_bytes(), path.stat().st_mtime_ns) for path in desk.drop.path.iterdir()]
    match what:
        case "file gone":
            (desk.drop.path / "a.nwb").unlink()
        case "manifest gone":
            (desk.drop.path / "a.manifest.json").unlink()
        case "other file":
            os.utime(desk.drop.record("a", number=2), (1, 1))  # a filesystem's clock may stand still for some milliseconds
        case "pipe" | "pipe for a manifest" | "folder":
            place = desk.drop.path / ("a.manifest.json" if what.endswith("manifest") else "a.nwb")
            place.unlink()
            place.mkdir() if what == "folder" else os.mkfifo(place)
        case _:
            desk.drop.note("a", note="of another length")
    assert desk.work_to(Missing).sought
    assert desk.state(delivery) == "ready"
    assert len(desk.lab.database.World()) == len(desk.lab.database.Attempt()) == 0
    for path, content, mtime in before:
        if path.is_fifo() or path.is_dir():
            path.rmdir() if path.is_dir() else path.unlink()
        path.write_bytes(content)
        os.utime(path, ns=(mtime, mtime))
    assert desk.work().state == "ingested"


def test_a_delivery_that_was_superseded_meanwhile_is_rolled_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is in the database, and it is not answered."""
    delivery = desk.drop.deliver("a")

    def supersede(*args: Any) -> Any:
        deliveries.withdraw(desk.lab.database, delivery.delivery_id)
        return ingest(*args)

    monkeypatch.setattr("antelop.worker.worker.ingest", supersede)
    assert desk.work_to(Skipped, delivery).state == "superseded"
    assert jobs.counts(desk.lab.database)["total"] == 0
    assert len(desk.lab.database.World()) == len(desk.lab.database.Ingestion()) == 0
    assert not desk.drop.receipt("a").exists()


def test_videos_that_have_not_settled_are_waited_for(desk: Desk, licking: Callable[[Path], Path]) -> None:
    """The worker says which; when they have settled, too, the recording goes in with them."""
    licking(desk.drop.path)
    desk.drop.note("licking", rig="licking rig", animals=ANIMALS)
    event = desk.work_to(VideosUnsettled, desk.drop.delivery("licking"))
    assert event.paths == ("licking_camera.avi",)
    assert desk.state(desk.drop.delivery("licking")) == "waiting"
    assert desk.work(desk.drop.delivery("licking", "licking_camera.avi")).state == "ingested"


def test_an_outage_of_the_share_is_no_failure(desk: Desk) -> None:
    """The delivery is tried again, and nobody is answered."""
    delivery = desk.drop.deliver("a")
    desk.enqueue(delivery)
    away = desk.drop.path.rename(desk.drop.path.with_name("away"))
    desk.drop.path.symlink_to(desk.drop.path)  # whatever is looked for in there leads in a circle
    done = desk.work()
    assert (done.state, done.outcome.outcome) == ("ready", "unavailable")
    assert done.outcome.sentence.endswith("cannot be read: Too many levels of symbolic links")
    desk.drop.path.unlink()
    away.rename(desk.drop.path)
    assert desk.work().state == "ingested"


def test_a_defect_costs_a_try_and_is_told_with_its_traceback(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The third one parks the delivery, and answers it; the worker goes on."""

    def defective(*_: object) -> None:
        raise ZeroDivisionError("of ours")

    delivery = desk.drop.deliver("a")
    with monkeypatch.context() as patched:
        patched.setattr("antelop.worker.worker.ingest", defective)
        states = [desk.work(delivery if first else None).state for first in (True, False, False)]
        assert states == ["ready", "ready", "failed"]
        assert "ZeroDivisionError: of ours" in (desk.last(Done).traceback or "")
    assert "ZeroDivisionError: of ours" in desk.lab.database.Attempt.to_arrays("traceback")[-1]
    answer = desk.drop.answer("a")
    assert (answer["outcome"], answer["sentence"]) == ("failed", "a defect of this software: ZeroDivisionError: of ours")
    assert desk.work(desk.drop.deliver("b")).state == "ingested"


def test_an_analysis_folder_that_is_not_trusted_holds_everything(desk: Desk) -> None:
    """Deliveries wait in the queue without an attempt, and the worker says why; when it is mended they go on."""
    script = desk.lab.config.analysis.folders[0] / "licking.py"
    script.chmod(0o646)
    delivery = desk.drop.deliver("a")
    desk.enqueue(delivery)
    assert [desk.worker.work() for _ in range(2)] == [False, False]
    (event,) = desk.events
    assert isinstance(event, Untrusted)
    assert event.sentence.startswith(f"{script}: everybody may write it (-rw-r--rw-)")
    assert desk.state(delivery) == "ready"
    script.chmod(0o644)
    assert desk.work().state == "ingested"
    assert [type(event) for event in desk.events] == [Untrusted, Trusted, Claimed, Done]


def test_a_session_that_was_removed_comes_back_by_retry_only(desk: Desk) -> None:
    """Neither an announcement nor a job that was left brings it back."""
    delivery = desk.drop.deliver("a")
    desk.work(delivery)
    remove(desk.lab, SESSION)
    assert desk.enqueue(delivery) == "ingested"
    assert desk.look_again() == 0
    jobs.schedule(desk.lab.database, {"delivery_id": delivery.delivery_id})
    assert desk.work_to(Skipped).state == "ingested"
    assert len(desk.lab.database.World()) == 0
    assert deliveries.retry(desk.lab.database, delivery.delivery_id, NOW)
    assert desk.work().state == "ingested"
    assert len(desk.lab.database.World & SESSION) == 1


def test_what_is_there_is_not_harmed_by_a_retry(desk: Desk) -> None:
    """It is answered again from the ledger, even if its file is gone."""
    delivery = desk.drop.deliver("a")
    before = desk.work(delivery).outcome
    (desk.drop.path / "a.nwb").unlink()
    assert deliveries.retry(desk.lab.database, delivery.delivery_id, NOW)
    done = desk.work()
    assert (done.state, done.outcome) == ("ingested", before)
    assert desk.state(delivery) == "ingested"


@pytest.mark.parametrize("step", ["receipt", "settle"])
def test_a_crash_after_commit_is_repaired_by_the_ledger(desk: Desk, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Whoever claims it next answers it; nothing is ingested twice."""
    delivery = desk.drop.deliver("a")
    desk.lab.database.reconnect()  # on a connection that ends with the crash

    def crash(*_: object, **__: object) -> None:
        desk.lab.database.close()
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(*((receipt, "write") if step == "receipt" else (completion, "finish_attempt")), crash)
        with pytest.raises(Crash):
            desk.work(delivery)
    assert len(desk.lab.database.World & SESSION) == 1
    await_release(desk.lab, delivery.delivery_id)
    another = Desk(desk.lab, desk.drop)
    assert not another.worker.work()
    another.worker.finish_orphans({delivery.delivery_id: Outcome.of("failed", "its worker was killed", NOW)})
    assert another.work().state == "ingested"
    assert len(desk.lab.database.Ingestion()) == 1
    answer = desk.drop.answer("a")
    assert answer["outcome"] == "ingested"
    outcomes = list(desk.lab.database.Attempt.to_arrays("outcome", order_by="attempt_id"))
    assert outcomes == ["failed", "ingested"]


def test_what_was_ingested_is_archived(desk: Desk, dropping: Callable[..., Drop], tmp_path: Path) -> None:
    """Recording and manifest go to the archive, and the receipt, which stays, says where and with which hash."""
    drop = dropping("archived", after="archive", archive=tmp_path / "archive")
    desk = Desk(desk.lab, drop)
    delivery = drop.deliver("m17/a")
    proof = drop.prove("m17/a")
    done = desk.work(delivery)
    assert done.outcome.archived == {"path": str(tmp_path / "archive/m17/a.nwb"), "sha256": proof["sha256"]}
    assert [path.name for path in (drop.path / "m17").iterdir()] == ["a.receipt.json"]
    answer = drop.answer("m17/a")
    assert answer["archived"] == done.outcome.archived
    rejected = desk.work(drop.deliver("b", session=99))
    assert rejected.state == "rejected"
    assert (drop.path / "b.nwb").exists()


def test_an_archive_that_is_away_is_tried_again(desk: Desk, dropping: Callable[..., Drop], tmp_path: Path) -> None:
    """The session is in the database and answered; only its job goes on, through failures and retries."""
    (tmp_path / "archive").write_text("in its place")
    drop = dropping("archived", after="archive", archive=tmp_path / "archive")
    desk = Desk(desk.lab, drop)
    delivery = drop.deliver("a")
    done = desk.work(delivery)
    assert (done.state, done.outcome.outcome) == ("ingested", "unavailable")
    answer = drop.answer("a")
    assert (answer["outcome"], "archived" in answer) == ("ingested", False)
    (tmp_path / "archive").unlink()
    assert desk.work().outcome.as_dict()["archived"]["path"] == str(tmp_path / "archive/a.nwb")
    assert jobs.counts(desk.lab.database)["total"] == 0
