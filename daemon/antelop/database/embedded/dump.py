"""Dump an embedded database to one file, and load it again, with PostgreSQL's own programs."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile

from antelop.database.embedded.cluster import PROGRAMS
from antelop.database.embedded.owner import ENVIRONMENT
from antelop.database.embedded.server import Server
from antelop.errors import Unavailable

BLOCK_BYTES = 1 << 20

END_TIMEOUT_MS = 60_000
"""Milliseconds within which a session of the database must end."""


def dump(server: Server, snapshot: str) -> Iterator[bytes]:
    """Yield the database in pg_dump's custom format, as of a snapshot that an open transaction has exported.

    Raises
    ------
    Unavailable
        At the end, if pg_dump failed: then the dump is not complete.
    """
    command = _command("pg_dump", server, "--format=custom", f"--snapshot={snapshot}")
    # Messages go to a file: with two pipes, pg_dump would block when the one that is not read is full.
    with TemporaryFile() as said:
        with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=said) as process:
            while block := process.stdout.read(BLOCK_BYTES) if process.stdout else b"":
                yield block
        if process.returncode != 0:
            said.seek(0)
            raise Unavailable(f"the database could not be dumped: {said.read().decode(errors='replace').strip()}")


def load(server: Server, path: Path) -> None:
    """Load the output of `dump` into an empty database, in one transaction.

    Raises
    ------
    Unavailable
        If pg_restore fails; nothing is loaded then.
    """
    with path.open("rb") as file:
        command = _command("pg_restore", server, "--single-transaction", "--exit-on-error")
        done = subprocess.run(command, env=ENVIRONMENT, stdin=file, capture_output=True, check=False)
    if done.returncode != 0:
        raise Unavailable(f"the database could not be loaded: {done.stderr.decode(errors='replace').strip()}")


def stop_loading(server: Server) -> None:
    """End a pg_restore that a killed process left running: it would go on, and could commit."""
    others = "FROM pg_stat_activity WHERE application_name = 'pg_restore'"
    ask(server, f"SELECT pg_terminate_backend(pid, {END_TIMEOUT_MS}) {others}")


def ask(server: Server, query: str) -> str | None:
    """Return the answer to a query, one line for each row; None if the query fails, for example because a table is missing."""
    command = _command("psql", server, "--no-psqlrc", "--no-align", "--tuples-only", "--command", query)
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, check=False)
    return done.stdout.decode().rstrip("\n") if done.returncode == 0 else None


def _command(program: str, server: Server, *options: str) -> list[str]:
    """Return the command line of one of PostgreSQL's programs that connects to a server."""
    where = [f"--host={server.host}", f"--port={server.port}", f"--username={server.user}", f"--dbname={server.database}"]
    return [str(PROGRAMS / program), *where, "--no-password", *options]
