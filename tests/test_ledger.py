"""What was delivered, what became of it, and how that is said."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from threading import Event, Thread
from typing import Any

import pytest

from antelop.dropfolder.delivery import Delivery
from antelop.errors import Problem
from antelop.lab import Lab
from antelop.queue.ledger import Superseded, as_duplicate, committed_outcome, enter, named, outcome_of, row_of, utc
from antelop.queue.states import Event as What
from tests.labs import SESSION

NOW = datetime(2026, 11, 22, 10, 30, 15, 250_000, tzinfo=timezone(timedelta(hours=1)))
WARNING = Problem("events_sorted", "acquisition/lick", "2 of 9 times step back", "Check how the events were written")
DELIVERY = Delivery("rig", "a.manifest.json", 7, 8, b'{"version": "1.0"}', "a.nwb", 12, 13)
INGESTION: dict[str, Any] = {
    **SESSION,
    "rows_inserted": {"World": 1, "AnalogEvents": 1, "IntervalEvents": 2},
    "trials": {"trials": 10, "rewarded": 1},
    "warnings": [WARNING.as_dict()],
    "nwb_identifier": "licking-0",
    "nwb_object_id": "object",
    "nwb_sha256": None,
    "software": "0.1.0",
    "ingested": datetime(2026, 11, 22, 9, 30),  # noqa: DTZ001  # as the database has it
}


def states(lab: Lab) -> list[str]:
    """Return the states of all deliveries."""
    return list(lab.database.Delivery().to_arrays("state"))


def test_an_outcome_is_said_in_a_sentence() -> None:
    """Features, trials of each mask and warnings, counted; ``str`` gives the warnings too."""
    outcome = outcome_of(INGESTION, 12)
    assert outcome.sentence == "session lab/1/41: 3 features, 1 trial in rewarded, 10 trials in trials, 1 warning"
    assert str(outcome) == f"ingested: {outcome.sentence}.\n  - {WARNING}"
    assert (outcome.session, outcome.warnings) == (SESSION, (WARNING,))
    assert outcome.nwb == {"identifier": "licking-0", "object_id": "object", "size": 12}
    assert outcome.finished == datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    bare = {**INGESTION, "rows_inserted": {"World": 1, "Kinematics": 1}, "trials": {}, "warnings": [], "nwb_sha256": "0f"}
    assert outcome_of(bare, 12).sentence == "session lab/1/41: 1 feature"
    assert outcome_of(bare, 12).nwb["sha256"] == "0f"


def test_an_outcome_is_the_same_in_whichever_order_it_is_stored() -> None:
    """A receipt that is written again from the ledger is the first one, to the letter."""
    turned = {name: dict(reversed(list(INGESTION[name].items()))) for name in ("rows_inserted", "trials")}
    said = json.dumps(outcome_of(INGESTION, 12).as_dict())
    assert json.dumps(outcome_of({**INGESTION, **turned}, 12).as_dict()) == said


def test_what_is_held_already_is_said_with_its_day() -> None:
    """The rest is as it was when it was ingested."""
    first = outcome_of(INGESTION, 12)
    again = as_duplicate(first)
    assert again == replace(first, outcome="already-ingested", sentence=again.sentence)
    assert again.sentence == "session lab/1/41 holds this recording since 2026-11-22; nothing was changed"


def test_a_session_is_named_as_the_command_line_takes_it() -> None:
    """Experimenter, experiment and session, whatever else a key says."""
    assert named({"session_id": 41, "experiment_id": 1, "behaviourrig_id": 2, "experimenter": "lab"}) == "lab/1/41"


def test_times_are_kept_in_utc() -> None:
    """The database's datetimes say nothing of a zone."""
    assert utc(NOW) == datetime(2026, 11, 22, 9, 30, 15, 250_000)  # noqa: DTZ001  # just so


def test_a_delivery_is_entered_when_it_is_committed(lab: Lab) -> None:
    """One of a script is new then, and one of a drop folder is known."""
    with lab.database.transaction():
        enter(lab.database, DELIVERY, What.COMMIT, NOW)
    row = lab.database.Delivery().fetch1()
    assert {name: row[name] for name in row_of(DELIVERY)} == row_of(DELIVERY)
    assert row["manifest"] == {"version": "1.0"}
    assert (row["state"], row["received"], row["readied"], row["finished"]) == ("ingested", *[utc(NOW)] * 3)
    later = NOW + timedelta(hours=1)
    with lab.database.transaction():
        enter(lab.database, DELIVERY, What.RECOGNIZE, later)
    row = lab.database.Delivery().fetch1()
    assert (row["state"], row["received"], row["finished"]) == ("already-ingested", utc(NOW), utc(later))


def test_a_delivery_is_entered_again_at_the_same_moment(lab: Lab) -> None:
    """As when its session was removed and the clock has not gone on since: it is not taken for superseded."""
    for _ in range(2):
        with lab.database.transaction():
            enter(lab.database, DELIVERY, What.COMMIT, NOW)
    assert states(lab) == ["ingested"]


@pytest.mark.parametrize(
    "document",
    [b"\xff\xfe", b"{", b'{"note": "a\\u0000b"}', b'{"a": 1, "a": 2}', b'{"note": "\\ud800"}', b"[1]", b'{"a": NaN}'],
)
def test_a_manifest_that_no_database_could_hold_is_kept_as_text(lab: Lab, document: bytes) -> None:
    """What was delivered can be looked at, whatever it was."""
    lab.database.Delivery.insert1({**row_of(replace(DELIVERY, document=document)), "state": "rejected", **times()})
    (text,) = lab.database.Delivery().fetch1("manifest").values()
    assert text == document.decode(errors="backslashreplace")


def times() -> dict[str, datetime]:
    """Return when a delivery was received, and readied."""
    return {"received": utc(NOW), "readied": utc(NOW)}


def test_nothing_is_recalled_of_what_was_not_committed(lab: Lab) -> None:
    """A delivery that is ready is no answer."""
    lab.database.Delivery.insert1({**row_of(DELIVERY), "state": "ready", **times()})
    assert committed_outcome(lab.database, DELIVERY.delivery_id) is None


def test_a_superseded_delivery_comes_to_nothing_else(lab: Lab) -> None:
    """Its file or manifest has changed, so what it was is not committed."""
    lab.database.Delivery.insert1({**row_of(DELIVERY), "state": "superseded", **times()})
    with pytest.raises(Superseded), lab.database.transaction():
        enter(lab.database, DELIVERY, What.COMMIT, NOW)
    assert states(lab) == ["superseded"]


def test_of_committing_and_superseding_one_is_first(lab: Lab, others: Callable[[], Lab]) -> None:
    """Whoever enters a delivery waits for who is at it, and then sees what has become of it."""
    lab.database.Delivery.insert1({**row_of(DELIVERY), "state": "ready", **times()})
    other, entering, said = others(), Event(), list[str]()

    def commit() -> None:
        entering.set()
        try:
            with other.database.transaction():
                enter(other.database, DELIVERY, What.COMMIT, NOW)
        except Superseded:
            said.append("superseded")

    committing = Thread(target=commit)
    with lab.database.transaction():
        row = lab.database.Delivery & {"delivery_id": DELIVERY.delivery_id}
        lab.database.hold(row.proj(), to_change=True)
        committing.start()
        assert entering.wait(60)
        lab.database.Delivery.update1({"delivery_id": DELIVERY.delivery_id, "state": "superseded"})
    committing.join()
    assert said == states(lab) == ["superseded"]
