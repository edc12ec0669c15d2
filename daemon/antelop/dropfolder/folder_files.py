"""The files of a drop folder, seen without ever leaving it."""

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
    """What is in a drop folder, by paths relative to it; links are followed as long as they stay in it.

    Parameters
    ----------
    root
        The drop folder. It is held only while it is looked at: otherwise its share could not be unmounted.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._held: Directory | None = None
        self._here: tuple[str, Directory] | None = None

    @contextmanager
    def held(self) -> Iterator[Directory]:
        """Hold the folder, so that all that is looked at meanwhile is in the same one; OSError if it is not there."""
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
        """Hold one of its directories while that is read; OSError if it is not there."""
        with self.held() as root, root.below(directory) as here:
            self._here = (directory, here)
            try:
                yield here
            finally:
                self._here = None

    def stat(self, path: str) -> Stat:
        """Return what a file is like.

        Raises
        ------
        OSError
            If it cannot be told; FileNotFoundError also for what is not a regular file, or not in the folder.
        """
        directory, name = posixpath.split(path)
        found = None
        if self._here is not None and self._here[0] == directory:  # which is fast, and there are many
            found = self._here[1].itself(name)
        if found is None or modes.S_ISLNK(found.st_mode):
            with self.held() as root:
                found = root.stat(path)
        if not modes.S_ISREG(found.st_mode):
            raise FileNotFoundError(path)
        return stat_of(found)

    def open(self, path: str) -> RegularFile:
        """Open a file; raises as `stat` does, but IsADirectoryError for what is not a regular file."""
        with self.held() as root:
            return root.open(path)

    def leads_out(self, path: str) -> bool:
        """Tell whether a link leads out of the folder."""
        with suppress(OSError), self.held() as root:
            try:
                root.stat(path)
            except LeadsOut:
                return True
        return False
