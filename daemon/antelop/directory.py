"""A directory that is held open, and out of which no path leads: paths are data, and may come from a hostile file."""

import ctypes
import errno
import os
import posixpath
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Self

from antelop import files
from antelop.files import FLAGS, RegularFile

_OPENAT2 = 437  # on every architecture of this century (asm-generic/unistd.h)
_BENEATH = 0x08 | 0x02  # linux/openat2.h: RESOLVE_BENEATH, RESOLVE_NO_MAGICLINKS
_SEARCH = os.O_PATH | os.O_CLOEXEC
_MOST_LINKS = 40  # on one path, as many as the kernel follows (path_resolution(7))
_LIBC = ctypes.CDLL(None, use_errno=True)

_BY_STEPS = {errno.ENOSYS, errno.EPERM, errno.EXDEV, errno.EAGAIN, errno.EINVAL}
"""Errors of openat2(2) after which the walk by steps decides: the kernel or a sandbox does not have the call; a directory on
the path is moved meanwhile; or the path seems to lead out, as for an absolute link, which may lead back into the directory."""


class LeadsOut(FileNotFoundError):
    """A path, or a link on it, leads out of the directory; callers treat it like a file that does not exist."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.ENOENT, f"a link leads out of {path}")


class _How(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


class Directory:
    """A directory that is held by its descriptor: it stays the same one, even if another directory takes its path.

    Names are paths relative to it, with ``/`` between their parts. Links are followed if they stay in the directory, even if
    another process replaces a file or sub-directory by a link at any moment. Opening a file never blocks.

    Parameters
    ----------
    path
        Path of the directory. Links in it are followed, because the configuration or a person gives it.

    Raises
    ------
    OSError
        If it is not a directory, or cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.descriptor = os.open(path, _SEARCH | os.O_DIRECTORY)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the directory; a second call has no effect."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = -1

    def open(self, name: str) -> RegularFile:
        """Open a regular file.

        Raises
        ------
        LeadsOut
            If the path leads out of the directory.
        IsADirectoryError
            If it is not a regular file.
        OSError
            If it does not exist, or cannot be read.
        """
        return RegularFile(self._opened(name, FLAGS), self.path / name)

    def stat(self, name: str) -> os.stat_result:
        """Return the status of a file or directory, through links; raise as `open` does."""
        # A name without a path that is not a link needs no open descriptor: one call instead of three.
        if "/" not in name and name not in {"", ".", ".."} and "\0" not in name:
            found = self.itself(name)
            if not stat.S_ISLNK(found.st_mode):
                return found
        descriptor = self._opened(name, _SEARCH)
        try:
            return os.fstat(descriptor)
        finally:
            os.close(descriptor)

    def itself(self, name: str) -> os.stat_result:
        """Return the status of a direct entry of this directory, of the link itself if it is one; raise OSError if it fails."""
        return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)

    def own(self, name: str) -> os.stat_result | None:
        """Return the status of an entry, of the link itself if it is one; None if it does not exist."""
        parent, _, last = name.rpartition("/")
        with suppress(FileNotFoundError, NotADirectoryError), self.below(parent) as directory:
            return directory.itself(last)
        return None

    def below(self, name: str) -> "Directory":
        """Return a directory in this one, opened, or this one again for an empty name; raise as `open` does."""
        found = Directory.__new__(Directory)
        found.path, found.descriptor = self.path / name, self._opened(name, _SEARCH | os.O_DIRECTORY)
        return found

    def made(self, name: str) -> "Directory":
        """Return a directory in this one, opened; it and those above it are created if they do not exist."""
        here = self.below("")
        for part in filter(None, name.split("/")):
            with here:
                with suppress(FileExistsError):
                    os.mkdir(part, dir_fd=here.descriptor)
                here = here.below(part)
        return here

    @contextmanager
    def entries(self) -> Iterator[Iterator["os.DirEntry[str]"]]:
        """List the directory (`os.scandir`)."""
        readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self.descriptor)
        try:
            with os.scandir(readable) as entries:
                yield entries
        finally:
            os.close(readable)

    def writing(self, name: str, *, replace: bool = True) -> AbstractContextManager[BinaryIO]:
        """Write a file that is directly in this directory, whole or not at all; see `files.writing`."""
        return files.writing(self.descriptor, name, replace=replace)

    def rename(self, name: str, into: "Directory", new: str) -> None:
        """Move a direct entry of this directory into another one, without replacing a file; see `files.rename`."""
        files.rename(self.descriptor, name, into.descriptor, new)

    def relative(self, path: str) -> str:
        """Return a path, relative or absolute, as a path relative to this directory, without ``.`` and ``..``."""
        return posixpath.normpath("/".join(self._parts(path)[::-1]))

    def _opened(self, name: str, flags: int) -> int:
        """Return a descriptor of the file or directory that a path leads to."""
        # A NUL would end the path early in the call below.
        if "\0" in name:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
        # The kernel resolves the path in one call and refuses to leave the directory.
        how = _How(flags, 0, _BENEATH)
        path = os.fsencode(name) or b"."
        descriptor = int(_LIBC.syscall(_OPENAT2, self.descriptor, path, ctypes.byref(how), ctypes.sizeof(how)))
        if descriptor >= 0:
            return descriptor
        if ctypes.get_errno() not in _BY_STEPS:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(self.path / name))
        return self._walked(name, flags)

    def _walked(self, name: str, flags: int) -> int:
        """Resolve a path part by part, without the kernel following a link; openat2(2) does the same in one call."""
        ahead, links = self._parts(name), 0
        held = [os.dup(self.descriptor)]  # from this directory down to the current one
        try:
            while ahead:
                part = ahead.pop()
                if part == "..":
                    if len(held) == 1:
                        raise LeadsOut(self.path)
                    os.close(held.pop())
                    continue
                # A link is opened as itself, and its target is walked like the rest of the path.
                step = os.open(part, _SEARCH | os.O_NOFOLLOW, dir_fd=held[-1])
                held.append(step)
                if stat.S_ISLNK(os.fstat(step).st_mode):
                    target, links = os.readlink("", dir_fd=step), links + 1
                    if links > _MOST_LINKS:
                        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(self.path / name))
                    for _ in held[1 if target.startswith("/") else -1 :]:
                        os.close(held.pop())
                    ahead += self._parts(target)
            if flags & os.O_PATH and not flags & os.O_DIRECTORY:
                return os.dup(held[-1])
            return os.open(f"/proc/self/fd/{held[-1]}", flags)
        finally:
            for descriptor in held:
                os.close(descriptor)

    def _parts(self, path: str) -> list[str]:
        """Return the parts of a path relative to this directory, last one first; raise `LeadsOut` if it begins elsewhere."""
        # An absolute path may begin with the configured path, or with the one behind its links.
        if path.startswith("/"):
            for root in (str(self.path), str(Path(f"/proc/self/fd/{self.descriptor}").readlink())):
                if path == root or path.startswith(f"{root.rstrip('/')}/"):
                    path = path[len(root) :]
                    break
            else:
                raise LeadsOut(self.path)
        return [part for part in path.split("/")[::-1] if part not in {"", "."}]
