"""What nothing refers to is removed from the store, and nothing else is, whatever goes on at the same time."""

import fcntl
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest

from antelop.database import Database
from antelop.errors import Misconfigured, Problem, Rejected, Unavailable
from antelop.ingest.masking import recompute_masks
from antelop.ingest.session import insert_nwb
from antelop.lab import Lab
from antelop.lab.rigs import attach
from antelop.store import Store
from antelop.store.descriptor import objects_of
from antelop.store.survey import discard, objects
from antelop.upkeep.gc import collect
from antelop.upkeep.removal import remove
from antelop.upkeep.verify import verify
from tests.commands import Run
from tests.labs import ANIMALS, SESSION
from tests.pipelines import SCHEMA, pipeline

NONE, WEEK = timedelta(0), timedelta(days=7)
PATIENCE = 60.0


def removed(lab: Lab, grace: timedelta = NONE, *, dry_run: bool = False) -> list[str]:
    """Collect, and return the addresses of what was removed."""
    addresses: list[str] = []
    collect(lab, grace, lambda each: addresses.append(each.address), dry_run=dry_run)
    return addresses


def stored(lab: Lab) -> list[str]:
    """Return the addresses of what is in the store."""
    return [each.address for each in objects(lab.store)]


def put(lab: Lab, value: float) -> str:
    """Put an array to which nothing refers; return its address."""
    (address,) = objects_of(lab.store.put(np.full(5000, value)).descriptor)
    age(lab, address, days=1e-5)  # for the clock of a filesystem may stand still for some milliseconds
    return address


def age(lab: Lab, *addresses: str, days: float = 8) -> None:
    """Let it be some days since objects were put."""
    for address in addresses:
        path = lab.store.folder / address
        then = path.stat().st_mtime - days * 86400
        os.utime(path, (then, then))


def expect_whole(lab: Lab) -> None:
    """Expect that nothing is missing or altered, and that the session is there."""
    problems: list[Problem] = []
    assert verify(lab, problems.append, lambda some, _: some).sessions == 1
    assert problems == []


@pytest.fixture
def whole(lab: Lab, recording: Path) -> Lab:
    """Give a lab in which a session holds a recording."""
    insert_nwb(lab, SESSION, ANIMALS, recording)
    return lab


def test_what_is_removed(whole: Lab) -> None:
    """An object goes to which nothing refers and that was put longer ago than the grace period; a dry run says which."""
    age(whole, *stored(whole))
    young, old = put(whole, 1), put(whole, 2)
    age(whole, old)
    assert removed(whole, WEEK, dry_run=True) == [old]
    assert old in stored(whole)
    assert removed(whole, WEEK) == [old]
    assert young in stored(whole)
    expect_whole(whole)


def test_a_session_that_was_removed(whole: Lab, recording: Path) -> None:
    """The objects of a session go when it has gone, and come again when its recording is delivered again."""
    addresses = stored(whole)
    remove(whole, SESSION)
    assert removed(whole, WEEK) == []
    age(whole, *addresses)
    assert removed(whole, WEEK) == addresses
    insert_nwb(whole, SESSION, ANIMALS, recording)
    assert stored(whole) == addresses
    expect_whole(whole)


def test_what_is_unfinished(lab: Lab) -> None:
    """What a killed process has left goes, and not in a dry run; what a process is writing stays."""
    folder = lab.store.folder / "incoming"
    for name in ("dead", "alive"):
        (folder / name).write_bytes(b"half")
    with (folder / "alive").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        removed(lab, dry_run=True)
        assert sorted(path.name for path in folder.iterdir()) == ["alive", "dead"]
        removed(lab)
        assert [path.name for path in folder.iterdir()] == ["alive"]


def test_tables_of_others(lab: Lab) -> None:
    """What a row of another package's table refers to stays, until the row goes; so by way of a codec of that package."""
    with pipeline(lab) as table:
        table.insert1({"unit": 1, "trace": np.arange(2000.0)})
        address = stored(lab)
        assert removed(lab) == []
        comment = "COMMENT ON COLUMN {}.trace IS ':<spikes>:'"
        if not lab.database.is_postgresql:
            comment = "ALTER TABLE {} MODIFY trace json NOT NULL COMMENT ':<spikes>:'"
        lab.database.connection.query(comment.format(table.full_table_name))
        assert removed(lab) == []
        table.delete_quick()
        assert removed(lab) == address


# Doubts.


