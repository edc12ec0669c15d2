"""Read the start of a session in the forms in which programs write it."""

import re
from datetime import UTC, datetime, timedelta, timezone

FORMAT = "ISO 8601, such as 2026-11-22T09:30:00+01:00"
"""The form that NWB prescribes."""

_LONGEST = 100
"""Characters of the longest text that is read as a time."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
_ZONE = r"(?:\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}))?"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+)?"

_FORMS = [
    # 2024-05, 2024/05/01 10:00, 2024-05-01T24:00:00+00:00
    rf"(?P<year>\d{{4}})(?P<mark>[-/.])(?P<month>\d{{1,2}})(?:(?P=mark)(?P<day>\d{{1,2}})(?:(?:T|\s+){_CLOCK}{_ZONE})?)?",
    # 01-May-2024 10:00:00, as MATLAB's datestr; Wed, 01 May 2024 10:00:00 +0000, as in letters
    rf"{_WEEKDAY}(?P<day>\d{{1,2}})[-\s](?P<month>[a-z]{{3,9}})[-\s](?P<year>\d{{4}})(?:,?\s+{_CLOCK}{_ZONE})?",
    # Wed May  1 10:00:00 2024, as C's ctime
    rf"{_WEEKDAY}(?P<month>[a-z]{{3,9}})\s+(?P<day>\d{{1,2}})\s+{_CLOCK}{_ZONE}\s+(?P<year>\d{{4}})",
]
"""Forms that mean one time only. 05/01/2024 is none of them: it is in May or in January."""


def start_time(written: str) -> datetime:
    """Return the time that a text means, with its time zone if it has one; raise ValueError if it may mean several, or none."""
    if len(written) > _LONGEST:
        raise ValueError(f"a time of {len(written)} characters")
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        return _otherwise(written.strip())


def _otherwise(written: str) -> datetime:
    """Return the time of a text that Python does not take for ISO 8601; parameters and errors as above."""
    found = next(filter(None, (re.fullmatch(form, written, re.IGNORECASE | re.ASCII) for form in _FORMS)), None)
    if found is None:
        raise ValueError(f"no form of a time is like {written!r}")
    parts = found.groupdict(default="")
    # What is left out is the first: a month begins on its first day, and a day at 0 hours.
    day = datetime(int(parts["year"]), _month(parts["month"]), int(parts["day"] or 1), tzinfo=_zone(parts["zone"]))
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    time = timedelta(hours=hour, minutes=minute, seconds=second, microseconds=int(f"{parts['fraction']:0<6.6}"))
    # ISO 8601 calls the end of a day 24:00.
    if minute > 59 or second > 59 or time > timedelta(hours=24):  # noqa: PLR2004  # of an hour, a minute and a day
        raise ValueError(f"{written!r} is no time of a day")
    try:
        return day + time
    except OverflowError as error:
        raise ValueError(f"{written!r} is later than a calendar has") from error


def _month(written: str) -> int:
    """Return the number of a month that is written as a number or by its English name; raise ValueError for others."""
    return int(written) if written.isdigit() else 1 + _MONTHS.index(written[:3].casefold())


def _zone(written: str) -> timezone | None:
    """Return a time zone such as ``Z`` or ``+0100``; None for an empty text."""
    if not written:
        return None
    if written.isalpha():
        return UTC
    minutes = 60 * int(written[1:3]) + int(written[-2:])
    return timezone(timedelta(minutes=-minutes if written[0] == "-" else minutes))
