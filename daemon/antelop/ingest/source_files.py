"""The files of a delivery: hold them open, verify size and checksum, and detect changes and unsettled videos."""

import errno
import posixpath
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack, suppress
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Self

from antelop.config import Config
from antelop.database.row import Row
from antelop.directory import Directory
from antelop.dropfolder.delivery import File, is_placed
from antelop.errors import Problem, Rejected, available
from antelop.files import ABSENT, RegularFile, file_id
from antelop.formats.manifest import Manifest
from antelop.formats.rig import Rig
from antelop.recording.recording import Recording
from antelop.recording.video_paths import VideoPaths


class Source(NamedTuple):
    """A file of a delivery.

    Attributes
    ----------
    name
        Path relative to the drop folder, which is also the path in the archive.
    size, mtime
        Size in bytes and mtime in nanoseconds when the delivery was queued.
    file
        The file that was ingested, held open; None if it is missing or was replaced.
    """

    name: str
    size: int
    mtime: int
    file: RegularFile | None


class SourceFiles:
    """The files of one delivery. Each is opened at first use and held, so that the file that is read is the one archived.

    Parameters
    ----------
    folder
        The drop folder, or, for a delivery outside any drop folder, the folder of its NWB file.
    nwb_name
        Path of the NWB file relative to `folder`.
    anywhere
        Whether the NWB file may be a link to a file outside `folder`; so if a person gives the path.
    mapped
        See `VideoPaths`.

    Attributes
    ----------
    manifest
        The open manifest; None if the manifest was not read from a drop folder.
    """

    def __init__(
        self, folder: Path, nwb_name: str, *, anywhere: bool = False, mapped: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self.path = folder / nwb_name
        self.manifest: RegularFile | None = None
        self._place = folder
        self._nwb_name = nwb_name
        self._anywhere = anywhere
        self._mapped = mapped
        self._held: dict[str, RegularFile] = {}
        self._opened = ExitStack()

    @classmethod
    def by_hand(cls, path: Path, config: Config) -> Self:
        """Return the files of a delivery that a person gives, by the path of its NWB file."""
        # In a drop folder, its videos are found as the daemon would find them.
        whole = path.absolute()
        for folder in config.folders:
            if whole.is_relative_to(folder.path):
                return cls(folder.path, str(whole.relative_to(folder.path)), anywhere=True, mapped=config.videos.map)
        return cls(path.parent, path.name, anywhere=True, mapped=config.videos.map)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self._opened.close()

    @cached_property
    def folder(self) -> Directory:
        """The drop folder, opened; raise OSError if it cannot be opened."""
        return self._opened.enter_context(Directory(self._place))

    @cached_property
    def video_paths(self) -> VideoPaths:
        """Where its videos are; raise `Unavailable` if the folder of the NWB file cannot be opened."""
        below = posixpath.dirname(self._nwb_name)
        with available(f"{self._place / below} cannot be opened"):
            beside = self._opened.enter_context(self.folder.below(below))
            return VideoPaths(self.folder, beside, below, self._mapped)

    @property
    def nwb(self) -> RegularFile:
        """The NWB file, opened; raise `Unavailable` if it cannot be opened."""
        with available(f"{self.path} cannot be read"):
            return self.open(self._nwb_name)

    def video(self, path: str) -> RegularFile:
        """Return a video, opened, by its path relative to the drop folder; raise `Unavailable` if it cannot be opened."""
        with available(f"{self._place / path} cannot be read"):
            if path not in self._held:
                self._held[path] = self.video_paths.open(path)
            return self._held[path]

    def open(self, name: str) -> RegularFile:
        """Return a file, opened, by its path relative to the drop folder; raise OSError if it cannot be opened."""
        if name not in self._held:
            # A person may give a link to any file; a name that comes from a delivery must not leave the folder.
            is_given = self._anywhere and name == self._nwb_name
            self._held[name] = RegularFile.at(self.path) if is_given else self.folder.open(name)
        return self._held[name]

    def open_manifest(self, name: str) -> RegularFile:
        """Return the manifest, held open until the end; raise OSError if it cannot be opened."""
        if self.manifest is None:
            self.manifest = self._opened.enter_context(self.folder.open(name))
        return self.manifest

    def unchanged(self) -> bool:
        """Tell whether recording and videos are unmodified since they were opened, and still at their paths.

        Raises
        ------
        Unavailable
            If a file's status cannot be read, as when a share is not mounted.
        """
        # Two changes are possible: the open file is written into, or its path leads to another file.
        for name, file in self._held.items():
            with available(f"{file.path} cannot be read"):
                is_given = self._anywhere and name == self._nwb_name
                found = self.path.stat() if is_given else self.folder.stat(name)
            if not file.unchanged() or file_id(found) != file.id:
                return False
        return True

    def release(self) -> None:
        """Close recording and videos; the next use opens them again."""
        for file in self._held.values():
            file.close()
        self._held.clear()


def sources(row: Row, files: SourceFiles) -> list[Source]:
    """Return the files of a committed delivery for the archive; those that changed since they were queued have no open file.

    Parameters
    ----------
    row
        The delivery's row of the ledger. A path that leaves the drop folder is left out.
    files
        The files of the delivery; the ones that it already holds are those that were ingested.

    Raises
    ------
    Unavailable
        If the drop folder is away, or a file exists and cannot be opened.
    """
    # A drop folder that is away is an outage; only a file that is missing in it may have been moved.
    with available(f"{files.path} cannot be read"):
        place = files.folder.path
    # Size and mtime of each file come from the ledger: a file that was replaced after COMMIT must stay in the drop folder.
    nwb = File(row["nwb_path"], row["nwb_size"], row["nwb_mtime"])
    manifest = File(row["manifest_path"], row["manifest_size"], row["manifest_mtime"])
    found = []
    for name, size, mtime in [nwb, manifest, *(row["videos"] or ())]:
        if is_placed(name):
            with available(f"{place / name} cannot be read"):
                file = _as_queued(name, size, mtime, files.open_manifest if name == manifest.path else files.open)
            found.append(Source(name, size, mtime, file))
    return found


def _as_queued(name: str, size: int, mtime: int, opened: Callable[[str], RegularFile]) -> RegularFile | None:
    """Open a file; return None if it is missing, or its size or mtime differs from when it was queued."""
    # A missing file is normal, because an earlier attempt may have moved it to the archive. Other errors need a retry.
    try:
        file = opened(name)
    except OSError as error:
        if error.errno in ABSENT | {errno.EISDIR}:
            return None
        raise
    return file if (file.id.size, file.id.mtime) == (size, mtime) else None


def proof_problems(manifest: Manifest, file: RegularFile) -> list[Problem]:
    """Return the problems of a file whose size or SHA-256 differs from what its manifest states."""
    # The size is compared first: it costs nothing, and a copy that was cut short needs no checksum.
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


def unsettled(recording: Recording, rig: Rig, files: SourceFiles, settled: Collection[tuple[str, int, int]]) -> list[str]:
    """Return the videos of a rig that the watcher has not seen settled, as paths relative to the drop folder.

    Parameters
    ----------
    recording
        The recording that names the video files.
    rig
        The rig that names the videos.
    files
        The files of the delivery.
    settled
        Path relative to the drop folder, size in bytes and mtime in nanoseconds of each settled file.

    Raises
    ------
    Unavailable
        If a video cannot be opened.
    """
    # A series that is damaged, and a video that is missing or outside the folder, are problems that a check reports; waiting
    # would not help.
    inside: set[str] = set()
    for camera in rig.videos:
        with suppress(Rejected):
            if series := recording.series.get(camera.path):
                inside |= {video.path for video in series.videos if video.path and video.inside}
    # Size and mtime are compared too: a video that settled once and was written again has not settled.
    found = {path: files.video(path).id for path in sorted(inside)}
    return [name for name, now in found.items() if (name, now.size, now.mtime) not in settled]