def test_a_store_that_is_not_whole(whole: Lab) -> None:
    """If something is missing to which rows refer nothing is removed: it may not be the store, or not all of it."""
    for address in stored(whole):
        if address.endswith(".avi"):
            (whole.store.folder / address).unlink()
            lost = address
    unused = put(whole, 1)
    with pytest.raises(Rejected) as refused:
        removed(whole)
    what = f"{lost} is not in the store"
    remedy = "Run `antelop verify`, and repair what it finds first"
    assert refused.value.problems == (Problem("object_lacks", "Video lab/1/41/1, video", what, remedy),)
    assert unused in stored(whole)


def test_a_store_of_another_lab(lab: Lab, others: Callable[[], Lab]) -> None:
    """A database does not open a store that another one's rows refer to, and so removes nothing from it."""
    lab.store.make("1234")
    with pytest.raises(Misconfigured) as refused:
        others()
    remedy = "Set [store] location to the store of this database, or [database] to the database of this store"
    assert refused.value.problems == (Problem("store_foreign", str(lab.store.folder), "it is another lab's store", remedy),)


@contextmanager
def as_weak_user(lab: Lab, *rights: str) -> Iterator[Lab]:
    """Connect as a user who has only these rights."""
    query = lab.database.connection.query
    account, password = ("weak", "") if lab.database.is_postgresql else ("'weak'@'%%'", "battery staple")
    query(f"CREATE USER {account}" + ("" if lab.database.is_postgresql else f" IDENTIFIED BY '{password}'"))
    for right in rights:
        query(f"GRANT {right} TO {account}")
    weak = copy(lab)
    try:
        address = replace(lab.database.connection.address, user="weak", password=password)
        weak.database = Database(address, store=lab.store.folder)
        yield weak
        weak.database.close()
    finally:
        if lab.database.is_postgresql:
            query(f"DROP OWNED BY {account}")
        query(f"DROP USER {account}")


def test_tables_that_cannot_be_read(lab: Lab) -> None:
    """If there may be rows that this user does not see nothing is removed."""
    unused = put(lab, 1)
    schemas = [f"{lab.database.prefix}{name}" for name in ("metadata", "behaviour", "ingest")]
    if lab.database.is_postgresql:
        rights = [f"USAGE ON SCHEMA {name}" for name in schemas]
        rights += [f"SELECT, UPDATE ON ALL TABLES IN SCHEMA {name}" for name in schemas]
        said = (f"{SCHEMA}.trace, trace", "user weak may not read all of it")
    else:
        rights = [f"ALL ON {name}.*" for name in schemas]
        said = ("database", "user weak does not see every table of the server: that takes SELECT on *.*")
    with pipeline(lab), as_weak_user(lab, *rights) as weak:
        with pytest.raises(Rejected) as refused:
            removed(weak)
        remedy = "Do this as a database user who may read everything"
        assert refused.value.problems == (Problem("references_unseen", *said, remedy),)
    assert removed(lab) == [unused]


# Beside others.


def impatient(lab: Lab) -> Lab:
    """Let a lab's statements wait for locks for as short a time as the server allows."""
    brief = "lock_timeout = '50ms'" if lab.database.is_postgresql else "SESSION innodb_lock_wait_timeout = 1"
    lab.database.connection.query(f"SET {brief}")
    return lab


class Paused(threading.Thread):
    """Something that is done on a connection of its own, and pauses right before or after it holds the store.

    Attributes
    ----------
    result
        What it returned, or raised.
    """

    def __init__(self, lab: Lab, action: Callable[[Lab], Any], *, after: bool) -> None:
        super().__init__()
        self.result: Any = None
        self._lab, self._action = lab, action
        self._reached, self._on = threading.Event(), threading.Event()
        hold = lab.database.hold

        def pause(rows: Any, **options: Any) -> list[tuple[Any, ...]]:
            held = hold(rows, **options) if after else None
            self._reached.set()
            assert self._on.wait(PATIENCE)
            return hold(rows, **options) if held is None else held

        lab.database.hold = pause  # type: ignore[method-assign]  # it is the same but for the pause

    def run(self) -> None:
        try:
            self.result = self._action(self._lab)
        except BaseException as error:  # noqa: BLE001  # for the test to look at
            self.result = error
        finally:
            self._reached.set()

    def __enter__(self) -> Self:
        self.start()
        assert self._reached.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self._on.set()
        self.join(PATIENCE)


