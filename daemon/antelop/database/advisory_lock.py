"""Advisory locks of the server: a name that one session at a time holds, and that is free when the session ends."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from antelop.database.driver import Connection
from antelop.database.limits import LOCK_TIMEOUT


@contextmanager
def advisory_lock(connection: Connection, name: str, *, wait: bool) -> Iterator[bool]:
    """Take a lock if it is free, or gets free within `LOCK_TIMEOUT` if `wait` is set; yield whether it is held."""
    # The servers limit a lock's key: PostgreSQL to a 64-bit number, MySQL to 64 characters. So use a hash of the name.
    digest = hashlib.sha256(name.encode()).digest()
    if connection.address.backend == "postgresql":
        key: object = int.from_bytes(digest[:8], signed=True)
        values: tuple[object, ...] = (key,)
        take = "SELECT pg_advisory_lock(%s) IS NOT NULL" if wait else "SELECT pg_try_advisory_lock(%s)"
        free = "SELECT pg_advisory_unlock(%s)"
    else:
        key = f"antelop:{digest.hex()[:48]}"
        take, free, values = "SELECT GET_LOCK(%s, %s) = 1", "SELECT RELEASE_LOCK(%s)", (key, LOCK_TIMEOUT if wait else 0)
    had = bool(connection.query(take, values).fetchone()[0])
    held = [key] if had else []
    connection.locks += held
    try:
        yield had
    finally:
        for lock in held:
            connection.locks.remove(lock)
        # The server frees the locks of a lost connection itself; a new connection does not hold this one.
        if had and not connection.is_lost:
            with suppress(Exception):
                connection.query(free, (key,))
