"""Move the files of a committed delivery to the archive, if its drop folder is configured so."""

import errno
import os
import posixpath
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import NamedTuple

from antelop import files
from antelop.directory import Directory
from antelop.errors import Unavailable
from antelop.files import ABSENT, FileId, RegularFile, file_id
from antelop.ingest.source_files import Source

BLOCK = 4 << 20
"""Bytes that are copied at a time."""


class Archived(NamedTuple):
    """The path of a recording in the archive, and its SHA-256 in hexadecimal."""

    path: Path
    sha256: str


class _Replaced(Exception):
    """The drop folder holds another file than the one that was ingested, or its content has changed: nothing is moved."""


def archive(folder: Path, target: Path, sources: Sequence[Source]) -> Archived | None:
    """Put the files that were ingested into the archive, and no other files.

    Within one filesystem a file is renamed. To another filesystem it is copied, the copy is synchronized to the disk and
    compared, and the delivered file stays in the drop folder; so does a file that was delivered as a link. A file that the
    archive holds already, with the same content, stays as it is. Nothing is overwritten or deleted: if the archive holds
    another file of the same name, all files of the delivery go into the first of the folders ``same name 2``, ``same name 3``
    and so on in which none of their names is taken.

    Parameters
    ----------
    folder
        The drop folder.
    target
        The folder of the archive; created if missing.
    sources
        The files, the recording first.

    Returns
    -------
    Archived or None
        The recording in the archive; None if it could not be moved, because the drop folder holds another file of its name.

    Raises
    ------
    Unavailable
        If a file cannot be moved or copied.
    """
    # All files of a delivery get the same prefix: a recording finds its videos by paths relative to itself.
    try:
        target.mkdir(parents=True, exist_ok=True)
        with Directory(target) as kept:
            prefix = next(prefix for prefix in _prefixes() if all(_fits(kept, prefix + each.name, each) for each in sources))
    except OSError as error:
        raise Unavailable(f"{target} cannot be used as an archive: {error.strerror}") from error
    digests = [_put(folder, target, prefix, each) for each in sources]
    return Archived(target / prefix / sources[0].name, digests[0]) if digests[0] else None


def archived(target: Path, source: Source) -> Archived | None:
    """Return a recording that was archived earlier; None if the archive does not hold it.

    Parameters
    ----------
    target
        The folder of the archive.
    source
        The recording.

    Raises
    ------
    Unavailable
        If the archive cannot be read.
    """
    try:
        with Directory(target) as kept:
            for prefix in _prefixes():
                # The folders are numbered without gaps, so the first one that is missing is the end.
                if prefix and kept.own(prefix.rstrip("/")) is None:
                    return None
                found = kept.own(prefix + source.name)
                if found and (found.st_size, found.st_mtime_ns) == (source.size, source.mtime):
                    name = prefix + source.name
                    return Archived(target / name, _digest_once(target, name, file_id(kept.stat(name))))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unavailable(f"{target / source.name} cannot be read: {error.strerror}") from error
    raise AssertionError  # there are more prefixes than folders


def _prefixes() -> Iterator[str]:
    """Yield the prefixes that the names of a delivery may have in the archive, in the order in which they are tried."""
    yield ""
    yield from (f"same name {number}/" for number in count(2))


def _fits(kept: Directory, name: str, source: Source) -> bool:
    """Tell whether a file can have a name in the archive: the name is free, or already has the same content."""
    found = kept.own(name)
    if found is None:
        return True
    if not stat.S_ISREG(found.st_mode) or found.st_size != source.size:
        return False
    if source.file is None:
        return found.st_mtime_ns == source.mtime
    with kept.open(name) as file:
        return _digest(file) == _digest(source.file)


