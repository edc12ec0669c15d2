"""The lab's database: one connection, every table on it, and the only function that opens a transaction.

To other packages, PostgreSQL (embedded or on a server) and MySQL or MariaDB look the same: their differences end here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from datajoint.settings import Config

from antelop.database.advisory_lock import advisory_lock
from antelop.database.driver import Connection
from antelop.database.limits import LOCK_TIMEOUT, Limits
from antelop.database.opening import Address
from antelop.database.schemas import Schemas
from antelop.database.statement import composed
from antelop.database.table import Jobs
from antelop.errors import Unavailable


class OutcomeUnknown(Unavailable):
    """The connection was lost during COMMIT: whether it succeeded can only be read from the ledger, on a new connection."""


class Database:
    """Every table of the lab on one connection, which one thread uses at a time.

    Tables are attributes: ``database.Session & key``. So is the queue: ``database.jobs``, the jobs table of `Ingestion`.

    Parameters
    ----------
    address
        Address of the database; the host may be the folder of a Unix socket.
    store
        Folder of the store, which holds large arrays and files.
    limits
        How long a session may pause.
    service
        The database user who may write for every experimenter: that of the daemon, or the only one of the embedded database.
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

    def __init__(
        self,
        address: Address,
        *,
        store: Path,
        limits: Limits = Limits(),  # noqa: B008  # a frozen value
        service: str | None = None,
        may_migrate: bool = False,
    ) -> None:
        # Settings of this connection's own: a process may have several labs, and DataJoint's global ones would be shared.
        settings = Config()
        settings.stores = {"antelop": {"protocol": "file", "location": str(store)}}
        self.connection = Connection(address, limits, settings)
        self.prefix = address.prefix
        self.user = address.user
        self.is_postgresql = address.backend == "postgresql"
        self.migrated: list[str] = []
        self._service = service
        schemas = Schemas(self.connection, self.prefix)
        self.tables = schemas.tables
        # Two processes that start on an empty server at the same time must not both make the tables.
        try:
            with self.lock("declare", wait=True):
                self.migrated += schemas.declare(self, may_migrate=may_migrate)
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
        return Jobs(self.Ingestion())

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
        # The prefix keeps two labs on one server apart.
        with advisory_lock(self.connection, f"{self.prefix}:{name}", wait=wait) as had:
            if wait and not had:
                raise Unavailable(f"another process has held the lock {name!r} for {LOCK_TIMEOUT} s")
            yield had

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
        if self.user in {self._service, experimenter}:
            return True
        return bool(self.Experimenter & {"experimenter": self.user, "admin": "True"})
