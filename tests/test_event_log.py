"""What workers say, as lines of the log."""

from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from antelop import __version__
from antelop.errors import Problem
from antelop.outcome import Outcome
from antelop.worker import event_log
from tests.clocks import NOW

NAMED = {"delivery_id": "a" * 32, "folder": "rig-2", "manifest": "a.manifest.json", "nwb": "a.nwb"}
PROBLEM = Problem("session_unknown", "/session/session_id", "session 99 is not in the database", "Add it")


@pytest.mark.parametrize(
    ("event", "line"),
    [
        ({"event": "claimed", **NAMED}, {"event": "claimed", "log_level": "info", **NAMED}),
        (
            {"event": "unsettled", **NAMED, "paths": ("a.avi",)},
            {"event": "unsettled", "log_level": "info", **NAMED, "paths": ("a.avi",)},
        ),
        ({"event": "gone", **NAMED, "sought": True}, {"event": "gone", "log_level": "warning", **NAMED, "sought": True}),
        (
            {"event": "done", **NAMED, "state": "superseded"},
            {"event": "superseded", "log_level": "info", **NAMED, "state": "superseded"},
        ),
        (
            {
                "event": "done",
                **NAMED,
                "state": "rejected",
                "outcome": Outcome.of("rejected", "why", NOW, (PROBLEM,)).as_dict(),
                "seconds": 0.5,
                "traceback": None,
            },
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
            {
                "event": "done",
                **NAMED,
                "state": "ready",
                "outcome": Outcome.of("failed", "why", NOW).as_dict(),
                "traceback": "Traceback",
            },
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
            {"event": "died", "job": {"event": "claimed", **NAMED}, "sentence": "it was killed by signal 9"},
            {
                "event": "died",
                "log_level": "error",
                **{name: NAMED[name] for name in ("delivery_id", "folder", "nwb")},
                "sentence": "it was killed by signal 9",
            },
        ),
        ({"event": "died", "job": None, "sentence": "why"}, {"event": "died", "log_level": "error", "sentence": "why"}),
        ({"event": "untrusted", "sentence": "why"}, {"event": "untrusted", "log_level": "error", "sentence": "why"}),
        ({"event": "looked", "outdated": []}, {"event": "looked", "log_level": "debug", "outdated": []}),
    ],
)
def test_every_event_is_one_line(event: dict[str, Any], line: dict[str, Any]) -> None:
    """Under the name of what came of it, as loud as it is bad, and with the delivery's id where there is one."""
    structlog.reset_defaults()  # whatever a command before has configured
    with capture_logs() as lines:
        event_log.enter(event)
    assert lines == [line]
