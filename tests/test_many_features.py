"""A recording of many features goes in on every database, whatever the server takes in one statement."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from antelop.demo.acquisition import events
from antelop.ingest.session import insert_nwb
from antelop.lab import Lab
from antelop.lab.rigs import upload_rig_json
from tests.drops import RIG, write_prototype
from tests.labs import ANIMALS, SESSION

COUNT = 1000
EVENTS = 1000
"""Of each feature: values and times are 8 kB each, which is the most that a row holds of an array."""


@pytest.fixture(scope="session")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a recording of a thousand features besides those of the small rig."""
    path = write_prototype(tmp_path_factory.mktemp("crowded"), lick=events(np.arange(EVENTS) / 8, np.arange(EVENTS) / 4))
    with h5py.File(path, "r+") as file:
        for number in range(COUNT):
            file.copy("acquisition/lick", f"acquisition/lick {number}")
    return path


def test_a_thousand_features(lab: Lab, crowded: Path) -> None:
    """A thousand features of a thousand events each, 21 MB in rows, are ingested with all their values."""
    lick = next(feature for feature in RIG["features"] if feature["name"] == "lick")
    more = [{**lick, "name": f"lick {number}"} for number in range(COUNT)]
    upload_rig_json(lab, "lab", "crowded rig", {**RIG, "features": [*RIG["features"], *more]}, [])
    outcome = insert_nwb(lab, SESSION, ANIMALS[:1], crowded, "crowded rig")
    assert (outcome.outcome, outcome.rows["DigitalEvents"]) == ("ingested", COUNT + 1)
    last = (lab.database.DigitalEvents & {"digitalevents_name": f"lick {COUNT - 1}"}).fetch1("data")
    assert last.tolist() == (np.arange(EVENTS) / 4).tolist()
