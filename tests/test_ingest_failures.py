"""A failure at any step leaves the database exactly as it was, on both databases."""

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from antelop.database.driver import Connection
from antelop.dropfolder.delivery import Delivery
from antelop.errors import Unavailable
from antelop.ingest.masking import recompute_masks
from antelop.ingest.session import ingest, insert_nwb
from antelop.ingest.source_files import SourceFiles
from antelop.lab import Lab
from antelop.lab.resolve import Policy
from antelop.lab.rigs import upload_rig_json
from antelop.outcome import Outcome
from antelop.queue.ledger import committed_outcome
from antelop.upkeep.removal import remove
from tests.labs import ANIMALS, EXPERIMENT, MASKS, SESSION
from tests.recordings import LICKING_RIG
from tests.test_connection import Crash, kill


class Failing(Connection):
    """A connection that fails at one of the statements of its transactions.

    Attributes
    ----------
    statements
        Those that there have been.
    counts
        Tells whether a statement counts.
    fatal
        Of how many that count the last one fails; 0: none.
    carried_out
        Whether that one is carried out all the same.
    fail
        What happens then.
    """

    statements: list[str]
    counts: Callable[[str], bool]
    fatal: int
    carried_out: bool
    fail: Callable[[], None]

    def query(self, query: str, *args: Any, **options: Any) -> Any:
        self.statements.append(query)
        if self.in_transaction and self.counts(query):
            self.fatal -= 1
            if self.fatal == 0:
                if self.carried_out:
                    super().query(query, *args, **options)
                self.fail()
        return super().query(query, *args, **options)


def every(_: str) -> bool:
    """Let every statement of a transaction fail in its turn."""
    return True


def writing(statement: str) -> bool:
    """Let the statements fail in their turn that write, or commit that."""
    return statement.startswith(("INSERT", "UPDATE", "DELETE", "COMMIT"))


def removing(statement: str) -> bool:
    """Let a removal fail, of which every statement is slow: at a mask, at the last row, and when that is committed."""
    return statement == "COMMIT" or (statement.startswith("DELETE") and ("mask" in statement[:70] or "world" in statement[:70]))


def commits(statement: str) -> bool:
    """Let COMMIT fail."""
    return statement == "COMMIT"


Fail = Callable[..., Failing]
UntilItSucceeds = Callable[..., list[str]]


@pytest.fixture
def failing(lab: Lab) -> Iterator[Fail]:
    """Give what has the lab's connection fail from then on."""
    connection: Any = lab.database.connection

    def make(counts: Callable[[str], bool], fatal: int, fail: Callable[[], None], *, carried_out: bool = False) -> Failing:
        connection.__class__ = Failing
        connection.statements, connection.counts, connection.fatal = [], counts, fatal
        connection.carried_out, connection.fail = carried_out, fail
        return connection  # type: ignore[no-any-return]  # it is one now

    yield make
    connection.__class__ = Connection


@pytest.fixture(params=["the process ends", "the connection is lost"])
def until_it_succeeds(request: pytest.FixtureRequest, lab: Lab, others: Callable[[], Lab], failing: Fail) -> UntilItSucceeds:
    """Give what has an operation fail at its first statement, at its second and so on, until it succeeds.

    Each time the database is as it was before. What is returned are the verbs of the statements with which it succeeded.
    """
    admin = others()
    fail = crash if request.param == "the process ends" else lambda: kill(admin, lab)

    def attempt(operation: Callable[[], Any], counts: Callable[[str], bool] = writing) -> list[str]:
        before = contents(admin)
        for fatal in itertools.count(1):
            lab.database.reconnect()
            connection = failing(counts, fatal, fail)
            try:
                operation()
            except (Crash, Unavailable):
                assert connection.fatal <= 0
                assert contents(admin) == before, connection.statements
            else:
                break
        assert connection.fatal > 0
        connection.fatal = 0
        assert contents(admin) != before
        return [statement.split()[0] for statement in connection.statements]

    return attempt


