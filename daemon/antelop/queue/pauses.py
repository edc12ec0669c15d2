"""The retry policy of deliveries: how long each waits before it is retried, with backoff and jitter."""

from datetime import timedelta
from zlib import crc32

FIRST_PAUSE, LONGEST_PAUSE = 5.0, 600.0
"""Seconds until the first retry after a failure or an outage, and until any later one at most."""

JITTER = 1.25
"""Largest factor of a pause. The factor differs between deliveries, so that they are not all retried at once."""

MOST_PAUSE = LONGEST_PAUSE * JITTER
"""Longest pause with jitter, in seconds."""

GIVE_UP_AFTER = timedelta(days=1)
"""How long a delivery with missing files, or a receipt that cannot be written, is retried."""


def pause(delivery_id: str, lasted: timedelta) -> float:
    """Return the pause of a delivery in seconds: as long as the trouble has lasted, within limits, with jitter.

    After the clock was set back, `lasted` can be negative; only its absolute value counts.
    """
    jitter = JITTER - crc32(delivery_id.encode()) / 2**33  # a hash of any text, because a person may have written the id
    return min(max(abs(lasted.total_seconds()), FIRST_PAUSE), LONGEST_PAUSE) * jitter
