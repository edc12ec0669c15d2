"""No delivery fills the store of everybody else: whether there is room is asked before anything is written, on real disks."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from antelop.errors import Rejected, Unavailable
from antelop.ingest.session import insert_nwb
from antelop.lab import Lab
from antelop.store.survey import objects
from tests.filesystems import ROOM, Disk
from tests.hostile.declarations import MEGABYTE, compressed, hole_in_the_file
from tests.labs import ANIMALS, SESSION

pytestmark = pytest.mark.root

FORCE = "acquisition/force/data"


def zeros(megabytes: int) -> Callable[[Path], None]:
    """Return what has a signal be so many megabytes of zeros, compressed to a thousandth."""
    return compressed(FORCE, (megabytes * MEGABYTE,), "i1", (4 * MEGABYTE,))


def noise(path: Path) -> None:
    """Have a signal be 4 MB that cannot be compressed."""
    with h5py.File(path, "r+") as file:
        del file[FORCE]
        file[FORCE] = np.frombuffer(np.random.default_rng(0).bytes(4 * MEGABYTE), np.int8)


SWOLLEN = {
    "zeros that are compressed": (
        zeros(128),
        r"it takes 1342\d+ bytes in the store, \d+ times what its files have, and more than a tenth of the \d+ that are free",
    ),
    "a hole in the file": (
        hole_in_the_file,
        r"it takes 1342\d+ bytes in the store, \d+ times what its files have, and more than",
    ),
    "more than the whole store": (zeros(600), rf"it takes \d+ bytes in the store, which has {ROOM} in all"),
}


@pytest.mark.usefixtures("store_disk")
@pytest.mark.parametrize(("change", "sentence"), SWOLLEN.values(), ids=SWOLLEN)
def test_what_would_fill_the_store_is_answered(
    lab: Lab, recording: Path, change: Callable[[Path], None], sentence: str
) -> None:
    """It is rejected, so that it is not tried again and again, and nothing of it is written."""
    change(recording)
    with pytest.raises(Rejected, match=sentence):
        insert_nwb(lab, SESSION, ANIMALS, recording)
    assert list(objects(lab.store)) == []
    assert not lab.database.World()


@pytest.mark.usefixtures("store_disk")
def test_a_channel_that_is_all_zeros_goes_in(lab: Lab, recording: Path) -> None:
    """It is a thousand times as large as in its file, and may be true: a digital line on which nothing happened."""
    zeros(32)(recording)
    assert insert_nwb(lab, SESSION, ANIMALS, recording).outcome == "ingested"
    assert max(each.size for each in objects(lab.store)) > 32 * MEGABYTE


def test_what_has_no_room_now_goes_in_later(lab: Lab, store_disk: Disk, recording: Path) -> None:
    """As long as others leave too little room nothing is written, and that is an outage."""
    noise(recording)
    (store_disk.path / "others").write_bytes(bytes(40 * MEGABYTE))
    store_disk.fill(left=3 * MEGABYTE)
    with pytest.raises(Unavailable, match=r"has no room: \d+ bytes are free, and 42\d+ are to be kept"):
        insert_nwb(lab, SESSION, ANIMALS, recording)
    assert list(objects(lab.store)) == []
    store_disk.empty()
    assert insert_nwb(lab, SESSION, ANIMALS, recording).outcome == "ingested"
