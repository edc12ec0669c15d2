"""Whether the store has room for what is to be kept of a delivery, asked before any of it is written.

A file of some kilobytes can declare terabytes that are all zero, and be right. It is not refused for that, but it does not fill
the store of everybody else either.
"""

import math
import os
from collections.abc import Mapping, Sequence

from antelop.database.row import Row
from antelop.errors import Problem, Rejected, Unavailable
from antelop.files import available
from antelop.ingest.source_files import SourceFiles
from antelop.recording.recording import Clock, Samples, Scaled
from antelop.store import Store

SWELLS = 32
"""How many times as large as its files what is kept of a delivery may be, however little room there is: signals become some
times larger when they are decompressed, and a thousand times if they are constant."""

SHARE = 10
"""Of a delivery that swells more, no more is kept than one part in so many of what is free: no number of them fills a store."""

SPARED = 100
"""One part in so many of a store is left to what others write meanwhile, such as a database on the same disk."""


def expect_room(store: Store, planned: Mapping[str, Sequence[Row]], files: SourceFiles) -> None:
    """Ask whether the arrays and files of a delivery fit into a store.

    Parameters
    ----------
    store
        Where they go.
    planned
        Rows by table, see `rows.plan`.
    files
        The files of the delivery, held open.

    Raises
    ------
    Rejected
        If they never fit, or are so much larger than what was delivered that they would take much of what is free.
    Unavailable
        If there is no room for them now, or the store cannot be asked.
    """
    videos = [os.fstat(files.video(path).descriptor) for path in {row["video"] for row in planned["Video"]}]
    delivered = sum(map(_on_disk, [os.fstat(files.nwb.descriptor), *videos]))
    rows = [row for some in planned.values() for row in some]
    arrays = [row[name] for row in rows for name in ("data", "timestamps") if row.get(name) is not None]
    distinct = {id(values): values for values in arrays}  # one that is there several times is kept once
    kept = sum(video.st_size for video in videos) + sum(map(_size, distinct.values()))
    with available(f"the store {store.folder} cannot be looked at"):
        found = os.statvfs(store.folder)
    _compare(store, kept, delivered, found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize)


def _compare(store: Store, kept: int, delivered: int, whole: int, free: int) -> None:
    """Raise if so many bytes, from files of so many, do not fit."""
    takes, spared = f"it takes {kept} bytes in the store", whole // SPARED
    if not whole:
        return  # a share that does not tell how large it is
    if kept > whole - spared:
        what = f"{takes}, which has {whole} in all"
        raise Rejected([Problem("store_too_small", "", what, "Deliver it in parts, or give the store a larger disk")])
    if kept > SWELLS * delivered and kept > free // SHARE:
        what = (
            f"{takes}, {kept // max(1, delivered)} times what its files have, and more than a tenth of the {free} that are free"
        )
        remedy = "Check that it recorded what it should; if it did, make room in the store, or deliver it in parts"
        raise Rejected([Problem("store_swollen", "", what, remedy)])
    if kept > free - spared:
        raise Unavailable(f"the store {store.folder} has no room: {free} bytes are free, and {kept} are to be kept")


def _size(values: Samples) -> int:
    """Return how many bytes of an array are kept; of one that is computed, those that it is computed from."""
    if isinstance(values, Clock):
        return 0
    return _size(values.samples) if isinstance(values, Scaled) else math.prod(values.shape) * values.dtype.itemsize


def _on_disk(status: os.stat_result) -> int:
    """Return how many bytes a file has on its disk, without its holes; its size, where the filesystem does not tell."""
    return min(status.st_size, 512 * status.st_blocks or status.st_size)  # st_blocks: stat(2)
