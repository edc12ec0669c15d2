"""One look at a drop folder: which deliveries are ready to be ingested, and what waits, with the reason."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from antelop.dropfolder.completeness import unfinished
from antelop.dropfolder.delivery import Delivery, Found, Note, pair, proven, unsettled
from antelop.dropfolder.finished import Finished
from antelop.dropfolder.inotify import Hints
from antelop.dropfolder.inotify_instance import Inotify
from antelop.dropfolder.messages import Folder, Health, Released, Update, Withdrawn
from antelop.dropfolder.presence import MOUNTS
from antelop.dropfolder.settle import Settling, Stat
from antelop.dropfolder.snapshot import View
from antelop.dropfolder.waiting import Reason, Waiting
from antelop.wording import as_span

RETRY = 5.0
"""Seconds between two looks for a folder that is missing."""

SOONEST = 0.1
"""Minimum number of seconds between two looks at files that have not settled, however short the settle time is."""

_RESTLESS = {Reason.UNSETTLED, Reason.GROWING, Reason.LOCKED}
"""Reasons that can end at any time without an event, so their files are looked at often. An event or a scan ends the others."""


class Inbox:
    """The state of one drop folder between looks. It has no clock and never waits.

    Parameters
    ----------
    folder
        The drop folder.
    finished
        The finished deliveries from this folder, which a look passes over.
    beat
        Called at intervals during a long look, to show that the process is alive.
    inotify
        The inotify instance, which other folders may share; None: a separate instance.
    mounts
        File in which the kernel lists the mounted filesystems.

    Attributes
    ----------
    next_look
        Time of the next look in monotonic seconds, unless a hint comes before.
    """

    def __init__(
        self,
        folder: Folder,
        finished: Finished,
        beat: Callable[[], None] = lambda: None,
        inotify: Inotify | None = None,
        mounts: Path = MOUNTS,
    ) -> None:
        self.next_look = 0.0
        self._folder = folder
        self._finished = finished
        self._beat = beat
        self._view = View(folder, finished, beat, mounts, inotify or Inotify())
        self._settling = Settling(self._view.settle)
        self._required: dict[str, tuple[str, ...]] = {}
        self._announced: dict[str, Delivery] = {}
        self._waiting: dict[str, Waiting] = {}
        self._health: Health | None = None

    @property
    def hints(self) -> Hints | None:
        """The hints of inotify about the folder; None if it is polled."""
        return self._view.hints

    def due(self, rested: float) -> float:
        """Return the time of the next look in monotonic seconds, at the earliest `rested`, which it is if there is a hint."""
        hinted = self.hints is not None and self.hints.pending
        return rested if hinted else max(rested, self.next_look)

    def look(self, now: float) -> list[Update]:
        """Look into the folder, and return what has changed since the last look.

        Parameters
        ----------
        now
            Monotonic seconds.
        """
        # A folder that cannot be read keeps its last known contents: a lost share must not withdraw its deliveries.
        view, updates = self._view, list[Update]()
        paused = view.renew(now, self._restless())
        if paused is None:
            self._settling.seconds = view.settle
            updates += self._judge(now)
            # Files that have not settled need looks several times per settle time, between the scans of everything.
            pulse = now + max(SOONEST, min(view.settle, 1.0), view.settle / 10)
            self.next_look = min(view.scan_due, pulse) if self._restless() else view.scan_due
        else:
            self.next_look = now + RETRY
        # Report the health only when it differs, so that an unchanged folder sends no messages.
        health = Health(
            paused=paused,
            watching="polling" if view.hints is None else "events",
            because=view.because,
            settle=view.settle,
            scanned=view.scanned,
            entries=view.listing.entries,
            identity=view.identity,
        )
        if health != self._health:
            self._health = health
            updates.append(health)
        return updates

    def finish(self, delivery_ids: Iterable[str]) -> None:
        """Mark these deliveries as finished, so that looks pass them over."""
        for delivery_id in delivery_ids:
            self._finished.add(delivery_id)
            self._announced.pop(delivery_id, None)
            self._required.pop(delivery_id, None)

    def forget(self, delivery_ids: Iterable[str]) -> None:
        """Announce these deliveries again if their files are still in the folder."""
        for delivery_id in delivery_ids:
            self._finished.discard(delivery_id)
            self._announced.pop(delivery_id, None)
        # The listing has left out the files of finished deliveries: only a scan of everything finds them again.
        self.next_look = self._view.scan_due = 0.0

    def require(self, delivery_id: str, paths: Iterable[str]) -> None:
        """Announce a delivery again when these files have settled too; a finished delivery is announced again as well.

        Parameters
        ----------
        delivery_id
            Id of the delivery.
        paths
            Paths of the files, relative to the drop folder. The delivery does not wait for a missing file: a check reports it.
        """
        self._required[delivery_id] = tuple(paths)
        self._announced.pop(delivery_id, None)
        self.next_look = 0.0
        if bytes.fromhex(delivery_id[:16]) in self._finished:
            self.forget([delivery_id])

    def close(self) -> None:
        """Release the folder and its watches."""
        self._view.close()

    def _restless(self) -> list[str]:
        """Return the files that wait for a reason that can end at any time."""
        return [path for path, waiting in self._waiting.items() if waiting.reason in _RESTLESS]

    def _judge(self, now: float) -> Iterator[Update]:
        """Pair the files of the folder, and yield what differs from the last look."""
        # `seen` has every file that this look observes, because the settle times of all other files are forgotten at its end.
        seen: dict[str, Found] = {}

        def observe(path: str, stat: Stat) -> Found:
            seen[path] = Found(path, stat, self._settling.observe(path, stat, now))
            return seen[path]

        nwbs: dict[str, Found] = {}
        notes: list[Note] = []
        waiting: dict[str, Waiting] = {}
        ready: dict[str, Delivery] = {}
        for shelf in self._view.shelves.values():
            nwbs.update((path, observe(path, stat)) for path, stat in shelf.nwbs.items())
            notes += [Note(observe(path, text.stat), text.document, text.manifest) for path, text in shelf.texts.items()]
            for path, (reason, facts) in shelf.odd.items():
                since = self._waiting[path].since if path in self._waiting else now
                waiting[path] = Waiting(path, reason, since, facts)
        # Only files that are paired and have settled are opened, because opening a file costs more than listing it.
        for outcome in pair(self._folder.name, nwbs, notes, self._settling.seconds):
            examined = self._examine(outcome, seen, observe, now) if isinstance(outcome, Delivery) else outcome
            if isinstance(examined, Waiting):
                waiting[examined.path] = examined
            elif examined is not None:
                ready[examined.delivery_id] = examined
        self._settling.keep(seen)
        # Only differences are yielded. A delivery is withdrawn before its replacement is announced, so that no file has two.
        yield from (Released(path) for path in self._waiting.keys() - waiting.keys())
        yield from (said for path, said in waiting.items() if said != self._waiting.get(path))
        for delivery_id in self._announced.keys() - ready.keys():
            withdrawn = self._announced[delivery_id]
            yield Withdrawn(delivery_id, withdrawn.manifest_path, withdrawn.nwb_path)
        yield from (delivery for delivery_id, delivery in ready.items() if delivery != self._announced.get(delivery_id))
        self._waiting, self._announced = waiting, ready

    def _examine(
        self, delivery: Delivery, seen: Mapping[str, Found], observe: Callable[[str, Stat], Found], now: float
    ) -> Delivery | Waiting | None:
        """Open the files of a delivery; return it if it is ready, the reason if it waits, None if it is finished."""
        if delivery.stamp in self._finished:
            return None
        if not delivery.nwb_path:  # the manifest is rejected, and there is no other file to examine
            return delivery
        # A video that is still being copied would be ingested incomplete.
        videos = [observe(path, stat) for path, stat in self._videos(delivery)]
        for video in videos:
            if waits := unsettled(video, self._settling.seconds, delivery.nwb_path, delivery.manifest_path):
                return waits
        delivery = replace(delivery, videos=tuple(video.file for video in videos))
        # An announced delivery has been examined before; later changes show in its id.
        if delivery.delivery_id in self._announced:
            return delivery
        return self._hindrance(delivery, seen[delivery.nwb_path], seen[delivery.manifest_path], now) or delivery

    def _videos(self, delivery: Delivery) -> Iterator[tuple[str, Stat]]:
        """Yield path and status of each required file that exists."""
        for path in self._required.get(delivery.delivery_id, ()):
            with suppress(OSError):
                yield path, self._view.listing.files.stat(path)

    def _hindrance(self, delivery: Delivery, nwb: Found, manifest: Found, now: float) -> Waiting | None:
        """Return why two files that have settled still wait, or None if they are ready."""
        # Opening may take long on a slow share, so first report that the process is alive.
        self._beat()
        files = self._view.listing.files
        reason: Reason | None = None
        facts: Mapping[str, Any] = {}
        try:
            manifest_stat, nwb_stat = files.stat(manifest.path), files.stat(nwb.path)
            if not proven(delivery.manifest):
                with files.open(nwb.path) as file:
                    nwb_stat, reason, facts = unfinished(file.descriptor, locks=not self._view.network)
            changed = (manifest_stat, nwb_stat) != (manifest.stat, nwb.stat)
        except FileNotFoundError:
            changed = True
        except OSError as error:
            changed, reason, facts = False, Reason.UNREADABLE, {"error": error.strerror}
        # A file that differs from its listing is changing: list its directory again, and restart the settle time.
        if changed:
            self._view.suspect(manifest.path)
            self._view.suspect(nwb.path)
            reason, facts = Reason.UNSETTLED, {"settle": as_span(self._settling.seconds), "changed": now}
        return reason and Waiting(nwb.path, reason, nwb.progress.seen, facts, (manifest.path,))