def _put(folder: Path, target: Path, prefix: str, source: Source) -> str | None:
    """Put a file into the archive, unless it is there already.

    Returns
    -------
    str or None
        The SHA-256 of the file; None if the drop folder holds another file than the one that was ingested.
    """
    name = prefix + source.name
    try:
        with Directory(folder) as drop, Directory(target) as kept:
            # A worker that died after this step left the file in the archive; the retry finds it there.
            if kept.own(name) is not None:
                with kept.open(name) as file:
                    digest = _digest(file)
            elif source.file is None:
                return None
            else:
                digest = _digest(source.file)
                _move(drop, kept, prefix, source, digest)
            _sync(kept, posixpath.dirname(name))
            return digest
    except _Replaced:
        return None
    except OSError as error:
        raise Unavailable(f"{folder / source.name} cannot be archived as {target / name}: {error.strerror}") from error


def _move(drop: Directory, kept: Directory, prefix: str, source: Source, digest: str) -> None:
    """Rename the open file into the archive, or copy it to another filesystem; `_Replaced` if its name has another file."""
    # Compare by file id, not by name: a user may replace the file or its folder at any time.
    folder, old = posixpath.split(source.name)
    with _there_still(drop, folder) as here, kept.made(f"{prefix}{folder}") as there:
        found, file = here.own(old), source.file
        if found is None or file is None:
            raise _Replaced
        is_link = stat.S_ISLNK(found.st_mode)
        if not is_link and file_id(found) != file.id:
            raise _Replaced
        if is_link or not _renamed(here, there, old):
            _copy(file, there, old, digest)
            return
        # Another file may take the name between check and rename, so the moved file is checked, and if wrong, moved back.
        moved = there.own(old)
        if moved is None:
            raise _Replaced
        if file_id(moved) != file.id:
            _give_back(there, here, old)
            raise _Replaced
        files.sync(here.descriptor)


def _there_still(drop: Directory, folder: str) -> Directory:
    """Open a folder of the drop folder; `_Replaced` if it is missing, or if it is a link that leads out now."""
    try:
        return drop.below(folder)
    except OSError as error:
        if error.errno in ABSENT:
            raise _Replaced from error
        raise


def _renamed(here: Directory, there: Directory, name: str) -> bool:
    """Rename a file into the other folder; return whether that is on the same filesystem."""
    try:
        here.rename(name, there, name)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return False
    return True


def _give_back(there: Directory, here: Directory, name: str) -> None:
    """Move a file back that is not the one that was ingested. If its name is taken again, add a number: nothing is lost."""
    stem, dot, ending = name.partition(".")
    for number in count(1):
        with suppress(FileExistsError):
            there.rename(name, here, name if number == 1 else f"{stem} ({number}){dot}{ending}")
            return


def _copy(file: RegularFile, there: Directory, name: str, digest: str) -> None:
    """Copy a file, and compare the checksum of the copy; `_Replaced` if the file changed meanwhile."""
    with there.writing(name, replace=False) as writer:
        with file.reader() as reader:
            shutil.copyfileobj(reader, writer, BLOCK)
        writer.flush()
        os.fsync(writer.fileno())
        # Drop the copy from the page cache, so that it is compared as it is on the disk.
        os.posix_fadvise(writer.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        with RegularFile(os.dup(writer.fileno()), there.path / name) as copy:
            if _digest(copy) != digest:
                if not file.unchanged():
                    raise _Replaced
                what = f"the copy of {file.path} in {there.path} differs from the original; it will be tried again"
                raise Unavailable(what)
        shutil.copystat(f"/proc/self/fd/{file.descriptor}", f"/proc/self/fd/{writer.fileno()}")


def _digest(file: RegularFile) -> str:
    return file.sha256()


@lru_cache(1000)
def _digest_once(target: Path, name: str, found: FileId) -> str:
    """Return the SHA-256 of a file in the archive. It is cached, because every retry of a receipt needs it."""
    with Directory(target) as kept, kept.open(name) as file:
        if file.id != found:
            raise Unavailable(f"{file.path} changed while it was read")
        return _digest(file)


def _sync(kept: Directory, folder: str) -> None:
    """Synchronize a folder of the archive, and the folders above it, to the disk: a new name is not durable before."""
    while True:
        with kept.below(folder) as here:
            files.sync(here.descriptor)
        if not folder:
            return
        folder = posixpath.dirname(folder)
