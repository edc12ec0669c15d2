"""Rows that a person with an account in the database has written, changed or deleted: nothing is executed, and nothing dies."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from antelop.cli.sessions import _arrived, _row
from antelop.database.statement import composed
from antelop.dropfolder.finished import Finished
from antelop.lab import Lab
from antelop.queue import deliveries, jobs
from antelop.service.explain import explain
from antelop.upkeep.gc import collect
from antelop.upkeep.removal import remove
from antelop.upkeep.verify import verify
from antelop.worker.events import Defect, Event, OddRow
from antelop.worker.worker import Worker
from tests.commands import Run
from tests.drops import Drop, hasten
from tests.hostile.sql import LONG, STORABLE
from tests.labs import SESSION

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TEXTS = [*STORABLE, LONG]
SHAPES: list[Any] = [[1, "x", None, {"check": 1}], {"a": [{}], "trials": "x"}, 7, "no list", '{"check": 1}']
"""JSON of other shapes than ours."""


@pytest.fixture
def scene(lab: Lab, drop: Drop) -> Iterator[Callable[[], list[Event]]]:
    """Give what does everything once that reads rows, and returns what the worker has said; all tables are still there then."""
    said: list[Event] = []
    worker = Worker(lab, said.append)
    for stem, session in (("good", 41), ("bad", 99)):
        deliveries.enqueue(lab.database, drop.deliver(stem, session=session, number=session), NOW)
        assert worker.work()
    said.clear()

    def everything() -> list[Event]:
        hasten(lab)
        for _ in range(4):
            worker.work()
            worker.finish_orphans({})
            worker.reconsider("")
        verify(lab, lambda _: None)
        collect(lab, timedelta(days=1), lambda _: None, dry_run=True)
        for stem in ("good", "bad"):
            explain(drop.path / f"{stem}.nwb", lab.config.folders, None, lab.database)
        Finished(deliveries.answered(lab.database, drop.config.name))
        assert all(_row(document) for document in _arrived(lab.database, NOW))
        jobs.counts(lab.database)
        list(deliveries.waiting_for_videos(lab.database, [drop.config.name]))
        for row in lab.database.Delivery.keys():  # noqa: SIM118  # of a table of DataJoint
            deliveries.retry(lab.database, row["delivery_id"], NOW)
        assert all(len(table()) >= 0 for table in lab.database.tables.values())
        return said

    yield everything
    if lab.database.World & SESSION:
        remove(lab, SESSION)


def change(lab: Lab, table: str, column: str, value: object) -> None:
    """Set a column in every row, as a person can who may only update."""
    name = getattr(lab.database, table)().full_table_name
    quoted = lab.database.connection.adapter.quote_identifier(column)
    lab.database.connection.query(composed("UPDATE {name} SET {column} = %s", name=name, column=quoted), (value,))


def test_an_id_that_is_none_of_ours(lab: Lab, drop: Drop, scene: Callable[[], list[Event]]) -> None:
    """A delivery with any id is worked on, looked at and finished like another; it is not there, and nobody dies."""
    row = lab.database.Delivery.to_dicts(limit=1)[0]
    states = ("ready", "waiting", "ingested", "rejected", "failed")
    for number, (state, text) in enumerate(zip(5 * states, TEXTS, strict=False)):
        key = {"delivery_id": f"{number}{text}"[:32]}
        lab.database.Delivery.insert1({**row, **key, "state": state, "nwb_path": text[:500], "manifest_path": text[:500]})
        lab.database.jobs.insert1({**key, "status": "reserved" if number % 2 else "pending", "priority": 0})
    scene()
    finished = Finished(deliveries.answered(lab.database, drop.config.name))
    finished.add(LONG)
    finished.discard(LONG)
    assert lab.database.Delivery & {"delivery_id": row["delivery_id"]}


COLUMNS = [
    ("Delivery", "manifest_path"),
    ("Delivery", "nwb_path"),
    ("Attempt", "sentence"),
    ("Attempt", "decided_by"),
    ("Attempt", "traceback"),
    ("Ingestion", "nwb_identifier"),
    ("Ingestion", "nwb_object_id"),
    ("Ingestion", "software"),
    ("MaskFunction", "mask_name"),
    ("MaskFunction", "maskfunction_name"),
    ("MaskFunction", "maskfunction_description"),
    ("MaskFunction", "function_sha256"),
    ("Mask", "function_sha256"),
    ("Mask", "mask_name"),
    ("Feature", "feature_description"),
    ("Object", "object_name"),
    ("DigitalEvents", "unit"),
    ("Experiment", "experiment_name"),
    ("Experiment", "experiment_notes"),
    ("Session", "session_notes"),
]
"""Columns of text, each with what is at most in one row of the scene, or is not unique."""


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_any_text_in_a_column(lab: Lab, scene: Callable[[], list[Event]], table: str, column: str) -> None:
    """Each text that means something to servers, shells or terminals is data in each column."""
    kind = getattr(lab.database, table)().heading.attributes[column].original_type
    most = int(kind.partition("(")[2].rstrip(")"))
    for text in ("".join(STORABLE)[:most], LONG[:most]):
        change(lab, table, column, text)
        scene()


JSON_COLUMNS = [
    ("Delivery", "manifest"),
    ("Delivery", "videos"),
    ("Attempt", "problems"),
    ("Ingestion", "rows_inserted"),
    ("Ingestion", "trials"),
    ("Ingestion", "warnings"),
    ("BehaviourRig", "rig_json"),
]


@pytest.mark.parametrize(("table", "column"), JSON_COLUMNS)
def test_json_of_another_shape(lab: Lab, scene: Callable[[], list[Event]], table: str, column: str) -> None:
    """A list where an object is expected, or the reverse, keeps nothing else from being worked on."""
    for shape in SHAPES:
        change(lab, table, column, json.dumps(shape))
        scene()


@pytest.mark.usefixtures("scene")
@pytest.mark.parametrize(
    ("value", "kind"), [("no object", "string"), ('{"a": 1}', "string"), (True, "boolean"), (None, "null")]
)
def test_a_json_scalar_ends_no_command(lab: Lab, drop: Drop, command: Run, value: object, kind: str) -> None:
    """Commands read a scalar as an empty list or object, and `antelop verify` says where it is."""
    for table, column in JSON_COLUMNS:
        change(lab, table, column, json.dumps(value))
    commands = {
        ("sessions", "--since", "2026-11-01"): 0,
        ("explain", str(drop.path / "good.nwb")): 0,
        ("explain", str(drop.path / "bad.nwb")): 0,
        ("status",): 3,  # no service has run
        ("verify",): 1,
        ("gc", "--dry-run"): 0,
    }
    for words, status in commands.items():
        result = command(lab.config, *words)
        assert (words, result.exit_code) == (words, status), result.output
    said = [json.loads(line) for line in command(lab.config, "verify", "--json").stdout.splitlines()]
    odd = [problem for problem in said if problem.get("check") == "json_shape"]
    found = {re.sub(r" [^,]*", "", problem["where"], count=1) for problem in odd}
    assert found == {f"{table}, {column}" for table, column in JSON_COLUMNS}
    whats = {problem["what"].removeprefix(f"it holds JSON of type {kind}, and not of type ") for problem in odd}
    assert whats == {"array", "object"}


@pytest.mark.parametrize("table", ["Attempt", "Ingestion", "Mask", "jobs", "World"])
def test_rows_that_are_gone(lab: Lab, scene: Callable[[], list[Event]], table: str) -> None:
    """Rows that a person has tidied away end no worker."""
    rows = getattr(lab.database, table)
    if table == "World":
        remove(lab, SESSION)
    else:
        (rows() if table != "jobs" else rows & "TRUE").delete_quick()
    scene()


@pytest.mark.usefixtures("scene")
def test_attempts_that_are_gone_are_made_anew(lab: Lab) -> None:
    """A rejected delivery of which nothing says why is tried again, and says once that its attempts were deleted."""
    lab.database.Attempt.delete_quick()
    said: list[Event] = []
    worker = Worker(lab, said.append)
    worker.reconsider("")
    hasten(lab)
    worker.work()
    worker.reconsider("")
    assert [type(event) for event in said if isinstance(event, OddRow | Defect)] == [OddRow]
    assert [row["outcome"] for row in (lab.database.Attempt & {"outcome": "rejected"}).to_dicts()] == ["rejected"]