def contents(lab: Lab) -> dict[str, list[str]]:
    """Return every row of every table, as the database has it."""
    found = {}
    for name, table in lab.database.tables.items():
        rows = lab.database.connection.query(f"SELECT * FROM {table().full_table_name}").fetchall()  # noqa: S608  # of ours
        found[name] = sorted(repr([bytes(value) if isinstance(value, memoryview) else value for value in row]) for row in rows)
    return found


def crash() -> None:
    """End the process, as far as this code is concerned: no ``except Exception`` sees it."""
    raise Crash


def deliver(lab: Lab, path: Path) -> Outcome:
    """Ingest a recording from a drop folder as a worker does, for a session that does not exist yet."""
    manifest = {
        "specification": "antelop-manifest",
        "version": "1.0",
        "session": {**EXPERIMENT, "session_name": "day 45"},
        "animals": [{"animal_name": "m17"}, {"animal_name": "m18"}],
    }
    found = path.stat()
    delivery = Delivery("rig", "a.json", 1, 2, json.dumps(manifest).encode(), path.name, found.st_size, found.st_mtime_ns)
    with SourceFiles(path.parent, path.name) as files:
        return committed_outcome(lab.database, delivery.delivery_id) or ingest(
            lab, delivery, files, Policy(create_sessions=True)
        )


def test_an_ingest_is_whole_or_not_at_all(lab: Lab, recording: Path, until_it_succeeds: UntilItSucceeds) -> None:
    """Before and after each table, in a mask and at COMMIT a failure leaves nothing, and the next try succeeds."""
    statements = until_it_succeeds(lambda: deliver(lab, recording), every)
    tables = ["Session", "World", "Self", "Video", "Object", "AnalogEvents", "DigitalEvents", "IntervalEvents", "Kinematics"]
    assert statements.count("INSERT") == len([*tables, "Mask", "Delivery", "Ingestion"])
    assert statements.count("COMMIT") == 1
    assert all(getattr(lab.database, table)() for table in (*tables, "Mask", "Delivery", "Ingestion"))
    assert not any((lab.store.folder / "incoming").iterdir())


def test_other_changes_are_whole_or_not_at_all(lab: Lab, recording: Path, until_it_succeeds: UntilItSucceeds) -> None:
    """Likewise a rig that is uploaded, replaced or given masks; masks that are computed again; a recording that is removed."""
    new_rig = {**LICKING_RIG, "reference_point": "the door"}
    second = {"name": "later", "description": "", "function": "licking.table_trials"}
    until_it_succeeds(lambda: upload_rig_json(lab, "lab", "another rig", LICKING_RIG, MASKS))
    until_it_succeeds(lambda: upload_rig_json(lab, "lab", "another rig", new_rig, [second]))
    insert_nwb(lab, SESSION, ANIMALS, recording, "licking rig")
    until_it_succeeds(lambda: upload_rig_json(lab, "lab", "licking rig", LICKING_RIG, [*MASKS, second]))
    until_it_succeeds(lambda: recompute_masks(lab, SESSION))
    until_it_succeeds(lambda: remove(lab, SESSION), removing)


def test_a_commit_without_an_answer_is_found_in_the_ledger(
    lab: Lab, others: Callable[[], Lab], failing: Fail, recording: Path
) -> None:
    """A connection that is lost after COMMIT was carried out has lost only the answer: the session is ingested."""
    admin = others()

    def lose() -> None:
        kill(admin, lab)
        raise Unavailable("the answer is lost")

    connection = failing(commits, 1, lose, carried_out=True)
    assert deliver(lab, recording).outcome == "ingested"
    assert connection.statements.count("COMMIT") == 1
    assert admin.database.Ingestion().to_arrays("trials").tolist() == [{"trials": 10}]


def test_a_crash_after_commit_is_repaired_by_the_ledger(lab: Lab, failing: Fail, recording: Path) -> None:
    """Whoever takes the delivery up again is answered as the first one would have been; nothing is inserted twice."""
    connection = failing(commits, 1, crash, carried_out=True)
    with pytest.raises(Crash):
        deliver(lab, recording)
    assert connection.statements[-1] == "COMMIT"
    before = contents(lab)
    outcome = deliver(lab, recording)
    assert (outcome.outcome, outcome.trials) == ("ingested", {"trials": 10})
    assert contents(lab) == before
