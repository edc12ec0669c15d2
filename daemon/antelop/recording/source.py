"""The bytes of an HDF5 file that is complete and not open for writing; otherwise one sentence says what is wrong."""

import errno
import fcntl
import io
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from antelop.errors import Problem, Rejected, Unavailable
from antelop.files import ABSENT, RegularFile
from antelop.recording.heaps import Heaps
from antelop.recording.holes import holes_of
from antelop.superblock import superblock

_OBJECT = struct.Struct("<H6xQ")
"""Index and size of an object in a heap. It is unpacked for each text of a file, so it has to take little time."""

COPY_AGAIN = "Copy it again from the computer that recorded it"


def rejection(check: str, what: str, remedy: str) -> Rejected:
    """Return a `Rejected` with one problem that concerns the whole file."""
    return Rejected([Problem(check, "", what, remedy)])


@contextmanager
def disk_told(path: Path) -> Iterator[None]:
    """Turn the operating system's errors about a file into `Rejected` if it is missing, else into `Unavailable`."""
    try:
        yield
    except OSError as error:
        if error.errno in ABSENT:
            raise rejection("nwb_missing", f"There is no file {path}", "Check its name and folder") from error
        if error.errno == errno.EISDIR:
            raise rejection("nwb_not_hdf5", f"{path} is not a file", "Deliver NWB in HDF5, which is one file") from error
        raise Unavailable(f"{path} cannot be read: {error.strerror}") from error


@contextmanager
def damage_told(where: str, subject: str = "it") -> Iterator[None]:
    """Turn h5py's errors about the content of a file into a `Rejected` with one sentence."""
    try:
        yield
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError, MemoryError) as error:
        what = f"{subject} cannot be read: {' '.join(map(str, error.args))}"
        remedy = f"{COPY_AGAIN}, or, if it is no better there, write it again"
        raise Rejected([Problem("nwb_damaged", where, what, remedy)]) from error


class Source(io.FileIO):
    """The bytes of a file, which HDF5 reads through Python.

    HDF5's own file driver reports a failing disk as a damaged file, and reads zeros if the file becomes shorter meanwhile; this
    class raises `Unavailable` in both cases. HDF5 loops forever over zeros that an incomplete copy left in the heap of its
    texts (HDFGroup/hdf5 issue 1707); this class raises ValueError. HDF5 also puts no lock on a file that it reads through
    Python, whatever HDF5_USE_FILE_LOCKING says.

    Parameters
    ----------
    file
        The file, held open: it is the one that is read, even if another file takes its place.

    Attributes
    ----------
    holes
        Ranges of the file that were never written to the disk, and read as zeros.
    heaps
        The heaps that were read, which hold texts.

    Raises
    ------
    Rejected
        If it is not a complete HDF5 file, or a writer has it open.
    Unavailable
        If the disk or share fails. Reading raises it too.
    """

    def __init__(self, file: RegularFile) -> None:
        with disk_told(file.path):
            super().__init__(str(file.path), opener=lambda *_: file.again())
            self._at = 0
            try:
                _expect_finished_hdf5(self.fileno(), file.path.name)
                self.holes = holes_of(self.fileno())
                self.heaps = Heaps()
            except BaseException:
                self.close()
                raise

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Set where `readinto` begins, without the system call that it would take for each read."""
        self._at = offset if whence == os.SEEK_SET else super().seek(offset, whence)
        return self._at

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401  # Python 3.11 has no name for a writable buffer
        """Fill `buffer` completely and return its size; raise `Unavailable` if the file ends before.

        Raises ValueError if the bytes are a heap of texts with a hole in it.
        """
        view = memoryview(buffer)
        # One call may return fewer bytes, and HDF5 takes the rest of the buffer as zeros. HDF5 calls this some times for each
        # object of a file, so that it does no more than it must.
        done = 0
        while done < len(view):
            try:
                count = os.preadv(self.fileno(), [view[done:]], self._at + done)
            except OSError:
                with disk_told(self.name):
                    raise
            if not count:
                raise Unavailable(f"{self.name} became shorter while it was read")
            done += count
        # Heaps begin with these letters; each is checked before HDF5 sees it, because HDF5 would never return.
        if bytes(view[:4]) == b"GCOL":
            self._expect_no_hole(self._at, int.from_bytes(view[8:16], "little"))
        self._at += done
        return done

    def _expect_no_hole(self, position: int, size: int) -> None:
        """Raise ValueError if an object in a global heap collection takes no space (HDF5 File Format Specification, III.E)."""
        # The size comes from the file, so it is limited before this many bytes are read.
        self.heaps.expect(position, size)
        with disk_told(self.name):
            heap = os.pread(self.fileno(), size, position)
        # Objects follow the header of 16 bytes, each padded to 8 bytes; index 0 is the free space at the end.
        at = 16
        while at + 16 <= len(heap):
            index, length = _OBJECT.unpack_from(heap, at)
            if not index and not length:
                raise ValueError(f"there is a hole at byte {position + at}")
            at += 16 + (length + 7) // 8 * 8 if index else length


def _expect_finished_hdf5(descriptor: int, name: str) -> None:
    """Raise Rejected unless a file is HDF5, complete, and not open for writing."""
    # The frequent mistakes come first, because each has its own remedy.
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
    # A file that is being written may look incomplete, so a writer is reported before a missing end.
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
    """Tell whether a writer holds the lock of the file; our own lock is released at once, so that a writer can open it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    except BlockingIOError:
        return True
    except OSError:  # a filesystem without locks
        return False
    return False
