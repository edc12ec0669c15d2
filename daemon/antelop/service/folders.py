"""The drop folders of a service, with what their watcher processes report about each."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import structlog

from antelop.config import FolderConfig
from antelop.dropfolder import Folder, Health, Released, Watcher, Withdrawn
from antelop.dropfolder.delivery import Delivery
from antelop.dropfolder.waiting import Waiting
from antelop.service.watchers import AGAIN, Watchers

log = structlog.get_logger()

NEW = "it is being scanned for the first time"
"""Why nothing can be taken from a folder of which the first scan is not complete."""


class Folders:
    """The drop folders.

    Attributes
    ----------
    configured
        The folders of the configuration, by name.
    absent
        The folders from which no delivery can be taken now, each with the reason.
    """

    def __init__(self, configured: Iterable[FolderConfig]) -> None:
        self.configured = {folder.name: folder for folder in configured}
        self.absent: dict[str, str] = {}
        self._watchers = Watchers()
        self._health: dict[str, Health] = {}
        self._waiting: dict[tuple[str, str], Waiting] = {}
        self._announced: set[tuple[str, str, float]] = set()

    @property
    def present(self) -> set[str]:
        """The folders from which deliveries can be taken."""
        return self._watchers.watched - self.absent.keys()

    def sources(self) -> list[Watcher]:
        """Return what `select` can wait for until a watcher has sent something."""
        return self._watchers.sources()

    def watch(self, finished: Callable[[str], Iterable[str]], now: float) -> None:
        """Start watching every folder that is not watched yet, or whose process was lost.

        Parameters
        ----------
        finished
            Returns the deliveries of a folder that have their outcome, and need not be announced.
        now
            Monotonic seconds.
        """
        folders = {
            name: Folder(name, folder.path, folder.watch, folder.settle, folder.recursive, folder.sentinel, folder.scan)
            for name, folder in self.configured.items()
        }
        self._forget(self._watchers.tend(folders, finished, now))

    def let_go(self, name: str) -> None:
        """Stop watching a folder. If it is watched again, its deliveries are announced again."""
        self._watchers.let_go(name)
        self._forget({name})

    def close(self) -> None:
        """Stop watching all folders."""
        self._watchers.close()

    def listen(self, now: float) -> Iterator[Delivery | Withdrawn]:
        """Note what the watchers report, and yield new and withdrawn deliveries."""
        for name, update in self._watchers.poll(now):
            match update:
                case Waiting():
                    self._waiting[name, update.path] = update
                case Released():
                    self._waiting.pop((name, update.path), None)
                case Health():
                    self._health[name] = update
                case Delivery() | Withdrawn():
                    yield update
        self._find_absent()

    def finish(self, name: str, delivery_ids: Iterable[str]) -> None:
        """See `Watcher.finish`."""
        if watcher := self._watchers.of(name):
            watcher.finish(name, delivery_ids)

    def forget(self, name: str, delivery_ids: Iterable[str]) -> None:
        """See `Watcher.forget`."""
        if watcher := self._watchers.of(name):
            watcher.forget(name, delivery_ids)

    def require(self, name: str, delivery_id: str, paths: Iterable[str]) -> None:
        """See `Watcher.require`."""
        if watcher := self._watchers.of(name):
            watcher.require(name, delivery_id, paths)

    def long_waits(self, now: float) -> Iterator[tuple[str, Waiting]]:
        """Yield each file that waits for longer than its folder allows (`announce`) once, with the name of the folder."""
        # A file that begins to wait anew has another `since`, and is announced again.
        waits = {(*key, waiting.since): waiting for key, waiting in self._waiting.items()}
        self._announced &= waits.keys()
        for key in sorted(waits.keys() - self._announced):
            name, _, since = key
            if now - since > self.configured[name].announce:
                self._announced.add(key)
                yield name, waits[key]

    def status(self, now: float, wall: datetime) -> dict[str, Any]:
        """Return, for JSON, the condition of the ``folders``, and the files ``waiting`` in them.

        Parameters
        ----------
        now
            Monotonic seconds.
        wall
            The same by the wall clock.
        """
        waiting = [
            {
                "folder": name,
                "path": path,
                "others": waits.others,
                "rule": waits.reason.name.lower(),
                "reason": waits.sentence(now),
                "since": (wall - timedelta(seconds=now - waits.since)).isoformat(timespec="seconds"),
            }
            for (name, path), waits in sorted(self._waiting.items())
        ]
        return {"folders": [self._status_of(name, folder, now) for name, folder in self.configured.items()], "waiting": waiting}

    def _status_of(self, name: str, folder: FolderConfig, now: float) -> dict[str, Any]:
        facts: dict[str, Any] = {"name": name, "path": str(folder.path), "absent": self.absent.get(name)}
        if health := self._health.get(name):
            facts |= {"watching": health.watching, "because": health.because, "settle": health.settle}
            scanned = None if health.scanned is None else round(now - health.scanned)
            facts |= {"scanned": scanned, "entries": health.entries}
        return facts

    def _forget(self, names: set[str]) -> None:
        """Forget what was reported about folders: it is reported again when they are watched again."""
        for name in names:
            self._health.pop(name, None)
        if names:
            self._waiting = {key: waiting for key, waiting in self._waiting.items() if key[0] not in names}

    def _find_absent(self) -> None:
        """Find the folders that cannot be read, or are not watched; log each change."""
        absent = {}
        for name in self.configured:
            health = self._health.get(name)
            if name in self._watchers.lost:
                absent[name] = self._watchers.lost[name]
            elif health is None:
                absent[name] = NEW
            elif health.paused:
                absent[name] = health.paused
        # A folder is absent for a moment after each start of its watcher, which is not worth a line of the log.
        for name, because in absent.items():
            if because not in (NEW, AGAIN, self.absent.get(name)):
                log.warning("folder_absent", folder=name, because=because)
        for name in sorted((self.absent.keys() - absent.keys()) & self._health.keys()):
            log.info("folder_there", folder=name, watching=self._health[name].watching, because=self._health[name].because)
        self.absent = absent
