"""The files in a drop folder that may become deliveries. A file of a finished delivery costs one stat and is left out."""

import os
import posixpath
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager, suppress

from antelop.directory import Directory
from antelop.dropfolder.contents import Shelf, Shelves, Text, unreadable
from antelop.dropfolder.delivery import LONGEST_PATH, File, companion, stamp
from antelop.dropfolder.finished import Finished
from antelop.dropfolder.folder_files import FolderFiles
from antelop.dropfolder.junk import is_candidate, is_utf8, junk
from antelop.dropfolder.messages import Folder
from antelop.dropfolder.waiting import Reason
from antelop.errors import Rejected
from antelop.formats.document import load
from antelop.formats.manifest import LONGEST, SPECIFICATION, Manifest, is_manifest, read

_UNREAD = ""


class Listing:
    """Reads the directories of a drop folder.

    A JSON file is read once. A hash of its path, size and mtime is the key under which its NWB file, or the fact that it is not
    a manifest, is kept. If the NWB file has the manifest's stem, a finished manifest is never read.

    Parameters
    ----------
    folder
        The drop folder.
    finished
        The finished deliveries, which are left out.
    enter
        Called with each directory before it is read.
    beat
        Called at intervals during a long scan.

    Attributes
    ----------
    entries
        Number of files and directories in the last complete scan.
    files
        Access to the files of the folder.
    """

    def __init__(self, folder: Folder, finished: Finished, enter: Callable[[str], None], beat: Callable[[], None]) -> None:
        self.entries = 0
        self.files = FolderFiles(folder.path)
        self._met = 0
        self._folder = folder.name
        self._recursive = folder.recursive
        self._finished = finished
        self._enter = enter
        self._beat = beat
        self._companions: dict[bytes, str | None] = {}
        self._covered: set[str] = set()

    def scan(self, known: Shelves, only: Iterable[str] | None, descend: Callable[[str], bool]) -> Shelves:
        """Return the current contents of the folder.

        Parameters
        ----------
        known
            The contents at the last scan.
        only
            The directories to read; None: all directories.
        descend
            Returns whether a directory below these is read too.

        Raises
        ------
        OSError
            If the folder itself cannot be read. An unreadable directory in it keeps its last known contents.
        """
        with self.files.held():
            return self._scan(known, only, descend)

    def _scan(self, known: Shelves, only: Iterable[str] | None, descend: Callable[[str], bool]) -> Shelves:
        # A complete scan starts with empty results, so that everything about files that are gone is dropped.
        shelves, remembered, self._met = dict(known), self._companions, 0
        if only is None:
            shelves, self._companions, self._covered, self.entries = {}, {}, set(), 0
        # One unreadable directory must not hide the others, but a missing root means that the share is gone.
        pending = [""] if only is None else list(only)
        while pending:
            directory = pending.pop()
            try:
                self._enter(directory)
                shelves[directory], below = self._shelf(directory, known.get(directory, Shelf()), remembered)
            except OSError as error:
                if not directory:
                    raise
                shelves.pop(directory, None)
                if not isinstance(error, FileNotFoundError | NotADirectoryError):
                    shelves.update(unreadable(directory, error, known))
            else:
                pending += [path for path in below if descend(path)]
        if only is None:
            self.entries = self._met
        self._add_named(shelves)
        return {directory: shelf for directory, shelf in shelves.items() if shelf}

    def _shelf(self, directory: str, before: Shelf, remembered: dict[bytes, str | None]) -> tuple[Shelf, list[str]]:
        """Read one directory; return its shelf and the directories in it."""
        with self.files.reading(directory) as here:
            return self._shelf_of(here, directory, before, remembered)

    def _shelf_of(
        self, here: Directory, directory: str, before: Shelf, remembered: dict[bytes, str | None]
    ) -> tuple[Shelf, list[str]]:
        # Sort the entries by name first: which NWB file a manifest goes with depends on all names of the directory.
        shelf, below = Shelf(), []
        nwb_paths, text_paths = set(), []
        for name, is_directory, is_link in self._entries(here):
            path = f"{directory}/{name}" if directory else name
            if not is_utf8(name):
                shelf.odd[os.fsencode(path).decode(errors="backslashreplace")] = (Reason.MISENCODED, {})
            elif is_directory and is_link:
                shelf.odd[path] = (Reason.LINKED, {})
            elif is_directory:
                below.append(path)
            elif len(path) > LONGEST_PATH:
                shelf.odd[path] = (Reason.LONG, {"most": str(LONGEST_PATH)})
            elif is_link and self.files.leads_out(path):
                shelf.odd[path] = (Reason.ESCAPING, {})
            elif name.lower().endswith(".nwb"):
                nwb_paths.add(path)
            else:
                text_paths.append(path)
        # A finished manifest covers its NWB file, even in another directory, and the file is then left out.
        covered = set()
        for path in text_paths:
            self._beat()
            with _noting(path, shelf):
                covered.add(self._text(path, nwb_paths, before, shelf, remembered))
        self._covered.update(path for path in covered if path is not None and posixpath.dirname(path) != directory)
        for path in nwb_paths - covered - self._covered:
            self._beat()
            with _noting(path, shelf):
                shelf.nwbs[path] = self.files.stat(path)
        return shelf, below

    def _entries(self, directory: Directory) -> Iterator[tuple[str, bool, bool]]:
        """Yield the relevant entries of a directory: name, whether it is a directory, whether it is a link."""
        with directory.entries() as entries:
            for entry in entries:
                self._met += 1
                if is_candidate(entry.name):
                    if not entry.is_dir():
                        yield entry.name, False, entry.is_symlink()
                elif self._recursive and entry.is_dir() and not junk(entry.name):
                    yield entry.name, True, entry.is_symlink()

    def _text(
        self, path: str, nwb_paths: Container[str], before: Shelf, shelf: Shelf, remembered: dict[bytes, str | None]
    ) -> str | None:
        """Put an unfinished manifest on the shelf and return None; for a finished one, return the path of its NWB file."""
        # Most manifests are finished and have their NWB file's stem: a stamp decides without reading them.
        stat = self.files.stat(path)
        file = File(path, stat.size, stat.mtime_ns)
        namesake = companion(path, None, nwb_paths)
        if namesake in nwb_paths and self._is_finished(file, namesake):
            return namesake
        key = stamp(self._folder, file)
        if key in self._finished:  # a rejected manifest, whose delivery has no NWB file
            return namesake
        # Otherwise the manifest names its NWB file, which is read once and then remembered.
        document, nwb_path = b"", remembered.pop(key, _UNREAD)
        if nwb_path == _UNREAD:
            document = self._read(path)
            nwb_path = _companion(path, document, nwb_paths)
        self._companions[key] = nwb_path
        if nwb_path is None:  # a JSON file that is not a manifest
            return None
        if nwb_path != namesake and self._is_finished(file, nwb_path):
            return nwb_path
        # Parse again only if the file has changed.
        text = before.texts.get(path)
        if text is None or text.stat != stat:
            document = document or self._read(path)
            text = Text(stat, document, _manifest(document))
        shelf.texts[path] = text
        return None

    def _is_finished(self, manifest: File, nwb_path: str) -> bool:
        try:
            nwb = self.files.stat(nwb_path)
        except FileNotFoundError:
            return False
        return stamp(self._folder, manifest, File(nwb_path, nwb.size, nwb.mtime_ns)) in self._finished

    def _read(self, path: str) -> bytes:
        with self.files.open(path) as file:
            return file.start(LONGEST + 1)

    def _add_named(self, shelves: Shelves) -> None:
        """Put NWB files on the shelves that a manifest names and the scan left out, or that are where no scan goes."""
        for path, text in [item for shelf in shelves.values() for item in shelf.texts.items()]:
            nwb_path = companion(path, None if text.manifest is None else text.manifest.nwb, ())
            nwbs = shelves.setdefault(posixpath.dirname(nwb_path), Shelf()).nwbs
            if nwb_path not in nwbs and len(nwb_path) <= LONGEST_PATH:
                with suppress(OSError):
                    nwbs[nwb_path] = self.files.stat(nwb_path)


def _companion(path: str, document: bytes, nwb_paths: Container[str]) -> str | None:
    """Return the NWB file of a manifest; None if the JSON file is not a manifest."""
    # A manifest with a syntax error must still be rejected, so its name or the mention of the format has to suffice.
    try:
        content = load(document)
    except Rejected:
        meant = is_manifest(path, None) or SPECIFICATION.encode() in document
        return companion(path, None, nwb_paths) if meant else None
    named = content.get("nwb")
    return companion(path, named if isinstance(named, str) else None, nwb_paths) if is_manifest(path, content) else None


def _manifest(document: bytes) -> Manifest | None:
    """Return the parsed manifest; None if it is rejected."""
    try:
        return read(document)
    except Rejected:
        return None


@contextmanager
def _noting(path: str, shelf: Shelf) -> Iterator[None]:
    """Put a file that cannot be read on the shelf as odd; a file that was removed during the scan is ignored."""
    try:
        yield
    except FileNotFoundError:
        pass
    except OSError as error:
        shelf.odd[path] = (Reason.UNREADABLE, {"error": str(error.strerror)})
