"""The lab's database: one connection, every table on it, and the one opener of transactions.

PostgreSQL (embedded or a server) and the MySQL protocol behave alike here: what differs between them is in this module.
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

# The ledger's last, for it refers to the others; its table of versions is made before all.
SCHEMAS = {"metadata": metadata.TABLES, "behaviour": behaviour.TABLES, "ingest": ledger.TABLES[1:]}

QUEUE = "~~ingestion"
"""The jobs table of `Ingestion`, as DataJoint names it."""


class OutcomeUnknown(Unavailable):
    """The connection was lost while a transaction was committed: only the ledger knows whether it was."""


class Database:
    """Every table of the lab on one connection, which one thread uses at a time.

    Tables are attributes: ``database.Session & key``. So is the queue: ``database.jobs``, the jobs table of `Ingestion`.

    Parameters
    ----------
    address
        Where the database is; the host may be the folder of a Unix socket.
    limits
        How long a session may pause.
    prefix
        What the names of our three schemas begin with.
    store
        The folder that holds large arrays and files.
    trusted
        Whether whoever can connect may write for every experimenter: so on the embedded database.
    service
        The database user of the daemon, who may write for every experimenter.
    may_migrate
        Whether tables of an earlier release are migrated; else they are refused.

    Attributes
    ----------
    migrated
        What was done to tables of an earlier release, a sentence for each migration.

    Raises
    ------
    Unavailable
        If the database cannot be reached.
    Misconfigured
        If it refuses the user or would break the promise, tables are missing and may not be made, a schema of that name is not
        ours, or its tables are of another release.
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
        settings = Config()
        settings.stores = {"antelop": {"protocol": "file", "location": str(store)}}
        self.connection = Connection(address, limits, settings)
        self.prefix = prefix
        self.user = address.user
        self.is_postgresql = address.backend == "postgresql"
        self.tables: dict[str, type[dj.Table]] = {}
        self.migrated: list[str] = []
        self._everyone = trusted or address.user == service
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
        """The queue; DataJoint would ask the server for every foreign key each time that it is asked for it."""
        jobs = Jobs(self.Ingestion())
        if not jobs.is_declared:
            jobs.declare()
        return jobs

    def reconnect(self) -> None:
        """Open another connection in the place of this one, for the same tables.

        Raises
        ------
        Unavailable
            If the database cannot be reached.
        """
        self.close()
        self.connection.connect()

    def close(self) -> None:
        """Close the connection; what was not committed is rolled back by the server."""
        self.connection.drop()

    @contextmanager
    def transaction(self, *, commit: bool = True, patient: bool = False) -> Iterator[None]:
        """Open the one transaction: committed at the end, rolled back by an exception.

        Parameters
        ----------
        commit
            Whether it is to be; a rehearsal is rolled back at its end.
        patient
            Whether there may be long pauses between its statements. The server ends any other transaction if this client does
            not go on, for an ingest may wait for its locks.

        Raises
        ------
        RuntimeError
            If one is open already: DataJoint would roll that one back.
        OutcomeUnknown
            If the connection was lost during COMMIT.
        Unavailable
            If the database went away before that: nothing was committed then.
        """
        if self.connection.in_transaction:
            raise RuntimeError("a transaction is open already, and one within it would roll it back")
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
        except BaseException:  # such as Ctrl-C, which may have come in the middle of an answer
            self.connection.drop()
            raise
        self.connection.roll_back()

    @contextmanager
    def lock(self, name: str, *, wait: bool = False) -> Iterator[bool]:
        """Hold a lock that all processes on this database share and that a lost connection frees; yield whether it was had.

        Raises
        ------
        Unavailable
            If it is to `wait`, and another process has held the lock for `LOCK_TIMEOUT`.
        """
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
            if had and not self.connection.is_lost:  # the server frees it with the connection
                with suppress(Exception):
                    self.connection.query(free, (key,))

    def hold(self, rows: Any, *, to_change: bool = False) -> list[tuple[Any, ...]]:  # noqa: ANN401  # a DataJoint expression
        """Keep rows from being changed by others until the end of the transaction; `to_change`: from being held too.

        Returns
        -------
        list of tuple
            The rows.
        """
        how = "FOR UPDATE" if to_change else "FOR SHARE" if self.is_postgresql else "LOCK IN SHARE MODE"
        return list(self.connection.query(composed("{rows} {how}", rows=rows.make_sql(), how=how)).fetchall())

    @property
    def uptime(self) -> float:
        """How many seconds ago the server was started, or up to one more."""
        if self.is_postgresql:
            query = "SELECT EXTRACT(EPOCH FROM clock_timestamp() - pg_postmaster_start_time())"
            return float(self.connection.query(query).fetchone()[0])
        whole = self.connection.query("SHOW GLOBAL STATUS LIKE 'Uptime'").fetchone()[1]
        return float(whole) + 1

    @property
    def identity(self) -> str:
        """What tells the tables that refer to the store from those of every other lab; the store has it, too."""
        return str((self.SchemaVersion & {"schema_name": f"{self.prefix}behaviour"}).fetch1("schema_id"))

    def may_write_for(self, experimenter: str) -> bool:
        """Tell whether this connection's user may write for that experimenter: their own, an admin's, or the service's."""
        if self._everyone or self.user == experimenter:
            return True
        return bool(self.Experimenter & {"experimenter": self.user, "admin": "True"})

    def _declare(self, *, may_migrate: bool) -> None:
        """Bind every table, and make those that are missing, once."""
        present = {name: self._tables_in(self.prefix + name) for name in SCHEMAS}
        if present["ingest"] and "schema_version" not in present["ingest"]:
            raise Misconfigured([_foreign(self.prefix + "ingest", "it holds tables that this software did not make")])
        versions = self._bind("ingest", (ledger.SchemaVersion,))
        known = {row["schema_name"]: row["version"] for row in versions.to_dicts()}
        ours = {name: version for name, version in known.items() if name.removeprefix(self.prefix) in SCHEMAS}
        # Before the tables are bound, for DataJoint reads then which columns they have.
        if ours and (version := check_version(ours, may_migrate=may_migrate)) != VERSION:
            self.migrated = migrate(self, ours, version)
        for name, definitions in SCHEMAS.items():
            schema_name = self.prefix + name
            is_new = schema_name not in known
            if is_new and present[name] - {"schema_version"}:
                raise Misconfigured([_foreign(schema_name, "it holds tables that this software did not make")])
            if is_new:  # before the tables, so that a crash among them leaves a schema that is known as ours
                versions.insert1({"schema_name": schema_name, "version": VERSION, "schema_id": uuid4().hex})
            self._bind(name, definitions)
        if QUEUE not in present["ingest"]:
            _ = self.jobs  # which declares it
        if self.is_postgresql:
            self._expect_keys()

    def _expect_keys(self) -> None:
        """Raise `Misconfigured` where this user may only read: PostgreSQL shows keys to those who have a further right."""
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
        """Return the names of the tables in a schema, which need not exist; not those that DataJoint keeps for itself."""
        query = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s"
        names = {row[0] for row in self.connection.query(query, (schema_name,)).fetchall()}
        return {name for name in names if not name.startswith("~") or name == QUEUE}

    def _bind(self, name: str, definitions: tuple[type[dj.Table], ...]) -> Any:  # noqa: ANN401  # a table, as above
        """Bind tables to their schema on this connection; return the last."""
        schema_name = self.prefix + name
        try:
            if not self.is_postgresql and not self._tables_in(schema_name):
                # Names are compared to the letter, as on PostgreSQL; the server's default would take m17 and M17 for one.
                create = "CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
                self.connection.query(composed(create, name=identifier("mysql", schema_name)))
            schema = dj.Schema(schema_name, connection=self.connection)
            for definition in definitions:
                # A class of its own for each connection: DataJoint binds the class, and a process may have several databases.
                members = {"__doc__": definition.__doc__, "__module__": definition.__module__}
                self.tables[definition.__name__] = schema(
                    type(definition.__name__, (Table, definition), members), context=self.tables
                )
        except Exception as error:
            if not (is_denied(error) or is_denied(error.__context__)):
                raise
            said = sentence(error.__cause__ or error)
            what = f"user {self.user} cannot use or make its tables ({said})"
            remedy = "Start antelop once as a user who may create schemas and tables, then grant this one access to them"
            raise Misconfigured([Problem("tables_missing", schema_name, what, remedy)]) from error
        return self.tables[definitions[-1].__name__]()


def _foreign(schema_name: str, what: str) -> Problem:
    """Say that a schema is not one that this software may use."""
    return Problem("schema_version", schema_name, what, "Give another [database] prefix, or install the release that made it")
