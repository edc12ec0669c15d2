"""The changes in the drop folders that the queue does not have yet."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import islice

from antelop.dropfolder import Withdrawn
from antelop.dropfolder.delivery import Delivery
from antelop.queue.states import ANSWERED
from antelop.service.entering import Entered

BATCH = 200
"""How many deliveries are entered in one call to the database."""


class Backlog:
    """New and withdrawn deliveries until the database has stored them, and deliveries that wait for their videos.

    Parameters
    ----------
    next_count
        When the jobs in the queue are counted next, in monotonic seconds.
    """

    def __init__(self, next_count: float) -> None:
        self.next_count = next_count
        self._arrivals: dict[str, Delivery] = {}
        self._departures: set[str] = set()
        self._awaited: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._arrivals or self._departures)

    @property
    def departures(self) -> tuple[str, ...]:
        """The withdrawn deliveries."""
        return tuple(self._departures)

    def batch(self) -> dict[str, Delivery]:
        """Return the next new deliveries, by id."""
        return dict(islice(self._arrivals.items(), BATCH))

    def add(self, update: Delivery | Withdrawn) -> None:
        """Add a change. A later change of the same delivery replaces an earlier one."""
        if isinstance(update, Delivery):
            self._arrivals[update.delivery_id] = update
            self._departures.discard(update.delivery_id)
            self._awaited.discard(update.delivery_id)
        else:
            self._arrivals.pop(update.delivery_id, None)
            self._departures.add(update.delivery_id)

    def forget(self, folder: str) -> None:
        """Forget the new deliveries of a folder, which announces them again."""
        self._arrivals = {key: delivery for key, delivery in self._arrivals.items() if delivery.folder != folder}

    def remove(self, entered: Entered) -> Mapping[str, list[str]]:
        """Remove what the database has stored; return those deliveries that already have their outcome, by folder."""
        self._departures.difference_update(entered.withdrawn)
        closed = defaultdict(list)
        for delivery_id, delivery in entered.arrived.items():
            if entered.states[delivery_id] in ANSWERED:
                closed[delivery.folder].append(delivery_id)
            # While the database was asked, the delivery may have been withdrawn, or announced again.
            if self._arrivals.get(delivery_id) is delivery:
                del self._arrivals[delivery_id]
        return closed

    def await_videos(self, delivery_id: str) -> None:
        """Note that a worker has reported which videos a delivery waits for."""
        self._awaited.add(delivery_id)

    def unreported(self, waiting: Iterable[str]) -> set[str]:
        """Return those of the deliveries in state ``waiting`` whose worker died before it reported their videos.

        Each is returned once: it has to be announced again, and then its next worker reports them.
        """
        waiting = set(waiting)
        unreported = waiting - self._awaited
        self._awaited = waiting
        return unreported
