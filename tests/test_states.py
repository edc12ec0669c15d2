"""Whatever happens to a delivery, it goes from state to state as the tables say, on both databases."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from antelop.dropfolder.delivery import Delivery
from antelop.lab import Lab
from antelop.outcome import Kind, Outcome
from antelop.queue import deliveries, jobs
from antelop.queue.attempts import Attempt, finish_attempt
from antelop.queue.ledger import Superseded, enter, transition
from antelop.queue.states import JOB_TRANSITIONS, OUTCOMES, RECEIPT_TRANSITIONS, TRANSITIONS, Event, Job, Receipt, State
from tests.clocks import NOW
from tests.drops import Drop

FOLDER = "rig-2"
KINDS: tuple[Kind, ...] = ("ingested", "already-ingested", "rejected", "failed", "unavailable")


class Scene:
    """One delivery, and what can happen to it, each by the function that the service or a worker calls.

    Attributes
    ----------
    hours
        How late it is.
    written
        Whether its receipt was written since it was enqueued last.
    """

    def __init__(self, lab: Lab, delivery: Delivery) -> None:
        self.database, self.delivery = lab.database, delivery
        self.key = {"delivery_id": delivery.delivery_id}
        self.hours, self.written = 0, False

    @property
    def now(self) -> datetime:
        """How late it is."""
        return NOW + timedelta(hours=self.hours)

    def state(self) -> State:
        """Return the state of the delivery."""
        found = deliveries.states(self.database, [self.delivery.delivery_id])
        return State(found.get(self.delivery.delivery_id, "new"))

    def job(self) -> Job:
        """Return what the queue says of it."""
        return Job(next(iter((self.database.jobs & self.key).to_arrays("status")), "none"))

    def receipt(self) -> Receipt:
        """Return what there is to say of its receipt."""
        due = next(iter((self.database.Delivery & self.key).to_arrays("receipt_due")), None)
        if due is not None:
            return Receipt.DUE if self.job() is not Job.NONE else Receipt.GIVEN_UP
        return Receipt.WRITTEN if self.written else Receipt.NONE

    def claim(self, then: Callable[[], object]) -> None:
        """Let a worker claim it, if its job is due, and do something with it."""
        later = {"scheduled_time": self.database.connection.query("SELECT CURRENT_TIMESTAMP(3)").fetchone()[0]}
        if self.job() is Job.PENDING:
            self.database.jobs.update1({**self.key, **later})  # however long the pause is
        with ExitStack() as stack:
            if stack.enter_context(jobs.claimed(self.database, [FOLDER])) is not None:
                then()

    def finish(self, kind: Kind, *, writes: bool) -> None:
        """Finish an attempt as a worker does: commit it first if it is ingested, and answer it."""
        row = (self.database.Delivery & self.key).fetch1()
        if row["receipt_due"] is not None:  # only the receipt is left to do
            if writes:
                self.written = True
                jobs.acknowledge(self.database, self.delivery.delivery_id)
            else:
                finish_attempt(self.database, self.delivery.delivery_id, self.attempt("unavailable"))
            return
        try:
            if kind in {"ingested", "already-ingested"}:
                with self.database.transaction():
                    enter(self.database, self.delivery, OUTCOMES[kind], self.now)
        except Superseded:
            jobs.acknowledge(self.database, self.delivery.delivery_id)
            return
        due = None if writes and kind != "failed" else self.now
        state = finish_attempt(self.database, self.delivery.delivery_id, self.attempt(kind), receipt_due=due)
        if state == kind and writes:
            self.written = True
            if kind == "failed":
                jobs.acknowledge(self.database, self.delivery.delivery_id)

    def attempt(self, kind: Kind) -> Attempt:
        """Return an attempt with an outcome of this kind."""
        return Attempt(Outcome.of(kind, "so it is", self.now), 0.5)

    def happen(self, what: str) -> None:
        """Let it happen."""
        database, delivery_id = self.database, self.delivery.delivery_id
        if what == "enqueue":
            was = self.state()
            deliveries.enqueue(database, self.delivery, self.now)
            self.written &= self.state() is was
        elif what == "withdraw":
            deliveries.withdraw(database, delivery_id)
        elif what == "retry":
            if self.state() is not State.NEW and deliveries.retry(database, delivery_id, self.now):
                self.written = False
        elif what == "clock set back":
            jobs.clamp_schedules(database)
        elif what == "an hour passes":
            self.hours += 1
        elif what == "a day passes":
            self.hours += 25
        elif what == "hold":
            self.claim(lambda: deliveries.hold_for_videos(database, delivery_id))
        elif what == "files missing":
            self.claim(lambda: deliveries.retry_missing(database, delivery_id, self.now))
        else:
            kind, writes = what.split(", ")
            self.claim(lambda: self.finish(kind, writes=writes == "written"))  # type: ignore[arg-type]  # one of KINDS


WHAT = ["enqueue", "withdraw", "retry", "clock set back", "an hour passes", "a day passes", "hold", "files missing"]
WHAT += [f"{kind}, {receipt}" for kind in KINDS for receipt in ("written", "not written")]


def ways(machine: object) -> set[tuple[object, object]]:
    """Return every pair of a state before and after that a table allows, and to stay as it is."""
    pairs = {(before, after) for starts, after in machine.values() for before in starts}  # type: ignore[attr-defined]
    return pairs | {(state, state) for pair in pairs for state in pair}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happens=st.lists(st.sampled_from(WHAT), min_size=1, max_size=12))
def test_no_other_transition_happens(lab: Lab, drop: Drop, happens: list[str]) -> None:
    """Random events, by the functions of the queue, lead from each state only where the tables lead."""
    scene = Scene(lab, drop.delivery("a") if (drop.path / "a.nwb").exists() else drop.deliver("a"))
    with lab.database.transaction():
        (lab.database.jobs & scene.key).delete_quick()
        (lab.database.Attempt & scene.key).delete_quick()
        (lab.database.Delivery & scene.key).delete_quick()
    steps = ways(JOB_TRANSITIONS)
    for what in ["enqueue", *happens]:
        before = scene.state(), scene.job(), scene.receipt()
        scene.happen(what)
        after = scene.state(), scene.job(), scene.receipt()
        assert (before[0], after[0]) in ways(TRANSITIONS), what
        # A claim and what the worker does then are two ways of the job, one after the other.
        steps = {
            (start, end) for start, middle in ways(JOB_TRANSITIONS) for again, end in ways(JOB_TRANSITIONS) if middle == again
        }
        assert (before[1], after[1]) in steps, what
        assert (before[2], after[2]) in ways(RECEIPT_TRANSITIONS), what
        # A delivery that needs a worker has a job, and one that needs none has none.
        assert (after[0] is State.READY) <= (after[1] is not Job.NONE), what
        assert (after[0] in {State.WAITING, State.SUPERSEDED}) <= (after[1] is Job.NONE), what


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("state", [state for state in State if state is not State.NEW])
def test_a_transition_that_is_not_in_the_table_changes_nothing(lab: Lab, drop: Drop, event: Event, state: State) -> None:
    """One statement looks at the state and changes it, so that of two processes only one takes a delivery further."""
    delivery = drop.deliver("a")
    deliveries.enqueue(lab.database, delivery, NOW)
    lab.database.Delivery.update1({"delivery_id": delivery.delivery_id, "state": state.value})
    before, after = TRANSITIONS[event]
    moved = transition(lab.database, {"delivery_id": delivery.delivery_id}, event)
    assert moved == (state in before)
    assert deliveries.states(lab.database, [delivery.delivery_id]) == {delivery.delivery_id: after if moved else state}
