"""What workers say, as lines of the log: one an event, and each that is about a delivery carries its id."""

import logging
from collections.abc import Mapping
from typing import Any

import structlog

_LEVELS = {
    "away": logging.WARNING,
    "defect": logging.ERROR,
    "died": logging.ERROR,
    "failed": logging.ERROR,
    "gone": logging.WARNING,
    "looked": logging.DEBUG,
    "odd_row": logging.WARNING,
    "postponed": logging.DEBUG,
    "ready": logging.DEBUG,
    "rejected": logging.WARNING,
    "trusted": logging.DEBUG,
    "unanswered": logging.WARNING,
    "unavailable": logging.WARNING,
    "untrusted": logging.ERROR,
}
"""Of what is more than information, or less."""

_FACTS = ("sentence", "session", "trials", "version")
"""What the log says of an outcome; the rest is in the receipt and in the ledger."""


def enter(event: Mapping[str, Any]) -> None:
    """Log one event."""
    facts = {name: value for name, value in event.items() if name not in ("event", "outcome", "traceback", "job")}
    facts |= {name: event["job"][name] for name in ("delivery_id", "folder", "nwb") if event.get("job")}
    outcome = event.get("outcome")
    if outcome is not None:
        facts |= {name: outcome[name] for name in _FACTS if name in outcome}
    if event.get("traceback"):
        facts["exception"] = event["traceback"]
    name = outcome["outcome"] if outcome else event.get("state", event["event"])
    structlog.get_logger().log(_LEVELS.get(name, logging.INFO), name, **facts)
