"""Find the delivery that a person or the queue names on the disk, and detect that it changed since it was queued."""

from contextlib import suppress
from pathlib import Path

from antelop.database.row import Row
from antelop.dropfolder.delivery import LONGEST_PATH, Delivery, File, companion, is_placed
from antelop.errors import Problem, Rejected, Unavailable
from antelop.files import RegularFile
from antelop.formats.manifest import LONGEST, read
from antelop.ingest.source_files import SourceFiles
from antelop.wording import storable


class FilesMissing(Exception):
    """The files of a delivery are missing or were replaced; the watcher of the folder announces what is there now."""


def by_manifest(path: Path) -> tuple[Delivery, Path]:
    """Return the delivery of a manifest outside any drop folder, and the path of the NWB file that it is paired with.

    Raises
    ------
    Rejected
        If the manifest or the NWB file cannot be read, or the manifest is invalid.
    """
    # One byte more than allowed is read, so that a manifest that is too long is reported and not cut off.
    try:
        with RegularFile.at(path) as file:
            document = file.start(LONGEST + 1)
        here = [entry.name for entry in path.absolute().parent.iterdir()]
    except OSError as error:
        raise _unreadable("manifest_unreadable", path, error) from error
    # A manifest need not name its NWB file: the rule of drop folders pairs them, so that both ways give one result.
    nwb_path = path.parent / companion(path.name, read(document).nwb, here)
    return by_hand(nwb_path, document), nwb_path


def by_hand(path: Path, manifest: bytes) -> Delivery:
    """Return the delivery of an NWB file that is in no drop folder.

    Raises
    ------
    Rejected
        If the file cannot be read, or the ledger cannot store its path.
    """
    # Size and mtime are part of the delivery: they tell later whether the file changed.
    try:
        with RegularFile.at(path) as file:
            found = file.id
    except OSError as error:
        raise _unreadable("nwb_unreadable", path, error) from error
    # The absolute path goes into the ledger, whose column holds text of limited length.
    name = str(path.absolute())
    if len(name) > LONGEST_PATH or not storable(name):
        what = f"its path has {len(name)} characters, or some that are not UTF-8"
        raise Rejected([Problem("nwb_path", repr(name), what, f"Give it one of at most {LONGEST_PATH} characters in UTF-8")])
    return Delivery("", "", 0, 0, manifest, name, found.size, found.mtime)


def read_again(row: Row, files: SourceFiles) -> Delivery:
    """Read a queued delivery from its drop folder again, and hold its files open.

    Parameters
    ----------
    row
        The delivery's row of the ledger. Its paths are data: a path that leaves the drop folder is not opened.
    files
        The files of the delivery, opened by path relative to the drop folder.

    Raises
    ------
    FilesMissing
        If a file is missing, or the files differ from those that were queued.
    Unavailable
        If a file cannot be read.
    """
    # The row is not trusted: a path that leaves the drop folder would let a row choose which file is read.
    manifest_path, nwb_path = row["manifest_path"], row["nwb_path"]
    if not is_placed(manifest_path) or (nwb_path and not is_placed(nwb_path)):
        raise FilesMissing
    # Both files are opened before anything is compared, because an open file cannot be exchanged between check and ingest.
    try:
        manifest, nwb = files.open_manifest(manifest_path), files.open(nwb_path) if nwb_path else None
        document = manifest.start(LONGEST + 1) if manifest.id.size == row["manifest_size"] else b""
    except (FileNotFoundError, IsADirectoryError) as error:
        raise FilesMissing from error
    except OSError as error:
        raise Unavailable(f"{error.filename or files.path} cannot be read: {error.strerror}") from error
    # The id covers paths, sizes, mtimes and the manifest: an equal id means that nothing changed since it was queued.
    size, mtime = (nwb.id.size, nwb.id.mtime) if nwb else (0, 0)
    found = File(manifest_path, manifest.id.size, manifest.id.mtime)
    delivery = Delivery(row["folder"], *found, document, nwb_path, size, mtime)
    if delivery.delivery_id != row["delivery_id"]:
        raise FilesMissing
    return delivery


def is_unchanged(row: Row, folder: Path) -> bool:
    """Tell whether the files of a delivery are in their folder, unchanged since they were queued; see `read_again`."""
    with suppress(FilesMissing), SourceFiles(folder, row["nwb_path"]) as files:
        read_again(row, files)
        return True
    return False


def _unreadable(check: str, path: Path, error: OSError) -> Rejected:
    what = f"the file cannot be read: {error.strerror}"
    return Rejected([Problem(check, str(path), what, "Give the path of a file that this user may read")])
