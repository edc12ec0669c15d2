"""Regular files: hold one open, read it up to a limit, and write one whole or not at all.

An open file stays the same file, even if another one takes its name: what was opened is what is checked, hashed, read, copied,
moved and compared. No function here waits for a named pipe, a device or another process.
"""

import ctypes
import errno
import hashlib
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
"""Flags to open a file for reading, so that a named pipe does not block and a terminal does not become the controlling one."""

ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG}
"""Errors of the operating system which mean that there is no file at a path."""

_BLOCK = 1 << 20
_RENAME_NOREPLACE = 1  # linux/fs.h
_NOT_RENAMED = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}  # the filesystem or the kernel does not know the flag
_NOT_SYNCED = {errno.EACCES, errno.EINVAL, errno.ENOTSUP, errno.EBADF}  # the folder may not be read, or is not on a disk
_LIBC = ctypes.CDLL(None, use_errno=True)


class FileId(NamedTuple):
    """The identity of a file and its version: equal for the same file as long as it is not changed.

    Attributes
    ----------
    device, inode
        Numbers that identify the file on this computer.
    size, mtime
        Size in bytes, and time of the last change in nanoseconds.
    """

    device: int
    inode: int
    size: int
    mtime: int


def file_id(status: os.stat_result) -> FileId:
    """Return the `FileId` that a status contains."""
    return FileId(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


class RegularFile:
    """A regular file that is held open for reading.

    Parameters
    ----------
    descriptor
        Descriptor of the open file; this object closes it.
    path
        The path for messages. It is not opened or looked up.

    Attributes
    ----------
    id
        The identity of the file when it was opened.

    Raises
    ------
    IsADirectoryError
        If it is a folder, a named pipe, a device or a socket; the descriptor is then closed.
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
        """Open a file and follow links to any place: only for paths that a person or the configuration gives."""
        return cls(os.open(path, FLAGS), path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; a second call has no effect."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = -1

    def unchanged(self) -> bool:
        """Tell whether the file was not written into since it was opened."""
        return file_id(os.fstat(self.descriptor)) == self.id

    def again(self) -> int:
        """Return another descriptor of the same file, with its own position."""
        return os.open(f"/proc/self/fd/{self.descriptor}", FLAGS)

    def reader(self) -> io.BufferedReader:
        """Return a reader that starts at the beginning of the file."""
        return os.fdopen(self.again(), "rb")

    def start(self, most: int) -> bytes:
        """Return at most the first `most` bytes of the file."""
        content = bytearray()
        while block := os.pread(self.descriptor, min(most - len(content), _BLOCK), len(content)):
            content += block
        return bytes(content)

    def whole(self, most: int) -> bytes:
        """Return the whole content; raise OSError (EFBIG) if the file has more than `most` bytes."""
        # One byte more than allowed tells that the file is too long, without reading the rest of it.
        content = self.start(most + 1)
        if len(content) > most:
            raise OSError(errno.EFBIG, f"it has more than {most} bytes", str(self.path))
        return content

    def sha256(self) -> str:
        """Return the SHA-256 of the whole content, in 64 hexadecimal digits."""
        with self.reader() as reader:
            return hashlib.file_digest(reader, "sha256").hexdigest()


def read(path: Path, most: int) -> bytes:
    """Return the whole content of a regular file; raise OSError if it cannot be read, or has more than `most` bytes."""
    with RegularFile.at(path) as file:
        return file.whole(most)


def write(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write a file whole or not at all, and replace the one that is there; see `writing`."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with writing(folder, path.name, durable=durable) as file:
            file.write(content)
    except OSError as error:
        error.filename = str(path)  # a message names the file, and not its temporary name
        raise
    finally:
        os.close(folder)


@contextmanager
def writing(folder: int, name: str, *, replace: bool = True, durable: bool = True) -> Iterator[BinaryIO]:
    """Write a file under a temporary name, and rename it when the block ends; after an error no file is left.

    A link with this name is replaced and not followed.

    Parameters
    ----------
    folder
        Descriptor of the folder.
    name
        Name of the file in the folder.
    replace
        Whether it replaces a file that has this name; otherwise FileExistsError is raised.
    durable
        Whether the file must survive a power cut: then file and folder are synced to the disk.

    Yields
    ------
    BinaryIO
        The open file, for writing and reading.
    """
    # The temporary name is always the same, so that a file which a killed process left is removed by the next write.
    temporary = f".{name}.tmp"
    with suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=folder)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o666, dir_fd=folder)
    # The contents are on the disk before the file gets its name: after a power cut the name never leads to half a file.
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            if durable:
                os.fsync(descriptor)
        rename(folder, temporary, folder, name, replace=replace)
    except BaseException:
        with suppress(OSError):  # the first error is the one to report
            os.unlink(temporary, dir_fd=folder)
        raise
    # The name itself is an entry of the folder.
    if durable:
        sync(folder)


def rename(folder: int, name: str, into: int, new: str, *, replace: bool = False) -> None:
    """Rename a file or folder, within one folder or into another; both are given by their descriptors.

    Raises
    ------
    FileExistsError
        If the new name exists and `replace` is false. A filesystem that cannot check this while it renames is asked immediately
        before.
    OSError
        If it cannot be renamed; EXDEV between two filesystems.
    """
    if replace:
        os.replace(name, new, src_dir_fd=folder, dst_dir_fd=into)
        return
    # Only renameat2(2) checks and renames in one step, so that no file which appears in between is overwritten.
    renameat2 = getattr(_LIBC, "renameat2", None)
    if renameat2 and not renameat2(folder, os.fsencode(name), into, os.fsencode(new), _RENAME_NOREPLACE):
        return
    if renameat2 and ctypes.get_errno() not in _NOT_RENAMED:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), name, None, new)
    # Without it, the check comes before the rename.
    with suppress(FileNotFoundError):
        os.stat(new, dir_fd=into, follow_symlinks=False)
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new)
    os.rename(name, new, src_dir_fd=folder, dst_dir_fd=into)


def sync(folder: int) -> None:
    """Sync the entries of a folder to the disk; do nothing if it may not be read, or its filesystem has no disk.

    Parameters
    ----------
    folder
        Its descriptor; one opened with ``O_PATH`` is enough.
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
    """Sync the entries of a folder to the disk; see `sync`."""
    folder = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sync(folder)
    finally:
        os.close(folder)
