"""A worker in this process, with a lab and a drop folder from which it takes deliveries."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import pytest

from antelop.dropfolder.delivery import Delivery
from antelop.lab import Lab
from antelop.queue import deliveries, jobs
from antelop.worker import Worker
from antelop.worker.events import Done, Event
from tests.clocks import NOW
from tests.drops import Drop, hasten
from tests.labs import SCRIPT

LONG_AGO = datetime(2020, 1, 1)  # noqa: DTZ001  # as the database has it
"""Before this machine and the database were started."""


IN_A_CENTURY = datetime(2120, 1, 1)  # noqa: DTZ001  # likewise


Said = TypeVar("Said")


class Crash(BaseException):
    """The end of a process, as far as Python can show it."""


@dataclass
class Desk:
    """A lab with a drop folder, and a worker that takes from it.

    Attributes
    ----------
    events
        What the worker has said.
    """

    lab: Lab
    drop: Drop
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.worker = Worker(self.lab, self.events.append)

    def enqueue(self, delivery: Delivery) -> str:
        """Put a delivery into the queue."""
        return deliveries.enqueue(self.lab.database, delivery, NOW)

    def work(self, delivery: Delivery | None = None) -> Done:
        """Work on a delivery, or on what is in the queue, to the end of an attempt."""
        return self.work_to(Done, delivery)

    def work_to(self, kind: type[Said], delivery: Delivery | None = None) -> Said:
        """Work on a delivery, or on what is in the queue; return the last event, which is of this type."""
        if delivery is not None:
            assert self.enqueue(delivery) == "ready"
        hasten(self.lab)
        assert self.worker.work()
        return self.last(kind)

    def last(self, kind: type[Said]) -> Said:
        """Return the last event, which is of this type."""
        event = self.events[-1]
        assert isinstance(event, kind), event
        return event

    def said(self, kind: type[Said]) -> list[Said]:
        """Return the events of a type."""
        return [event for event in self.events if isinstance(event, kind)]

    def look_again(self) -> int:
        """Look at all that was rejected; return how many jobs there are then."""
        after: str | None = ""
        while after is not None:
            after = self.worker.reconsider(after)
        return jobs.counts(self.lab.database)["total"]

    def state(self, delivery: Delivery) -> str:
        """Return the state of a delivery."""
        return deliveries.states(self.lab.database, [delivery.delivery_id])[delivery.delivery_id]


@pytest.fixture
def desk(lab: Lab, drop: Drop) -> Desk:
    """Give a worker and what it works with."""
    return Desk(lab, drop)


BROKEN = SCRIPT.replace("return (", "return 1 / 0, (")
