"""Identify the server's session of a connection, and end it after the connection was lost.

After a client has lost its connection, the server may keep the session for hours. Until it ends, the session holds its locks,
including the claim on a delivery, and a COMMIT that was already sent may still succeed.
"""

import time
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Self

from antelop.errors import Unavailable

_END_TIMEOUT = 5.0
"""Seconds within which a session must end."""

_NO_SUCH_SESSION = 1094
"""ER_NO_SUCH_THREAD."""

_WHO = {
    "postgresql": "SELECT pid, backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()",
    "mysql": "SELECT id, host FROM information_schema.processlist WHERE id = CONNECTION_ID()",
}
_OF_POSTGRESQL = "FROM pg_stat_activity WHERE pid = %s AND backend_start::text = %s"
_ON_POSTGRESQL = f"SELECT pg_terminate_backend(pid, {_END_TIMEOUT * 1000:.0f}) {_OF_POSTGRESQL}"  # constants
_ON_MYSQL = "SELECT 1 FROM information_schema.processlist WHERE id = %s AND host = %s"


@dataclass(frozen=True)
class Session:
    """One session of a server.

    Attributes
    ----------
    number
        The number of the server process (PostgreSQL) or of the connection (MySQL). After a restart, a server uses the same
        numbers again.
    mark
        Distinguishes sessions with the same number: the start time (PostgreSQL), or the client's host and port (MySQL).
    is_direct
        Whether the server reported the same number when the connection was opened; if not, a pooler is between.
    """

    number: int
    mark: str
    is_direct: bool

    @classmethod
    def of(cls, connection: Any, backend: str) -> Self:  # noqa: ANN401  # the drivers have no types
        """Return the session of a driver's connection."""
        # A pooler invents a number when the client connects; the server's own number comes from a query.
        named = connection.info.backend_pid if backend == "postgresql" else connection.thread_id()
        with closing(connection.cursor()) as cursor:
            cursor.execute(_WHO[backend])
            number, mark = cursor.fetchone()
        return cls(number, str(mark), named == number)

    def end(self, connection: Any, backend: str) -> None:  # noqa: ANN401  # as above
        """End this session from another connection of the same user, and wait until it has ended.

        Raises
        ------
        Unavailable
            If it does not end in time.
        """
        with closing(connection.cursor()) as cursor:
            if backend == "postgresql":
                cursor.execute(_ON_POSTGRESQL, (self.number, self.mark))
                ended = all(row[0] for row in cursor.fetchall())
            else:
                ended = self._end_on_mysql(cursor)
        if not ended:
            raise Unavailable(f"the session that this process lost, number {self.number}, does not end")

    def _end_on_mysql(self, cursor: Any) -> bool:  # noqa: ANN401  # as above
        """Kill the session, and wait until the server no longer lists it, which takes some milliseconds."""
        # MySQL has no statement that waits for the end of a session, so look for it again and again.
        deadline = time.monotonic() + _END_TIMEOUT
        while cursor.execute(_ON_MYSQL, (self.number, self.mark)):
            if time.monotonic() > deadline:
                return False
            try:
                cursor.execute(f"KILL CONNECTION {self.number:d}")
            except Exception as error:
                if error.args[:1] != (_NO_SUCH_SESSION,):
                    raise
            time.sleep(0.01)
        return True
