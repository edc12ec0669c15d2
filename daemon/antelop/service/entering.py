"""Updating the queue from the drop folders: the calls to the database, without the state of the service."""

import traceback
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime

import structlog

from antelop.database import Database
from antelop.dropfolder.delivery import Delivery
from antelop.errors import Misconfigured, Unavailable
from antelop.outcome import Outcome
from antelop.queue import deliveries, jobs
from antelop.queue.states import ANSWERED
from antelop.worker.events import DeliveryName, Done

log = structlog.get_logger()


@dataclass
class Entered:
    """What the database answers after the queue was updated.

    Attributes
    ----------
    withdrawn
        The deliveries that were withdrawn from the queue.
    arrived
        The deliveries that were enqueued, by id.
    states
        The state of each arrived delivery, by id.
    failed
        One event for each delivery that could not be enqueued.
    counts
        How many jobs there are of each status; None if that was not asked.
    waiting
        The deliveries that wait for their videos, and their folders; None likewise.
    """

    withdrawn: Collection[str]
    arrived: Mapping[str, Delivery]
    states: dict[str, str] = field(default_factory=dict)
    failed: list[Done] = field(default_factory=list)
    counts: Mapping[str, int] | None = None
    waiting: Mapping[str, str] | None = None


def enter(
    database: Database,
    departures: Collection[str],
    arrivals: Mapping[str, Delivery],
    count: Collection[str] | None,
    clock: Callable[[], datetime],
) -> Entered:
    """Update the queue. The call is idempotent: the service repeats it when the answer was lost.

    Parameters
    ----------
    departures
        The deliveries that were withdrawn.
    arrivals
        The new deliveries, by id.
    count
        The names of all folders, if jobs are to be counted.
    clock
        Returns the time by the wall clock, with its zone.

    Raises
    ------
    Unavailable
        If the database cannot be reached.
    """
    entered = Entered(departures, arrivals)
    # Withdrawals come first, so that no worker claims a delivery whose files are gone.
    for delivery_id in departures:
        deliveries.withdraw(database, delivery_id)
    # One query for all states: after a restart, most deliveries are in the ledger already and need no transaction each.
    known = deliveries.states(database, arrivals) if arrivals else {}
    for delivery_id, delivery in arrivals.items():
        before = known.get(delivery_id)
        entered.states[delivery_id] = before if before in ANSWERED else _enqueue(database, delivery, before, entered, clock)
    # The counts come last, so that they include what was just enqueued.
    if count is not None:
        entered.counts = jobs.counts(database)
        entered.waiting = dict(deliveries.waiting_for_videos(database, count))
    return entered


def _enqueue(
    database: Database, delivery: Delivery, before: str | None, entered: Entered, clock: Callable[[], datetime]
) -> str:
    """Enqueue a delivery; return its state after that."""
    name = DeliveryName(delivery.delivery_id, delivery.folder, delivery.manifest_path, delivery.nwb_path)
    try:
        state = deliveries.enqueue(database, delivery, clock())
    except (Unavailable, Misconfigured):
        raise
    except Exception as error:  # noqa: BLE001  # one delivery that cannot be enqueued must not block the others
        sentence = f"it cannot be entered into the ledger: {type(error).__name__}: {error}"
        outcome = Outcome.of("failed", sentence, clock())
        entered.failed.append(Done(name, "failed", outcome, traceback=traceback.format_exc()))
        return "failed"
    # A delivery is announced again after a restart, and must not be logged as new then.
    if before != "ready":
        log.info("delivered", **asdict(name))
    return state
