"""The queue of deliveries, on both databases."""

import os
import platform
import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta

import pytest

from antelop.dropfolder.delivery import Delivery
from antelop.lab import Lab
from antelop.outcome import Kind, Outcome
from antelop.queue import deliveries, jobs
from antelop.queue.attempts import TRIES, Attempt, finish_attempt
from antelop.queue.ledger import enter
from antelop.queue.states import ANSWERED, UNCOMMITTED, Event
from tests.clocks import NOW
from tests.drops import Drop, hasten
from tests.labs import await_release


def state_of(lab: Lab, delivery: Delivery) -> str:
    """Return the state of a delivery."""
    return deliveries.states(lab.database, [delivery.delivery_id])[delivery.delivery_id]


def job_of(lab: Lab, delivery: Delivery) -> str | None:
    """Return the status of a delivery's job, None if it has none."""
    return next(iter((lab.database.jobs & {"delivery_id": delivery.delivery_id}).to_arrays("status")), None)


def settle(  # noqa: PLR0913  # what there is to say of an attempt
    lab: Lab, delivery: Delivery, kind: Kind, at: datetime = NOW, sentence: str = "so it is", *, answered: bool = True
) -> str | None:
    """Settle a delivery by an outcome of its kind."""
    outcome = Outcome.of(kind, sentence, at)
    return finish_attempt(lab.database, delivery.delivery_id, Attempt(outcome, 0.5), receipt_due=None if answered else at)


def due_in(lab: Lab, delivery: Delivery) -> float:
    """Return the seconds after which a delivery is due, from when it was put into the queue."""
    key = {"delivery_id": delivery.delivery_id}
    made, due = (lab.database.jobs & key).fetch1("created_time", "scheduled_time")
    return float((due - made).total_seconds())


def test_field_11_a_delivery_is_queued_once(lab: Lab, drop: Drop) -> None:
    """However often it is announced, it has one row and one job."""
    delivery = drop.deliver("a")
    for _ in range(3):
        assert deliveries.enqueue(lab.database, delivery, NOW) == "ready"
    (row,) = lab.database.Delivery.to_dicts()
    assert (row["state"], row["manifest_path"], row["nwb_path"], row["received"]) == (
        "ready",
        "a.manifest.json",
        "a.nwb",
        NOW.replace(tzinfo=None),
    )
    assert job_of(lab, delivery) == "pending"
    assert jobs.counts(lab.database)["total"] == 1


