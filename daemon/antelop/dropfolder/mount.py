"""Which filesystem a path is on: the kernel's list of mounts."""

import re
from pathlib import Path
from typing import NamedTuple

_NETWORK = {
    *("9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4"),
    *("ocfs2", "orangefs", "panfs", "prl_fs", "smb3", "smbfs", "vboxsf", "virtiofs"),
    *("fuse.ceph-fuse", "fuse.curlftpfs", "fuse.gcsfuse", "fuse.glusterfs", "fuse.gvfsd-fuse", "fuse.rclone", "fuse.s3fs"),
    *("fuse.smbnetfs", "fuse.sshfs", "fuse.vmhgfs-fuse"),
}
"""Filesystems that others change behind the kernel's back: inotify does not hear of it, and locks are not what they seem."""


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
    """

    point: str
    kind: str
    source: str

    @property
    def network(self) -> bool:
        """Whether it is a network filesystem, or one shared with another system."""
        return self.kind in _NETWORK

    def covers(self, path: Path) -> bool:
        """Whether a path is at or below the mount point."""
        return path.is_relative_to(self.point)


def mount_of(path: Path, mountinfo: str) -> Mount:
    r"""Return the filesystem that a path is on.

    Parameters
    ----------
    path
        An absolute path, links resolved.
    mountinfo
        The text of ``/proc/self/mountinfo``. A line is "36 35 98:0 /root /mnt/point options [fields] - type source options",
        with a space in a path as ``\040`` (proc_pid_mountinfo(5)).
    """
    found = Mount("/", "", "")
    for line in mountinfo.splitlines():
        fields, _, filesystem = line.partition(" - ")
        kind, source = filesystem.split(" ")[:2]
        mount = Mount(_unescaped(fields.split(" ")[4]), kind, _unescaped(source))
        # The deepest one holds the path; of two on the same point, the later one covers the earlier.
        if mount.covers(path) and len(mount.point) >= len(found.point):
            found = mount
    return found


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda escape: chr(int(escape[1], 8)), text)
