"""The lab's database: one connection, every table on it, and the only function that opens a transaction.

To other packages, PostgreSQL (embedded or on a server) and MySQL or MariaDB look the same: their differences end here.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import datajoint as dj
from datajoint.settings import Config

from antelop.database import behaviour, ledger, metadata
from antelop.database.driver import Connection
from antelop.database.limits import LOCK_TIMEOUT, Limits
from antelop.database.migrations import VERSION, check_version, migrate
from antelop.database.opening import Address
from antelop.database.outages import is_denied, sentence
from antelop.database.statement import composed, identifier
from antelop.database.table import Jobs, Table
from antelop.errors import Misconfigured, Problem, Unavailable

# Tables can refer only to existing tables, so the ledger comes last. Its first table, the versions, is made before all others.
SCHEMAS = {"metadata": metadata.TABLES, "behaviour": behaviour.TABLES, "ingest": ledger.TABLES[1:]}

QUEUE = "~~ingestion"
"""The jobs table of `Ingestion`, as DataJoint names it."""


class OutcomeUnknown(Unavailable):
    """The connection was lost during COMMIT: whether it succeeded can only be read from the ledger, on a new connection."""


class Database:
    """Every table of the lab on one connection, which one thread uses at a time.

    Tables are attributes: ``database.Session & key``. So is the queue: ``database.jobs``, the jobs table of `Ingestion`.

    Parameters
    ----------
    address
        Address of the database; the host may be the folder of a Unix socket.
    limits
        How long a session may pause.
    prefix
        Common beginning of the names of the three schemas.
    store
        Folder of the store, which holds large arrays and files.
    trusted
        Whether every user who can connect may write for every experimenter, as on the embedded database.
    service
        Database user of the daemon, who may write for every experimenter.
    may_migrate
        Whether tables of an earlier release are migrated; if not, they are refused.

    Attributes
    ----------
    migrated
        One sentence for each migration that was run.

    Raises
    ------
    Unavailable
        If the database cannot be reached.
    Misconfigured
        If the server refuses the user or does not keep the promise (see `promise`), if tables are missing and this user may not
        make them, if a schema of that name belongs to other software, or if the tables are of another release.
    """

    def __init__(  # noqa: PLR0913  # these are what a connection needs
        self,
        address: Address,
        *,
        store: Path,
        limits: Limits = Limits(),  # noqa: B008  # a frozen value
        prefix: str = "antelop_ingest_",
        trusted: bool = False,
        service: str | None = None,
        may_migrate: bool = False,
    ) -> None:
        # Settings of this connection's own: a process may have several labs, and DataJoint's global ones would be shared.
        settings = Config()
        settings.stores = {"antelop": {"protocol": "file", "location": str(store)}}
        self.connection = Connection(address, limits, settings)
        self.prefix = prefix
        self.user = address.user
        self.is_postgresql = address.backend == "postgresql"
        self.tables: dict[str, type[dj.Table]] = {}
        self.migrated: list[str] = []
        self._everyone = trusted or address.user == service
        # Two processes that start on an empty server at the same time must not both make the tables.
        try:
            with self.lock("declare", wait=True):
                self._declare(may_migrate=may_migrate)
        except BaseException:
            self.close()
            raise

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # a table class of DataJoint, which has no types
        try:
            return self.__dict__["tables"][name]
        except KeyError:
            raise AttributeError(f"no table {name}") from None

    @cached_property
    def jobs(self) -> Any:  # noqa: ANN401  # as above
        """The queue; cached, because DataJoint reads every foreign key from the server whenever it makes this object."""
        jobs = Jobs(self.Ingestion())
        if not jobs.is_declared:
            jobs.declare()
        return jobs

    def reconnect(self) -> None:
        """Replace the connection by a new one; the table classes stay the same.

        Raises
        ------
        Unavailable
            If the database cannot be reached.
        """
        self.close()
        self.connection.connect()

    def close(self) -> None:
        """Close the connection; the server rolls back what was not committed."""
        self.connection.drop()

    @contextmanager
    def transaction(self, *, commit: bool = True, patient: bool = False) -> Iterator[None]:
        """Open a transaction; commit it at the end of the block, or roll it back if the block raises.

        Parameters
        ----------
        commit
            Whether to commit; a rehearsal is rolled back at its end.
        patient
            Whether long pauses between its statements are allowed. Otherwise the server ends the transaction after a pause, so
            that an ingest does not wait for the locks of a client that hangs.

        Raises
        ------
        RuntimeError
            If a transaction is already open, which DataJoint would roll back.
        OutcomeUnknown
            If the connection is lost during COMMIT.
        Unavailable
            If the database fails before COMMIT: then nothing is committed.
        """
        if self.connection.in_transaction:
            raise RuntimeError("a transaction is open already, and one within it would roll it back")
        # Before COMMIT is sent, a lost connection means "rolled back". After that, it means "unknown".
        committing = False
        self.connection.start_transaction()
        try:
            if patient:
                self.connection.allow_pauses(allow=True)
            yield
            if patient:
                self.connection.allow_pauses(allow=False)
            if commit:
                committing = True
                self.connection.commit_transaction()
        except Exception as error:
            self.connection.roll_back()
            if committing and isinstance(error, Unavailable):
                raise OutcomeUnknown(str(error)) from error
            raise
        except BaseException:
            # Ctrl-C may have interrupted an answer of the server half-way, so this connection cannot be used again.
            self.connection.drop()
            raise
        self.connection.roll_back()

    @contextmanager
    def lock(self, name: str, *, wait: bool = False) -> Iterator[bool]:
        """Hold an advisory lock during the block; yield whether it was free. A lost connection frees the lock.

        Raises
        ------
        Unavailable
            If `wait` is set, and another process holds the lock for longer than `LOCK_TIMEOUT`.
        """
        # The servers limit a lock's key: PostgreSQL to a 64-bit number, MySQL to 64 characters. So use a hash of the name, with
        # the prefix, which keeps two labs on one server apart.
        digest = hashlib.sha256(f"{self.prefix}:{name}".encode()).digest()
        if self.is_postgresql:
            key: object = int.from_bytes(digest[:8], signed=True)
            values: tuple[object, ...] = (key,)
            take = "SELECT pg_advisory_lock(%s) IS NOT NULL" if wait else "SELECT pg_try_advisory_lock(%s)"
            free = "SELECT pg_advisory_unlock(%s)"
        else:
            key = f"antelop:{digest.hex()[:48]}"
            take, free, values = "SELECT GET_LOCK(%s, %s) = 1", "SELECT RELEASE_LOCK(%s)", (key, LOCK_TIMEOUT if wait else 0)
        had = bool(self.connection.query(take, values).fetchone()[0])
        if wait and not had:
            raise Unavailable(f"another process has held the lock {name!r} for {LOCK_TIMEOUT} s")
        held = [key] if had else []
        self.connection.locks += held
        try:
            yield had
        finally:
            for lock in held:
                self.connection.locks.remove(lock)
            # The server frees the locks of a lost connection itself; a new connection does not hold this one.
            if had and not self.connection.is_lost:
                with suppress(Exception):
                    self.connection.query(free, (key,))

    def hold(self, rows: Any, *, to_change: bool = False) -> list[tuple[Any, ...]]:  # noqa: ANN401  # a DataJoint expression
        """Lock rows until the end of the transaction, so that other connections cannot change them.

        Parameters
        ----------
        rows
            An expression of tables.
        to_change
            Whether to keep other connections from locking the rows too.

        Returns
        -------
        list of tuple
            The rows.
        """
        how = "FOR UPDATE" if to_change else "FOR SHARE" if self.is_postgresql else "LOCK IN SHARE MODE"
        return list(self.connection.query(composed("{rows} {how}", rows=rows.make_sql(), how=how)).fetchall())

    @property
    def uptime(self) -> float:
        """Seconds since the server was started, or up to one more."""
        # MySQL counts whole seconds. Add one, so that the server never seems to be younger than it is.
        if self.is_postgresql:
            query = "SELECT EXTRACT(EPOCH FROM clock_timestamp() - pg_postmaster_start_time())"
            return float(self.connection.query(query).fetchone()[0])
        whole = self.connection.query("SHOW GLOBAL STATUS LIKE 'Uptime'").fetchone()[1]
        return float(whole) + 1

    @property
    def identity(self) -> str:
        """Random identity of the lab's tables; the store has the same, so that store and tables of two labs are never mixed."""
        return str((self.SchemaVersion & {"schema_name": f"{self.prefix}behaviour"}).fetch1("schema_id"))

    def may_write_for(self, experimenter: str) -> bool:
        """Return whether this connection's user may write for an experimenter: it is the same user, an admin or the service."""
        if self._everyone or self.user == experimenter:
            return True
        return bool(self.Experimenter & {"experimenter": self.user, "admin": "True"})

    def _declare(self, *, may_migrate: bool) -> None:
        """Bind every table class to this connection, and make the tables that are missing."""
        # A schema with tables, but without a row of versions, was made by other software: refuse it instead of adding to it.
        present = {name: self._tables_in(self.prefix + name) for name in SCHEMAS}
        if present["ingest"] and "schema_version" not in present["ingest"]:
            raise Misconfigured([_foreign(self.prefix + "ingest", "it holds tables that this software did not make")])
        versions = self._bind("ingest", (ledger.SchemaVersion,))
        known = {row["schema_name"]: row["version"] for row in versions.to_dicts()}
        ours = {name: version for name, version in known.items() if name.removeprefix(self.prefix) in SCHEMAS}
        # Migrate before the tables are bound, because DataJoint reads their columns when it binds them.
        if ours and (version := check_version(ours, may_migrate=may_migrate)) != VERSION:
            self.migrated = migrate(self, ours, version)
        for name, definitions in SCHEMAS.items():
            schema_name = self.prefix + name
            is_new = schema_name not in known
            if is_new and present[name] - {"schema_version"}:
                raise Misconfigured([_foreign(schema_name, "it holds tables that this software did not make")])
            if is_new:  # before the tables are made, so that after a crash half-way the schema is still known as ours
                versions.insert1({"schema_name": schema_name, "version": VERSION, "schema_id": uuid4().hex})
            self._bind(name, definitions)
        if QUEUE not in present["ingest"]:
            _ = self.jobs  # the first access makes the table
        if self.is_postgresql:
            self._expect_keys()

    def _expect_keys(self) -> None:
        """Raise `Misconfigured` if this user may only read.

        PostgreSQL shows foreign keys only to users with a further right. Without it, DataJoint would not see how tables refer
        to each other.
        """
        query = (
            "SELECT DISTINCT table_schema FROM information_schema.tables WHERE table_schema = ANY(%s) "
            "AND NOT has_table_privilege(format('%%I.%%I', table_schema, table_name), 'INSERT, UPDATE, DELETE, REFERENCES')"
        )
        schemas = [self.prefix + name for name in SCHEMAS]
        if hidden := [row[0] for row in self.connection.query(query, (schemas,)).fetchall()]:
            what = f"database user {self.user} lacks the right REFERENCES, without which PostgreSQL shows no keys"
            grant = "Have an administrator of the server run `GRANT REFERENCES ON ALL TABLES IN SCHEMA {} TO {};`"
            raise Misconfigured(
                Problem("right_missing", schema, what, grant.format(schema, self.user)) for schema in sorted(hidden)
            )

    def _tables_in(self, schema_name: str) -> set[str]:
        """Return the names of the tables in a schema, which may be missing; without DataJoint's internal tables."""
        query = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s"
        names = {row[0] for row in self.connection.query(query, (schema_name,)).fetchall()}
        return {name for name in names if not name.startswith("~") or name == QUEUE}

    def _bind(self, name: str, definitions: tuple[type[dj.Table], ...]) -> Any:  # noqa: ANN401  # a table, as above
        """Bind table classes to their schema on this connection; return an instance of the last one."""
        schema_name = self.prefix + name
        try:
            if not self.is_postgresql and not self._tables_in(schema_name):
                # Compare names byte by byte, as PostgreSQL does; by the server's default, m17 and M17 would be equal.
                create = "CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
                self.connection.query(composed(create, name=identifier("mysql", schema_name)))
            schema = dj.Schema(schema_name, connection=self.connection)
            for definition in definitions:
                # Make a new class for each connection: DataJoint binds the class itself, and a process may have several labs.
                members = {"__doc__": definition.__doc__, "__module__": definition.__module__}
                self.tables[definition.__name__] = schema(
                    type(definition.__name__, (Table, definition), members), context=self.tables
                )
        except Exception as error:
            # DataJoint wraps some of the driver's errors, so look at the wrapped one too.
            if not (is_denied(error) or is_denied(error.__context__)):
                raise
            said = sentence(error.__cause__ or error)
            what = f"user {self.user} cannot use or make its tables ({said})"
            remedy = "Start antelop once as a user who may create schemas and tables, then grant this one access to them"
            raise Misconfigured([Problem("tables_missing", schema_name, what, remedy)]) from error
        return self.tables[definitions[-1].__name__]()


def _foreign(schema_name: str, what: str) -> Problem:
    """Return a problem that says that this software may not use a schema."""
    return Problem("schema_version", schema_name, what, "Give another [database] prefix, or install the release that made it")