def test_beside_an_ingest_that_has_put_its_arrays(lab: Lab, others: Callable[[], Lab], recording: Path) -> None:
    """An ingest whose arrays are taken away before it has begun its transaction begins anew, and goes in whole."""
    ingesting = Paused(others(), lambda other: insert_nwb(other, SESSION, ANIMALS, recording), after=False)
    with ingesting:
        assert removed(lab, WEEK) == []
        assert len(removed(lab, NONE)) == 4
    assert ingesting.result.outcome == "ingested"
    assert removed(lab) == []
    expect_whole(lab)


def test_beside_transactions(lab: Lab, others: Callable[[], Lab], recording: Path, tmp_path: Path) -> None:
    """While a transaction refers to objects none is removed, however young they may be: it is waited for."""
    (tmp_path / "led.pdf").write_bytes(b"spectrum" * 2000)
    feature = {"experimenter": "lab", "behaviourrig_id": 1, "feature_id": 1}
    actions: list[Callable[[Lab], Any]] = [
        lambda other: insert_nwb(other, SESSION, ANIMALS, recording),
        lambda other: recompute_masks(other, SESSION),
        lambda other: attach(other, feature, tmp_path / "led.pdf"),
    ]
    collecting = impatient(others())
    for action in actions:
        unused = put(lab, 1)
        writing = Paused(others(), action, after=True)
        with writing:
            with pytest.raises(Unavailable):
                removed(collecting)
            assert unused in stored(lab)
        assert not isinstance(writing.result, BaseException)
        assert removed(collecting) == [unused]
    expect_whole(lab)


def test_beside_an_ingest_of_what_is_being_removed(whole: Lab, others: Callable[[], Lab], recording: Path) -> None:
    """An ingest that puts again what is just being removed keeps it, or puts it anew, and goes in after the removal."""
    addresses = stored(whole)
    remove(whole, SESSION)
    age(whole, *addresses)
    ingesting = Paused(others(), lambda other: insert_nwb(other, SESSION, ANIMALS, recording), after=False)
    gone: list[str] = []

    def begin(each: Any) -> None:
        gone.append(each.address)
        ingesting.__enter__()  # has put all of it now, and waits until we are through

    collect(whole, WEEK, begin)
    ingesting.__exit__()
    assert gone == addresses[:1]
    assert ingesting.result.outcome == "ingested"
    assert stored(whole) == addresses
    expect_whole(whole)


def test_beside_another(lab: Lab, others: Callable[[], Lab]) -> None:
    """Of two that remove at the same time, one is told to try again."""
    put(lab, 1)
    said = []

    def begin(_: object) -> None:
        with pytest.raises(Unavailable) as refused:
            removed(others())
        said.append(str(refused.value))

    collect(lab, NONE, begin)
    assert said == ["another process removes objects from the store or backs it up; try again when it has finished"]


def test_putting_again_and_removing_exclude_each_other(tmp_path: Path) -> None:
    """An object whose time is being renewed is not removed: the removal waits, and looks at the time afterwards."""
    store = Store(tmp_path / "store")
    store.make()
    (address,) = objects_of(store.put(np.arange(5000.0)).descriptor)
    path = store.folder / address
    os.utime(path, (0, 0))
    results: list[bool] = []
    removing = threading.Thread(target=lambda: results.append(discard(store, address, 1.0)))
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        removing.start()
        removing.join(0.1)
        os.utime(path, (2, 2))
    removing.join(PATIENCE)
    assert (results, path.exists()) == ([False], True)


def test_the_command(lab: Lab, command: Run) -> None:
    """A dry run lists what would go; the other says how much has gone."""
    address = put(lab, 1)
    assert command(lab.config, "gc").output == "removed  0 objects of 0 bytes that nothing refers to\n"
    size, listed = "40 kB", "1 object of 40 kB that nothing refers to"
    result = command(lab.config, "gc", "--grace", "0s", "--dry-run")
    assert (result.exit_code, result.output) == (0, f"      {size}  {address}\nlisted  {listed}\n")
    lines = command(lab.config, "gc", "--grace", "0s", "--dry-run", "--json").output.splitlines()
    summary = {"outcome": "listed", "sentence": listed, "count": 1, "bytes": 40128}
    assert [json.loads(line) for line in lines] == [{"address": address, "size": 40128}, summary]
    assert command(lab.config, "gc", "--grace", "0s").output == f"removed  {listed}\n"
    assert stored(lab) == []
    wrong = command(lab.config, "gc", "--grace", "a week")
    said = '"a week" is not a duration. Write numbers with units, in quotes, such as 10s, 5min or 1h30min'
    assert (wrong.exit_code, wrong.stderr.endswith(f"Error: Invalid value for '--grace': {said}\n")) == (2, True)
