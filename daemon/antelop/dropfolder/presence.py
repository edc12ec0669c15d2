"""Whether a drop folder exists and is still the same folder: a share that is not mounted looks like an empty folder."""

import errno
import os
import stat
from pathlib import Path
from typing import NamedTuple

from antelop.dropfolder.mount import Mount, mount_of, mounts

MOUNTS = Path("/proc/self/mountinfo")
"""File in which the kernel lists the mounted filesystems."""


class Identity(NamedTuple):
    """The identity of a folder, which differs from that of another folder at the same path."""

    device: int
    inode: int
    mount: Mount


class Presence:
    """Recognizes a drop folder, and refuses another folder at the same path.

    The identity of the first folder that is found is remembered. A folder with another identity is accepted only if

    * it has the same inode on the same filesystem, mounted again (the device number may differ);
    * its filesystem is mounted on top of the remembered one: the share was not mounted yet at start-up;
    * or a sentinel is configured, and the folder contains it.

    Parameters
    ----------
    path
        The folder. It is never created.
    sentinel
        Name of a file without which the share counts as not mounted, or None.
    known
        Last known identity of the folder, or None.
    mountinfo
        File in which the kernel lists the mounted filesystems.

    Attributes
    ----------
    identity
        Identity of the folder when it was last found, or None.
    """

    def __init__(self, path: Path, sentinel: str | None, known: Identity | None = None, mountinfo: Path = MOUNTS) -> None:
        self._path = path
        self._sentinel = sentinel
        self._mountinfo = mountinfo
        self.identity = known

    def absence(self) -> str | None:
        """Return why the folder must not be read now, or None if it may be read."""
        # The list of mounts is read only when device or inode differ, because this runs at every look.
        # An unmounted share leaves an empty folder, or another filesystem, at its path. Its files would seem to be deleted, and
        # all its deliveries would be withdrawn.
        try:
            found = self._path.stat()
            if not stat.S_ISDIR(found.st_mode):
                return "there is a file where the folder should be"
            if not os.access(self._path, os.R_OK | os.X_OK):
                return f"it cannot be read: {os.strerror(errno.EACCES)}"
            if self._sentinel is not None and not os.path.lexists(self._path / self._sentinel):
                return f"its sentinel file {self._sentinel} is missing: the share is not mounted, or the file was deleted"
            if self.identity is None or (found.st_dev, found.st_ino) != self.identity[:2]:
                mount = mount_of(self._path.resolve(), mounts(self._mountinfo.read_text()))
                if not self._accepts(found.st_ino, mount):
                    return "another folder is in its place: mount the share again, or reload to accept what is there now"
                self.identity = Identity(found.st_dev, found.st_ino, mount)
        except FileNotFoundError:
            return "there is no such folder: the share is not mounted, or the folder was moved or never made"
        except OSError as error:
            return f"it cannot be read: {error.strerror}"
        return None

    def _accepts(self, inode: int, mount: Mount) -> bool:
        """Return whether a folder with another device or inode may take the place of the known one."""
        if self.identity is None or self._sentinel is not None:
            return True
        known = self.identity
        mounted_again = (inode, mount.kind, mount.source) == (known.inode, known.mount.kind, known.mount.source)
        mounted_on_top = mount.point != known.mount.point and Path(mount.point).is_relative_to(known.mount.point)
        return mounted_again or mounted_on_top
