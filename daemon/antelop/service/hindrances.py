"""What keeps all recordings, or those of a folder, from going in: announced when it lasts for too long, and when it is over."""

from collections.abc import Iterator
from dataclasses import dataclass

from antelop.service.folders import NEW, Folders
from antelop.service.pool import WorkerPool
from antelop.service.status import Status
from antelop.worker.events import Answered, Done, Event, Missing, Postponed, Skipped, Unanswered, VideosUnsettled


@dataclass(frozen=True)
class Hindrance:
    """One thing that keeps recordings, or their receipts, from being written.

    Attributes
    ----------
    title
        What it is, in a few words. While it lasts, its title stays the same.
    sentence
        What is known of it.
    announce
        How many seconds it may last before people are notified.
    """

    title: str
    sentence: str
    announce: float


class Hindrances:
    """Tells which hindrances people have to be notified of.

    Parameters
    ----------
    folders, pool, status
        The parts of the service that know of a hindrance.

    Attributes
    ----------
    unwritten
        Why the status cannot be written into the state directory; None if it can.
    """

    def __init__(self, folders: Folders, pool: WorkerPool, status: Status) -> None:
        self.unwritten: str | None = None
        self._folders, self._pool, self._status = folders, pool, status
        self._undone: dict[str, str] = {}
        self._unanswered: dict[str, tuple[str, str]] = {}
        self._reported: set[str] = set()
        self._since: dict[str, float] = {}
        self._announced: dict[str, Hindrance] = {}

    def note(self, event: Event) -> None:
        """Note from an event of a worker whether a delivery, or its receipt, waits for a disk or a share."""
        match event:
            # A receipt that cannot be written is reported before the attempt that it belongs to is done.
            case Postponed(delivery, sentence) | Unanswered(delivery, sentence):
                self._unanswered[delivery.delivery_id] = (delivery.folder, sentence)
                self._reported.add(delivery.delivery_id)
            case Done(delivery, outcome=outcome) if outcome.outcome == "unavailable":
                self._undone[delivery.delivery_id] = outcome.sentence
            case Done(delivery) | Answered(delivery) | Skipped(delivery) | Missing(delivery) | VideosUnsettled(delivery):
                self._undone.pop(delivery.delivery_id, None)
                if isinstance(event, Answered) or delivery.delivery_id not in self._reported:
                    self._unanswered.pop(delivery.delivery_id, None)
                self._reported.discard(delivery.delivery_id)

    def begun(self, now: float) -> Iterator[Hindrance]:
        """Yield each hindrance that lasts for too long, once; `now` is in monotonic seconds."""
        current = list(self._current())
        self._since = {each.title: self._since.get(each.title, now) for each in current}
        for each in current:
            if each.title not in self._announced and now - self._since[each.title] > each.announce:
                self._announced[each.title] = each
                yield each

    def ended(self) -> list[Hindrance]:
        """Return, once, each announced hindrance that is over; call it after `begun`."""
        over = self._announced.keys() - self._since.keys()
        return [self._announced.pop(title) for title in sorted(over)]

    def _current(self) -> Iterator[Hindrance]:
        """Yield what is in the way now, each title once."""
        folders = self._folders.configured
        announce = min((folder.announce for folder in folders.values()), default=0.0)
        database = self._status.database or self._pool.refused
        if database is not None:
            yield Hindrance("the database cannot be used", database, announce)
        elif not any(worker.ready for worker in self._pool.workers):
            sentence = "nothing is ingested, because no worker process runs: the log says how the last ones ended"
            yield Hindrance("no worker runs", sentence, announce)
        if self._status.analysis is not None:
            yield Hindrance("the analysis folder is not trusted", self._status.analysis, announce)
        if self.unwritten is not None:
            yield Hindrance("the state cannot be written", self.unwritten, announce)
        for name, because in self._folders.absent.items():
            if name in folders and because != NEW:
                yield Hindrance(f"folder {name} is away", because, folders[name].announce)
        # One sentence says it for all deliveries: the disk is full for each of them.
        if self._undone:
            yield Hindrance("recordings wait", next(iter(self._undone.values())), announce)
        for name, sentence in dict(self._unanswered.values()).items():
            if name in folders:
                yield Hindrance(f"receipts in {name} cannot be written", sentence, folders[name].announce)
