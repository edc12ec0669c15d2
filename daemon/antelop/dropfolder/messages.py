"""A drop folder as configured, and what is told of it when something changes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from antelop.dropfolder.delivery import Delivery
from antelop.dropfolder.presence import Identity
from antelop.dropfolder.waiting import Waiting

NUMBER = 8
"""Bytes at the start of the standard input of a process that watches folders: it writes the number of the folder there that it
looks into, so that this is known even if it hangs. Zero: it looks into none."""


@dataclass(frozen=True)
class Folder:
    """A drop folder, as configured.

    Attributes
    ----------
    name, path
        What it is called, and where it is.
    watch
        Whether inotify is asked (``events``) or not (``poll``); ``auto``: unless it is on a network filesystem.
    settle
        The settle time in seconds; None: `view.SETTLE`, or `view.SETTLE_ON_NETWORK`.
    recursive
        Whether its sub-folders belong to it.
    sentinel
        Name of a file without which it is not what it should be, or None.
    scan
        Seconds from one scan of everything to the next; None: `view.SCAN_WITH_EVENTS`, or `view.SCAN_POLLING`.
    known
        What it was when it was last there, also for a process that watched it before; None: what is found first is accepted.
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
    """Something has ceased to wait: it is part of a delivery, waits under another path, or is gone."""

    path: str


@dataclass(frozen=True)
class Withdrawn:
    """A delivery that was announced, and is not finished, is not what lies in the folder any more."""

    delivery_id: str
    manifest_path: str
    nwb_path: str


@dataclass(frozen=True)
class Health:
    """How a folder fares.

    Attributes
    ----------
    paused
        Why it is not looked into, or None. What it was known to hold stands meanwhile.
    watching
        Whether changes are told by inotify, or found by scanning alone.
    because
        Why it is polled, if that was not asked for; else empty.
    settle
        The settle time in seconds.
    scanned
        When all of it was last scanned, in monotonic seconds, or None.
    entries
        How many files and directories that scan met.
    identity
        What it was when it was last there, or None.
    """

    paused: str | None
    watching: Literal["events", "polling"]
    because: str
    settle: float
    scanned: float | None
    entries: int
    identity: Identity | None


Update = Delivery | Withdrawn | Waiting | Released | Health
"""A `Delivery` is ready to be ingested; a `Waiting` takes the place of an earlier one for its path."""


@dataclass(frozen=True)
class News:
    """What has changed in a folder, which the process that watches it knows by this number."""

    number: int
    updates: tuple[Update, ...]
