"""A lab for each test: clean tables on both databases, a store and an analysis folder of its own, and a licking task to ingest."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from antelop.config import AnalysisConfig, Config, DatabaseConfig
from antelop.lab import Lab
from antelop.upload import upload_rig_json
from tests import servers
from tests.recordings import LICKING_RIG

OWNER = {"experimenter": "lab"}
EXPERIMENT = {**OWNER, "experiment_id": 1}
SESSION = {**EXPERIMENT, "session_id": 41}
ANIMALS = [{**EXPERIMENT, "animal_id": 17}, {**EXPERIMENT, "animal_id": 18}]
MASKS = [{"name": "trials", "description": "the rows of the trials table", "function": "licking.table_trials"}]

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
    names.append(database.Ingestion().jobs.full_table_name)
    if database.is_postgresql:
        database.connection.query(f"TRUNCATE {', '.join(names)}")
        return
    database.connection.query("SET FOREIGN_KEY_CHECKS = 0")
    for name in names:
        database.connection.query(f"DELETE FROM {name}")
    database.connection.query("SET FOREIGN_KEY_CHECKS = 1")


def furnish(lab: Lab) -> None:
    """Give a lab an experimenter, an experiment, two animals, some sessions, and the rig of the licking task with its mask."""
    database = lab.database
    (lab.config.analysis.folders[0] / "licking.py").write_text(SCRIPT)
    database.Experimenter.insert1({**OWNER, "full_name": "The lab"})
    database.Experiment.insert1({**EXPERIMENT, "experiment_name": "licking"})
    database.Animal.insert({**animal, "animal_name": f"m{animal['animal_id']}"} for animal in ANIMALS)
    database.Session.insert({**SESSION, "session_id": number, "session_name": f"day {number}"} for number in range(41, 45))
    upload_rig_json(lab, "lab", "licking rig", LICKING_RIG, MASKS)


def with_folders(config: Config, folder: Path) -> Config:
    """Return a configuration whose store and analysis folder are in a folder of the test."""
    (folder / "analysis").mkdir()
    return replace(config, store=folder / "store", analysis=AnalysisConfig(folders=(folder / "analysis",)))


@pytest.fixture(scope="session", params=["postgresql", pytest.param("mysql", marks=pytest.mark.mariadb)])
def served_lab(request: Any) -> Iterator[tuple[Lab, Mapping[str, str]]]:
    """A lab on each kind of database, whose connection is shared by tests that do not break it."""
    with served(request.param) as (config, environment), Lab(config, environment) as lab:
        yield lab, environment


@pytest.fixture
def lab(served_lab: tuple[Lab, Mapping[str, str]], tmp_path: Path) -> Iterator[Lab]:
    """A furnished lab, with nothing recorded yet."""
    shared, environment = served_lab
    clean(shared)
    with Lab(with_folders(shared.config, tmp_path), environment) as fresh:
        furnish(fresh)
        yield fresh
