"""The delivery that a person or the queue means, as it lies on the disk: found, or no longer what was queued."""

from contextlib import suppress
from pathlib import Path

from antelop.database.row import Row
from antelop.dropfolder.delivery import LONGEST_PATH, Delivery, File, companion, is_placed
from antelop.errors import Problem, Rejected, Unavailable
from antelop.files import RegularFile
from antelop.formats.manifest import LONGEST, read
from antelop.ingest.source_files import SourceFiles
from antelop.wording import storable


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
        with RegularFile.at(path) as file:
            document = file.start(LONGEST + 1)
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
        with RegularFile.at(path) as file:
            found = file.id
    except OSError as error:
        raise _unreadable("nwb_unreadable", path, error) from error
    name = str(path.absolute())
    if len(name) > LONGEST_PATH or not storable(name):
        what = f"its path has {len(name)} characters, or some that are not UTF-8"
        raise Rejected([Problem("nwb_path", repr(name), what, f"Give it one of at most {LONGEST_PATH} characters in UTF-8")])
    return Delivery("", "", 0, 0, manifest, name, found.size, found.mtime)


def read_again(row: Row, files: SourceFiles) -> Delivery:
    """Return a delivery that was queued as it lies in its folder, and hold its files.

    Parameters
    ----------
    row
        What the ledger says of it, which is data: its paths lead nowhere but into the drop folder.
    files
        Of the drop folder.

    Raises
    ------
    Gone
        If it is not there, or not the same any more.
    Unavailable
        If it cannot be read.
    """
    manifest_path, nwb_path = row["manifest_path"], row["nwb_path"]
    if not is_placed(manifest_path) or (nwb_path and not is_placed(nwb_path)):
        raise Gone
    try:
        manifest, nwb = files.open_manifest(manifest_path), files.open(nwb_path) if nwb_path else None
        document = manifest.start(LONGEST + 1) if manifest.id.size == row["manifest_size"] else b""
    except (FileNotFoundError, IsADirectoryError) as error:
        raise Gone from error
    except OSError as error:
        raise Unavailable(f"{error.filename or files.path} cannot be read: {error.strerror}") from error
    size, mtime = (nwb.id.size, nwb.id.mtime) if nwb else (0, 0)
    found = File(manifest_path, manifest.id.size, manifest.id.mtime)
    delivery = Delivery(row["folder"], *found, document, nwb_path, size, mtime)
    if delivery.delivery_id != row["delivery_id"]:
        raise Gone
    return delivery


def lies(row: Row, folder: Path) -> bool:
    """Tell whether a delivery lies in its folder as it was queued; see `read_again`."""
    with suppress(Gone), SourceFiles(folder, row["nwb_path"]) as files:
        read_again(row, files)
        return True
    return False


def _unreadable(check: str, path: Path, error: OSError) -> Rejected:
    what = f"the file cannot be read: {error.strerror}"
    return Rejected([Problem(check, str(path), what, "Give the path of a file that this user may read")])
