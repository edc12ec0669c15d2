"""What rows hold reaches the server as data, and rows go in by statements that the server takes, on both databases."""

from collections.abc import Callable
from typing import Any

import datajoint as dj
import pytest

from antelop.database.statement import TooLarge
from antelop.database.table import restricted
from antelop.errors import Unavailable
from antelop.lab import Lab
from antelop.upkeep.removal import remove
from tests.hostile.sql import LONG, STORABLE
from tests.labs import EXPERIMENT, OWNER


def insert(lab: Lab, names: list[str]) -> None:
    """Insert an experiment of each name, with ids from 100 on."""
    rows = [{**OWNER, "experiment_id": number, "experiment_name": name} for number, name in enumerate(names, 100)]
    lab.database.Experiment.insert(rows)


@pytest.mark.parametrize("text", [*STORABLE, LONG])
def test_text_finds_the_row_that_holds_it(lab: Lab, text: str) -> None:
    """A restriction by any text finds what holds exactly that text, in mappings, in lists, by `restricted` and by `update1`."""
    table, name = lab.database.Experiment, text[:40]
    insert(lab, [name, name[:-1] + "x"])
    (row,) = (table & {"experiment_name": name}).to_dicts()
    assert row["experiment_id"] == 100
    assert len(table & [{"experiment_name": name}, {"experiment_name": "licking"}]) == 2
    assert len(table - {"experiment_name": name}) == 2
    assert len(table & dj.AndList([{"experiment_name": name}, {"experiment_id": 100}])) == 1
    assert len(restricted(table, "experiment_name = %s AND experiment_id > %s", name, 99)) == 1
    table.update1({**OWNER, "experiment_id": 100, "experiment_notes": text[:1000]})
    assert (table & {"experiment_id": 100}).fetch1("experiment_notes") == text[:1000]
    assert len(table()) == 3


@pytest.mark.parametrize("text", [*STORABLE, LONG])
def test_a_key_is_updated_whatever_it_is(lab: Lab, text: str) -> None:
    """A row whose key is any text is updated, and no other."""
    table = lab.database.Experimenter
    table.insert1({"experimenter": text[:40], "full_name": "before"})
    table.update1({"experimenter": text[:40], "full_name": "after"})
    assert {row["experimenter"]: row["full_name"] for row in table.to_dicts()} == {"lab": "The lab", text[:40]: "after"}


@pytest.mark.parametrize("text", ["\0", "\ud800"])
def test_text_that_no_row_holds_finds_none(lab: Lab, text: str) -> None:
    """What cannot be stored is not found, and is no error."""
    table = lab.database.Experiment
    assert not table & {"experiment_name": text}
    assert len(restricted(table, "experiment_name = %s", text)) == 0


@pytest.mark.parametrize("value", [["x' OR TRUE --"], {"x": "' OR TRUE --"}, b"x"])
def test_a_value_of_another_type_is_refused(lab: Lab, value: object) -> None:
    """Lists, mappings and bytes are no values: DataJoint would write them into the statement as they are."""
    with pytest.raises(TypeError, match="cannot be a value in a restriction"):
        _ = lab.database.Experiment & {"experiment_name": value}


def test_what_is_no_attribute_is_overlooked(lab: Lab) -> None:
    """A mapping may have further members of any type, as in DataJoint."""
    assert len(lab.database.Experiment & {**EXPERIMENT, "other": [object()]}) == 1


def test_a_job_is_reserved_whatever_its_key(lab: Lab) -> None:
    """A job is found by a key with characters that mean something to servers."""
    key = {"delivery_id": "a\\b'%s--"}
    lab.database.jobs.insert1({**key, "status": "pending", "priority": 5})
    assert lab.database.jobs.reserve(key)


