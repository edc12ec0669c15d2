"""The commands that back up and restore a lab whose database is on a server: they use the server's own tools."""

import shlex
from pathlib import Path

from antelop.config import Config, DatabaseConfig
from antelop.database.opening import system_cas
from antelop.errors import Misconfigured, Problem

SCHEMAS = ("metadata", "behaviour", "ingest")


def expect_embedded(config: Config, folder: Path, *, restoring: bool) -> None:
    """Raise `Misconfigured` if the database is on a server; the remedy is the commands that back up or restore the lab.

    The commands are for a shell that has the credentials in its environment variables ``DB_USER`` and ``DB_PASS``.
    """
    if config.database is None:
        return
    # A backup copies the database before the store, and a restore the store before the database: in this order every
    # object that a row refers to is there, although sessions are ingested at the same time.
    commands = _on_postgresql if config.database.backend == "postgresql" else _on_mysql
    dump, load = commands(config.database, folder)
    store, copy = str(config.store), f"{folder}/store"
    steps = [_made(store), _copied(copy, store), load] if restoring else [_made(str(folder)), dump, _copied(store, copy)]
    what = f"the database is on the server {config.database.host}, and antelop backs up the embedded one only"
    remedy = f"Run this, and no `antelop gc` meanwhile: {' && '.join(steps)}"
    raise Misconfigured([Problem("database_server", "[database]", what, remedy)])


def _on_postgresql(database: DatabaseConfig, folder: Path) -> tuple[str, str]:
    """Return the command that dumps the database, and the one that loads the dump."""
    # The shell replaces the variables, so that the message and the shell's history hold no password.
    where = f'--host={shlex.quote(database.host)} --port={database.port} --username="$DB_USER"'
    name, file = database.name or "postgres", f"{folder}/database.dump"
    dumped = shlex.join(["--format=custom", f"--file={file}", name])
    loaded = shlex.join(["--single-transaction", f"--dbname={name}", file])
    # As the service connects (`opening`), whatever the variables of the shell say.
    modes = {True: f"verify-full PGSSLROOTCERT={_cas(database)}", False: "disable", None: "prefer"}
    credentials = f'PGSSLMODE={modes[database.use_tls]} PGPASSWORD="$DB_PASS"'
    return f"{credentials} pg_dump {where} {dumped}", f"{credentials} pg_restore {where} {loaded}"


def _on_mysql(database: DatabaseConfig, folder: Path) -> tuple[str, str]:
    """Return the command that dumps our schemas, and the one that loads the dump.

    A lab with pipelines of its own has to add their schemas.
    """
    # As the service connects: newer clients verify the certificate by default, and older ones do not.
    verified = f"--ssl-verify-server-cert --ssl-ca={_cas(database)}"
    tls = {True: verified, False: "--skip-ssl", None: "--skip-ssl-verify-server-cert"}[database.use_tls]
    # As on PostgreSQL, the shell replaces the variables.
    where = f'--host={shlex.quote(database.host)} --port={database.port} {tls} --user="$DB_USER"'
    names, file = " ".join(f"{database.prefix}{name}" for name in SCHEMAS), shlex.quote(f"{folder}/database.sql")
    return (
        f'MYSQL_PWD="$DB_PASS" mariadb-dump {where} --single-transaction --databases {names} > {file}',
        f'MYSQL_PWD="$DB_PASS" mariadb {where} < {file}',
    )


def _cas(database: DatabaseConfig) -> str:
    return shlex.quote(str(database.tls_ca or system_cas()))


def _made(folder: str) -> str:
    return shlex.join(["mkdir", "--parents", folder])


def _copied(source: str, target: str) -> str:
    # What is in `incoming` is still being written, and no row refers to it.
    return shlex.join(["rsync", "--archive", "--exclude=/incoming/*", f"{source}/", f"{target}/"])
