"""Which changes let a rejected delivery be tried again, and by which inputs they are noticed."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from antelop.ingest.session import ingest
from antelop.lab import Lab
from antelop.lab.rigs import upload_rig_json
from antelop.outcome import Outcome
from antelop.queue.attempts import Attempt, finish_attempt
from antelop.queue.ledger import named
from antelop.upkeep.removal import remove
from antelop.worker import inputs, reconsider
from antelop.worker.events import Compared, Defect
from antelop.worker.inputs import named_key
from tests.clocks import NOW
from tests.desks import BROKEN, Desk
from tests.drops import RIG, Drop
from tests.labs import ANIMALS, MASKS, SCRIPT, SESSION


@pytest.mark.parametrize("experimenter", ["lab", "open/field/lab", "o'neill"])
def test_a_session_s_name_leads_back_to_its_key(experimenter: str) -> None:
    """Slashes in an experimenter's name do not confuse it."""
    key = {"experimenter": experimenter, "experiment_id": 3, "session_id": 41}
    assert named_key(named(key)) == key


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("Session", {**SESSION, "session_id": 99, "session_name": "late"}),
        ("Session", {**SESSION, "session_id": 98, "session_name": "another"}),
        ("Experimenter", {"experimenter": "ada", "full_name": "Ada"}),
    ],
)
def test_a_rejected_delivery_is_looked_at_again(desk: Desk, table: str, row: Mapping[str, Any]) -> None:
    """When the session that it names has been added it goes in by itself; what has nothing to do with it changes nothing."""
    assert desk.work(desk.drop.deliver("a", session=99)).state == "rejected"
    assert desk.look_again() == 0
    desk.lab.database.tables[table].insert1(row)
    added = row.get("session_id") == 99
    assert desk.look_again() == added
    if added:
        assert desk.work().state == "ingested"
        assert desk.drop.answer("a")["outcome"] == "ingested"
        assert desk.look_again() == 0


LOUD = {**RIG, "features": [*RIG["features"], {**RIG["features"][0], "name": "bark"}]}


def test_an_animal_that_is_put_right_lets_a_delivery_in(desk: Desk) -> None:
    """It had another name."""
    delivery = desk.drop.deliver("a", animals=[{"animal_name": "m19"}])
    assert desk.work(delivery).state == "rejected"
    desk.lab.database.Animal.update1({**ANIMALS[0], "animal_name": "m19"})
    assert desk.look_again() == 1
    assert desk.work().state == "ingested"


def test_a_rig_that_is_replaced_lets_a_delivery_in(desk: Desk) -> None:
    """It named a feature that the recording does not have, and does no longer."""
    upload_rig_json(desk.lab, "lab", "lick rig", LOUD, MASKS)
    assert desk.work(desk.drop.deliver("a")).state == "rejected"
    assert desk.look_again() == 0
    upload_rig_json(desk.lab, "lab", "lick rig", RIG, MASKS)
    assert desk.look_again() == 1
    assert desk.work().state == "ingested"


def test_a_mask_s_script_that_is_mended_lets_a_delivery_in(desk: Desk) -> None:
    """What runs is the script, and the ledger knows which version rejected it."""
    script = desk.lab.config.analysis.folders[0] / "licking.py"
    script.write_text(BROKEN)
    done = desk.work(desk.drop.deliver("a"))
    assert [problem.check for problem in done.outcome.problems] == ["mask_raised"]
    assert desk.look_again() == 0
    script.write_text(SCRIPT)
    assert desk.look_again() == 1
    assert desk.work().state == "ingested"


@pytest.mark.parametrize(
    ("members", "settings"),
    [
        ({"session": "tomorrow"}, {"create_sessions": True}),
        ({}, {"experimenters": frozenset(["ada", "lab"])}),
    ],
)
def test_a_folder_that_allows_more_lets_a_delivery_in(
    desk: Desk, dropping: Callable[..., Drop], members: dict[str, Any], settings: dict[str, Any]
) -> None:
    """The configuration of the folder decides as well."""
    drop = dropping("strict", experimenters=frozenset(["ada"] if "experimenters" in settings else ["lab"]))
    desk = Desk(desk.lab, drop)
    assert desk.work(drop.deliver("a", **members)).state == "rejected"
    assert desk.look_again() == 0
    desk.worker.folders["strict"] = replace(drop.config, **settings)
    assert desk.look_again() == 1
    assert desk.work().state == "ingested"


