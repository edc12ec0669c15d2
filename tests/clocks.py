"""The time of the tests: one that stands still, or the wall's where real processes of the service take part."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
"""When a test takes place that has the time to itself."""


def still() -> datetime:
    """Return `NOW`."""
    return NOW


def ticking() -> Callable[[], datetime]:
    """Return a clock that begins at `NOW`, and goes on by a second whenever it is looked at."""
    seconds = count()
    return lambda: NOW + timedelta(seconds=next(seconds))


def wall() -> datetime:
    """Return what the clocks of the service's processes show too."""
    return datetime.now(UTC)
