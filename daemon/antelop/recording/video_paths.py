"""Find the video files that a recording names, also by the paths of the acquisition computer."""

import ntpath
import os
import posixpath
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field

from antelop.directory import Directory, LeadsOut
from antelop.files import ABSENT, RegularFile
from antelop.recording.recording import Video
from antelop.recording.source import disk_told

_LONGEST_NAME = os.pathconf("/", "PC_PATH_MAX")
"""Characters of the longest path that the operating system accepts."""

_VERBATIM = re.compile(r"[\\/]{2}\?[\\/](UNC[\\/])?", re.IGNORECASE)
r"""The prefix ``\\?\`` or ``\\?\UNC\``, behind which Windows takes long paths (Microsoft, "Naming Files, Paths")."""


@dataclass(frozen=True)
class VideoPaths:
    r"""Where the video files of one NWB file are. Names come from the file: none leads out of these two directories.

    Attributes
    ----------
    folder
        The drop folder, or, for an NWB file outside any drop folder, the folder of the file.
    beside
        The folder of the NWB file, to which relative names are relative.
    below
        The path of `beside` relative to `folder`; empty if they are the same.
    mapped
        Folders in `folder`, by absolute paths of the acquisition computer, such as ``D:\data``.
    """

    folder: Directory
    beside: Directory
    below: str = ""
    mapped: Mapping[str, str] = field(default_factory=dict)

    def find(self, name: str) -> Video:
        """Return what is known of a video without opening it; the status of a file outside the folder is not read."""
        # The system refuses a longer path, which means that the file does not exist.
        if len(name) > _LONGEST_NAME:
            return Video(name, None, inside=True, size=0)
        # What the lab says of a path comes before what is on the disk.
        if (target := map_path(name, self.mapped)) is not None:
            return self._at(name, self.folder, "", target)
        found = self._at(name, self.beside, self.below, name)
        if found.path is None and is_foreign(name):
            return Video(name, name, inside=False, size=0)
        # A file may have a backslash in its name; if there is none, it separates folders.
        if found.path is None and "\\" in name:
            return self._at(name, self.beside, self.below, name.replace("\\", "/"))
        return found

    def open(self, path: str) -> RegularFile:
        """Open a video by its `Video.path`; raise OSError if it is not there any more, or not inside."""
        # A file beside the NWB file must not have become a link to another folder of the drop folder meanwhile.
        if self.below and path.startswith(f"{self.below}/"):
            return self.beside.open(path.removeprefix(f"{self.below}/"))
        return self.folder.open(path)

    def _at(self, name: str, directory: Directory, below: str, path: str) -> Video:
        """Return the video at a path relative to a directory, which is `below` the folder."""
        missing = Video(name, None, inside=True, size=0, sought=posixpath.join(below, path))
        # A missing video is a problem of the recording, which a check reports; a failing share needs a retry.
        with disk_told(directory.path / path):
            try:
                relative = directory.relative(path)
                status = directory.stat(relative)
            except LeadsOut:
                return Video(name, name, inside=False, size=0)
            except OSError as error:
                if error.errno in ABSENT:
                    return missing
                raise
        if not stat.S_ISREG(status.st_mode):
            return missing
        return Video(name, posixpath.join(below, relative), inside=True, size=status.st_size)


def is_foreign(name: str) -> bool:
    """Return whether a name is an absolute path of a Windows computer: it begins with a drive or a network share."""
    return len(_parts(name)) > 1 and not name.startswith("/")


def map_path(name: str, mapped: Mapping[str, str]) -> str | None:
    r"""Return where an absolute path of another computer is, by the longest path of `mapped` that it is in; None if in none.

    Windows paths are the same in upper and lower case and with either separator, and ``..`` in them is resolved first: so
    ``d:/data/x/../cam.mp4`` is in ``D:\data``, and ``D:\data\..\cam.mp4`` is not.
    """
    parts = _parts(name)
    best: list[str] = []
    found = None
    for prefix, target in mapped.items():
        own = _parts(prefix)
        if len(best) < len(own) < len(parts) and _same(own, parts[: len(own)]):
            best, found = own, posixpath.join(target, *parts[len(own) :])
    return found


def _same(some: list[str], others: list[str]) -> bool:
    fold = str if some[0] == "/" else str.casefold
    return [fold(part) for part in some] == [fold(part) for part in others]


def _parts(name: str) -> list[str]:
    """Return the parts of an absolute path: its drive, share or root, then folders and name; nothing for a relative path."""
    drive, rest = ntpath.splitdrive(ntpath.normpath(_VERBATIM.sub(lambda match: "//" if match[1] else "", name, count=1)))
    if drive and (rest.startswith("\\") or drive.startswith("\\\\")):
        return [drive, *filter(None, rest.split("\\"))]
    if name.startswith("/"):
        return ["/", *filter(None, posixpath.normpath(name).split("/"))]
    return []
