"""Regular files: held open, read up to a bound, and written whole or not at all; what the operating system refuses is told.

A file that is held is the same file for as long as it is held, whatever takes the place of its name: what was opened is what is
checked, hashed, read, copied, moved and compared. Nothing here waits for a named pipe, a device or another process.
"""

import ctypes
import errno
import hashlib
import io
import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

from antelop.errors import Unavailable

FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
"""How a file is opened that is to be read: a named pipe without a writer does not block, and a terminal does not take over."""

ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG}
"""What the operating system says of a path where no file is."""

_BLOCK = 1 << 20
_RENAME_NOREPLACE = 1  # linux/fs.h
_NOT_RENAMED = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}  # a filesystem, or a kernel, that does not know the flag
_NOT_SYNCED = {errno.EACCES, errno.EINVAL, errno.ENOTSUP, errno.EBADF}  # a folder that may not be read, or is not on a disk
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
_LIBC = ctypes.CDLL(None, use_errno=True)


class FileId(NamedTuple):
    """What tells a file from every other one, and from itself after a change: size in bytes, mtime in nanoseconds."""

    device: int
    inode: int
    size: int
    mtime: int


def file_id(status: os.stat_result) -> FileId:
    """Return what tells the file of a status."""
    return FileId(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


class RegularFile:
    """A regular file that is held open for reading.

    Parameters
    ----------
    descriptor
        Of the open file, which is closed with this.
    path
        What the file is called when people are told of it. It is not looked up again.

    Attributes
    ----------
    id
        The file as it was when it was opened.

    Raises
    ------
    IsADirectoryError
        If it is a folder, a named pipe, a device or a socket; the descriptor is closed then.
    """

    def __init__(self, descriptor: int, path: Path) -> None:
        self.descriptor = descriptor
        self.path = path
        status = os.fstat(descriptor)
        self.id = file_id(status)
        if not stat.S_ISREG(status.st_mode):
            self.close()
            raise IsADirectoryError(errno.EISDIR, "it is not a regular file", str(path))

    @classmethod
    def at(cls, path: Path) -> Self:
        """Open a file wherever links lead: for paths that a person or the configuration gives."""
        return cls(os.open(path, FLAGS), path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = -1

    def unchanged(self) -> bool:
        """Tell whether nobody has written into the file since it was opened."""
        return file_id(os.fstat(self.descriptor)) == self.id

    def again(self) -> int:
        """Return another descriptor of the same file, with a position of its own."""
        return os.open(f"/proc/self/fd/{self.descriptor}", FLAGS)

    def reader(self) -> io.BufferedReader:
        """Return a reader from the file's beginning on."""
        return os.fdopen(self.again(), "rb")

    def start(self, most: int) -> bytes:
        """Return the first bytes of the file, `most` at most."""
        content = bytearray()
        while block := os.pread(self.descriptor, min(most - len(content), _BLOCK), len(content)):
            content += block
        return bytes(content)

    def whole(self, most: int) -> bytes:
        """Return all of the file; OSError (EFBIG) if it has more than `most` bytes, of which no more are read."""
        content = self.start(most + 1)
        if len(content) > most:
            raise OSError(errno.EFBIG, f"it has more than {most} bytes", str(self.path))
        return content

    def sha256(self) -> str:
        """Return the SHA-256 of all of the file."""
        with self.reader() as reader:
            return hashlib.file_digest(reader, "sha256").hexdigest()


def read(path: Path, most: int) -> bytes:
    """Return all of a regular file; OSError if it cannot be read, or has more than `most` bytes."""
    with RegularFile.at(path) as file:
        return file.whole(most)


def write(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write a file whole or not at all, in the place of the one that is there; see `writing`."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with writing(folder, path.name, durable=durable) as file:
            file.write(content)
    except OSError as error:
        error.filename = str(path)  # and not what it is called until it is whole
        raise
    finally:
        os.close(folder)


@contextmanager
def writing(folder: int, name: str, *, replace: bool = True, durable: bool = True) -> Iterator[BinaryIO]:
    """Write a file that has its name, and is on the disk, when the block ends, or never.

    A link in its place is replaced, not followed.

    Parameters
    ----------
    folder
        Descriptor of the folder.
    name
        The file's name in it. Until it is whole it has another one, always the same: what is left of a process that was killed
        is gone with the next one that writes this file.
    replace
        Whether it takes the place of a file that is there; FileExistsError otherwise.
    durable
        Whether it has to outlast a power cut.

    Yields
    ------
    BinaryIO
        What to write into, and to read from.
    """
    temporary = f".{name}.tmp"
    with suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=folder)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o666, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            if durable:
                os.fsync(descriptor)
        rename(folder, temporary, folder, name, replace=replace)
    except BaseException:
        with suppress(OSError):  # of what went wrong, the first is the one to tell
            os.unlink(temporary, dir_fd=folder)
        raise
    if durable:
        sync(folder)


def rename(folder: int, name: str, into: int, new: str, *, replace: bool = False) -> None:
    """Rename what a folder holds under a name, from one folder to another, both given by their descriptors.

    Raises
    ------
    FileExistsError
        If the new name is taken, unless it is to be replaced. Where the filesystem cannot tell while it renames, it is asked
        right before.
    OSError
        If it cannot be renamed; EXDEV between two filesystems.
    """
    if replace:
        os.replace(name, new, src_dir_fd=folder, dst_dir_fd=into)
        return
    renameat2 = getattr(_LIBC, "renameat2", None)
    if renameat2 and not renameat2(folder, os.fsencode(name), into, os.fsencode(new), _RENAME_NOREPLACE):
        return
    if renameat2 and ctypes.get_errno() not in _NOT_RENAMED:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), name, None, new)
    with suppress(FileNotFoundError):
        os.stat(new, dir_fd=into, follow_symlinks=False)
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new)
    os.rename(name, new, src_dir_fd=folder, dst_dir_fd=into)


def sync(folder: int) -> None:
    """Put the entries of a folder on the disk, as far as the folder may be read and its filesystem has a disk.

    Parameters
    ----------
    folder
        Its descriptor, which may be one that only names it (``O_PATH``).
    """
    try:
        readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
        try:
            os.fsync(readable)
        finally:
            os.close(readable)
    except OSError as error:
        if error.errno not in _NOT_SYNCED:
            raise


def sync_folder(path: Path) -> None:
    """Put the entries of a folder on the disk; see `sync`."""
    folder = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sync(folder)
    finally:
        os.close(folder)


@contextmanager
def available(otherwise: str) -> Iterator[None]:
    """Raise `Unavailable` where the operating system fails us, saying what cannot be done and why."""
    try:
        yield
    except OSError as error:
        raise Unavailable(f"{otherwise}: {reason(error)}") from error


def reason(error: OSError) -> str:
    """Return what the operating system says; where it denies access, also whose file or folder it is, and who asked."""
    said = error.strerror or str(error)
    if error.errno not in _DENIED or not isinstance(error.filename, str):
        return said
    path = Path(error.filename)
    # The first part that is there and may not be written: the path itself, or what it lies in.
    for part in (path, *path.parents) if path.is_absolute() else ():
        with suppress(OSError):
            status = part.stat()
            if not os.access(part, os.W_OK, effective_ids=True):
                mode, owner, asked = stat.filemode(status.st_mode), user_name(status.st_uid), user_name(os.geteuid())
                return f"{said}: {part} belongs to {owner} ({mode}), and this runs as {asked}"
    return said


def user_name(uid: int) -> str:
    """Return what a user is called, also one who has no name on this machine."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user number {uid}"
