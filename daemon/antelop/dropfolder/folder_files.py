"""Access to the files of a drop folder, and to no file outside it."""

import posixpath
import stat as modes
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from antelop.directory import Directory, LeadsOut
from antelop.dropfolder.completeness import stat_of
from antelop.dropfolder.settle import Stat
from antelop.files import RegularFile


class FolderFiles:
    """The files of a drop folder, by paths relative to it. Links are followed as long as they stay in the folder.

    Parameters
    ----------
    root
        The drop folder. It is open only during a look, because a share with an open folder cannot be unmounted.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._held: Directory | None = None
        self._here: tuple[str, Directory] | None = None

    @contextmanager
    def held(self) -> Iterator[Directory]:
        """Keep the folder open during the block, so that every path leads into the same folder; OSError if it is missing."""
        if self._held is not None:
            yield self._held
            return
        with Directory(self._root) as root:
            self._held = root
            try:
                yield root
            finally:
                self._held = None

    @contextmanager
    def reading(self, directory: str) -> Iterator[Directory]:
        """Keep one of the folder's directories open while it is read; OSError if it is missing."""
        with self.held() as root, root.below(directory) as here:
            self._here = (directory, here)
            try:
                yield here
            finally:
                self._here = None

    def stat(self, path: str) -> Stat:
        """Return the status of a file.

        Raises
        ------
        OSError
            If the status cannot be read; FileNotFoundError also if it is not a regular file, or not in the folder.
        """
        directory, name = posixpath.split(path)
        found = None
        # A scan asks for thousands of files of the directory that it reads: one call each, without resolving the path, is fast.
        if self._here is not None and self._here[0] == directory:
            found = self._here[1].itself(name)
        # A link must be resolved from the folder's root, because it must not lead out of the folder.
        if found is None or modes.S_ISLNK(found.st_mode):
            with self.held() as root:
                found = root.stat(path)
        if not modes.S_ISREG(found.st_mode):
            raise FileNotFoundError(path)
        return stat_of(found)

    def open(self, path: str) -> RegularFile:
        """Open a file; raises as `stat` does, but IsADirectoryError if it is not a regular file."""
        with self.held() as root:
            return root.open(path)

    def leads_out(self, path: str) -> bool:
        """Return whether a link leads out of the folder."""
        with suppress(OSError), self.held() as root:
            try:
                root.stat(path)
            except LeadsOut:
                return True
        return False
