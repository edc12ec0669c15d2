"""Which drop folders may be watched by one process: those of one filesystem, which hang together or not at all."""

from collections.abc import Container, Mapping
from math import inf
from pathlib import Path

from antelop.dropfolder.messages import Folder
from antelop.dropfolder.mount import Mount, mount_of, mounts

MOUNTED, RESOLVED = 1.0, 30.0
"""Seconds from one look at what is mounted to the next, and from one look at the links that lead to folders to the next."""

LINKS = 40
"""How many links a path may lead through, as for the kernel (path_resolution(7))."""


class Grouping:
    """Which folders share a process, kept up to date while filesystems are mounted and unmounted.

    Parameters
    ----------
    mountinfo
        Where the kernel lists what is mounted.
    """

    def __init__(self, mountinfo: Path) -> None:
        self._mountinfo = mountinfo
        self._text = ""
        self._mounted: dict[str, Mount] = {}
        self._keys: dict[Folder, str | None] = {}
        self._next_read = self._next_resolution = -inf

    def keys(self, folders: Mapping[str, Folder], apart: Container[str], now: float) -> dict[str, str]:
        """Return what each folder shares its process by: those with the same have one.

        Parameters
        ----------
        folders
            By name.
        apart
            Those that share with none.
        now
            Monotonic seconds.
        """
        self._renew(now)
        for folder in folders.values():
            if folder not in self._keys:
                self._keys[folder] = shared_device(folder.path, self._mounted)
        return {name: (None if name in apart else self._keys[folder]) or alone(name) for name, folder in folders.items()}

    def _renew(self, now: float) -> None:
        """Forget what may be otherwise by now."""
        if now < self._next_read:
            return
        self._next_read = now + MOUNTED
        text = self._mountinfo.read_text()
        if text != self._text or now >= self._next_resolution:
            self._text, self._mounted = text, mounts(text)
            self._keys, self._next_resolution = {}, now + RESOLVED


def alone(name: str) -> str:
    """Return what a folder has a process by that it shares with none."""
    return f"folder {name}"


def shared_device(path: Path, mounted: Mapping[str, Mount]) -> str | None:
    """Return the device number of the filesystem that a folder depends on; None if it may depend on others too.

    Nothing is asked of a filesystem that may hang: a link is only followed where it lies on a local one.

    Parameters
    ----------
    path
        Of the folder, which need not be there. A relative path begins in the working directory.
    mounted
        What is mounted, by mount point (`mount.mounts`).
    """
    found = _resolved(path.absolute(), mounted)
    if found is None:
        return None
    mount = mount_of(found, mounted)
    # A share below the folder would be scanned with it; one above it would be passed on the way.
    others = [other for other in mounted.values() if other.device != mount.device]
    below = any(Path(other.point).is_relative_to(found) for other in others)
    above = any(found.is_relative_to(other.point) and not _answers(other) for other in others)
    known = _answers(mount) or mount.network
    return mount.device or None if known and not (below or above) else None


def _answers(mount: Mount) -> bool:
    """Return whether a filesystem may be asked for anything: a local one, and the root, without which nothing goes anyway."""
    return mount.local or mount.point == "/"


def _resolved(path: Path, mounted: Mapping[str, Mount]) -> Path | None:
    """Return a path without links, as far as the filesystems on its way may be asked; None if that cannot be told."""
    pending, current, links = list(reversed(path.parts[1:])), Path("/"), 0
    while pending:
        part = pending.pop()
        current = current.parent if part == ".." else current / part
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
    """Return where a link leads to; None if there is no link."""
    try:
        return path.readlink()
    except OSError:
        return None
