"""Filesystems that a test mounts, fills, makes read-only or lets hang; they are gone at its end, whatever happens."""

import ctypes
import os
import select
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from antelop.lab import Lab
from antelop.store import Store

READ_ONLY, REMOUNT, BIND = 1, 32, 4096  # mount(2)
FORCE, DETACH = 1, 2  # umount(2)
INIT = 26
ROOM = 512 << 20
"""Bytes that a small filesystem may hold as long as it is not full: memory, and only as far as it is used."""

_LIBC = ctypes.CDLL(None, use_errno=True)


def mount(source: object, target: Path, kind: str, flags: int = 0, options: str = "") -> None:
    """Mount a filesystem (mount(2))."""
    _check(_LIBC.mount(os.fsencode(str(source)), os.fsencode(target), kind.encode(), ctypes.c_ulong(flags), options.encode()))


def unmount(target: Path, flags: int = DETACH) -> None:
    """Unmount a filesystem (umount(2)), if need be while it is in use."""
    _check(_LIBC.umount2(os.fsencode(target), flags))


def _check(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class Disk:
    """A filesystem of its own, in memory.

    Parameters
    ----------
    path
        An empty folder, on which it is mounted.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        mount("disk", path, "tmpfs", 0, f"size={ROOM},mode=0711")

    def fill(self, left: int = 0) -> None:
        """Make it as small as what it holds, and so many bytes."""
        found = os.statvfs(self.path)
        used = (found.f_blocks - found.f_bfree) * found.f_frsize
        self._resize(used + left)

    def empty(self) -> None:
        """Make room again."""
        self._resize(ROOM)

    def _resize(self, size: int) -> None:
        mount("disk", self.path, "tmpfs", REMOUNT, f"size={size},mode=0711")


@contextmanager
def hung(path: Path) -> Iterator[set[int]]:
    """Have a folder covered by a share that answers nothing: who asks it for anything waits, and cannot even be killed.

    It is a FUSE filesystem whose server takes every request and answers none but the first, INIT (linux/fuse.h). At the end of
    the block all that waits is told that the connection was aborted, and the folder is as it was before.

    Yields
    ------
    set of int
        The processes that wait.
    """
    waiting: set[int] = set()
    device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    ended, end = os.pipe2(os.O_CLOEXEC)
    server = threading.Thread(target=_take, args=(device, ended, waiting))
    mount("share", path, "fuse", 0, f"fd={device},rootmode=40000,user_id=0,group_id=0")
    server.start()
    try:
        yield waiting
    finally:
        with suppress(OSError):  # it is in use; what waits is let go all the same
            unmount(path, FORCE)
        os.close(end)
        server.join()
        os.close(device)
        os.close(ended)
        with suppress(OSError):  # it was not in use
            unmount(path)


def _take(device: int, ended: int, waiting: set[int]) -> None:
    while ended not in select.select([device, ended], [], [])[0]:
        try:
            request = os.read(device, 1 << 20)
        except OSError:  # aborted
            return
        _, operation, number, _, _, _, process = struct.unpack_from("=IIQQIII", request)
        if operation == INIT:
            answer = struct.pack("=IIIIHHIIHHI28x", 7, 31, 0, 0, 12, 9, 4096, 1, 0, 0, 0)
            os.write(device, struct.pack("=IiQ", 16 + len(answer), 0, number) + answer)
        else:
            waiting.add(process)


@pytest.fixture
def store_disk(lab: Lab, tmp_path: Path, mounted: Callable[[Path], None]) -> Disk:
    """Put the lab's store on a disk of its own."""
    (tmp_path / "disk").mkdir()
    mounted(tmp_path / "disk")
    disk = Disk(tmp_path / "disk")
    lab.config = replace(lab.config, store=disk.path / "store")
    lab.store = Store(lab.config.store)
    lab.store.make(lab.database.identity)
    return disk


@pytest.fixture
def mounted() -> Iterator[Callable[[Path], None]]:
    """Give what has everything that is mounted on a folder then unmounted at the end."""
    with ExitStack() as points:

        def clear(path: Path) -> None:
            with suppress(OSError):  # nothing is mounted there any more
                while True:
                    unmount(path)

        def at_the_end(path: Path) -> None:
            points.callback(clear, path)

        yield at_the_end
