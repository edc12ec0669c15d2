"""Objects: files that are named by their content and never change, in a folder that any number of processes share."""

import errno
import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from mmap import mmap
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from antelop.errors import available
from antelop.files import sync_folder

SUFFIX = re.compile(r"\.[0-9A-Za-z]{1,16}")
ADDRESS = re.compile(rf"objects/[0-9a-f]{{2}}/[0-9a-f]{{2}}/[0-9a-f]{{64}}({SUFFIX.pattern})?")

STAGED_BYTES = 4 << 20
"""Bytes of an object that are hashed and written at a time. For fewer bytes, a hashing thread would not save time."""

FICLONE = 0x40049409  # linux/fs.h: _IOW(0x94, 9, int)


class Incoming:
    """An object that is being written; it has no name until it is complete, and an incomplete one leaves nothing behind.

    A large object is hashed in its own thread while it is written. Where possible, the write bypasses the kernel's cache
    (open(2), O_DIRECT): this halves the elapsed time and the processor time, and does not push the data of other programs out
    of the cache. SHA-256 is the fastest collision-resistant hash of hashlib on processors with instructions for it, as current
    ones have.

    Parameters
    ----------
    folder
        The store. On a filesystem without unnamed files, the object is written under ``incoming``; on others it appears there
        only for the moment between its temporary name and its final one.

    Attributes
    ----------
    size
        Number of bytes written so far.
    """

    def __init__(self, folder: Path) -> None:
        self.size = 0
        self._folder = folder
        self._path = folder / "incoming" / uuid4().hex
        self._filled = 0
        self._digest = hashlib.sha256()
        self._hashing = ThreadPoolExecutor(1)
        self._hashed: Future[None] | None = None

    def __enter__(self) -> Self:
        with self._writing():
            self._staged, self._spare = mmap(-1, STAGED_BYTES), mmap(-1, STAGED_BYTES)  # O_DIRECT needs aligned memory
            # An unnamed file disappears by itself if this process dies.
            try:
                self._file = os.open(self._path.parent, os.O_TMPFILE | os.O_RDWR, 0o666)
                self._named = False
            except OSError as error:
                if error.errno not in (errno.EOPNOTSUPP, errno.EISDIR):  # open(2): the filesystem has no unnamed files
                    raise
                self._file = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
                self._named = True
            # The lock shows a clean-up of ``incoming`` that a live process is still writing this file.
            fcntl.flock(self._file, fcntl.LOCK_EX)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._hashing.shutdown()
        with suppress(OSError):  # if an error is already on its way, it must not be replaced by this one
            self._path.unlink(missing_ok=True)
        os.close(self._file)

    def write(self, content: bytes | memoryview) -> None:
        """Append bytes to the object."""
        given = memoryview(content)

        def copy(start: int, room: memoryview) -> None:
            room[:] = given[start : start + len(room)]

        self.fill(copy, len(given))

    def fill(self, read: Callable[[int, memoryview], None], size: int) -> None:
        """Append `size` bytes, which `read` supplies in parts.

        Parameters
        ----------
        read
            Called with a position and a buffer, fills the buffer with the bytes from this position on.
        size
            Number of bytes.
        """
        # Read straight into the staging buffer, so that no byte is copied twice.
        start = 0
        while start < size:
            count = min(STAGED_BYTES - self._filled, size - start)
            read(start, memoryview(self._staged)[self._filled : self._filled + count])
            start += count
            self._filled += count
            self.size += count
            if self._filled == STAGED_BYTES:
                self._flush()

    def copy(self, source: int) -> None:
        """Make the object a copy of an open file, by a reflink if the filesystem supports it."""
        # A reflink shares the blocks on the disk. Hash the clone, not the source: the source may change in the meantime.
        cloned = _reflinked(self._file, source)
        while block := os.read(self._file if cloned else source, STAGED_BYTES):
            if cloned:
                self._digest.update(block)
                self.size += len(block)
            else:
                self.write(block)

    def publish(self, suffix: str) -> str:
        """Make the object durable under the name that its content gives it; return its path within the store."""
        # The name is known only after the last byte is hashed.
        self._flush()
        name = self._digest.hexdigest()
        address = f"objects/{name[:2]}/{name[2:4]}/{name}{suffix}"
        target = self._folder / address
        with self._writing():
            if not self._renewed(target):
                # Content first, then name: an object that has its name is complete, even after a power cut.
                os.fsync(self._file)
                target.parent.mkdir(parents=True, exist_ok=True)
                if not self._named:
                    # Given a directory (unused, as both paths are absolute) Python calls linkat, which follows the link.
                    os.link(f"/proc/self/fd/{self._file}", self._path, src_dir_fd=self._file, follow_symlinks=True)
                self._path.replace(target)
            # Always sync all three folders: the process that made a folder or the object may not have synced them yet.
            for folder in target.parents[:3]:
                sync_folder(folder)
        return address

    @property
    def time(self) -> float:
        """Time of the last write, or of the start, by the filesystem's clock; in seconds since the epoch."""
        return os.fstat(self._file).st_mtime

    def _renewed(self, target: Path) -> bool:
        """Return whether the complete object already exists; if so, renew its time, so that garbage collection spares it."""
        try:
            with target.open("rb", buffering=0) as object_:
                fcntl.flock(object_, fcntl.LOCK_SH)  # `survey.discard` takes this lock too, so one waits for the other
                if target.stat().st_size != self.size:
                    return False
                os.utime(target)
        except FileNotFoundError:
            return False
        return True

    def _flush(self) -> None:
        """Hash and write the staged bytes, then swap the two buffers, because the thread may still be hashing this one."""
        staged = memoryview(self._staged)[: self._filled]
        whole = len(staged) == STAGED_BYTES
        # The hash takes its blocks in order, so the block before must be finished; then the other buffer is free again.
        if self._hashed:
            self._hashed.result()
        if whole:
            self._hashed = self._hashing.submit(self._digest.update, staged)
        else:
            self._digest.update(staged)
        # While the thread hashes, write. Only whole blocks have the alignment that O_DIRECT needs.
        with self._writing():
            direct = self._write_directly(wanted=whole)
            while staged:
                try:
                    staged = staged[os.write(self._file, staged) :]
                except OSError as error:
                    if error.errno != errno.EINVAL or not direct:
                        raise
                    direct = self._write_directly(wanted=False)  # the disk has larger sectors, or wrote only a part
            if whole and not direct:
                # For pages that are not on the disk yet, this makes Linux start to write them, so the fsync is shorter.
                os.posix_fadvise(self._file, self.size - STAGED_BYTES, STAGED_BYTES, os.POSIX_FADV_DONTNEED)
        self._staged, self._spare, self._filled = self._spare, self._staged, 0

    def _write_directly(self, *, wanted: bool) -> bool:
        """Switch direct writes, which bypass the kernel's cache, on or off; return whether they are on.

        They stay off on a filesystem without its own block device: it is on a server, or it needs the cache (btrfs, ZFS).
        """
        flags = fcntl.fcntl(self._file, fcntl.F_GETFL)
        wanted = wanted and os.major(os.fstat(self._file).st_dev) != 0
        with suppress(OSError):  # this filesystem does not support it
            fcntl.fcntl(self._file, fcntl.F_SETFL, flags | os.O_DIRECT if wanted else flags & ~os.O_DIRECT)
            return wanted
        return False

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Raise `Unavailable` if the disk or share fails in the block."""
        with available(f"the store {self._folder} cannot be written"):
            yield


def _reflinked(target: int, source: int) -> bool:
    """Make a file share the content of another; return whether the filesystem supports it."""
    with suppress(OSError):
        fcntl.ioctl(target, FICLONE, source)
        return True
    return False
