"""One connection to a database server, which distinguishes an outage from a wrong statement."""

import hashlib
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any

import datajoint as dj
from datajoint.settings import Config
from pymysql.cursors import SSCursor

from antelop.database import promise
from antelop.database.deadline import Deadline
from antelop.database.keepalive import keep_alive
from antelop.database.limits import ANSWER_TIMEOUT, Limits, opening_statements, pause, set_if_known
from antelop.database.opening import Address, open_connection
from antelop.database.outages import is_denied, is_outage, is_refused, is_unexplained, sentence
from antelop.database.predecessor import Session
from antelop.database.rights import Denied, missing_right
from antelop.database.statement import ON_POSTGRESQL, expect_to_fit, longest
from antelop.errors import Misconfigured, Problem, Unavailable

STREAMED = 2000
"""Number of rows of a streamed answer that are fetched at a time."""


class Connection(dj.Connection):
    """A DataJoint connection that raises `Unavailable` for an outage and `Denied` for a missing right.

    A lost connection is dropped; the next statement outside a transaction opens a new one. (DataJoint would repeat the
    statement on a new connection, and not report that the locks and the transaction of the old one are gone.)

    Parameters
    ----------
    address
        Address of the server, with user, password and TLS settings.
    limits
        How long the session may pause.
    settings
        DataJoint's configuration, with the stores.

    Attributes
    ----------
    address
        The address, as given.
    locks
        The advisory locks that `Database.lock` holds on this connection.

    Raises
    ------
    Unavailable
        If the server cannot be reached.
    Misconfigured
        If the server refuses the user, its certificate cannot be verified, or it does not keep the promise (see `promise`).
    """

    _in_transaction = False  # until DataJoint sets it, which is after its first statement
    _longest = ON_POSTGRESQL  # statement in bytes, until the server is asked

    def __init__(self, address: Address, limits: Limits, settings: Config) -> None:
        self.address = address
        self.locks: list[object] = []
        self._limits = limits
        self._deadline = Deadline(ANSWER_TIMEOUT, self._descriptor)
        self._session: Session | None = None
        self._pauses = False
        where = (address.host, address.user, address.password, address.port)
        with warnings.catch_warnings():
            # The tests show that MariaDB works; DataJoint warns at each connection that it does not support it.
            warnings.filterwarnings("ignore", "MariaDB is not officially supported")
            super().__init__(
                *where, use_tls=False, database_name=address.name, backend=address.backend, config_override=settings
            )
        create_index = self.adapter.create_index_ddl

        def create_named_index(table: str, columns: list[str], unique: bool = False, index_name: str | None = None) -> str:  # noqa: FBT001, FBT002
            # DataJoint names an index after the first 30 characters of its columns, which two indexes of one table share here.
            name = index_name or f"idx_{hashlib.sha256(repr((table, columns)).encode()).hexdigest()[:24]}"
            return str(create_index(table, columns, unique, name))

        self.adapter.create_index_ddl = create_named_index

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open; unlike DataJoint's, this does not ask the server whether it is reachable."""
        return self._in_transaction

    @property
    def is_lost(self) -> bool:
        """Whether the connection was closed, or a statement found that it is lost."""
        return bool(self._conn.closed) if self.address.backend == "postgresql" else not self._conn.open

    def connect(self) -> None:
        """Connect, or reconnect; a reconnect ends the lost session on the server, so that its locks are free.

        Raises
        ------
        Unavailable
            If the database cannot be reached.
        Misconfigured
            If the server refuses the user, its certificate cannot be verified, or it does not keep the promise.
        """
        try:
            self._conn = open_connection(self.address)
            self._is_closed = False  # DataJoint's own flag
            self._deadline = Deadline(ANSWER_TIMEOUT, self._descriptor)
            with self._deadline():
                self._begin()
        except (Misconfigured, Unavailable):
            self.drop()
            raise
        except Exception as error:
            self.drop()
            # A refusal stays until the configuration changes; an outage ends by itself, so a retry makes sense.
            if is_refused(error) or not (is_outage(error) or isinstance(error, OSError)):
                what = f"it does not let user {self.address.user} in: {sentence(error)}"
                remedy = "Look at [database] in the configuration, and at DB_USER and DB_PASS in the environment"
                raise Misconfigured([Problem("database_refused", str(self.address), what, remedy)]) from error
            raise Unavailable(f"cannot connect to the database at {self.address}: {sentence(error)}") from error

    def _begin(self) -> None:
        """Set up the session of a new connection, so that it keeps the promise; raise if the server does not allow that."""
        backend = self.address.backend
        if backend == "postgresql":
            self.adapter._register_numpy_adapters()  # noqa: SLF001  # DataJoint does it in its own connect, which is not used
        keep_alive(self._descriptor())
        session = Session.of(self._conn, backend)
        # Check for a pooler before anything is set: through a pooler, the settings could reach another client's session.
        if not session.is_direct:
            with closing(open_connection(self.address)) as other:
                promise.expect_session(backend, str(self.address), promise.asking(self._conn), promise.asking(other))
        promise.expect_promise(backend, str(self.address), promise.asking(self._conn))
        known, new = opening_statements(backend, self._limits)
        # From here on the server gives this client up in time, and COMMIT waits for the disk.
        with closing(self._conn.cursor()) as cursor:
            for statement in [*known, *([promise.DURABLE] if backend == "postgresql" else [])]:
                cursor.execute(statement)
            for statement in new:
                self._pauses = set_if_known(cursor, statement)
            self._longest = longest(cursor, backend)
        # The lost session may still live on the server. Until it ends, it holds the claim on a delivery, and may even commit.
        if self._session is not None and session.is_direct:
            self._session.end(self._conn, backend)
        self._session = session

    def _descriptor(self) -> int:
        """Return the file descriptor of the connection's socket."""
        link = self._conn if self.address.backend == "postgresql" else self._conn._sock  # noqa: SLF001  # the driver shows it nowhere
        return int(link.fileno())

    def allow_pauses(self, *, allow: bool) -> None:
        """Switch the server's limit for pauses in the open transaction off (`allow`) or on."""
        backend = self.address.backend
        if backend == "postgresql" or self._pauses:
            self.query(pause(backend, 0 if allow else self._limits.transaction))

    def query(self, query: str, args: Any = (), **options: Any) -> Any:  # noqa: ANN401  # as in DataJoint
        """Run a statement.

        Raises
        ------
        Unavailable
            If the database cannot be reached, or is full, locked or read-only.
        Denied
            If this user lacks a right; the problem says which, and who can grant it.
        TooLarge
            If the statement is larger than the server takes.
        """
        # Reconnect only outside a transaction: its earlier statements are gone, so going on would commit a part of it.
        if self.is_lost and not self._in_transaction:
            self.connect()
        with self._translated(query), self._deadline():
            expect_to_fit(self._conn, query, args, self._longest)
            return super().query(query, args, **{**options, "reconnect": False})

    def stream(self, query: str, args: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """Run a query within a transaction, and yield its rows without loading them all into memory.

        Until the last row is read, this connection cannot run another statement.
        """
        # By default, both drivers load the whole answer into memory; these cursors leave it on the server.
        postgresql = self.address.backend == "postgresql"
        with self._translated(query):
            cursor = self._conn.cursor("stream", withhold=True) if postgresql else self._conn.cursor(SSCursor)
            try:
                with self._deadline():
                    cursor.execute(query, args)
                while rows := self._fetched(cursor):  # each fetch has its deadline; the caller's work between them has none
                    yield from rows
            finally:
                with suppress(Exception):  # an error that is already on its way must not be replaced by this one
                    cursor.close()

    def _fetched(self, cursor: Any) -> Sequence[tuple[Any, ...]]:  # noqa: ANN401  # as above
        """Return the next rows; none at the end."""
        with self._deadline():
            return tuple(cursor.fetchmany(STREAMED))

    @contextmanager
    def _translated(self, query: str) -> Iterator[None]:
        """Turn exceptions of drivers and of DataJoint about a statement into ours."""
        try:
            yield
        except Exception as error:
            # Look at the deadline first: after it has closed the socket, the driver reports only a lost connection.
            if self._deadline.passed:
                seconds = self._deadline.seconds
                raise Unavailable(f"the database is unavailable: it has not answered for {seconds:g} s") from error
            if is_outage(error) or self.is_lost or (is_unexplained(error) and not self._answers()):
                raise Unavailable(f"the database is unavailable: {sentence(error)}") from error
            if getattr(error, "pgcode", None) == "23001":  # restrict_violation, which DataJoint does not know
                raise dj.errors.IntegrityError(*error.args) from error
            if is_denied(error):
                raise Denied([missing_right(self.address, query, sentence(error))]) from error
            raise

    def _answers(self) -> bool:
        """Return whether the connection still works; close it if it does not."""
        try:
            with self._deadline(), closing(self._conn.cursor()) as cursor:
                cursor.execute("SELECT 1")
        except Exception as error:  # noqa: BLE001  # of several types
            # An error that the server sends is an answer too; only a missing answer shows a dead connection.
            if is_outage(error) or is_unexplained(error):
                with suppress(Exception):
                    self._conn.close()
                return False
        return True  # a server that refuses the statement, as in a failed transaction, still answers

    def roll_back(self) -> None:
        """Roll back the open transaction, if there is one; if the server does not answer, drop the connection instead."""
        if self._in_transaction:
            try:
                self.cancel_transaction()
            except Exception:  # noqa: BLE001  # the server rolls back by itself when the connection ends
                self.drop()

    def drop(self) -> None:
        """Drop the connection; what was not committed is lost."""
        with suppress(Exception):  # closing a dead connection may fail, which makes no difference
            self.close()
        self._deadline.close()
        self._in_transaction = False