def test_a_check_that_is_switched_off_lets_a_delivery_in(desk: Desk) -> None:
    """So with any check that the configuration made an error."""
    desk.lab.config = replace(desk.lab.config, checks={"subject_unknown": "error"})
    assert desk.work(desk.drop.deliver("a", animals=[{"animal_id": 18}])).state == "rejected"
    assert desk.look_again() == 0
    desk.lab.config = replace(desk.lab.config, checks={"subject_other": "off", "subject_unknown": "off"})
    assert desk.look_again() == 1


def test_a_session_that_is_freed_lets_a_delivery_in(desk: Desk) -> None:
    """Another recording was in its way, and was removed."""
    desk.work(desk.drop.deliver("a", number=1))
    assert desk.work(desk.drop.deliver("b", number=2)).state == "rejected"
    assert desk.look_again() == 0
    remove(desk.lab, SESSION)
    assert desk.look_again() == 1
    assert desk.work().state == "ingested"


def test_what_changes_while_a_delivery_is_looked_at_is_not_missed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session is added between the look and the answer, which says that it is not there: another look follows."""

    def late(*args: Any) -> Any:
        try:
            return ingest(*args)
        finally:
            desk.lab.database.Session.insert1({**SESSION, "session_id": 99, "session_name": "late"})

    with monkeypatch.context() as patched:
        patched.setattr("antelop.worker.worker.ingest", late)
        assert desk.work(desk.drop.deliver("a", session=99)).state == "rejected"
    assert desk.look_again() == 1
    assert desk.work().state == "ingested"


def test_new_software_lets_a_delivery_in(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one version rejected or failed at, another may not."""
    assert desk.work(desk.drop.deliver("a", session=99)).state == "rejected"
    monkeypatch.setattr("antelop.worker.inputs.__version__", "0.2.0")
    assert desk.look_again() == 1


def test_what_has_failed_is_tried_again_when_what_decides_has_changed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What decided it is noted at the first look, for whoever saw its worker die could not tell."""
    delivery = desk.drop.deliver("a")
    desk.enqueue(delivery)
    for _ in range(3):
        finish_attempt(desk.lab.database, delivery.delivery_id, Attempt(Outcome.of("failed", "its worker has ended", NOW), 1.0))
    assert [desk.look_again() for _ in range(2)] == [0, 0]
    monkeypatch.setattr("antelop.worker.inputs.__version__", "0.2.0")
    assert desk.look_again() == 1
    assert desk.work().state == "ingested"


def test_many_rejected_deliveries_are_looked_at_a_few_at_a_time(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a worker does not keep new ones waiting."""
    monkeypatch.setattr(reconsider, "BATCH", 2)
    for number in range(5):
        desk.work(desk.drop.deliver(f"{number}", session=90 + number))
    after, looks = "", 0
    while (following := desk.worker.reconsider(after)) is not None:
        assert following > after
        after, looks = following, looks + 1
    assert looks == 2


def test_a_delivery_that_cannot_be_judged_keeps_no_other_from_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect is told, with the delivery's id."""
    dropped = [desk.drop.deliver(stem, session=99) for stem in "ab"]
    for delivery in dropped:
        desk.work(delivery)
    first, second = sorted(dropped, key=lambda delivery: delivery.delivery_id)

    def broken(lab: Lab, manifest: dict[str, Any], policy: Any) -> inputs.Inputs:
        if manifest["nwb"] == first.nwb_path:
            raise ZeroDivisionError("of ours")
        return inputs.inputs(lab, manifest, policy)

    monkeypatch.setattr(reconsider, "inputs", broken)
    desk.lab.database.Session.insert1({**SESSION, "session_id": 99, "session_name": "late"})
    assert desk.look_again() == 1
    (defect,) = desk.said(Defect)
    assert defect.delivery_id == first.delivery_id
    assert "ZeroDivisionError: of ours" in defect.traceback
    assert desk.state(second) == "ready"


def test_masks_that_are_outdated_are_told(desk: Desk) -> None:
    """The script has changed since the rig was uploaded."""
    desk.look_again()
    assert desk.last(Compared) == Compared([])
    script = desk.lab.config.analysis.folders[0] / "licking.py"
    script.write_text(SCRIPT + "# another version")
    desk.look_again()
    assert desk.last(Compared) == Compared(["licking.table_trials"])
