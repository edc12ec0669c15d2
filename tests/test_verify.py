"""What disagrees among disk, ledger, rows and store is found, and said whole; and nothing is changed by looking."""

import json
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from antelop.config import FolderConfig
from antelop.database.statement import composed
from antelop.dropfolder.delivery import Delivery
from antelop.errors import Problem
from antelop.ingest.session import insert_nwb
from antelop.lab import Lab
from antelop.queue import deliveries, jobs
from antelop.store.descriptor import objects_of
from antelop.store.survey import objects
from antelop.upkeep.inventory import Total, references
from antelop.upkeep.verify import Holdings, verify
from tests.clocks import NOW
from tests.commands import Run
from tests.labs import ANIMALS, SCRIPT, SESSION, await_release
from tests.pipelines import pipeline

RIG = {"experimenter": "lab", "behaviourrig_id": 1}
ENTRY = "Remove its recording by `antelop remove lab/1/41`, and deliver it again."


@pytest.fixture
def whole(lab: Lab, recording: Path) -> Lab:
    """Give a lab in which a session holds a recording."""
    insert_nwb(lab, SESSION, ANIMALS, recording)
    return lab


def found(lab: Lab, *, deep: bool = False) -> list[str]:
    """Return what is wrong with a lab, by the sentence."""
    problems: list[Problem] = []
    verify(lab, problems.append, (lambda objects, _: objects) if deep else None)
    return [str(problem) for problem in problems]


@contextmanager
def unchecked(lab: Lab) -> Iterator[None]:
    """Let rows go to which others refer, as somebody may who has every right on a server."""
    off, on = ("SET FOREIGN_KEY_CHECKS = 0", "SET FOREIGN_KEY_CHECKS = 1")
    if lab.database.is_postgresql:
        off, on = ("SET session_replication_role = replica", "SET session_replication_role = DEFAULT")
    lab.database.connection.query(off)
    try:
        yield
    finally:
        lab.database.connection.query(on)


def test_all_is_well(whole: Lab) -> None:
    """Of a lab in which nothing is wrong nothing is said but how much there is; what nothing refers to is not wrong."""
    kept = whole.store.put(np.arange(5000.0))
    stored = list(objects(whole.store))
    total, rest = (
        Total(len(stored), sum(each.size for each in stored)),
        Total(len(stored) - 1, sum(each.size for each in stored) - kept.size),
    )
    said: list[Problem] = []
    assert verify(whole, said.append, lambda objects, _: objects) == Holdings(1, total, rest)
    assert said == []


def delete(lab: Lab, table: str, **key: Any) -> None:
    """Delete rows of the session from one table alone."""
    with unchecked(lab):
        (lab.database.tables[table] & SESSION & key).delete_quick()


def test_rows_that_are_missing(whole: Lab) -> None:
    """Every row is named that the rig, the ledger or a mask function requires and that is not there."""
    for table, key in (("AnalogEvents", {}), ("Kinematics", {}), ("Object", {"feature_id": 9}), ("Self", {"animal_id": 18})):
        delete(whole, table, **key)
    delete(whole, "Video")
    delete(whole, "Mask")
    assert found(whole) == [
        f"session lab/1/41: its feature tail has no row in Object. {ENTRY}",
        f"session lab/1/41: its feature force has no row in AnalogEvents. {ENTRY}",
        f"session lab/1/41: its feature head has no row in Kinematics. {ENTRY}",
        f"session lab/1/41: its feature nose has no row in Kinematics. {ENTRY}",
        f"session lab/1/41: 2 rows were inserted into Self, and 1 are there. {ENTRY}",
        f"session lab/1/41: 1 rows were inserted into Video, and 0 are there. {ENTRY}",
        "session lab/1/41: its mask trials is missing. Run `antelop masks recompute lab/1/41`.",
    ]


def test_the_ledger(whole: Lab) -> None:
    """A session without its row of the ledger is named, and a row of the ledger without its session."""
    ledger = (whole.database.Ingestion & SESSION).fetch1()
    with unchecked(whole):
        whole.database.Ingestion.update1({"delivery_id": ledger["delivery_id"], "session_id": 44})
    without = "the ledger says that a recording was ingested into it, but it holds none"
    assert found(whole) == [
        f"session lab/1/41: it holds a recording that is not in the ledger. {ENTRY}",
        f"session lab/1/44: {without}. Restore a backup that has it.",
    ]


