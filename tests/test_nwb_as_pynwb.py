"""Our reader finds what pynwb finds: every time series of the real recordings, with the same samples, times and units."""

from pathlib import Path

import numpy as np
import pytest
from pynwb import NWBHDF5IO, TimeSeries

from antelop.recording import reading
from antelop.recording.views import Clock

CORE = (
    "689514_2024-02-01_18-06-43.nwb",
    "697062_2023-11-14_11-12-44.nwb",
    "697062_2023-11-15_10-02-05.nwb",
    "705599_2024-05-31_14-06-54.nwb",
    "A2929-200711.nwb",
    "sub-anm369963_ses-20170228.nwb",
)
"""The recordings without extensions; pynwb cannot read files of several versions of one extension in one process."""


def place(series: TimeSeries) -> str:
    """Return the path by which a rig knows a series, from that of its data in the file."""
    return str(series.data.name).removeprefix("/").removesuffix("/data").replace("stimulus/presentation/", "stimulus/")


@pytest.mark.filterwarnings("ignore")  # of what pynwb finds odd, or old, in these files
@pytest.mark.parametrize("name", CORE)
def test_every_series_of_pynwb_is_found(recordings: Path, name: str) -> None:
    """What pynwb makes of the file, and what is read here, agree."""
    path = recordings / name
    with NWBHDF5IO(path, "r", load_namespaces=True) as io, reading(path) as recording:
        nwbfile = io.read()
        expected = {place(each): each for each in nwbfile.objects.values() if isinstance(each, TimeSeries)}
        assert expected.keys() == recording.series.keys()
        assert (recording.identifier, recording.object_id) == (nwbfile.identifier, nwbfile.object_id)
        assert recording.session_start_time == nwbfile.session_start_time
        for where, series in expected.items():
            found = recording.series[where]
            assert (found.unit, found.conversion, found.offset) == (series.unit, series.conversion, series.offset)
            assert found.data is not None
            np.testing.assert_array_equal(found.data[:], series.data[:])
            assert found.timestamps is not None
            if series.rate is not None:
                assert found.timestamps == Clock(series.starting_time, series.rate, len(series.data))
            else:
                np.testing.assert_array_equal(found.timestamps[:], series.timestamps[:])
