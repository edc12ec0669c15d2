"""Whether a file that has settled is complete, by its HDF5 superblock and by the lock that a writer holds."""

import fcntl
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from antelop.dropfolder.settle import Stat
from antelop.dropfolder.waiting import Reason
from antelop.superblock import superblock


def stat_of(found: os.stat_result) -> Stat:
    """Return the fields of a status that differ when a file has changed."""
    return Stat(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def unfinished(descriptor: int, *, locks: bool) -> tuple[Stat, Reason | None, Mapping[str, Any]]:
    """Return the status of an open file and, if it is not complete, the reason and the facts for the reason's message.

    A network filesystem asks its server when a file is opened, so the status may differ from the one in the listing. A file
    that is not HDF5 counts as complete: the reader reports what is wrong with it.

    Parameters
    ----------
    descriptor
        Descriptor of the file, open for reading.
    locks
        Whether the filesystem's locks are reliable. The HDF5 library holds an exclusive `flock` on a file that it writes. This
        function tries a shared one and releases it immediately.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    # The lock is tried first: the superblock of a file that is open for writing may be outdated.
    stat = stat_of(os.fstat(descriptor))
    if locks and _locked(descriptor):
        return stat, Reason.LOCKED, {}
    # The superblock also tells of a writer on another computer, whose lock is not visible here, and of a copy in progress.
    found = superblock(lambda count, offset: os.pread(descriptor, count, offset), stat.size)
    if found is not None and found.marked:
        return stat, Reason.MARKED, {}
    if found is not None and found.end != stat.size:
        return stat, Reason.UNFINISHED, {"end": found.end, "size": stat.size}
    return stat, None, {}


def _locked(descriptor: int) -> bool:
    """Return whether a writer holds the file's lock; False on a filesystem that has no locks."""
    with suppress(OSError):  # the error of a filesystem that has no locks
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False
