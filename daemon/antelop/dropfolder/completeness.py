"""Whether a file that has stopped changing is whole: what its HDF5 superblock says, and whether a writer holds its lock."""

import fcntl
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from antelop.dropfolder.settle import Stat
from antelop.dropfolder.waiting import Reason
from antelop.superblock import superblock


def stat_of(found: os.stat_result) -> Stat:
    """Return what tells whether a file has changed."""
    return Stat(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def unfinished(descriptor: int, *, locks: bool) -> tuple[Stat, Reason | None, Mapping[str, Any]]:
    """Return why a file is not whole yet, if so, and what it is like now that it was opened.

    Opening makes a network filesystem ask the server, so that this may differ from what was listed. What is no HDF5 file is not
    unfinished: to say what it is instead is for its reader.

    Parameters
    ----------
    descriptor
        Of the file, which is open for reading.
    locks
        Whether locks can be relied on. The HDF5 library takes a `flock` of what it writes; here it is asked for, shared, and
        given back at once.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    stat = stat_of(os.fstat(descriptor))
    if locks and _locked(descriptor):
        return stat, Reason.LOCKED, {}
    found = superblock(lambda count, offset: os.pread(descriptor, count, offset), stat.size)
    if found is not None and found.marked:
        return stat, Reason.MARKED, {}
    if found is not None and found.end != stat.size:
        return stat, Reason.UNFINISHED, {"end": found.end, "size": stat.size}
    return stat, None, {}


def _locked(descriptor: int) -> bool:
    with suppress(OSError):  # a filesystem without locks
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False
