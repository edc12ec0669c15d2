"""What a store holds, whether or not rows refer to it: every object listed, read through, or removed."""

import errno
import fcntl
import hashlib
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from antelop.files import available
from antelop.store.objects import ADDRESS, Incoming
from antelop.store.store import Store


@dataclass(frozen=True)
class Object:
    """A file of the store.

    Attributes
    ----------
    address
        Its path within the store, which its content gives it.
    size
        In bytes.
    time
        When it was last put, in seconds since the epoch, by the clock of the store's filesystem.
    """

    address: str
    size: int
    time: float


def objects(store: Store) -> Iterator[Object]:
    """Yield every object, in the order of their addresses; what else may lie among them is passed over.

    Raises
    ------
    Unavailable
        If part of the store cannot be read, for what is not seen must not count as not there.
    """
    with available(f"the store {store.folder} cannot be read"):
        for first in _shards(store.folder / "objects"):
            for second in _shards(first):
                for path in sorted(second.iterdir()):
                    address = f"objects/{first.name}/{second.name}/{path.name}"
                    with suppress(FileNotFoundError):  # removed since it was listed
                        found = path.lstat()
                        if ADDRESS.fullmatch(address) and stat.S_ISREG(found.st_mode):
                            yield Object(address, found.st_size, found.st_mtime)


def size_of(store: Store, address: str) -> int | None:
    """Return the size of an object in bytes; None if it is not there.

    Raises
    ------
    Unavailable
        If nobody can tell.
    """
    with available(f"the store {store.folder} cannot be read"), suppress(FileNotFoundError):
        return (store.folder / address).stat().st_size
    return None


def is_whole(store: Store, address: str) -> bool:
    """Tell whether an object is what its name says, by reading all of it; if the disk does not give all of it, it is not.

    Raises
    ------
    Unavailable
        If it cannot be read for another reason.
    """
    path = store.folder / address
    with available(f"the store's {path} cannot be read"):
        try:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == path.stem
        except OSError as error:
            if error.errno in (errno.EIO, errno.ENOENT):
                return False
            raise


def discard(store: Store, address: str, before: float) -> bool:
    """Remove an object, unless it was put, or put again, at that time or later; tell whether it was removed."""
    path = store.folder / address
    removing = available(f"the store's {path} cannot be removed")
    with removing, suppress(FileNotFoundError), path.open("r+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # who puts it again holds this lock too: one of the two comes first
        if path.stat().st_mtime < before:
            path.unlink()
            return True
    return False


def now(store: Store) -> float:
    """Return what time it is by the clock of the store's filesystem, which may be a server's; seconds since the epoch."""
    with Incoming(store.folder) as incoming:
        return incoming.time


def _shards(folder: Path) -> list[Path]:
    """Return the folders that objects are spread over, by two digits of their names."""
    return sorted(path for path in folder.iterdir() if re.fullmatch("[0-9a-f]{2}", path.name))
