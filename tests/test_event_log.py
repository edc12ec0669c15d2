"""What workers say, as lines of the log."""

from dataclasses import asdict
from typing import Any, get_args

import pytest
import structlog
from structlog.testing import capture_logs

from antelop import __version__
from antelop.errors import Problem
from antelop.outcome import Outcome
from antelop.worker import event_log
from antelop.worker.events import (
    Claimed,
    Compared,
    Defect,
    DeliveryName,
    Died,
    Done,
    Event,
    Missing,
    Skipped,
    Untrusted,
    VideosUnsettled,
)
from tests.clocks import NOW

NAME = DeliveryName("a" * 32, "rig-2", "a.manifest.json", "a.nwb")
NAMED = asdict(NAME)
PROBLEM = Problem("session_unknown", "/session/session_id", "session 99 is not in the database", "Add it")


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (Claimed(NAME), {"event": "claimed", "log_level": "info", **NAMED}),
        (VideosUnsettled(NAME, ("a.avi",)), {"event": "unsettled", "log_level": "info", **NAMED, "paths": ("a.avi",)}),
        (Missing(NAME, sought=True), {"event": "files_missing", "log_level": "warning", **NAMED, "sought": True}),
        (Skipped(NAME, "superseded"), {"event": "superseded", "log_level": "info", **NAMED, "state": "superseded"}),
        (
            Done(NAME, "rejected", Outcome.of("rejected", "why", NOW, (PROBLEM,)), 0.5),
            {
                "event": "rejected",
                "log_level": "warning",
                **NAMED,
                "state": "rejected",
                "sentence": "why",
                "version": __version__,
                "seconds": 0.5,
            },
        ),
        (
            Done(NAME, "ready", Outcome.of("failed", "why", NOW), traceback="Traceback"),
            {
                "event": "failed",
                "log_level": "error",
                **NAMED,
                "state": "ready",
                "sentence": "why",
                "version": __version__,
                "exception": "Traceback",
            },
        ),
        (
            Died(NAME, "it was killed by signal 9"),
            {"event": "died", "log_level": "error", **NAMED, "sentence": "it was killed by signal 9"},
        ),
        (Died(None, "why"), {"event": "died", "log_level": "error", "sentence": "why"}),
        (
            Defect("", "Traceback", NAME.delivery_id),
            {"event": "defect", "log_level": "error", "delivery_id": NAME.delivery_id, "exception": "Traceback"},
        ),
        (Untrusted("why"), {"event": "untrusted", "log_level": "error", "sentence": "why"}),
        (Compared([]), {"event": "compared", "log_level": "debug", "outdated": []}),
    ],
)
def test_every_event_is_one_line(event: Event, line: dict[str, Any]) -> None:
    """It is named after the outcome or the event, its level says how bad it is, and it has the delivery's id if it has one."""
    structlog.reset_defaults()  # a command that was tested before may have configured it
    with capture_logs() as lines:
        event_log.enter(event)
    assert lines == [line]


def test_every_type_of_event_has_a_line() -> None:
    """No event of a worker ends the service because the log has no name for it."""
    assert {*event_log._LINES, Done, Skipped} == set(get_args(Event))
