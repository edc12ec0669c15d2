"""Drop folders are compared with the ledger: receipts that are missing or say otherwise, and what is gone from the archive."""

import json
import os
import resource
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from antelop.dropfolder.delivery import Delivery
from antelop.errors import Unavailable
from antelop.lab import Lab
from antelop.queue import deliveries
from antelop.upkeep.removal import remove
from antelop.worker import Worker
from antelop.worker.receipts import disagreements
from tests.clocks import NOW
from tests.drops import Drop, hasten
from tests.labs import SESSION


def found(lab: Lab) -> list[str]:
    """Return what is wrong with the drop folders of a lab, by the sentence."""
    with lab.database.transaction(commit=False):
        return [str(problem) for folder in lab.config.folders for problem in disagreements(lab.database, folder)]


def work(lab: Lab, *dropped: Delivery) -> None:
    """Have a worker answer deliveries."""
    for delivery in dropped:
        deliveries.enqueue(lab.database, delivery, NOW)
        hasten(lab)
        assert Worker(lab, lambda _: None).work()


def test_receipts_that_say_what_the_ledger_says(lab: Lab, drop: Drop) -> None:
    """Nothing is wrong with what was answered, is in the queue, was changed since or tidied away; nor if a session goes."""
    again = drop.deliver("in")
    work(lab, again, drop.deliver("out", session=99), drop.deliver("away", session=42, number=2))
    assert deliveries.retry(lab.database, again.delivery_id, NOW)
    for path in drop.path.glob("away.*"):
        path.unlink()
    deliveries.enqueue(lab.database, drop.deliver("new", session=43, number=3), NOW)
    remove(lab, SESSION)
    assert found(lab) == []
    drop.note("out", session=44)
    drop.receipt("out").unlink()
    (drop.path / "notes.receipt.json").write_text("[]")
    assert found(lab) == []


def test_receipts_that_do_not(lab: Lab, drop: Drop) -> None:
    """One is named that is missing beside its manifest, that says otherwise, or that nobody knows anything of."""
    work(lab, drop.deliver("m17/missing"), drop.deliver("other", session=99), drop.deliver("lost", session=42, number=2))
    drop.receipt("m17/missing").unlink()
    drop.receipt("other").write_text('{"outcome": "ingested"}')
    unknown = drop.receipt("lost").rename(drop.receipt("unknown"))
    drop.note("lost").unlink()
    drop.receipt("new").write_text(unknown.read_text())
    drop.note("new")  # as if the ledger came from an older backup
    lost = "Bring the recording and its manifest back into the folder, and it is ingested again; or delete the receipt."
    assert found(lab) == [
        "delivery rig-2/m17/missing.nwb: it is ingested, and it has no receipt. Run `antelop retry m17/missing.nwb`.",
        "delivery rig-2/other.nwb: it is rejected, and its receipt says 'ingested'. Run `antelop retry other.nwb`.",
        f"receipt rig-2/unknown.receipt.json: it says that a recording was ingested, and the ledger does not know that. {lost}",
    ]
    unknown.write_text(json.dumps({"outcome": ["x" * 10**6]}))
    unknown.rename(drop.receipt("other"))
    assert [len(said) < 200 for said in found(lab)] == [True, True]
    for delivery in (drop.delivery("m17/missing"), drop.delivery("other")):
        assert deliveries.retry(lab.database, delivery.delivery_id, NOW)
        work(lab, delivery)
    assert found(lab) == []


