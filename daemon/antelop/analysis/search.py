"""The search for the scripts of analysis folders, by descriptors, so that the file that is checked is the file that is read.

Each part of a path, from the root on, is opened relative to the part before it, without following links, and its permissions
are checked. A link is followed by reading its target. No path is resolved twice, so a script that another process exchanges
during the search cannot be read without its check.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath

from antelop.analysis.permissions import Trust
from antelop.errors import Problem

LINKS = 40
"""Largest number of links on a path, as in Linux (path_resolution(7))."""

LARGEST = 4 << 20
"""Largest size of a script in bytes: far more than a person writes."""


@dataclass(frozen=True)
class Source:
    """A script as it was found.

    Attributes
    ----------
    name
        Its dotted name: ``script``, or ``folder.script`` in a sub-folder.
    path
        Its path.
    version
        Numbers of its status, of which one differs after the file was changed or replaced.
    content
        Its content; empty if scripts are not read.
    """

    name: str
    path: Path
    version: tuple[int, ...]
    content: bytes


class Search:
    """One search through analysis folders.

    Scripts are the files ``*.py`` of a folder and its sub-folders, except those whose names begin with a dot or an underscore.
    Links to scripts are followed, and links to sub-folders are not. A folder that is not trusted is not listed.

    Parameters
    ----------
    trust
        The users and groups that may change scripts.
    read
        Whether scripts are read, and not only found.

    Attributes
    ----------
    sources
        The scripts in the order of their names, those of a folder before those of its sub-folders.
    untrusted
        Problems of files and folders that users who are not trusted could change.
    unreadable
        Problems of scripts and folders that cannot be read, by the name of the script or the path of the folder.
    """

    def __init__(self, trust: Trust, *, read: bool) -> None:
        self.sources: list[Source] = []
        self.untrusted: list[Problem] = []
        self.unreadable: dict[str, Problem] = {}
        self._trust = trust
        self._read = read
        self._verdicts: dict[tuple[Path, bool], bool] = {}

    def look(self, folder: Path) -> None:
        """Add the scripts of a folder and its sub-folders."""
        with self._recording("analysis_folder", folder), self._followed(folder) as (held, trusted):
            if trusted:
                self._list(folder, PurePath(), held)

    def _list(self, folder: Path, inside: PurePath, parent: int) -> None:
        """Add the scripts of an open folder, and those of its sub-folders."""
        with ExitStack() as opened:
            held = opened.enter_context(_opened(".", os.O_RDONLY | os.O_DIRECTORY, parent))
            with os.scandir(held) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
            named = [entry for entry in entries if not entry.name.startswith((".", "_"))]
            folders = [entry.name for entry in named if entry.is_dir(follow_symlinks=False)]
            for name in (entry.name for entry in named):
                if name.endswith(".py") and name not in folders:
                    self._add(folder, inside / name, held)
            # A sub-folder is listed only if it is trusted: others could add scripts to it.
            for name in folders:
                path = folder / inside / name
                with self._recording("analysis_folder", path), _opened(name, os.O_PATH | os.O_DIRECTORY, held) as found:
                    if self._is_trusted(path, found, searched=True):
                        self._list(folder, inside / name, found)

    def _add(self, folder: Path, inside: PurePath, parent: int) -> None:
        """Add a script; if it is a link, the file that it leads to."""
        path, name = folder / inside, ".".join(inside.with_suffix("").parts)
        with self._recording("analysis_script", path, name), ExitStack() as opened:
            held = opened.enter_context(_opened(inside.name, os.O_PATH, parent))
            # All checks use this descriptor, because another file may get the name after a check.
            if stat.S_ISLNK(os.fstat(held).st_mode):
                held, _ = opened.enter_context(self._followed(path))
            else:
                self._is_trusted(path, held, searched=True)
            info = os.fstat(held)
            if not stat.S_ISREG(info.st_mode):
                raise OSError(errno.EINVAL, "it is not a file")
            if info.st_size > LARGEST:
                raise OSError(errno.EFBIG, f"it has {info.st_size:,} bytes, and a script no more than {LARGEST:,}")
            content = b""
            if self._read:  # by the checked descriptor; one of O_PATH cannot be read directly
                with open(f"/proc/self/fd/{held}", "rb") as file:  # noqa: PTH123  # opens a descriptor, not a path
                    content = file.read(LARGEST)
            # With ctime, which no user can set: a script that was changed and given its old times is another version.
            version = (info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)
            self.sources.append(Source(name, path, version, content))

    @contextmanager
    def _followed(self, path: Path) -> Iterator[tuple[int, bool]]:
        """Open the file or folder that a path leads to; yield its descriptor, and whether every part of the path is trusted."""
        with ExitStack() as opened:
            way = [(Path("/"), opened.enter_context(_opened("/", os.O_PATH | os.O_DIRECTORY)))]
            # `way` holds the open folders from the root to the current one, `names` the parts that are still ahead.
            names = [*reversed(path.absolute().parts[1:])]
            trusted, links = self._is_trusted(*way[0], searched=not names), 0
            while names:
                name = names.pop()
                if name == "..":
                    del way[max(1, len(way) - 1) :]
                    continue
                place = way[-1][0] / name
                held = opened.enter_context(_opened(name, os.O_PATH, way[-1][1]))
                trusted &= self._is_trusted(place, held, searched=not names)
                if not stat.S_ISLNK(os.fstat(held).st_mode):
                    way.append((place, held))
                    continue
                links += 1
                if links > LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                # The target of a link is walked in the same way, so that each of its parts is checked too.
                target = PurePath(os.readlink("", dir_fd=held))
                if target.is_absolute():
                    del way[1:]
                names += reversed(target.parts[target.is_absolute() :])
            yield way[-1][1], trusted

    def _is_trusted(self, path: Path, held: int, *, searched: bool) -> bool:
        """Tell whether an open file or folder is trusted; add its problems once."""
        if (path, searched) not in self._verdicts:
            problems = self._trust.problems(path, held, searched=searched)
            self.untrusted += problems
            self._verdicts[path, searched] = not problems
        return self._verdicts[path, searched]

    @contextmanager
    def _recording(self, check: str, path: Path, name: str = "") -> Iterator[None]:
        """Record an OSError of the block as the problem of a script or folder, and continue."""
        try:
            yield
        except OSError as error:
            remedy = "Make it readable for this user, or correct [analysis] folders in the configuration"
            self.unreadable[name or str(path)] = Problem(check, str(path), f"it cannot be read: {error.strerror}", remedy)


@contextmanager
def _opened(name: str, flags: int, parent: int | None = None) -> Iterator[int]:
    """Open the entry of a folder with this name until the block ends; a link is not followed."""
    held = os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        yield held
    finally:
        os.close(held)
