"""The log: one line for each event, with the event's name and its facts as keys; JSON for programs, columns on a terminal.

Records that libraries send to `logging`, and Python's warnings, appear in the same form if their level is warning or higher.
"""

import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from antelop.wording import printable

_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}  # syslog(3)


def configure(stream: TextIO, *, terminal: bool, level: str = "info", journal: bool = False) -> None:
    """Send the log of this process to a stream.

    Parameters
    ----------
    stream
        Where the lines are written, usually standard error. If a write fails, the line is dropped and the program goes on.
    terminal
        Whether the stream is a terminal: then the log has columns and colours instead of JSON.
    level
        ``debug``, ``info``, ``warning`` or ``error``: the lowest level that is logged.
    journal
        Whether systemd's journal reads the stream: it takes the priority from the beginning of each line (sd-daemon(3)).
    """
    lines = _Lines(stream)
    render = _for_people if terminal else _for_programs
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _tidy,
            _with_priority(render) if journal else render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: lines,
        cache_logger_on_first_use=False,
    )
    # Libraries log through `logging`: replace every handler there, so that all output has one form and goes to one stream.
    root = logging.getLogger()
    root.setLevel(logging.WARNING)
    root.handlers = [_Forward()]
    logging.captureWarnings(capture=True)
    # When DataJoint is imported, it adds a handler that writes to standard output, where only the output of commands belongs.
    logging.getLogger("datajoint").addFilter(_intercept)


def to_journal(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Return whether systemd has connected the stream to its journal (``JOURNAL_STREAM``, systemd.exec(5))."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return environment.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


class _Lines:
    """Writes lines to a stream and ignores failed writes: a full disk or a closed pipe does not stop an ingest."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = Lock()

    def write(self, line: str) -> None:
        with self._lock, suppress(OSError):
            self._stream.write(f"{line}\n")
            self._stream.flush()

    debug = info = warning = error = critical = write


class _Forward(logging.Handler):
    """Forwards the records of libraries to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        # Some libraries define levels of their own, which structlog does not know: take the standard level below.
        level = max(logging.WARNING, min(record.levelno // 10 * 10, logging.CRITICAL))
        structlog.get_logger().log(level, record.getMessage(), logger=record.name, exc_info=record.exc_info)


def _intercept(record: logging.LogRecord) -> bool:
    """Pass a record to the root logger, and keep it from the logger's own handlers."""
    logging.getLogger().handle(record)
    return False


def _tidy(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Put the keys that every event has first, and turn paths into text."""
    first = {key: event.pop(key) for key in ("timestamp", "level", "event")}
    return first | {key: str(value) if isinstance(value, Path) else value for key, value in event.items()}


_for_programs = structlog.processors.JSONRenderer(default=str)
_columns = structlog.dev.ConsoleRenderer(
    exception_formatter=structlog.dev.plain_traceback, repr_native_str=True, sort_keys=False
)


def _for_people(logger: WrappedLogger, name: str, event: EventDict) -> str:
    """Render columns; escape control characters, so that a file's name cannot move the cursor or forge a line."""
    event["event"] = printable(event["event"])
    if "exception" in event:
        event["exception"] = "\n".join(map(printable, event["exception"].split("\n")))
    return _columns(logger, name, event)


def _with_priority(render: Processor) -> Processor:
    """Return a renderer that puts the syslog priority before each line."""
    return lambda logger, name, event: f"<{_PRIORITIES[name]}>{render(logger, name, event)!s}"