def test_rigs_and_mask_functions(whole: Lab) -> None:
    """A rig that is not the one in its JSON is named, and every mask that is not as the analysis folder would make it."""
    rig = whole.database.BehaviourRig.fetch1()
    rig["rig_json"]["features"][2]["name"] = "lickport"
    whole.database.BehaviourRig.update1(rig)
    script = whole.config.analysis.folders[0] / "licking.py"
    features = [
        f"rig lab/1: feature 3, {name}, is not the same in its JSON and in Feature. Restore a backup in which they agree."
        for name in ("lick", "lickport")
    ]
    outdated = (
        "session lab/1/41: another version of licking.table_trials made its mask trials."
        " Run `antelop masks recompute lab/1/41`."
    )
    assert found(whole) == features
    script.write_text(SCRIPT + "\n\nTHRESHOLD = 2\n")
    changed = (
        "rig lab/1, mask trials: licking.table_trials is another version in the analysis folder than in the database."
        " Upload the rig again with this mask, by `antelop rig add`."
    )
    assert found(whole) == [*features, changed, outdated]
    script.unlink()
    [*said, missing] = found(whole)
    assert said == features
    assert missing.startswith("rig lab/1, mask trials, licking.table_trials: there is no analysis function")
    whole.database.Mask.update1({**whole.database.Mask.keys()[0], "function_sha256": "0" * 64})
    assert found(whole) == [*features, missing, outdated]


def test_a_rig_that_is_none(whole: Lab) -> None:
    """A rig whose JSON is no rig any more is named with all that is wrong with it."""
    whole.database.BehaviourRig.update1({**RIG, "rig_json": {}})
    assert [said.partition(":")[0] for said in found(whole)] == ["rig lab/1, "] * 4


def delivered(number: int) -> Delivery:
    """Return a delivery of the drop folder."""
    document = b'{"specification": "antelop-manifest", "version": "1.0"}'
    return Delivery("rig-2", f"{number}.manifest.json", 1, 1, document, f"{number}.nwb", 1, number)


def test_deliveries(whole: Lab, others: Callable[[], Lab]) -> None:
    """A delivery is named that no worker will claim, or whose worker is gone, or of which nothing says why it is rejected."""
    queued = whole.database.jobs
    ids = [delivered(number).delivery_id for number in range(4)]
    for number in range(4):
        deliveries.enqueue(whole.database, delivered(number), NOW)
    (queued & {"delivery_id": ids[1]}).delete_quick()
    whole.database.Delivery.update1({"delivery_id": ids[2], "state": "rejected"})
    worker = others().database
    with jobs.claimed(worker, ["rig-2"]) as row:
        assert row is not None
        orphan = row["nwb_path"].removesuffix(".nwb")
        lost = [
            "delivery rig-2/1.nwb: it is ready for a worker, but it has no job in the queue. Run `antelop retry 1.nwb`.",
            "delivery rig-2/2.nwb: it is rejected, but the ledger has no attempt that says why. Run `antelop retry 2.nwb`.",
        ]
        assert found(whole) == lost
        worker.close()
        await_release(whole, row["delivery_id"])
        gone = f"it is claimed by worker {os.getpid()} on {platform.node()}, which is dead"
        assert found(whole) == [*lost, f"delivery rig-2/{orphan}.nwb: {gone}. Start `antelop run`."]


BROUGHT = "Bring it back from a backup, or remove the session (`antelop remove`) and deliver its recording again."


def kept(lab: Lab, where: str) -> tuple[str, Path]:
    """Return the address and the path of the object to which a column of a row refers."""
    with lab.database.transaction(commit=False):
        [address] = [each.address for each in references(lab.database) if str(each) == where]
    return address, lab.store.folder / address


def test_objects(whole: Lab) -> None:
    """An object that is missing or short is named by every row that refers to it; one that was altered, when all are read."""
    missing, path = kept(whole, "Video lab/1/41/1, video")
    path.unlink()
    short, path = kept(whole, "AnalogEvents lab/1/41/1/5, data")
    size = path.stat().st_size
    os.truncate(path, 7)
    (address,) = objects_of(whole.store.put(np.arange(5000.0)).descriptor)
    with (whole.store.folder / address).open("r+b") as file:
        file.write(b"!")
    shallow = [
        f"AnalogEvents lab/1/41/1/5, data: {short} has 7 bytes, not {size}. {BROUGHT}",
        f"Video lab/1/41/1, video: {missing} is not in the store. {BROUGHT}",
    ]
    unused = f"{address}: it does not match the checksum in its name; no row refers to it yet, but a later one may. Delete it."
    assert found(whole) == shallow
    assert found(whole, deep=True) == [*shallow, unused]


