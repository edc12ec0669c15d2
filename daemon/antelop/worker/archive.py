"""The archive: where a delivery goes when it has been committed, if its folder says so."""

import errno
import hashlib
import io
import os
import shutil
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from antelop.errors import Unavailable

BLOCK = 4 << 20


def archive(folder: Path, target: Path, names: Sequence[str]) -> str:
    """Put a delivery's files into the archive, and return the SHA-256 of the first.

    On one filesystem they are renamed. Between two they are copied, put on the disk and read again, and what was delivered
    stays where it is, as does what is a link. A file that is there already with the same content is left alone. Nothing is
    overwritten or deleted.

    Parameters
    ----------
    folder
        The drop folder.
    target
        The archive.
    names
        The files, relative to the drop folder, and so in the archive.

    Raises
    ------
    Unavailable
        If one cannot be put there, or something else is there by its name.
    """
    first = ""
    for name in names:
        source, place = folder / name, target / name
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            digest = _digest(source, folder) if source.exists() else _digest(place, target)
            if not place.exists():
                _move(source, place, digest, folder)
                _sync(source.parent, *(parent for parent in place.parents if parent.is_relative_to(target)))
            elif _digest(place, target) != digest:
                raise Unavailable(f"{place} is another file than the one delivered; move it away, and it will be tried again")
        except OSError as error:
            raise Unavailable(f"{source} cannot be archived as {place}: {error.strerror}") from error
        first = first or digest
    return first


def archived(target: Path, name: str, size: int) -> str:
    """Return the SHA-256 of a recording that was archived.

    Parameters
    ----------
    target, name
        The archive, and where the recording is in it.
    size
        Of the recording, in bytes.

    Raises
    ------
    Unavailable
        If it is not there, or another file is.
    """
    place = target / name
    try:
        found = place.stat()
        if found.st_size != size:
            raise Unavailable(f"{place} is another file than the one archived")
        return _digest_once(place, target, found.st_ino, found.st_mtime_ns)
    except OSError as error:
        raise Unavailable(f"{place} cannot be read: {error.strerror}") from error


def _move(source: Path, place: Path, digest: str, folder: Path) -> None:
    """Rename a file, or copy it to the other filesystem."""
    try:
        if not source.is_symlink():
            source.rename(place)
            return
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    _copy(source, place, digest, folder)


def _copy(source: Path, place: Path, digest: str, folder: Path) -> None:
    """Copy a file, and make sure of the copy."""
    partial = place.with_name(f".{place.name}.tmp")
    partial.unlink(missing_ok=True)
    with _opened(source, folder) as reader, partial.open("xb") as writer:
        shutil.copyfileobj(reader, writer, BLOCK)
        writer.flush()
        os.fsync(writer.fileno())
        os.posix_fadvise(writer.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # so that it is read from the disk
    if _digest(partial, place.parent) != digest:
        raise Unavailable(f"the copy of {source} in {place.parent} is not what was copied; it will be tried again")
    shutil.copystat(source, partial)
    partial.rename(place)


def _opened(path: Path, within: Path) -> io.BufferedReader:
    """Open a file of a folder; what a link leads to that has taken its place, and leads out of there, is another file."""
    file = path.open("rb")
    if not Path(os.path.realpath(f"/proc/self/fd/{file.fileno()}")).is_relative_to(os.path.realpath(within)):
        file.close()
        raise OSError(errno.ELOOP, f"it leads out of {within}")
    return file


def _digest(path: Path, within: Path) -> str:
    with _opened(path, within) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache(1000)
def _digest_once(path: Path, within: Path, *_: int) -> str:
    """Return what is remembered of a file as it was, for it is asked again and again while a receipt cannot be written."""
    return _digest(path, within)


def _sync(*folders: Path) -> None:
    """Put the entries of folders on the disk."""
    for folder in folders:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