def test_what_is_archived(lab: Lab, dropping: Callable[..., Drop], tmp_path: Path) -> None:
    """A recording is named of which the receipt says that it is in the archive, and that is not there, or is another."""
    drop = dropping("moved", after="archive", archive=tmp_path / "archive")
    work(lab, drop.deliver("a"), drop.deliver("b", session=42, number=2))
    assert found(lab) == []
    (tmp_path / "archive/a.nwb").unlink()
    (tmp_path / "archive/b.nwb").write_bytes(b"!")
    said, bring = (
        "its receipt says that it is archived as",
        "Bring it back from a backup of the archive, or delete the receipt.",
    )
    assert found(lab) == [
        f"delivery moved/a.nwb: {said} {tmp_path}/archive/a.nwb, where nothing is. {bring}",
        f"delivery moved/b.nwb: {said} {tmp_path}/archive/b.nwb, where another file is. {bring}",
    ]
    secret = tmp_path / "secret"
    secret.write_bytes(b"!")
    for path in ("elsewhere", str(secret), f"{tmp_path}/archive/../secret", "/etc/passwd", f"{tmp_path}/archive/\0a.nwb", 7):
        drop.receipt("a").write_text(json.dumps({"outcome": "ingested", "archived": {"path": path}}))
        drop.receipt("b").write_text(json.dumps({"outcome": "ingested", "archived": path}))
        assert found(lab) == []
    work(lab, drop.deliver("b", session=43, number=3))
    place = tmp_path / "archive/same name 2/b.nwb"
    assert drop.answer("b")["archived"]["path"] == str(place)
    place.unlink()
    assert found(lab) == [f"delivery moved/b.nwb: {said} {place}, where nothing is. {bring}"]


@pytest.mark.parametrize("column", ["manifest_path", "nwb_path"])
@pytest.mark.parametrize("path", ["..", ".", "../secret", "/etc/passwd", "a//b", "a/../../secret"])
def test_a_path_that_a_stranger_wrote(lab: Lab, drop: Drop, column: str, path: str) -> None:
    """The row is named, nothing is looked at for it, and all others are looked at."""
    first, second = drop.deliver("a"), drop.deliver("b", session=42, number=2)
    work(lab, first, second)
    drop.receipt("b").unlink()
    lab.database.Delivery.update1({"delivery_id": first.delivery_id, column: path})
    what = "its paths are not paths of files in a drop folder. Find out who wrote this row into Delivery, and delete it."
    assert f"delivery '{first.delivery_id}': {what}" in found(lab)
    assert "delivery rig-2/b.nwb: it is ingested, and it has no receipt. Run `antelop retry b.nwb`." in found(lab)


def test_a_receipt_of_6_gigabytes_is_not_read(lab: Lab, drop: Drop) -> None:
    """A sparse file by that name costs neither memory nor time; what it stands in the place of is told."""
    work(lab, drop.deliver("a"))
    drop.receipt("a").write_bytes(b'{"outcome": "ingested"}')
    os.truncate(drop.receipt("a"), 6 << 30)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, hard))  # reading all of it would be a MemoryError
    try:
        (said,) = found(lab)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    assert said == "delivery rig-2/a.nwb: it is ingested, and it has no receipt. Run `antelop retry a.nwb`."


def test_a_folder_that_is_away(lab: Lab, drop: Drop) -> None:
    """Nobody can tell what is in it, and so not all is well."""
    work(lab, drop.deliver("a"))
    shutil.rmtree(drop.path)
    why = "there is no such folder: the share is not mounted, or the folder was moved or never made"
    remedy = "Mount it, or correct [[folders]], and verify again."
    assert found(lab) == [f"folder rig-2: {why}; its receipts cannot be compared. {remedy}"]


def test_what_cannot_be_looked_at(lab: Lab, drop: Drop) -> None:
    """It is not taken for missing."""
    work(lab, drop.deliver("a"))
    loop = drop.path / "loop"
    loop.symlink_to(loop)
    lab.config = replace(lab.config, folders=(replace(drop.config, archive=loop),))
    drop.receipt("a").write_text(json.dumps({"outcome": "ingested", "archived": {"path": str(loop / "a.nwb")}}))
    with pytest.raises(Unavailable, match=r"loop/a\.nwb cannot be read: Too many levels of symbolic links"):
        found(lab)
