"""Objects: files named by their content and never changed, in a folder that any number of processes share."""

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

from antelop.files import available, sync_folder

SUFFIX = re.compile(r"\.[0-9A-Za-z]{1,16}")
ADDRESS = re.compile(rf"objects/[0-9a-f]{{2}}/[0-9a-f]{{2}}/[0-9a-f]{{64}}({SUFFIX.pattern})?")

STAGED_BYTES = 4 << 20
"""How much of an object is hashed and written at a time; a smaller one is hashed before a thread would have started."""

FICLONE = 0x40049409  # linux/fs.h: _IOW(0x94, 9, int)


class Incoming:
    """An object on its way into the store, without a name until it is whole; if it never is, it leaves nothing behind.

    A large one is hashed in a thread of its own while it is written, past the kernel's cache where that is possible (open(2),
    O_DIRECT): that halves the time and the processor's, and leaves in the cache what others have there. SHA-256 is the fastest
    of hashlib's collision-resistant hashes where the processor has instructions for it, as today's have.

    Parameters
    ----------
    folder
        The store. On filesystems without unnamed files the object is written under ``incoming``; on others it is there for the
        instant between its first name and its own.

    Attributes
    ----------
    size
        How many bytes it has so far.
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
            self._staged, self._spare = mmap(-1, STAGED_BYTES), mmap(-1, STAGED_BYTES)  # O_DIRECT wants them aligned
            try:
                self._file = os.open(self._path.parent, os.O_TMPFILE | os.O_RDWR, 0o666)
                self._named = False
            except OSError as error:
                if error.errno not in (errno.EOPNOTSUPP, errno.EISDIR):  # open(2): the filesystem has no unnamed files
                    raise
                self._file = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
                self._named = True
            fcntl.flock(self._file, fcntl.LOCK_EX)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._hashing.shutdown()
        with suppress(OSError):  # of what went wrong, the first is the one to tell
            self._path.unlink(missing_ok=True)
        os.close(self._file)

    def write(self, content: bytes | memoryview) -> None:
        """Append to the object."""
        given = memoryview(content)

        def copy(start: int, room: memoryview) -> None:
            room[:] = given[start : start + len(room)]

        self.fill(copy, len(given))

    def fill(self, read: Callable[[int, memoryview], None], size: int) -> None:
        """Append so many bytes, which `read` puts where they belong: those from a start on, as many as there is room for."""
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
        """Make the object a copy of an open file: a reflink where the filesystem has them."""
        cloned = _reflinked(self._file, source)
        while block := os.read(self._file if cloned else source, STAGED_BYTES):
            if cloned:
                self._digest.update(block)
                self.size += len(block)
            else:
                self.write(block)

    def publish(self, suffix: str) -> str:
        """Put the object on the disk under the name that its content gives it; return its path within the store."""
        self._flush()
        name = self._digest.hexdigest()
        address = f"objects/{name[:2]}/{name[2:4]}/{name}{suffix}"
        target = self._folder / address
        with self._writing():
            if not self._renewed(target):
                os.fsync(self._file)
                target.parent.mkdir(parents=True, exist_ok=True)
                if not self._named:
                    # Given a directory (unused, as both paths are absolute) Python calls linkat, which follows the link.
                    os.link(f"/proc/self/fd/{self._file}", self._path, src_dir_fd=self._file, follow_symlinks=True)
                self._path.replace(target)
            # Always, and all of them: who made a folder, or put the object there before, may not have come to this yet.
            for folder in target.parents[:3]:
                sync_folder(folder)
        return address

    @property
    def time(self) -> float:
        """What time it was by the filesystem's clock when this was begun or last written, in seconds since the epoch."""
        return os.fstat(self._file).st_mtime

    def _renewed(self, target: Path) -> bool:
        """Tell whether the object is there already, whole, and renew its time if so: it counts as just put."""
        try:
            with target.open("rb", buffering=0) as object_:
                fcntl.flock(object_, fcntl.LOCK_SH)  # who removes it holds it too: one of the two comes first
                if target.stat().st_size != self.size:
                    return False
                os.utime(target)
        except FileNotFoundError:
            return False
        return True

    def _flush(self) -> None:
        """Hash and write what is staged; what comes next is staged elsewhere, for this may still be being hashed."""
        staged = memoryview(self._staged)[: self._filled]
        whole = len(staged) == STAGED_BYTES
        if self._hashed:
            self._hashed.result()
        if whole:
            self._hashed = self._hashing.submit(self._digest.update, staged)
        else:
            self._digest.update(staged)
        with self._writing():
            direct = self._write_directly(wanted=whole)
            while staged:
                try:
                    staged = staged[os.write(self._file, staged) :]
                except OSError as error:
                    if error.errno != errno.EINVAL or not direct:
                        raise
                    direct = self._write_directly(wanted=False)  # a disk of larger sectors, or one that took part of it
            if whole and not direct:
                # Asked to forget what is not on the disk yet, Linux begins to write it, and keeps it: `publish` waits less.
                os.posix_fadvise(self._file, self.size - STAGED_BYTES, STAGED_BYTES, os.POSIX_FADV_DONTNEED)
        self._staged, self._spare, self._filled = self._spare, self._staged, 0

    def _write_directly(self, *, wanted: bool) -> bool:
        """Have what follows written past the cache, or not; return which it is.

        A filesystem without a block device under it is that of a server, or takes care of its data in ways that need the cache
        (btrfs, ZFS); there it is not done.
        """
        flags = fcntl.fcntl(self._file, fcntl.F_GETFL)
        wanted = wanted and os.major(os.fstat(self._file).st_dev) != 0
        with suppress(OSError):  # not here
            fcntl.fcntl(self._file, fcntl.F_SETFL, flags | os.O_DIRECT if wanted else flags & ~os.O_DIRECT)
            return wanted
        return False

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with available(f"the store {self._folder} cannot be written"):
            yield


def _reflinked(target: int, source: int) -> bool:
    """Make a file share the content of another; return whether the filesystem does that."""
    with suppress(OSError):
        fcntl.ioctl(target, FICLONE, source)
        return True
    return False
