"""A lab for each test: clean tables on both databases, a store and an analysis folder of its own, and a licking task in it."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import datajoint as dj
import pytest

from antelop.analysis.scripts import Analysis
from antelop.config import AnalysisConfig, Config, DatabaseConfig
from antelop.database import Database
from antelop.database.schemas import SCHEMAS
from antelop.lab import Lab
from antelop.lab.rigs import upload_rig_json
from antelop.store import STORE, Store
from tests import servers
from tests.clocks import still
from tests.recordings import LICKING_RIG, write_recording

OWNER: dict[str, Any] = {"experimenter": "lab"}
EXPERIMENT = {**OWNER, "experiment_id": 1}
SESSION = {**EXPERIMENT, "session_id": 41}
ANIMALS = [{**EXPERIMENT, "animal_id": 17}, {**EXPERIMENT, "animal_id": 18}]
MASKS = [{"name": "trials", "description": "the rows of the trials table", "function": "licking.table_trials"}]
ROWS = {
    "World": 1,
    "Self": 2,
    "Video": 1,
    "Object": 10,
    "AnalogEvents": 1,
    "DigitalEvents": 2,
    "IntervalEvents": 4,
    "Kinematics": 2,
}
"""What a session of the licking recording has in each table, but for its masks and the ledger."""

SCRIPT = '''
import numpy as np
from antelop import antelop_analysis


@antelop_analysis
class TableTrials:
    """The rows of the trials table."""

    name = "table_trials"
    query = "World"
    data = "IntervalEvents"
    returns = {"data": np.ndarray, "timestamps": np.ndarray}
    mask = True

    def run(key):
        return (IntervalEvents & key & {"intervalevents_name": "trials"}).fetch1("data", "timestamps")
'''


def await_release(lab: Lab, delivery_id: str) -> None:
    """Return when nobody holds the lock of a delivery: a server frees it a moment after the connection has ended."""
    with lab.database.lock(f"delivery {delivery_id}", wait=True):
        pass


@contextmanager
def served(backend: str) -> Iterator[tuple[Config, Mapping[str, str]]]:
    """Run a server for as long as tests need it; yield the configuration of a lab on it, and its environment."""
    with ExitStack() as stack:
        folder = stack.enter_context(servers.public_folder())
        database, environment = None, {}
        if backend == "mysql":
            server = stack.enter_context(servers.mariadb())
            database = DatabaseConfig(host=server.host, port=server.port, backend="mysql", use_tls=False, service=server.user)
            environment = {"DB_USER": server.user, "DB_PASS": server.password}
        yield Config(state=folder / "state", store=folder / "store", database=database), environment


def clean(lab: Lab) -> None:
    """Empty every table but the one that says which schemas are ours."""
    database = lab.database
    names = [table().full_table_name for name, table in database.tables.items() if name != "SchemaVersion"]
    with database.transaction():
        for name in (database.Ingestion().jobs.full_table_name, *reversed(names)):
            database.connection.query(f"DELETE FROM {name}")  # noqa: S608  # a table of ours


def furnish(lab: Lab) -> None:
    """Give a lab an experimenter, an experiment, two animals, some sessions, and the rig of the licking task with its mask."""
    database = lab.database
    (lab.config.analysis.folders[0] / "licking.py").write_text(SCRIPT)
    with database.transaction():
        database.Experimenter.insert1({**OWNER, "full_name": "The lab"})
        database.Experiment.insert1({**EXPERIMENT, "experiment_name": "licking"})
        database.Animal.insert({**animal, "animal_name": f"m{animal['animal_id']}"} for animal in ANIMALS)
        database.Session.insert({**SESSION, "session_id": number, "session_name": f"day {number}"} for number in range(41, 45))
    upload_rig_json(lab, "lab", "licking rig", LICKING_RIG, MASKS)


@pytest.fixture(scope="session", params=["postgresql", pytest.param("mysql", marks=pytest.mark.mariadb)])
def served_lab(request: Any) -> Iterator[tuple[Lab, Mapping[str, str]]]:
    """Give a lab on each kind of database, for all tests."""
    with served(request.param) as (config, environment), Lab(config, environment, still) as lab:
        yield lab, environment


@pytest.fixture
def lab(served_lab: tuple[Lab, Mapping[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """Give a furnished lab on the connection that all tests share, with folders of its own; nothing is recorded in it yet."""
    shared, _ = served_lab
    clean(shared)
    (tmp_path / "analysis").mkdir()
    lab = copy(shared)
    lab.config = replace(shared.config, store=tmp_path / "store", analysis=AnalysisConfig(folders=(tmp_path / "analysis",)))
    lab.store, lab.analysis, lab._opened = Store(lab.config.store), Analysis(lab.config.analysis.folders), ExitStack()
    lab.store.make(shared.database.identity)
    monkeypatch.setitem(shared.database.connection._config.stores[STORE], "location", str(lab.store.folder))
    furnish(lab)
    return lab


@pytest.fixture
def others(served_lab: tuple[Lab, Mapping[str, str]], lab: Lab) -> Iterator[Callable[[], Lab]]:
    """Give what opens further connections to the lab, as other processes have them."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(Lab(lab.config, served_lab[1], still))


