"""The files of a delivery: found, proven to be the ones that were meant, settled, and still the same."""

import hashlib
import os
import posixpath
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from antelop.database.row import Row
from antelop.dropfolder.delivery import LONGEST_PATH, Delivery, companion
from antelop.errors import Problem, Rejected, Unavailable
from antelop.formats.manifest import LONGEST, Manifest, read
from antelop.recording.recording import Recording
from antelop.wording import storable

Look = tuple[int, int, int]
"""What tells whether a file is still the same: its inode, size and mtime."""


class Gone(Exception):
    """The files of a delivery are not there, or are others by now: whoever watches the folder will say."""


def by_manifest(path: Path) -> tuple[Delivery, Path]:
    """Return the delivery that a manifest outside any drop folder stands for, and the NWB file that it goes with.

    Raises
    ------
    Rejected
        If either is not there, or the manifest is wrong.
    """
    try:
        with path.open("rb") as file:
            document = file.read(LONGEST + 1)
        here = [entry.name for entry in path.absolute().parent.iterdir()]
    except OSError as error:
        raise _unreadable("manifest_unreadable", path, error) from error
    nwb_path = path.parent / companion(path.name, read(document).nwb, here)
    return by_hand(nwb_path, document), nwb_path


def by_hand(path: Path, manifest: bytes) -> Delivery:
    """Return the delivery of an NWB file that is in no drop folder.

    Raises
    ------
    Rejected
        If the file is not there.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise _unreadable("nwb_unreadable", path, error) from error
    name = str(path.absolute())
    if len(name) > LONGEST_PATH or not storable(name):
        what = f"its path has {len(name)} characters, or some that are not UTF-8"
        raise Rejected([Problem("nwb_path", repr(name), what, f"Give it one of at most {LONGEST_PATH} characters in UTF-8")])
    return Delivery("", "", 0, 0, manifest, name, found.st_size, found.st_mtime_ns)


def read_again(row: Row, folder: Path) -> Delivery:
    """Return a delivery that was queued as it lies in its folder.

    Parameters
    ----------
    row
        What the ledger says of it.
    folder
        The drop folder.

    Raises
    ------
    Gone
        If it is not there, or not the same any more.
    Unavailable
        If it cannot be read.
    """
    manifest, nwb = folder / row["manifest_path"], folder / row["nwb_path"]
    try:
        found, held = manifest.stat(), nwb.stat() if row["nwb_path"] else None
        with manifest.open("rb") as file:
            if not Path(os.path.realpath(f"/proc/self/fd/{file.fileno()}")).is_relative_to(os.path.realpath(folder)):
                raise Gone  # a link leads out of the folder by now
            document = file.read(LONGEST + 1) if found.st_size == row["manifest_size"] else b""
    except FileNotFoundError as error:
        raise Gone from error
    except OSError as error:
        raise Unavailable(f"{error.filename or manifest} cannot be read: {error.strerror}") from error
    size, mtime = (held.st_size, held.st_mtime_ns) if held else (0, 0)
    delivery = Delivery(
        row["folder"], row["manifest_path"], found.st_size, found.st_mtime_ns, document, row["nwb_path"], size, mtime
    )
    if delivery.delivery_id != row["delivery_id"]:
        raise Gone
    return delivery


def lies(row: Row, folder: Path) -> bool:
    """Tell whether a delivery lies in its folder as it was queued; see `read_again`."""
    with suppress(Gone):
        read_again(row, folder)
        return True
    return False


def folder_of(delivery: Delivery, path: Path) -> Path | None:
    """Return the drop folder in which a delivery's NWB file is, at this path; None if it is in none."""
    return path.parents[delivery.nwb_path.count("/")] if delivery.folder else None


def look(paths: Iterable[Path]) -> dict[Path, Look]:
    """Return how files are now; `Unavailable` if one cannot be seen."""
    found = {}
    for path in paths:
        with _available(path):
            status = path.stat()
        found[path] = (status.st_ino, status.st_size, status.st_mtime_ns)
    return found


def proof_problems(manifest: Manifest, path: Path, size: int) -> list[Problem]:
    """Say how a file differs from the size and the SHA-256 that its manifest states."""
    if manifest.size is not None and manifest.size != size:
        what = f"the manifest states {manifest.size} bytes, and the file has {size}"
        return [Problem("size_differs", "/size", what, "Copy the file again, or correct the manifest")]
    if manifest.sha256 is not None:
        with _available(path), path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != manifest.sha256:
            what = f"the manifest states {manifest.sha256}, and the file has {found}"
            return [Problem("sha256_differs", "/sha256", what, "Copy the file again, or correct the manifest")]
    return []


def unsettled(recording: Recording, nwb_path: str, settled: Collection[tuple[str, int, int]]) -> list[str]:
    """Return the videos that a recording names and of which nobody has seen that they have stopped changing.

    Parameters
    ----------
    recording
        The NWB file.
    nwb_path
        Where it is, relative to the drop folder, as are the paths that are returned.
    settled
        Path, size and mtime in nanoseconds of those that have.
    """
    folder = posixpath.dirname(nwb_path)
    videos = {
        posixpath.normpath(posixpath.join(folder, video.name)): video.path
        for series in recording.series.values()
        for video in series.videos
        if video.path is not None and video.inside
    }
    now = look(videos.values())
    return [name for name, path in videos.items() if (name, *now[path][1:]) not in settled]


def _unreadable(check: str, path: Path, error: OSError) -> Rejected:
    what = f"the file cannot be read: {error.strerror}"
    return Rejected([Problem(check, str(path), what, "Give the path of a file that this user may read")])


@contextmanager
def _available(path: Path) -> Iterator[None]:
    """Take an error of the disk or the share for what it is."""
    try:
        yield
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror or error}") from error
