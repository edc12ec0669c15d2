"""The contents of a drop folder, kept up to date by scans and by the hints of inotify."""

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
"""The settle time in seconds. A network filesystem may report a status that is one minute old (``acregmax`` in nfs(5))."""

SCAN_WITH_EVENTS, SCAN_POLLING = 60.0, 10.0
"""Seconds between two complete scans."""

_EXHAUSTED = {errno.ENOSPC, errno.EMFILE, errno.ENOMEM}
"""Errors by which the kernel refuses another watch (inotify(7))."""


class View:
    """The last known contents of a drop folder.

    Parameters
    ----------
    folder
        The drop folder.
    finished
        The finished deliveries, which scans leave out.
    beat
        Called at intervals during a long scan.
    mounts
        File in which the kernel lists the mounted filesystems.
    inotify
        The inotify instance that gives hints.

    Attributes
    ----------
    shelves
        Contents of the folder when it was last readable.
    hints
        The directories that may have changed; None if the folder is polled.
    because
        Why the folder is polled although the configuration does not ask for it; otherwise empty.
    network
        Whether the folder is on a network filesystem.
    scan_due
        Time of the next complete scan, in monotonic seconds.
    scanned
        Time of the last complete scan, in monotonic seconds, or None.
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
        """Last known identity of the folder, or None."""
        return self._presence.identity

    @property
    def settle(self) -> float:
        """The settle time in seconds."""
        if self._folder.settle is not None:
            return self._folder.settle
        return SETTLE_ON_NETWORK if self.network else SETTLE

    def renew(self, now: float, restless: Iterable[str]) -> str | None:
        """Update the shelves.

        Parameters
        ----------
        now
            Monotonic seconds.
        restless
            Files whose status is read even without a hint.

        Returns
        -------
        str or None
            Why the folder cannot be read, in which case the shelves stay unchanged; None if it was read.
        """
        # Check the identity first: an unmounted share looks like an empty folder, which would withdraw every delivery.
        absence = self._presence.absence()
        if absence is None:
            self._begin()
            try:
                shelves, everything = self._scan(now, restless)
            except OSError as error:
                absence = f"it cannot be read: {error.strerror}"
            else:  # if the share was unmounted during the scan, the result is not the folder's contents
                absence = self._presence.absence()
        # A share with an open directory cannot be unmounted.
        if absence is not None:
            self.close()
            return absence
        self.shelves, self._stale = shelves, set()
        if everything:
            self.scanned = now
            self.scan_due = now + (self._folder.scan or (SCAN_POLLING if self.hints is None else SCAN_WITH_EVENTS))
        return None

    def suspect(self, path: str) -> None:
        """Mark the directory of a file, so that the next look reads it again: the file differs from its listing."""
        self._stale.add(posixpath.dirname(path))

    def close(self) -> None:
        """Release the folder and its watches; the next `renew` sets them up again."""
        self._identity = None
        self._drop_hints()

    def _begin(self) -> None:
        """Decide how to watch the folder, if it was missing at the last look or has another identity now."""
        identity = self._presence.identity
        if identity is None or identity == self._identity:
            return
        self.close()
        self._identity, self.scan_due = identity, 0.0
        self.network = identity.mount.network
        # On a network filesystem inotify reports only the changes that this computer makes.
        silent = self._folder.watch == "auto" and self.network
        self.because = f"{identity.mount.kind} does not report changes that other computers make" if silent else ""
        if self._folder.watch != "poll" and not silent:
            try:
                self.hints = Hints(self._folder.path, self._inotify)
            except OSError as error:
                self._poll(error)

    def _enter(self, directory: str) -> None:
        """Watch a directory before it is read, so that no change between the two is lost."""
        try:
            if self.hints is not None:
                self.hints.watch(directory)
        except OSError as error:
            if error.errno not in _EXHAUSTED:
                raise
            self._poll(error)

    def _poll(self, error: OSError) -> None:
        """Change from inotify to polling."""
        self.because = f"inotify cannot be used: {error.strerror}"
        self._drop_hints()

    def _drop_hints(self) -> None:
        if self.hints is not None:
            self.hints.close()
            self.hints = None

    def _scan(self, now: float, restless: Iterable[str]) -> tuple[Shelves, bool]:
        """Read the directories that may have changed; return the folder's contents, and whether the scan was complete."""
        # Take the hints before reading: a change during the scan then gives a new hint.
        changed = self.hints.take() if self.hints is not None else set()
        if changed is None or now >= self.scan_due:
            return self.listing.scan(self.shelves, None, lambda _: True), True
        return self.listing.scan(self.shelves, changed | self._stale | self._look_again(restless), self._is_new), False

    def _is_new(self, directory: str) -> bool:
        """Return whether a directory has no watch yet, so that no hint covers what is in it."""
        return self.hints is not None and directory not in self.hints

    def _look_again(self, restless: Iterable[str]) -> set[str]:
        """Update the status of these files; return the directories that must be read again."""
        # An NWB file needs only its new status. A manifest that has changed must be parsed again.
        # Inotify reports no writes, because a growing file would cause thousands of events. So the few files that have not
        # settled are examined one by one.
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