@pytest.fixture(scope="session")
def licking(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Give what puts a recording of the licking task, and its film, into a folder: another one for each seed."""

    @cache
    def written(seed: int) -> Path:
        name = f"licking-{seed}.nwb" if seed else "licking.nwb"
        return write_recording(tmp_path_factory.mktemp("licking") / name, seed=seed)

    def put(folder: Path, seed: int = 0) -> Path:
        source = written(seed)
        for path in source.parent.iterdir():
            shutil.copyfile(path, folder / path.name)
        return folder / source.name

    return put


@pytest.fixture
def recording(licking: Callable[..., Path], tmp_path: Path) -> Path:
    """Give a recording of the licking task, with its film beside it."""
    return licking(tmp_path)


@pytest.fixture
def package(lab: Lab) -> Iterator[Callable[[str], Any]]:
    """Give what makes a table of another package that refers to one of ours; its schema is dropped at the end."""
    if not lab.database.is_postgresql:  # where what refers to a name is compared as the name is
        lab.database.connection.query("CREATE DATABASE another_package CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
    schema = dj.Schema("another_package", connection=lab.database.connection)

    def refer(table: str) -> Any:
        return schema(type(f"{table}Note", (dj.Manual,), {"definition": f"-> {table}"}), context=lab.database.tables)

    yield refer
    schema.drop(prompt=False)


@pytest.fixture
def visitor(lab: Lab) -> Iterator[Callable[..., Lab]]:
    """Give what connects to the lab's server as another user, who has some right on its tables (``GRANT ALL``, unless said)."""
    with ExitStack() as opened:

        def visit(user: str, right: str = "ALL") -> Lab:
            database = connected_as(lab, user, right)
            opened.callback(database.close)
            visited = copy(lab)
            visited.database = database
            return visited

        yield visit


def connected_as(lab: Lab, user: str, right: str) -> Database:
    """Make a user of the lab's server, if need be, and connect as that user."""
    say = lab.database.connection.query
    if lab.database.is_postgresql:
        if not say("SELECT 1 FROM pg_roles WHERE rolname = %s", (user,)).rowcount:
            say(f"CREATE ROLE {user} LOGIN")
        for schema in (lab.database.prefix + name for name in SCHEMAS):
            say(f"GRANT USAGE ON SCHEMA {schema} TO {user}; GRANT {right} ON ALL TABLES IN SCHEMA {schema} TO {user}")
    else:
        say(f"CREATE USER IF NOT EXISTS {user} IDENTIFIED BY ''")
        pattern = lab.database.prefix.replace("_", r"\_")
        say(f"GRANT {right} ON `{pattern}%%`.* TO {user}")
    address = replace(lab.database.connection.address, user=user, password="")
    service = lab.config.database.service if lab.config.database else None
    return Database(address, service=service, store=lab.store.folder)
