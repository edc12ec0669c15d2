"""Which drop folders one process may watch: those of one filesystem, because if one of them hangs, all of them hang."""

from collections.abc import Container, Mapping
from math import inf
from pathlib import Path

from antelop.dropfolder.messages import Folder
from antelop.dropfolder.mount import Mount, mount_of, mounts

MOUNTED, RESOLVED = 1.0, 30.0
"""Seconds between two readings of the list of mounts, and between two resolutions of the links that lead to folders."""

LINKS = 40
"""Maximum number of links in a path, the same as in the kernel (path_resolution(7))."""


class Grouping:
    """Determines which folders share a process, while filesystems are mounted and unmounted.

    Parameters
    ----------
    mountinfo
        File in which the kernel lists the mounted filesystems.
    """

    def __init__(self, mountinfo: Path) -> None:
        self._mountinfo = mountinfo
        self._text = ""
        self._mounted: dict[str, Mount] = {}
        self._keys: dict[Folder, str | None] = {}
        self._next_read = self._next_resolution = -inf

    def keys(self, folders: Mapping[str, Folder], apart: Container[str], now: float) -> dict[str, str]:
        """Return a key for each folder, by name: folders with the same key share a process.

        Parameters
        ----------
        folders
            The folders by name.
        apart
            Names of the folders that must have a process of their own.
        now
            Monotonic seconds.
        """
        self._renew(now)
        for folder in folders.values():
            if folder not in self._keys:
                self._keys[folder] = shared_device(folder.path, self._mounted)
        return {name: (None if name in apart else self._keys[folder]) or alone(name) for name, folder in folders.items()}

    def _renew(self, now: float) -> None:
        """Drop the stored keys if the mounts have changed, or if links may have changed since."""
        if now < self._next_read:
            return
        self._next_read = now + MOUNTED
        text = self._mountinfo.read_text()
        if text != self._text or now >= self._next_resolution:
            self._text, self._mounted = text, mounts(text)
            self._keys, self._next_resolution = {}, now + RESOLVED


def alone(name: str) -> str:
    """Return the key of a folder that has a process of its own."""
    return f"folder {name}"


def shared_device(path: Path, mounted: Mapping[str, Mount]) -> str | None:
    """Return the device number of the filesystem that a folder depends on; None if it may depend on several.

    The function never accesses a filesystem that may hang: it follows a link only if the link is on a local filesystem.

    Parameters
    ----------
    path
        Path of the folder, which need not exist. A relative path begins in the working directory.
    mounted
        The mounted filesystems by mount point (`mount.mounts`).
    """
    found = _resolved(path.absolute(), mounted)
    if found is None:
        return None
    mount = mount_of(found, mounted)
    # A share below the folder is scanned with it, and a share above it is on the way to it: either may hang.
    others = [other for other in mounted.values() if other.device != mount.device]
    below = any(Path(other.point).is_relative_to(found) for other in others)
    above = any(found.is_relative_to(other.point) and not _answers(other) for other in others)
    known = _answers(mount) or mount.network
    return mount.device or None if known and not (below or above) else None


def _answers(mount: Mount) -> bool:
    """Return whether a filesystem may be accessed here: a local one, or the root, on which every process depends."""
    return mount.local or mount.point == "/"


def _resolved(path: Path, mounted: Mapping[str, Mount]) -> Path | None:
    """Return a path without links, as far as its filesystems may be accessed; None if the path cannot be determined."""
    pending, current, links = list(reversed(path.parts[1:])), Path("/"), 0
    while pending:
        part = pending.pop()
        current = current.parent if part == ".." else current / part
        # Beyond this point a link could hang the caller. The rest is taken as it is, unless a ``..`` could follow a link.
        if not _answers(mount_of(current, mounted)):
            return None if ".." in pending else current.joinpath(*reversed(pending))
        target = _target(current)
        if target is not None:
            links += 1
            if links > LINKS:
                return None
            pending += reversed(target.parts[1:] if target.is_absolute() else target.parts)
            current = Path("/") if target.is_absolute() else current.parent
    return current


def _target(path: Path) -> Path | None:
    """Return the target of a link; None if the path is not a link."""
    try:
        return path.readlink()
    except OSError:
        return None
