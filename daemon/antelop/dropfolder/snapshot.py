"""What a drop folder holds, kept up to date by scans and by what inotify says."""

import errno
import posixpath
from collections.abc import Callable, Iterable
from pathlib import Path

from antelop.dropfolder.contents import Shelf, Shelves
from antelop.dropfolder.finished import Finished
from antelop.dropfolder.inotify import Hints
from antelop.dropfolder.inotify_instance import Inotify
from antelop.dropfolder.listing import Listing
from antelop.dropfolder.messages import Folder
from antelop.dropfolder.presence import Identity, Presence

SETTLE, SETTLE_ON_NETWORK = 10.0, 60.0
"""The settle time in seconds. What a network filesystem says of a file may be a minute old (``acregmax`` in nfs(5))."""

SCAN_WITH_EVENTS, SCAN_POLLING = 60.0, 10.0
"""Seconds from one scan of everything to the next."""

_EXHAUSTED = {errno.ENOSPC, errno.EMFILE, errno.ENOMEM}
"""How the kernel says that it watches no more (inotify(7))."""


class View:
    """A drop folder on disk.

    Parameters
    ----------
    folder
        The drop folder.
    finished
        The deliveries to be passed over.
    beat
        Called now and then during a long scan.
    mounts
        Where the kernel lists what is mounted.
    inotify
        What hints come from.

    Attributes
    ----------
    shelves
        What it held when it was last there.
    hints
        Which of its directories may have changed; None if it is polled.
    because
        Why it is polled, if that was not asked for; else empty.
    network
        Whether it is on a network filesystem.
    scan_due
        When all of it is to be scanned again, in monotonic seconds.
    scanned
        When all of it was last scanned, or None.
    """

    def __init__(self, folder: Folder, finished: Finished, beat: Callable[[], None], mounts: Path, inotify: Inotify) -> None:
        self.shelves: Shelves = {}
        self.hints: Hints | None = None
        self.because = ""
        self.network = False
        self.scan_due = 0.0
        self.scanned: float | None = None
        self.listing = Listing(folder, finished, self._enter, beat)
        self._folder = folder
        self._inotify = inotify
        self._presence = Presence(folder.path, folder.sentinel, folder.known, mounts)
        self._identity: Identity | None = None
        self._stale: set[str] = set()

    @property
    def identity(self) -> Identity | None:
        """What the folder was when it was last there, or None."""
        return self._presence.identity

    @property
    def settle(self) -> float:
        """The settle time in seconds."""
        if self._folder.settle is not None:
            return self._folder.settle
        return SETTLE_ON_NETWORK if self.network else SETTLE

    def renew(self, now: float, restless: Iterable[str]) -> str | None:
        """Bring the shelves up to date.

        Parameters
        ----------
        now
            Monotonic seconds.
        restless
            Files to look at even if nothing hints at them.

        Returns
        -------
        str or None
            Why the folder cannot be looked into; the shelves stay as they were then.
        """
        absence = self._presence.absence()
        if absence is None:
            self._begin()
            try:
                shelves, everything = self._scan(now, restless)
            except OSError as error:
                absence = f"it cannot be read: {error.strerror}"
            else:  # if it went away meanwhile, then what was read is not what it holds
                absence = self._presence.absence()
        if absence is not None:
            self.close()
            return absence
        self.shelves, self._stale = shelves, set()
        if everything:
            self.scanned = now
            self.scan_due = now + (self._folder.scan or (SCAN_POLLING if self.hints is None else SCAN_WITH_EVENTS))
        return None

    def suspect(self, path: str) -> None:
        """Read the directory of a file again next time, since the file is not as it was listed."""
        self._stale.add(posixpath.dirname(path))

    def close(self) -> None:
        """Let go of the folder; next time it is taken up again."""
        self._identity = None
        self._drop_hints()

    def _begin(self) -> None:
        """Find out how to watch the folder, if it was not there the last time, or is on another filesystem now."""
        identity = self._presence.identity
        if identity is None or identity == self._identity:
            return
        self.close()
        self._identity, self.scan_due = identity, 0.0
        self.network = identity.mount.network
        silent = self._folder.watch == "auto" and self.network
        self.because = f"{identity.mount.kind} does not tell of changes that others make" if silent else ""
        if self._folder.watch != "poll" and not silent:
            try:
                self.hints = Hints(self._folder.path, self._inotify)
            except OSError as error:
                self._poll(error)

    def _enter(self, directory: str) -> None:
        """Watch a directory before it is read, so that nothing falls between the two."""
        try:
            if self.hints is not None:
                self.hints.watch(directory)
        except OSError as error:
            if error.errno not in _EXHAUSTED:
                raise
            self._poll(error)

    def _poll(self, error: OSError) -> None:
        self.because = f"inotify cannot be used: {error.strerror}"
        self._drop_hints()

    def _drop_hints(self) -> None:
        if self.hints is not None:
            self.hints.close()
            self.hints = None

    def _scan(self, now: float, restless: Iterable[str]) -> tuple[Shelves, bool]:
        """Read what may have changed; return what the folder holds, and whether all of it was read."""
        changed = self.hints.take() if self.hints is not None else set()
        if changed is None or now >= self.scan_due:
            return self.listing.scan(self.shelves, None, lambda _: True), True
        return self.listing.scan(self.shelves, changed | self._stale | self._look_again(restless), self._is_new), False

    def _is_new(self, directory: str) -> bool:
        return self.hints is not None and directory not in self.hints

    def _look_again(self, restless: Iterable[str]) -> set[str]:
        """See how these files are now; return the directories that must be read for it."""
        changed = set()
        for path in restless:
            directory = posixpath.dirname(path)
            shelf = self.shelves.get(directory, Shelf())
            try:
                stat = self.listing.files.stat(path)
            except OSError:
                changed.add(directory)
                continue
            if path in shelf.nwbs:
                shelf.nwbs[path] = stat
            elif path in shelf.texts and shelf.texts[path].stat != stat:
                changed.add(directory)
        return changed
