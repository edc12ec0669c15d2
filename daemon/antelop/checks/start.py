"""Check that the start of the session in the file is a time that can be true, and is that of the session in the database."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

from antelop.checks.check import Finding, check
from antelop.checks.examined import Examined
from antelop.recording.start_time import FORMAT
from antelop.wording import quoted

WHERE = "session_start_time"

FIRST_YEAR = 2000
"""Earlier starts, such as those of 1970, 1904 and 1601, are those of clocks that were never set."""

AHEAD = timedelta(hours=1)
"""How far the clock of the computer that recorded a file may be ahead."""

EAST, WEST = timedelta(hours=14), timedelta(hours=-12)
"""The time zones in which a day begins first and last."""


@check
def session_start_format(examined: Examined) -> Iterator[Finding]:
    """Expect the start in ISO 8601, as NWB prescribes; one in another form is read if it means one time only."""
    written, began = examined.recording.session_start_written, examined.recording.session_start_time
    try:
        datetime.fromisoformat(written)
    except ValueError:
        what = f"its session_start_time {quoted(written)} is read as {began.isoformat()}"
        yield Finding(WHERE, what, f"Write it in {FORMAT}")


@check
def session_start_unlikely(examined: Examined) -> Iterator[Finding]:
    """Expect the session to have begun in this century, and not in the future."""
    began = examined.recording.session_start_time
    # Without a time zone, it is the earliest time that it may be.
    earliest = began if began.tzinfo else began.replace(tzinfo=timezone(EAST))
    if began.year < FIRST_YEAR or earliest > examined.now + AHEAD:
        when = f"before {FIRST_YEAR}" if began.year < FIRST_YEAR else "in the future"
        what = f"its session_start_time is {began.isoformat()}, which is {when}"
        yield Finding(WHERE, what, "Set the clock of the computer that records, or correct the program that writes the time")


@check
def session_date(examined: Examined) -> Iterator[Finding]:
    """Expect the session to have begun, in some time zone, on its date in the database."""
    held = examined.facts.session_timestamp if examined.facts else None
    if held is None:
        return
    # The database has the lab's local date. A start without a time zone is local too, and any other has a date in each zone.
    began = examined.recording.session_start_time
    day = datetime(held.year, held.month, held.day, tzinfo=UTC)
    offset = began.utcoffset()
    since = began.replace(tzinfo=UTC) - day - (offset or timedelta())
    first, last = (timedelta(), timedelta()) if offset is None else (EAST, WEST)
    if since + first < timedelta() or since + last >= timedelta(days=1):
        what = f"the file's session began on {began.date()}, and the session is of {held.date()}"
        yield Finding(WHERE, what, "Check that the file is of this session")
