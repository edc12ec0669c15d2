"""A directory that is held open, and from which no path leads out: each is data that a stranger may have written."""

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
_MOST_LINKS = 40  # on the way to one file, as many as the kernel itself follows (path_resolution(7))
_LIBC = ctypes.CDLL(None, use_errno=True)

_BY_STEPS = {errno.ENOSYS, errno.EPERM, errno.EXDEV, errno.EAGAIN, errno.EINVAL}
"""What openat2(2) says where the kernel or a sandbox does not have it, where a directory on the way is moved, and where a path
leads out, which an absolute link into the directory does not: then the walk by steps decides."""


class LeadsOut(FileNotFoundError):
    """A path, or a link on its way, leads out of the directory; for whoever asks, there is no such file in it."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.ENOENT, f"a link leads out of {path}")


class _How(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


class Directory:
    """A directory that is held by its descriptor: it is the same one, whatever takes the place of its path.

    Names are paths relative to it, with ``/`` between their parts. Links are followed as long as they stay in the directory,
    also where one replaces a file or a sub-directory at any moment. Nothing that is opened blocks.

    Parameters
    ----------
    path
        Where it is; links are followed, as the configuration or a person gives it.

    Raises
    ------
    OSError
        If there is none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.descriptor = os.open(path, _SEARCH | os.O_DIRECTORY)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the directory."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = -1

    def open(self, name: str) -> RegularFile:
        """Open a regular file.

        Raises
        ------
        LeadsOut
            If it is not in the directory.
        IsADirectoryError
            If it is not a regular file.
        OSError
            If it is not there, or cannot be read.
        """
        return RegularFile(self._opened(name, FLAGS), self.path / name)

    def stat(self, name: str) -> os.stat_result:
        """Return what a file or directory is like; raises as `open` does."""
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
        """Return what stands under a name right in this directory, a link being a link; OSError if that cannot be told."""
        return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)

    def own(self, name: str) -> os.stat_result | None:
        """Return what stands under a name itself, a link being a link; None if nothing does."""
        parent, _, last = name.rpartition("/")
        with suppress(FileNotFoundError, NotADirectoryError), self.below(parent) as directory:
            return directory.itself(last)
        return None

    def below(self, name: str) -> "Directory":
        """Return a directory in this one, or this one again for an empty name; raises as `open` does."""
        found = Directory.__new__(Directory)
        found.path, found.descriptor = self.path / name, self._opened(name, _SEARCH | os.O_DIRECTORY)
        return found

    def made(self, name: str) -> "Directory":
        """Return a directory in this one, which is made, with those above it, if it is not there."""
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
        """Write a file right in this directory, whole or not at all; see `files.writing`."""
        return files.writing(self.descriptor, name, replace=replace)

    def rename(self, name: str, into: "Directory", new: str) -> None:
        """Move what is right in this directory to another one, where nothing is replaced; see `files.rename`."""
        files.rename(self.descriptor, name, into.descriptor, new)

    def relative(self, path: str) -> str:
        """Return a path as one from this directory, without ``.`` and ``..``, also if it is absolute and leads into it."""
        return posixpath.normpath("/".join(self._parts(path)[::-1]))

    def _opened(self, name: str, flags: int) -> int:
        """Return a descriptor of what a path in the directory leads to."""
        if "\0" in name:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
        how = _How(flags, 0, _BENEATH)
        path = os.fsencode(name) or b"."
        descriptor = int(_LIBC.syscall(_OPENAT2, self.descriptor, path, ctypes.byref(how), ctypes.sizeof(how)))
        if descriptor >= 0:
            return descriptor
        if ctypes.get_errno() not in _BY_STEPS:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(self.path / name))
        return self._walked(name, flags)

    def _walked(self, name: str, flags: int) -> int:
        """Do by steps, each without following a link, what openat2(2) does at once."""
        ahead, links = self._parts(name), 0
        held = [os.dup(self.descriptor)]  # from this directory down to where the walk has come
        try:
            while ahead:
                part = ahead.pop()
                if part == "..":
                    if len(held) == 1:
                        raise LeadsOut(self.path)
                    os.close(held.pop())
                    continue
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
        """Return the parts of a path from this directory on, the last one first; `LeadsOut` if it begins elsewhere."""
        if path.startswith("/"):
            for root in (str(self.path), str(Path(f"/proc/self/fd/{self.descriptor}").readlink())):
                if path == root or path.startswith(f"{root.rstrip('/')}/"):
                    path = path[len(root) :]
                    break
            else:
                raise LeadsOut(self.path)
        return [part for part in path.split("/")[::-1] if part not in {"", "."}]
