"""The files of a delivery: held open, proven to be the ones that were meant, settled, and still the same."""

import errno
import posixpath
from collections.abc import Callable, Collection
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Self

from antelop.database.row import Row
from antelop.directory import Directory
from antelop.dropfolder.delivery import File, is_placed
from antelop.errors import Problem
from antelop.files import ABSENT, RegularFile, available, file_id
from antelop.formats.manifest import Manifest
from antelop.recording.recording import Recording


class Source(NamedTuple):
    """A file of a delivery.

    Attributes
    ----------
    name
        Its path relative to the drop folder, and so in the archive.
    size, mtime
        As it was queued: in bytes, and in nanoseconds.
    file
        The file that was ingested, held open since; None if it is not there any more.
    """

    name: str
    size: int
    mtime: int
    file: RegularFile | None


class SourceFiles:
    """The files of one delivery, each held open from when it is first needed: what is read is what is archived.

    Parameters
    ----------
    folder
        The drop folder; of a delivery that is in none, the folder of its NWB file.
    nwb_name
        The NWB file's path in it.
    anywhere
        Whether the NWB file may be a link that leads out, as when a person gives its path.

    Attributes
    ----------
    manifest
        The manifest; None if it was not read from a drop folder.
    """

    def __init__(self, folder: Path, nwb_name: str, *, anywhere: bool = False) -> None:
        self.path = folder / nwb_name
        self.manifest: RegularFile | None = None
        self._place = folder
        self._nwb_name = nwb_name
        self._anywhere = anywhere
        self._held: dict[str, RegularFile] = {}
        self._opened = ExitStack()

    @classmethod
    def by_hand(cls, path: Path) -> Self:
        """Return the files of a delivery that is in no drop folder."""
        return cls(path.parent, path.name, anywhere=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self._opened.close()

    @cached_property
    def folder(self) -> Directory:
        """The drop folder; OSError if it is not there."""
        return self._opened.enter_context(Directory(self._place))

    @cached_property
    def beside(self) -> Directory:
        """The folder of the NWB file, in which its videos have to be."""
        return self._opened.enter_context(self.folder.below(posixpath.dirname(self._nwb_name)))

    @property
    def nwb(self) -> RegularFile:
        """The NWB file; `Unavailable` if it cannot be opened."""
        with available(f"{self.path} cannot be read"):
            return self.open(self._nwb_name)

    def video(self, path: str) -> RegularFile:
        """Return a file that the recording names, by its path from the recording; `Unavailable` if it cannot be opened."""
        name = self.name_of(path)
        with available(f"{self._place / name} cannot be read"):
            if name not in self._held:
                self._held[name] = self.beside.open(path)
            return self._held[name]

    def name_of(self, path: str) -> str:
        """Return the path in the folder of a file that the recording names."""
        return posixpath.join(posixpath.dirname(self._nwb_name), path)

    def open(self, name: str) -> RegularFile:
        """Return a file by its path in the folder, opened if it is not held already; OSError if that cannot be done."""
        if name not in self._held:
            is_given = self._anywhere and name == self._nwb_name
            self._held[name] = RegularFile.at(self.path) if is_given else self.folder.open(name)
        return self._held[name]

    def open_manifest(self, name: str) -> RegularFile:
        """Return the manifest, which is held until the end; OSError if it cannot be opened."""
        if self.manifest is None:
            self.manifest = self._opened.enter_context(self.folder.open(name))
        return self.manifest

    def unchanged(self) -> bool:
        """Tell whether recording and videos are what they were when they were opened, and where they were.

        Raises
        ------
        Unavailable
            If that cannot be seen: a share may have gone away.
        """
        for name, file in self._held.items():
            with available(f"{file.path} cannot be read"):
                is_given = self._anywhere and name == self._nwb_name
                found = self.path.stat() if is_given else self.folder.stat(name)
            if not file.unchanged() or file_id(found) != file.id:
                return False
        return True

    def release(self) -> None:
        """Let go of recording and videos: they are opened anew when they are needed again."""
        for file in self._held.values():
            file.close()
        self._held.clear()


def sources(row: Row, files: SourceFiles) -> list[Source]:
    """Return the files of a delivery that was committed, as the archive takes them: those that are as they were queued.

    Parameters
    ----------
    row
        What the ledger says of it; what is no path in a drop folder is left out.
    files
        Those that are held already are those that were ingested.

    Raises
    ------
    Unavailable
        If one cannot be opened.
    """
    nwb = File(row["nwb_path"], row["nwb_size"], row["nwb_mtime"])
    manifest = File(row["manifest_path"], row["manifest_size"], row["manifest_mtime"])
    found = []
    for name, size, mtime in [nwb, manifest, *(row["videos"] or ())]:
        if is_placed(name):
            with available(f"{files.folder.path / name} cannot be read"):
                file = _as_queued(name, size, mtime, files.open_manifest if name == manifest.path else files.open)
            found.append(Source(name, size, mtime, file))
    return found


def _as_queued(name: str, size: int, mtime: int, opened: Callable[[str], RegularFile]) -> RegularFile | None:
    """Open a file; None if it is gone, or another one by now."""
    try:
        file = opened(name)
    except OSError as error:
        if error.errno in ABSENT | {errno.EISDIR}:
            return None
        raise
    return file if (file.id.size, file.id.mtime) == (size, mtime) else None


def proof_problems(manifest: Manifest, file: RegularFile) -> list[Problem]:
    """Say how a file differs from the size and the SHA-256 that its manifest states."""
    if manifest.size is not None and manifest.size != file.id.size:
        what = f"the manifest states {manifest.size} bytes, and the file has {file.id.size}"
        return [Problem("size_differs", "/size", what, "Copy the file again, or correct the manifest")]
    if manifest.sha256 is not None:
        with available(f"{file.path} cannot be read"):
            found = file.sha256()
        if found != manifest.sha256:
            what = f"the manifest states {manifest.sha256}, and the file has {found}"
            return [Problem("sha256_differs", "/sha256", what, "Copy the file again, or correct the manifest")]
    return []


def unsettled(recording: Recording, files: SourceFiles, settled: Collection[tuple[str, int, int]]) -> list[str]:
    """Return the videos that a recording names and of which nobody has seen that they have stopped changing.

    Parameters
    ----------
    recording
        The NWB file.
    files
        Of the drop folder, relative to which the paths are that are returned.
    settled
        Path, size and mtime in nanoseconds of those that have.
    """
    inside = {video.path for series in recording.series.values() for video in series.videos if video.path and video.inside}
    found = {files.name_of(path): files.video(path).id for path in sorted(inside)}
    return [name for name, now in found.items() if (name, now.size, now.mtime) not in settled]
