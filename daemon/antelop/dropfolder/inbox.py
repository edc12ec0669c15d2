"""One look at a drop folder: what is ready to be ingested, what waits, and why."""

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
"""Seconds from one look for a folder that is not there to the next."""

SOONEST = 0.1
"""Seconds from one look at what may settle to the next at least, however short the settle time is."""

_RESTLESS = {Reason.UNSETTLED, Reason.GROWING, Reason.LOCKED}
"""What may end at any time. Everything else ends with an event, or is found to have ended by a scan."""


class Inbox:
    """What is known of one drop folder. It has no clock, and waits for nothing.

    Parameters
    ----------
    folder
        The drop folder.
    finished
        The deliveries from it that need no more attention.
    beat
        Called now and then during a long look.
    inotify
        What hints come from, for other folders too; None: an instance of its own.
    mounts
        Where the kernel lists what is mounted.

    Attributes
    ----------
    next_look
        When to look again, in monotonic seconds, if there is no hint before.
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
        """What inotify says of the folder; None if it is polled."""
        return self._view.hints

    def due(self, rested: float) -> float:
        """Return when to look again, in monotonic seconds, if that may not be before `rested`: at once if there is a hint."""
        hinted = self.hints is not None and self.hints.pending
        return rested if hinted else max(rested, self.next_look)

    def look(self, now: float) -> list[Update]:
        """Look into the folder, and return what has changed since the last look.

        Parameters
        ----------
        now
            Monotonic seconds.
        """
        view, updates = self._view, list[Update]()
        paused = view.renew(now, self._restless())
        if paused is None:
            self._settling.seconds = view.settle
            updates += self._judge(now)
            pulse = now + max(SOONEST, min(view.settle, 1.0), view.settle / 10)
            self.next_look = min(view.scan_due, pulse) if self._restless() else view.scan_due
        else:
            self.next_look = now + RETRY
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
        """Pass these deliveries over from now on."""
        for delivery_id in delivery_ids:
            self._finished.add(delivery_id)
            self._announced.pop(delivery_id, None)
            self._required.pop(delivery_id, None)

    def forget(self, delivery_ids: Iterable[str]) -> None:
        """Announce these deliveries again, if they are still there."""
        for delivery_id in delivery_ids:
            self._finished.discard(delivery_id)
            self._announced.pop(delivery_id, None)
        self.next_look = self._view.scan_due = 0.0

    def require(self, delivery_id: str, paths: Iterable[str]) -> None:
        """Announce a delivery again when these files have settled too, also one that was finished and is tried again.

        Parameters
        ----------
        delivery_id
            The delivery.
        paths
            Of the files, relative to the drop folder. One that is not there is not waited for: that is for a check to say.
        """
        self._required[delivery_id] = tuple(paths)
        self._announced.pop(delivery_id, None)
        self.next_look = 0.0
        if bytes.fromhex(delivery_id[:16]) in self._finished:
            self.forget([delivery_id])

    def close(self) -> None:
        """Let go of the folder."""
        self._view.close()

    def _restless(self) -> list[str]:
        return [path for path, waiting in self._waiting.items() if waiting.reason in _RESTLESS]

    def _judge(self, now: float) -> Iterator[Update]:
        """Pair what the folder holds, and yield what is different from what was said before."""
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
        for outcome in pair(self._folder.name, nwbs, notes, self._settling.seconds):
            examined = self._examine(outcome, seen, observe, now) if isinstance(outcome, Delivery) else outcome
            if isinstance(examined, Waiting):
                waiting[examined.path] = examined
            elif examined is not None:
                ready[examined.delivery_id] = examined
        self._settling.keep(seen)
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
        """Look at the files of a delivery themselves; return it if it is ready, None if it is finished."""
        if delivery.stamp in self._finished:
            return None
        if not delivery.nwb_path:  # the manifest is rejected, and nothing else is looked at
            return delivery
        videos = [observe(path, stat) for path, stat in self._videos(delivery)]
        for video in videos:
            if waits := unsettled(video, self._settling.seconds, delivery.nwb_path, delivery.manifest_path):
                return waits
        delivery = replace(delivery, videos=tuple(video.file for video in videos))
        if delivery.delivery_id in self._announced:
            return delivery
        return self._hindrance(delivery, seen[delivery.nwb_path], seen[delivery.manifest_path], now) or delivery

    def _videos(self, delivery: Delivery) -> Iterator[tuple[str, Stat]]:
        for path in self._required.get(delivery.delivery_id, ()):
            with suppress(OSError):
                yield path, self._view.listing.files.stat(path)

    def _hindrance(self, delivery: Delivery, nwb: Found, manifest: Found, now: float) -> Waiting | None:
        """Return what keeps two files that have settled from being a delivery."""
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
        if changed:
            self._view.suspect(manifest.path)
            self._view.suspect(nwb.path)
            reason, facts = Reason.UNSETTLED, {"settle": as_span(self._settling.seconds), "changed": now}
        return reason and Waiting(nwb.path, reason, nwb.progress.seen, facts, (manifest.path,))
