import io
import json
import logging
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

import antelop
from antelop import log


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Leave the process's log as it was."""
    root, datajoint = logging.getLogger(), logging.getLogger("datajoint")
    before = root.handlers, root.level, datajoint.filters[:]
    yield
    root.handlers, root.level, datajoint.filters[:] = before
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def logged(stream: io.StringIO) -> list[dict[str, Any]]:
    """Return the events of a log for programs, without their times."""
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    for event in events:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", event.pop("timestamp"))
    return events


def plain(stream: io.StringIO) -> str:
    """Return a log for people, without its colours and times."""
    return re.sub(r"^\S+Z ", "", re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue()), flags=re.MULTILINE)


def python(script: str) -> dict[str, Any]:
    """Return what starts a script in a Python of its own."""
    environment = {**os.environ, "PYTHONPATH": str(Path(antelop.__file__).parents[1])}
    return {"args": [sys.executable, "-c", script], "env": environment, "text": True}


class TestForPrograms:
    def test_an_event_is_one_line(self) -> None:
        """It is one JSON object with its time in UTC, its level and its name first, whatever is in it."""
        stream = io.StringIO()
        log.configure(stream, terminal=False)
        structlog.get_logger().info("delivered", path=Path("/in/a\nb.nwb"), animals=[1, 2], odd={1}, nothing=None)
        assert list(json.loads(stream.getvalue()))[:3] == ["timestamp", "level", "event"]
        assert logged(stream) == [
            {"level": "info", "event": "delivered", "path": "/in/a\nb.nwb", "animals": [1, 2], "odd": "{1}", "nothing": None}
        ]

    def test_what_is_bound_is_on_every_line(self) -> None:
        """Every line about a delivery carries its id without being told each time."""
        stream = io.StringIO()
        log.configure(stream, terminal=False)
        with structlog.contextvars.bound_contextvars(delivery="d1"):
            structlog.get_logger().info("claimed")
        structlog.get_logger().info("idle")
        assert logged(stream) == [
            {"level": "info", "event": "claimed", "delivery": "d1"},
            {"level": "info", "event": "idle"},
        ]

    def test_an_exception_has_its_traceback_and_no_values(self) -> None:
        """A defect can be found, and no password that a variable holds gets into the log."""
        stream = io.StringIO()
        log.configure(stream, terminal=False)
        horse = "correct horse"
        try:
            len(horse) / 0
        except ZeroDivisionError:
            structlog.get_logger().exception("defect")
        (event,) = logged(stream)
        assert event["event"] == "defect"
        assert event["exception"].startswith("Traceback (most recent call last):\n")
        assert event["exception"].endswith("\nZeroDivisionError: division by zero")
        assert horse not in event["exception"]

    @pytest.mark.parametrize(
        ("level", "events"), [("debug", ["a", "b", "c", "d"]), ("info", ["b", "c", "d"]), ("error", ["d"])]
    )
    def test_levels(self, level: str, events: list[str]) -> None:
        """What is below the level is left out."""
        stream = io.StringIO()
        log.configure(stream, terminal=False, level=level)
        logger = structlog.get_logger()
        logger.debug("a")
        logger.info("b")
        logger.warning("c")
        logger.error("d")
        assert [event["event"] for event in logged(stream)] == events

    def test_a_logger_made_before_is_configured_too(self) -> None:
        """Modules make their logger when they are imported."""
        logger = structlog.get_logger()
        for _ in range(2):
            stream = io.StringIO()
            log.configure(stream, terminal=False)
            logger.info("ready")
            assert len(logged(stream)) == 1


