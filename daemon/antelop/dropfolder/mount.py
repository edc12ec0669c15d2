"""Which filesystem a path is on: the kernel's list of mounts."""

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
"""Filesystems that others change behind the kernel's back: inotify does not hear of it, and locks are not what they seem."""

_LOCAL = {
    *("bcachefs", "btrfs", "exfat", "ext2", "ext3", "ext4", "f2fs", "jfs", "nilfs2", "ntfs3", "overlay", "ramfs", "reiserfs"),
    *("tmpfs", "ufs", "vfat", "xfs", "zfs"),
}
"""Filesystems of disks and of memory. What is on neither list may be served by anything: autofs, FUSE."""


class Mount(NamedTuple):
    """One mounted filesystem.

    Attributes
    ----------
    point
        Where it is mounted.
    kind
        Its type, such as ``ext4`` or ``cifs``.
    source
        What is mounted there, such as ``/dev/sda1`` or ``//server/share``.
    device
        Its device number, such as ``8:1``: the same wherever it is mounted.
    """

    point: str
    kind: str
    source: str
    device: str = ""

    @property
    def local(self) -> bool:
        """Whether it is known to answer without another system, or a process that serves it."""
        return self.kind in _LOCAL

    @property
    def network(self) -> bool:
        """Whether it is a network filesystem, or one shared with another system."""
        return self.kind in _NETWORK


def mounts(mountinfo: str) -> dict[str, Mount]:
    r"""Return what is mounted, by mount point; of two on the same point the later one, which covers the earlier.

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
    """Return the filesystem that a path is on: the one that is mounted deepest.

    Parameters
    ----------
    path
        An absolute path, links resolved.
    mounted
        What is mounted, by mount point (`mounts`).
    """
    points = (str(folder) for folder in (path, *path.parents))
    return next((mounted[point] for point in points if point in mounted), Mount("/", "", ""))


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda escape: chr(int(escape[1], 8)), text)
