"""List, verify and remove the objects of a store, whether or not rows refer to them."""

import errno
import fcntl
import hashlib
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from antelop.errors import available
from antelop.store.objects import ADDRESS, Incoming
from antelop.store.store import Store


@dataclass(frozen=True)
class Object:
    """A file of the store.

    Attributes
    ----------
    address
        Its path within the store, which its content determines.
    size
        Number of bytes.
    time
        When it was last put into the store, in seconds since the epoch, by the clock of the store's filesystem.
    """

    address: str
    size: int
    time: float


def objects(store: Store) -> Iterator[Object]:
    """Yield every object in the order of the addresses; other files are ignored.

    Raises
    ------
    Unavailable
        If part of the store cannot be read: a listing with gaps must not look complete.
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
    """Return the size of an object in bytes; None if it does not exist.

    Raises
    ------
    Unavailable
        If the store cannot be read, so that the answer is unknown.
    """
    with available(f"the store {store.folder} cannot be read"), suppress(FileNotFoundError):
        return (store.folder / address).stat().st_size
    return None


def is_whole(store: Store, address: str) -> bool:
    """Read an object completely, and return whether its content has the checksum that its name gives.

    An object that is missing, or that the disk cannot read (EIO), is not whole.

    Raises
    ------
    Unavailable
        If it cannot be read for another reason.
    """
    path = store.folder / address
    with available(f"the store's {path} cannot be read"):
        # A disk error here means damage of this object. Any other error, such as a share that fails, says nothing about it.
        try:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == path.stem
        except OSError as error:
            if error.errno in (errno.EIO, errno.ENOENT):
                return False
            raise


def discard(store: Store, address: str, before: float) -> bool:
    """Remove an object unless it was put into the store at or after the time `before`; return whether it was removed."""
    path = store.folder / address
    removing = available(f"the store's {path} cannot be removed")
    with removing, suppress(FileNotFoundError), path.open("r+b", buffering=0) as file:
        # `objects.Incoming` takes this lock to renew the time of an object: either the new time is seen here, or the object is
        # already removed when it looks, and it writes the object again.
        fcntl.flock(file, fcntl.LOCK_EX)
        if path.stat().st_mtime < before:
            path.unlink()
            return True
    return False


def now(store: Store) -> float:
    """Return the time by the clock of the store's filesystem, which may be a server's; in seconds since the epoch."""
    # The times of objects come from that clock. The clock of this computer may differ, so it cannot be compared with them.
    with Incoming(store.folder) as incoming:
        return incoming.time


def _shards(folder: Path) -> list[Path]:
    """Return the subfolders over which objects are spread, named by two digits of the objects' names."""
    return sorted(path for path in folder.iterdir() if re.fullmatch("[0-9a-f]{2}", path.name))
