"""A drop folder as configured, and the messages about its changes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from antelop.dropfolder.delivery import Delivery
from antelop.dropfolder.presence import Identity
from antelop.dropfolder.waiting import Waiting

NUMBER = 8
"""Size in bytes of the field at the start of a watcher's standard input. The watcher writes there the number of the folder that
it looks into, so that the service knows it even if the watcher hangs. Zero: it looks into none."""


@dataclass(frozen=True)
class Folder:
    """A drop folder, as configured.

    Attributes
    ----------
    name, path
        Name and location of the folder.
    watch
        Whether inotify is used (``events``) or not (``poll``); ``auto``: it is used except on a network filesystem.
    settle
        The settle time in seconds; None: `snapshot.SETTLE`, or `snapshot.SETTLE_ON_NETWORK`.
    recursive
        Whether the sub-folders belong to the drop folder.
    sentinel
        Name of a file without which the share counts as not mounted, or None.
    scan
        Seconds between two complete scans; None: `snapshot.SCAN_WITH_EVENTS`, or `snapshot.SCAN_POLLING`.
    known
        Last known identity of the folder, perhaps from an earlier watcher; None: the first folder that is found is accepted.
    """

    name: str
    path: Path
    watch: Literal["auto", "events", "poll"] = "auto"
    settle: float | None = None
    recursive: bool = True
    sentinel: str | None = None
    scan: float | None = None
    known: Identity | None = None


@dataclass(frozen=True)
class Released:
    """A path has stopped waiting: it is part of a delivery, waits under another path, or was removed."""

    path: str


@dataclass(frozen=True)
class Withdrawn:
    """An announced delivery that is not finished has changed or was removed from the folder."""

    delivery_id: str
    manifest_path: str
    nwb_path: str


@dataclass(frozen=True)
class Health:
    """The condition of a folder.

    Attributes
    ----------
    paused
        Why the folder cannot be read, or None. Its last known contents stay valid until it can be read again.
    watching
        Whether inotify reports changes, or only scans find them.
    because
        Why the folder is polled although the configuration does not ask for it; otherwise empty.
    settle
        The settle time in seconds.
    scanned
        Time of the last complete scan in monotonic seconds, or None.
    entries
        Number of files and directories in that scan.
    identity
        Last known identity of the folder, or None.
    """

    paused: str | None
    watching: Literal["events", "polling"]
    because: str
    settle: float
    scanned: float | None
    entries: int
    identity: Identity | None


Update = Delivery | Withdrawn | Waiting | Released | Health
"""A message: a `Delivery` is ready to be ingested; a `Waiting` replaces an earlier one for the same path."""


@dataclass(frozen=True)
class News:
    """The changes of a folder, which service and watcher identify by this number."""

    number: int
    updates: tuple[Update, ...]
