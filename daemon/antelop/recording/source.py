"""A file's bytes, as HDF5 gets them: the whole of an HDF5 file that nobody is writing, or one sentence that says why not."""

import errno
import fcntl
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from antelop.errors import Problem, Rejected, Unavailable
from antelop.files import ABSENT, RegularFile
from antelop.superblock import superblock

COPY_AGAIN = "Copy it again from the computer that recorded it"
_LARGEST_HEAP = 1 << 26  # bytes that HDF5 reads all at once for a text in it


def rejection(check: str, what: str, remedy: str) -> Rejected:
    """Say the one thing that is wrong with a file as a whole."""
    return Rejected([Problem(check, "", what, remedy)])


@contextmanager
def disk_told(path: Path) -> Iterator[None]:
    """Turn what the operating system raises about a file into a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in ABSENT:
            raise rejection("nwb_missing", f"There is no file {path}", "Check its name and folder") from error
        if error.errno == errno.EISDIR:
            raise rejection("nwb_not_hdf5", f"{path} is not a file", "Deliver NWB in HDF5, which is one file") from error
        raise Unavailable(f"{path} cannot be read: {error.strerror}") from error


class Source(io.FileIO):
    """The bytes of a file, which HDF5 reads through Python.

    By itself HDF5 reports a failing disk and a damaged file alike, and takes zeros for what was cut off while it read; here
    both are `Unavailable`, where they happen. It comes to no end in zeros that a broken copy left in the heap of its texts
    (HDFGroup/hdf5 issue 1707); here they are a ValueError. And it puts no lock on such a file, whatever HDF5_USE_FILE_LOCKING
    says.

    Parameters
    ----------
    file
        The file, held open: whatever takes its place, this is what is read.

    Raises
    ------
    Rejected
        It is not all of an HDF5 file, or a writer has it open.
    Unavailable
        The disk or share failed; reading raises it too.
    """

    def __init__(self, file: RegularFile) -> None:
        with disk_told(file.path):
            super().__init__(str(file.path), opener=lambda *_: file.again())
            try:
                _expect_finished_hdf5(self.fileno(), file.path.name)
            except BaseException:
                self.close()
                raise

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401  # Python 3.11 has no name for a writable buffer
        """Fill the whole of `buffer`."""
        view = memoryview(buffer)
        position = self.tell()
        done = 0
        while done < len(view):
            with disk_told(self.name):
                count = super().readinto(view[done:])
            if not count:
                raise Unavailable(f"{self.name} became shorter while it was read")
            done += count
        if bytes(view[:4]) == b"GCOL":
            self._expect_no_hole(position, int.from_bytes(view[8:16], "little"))
        return done

    def _expect_no_hole(self, position: int, size: int) -> None:
        """Raise ValueError if an object in a global heap collection takes no space (HDF5 File Format Specification, III.E)."""
        if size > _LARGEST_HEAP:
            raise ValueError(f"the heap of its texts at byte {position} has {size} bytes")
        with disk_told(self.name):
            heap = os.pread(self.fileno(), size, position)
        at = 16
        while at + 16 <= len(heap):
            index, length = int.from_bytes(heap[at : at + 2], "little"), int.from_bytes(heap[at + 8 : at + 16], "little")
            if not index and not length:
                raise ValueError(f"there is a hole at byte {position + at}")
            at += 16 + (length + 7) // 8 * 8 if index else length


def _expect_finished_hdf5(descriptor: int, name: str) -> None:
    """Raise Rejected unless a file is HDF5, is as long as it should be, and is not open for writing."""
    status = os.fstat(descriptor)
    start = os.pread(descriptor, 24, 0)
    if not start:
        raise rejection("nwb_not_hdf5", f"{name} is empty (0 bytes)", COPY_AGAIN)
    if start.startswith(b"version https://git-lfs"):
        what = f"{name} is a Git LFS pointer, which only stands for the recording"
        raise rejection("nwb_not_hdf5", what, "Run `git lfs pull` where it comes from, and copy it again")
    found = superblock(lambda count, offset: os.pread(descriptor, count, offset), status.st_size)
    if found is None:
        raise rejection("nwb_not_hdf5", f"{name} is no HDF5 file: it begins with {start[:16]!r}", "Deliver an NWB 2 file")
    if _locked(descriptor):
        what = f"{name} is still open for writing: another program holds its lock"
        raise rejection("nwb_open", what, "Close it in that program, and deliver it again")
    if found.marked:
        what = f"{name} is still marked as open for writing"
        remedy = "Close it in the program that writes it; if that crashed and the file is complete, run `h5clear -s` on it"
        raise rejection("nwb_open", what, remedy)
    if found.end > status.st_size:
        raise rejection("nwb_truncated", f"{name} is cut short: {status.st_size} of {found.end} bytes are there", COPY_AGAIN)


def _locked(descriptor: int) -> bool:
    """Tell whether a writer holds the file's lock, without keeping it from a rig that wants to open its own file again."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    except BlockingIOError:
        return True
    except OSError:  # a filesystem without locks
        return False
    return False
