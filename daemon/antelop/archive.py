"""The archive: where a delivery goes when it has been committed, if its folder says so."""

import errno
import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from antelop.errors import Unavailable

BLOCK = 4 << 20


def archive(folder: Path, target: Path, names: Sequence[str]) -> str:
    """Put a delivery's files into the archive, and return the SHA-256 of the first.

    On one filesystem they are renamed. Between two they are copied, put on the disk and read again, and what was delivered
    stays where it is. A file that is there already with the same content is left alone. Nothing is overwritten or deleted.

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
            digest = _digest(source if source.exists() else place)
            if not place.exists():
                _move(source, place, digest)
            elif _digest(place) != digest:
                raise Unavailable(f"{place} is another file than the one delivered; move it away, and it will be tried again")
        except OSError as error:
            raise Unavailable(f"{source} cannot be archived as {place}: {error.strerror or error}") from error
        first = first or digest
    return first


def _move(source: Path, place: Path, digest: str) -> None:
    """Rename a file, or copy it to the other filesystem and make sure of the copy."""
    try:
        source.rename(place)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        partial = place.with_name(f".{place.name}.tmp")
        with source.open("rb") as reader, partial.open("wb") as writer:
            shutil.copyfileobj(reader, writer, BLOCK)
            writer.flush()
            os.fsync(writer.fileno())
            os.posix_fadvise(writer.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # so that it is read from the disk
        if _digest(partial) != digest:
            partial.unlink()
            raise Unavailable(
                f"the copy of {source} in {place.parent} is not what was copied; it will be tried again"
            ) from None
        shutil.copystat(source, partial)
        partial.rename(place)
    for parent in {source.parent, place.parent}:
        _sync(parent)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(folder: Path) -> None:
    """Put a folder's entries on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