class TestForPeople:
    def test_an_event_is_columns(self) -> None:
        """Level, name and facts stand in columns, in the order in which they were given."""
        stream = io.StringIO()
        log.configure(stream, terminal=True)
        structlog.get_logger().warning("delivery_rejected", path=Path("/in/a b.nwb"), problems=2, delivery="d1")
        assert plain(stream) == ("[warning  ] delivery_rejected              path='/in/a b.nwb' problems=2 delivery='d1'\n")
        assert "\x1b[" in stream.getvalue()

    def test_what_does_not_print_is_escaped(self) -> None:
        """A file's name cannot move the cursor, colour the screen or make up a line of the log."""
        stream = io.StringIO()
        log.configure(stream, terminal=True)
        structlog.get_logger().info("found\n", path="a\x1b[2J\nb\u202e.nwb")
        assert plain(stream) == r"[info     ] found\n                        path='a\x1b[2J\nb\u202e.nwb'" + "\n"

    def test_an_exception_follows_its_event(self) -> None:
        """The traceback is on lines of its own, its last one escaped like everything else."""
        stream = io.StringIO()
        log.configure(stream, terminal=True)

        def fail() -> None:
            raise ValueError("a\x1b[2J")

        try:
            fail()
        except ValueError:
            structlog.get_logger().exception("defect")
        first, second, *_, last = plain(stream).splitlines()
        assert first.split() == ["[error", "]", "defect"]
        assert second == "Traceback (most recent call last):"
        assert last == r"ValueError: a\u001b[2J"


class TestLibraries:
    def test_what_they_say_comes_out_alike(self) -> None:
        """Their warnings and errors are events, and what is less is left out."""
        stream = io.StringIO()
        log.configure(stream, terminal=False)
        logger = logging.getLogger("watchdog.observers")
        logger.info("started")
        logger.warning("the queue of %s is full", "/in")
        logger.log(45, "a level of its own")
        assert logged(stream) == [
            {"level": "warning", "event": "the queue of /in is full", "logger": "watchdog.observers"},
            {"level": "error", "event": "a level of its own", "logger": "watchdog.observers"},
        ]

    def test_warnings_of_python(self) -> None:
        """They are events too instead of lines that are no JSON."""
        stream = io.StringIO()
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            log.configure(stream, terminal=False)
            warnings.warn("odd", UserWarning, stacklevel=1)
        (event,) = logged(stream)
        assert event["logger"] == "py.warnings"
        assert "UserWarning: odd" in event["event"]

    @pytest.mark.parametrize("order", ["import datajoint\n{}", "{}\nimport datajoint"])
    def test_datajoint_does_not_write_to_standard_output(self, order: str) -> None:
        """It has a handler of its own which would, among the JSON that a program reads there."""
        configure = "import sys, antelop.log\nantelop.log.configure(sys.stderr, terminal=False)"
        speak = "\ndatajoint.logger.info('connected')\ndatajoint.logger.warning('odd')"
        done = subprocess.run(**python(order.format(configure) + speak), capture_output=True, check=True)
        assert done.stdout == ""
        (event,) = logged(io.StringIO(done.stderr))
        assert event == {"level": "warning", "event": "odd", "logger": "datajoint"}


class TestStream:
    def test_one_that_cannot_be_written_to_stops_nothing(self) -> None:
        """A full disk is no reason to stop ingesting."""
        script = "import structlog, sys, antelop.log\nantelop.log.configure(sys.stderr, terminal=False)\n"
        script += "structlog.get_logger().info('ready')\nprint('going on', flush=True)"
        with Path("/dev/full").open("wb", buffering=0) as full:
            done = subprocess.run(**python(script), stdout=subprocess.PIPE, stderr=full, check=False)
        assert done.stdout == "going on\n"

    def test_the_journal_is_told_priorities(self) -> None:
        """A line begins with its priority, which the journal takes off."""
        stream = io.StringIO()
        log.configure(stream, terminal=False, journal=True)
        structlog.get_logger().info("ready")
        structlog.get_logger().error("defect")
        assert [line[:4] for line in stream.getvalue().splitlines()] == ["<6>{", "<3>{"]

    def test_the_journal_is_known_by_its_stream(self, tmp_path: Path) -> None:
        """A variable that was inherited, but means another stream, does not count."""
        with (tmp_path / "stream").open("w") as stream, (tmp_path / "other").open("w") as other:
            status = os.fstat(stream.fileno())
            environment = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
            assert log.to_journal(stream, environment)
            assert not log.to_journal(other, environment)
            assert not log.to_journal(stream, {})
            assert not log.to_journal(io.StringIO(), environment)