def test_field_14_two_services_enter_one_delivery_at_once(lab: Lab, drop: Drop, others: Callable[[], Lab]) -> None:
    """Both find it in the queue, and it is there once."""
    delivery, labs, found = drop.deliver("a"), [others() for _ in range(4)], []
    start = threading.Barrier(len(labs))

    def enqueue(other: Lab) -> None:
        start.wait()
        found.append(deliveries.enqueue(other.database, delivery, NOW))

    threads = [threading.Thread(target=enqueue, args=[other]) for other in labs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["ready"] * 4
    assert jobs.counts(lab.database) == {"pending": 1, "reserved": 0, "success": 0, "error": 0, "ignore": 0, "total": 1}


@pytest.mark.parametrize("state", ANSWERED)
def test_a_delivery_that_was_answered_keeps_its_state(lab: Lab, drop: Drop, state: Kind) -> None:
    """It is not queued again when it is announced again, such as by another process."""
    delivery = drop.deliver("a")
    deliveries.enqueue(lab.database, delivery, NOW)
    for _ in range(TRIES if state == "failed" else 1):
        settle(lab, delivery, state)
    assert deliveries.enqueue(lab.database, delivery, NOW) == state
    assert job_of(lab, delivery) is None


def test_a_delivery_whose_job_was_deleted_gets_one_again(lab: Lab, drop: Drop) -> None:
    """Any DataJoint user can delete jobs, or let populate mark them as errors."""
    delivery = drop.deliver("a")
    deliveries.enqueue(lab.database, delivery, NOW)
    lab.database.jobs.delete()
    assert deliveries.enqueue(lab.database, delivery, NOW) == "ready"
    assert job_of(lab, delivery) == "pending"
    lab.database.jobs.error({"delivery_id": delivery.delivery_id}, "somebody called populate")
    deliveries.enqueue(lab.database, delivery, NOW)
    assert job_of(lab, delivery) == "pending"


@pytest.mark.parametrize("changed", ["file", "manifest"])
@pytest.mark.parametrize("state", UNCOMMITTED)
def test_a_change_takes_the_place_of_what_has_not_committed(lab: Lab, drop: Drop, changed: str, state: str) -> None:
    """The earlier delivery of the same file, or of the same manifest, leaves the queue for good."""
    before = drop.deliver("a", number=1)
    deliveries.enqueue(lab.database, before, NOW)
    lab.database.Delivery.update1({"delivery_id": before.delivery_id, "state": state})
    if changed == "file":
        drop.record("a", number=2)
    else:
        drop.note("a", session=42)
    after = drop.delivery("a")
    deliveries.enqueue(lab.database, after, NOW)
    assert (state_of(lab, before), job_of(lab, before)) == ("superseded", None)
    assert (state_of(lab, after), job_of(lab, after)) == ("ready", "pending")


def test_nothing_else_is_superseded(lab: Lab, drop: Drop, dropping: Callable[..., Drop]) -> None:
    """Not what has committed, nor the same name in another folder, nor another file in the same one."""
    committed, elsewhere, other = drop.deliver("a", number=1), dropping("other").deliver("a"), drop.deliver("b")
    with lab.database.transaction():
        enter(lab.database, committed, Event.COMMIT, NOW)
    deliveries.enqueue(lab.database, elsewhere, NOW)
    deliveries.enqueue(lab.database, other, NOW)
    drop.record("a", number=2)
    deliveries.enqueue(lab.database, drop.delivery("a"), NOW)
    assert [state_of(lab, delivery) for delivery in (committed, elsewhere, other)] == ["ingested", "ready", "ready"]


def test_what_is_being_committed_is_not_superseded(lab: Lab, drop: Drop, others: Callable[[], Lab]) -> None:
    """Who withdraws it waits for the commit, and leaves it as it is then."""
    delivery = drop.deliver("a")
    deliveries.enqueue(lab.database, delivery, NOW)
    other = others()
    withdrawing = threading.Thread(target=deliveries.withdraw, args=[other.database, delivery.delivery_id])
    with lab.database.transaction():
        enter(lab.database, delivery, Event.COMMIT, NOW)
        withdrawing.start()
        withdrawing.join(0.3)
        assert withdrawing.is_alive()
    withdrawing.join()
    assert state_of(lab, delivery) == "ingested"


def test_a_delivery_that_was_taken_back_can_come_again(lab: Lab, drop: Drop) -> None:
    """A file that is moved away and back is the same delivery."""
    delivery = drop.deliver("a")
    deliveries.enqueue(lab.database, delivery, NOW)
    deliveries.withdraw(lab.database, delivery.delivery_id)
    assert (state_of(lab, delivery), job_of(lab, delivery)) == ("superseded", None)
    assert deliveries.enqueue(lab.database, delivery, NOW) == "ready"
    assert (state_of(lab, delivery), job_of(lab, delivery)) == ("ready", "pending")


def test_names_are_taken_as_they_are(lab: Lab, drop: Drop) -> None:
    """Quotes, percent signs and backslashes mean nothing in a name."""
    name = """it's "50 %" \\ and %s; --"""
    before = drop.deliver(name, number=1)
    deliveries.enqueue(lab.database, before, NOW)
    drop.record(name, number=2)
    deliveries.enqueue(lab.database, drop.delivery(name), NOW)
    assert state_of(lab, before) == "superseded"
    with jobs.claimed(lab.database, ["rig-2"]) as row:
        assert row is not None
        assert row["nwb_path"] == f"{name}.nwb"


def test_the_delivery_that_is_due_for_longest_comes_first(lab: Lab, drop: Drop, dropping: Callable[..., Drop]) -> None:
    """Of the folders that are asked for; what is not due yet, or elsewhere, is left."""
    first, second, elsewhere = drop.deliver("a"), drop.deliver("b"), dropping("other").deliver("c")
    for delivery in (elsewhere, first, second):
        deliveries.enqueue(lab.database, delivery, NOW)
    found = []
    with ExitStack() as claims:
        for _ in range(3):
            row = claims.enter_context(jobs.claimed(lab.database, ["rig-2"]))
            found.append(row and row["delivery_id"])
    assert found == [first.delivery_id, second.delivery_id, None]
    settle(lab, first, "unavailable")
    with jobs.claimed(lab.database, ["rig-2"]) as row:
        assert row is None
    hasten(lab)
    with jobs.claimed(lab.database, ["rig-2"]) as row:
        assert row is not None
        assert row["delivery_id"] == first.delivery_id


def test_field_14_two_workers_never_have_one_delivery(lab: Lab, drop: Drop, others: Callable[[], Lab]) -> None:
    """Four workers that claim at once, again and again, get each delivery once."""
    dropped = [drop.deliver(f"{number}") for number in range(12)]
    for delivery in dropped:
        deliveries.enqueue(lab.database, delivery, NOW)
    got: list[str] = []

    def work(other: Lab) -> None:
        while True:
            with jobs.claimed(other.database, ["rig-2"]) as row:
                if row is None:
                    return
                got.append(row["delivery_id"])
                finish_attempt(other.database, row["delivery_id"], Attempt(Outcome.of("rejected", "no", NOW), 0.0))

    threads = [threading.Thread(target=work, args=[others()]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted(delivery.delivery_id for delivery in dropped)


def test_field_13_a_job_whose_worker_is_gone_is_an_orphan_at_once(lab: Lab, drop: Drop, others: Callable[[], Lab]) -> None:
    """As long as the worker holds its lock it is none; when the connection is lost it is one, and only for one who asks."""
    delivery, worker, another = drop.deliver("a"), others(), others()
    deliveries.enqueue(lab.database, delivery, NOW)
    with jobs.claimed(worker.database, ["rig-2"]) as row:
        assert row is not None
        assert list(jobs.orphans(lab.database, ["rig-2"])) == []
        worker.database.close()
    await_release(lab, delivery.delivery_id)
    assert list(jobs.orphans(lab.database, ["other"])) == []
    (job,) = jobs.orphans(lab.database, ["rig-2"])
    assert (job["delivery_id"], job["host"], job["pid"]) == (delivery.delivery_id, platform.node(), os.getpid())
    assert 0 <= job["age"] < 60
    for _ in jobs.orphans(lab.database, ["rig-2"]):  # it is held while it is looked at
        assert list(jobs.orphans(another.database, ["rig-2"])) == []
    settle(lab, delivery, "failed")
    assert list(jobs.orphans(lab.database, ["rig-2"])) == []
    assert job_of(lab, delivery) == "pending"


@pytest.mark.parametrize(
    ("kind", "state", "job"),
    [
        ("ingested", "ingested", None),
        ("already-ingested", "already-ingested", None),
        ("rejected", "rejected", None),
        ("unavailable", "ready", "pending"),
        ("failed", "ready", "pending"),
    ],
)
def test_an_outcome_decides_what_becomes_of_a_delivery(lab: Lab, drop: Drop, kind: Kind, state: str, job: str | None) -> None:
    """Answers end its job; an outage or a failure puts it back. The attempt is entered either way."""
    delivery = drop.deliver("a")
    deliveries.enqueue(lab.database, delivery, NOW)
    assert settle(lab, delivery, kind) == state
    assert (state_of(lab, delivery), job_of(lab, delivery)) == (state, job)
    (attempt,) = lab.database.Attempt.to_dicts()
    assert (attempt["outcome"], attempt["sentence"], attempt["seconds"]) == (kind, "so it is", 0.5)


def test_field_12_an_outage_spends_nobody_s_tries(lab: Lab, drop: Drop) -> None:
    """After a week of outages a delivery is still in the queue, and two attempts stand for all of them."""
    delivery = drop.deliver("a")
    deliveries.enqueue(lab.database, delivery, NOW)
    for number in range(60):
        assert settle(lab, delivery, "unavailable", NOW + timedelta(hours=3 * number)) == "ready"
    first, last = lab.database.Attempt.to_dicts(order_by="attempt_id")
    assert last["attempted"] - first["attempted"] == timedelta(hours=3 * 59)
    settle(lab, delivery, "failed", NOW + timedelta(days=8))
    assert (state_of(lab, delivery), job_of(lab, delivery)) == ("ready", "pending")


def test_a_delivery_that_fails_three_times_is_parked(lab: Lab, drop: Drop) -> None:
    """An outage between does not matter; retried, it has three tries again."""
    delivery = drop.deliver("a")
    deliveries.enqueue(lab.database, delivery, NOW)
    kinds: tuple[Kind, ...] = ("failed", "unavailable", "failed", "failed")
    assert [settle(lab, delivery, kind) for kind in kinds] == ["ready", "ready", "ready", "failed"]
    assert job_of(lab, delivery) is None
    later = NOW + timedelta(minutes=1)
    assert deliveries.retry(lab.database, delivery.delivery_id, later)
    assert (state_of(lab, delivery), job_of(lab, delivery)) == ("ready", "pending")
    assert [settle(lab, delivery, "failed", later) for _ in range(3)] == ["ready", "ready", "failed"]
    numbers = lab.database.Attempt.to_arrays("attempt_id", order_by="attempt_id")
    assert list(numbers) == [1, 2, 3, 4, 5, 6, 7]


def test_pauses_grow_with_the_trouble_and_have_a_limit(lab: Lab, drop: Drop) -> None:
    """It is tried again after as long as the trouble has lasted: at least 5 s, at most 10 min, a quarter more or less."""
    delivery = drop.deliver("a")
    deliveries.enqueue(lab.database, delivery, NOW)
    pauses = []
    for seconds in (0, 5, 40, 10_000):
        settle(lab, delivery, "unavailable", NOW + timedelta(seconds=seconds))
        pauses.append(due_in(lab, delivery))
    assert [
        1 if 0.7 * wanted < pause < 1.3 * wanted else pause for wanted, pause in zip((5, 5, 40, 600), pauses, strict=True)
    ] == [1] * 4


def test_who_has_lost_the_lock_settles_nothing(lab: Lab, drop: Drop, others: Callable[[], Lab]) -> None:
    """The delivery is somebody else's by now."""
    delivery, other = drop.deliver("a"), others()
    deliveries.enqueue(lab.database, delivery, NOW)
    with jobs.claimed(other.database, ["rig-2"]):
        assert settle(lab, delivery, "failed") is None
    assert len(lab.database.Attempt()) == 0
    assert settle(lab, delivery, "failed") == "ready"


def test_what_was_superseded_meanwhile_stays_so(lab: Lab, drop: Drop) -> None:
    """Whatever came of it, it is not put back."""
    kinds: tuple[Kind, ...] = ("unavailable", "rejected")
    for kind in kinds:
        delivery = drop.deliver(kind)
        deliveries.enqueue(lab.database, delivery, NOW)
        deliveries.withdraw(lab.database, delivery.delivery_id)
        assert settle(lab, delivery, kind) == "superseded"
        assert (state_of(lab, delivery), job_of(lab, delivery)) == ("superseded", None)


def test_a_committed_delivery_is_tried_again_without_losing_its_state(lab: Lab, drop: Drop) -> None:
    """When only its archive is away it stays ingested, with a job."""
    delivery = drop.deliver("a")
    deliveries.enqueue(lab.database, delivery, NOW)
    with lab.database.transaction():
        enter(lab.database, delivery, Event.COMMIT, NOW)
    assert settle(lab, delivery, "unavailable") == "ingested"
    assert job_of(lab, delivery) == "pending"
    assert settle(lab, delivery, "ingested") == "ingested"
    assert job_of(lab, delivery) is None


def test_a_delivery_waits_for_its_videos_out_of_the_queue(lab: Lab, drop: Drop) -> None:
    """When they have settled it is queued with them."""
    delivery = drop.deliver("a")
    deliveries.enqueue(lab.database, delivery, NOW)
    deliveries.hold_for_videos(lab.database, delivery.delivery_id)
    assert (state_of(lab, delivery), job_of(lab, delivery)) == ("waiting", None)
    (drop.path / "film.avi").write_bytes(b"film")
    assert deliveries.enqueue(lab.database, drop.delivery("a", "film.avi"), NOW) == "ready"
    with jobs.claimed(lab.database, ["rig-2"]) as row:
        assert row is not None
        assert [video[:2] for video in row["videos"]] == [["film.avi", 4]]


def test_files_that_are_not_there_are_sought_for_a_day(lab: Lab, drop: Drop) -> None:
    """The delivery is put back until then, and after that it is taken for withdrawn."""
    delivery = drop.deliver("a")
    deliveries.enqueue(lab.database, delivery, NOW)
    assert deliveries.retry_missing(lab.database, delivery.delivery_id, NOW + timedelta(hours=1))
    assert 400 < due_in(lab, delivery) < 800
    assert deliveries.retry_missing(lab.database, delivery.delivery_id, NOW - timedelta(days=3))  # the clock was set back
    assert 400 < due_in(lab, delivery) < 800
    assert not deliveries.retry_missing(lab.database, delivery.delivery_id, NOW + timedelta(days=1))
    assert (state_of(lab, delivery), job_of(lab, delivery)) == ("superseded", None)


@pytest.mark.parametrize("kind", ANSWERED)
def test_a_receipt_is_tried_for_a_day(lab: Lab, drop: Drop, kind: Kind) -> None:
    """The delivery has a job until then, and whatever keeps the receipt from being written is no other attempt at it."""
    delivery = drop.deliver("a")
    deliveries.enqueue(lab.database, delivery, NOW)
    if kind == "ingested":  # long ago, by a worker that did not live to say so
        with lab.database.transaction():
            enter(lab.database, delivery, Event.COMMIT, NOW - timedelta(days=3))
    for _ in range(TRIES if kind == "failed" else 1):
        assert settle(lab, delivery, kind, answered=False) in (kind, "ready")
    assert 3 < due_in(lab, delivery) < 7
    recorded = len(lab.database.Attempt())
    hindrances: list[tuple[Kind, int]] = [("unavailable", 1), ("failed", 2), ("unavailable", 3)]
    for hindrance, hours in hindrances:
        assert settle(lab, delivery, hindrance, NOW + timedelta(hours=hours)) is None
        assert 400 < due_in(lab, delivery) < 800
    assert settle(lab, delivery, "unavailable", NOW + timedelta(days=1)) is None
    assert (state_of(lab, delivery), job_of(lab, delivery)) == (kind, None)
    assert settle(lab, delivery, "failed", NOW + timedelta(days=1)) is None  # and one that has died of it long ago
    assert (state_of(lab, delivery), job_of(lab, delivery), len(lab.database.Attempt())) == (kind, None, recorded)


def test_what_is_put_into_the_queue_anew_while_it_leaves_it_stays(lab: Lab, drop: Drop) -> None:
    """Its claimed job goes, the one of whoever has put it there does not."""
    delivery = drop.deliver("a")
    deliveries.enqueue(lab.database, delivery, NOW)
    with jobs.claimed(lab.database, ["rig-2"]):
        assert jobs.acknowledge(lab.database, delivery.delivery_id) == "ready"
        assert job_of(lab, delivery) is None
        jobs.schedule(lab.database, {"delivery_id": delivery.delivery_id})
        assert jobs.acknowledge(lab.database, delivery.delivery_id) == "ready"
    assert job_of(lab, delivery) == "pending"


def test_a_delivery_is_readied_after_what_it_replaces(lab: Lab, drop: Drop) -> None:
    """Also when the clock was set back meanwhile, and when it is the earlier one that is tried again."""
    before = drop.deliver("a", number=1)
    deliveries.enqueue(lab.database, before, NOW)
    assert settle(lab, before, "already-ingested", NOW + timedelta(hours=1)) == "already-ingested"
    drop.record("a", number=2)
    after = drop.delivery("a")
    deliveries.enqueue(lab.database, after, NOW)
    assert deliveries.concerning(lab.database, "rig-2", "a.nwb") == [after.delivery_id, before.delivery_id]
    deliveries.retry(lab.database, before.delivery_id, NOW)
    assert deliveries.concerning(lab.database, "rig-2", "a.nwb") == [before.delivery_id, after.delivery_id]


def test_files_that_were_withdrawn_are_not_sought(lab: Lab, drop: Drop) -> None:
    """Whoever put the delivery back had looked before it was withdrawn."""
    delivery = drop.deliver("a")
    deliveries.enqueue(lab.database, delivery, NOW)
    deliveries.withdraw(lab.database, delivery.delivery_id)
    jobs.schedule(lab.database, {"delivery_id": delivery.delivery_id})
    assert not deliveries.retry_missing(lab.database, delivery.delivery_id, NOW)
    assert (state_of(lab, delivery), job_of(lab, delivery)) == ("superseded", None)


@pytest.mark.parametrize("state", ["ready", "waiting", "superseded"])
def test_only_what_was_answered_can_be_retried(lab: Lab, drop: Drop, state: str) -> None:
    """What is still to be answered needs no retry."""
    delivery = drop.deliver("a")
    deliveries.enqueue(lab.database, delivery, NOW)
    lab.database.Delivery.update1({"delivery_id": delivery.delivery_id, "state": state})
    assert not deliveries.retry(lab.database, delivery.delivery_id, NOW)
    assert state_of(lab, delivery) == state


def test_what_cannot_be_printed_is_entered_escaped(lab: Lab, drop: Drop) -> None:
    """An exception's text may hold anything, and no database takes all of it."""
    delivery = drop.deliver("a")
    deliveries.enqueue(lab.database, delivery, NOW)
    settle(lab, delivery, "failed", sentence="nul \0, surrogate \udc80, and too long: " + "x" * 3000)
    (attempt,) = lab.database.Attempt.to_dicts()
    assert attempt["sentence"].startswith(r"nul \u0000, surrogate \udc80, and too long: xxx")
    assert len(attempt["sentence"]) == 2000
