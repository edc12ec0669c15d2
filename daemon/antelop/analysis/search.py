"""The scripts of analysis folders, found by descriptors, so that what is asked about is what is read.

From the root on, each step of a path is opened in the step before it, without following links, and asked who could change it;
a link is followed by its text, from where it is. Nothing is looked up twice: whatever is exchanged meanwhile, a script that was
read is the one that was asked about.
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
"""How many links a path may lead through, as in Linux (path_resolution(7))."""

LARGEST = 4 << 20
"""Bytes of a script: far more than a person writes."""


@dataclass(frozen=True)
class Source:
    """A script as it was found.

    Attributes
    ----------
    name
        By its folder: ``script`` or ``folder.script``.
    path
        Where it is.
    version
        What changes whenever its file does.
    content
        What it holds; empty unless it was to be read.
    """

    name: str
    path: Path
    version: tuple[int, ...]
    content: bytes


class Search:
    """One look at analysis folders.

    Scripts are the ``*.py`` of a folder and its sub-folders. What begins with a dot or an underscore is left out; links to
    scripts are followed, and links to sub-folders are not. A folder that is not trusted is not listed.

    Parameters
    ----------
    trust
        Who is trusted.
    read
        Whether scripts are read.

    Attributes
    ----------
    sources
        The scripts, in the order of their names, those of a folder before those of its sub-folders.
    untrusted
        Who could change what was found, and is not trusted.
    unreadable
        What could not be looked at, by the name of a script or the path of a folder.
    """

    def __init__(self, trust: Trust, *, read: bool) -> None:
        self.sources: list[Source] = []
        self.untrusted: list[Problem] = []
        self.unreadable: dict[str, Problem] = {}
        self._trust = trust
        self._read = read
        self._asked: dict[tuple[Path, bool], bool] = {}

    def look(self, folder: Path) -> None:
        """Look for scripts in a folder."""
        with self._telling("analysis_folder", folder), self._followed(folder) as (held, trusted):
            if trusted:
                self._list(folder, PurePath(), held)

    def _list(self, folder: Path, inside: PurePath, parent: int) -> None:
        """Take in the scripts of a folder that is held, and look into its sub-folders."""
        with ExitStack() as opened:
            held = opened.enter_context(_opened(".", os.O_RDONLY | os.O_DIRECTORY, parent))
            with os.scandir(held) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
            named = [entry for entry in entries if not entry.name.startswith((".", "_"))]
            folders = [entry.name for entry in named if entry.is_dir(follow_symlinks=False)]
            for name in (entry.name for entry in named):
                if name.endswith(".py") and name not in folders:
                    self._take(folder, inside / name, held)
            for name in folders:
                path = folder / inside / name
                with self._telling("analysis_folder", path), _opened(name, os.O_PATH | os.O_DIRECTORY, held) as found:
                    if self._ask(path, found, searched=True):
                        self._list(folder, inside / name, found)

    def _take(self, folder: Path, inside: PurePath, parent: int) -> None:
        """Take in a script, through links if it is one."""
        path, name = folder / inside, ".".join(inside.with_suffix("").parts)
        with self._telling("analysis_script", path, name), ExitStack() as opened:
            held = opened.enter_context(_opened(inside.name, os.O_PATH, parent))
            if stat.S_ISLNK(os.fstat(held).st_mode):
                held, _ = opened.enter_context(self._followed(path))
            else:
                self._ask(path, held, searched=True)
            info = os.fstat(held)
            if not stat.S_ISREG(info.st_mode):
                raise OSError(errno.EINVAL, "it is no file")
            if info.st_size > LARGEST:
                raise OSError(errno.EFBIG, f"it has {info.st_size:,} bytes, and a script no more than {LARGEST:,}")
            content = b""
            if self._read:  # through what is held: a descriptor that only names a file cannot be read from
                with open(f"/proc/self/fd/{held}", "rb") as file:  # noqa: PTH123  # a descriptor, and no path
                    content = file.read(LARGEST)
            version = (info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)
            self.sources.append(Source(name, path, version, content))

    @contextmanager
    def _followed(self, path: Path) -> Iterator[tuple[int, bool]]:
        """Hold what a path leads to; yield its descriptor, and whether every step on the way is trusted."""
        with ExitStack() as opened:
            way = [(Path("/"), opened.enter_context(_opened("/", os.O_PATH | os.O_DIRECTORY)))]
            names = [*reversed(path.absolute().parts[1:])]
            trusted, links = self._ask(*way[0], searched=not names), 0
            while names:
                name = names.pop()
                if name == "..":
                    del way[max(1, len(way) - 1) :]
                    continue
                place = way[-1][0] / name
                held = opened.enter_context(_opened(name, os.O_PATH, way[-1][1]))
                trusted &= self._ask(place, held, searched=not names)
                if not stat.S_ISLNK(os.fstat(held).st_mode):
                    way.append((place, held))
                    continue
                links += 1
                if links > LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                target = PurePath(os.readlink("", dir_fd=held))
                if target.is_absolute():
                    del way[1:]
                names += reversed(target.parts[target.is_absolute() :])
            yield way[-1][1], trusted

    def _ask(self, path: Path, held: int, *, searched: bool) -> bool:
        """Tell whether what is held is trusted, and note once why not."""
        if (path, searched) not in self._asked:
            problems = self._trust.problems(path, held, searched=searched)
            self.untrusted += problems
            self._asked[path, searched] = not problems
        return self._asked[path, searched]

    @contextmanager
    def _telling(self, check: str, path: Path, name: str = "") -> Iterator[None]:
        """Note what the system does not let this user look at, and go on."""
        try:
            yield
        except OSError as error:
            remedy = "Make it readable for this user, or mend [analysis] folders in the configuration"
            self.unreadable[name or str(path)] = Problem(check, str(path), f"it cannot be read: {error.strerror}", remedy)


@contextmanager
def _opened(name: str, flags: int, parent: int | None = None) -> Iterator[int]:
    """Hold what is in a folder by this name, itself if it is a link."""
    held = os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        yield held
    finally:
        os.close(held)
