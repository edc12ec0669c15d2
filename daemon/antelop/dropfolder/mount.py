"""Which filesystem a path is on, according to the kernel's list of mounts."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

_NETWORK = {
    *("9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4"),
    *("ocfs2", "orangefs", "panfs", "prl_fs", "smb3", "smbfs", "vboxsf", "virtiofs"),
    *("fuse.ceph-fuse", "fuse.curlftpfs", "fuse.gcsfuse", "fuse.glusterfs", "fuse.gvfsd-fuse", "fuse.rclone", "fuse.s3fs"),
    *("fuse.smbnetfs", "fuse.sshfs", "fuse.vmhgfs-fuse"),
}
"""Filesystems that other computers change without this kernel: inotify does not report that, and locks are not reliable."""

_LOCAL = {
    *("bcachefs", "btrfs", "exfat", "ext2", "ext3", "ext4", "f2fs", "jfs", "nilfs2", "ntfs3", "overlay", "ramfs", "reiserfs"),
    *("tmpfs", "ufs", "vfat", "xfs", "zfs"),
}
"""Filesystems of disks and memory. A filesystem in neither set, such as autofs or FUSE, may be local or remote."""


class Mount(NamedTuple):
    """One mounted filesystem.

    Attributes
    ----------
    point
        The mount point.
    kind
        The type of the filesystem, such as ``ext4`` or ``cifs``.
    source
        The device or share, such as ``/dev/sda1`` or ``//server/share``.
    device
        The device number, such as ``8:1``, which is the same at every mount point of the filesystem.
    """

    point: str
    kind: str
    source: str
    device: str = ""

    @property
    def local(self) -> bool:
        """Whether the filesystem is known to answer without another computer and without a server process."""
        return self.kind in _LOCAL

    @property
    def network(self) -> bool:
        """Whether it is a network filesystem, or one that is shared with another computer or a virtual machine's host."""
        return self.kind in _NETWORK


def mounts(mountinfo: str) -> dict[str, Mount]:
    r"""Return the mounted filesystems by mount point; of two on the same point the later one, which hides the earlier.

    Parameters
    ----------
    mountinfo
        The text of ``/proc/self/mountinfo``. A line is "36 35 98:0 /root /mnt/point options [fields] - type source options",
        with a space in a path as ``\040`` (proc_pid_mountinfo(5)).
    """
    found = {}
    for line in mountinfo.splitlines():
        fields, _, filesystem = line.partition(" - ")
        kind, source = filesystem.split(" ")[:2]
        _, _, device, _, point, *_ = fields.split(" ")
        found[_unescaped(point)] = Mount(_unescaped(point), kind, _unescaped(source), device)
    return found


def mount_of(path: Path, mounted: Mapping[str, Mount]) -> Mount:
    """Return the filesystem that a path is on: the one with the deepest mount point above it.

    Parameters
    ----------
    path
        An absolute path without links.
    mounted
        The mounted filesystems by mount point (`mounts`).
    """
    points = (str(folder) for folder in (path, *path.parents))
    return next((mounted[point] for point in points if point in mounted), Mount("/", "", ""))


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda escape: chr(int(escape[1], 8)), text)