def test_removal_reaches_an_experimenter_with_percent_signs(lab: Lab) -> None:
    """What hangs on a recording goes with it, and what hangs on that of a similar name stays."""
    database, names = lab.database, ("50%", "50%%")
    rig = database.BehaviourRig.fetch1()
    for name in names:
        database.Experimenter.insert1({"experimenter": name, "full_name": name})
        database.Experiment.insert1({"experimenter": name, "experiment_id": 1, "experiment_name": "one"})
        database.BehaviourRig.insert1({**rig, "experimenter": name})
        session = {"experimenter": name, "experiment_id": 1, "session_id": 1}
        database.Session.insert1({**session, "session_name": "one"})
        database.Animal.insert1({"experimenter": name, "experiment_id": 1, "animal_id": 1, "animal_name": "one"})
        database.World.insert1({**session, "behaviourrig_id": rig["behaviourrig_id"], "dlc_training": "False"})
        database.Self.insert1({**session, "animal_id": 1})
    assert remove(lab, {"experimenter": "50%", "experiment_id": 1, "session_id": 1}) == {"Self": 1, "World": 1}
    assert [row["experimenter"] for row in database.Self.to_dicts()] == ["50%%"]


@pytest.fixture
def narrow(others: Callable[[], Lab], monkeypatch: pytest.MonkeyPatch) -> Lab:
    """Give a connection to a server whose statements may have 100 kB."""
    other = others()
    monkeypatch.setattr(other.database.connection, "_longest", 100_000)
    return other


def animals(count: int, notes: str = "n" * 1000) -> list[dict[str, Any]]:
    """Return rows of about 1 kB."""
    return [{**EXPERIMENT, "animal_id": 100 + n, "animal_name": f"a{n}", "animal_notes": notes} for n in range(count)]


def test_rows_are_inserted_by_statements_that_fit(narrow: Lab) -> None:
    """As many statements as it takes insert all rows."""
    narrow.database.Animal.insert(animals(250))
    assert len(narrow.database.Animal & {"animal_notes": "n" * 1000}) == 250


def test_all_statements_of_an_insert_are_one_transaction(narrow: Lab) -> None:
    """If one of the rows is refused, none is there after the transaction."""
    with pytest.raises(dj.errors.DuplicateError), narrow.database.transaction():
        narrow.database.Animal.insert([*animals(250), animals(1)[0]])
    assert len(narrow.database.Animal & {"animal_notes": "n" * 1000}) == 0


def test_what_does_not_fit_is_not_sent(narrow: Lab) -> None:
    """A row that is too large by itself is refused with what to do, and the connection goes on."""
    manifest = {"note": "n" * 100_000}
    row = {"delivery_id": "0" * 32, "folder": "", "nwb_path": "", "nwb_size": 0, "nwb_mtime": 0, "manifest": manifest}
    with pytest.raises(TooLarge, match=r"a statement has 100[0-9]{3} bytes, and the server takes 100000"):
        narrow.database.Delivery.insert1(row)
    assert narrow.database.Experiment()


@pytest.mark.parametrize("served_lab", [pytest.param("mysql", marks=pytest.mark.mariadb)], indirect=True)
def test_the_limit_is_the_servers(lab: Lab, others: Callable[[], Lab]) -> None:
    """A statement that is refused here by its size is one that the server refuses, and one that is sent is taken."""
    say = lab.database.connection.query
    before = say("SELECT @@GLOBAL.max_allowed_packet").fetchone()[0]
    say("SET GLOBAL max_allowed_packet = 1048576")
    try:
        connection = others().database.connection
        longest = connection._longest
        text = "x" * (longest - len("SELECT LENGTH('')"))
        assert connection.query("SELECT LENGTH(%s)", (text,)).fetchone()[0] == len(text)
        with pytest.raises(TooLarge, match="max_allowed_packet"):
            connection.query("SELECT LENGTH(%s)", (text + "x",))
        connection._longest *= 2
        with pytest.raises(Unavailable):
            connection.query("SELECT LENGTH(%s)", (text + "x" * 1000,))
    finally:
        say(f"SET GLOBAL max_allowed_packet = {before}")
