"""The retry policy of deliveries: how long each waits before it is retried, with backoff and jitter."""

from datetime import timedelta
from zlib import crc32

FIRST_PAUSE, LONGEST_PAUSE = 5.0, 600.0
"""Seconds until the first retry after a failure or an outage, and until any later one at most."""

JITTER = 1.25
"""By what a pause is multiplied at most: it differs between deliveries, so that they are not all retried at once."""

MOST_PAUSE = LONGEST_PAUSE * JITTER
"""Seconds: no pause is longer."""

GIVE_UP_AFTER = timedelta(days=1)
"""How long the missing files of a delivery are looked for, and how long its receipt is tried to be written."""


def pause(delivery_id: str, lasted: timedelta) -> float:
    """Return how many seconds a delivery waits after trouble that has lasted for a while: as long again, within limits.

    If the trouble seems to have begun in the future, the clock was set back: then only the distance counts.
    """
    jitter = JITTER - crc32(delivery_id.encode()) / 2**33  # of any text: a person may have written the id
    return min(max(abs(lasted.total_seconds()), FIRST_PAUSE), LONGEST_PAUSE) * jitter
