"""A lab's database with a few rows: two experimenters, three experiments, and one session with LED and port intervals."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import pytest

from antelop.database import Database
from antelop.lab import Lab
from tests.clocks import still
from tests.labs import clean

SESSION = {"experimenter": "rbedford", "experiment_id": 1, "session_id": 7}

INTERVALS = {
    "led": (np.array([1, -1, 1, -1], np.int8), np.array([1.0, 1.5, 5.0, 5.5])),
    "port": (np.array([1, -1, 1, -1], np.int8), np.array([3.0, 3.2, 8.0, 8.1])),
}


@contextmanager
def recorded(served_lab: tuple[Lab, Mapping[str, str]]) -> Iterator[Database]:
    """Fill the tables of a server's lab; yield a connection to it that tests may break."""
    shared, environment = served_lab
    clean(shared)
    with Lab(shared.config, environment, still) as lab:
        _fill(lab.database)
        yield lab.database


@pytest.fixture(scope="module")
def database(served_lab: tuple[Lab, Mapping[str, str]]) -> Iterator[Database]:
    """Yield a lab's database with these rows, once of each kind."""
    with recorded(served_lab) as database:
        yield database


@pytest.fixture(params=["in a transaction", "outside"])
def transaction(request: pytest.FixtureRequest, database: Database) -> Iterator[None]:
    """Have a transaction open, or none."""
    if request.param == "outside":
        yield
    else:
        with database.transaction():
            yield


def _fill(database: Database) -> None:
    rig = {"experimenter": "rbedford", "behaviourrig_id": 1}
    people = [("rbedford", "Rory Bedford", "MRC LMB"), ("acurie", "Ada Curie", "Sorbonne")]
    database.Experimenter.insert([dict(zip(("experimenter", "full_name", "institution"), row, strict=True)) for row in people])
    for experimenter, number, name in (("acurie", 1, "first"), ("rbedford", 1, "open field"), ("rbedford", 2, "maze")):
        row = {"experimenter": experimenter, "experiment_id": number, "experiment_name": name}
        database.Experiment.insert1(row)
    database.Session.insert1({**SESSION, "session_name": "day 7"})
    database.BehaviourRig.insert1({**rig, "behaviourrig_name": "licks", "rig_json": {}})
    database.World.insert1({**SESSION, **rig})
    for number, (name, (data, timestamps)) in enumerate(INTERVALS.items(), start=1):
        feature = {**rig, "feature_id": number}
        row = {"feature_name": name, "source_type": "acquisition", "data_type": "interval"}
        database.Feature.insert1({**feature, **row})
        database.Object.insert1({**SESSION, **feature, "object_name": name, "object_type": "World"})
        events = {"intervalevents_name": name, "data": data, "timestamps": timestamps}
        database.IntervalEvents.insert1({**SESSION, **feature, **events})
