"""How a lab is backed up and restored whose database is a server's: by the server's own tools, and by these commands."""

import shlex
from pathlib import Path

from antelop.config import Config, DatabaseConfig
from antelop.errors import Misconfigured, Problem

SCHEMAS = ("metadata", "behaviour", "ingest")


def expect_embedded(config: Config, folder: Path, *, restoring: bool) -> None:
    """Raise `Misconfigured` if the database is a server's, with the commands that back it up into a folder, or restore it.

    When it is backed up the database goes first, and when it is restored the store does, so that no row refers to what is not
    there. The commands are for a shell in whose environment the credentials are, in ``DB_USER`` and ``DB_PASS``.
    """
    if config.database is None:
        return
    commands = _on_postgresql if config.database.backend == "postgresql" else _on_mysql
    dump, load = commands(config.database, folder)
    store, copy = str(config.store), f"{folder}/store"
    steps = [_made(store), _copied(copy, store), load] if restoring else [_made(str(folder)), dump, _copied(store, copy)]
    what = f"the database is on the server {config.database.host}, and antelop backs up the embedded one only"
    remedy = f"Run this, and no `antelop gc` meanwhile: {' && '.join(steps)}"
    raise Misconfigured([Problem("database_server", "[database]", what, remedy)])


def _on_postgresql(database: DatabaseConfig, folder: Path) -> tuple[str, str]:
    """Return the commands that dump and that load the database."""
    where = f'--host={shlex.quote(database.host)} --port={database.port} --username="$DB_USER"'
    name, file = database.name or "postgres", f"{folder}/database.dump"
    dumped = shlex.join(["--format=custom", f"--file={file}", name])
    loaded = shlex.join(["--single-transaction", f"--dbname={name}", file])
    return f'PGPASSWORD="$DB_PASS" pg_dump {where} {dumped}', f'PGPASSWORD="$DB_PASS" pg_restore {where} {loaded}'


def _on_mysql(database: DatabaseConfig, folder: Path) -> tuple[str, str]:
    """Return the commands that dump and that load our schemas; those of a lab's own pipelines are for the lab to add."""
    where = f'--host={shlex.quote(database.host)} --port={database.port} --user="$DB_USER"'
    names, file = " ".join(f"{database.prefix}{name}" for name in SCHEMAS), shlex.quote(f"{folder}/database.sql")
    return (
        f'MYSQL_PWD="$DB_PASS" mariadb-dump {where} --single-transaction --databases {names} > {file}',
        f'MYSQL_PWD="$DB_PASS" mariadb {where} < {file}',
    )


def _made(folder: str) -> str:
    return shlex.join(["mkdir", "--parents", folder])


def _copied(source: str, target: str) -> str:
    return shlex.join(["rsync", "--archive", "--exclude=/incoming/*", f"{source}/", f"{target}/"])