def test_an_altered_object(whole: Lab) -> None:
    """An object of which a bit has turned is found when all are read, and named by the row that refers to it."""
    altered, path = kept(whole, "Video lab/1/41/1, video")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    what = "does not match the checksum in its name: it was changed, or the disk has lost part of it"
    assert found(whole) == []
    assert found(whole, deep=True) == [f"Video lab/1/41/1, video: {altered} {what}. {BROUGHT}"]


def test_a_descriptor_that_is_no_object(whole: Lab) -> None:
    """A JSON string in the place of a descriptor is named by its row, and refers to nothing."""
    name = whole.database.Video().full_table_name
    whole.database.connection.query(composed("UPDATE {name} SET video = %s", name=name), ('"no object"',))
    what = "it holds JSON of type string, and not of type object"
    assert found(whole) == [
        f"Video lab/1/41/1, video: {what}. This software did not write it: correct it, or restore a backup."
    ]


def test_tables_of_others(whole: Lab) -> None:
    """What rows of another package's tables refer to is looked for like what ours do."""
    with pipeline(whole) as table:
        table.insert1({"unit": 3, "trace": np.arange(2000.0)})
        (address,) = [each.address for each in objects(whole.store) if each.size > 16000]
        assert found(whole) == []
        (whole.store.folder / address).unlink()
        assert found(whole) == [f"lab_pipeline.trace 3, trace: {address} is not in the store. {BROUGHT}"]


def test_drop_folders(whole: Lab, tmp_path: Path) -> None:
    """A drop folder that says otherwise than the ledger is named (see `tests.test_receipts`)."""
    whole.config = replace(whole.config, folders=(FolderConfig("rig-2", tmp_path / "rig-2"),))
    assert [said.partition(":")[0] for said in found(whole)] == ["folder rig-2"]
    (tmp_path / "rig-2").mkdir()
    assert found(whole) == []


def test_nothing_is_changed(whole: Lab) -> None:
    """The database is only read, and no file in the store is touched."""
    before = list(objects(whole.store))
    delete(whole, "AnalogEvents")
    reading, writing = (
        ("SET default_transaction_read_only = on", "SET default_transaction_read_only = off")
        if whole.database.is_postgresql
        else ("SET SESSION TRANSACTION READ ONLY", "SET SESSION TRANSACTION READ WRITE")
    )
    whole.database.connection.query(reading)
    try:
        assert found(whole, deep=True) == [f"session lab/1/41: its feature force has no row in AnalogEvents. {ENTRY}"]
    finally:
        whole.database.connection.query(writing)
    assert list(objects(whole.store)) == before


def test_the_command(whole: Lab, command: Run) -> None:
    """The status is 0 only if all is well; what is wrong is printed for people, or one object a line for programs."""
    assert len(list(objects(whole.store))) == 4
    result = command(whole.config, "verify", "--deep")
    assert (result.exit_code, result.output) == (0, "sound  1 session, 4 objects of 41 kB, all is well\n")
    whole.store.put(np.arange(5000.0))
    delete(whole, "AnalogEvents")
    result = command(whole.config, "verify")
    said = (
        "  problem  session lab/1/41: its feature force has no row in AnalogEvents\n"
        "           Remove its recording by `antelop remove lab/1/41`, and deliver it again\n"
        "damaged  1 session, 5 objects of 81 kB, 52 kB of them nothing refers to, 1 problem\n"
    )
    assert (result.exit_code, result.output) == (1, said)
    [problem, summary] = [json.loads(line) for line in command(whole.config, "verify", "--json").output.splitlines()]
    assert problem == {
        "check": "rows_lack",
        "where": "session lab/1/41",
        "what": "its feature force has no row in AnalogEvents",
        "remedy": "Remove its recording by `antelop remove lab/1/41`, and deliver it again",
    }
    assert summary == {
        "outcome": "damaged",
        "sentence": "1 session, 5 objects of 81 kB, 52 kB of them nothing refers to, 1 problem",
        "sessions": 1,
        "stored": {"count": 5, "bytes": 81352},
        "referenced": {"count": 3, "bytes": 29096},
        "found": 1,
    }
