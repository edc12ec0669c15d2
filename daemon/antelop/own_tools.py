"""How a lab is backed up and restored whose database is a server's: by the server's own tools, and by these commands."""

import shlex
from pathlib import Path

from antelop.config import Config, DatabaseConfig
from antelop.errors import Misconfigured, Problem

SCHEMAS = ("metadata", "behaviour", "ingest")


def expect_embedded(config: Config, folder: Path, *, restoring: bool) -> None:
    """Raise `Misconfigured` if the database is a server's, with the commands that back it up into a folder, or restore it.

    When it is backed up the database goes first and when it is restored the store does, so that no row refers to what is not
    there.
    """
    if config.database is None:
        return
    dump, load = (
        _on_postgresql(config.database, folder)
        if config.database.backend == "postgresql"
        else _on_mysql(config.database, folder)
    )
    store, copy = f"{config.store}/", f"{folder}/store/"
    steps = [_rsync(copy, store), load] if restoring else [dump, _rsync(store, copy)]
    what = f"the database is on the server {config.database.host}, and antelop backs up the embedded one only"
    remedy = f"Run this, and no `antelop gc` meanwhile: {' && '.join(steps)}"
    raise Misconfigured([Problem("database_server", "[database]", what, remedy)])


def _on_postgresql(database: DatabaseConfig, folder: Path) -> tuple[str, str]:
    """Return the commands that dump and that load the database."""
    where = [f"--host={database.host}", f"--port={database.port}"]
    name, dump = database.name or "postgres", f"{folder}/database.dump"
    return (
        f'{_written("pg_dump", *where)} --username="$DB_USER" {_written("--format=custom", f"--file={dump}", name)}',
        f'{_written("pg_restore", *where)} --username="$DB_USER" {_written("--single-transaction", f"--dbname={name}", dump)}',
    )


def _on_mysql(database: DatabaseConfig, folder: Path) -> tuple[str, str]:
    """Return the commands that dump and that load our schemas; those of a lab's own pipelines are for the lab to add."""
    where = [f"--host={database.host}", f"--port={database.port}"]
    account, dump = '--user="$DB_USER" --password', shlex.quote(f"{folder}/database.sql")
    schemas = _written("--single-transaction", "--databases", *(f"{database.prefix}{name}" for name in SCHEMAS))
    return (
        f"{_written('mariadb-dump', *where)} {account} {schemas} > {dump}",
        f"{_written('mariadb', *where)} {account} < {dump}",
    )


def _rsync(source: str, target: str) -> str:
    return _written("rsync", "--archive", "--mkpath", "--exclude=/incoming/*", source, target)


def _written(*words: str) -> str:
    return shlex.join(words)
