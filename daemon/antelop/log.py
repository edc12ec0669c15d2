"""The log: an event is a name and its facts are keys, one line each; JSON for programs, columns on a terminal.

What libraries say through `logging`, and Python's warnings, come out in the same way, if they are warnings or worse.
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
        Usually standard error. While it cannot be written to, the log is lost, and nothing else.
    terminal
        Whether people read it there: columns and colours instead of JSON.
    level
        ``debug``, ``info``, ``warning`` or ``error``: what is below is left out.
    journal
        Whether systemd's journal reads it, which takes the priority from the beginning of each line (sd-daemon(3)).
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
    root = logging.getLogger()
    root.setLevel(logging.WARNING)
    root.handlers = [_Forward()]
    logging.captureWarnings(capture=True)
    # DataJoint gives its logger a handler of its own when it is imported, which writes to standard output.
    logging.getLogger("datajoint").addFilter(_intercept)


def to_journal(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Return whether systemd has connected the stream to its journal (``JOURNAL_STREAM``, systemd.exec(5))."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return environment.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


class _Lines:
    """Writes lines to a stream, as long as that takes them: a full disk or a closed pipe stops nobody's work."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = Lock()

    def write(self, line: str) -> None:
        with self._lock, suppress(OSError):
            self._stream.write(f"{line}\n")
            self._stream.flush()

    debug = info = warning = error = critical = write


class _Forward(logging.Handler):
    """Hands on what libraries log."""

    def emit(self, record: logging.LogRecord) -> None:
        level = max(logging.WARNING, min(record.levelno // 10 * 10, logging.CRITICAL))  # some have levels of their own
        structlog.get_logger().log(level, record.getMessage(), logger=record.name, exc_info=record.exc_info)


def _intercept(record: logging.LogRecord) -> bool:
    logging.getLogger().handle(record)
    return False


def _tidy(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Put first what every event has, and write paths as people do."""
    first = {key: event.pop(key) for key in ("timestamp", "level", "event")}
    return first | {key: str(value) if isinstance(value, Path) else value for key, value in event.items()}


_for_programs = structlog.processors.JSONRenderer(default=str)
_columns = structlog.dev.ConsoleRenderer(
    exception_formatter=structlog.dev.plain_traceback, repr_native_str=True, sort_keys=False
)


def _for_people(logger: WrappedLogger, name: str, event: EventDict) -> str:
    """Render columns; what does not print is escaped, so that no file's name moves the cursor or makes up a line."""
    event["event"] = printable(event["event"])
    if "exception" in event:
        event["exception"] = "\n".join(map(printable, event["exception"].split("\n")))
    return _columns(logger, name, event)


def _with_priority(render: Processor) -> Processor:
    return lambda logger, name, event: f"<{_PRIORITIES[name]}>{render(logger, name, event)!s}"
