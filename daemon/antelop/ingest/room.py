"""Check that the store has room for the arrays and files of a delivery, before any of them is written.

A valid file of some kilobytes can declare terabytes of zeros. Such a file is not rejected for its size alone, but it must not
fill the store that all users share.
"""

import math
import os
from collections.abc import Mapping, Sequence

from antelop.database.row import Row
from antelop.errors import Problem, Rejected, Unavailable, available
from antelop.ingest.source_files import SourceFiles
from antelop.recording.samples import Samples
from antelop.recording.views import Clock, Scaled
from antelop.store import Store

SWELLS = 32
"""A delivery may take this many times the size of its files, even if little room is free. Decompression makes a signal a few
times larger, and a constant signal a thousand times."""

SHARE = 10
"""A delivery that grows more than `SWELLS` times may take 1 / `SHARE` of the free bytes, so such files never fill a store."""

SPARED = 100
"""1 / `SPARED` of a store stays free for other writers, such as a database on the same disk."""


def expect_room(store: Store, planned: Mapping[str, Sequence[Row]], files: SourceFiles) -> None:
    """Raise unless the arrays and files of a delivery fit into a store.

    Parameters
    ----------
    store
        The store that will hold them.
    planned
        Rows by table, from `rows.plan`; their arrays are not read.
    files
        The files of the delivery, held open.

    Raises
    ------
    Rejected
        If the store is too small for them, or they are much larger than the files and would take much of the free bytes.
    Unavailable
        If the free bytes do not suffice now, or the store does not answer.
    """
    # Only bytes on the disk count as delivered: a file with holes declares more than was ever copied.
    videos = [os.fstat(files.video(path).descriptor) for path in {row["video"] for row in planned["Video"]}]
    delivered = sum(map(_on_disk, [os.fstat(files.nwb.descriptor), *videos]))
    # An array that several rows share is stored once, so it counts once.
    rows = [row for some in planned.values() for row in some]
    arrays = [row[name] for row in rows for name in ("data", "timestamps") if row.get(name) is not None]
    distinct = {id(values): values for values in arrays}
    kept = sum(video.st_size for video in videos) + sum(map(_size, distinct.values()))
    # The filesystem is asked last, so that its answer is as recent as possible.
    with available(f"the store {store.folder} cannot be looked at"):
        found = os.statvfs(store.folder)
    _compare(store, kept, delivered, found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize)


def _compare(store: Store, kept: int, delivered: int, whole: int, free: int) -> None:
    """Raise if `kept` bytes, from files of `delivered` bytes, do not fit into a store of `whole` bytes with `free` free."""
    takes, spared = f"it takes {kept} bytes in the store", whole // SPARED
    if not whole:
        return  # some network shares do not report their size
    # More than the whole store never fits, so a retry is useless: reject.
    if kept > whole - spared:
        what = f"{takes}, which has {whole} in all"
        raise Rejected([Problem("store_too_small", "", what, "Deliver it in parts, or give the store a larger disk")])
    # A delivery that grows without bound is rejected even if it fits, because the store belongs to all users.
    if kept > SWELLS * delivered and kept > free // SHARE:
        what = (
            f"{takes}, {kept // max(1, delivered)} times what its files have, and more than a tenth of the {free} that are free"
        )
        remedy = "Check that it recorded what it should; if it did, make room in the store, or deliver it in parts"
        raise Rejected([Problem("store_swollen", "", what, remedy)])
    # Room may become free, so the worker retries.
    if kept > free - spared:
        raise Unavailable(f"the store {store.folder} has no room: {free} bytes are free, and {kept} are to be kept")


def _size(values: Samples) -> int:
    """Return the bytes that the store keeps of an array; for a computed array, those of its source."""
    # A clock is stored as its formula, and scaled samples as the stored ones with their factors.
    if isinstance(values, Clock):
        return 0
    return _size(values.samples) if isinstance(values, Scaled) else math.prod(values.shape) * values.dtype.itemsize


def _on_disk(status: os.stat_result) -> int:
    """Return the bytes that a file occupies on the disk, without holes; its size if the filesystem reports no blocks."""
    return min(status.st_size, 512 * status.st_blocks or status.st_size)  # st_blocks: stat(2)
