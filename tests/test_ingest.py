"""Sessions go in whole, or not at all."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from antelop.errors import Rejected
from antelop.ingest import insert_nwb
from antelop.lab import Lab
from tests.labs import ANIMALS, SESSION
from tests.recordings import write_recording


def test_everything_of_a_session_goes_in(lab: Lab, tmp_path: Path) -> None:
    """Every feature of the rig is in its table with the file's samples, and the mask has the trials."""
    path = write_recording(tmp_path / "a.nwb")
    outcome = insert_nwb(lab, SESSION, ANIMALS, path)
    assert outcome.outcome == "ingested"
    assert outcome.trials == {"trials": 10}
    data, timestamps = (lab.database.DigitalEvents & SESSION & {"digitalevents_name": "lick"}).fetch1("data", "timestamps")
    with h5py.File(path) as file:
        np.testing.assert_array_equal(data, file["acquisition/lick/data"])
        np.testing.assert_array_equal(timestamps, file["acquisition/lick/timestamps"])
