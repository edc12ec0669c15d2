"""The events of workers as lines of the log: one line for each event, with the id of the delivery that it is about."""

import logging
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import structlog

from antelop.outcome import Outcome
from antelop.worker import events
from antelop.worker.events import DeliveryName, Event

_LINES: Mapping[type[Event], tuple[str, int]] = {
    events.Answered: ("answered", logging.INFO),
    events.Claimed: ("claimed", logging.INFO),
    events.Compared: ("compared", logging.DEBUG),
    events.DatabaseAway: ("database_away", logging.WARNING),
    events.DatabaseBack: ("database_back", logging.INFO),
    events.Defect: ("defect", logging.ERROR),
    events.Died: ("died", logging.ERROR),
    events.Missing: ("files_missing", logging.WARNING),
    events.OddRow: ("odd_row", logging.WARNING),
    events.Postponed: ("postponed", logging.DEBUG),
    events.Ready: ("ready", logging.DEBUG),
    events.Trusted: ("trusted", logging.DEBUG),
    events.Unanswered: ("unanswered", logging.WARNING),
    events.Untrusted: ("untrusted", logging.ERROR),
    events.VideosUnsettled: ("unsettled", logging.INFO),
}
"""Name and level of the line of each event, except for those that are named after an outcome or a state."""

_LEVELS = {"failed": logging.ERROR, "rejected": logging.WARNING, "unavailable": logging.WARNING}
"""Level of the outcomes that are more than information."""

_FACTS = ("sentence", "session", "trials", "version")
"""The members of an outcome that are logged; the others are in the receipt and in the ledger."""


def enter(event: Event) -> None:
    """Log one event."""
    name: str
    match event:
        case events.Done():
            name, level = event.outcome.outcome, _LEVELS.get(event.outcome.outcome, logging.INFO)
        case events.Skipped():
            name, level = event.state, logging.INFO
        case _:
            name, level = _LINES[type(event)]
    structlog.get_logger().log(level, name, **_facts(event))


def _facts(event: Event) -> dict[str, Any]:
    """Return the keys of the line: the fields of the event that are not empty."""
    facts: dict[str, Any] = {}
    for each in fields(event):
        match getattr(event, each.name):
            case None | "":
                pass
            case DeliveryName() as delivery:
                facts |= asdict(delivery)
            case Outcome() as outcome:
                members = outcome.as_dict()
                facts |= {name: members[name] for name in _FACTS if name in members}
            case value:
                facts["exception" if each.name == "traceback" else each.name] = value
    return facts
