"""One connection to a database server, on which an outage is told from a wrong statement."""

import hashlib
import os
import re
import socket
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any

import datajoint as dj
from datajoint.settings import Config
from pymysql.cursors import SSCursor

from antelop.database import promise
from antelop.database.deadline import Deadline
from antelop.database.limits import ANSWER_TIMEOUT, SILENCE, Limits, is_unknown, opening_statements, pause
from antelop.database.opening import Address, open_connection
from antelop.database.outages import is_denied, is_outage, is_refused, is_unexplained, sentence
from antelop.database.predecessor import Session
from antelop.database.statement import ON_POSTGRESQL, expect_to_fit, longest
from antelop.errors import Misconfigured, Problem, Unavailable

KEEPALIVE = {
    socket.TCP_KEEPIDLE: SILENCE // 3,
    socket.TCP_KEEPINTVL: SILENCE // 6,
    socket.TCP_KEEPCNT: 4,
    socket.TCP_USER_TIMEOUT: SILENCE * 1000,
}
"""How the kernel is told: first after a third of that, and what was sent must be taken in that time, too."""


STREAMED = 2000
"""How many rows of a streamed answer are fetched at a time."""


class Denied(Misconfigured, dj.errors.AccessError):
    """The database user lacks a right; DataJoint, which looks out for its own exception, takes it for that."""


class Connection(dj.Connection):
    """A DataJoint connection on which an outage is `Unavailable`, and a right that is missing `Denied`, where it is met.

    A connection that is lost is thrown away; the next statement outside a transaction opens another. (DataJoint would run the
    statement again on another connection, whose locks and transaction are gone while everything looks well.)

    Parameters
    ----------
    address
        Where the server is, and how it is reached.
    limits
        How long this session may pause.
    settings
        DataJoint's, with the stores.

    Attributes
    ----------
    address
        As given.
    locks
        What `Database.lock` holds on it.

    Raises
    ------
    Unavailable
        If the server cannot be reached.
    Misconfigured
        If it does not let this user in, cannot be verified, or would break the promise (see `promise`).
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
            # The tests run on MariaDB; DataJoint says at each connection that it does not.
            warnings.filterwarnings("ignore", "MariaDB is not officially supported")
            super().__init__(
                *where, use_tls=False, database_name=address.name, backend=address.backend, config_override=settings
            )
        create_index = self.adapter.create_index_ddl

        def create_named_index(table: str, columns: list[str], unique: bool = False, index_name: str | None = None) -> str:  # noqa: FBT001, FBT002
            # DataJoint names an index after the first 30 characters of its columns, on which two of one table agree here.
            name = index_name or f"idx_{hashlib.sha256(repr((table, columns)).encode()).hexdigest()[:24]}"
            return str(create_index(table, columns, unique, name))

        self.adapter.create_index_ddl = create_named_index

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open; DataJoint would ask the server, too, whether it is there."""
        return self._in_transaction

    @property
    def is_lost(self) -> bool:
        """Whether a statement found that the connection is gone, or it was closed."""
        return bool(self._conn.closed) if self.address.backend == "postgresql" else not self._conn.open

    def connect(self) -> None:
        """Connect, or connect again; the session of the server that was lost is ended first, and its locks with it.

        Raises
        ------
        Unavailable
            If the database cannot be reached.
        Misconfigured
            If it does not let this user in, cannot be verified, or would break the promise.
        """
        try:
            self._conn = open_connection(self.address)
            self._is_closed = False  # as DataJoint knows it
            self._deadline = Deadline(ANSWER_TIMEOUT, self._descriptor)
            with self._deadline():
                self._begin()
        except (Misconfigured, Unavailable):
            self.drop()
            raise
        except Exception as error:
            self.drop()
            if is_refused(error) or not (is_outage(error) or isinstance(error, OSError)):
                what = f"it does not let user {self.address.user} in: {sentence(error)}"
                remedy = "Look at [database] in the configuration, and at DB_USER and DB_PASS in the environment"
                raise Misconfigured([Problem("database_refused", str(self.address), what, remedy)]) from error
            raise Unavailable(f"cannot connect to the database at {self.address}: {sentence(error)}") from error

    def _begin(self) -> None:
        """Make what was opened a session that keeps the promise, or raise."""
        backend = self.address.backend
        if backend == "postgresql":
            self.adapter._register_numpy_adapters()  # noqa: SLF001  # which DataJoint does in the connecting that is not used here
        self._expect_answers()
        session = Session.of(self._conn, backend)
        # Before anything is set: through a pooler it would be set for somebody else.
        if not session.is_direct:
            with closing(open_connection(self.address)) as other:
                promise.expect_session(backend, str(self.address), _asking(self._conn), _asking(other))
        promise.expect_promise(backend, str(self.address), _asking(self._conn))
        known, new = opening_statements(backend, self._limits)
        with closing(self._conn.cursor()) as cursor:
            for statement in [*known, *([promise.DURABLE] if backend == "postgresql" else [])]:
                cursor.execute(statement)
            for statement in new:
                self._pauses = self._set_if_known(cursor, statement)
            self._longest = longest(cursor, backend)
        # What this client lost is not over for the server. Until it is, it holds the claim, and may even commit.
        if self._session is not None and session.is_direct:
            self._session.end(self._conn, backend)
        self._session = session

    def _set_if_known(self, cursor: Any, statement: str) -> bool:  # noqa: ANN401  # the drivers have no types
        """Execute a setting that some servers do not have; return whether this one does."""
        try:
            cursor.execute(statement)
        except Exception as error:
            if not is_unknown(error):
                raise
            return False
        return True

    def _descriptor(self) -> int:
        """Return the descriptor of the connection's socket."""
        link = self._conn if self.address.backend == "postgresql" else self._conn._sock  # noqa: SLF001  # the driver shows it nowhere
        return int(link.fileno())

    def _expect_answers(self) -> None:
        """Have the kernel look whether the other end is there while nothing comes (tcp(7)); else one would wait for ever."""
        with socket.socket(fileno=os.dup(self._descriptor())) as ours:
            if ours.family != socket.AF_UNIX:
                ours.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                for name, value in KEEPALIVE.items():
                    ours.setsockopt(socket.IPPROTO_TCP, name, value)

    def allow_pauses(self, *, allow: bool) -> None:
        """Let the open transaction pause for as long as it takes, or no longer than others do."""
        backend = self.address.backend
        if backend == "postgresql" or self._pauses:
            self.query(pause(backend, 0 if allow else self._limits.transaction))

    def query(self, query: str, args: Any = (), **options: Any) -> Any:  # noqa: ANN401  # as in DataJoint
        """Run a statement.

        Raises
        ------
        Unavailable
            If the database is away, full, locked or read-only.
        Denied
            If this user has no right to it; it says who has to do what.
        TooLarge
            If it is larger than the server takes.
        """
        if self.is_lost and not self._in_transaction:
            self.connect()
        with self._told(query), self._deadline():
            expect_to_fit(self._conn, query, args, self._longest)
            return super().query(query, args, **{**options, "reconnect": False})

    def stream(self, query: str, args: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """Run a query within a transaction, and yield its rows, however many, without having them in memory.

        Until its end nothing else can be asked on this connection.
        """
        postgresql = self.address.backend == "postgresql"
        with self._told(query):
            cursor = self._conn.cursor("stream", withhold=True) if postgresql else self._conn.cursor(SSCursor)
            try:
                with self._deadline():
                    cursor.execute(query, args)
                while rows := self._fetched(cursor):  # what is done with them meanwhile is not limited
                    yield from rows
            finally:
                with suppress(Exception):  # what went wrong before is what there is to tell
                    cursor.close()

    def _fetched(self, cursor: Any) -> Sequence[tuple[Any, ...]]:  # noqa: ANN401  # as above
        with self._deadline():
            return tuple(cursor.fetchmany(STREAMED))

    @contextmanager
    def _told(self, query: str) -> Iterator[None]:
        """Turn what drivers and DataJoint raise about a statement into what it is."""
        try:
            yield
        except Exception as error:
            if self._deadline.passed:
                seconds = self._deadline.seconds
                raise Unavailable(f"the database is unavailable: it has not answered for {seconds:g} s") from error
            if is_outage(error) or self.is_lost or (is_unexplained(error) and not self._answers()):
                raise Unavailable(f"the database is unavailable: {sentence(error)}") from error
            if getattr(error, "pgcode", None) == "23001":  # restrict_violation, which DataJoint does not know
                raise dj.errors.IntegrityError(*error.args) from error
            if is_denied(error):
                raise Denied([self._missing_right(query, sentence(error))]) from error
            raise

    def _answers(self) -> bool:
        """Tell whether the connection lives; throw it away if it does not."""
        try:
            with self._deadline(), closing(self._conn.cursor()) as cursor:
                cursor.execute("SELECT 1")
        except Exception as error:  # noqa: BLE001  # of several types
            if is_outage(error) or is_unexplained(error):
                with suppress(Exception):
                    self._conn.close()
                return False
        return True  # a server that refuses a statement, as in a transaction that has failed, is there

    def _missing_right(self, query: str, said: str) -> Problem:
        """Say which right a statement takes that this user does not have, and who gives it by which statement."""
        user, name = self.address.user, r"""["`](\w+)["`]"""
        table = re.search(rf"""{name}\.["`]([^"`]+)""", query)
        schema = (table or re.search(name, query) or [query, "…"])[1]
        right = "UPDATE" if re.search(r"\bFOR (SHARE|UPDATE)\b", query) else query.split(maxsplit=1)[0].upper()
        if self.address.backend == "mysql":  # on the table alone: of rights on schemas only those of the nearest pattern count
            grant = f"{right} ON {schema}.{table[2] if table else '*'} TO '{user}'"
        elif "for schema" in said:
            grant = f"{'CREATE, ' if right == 'CREATE' else ''}USAGE ON SCHEMA {schema} TO {user}"
        elif right == "CREATE" and table is None:
            grant = f"CREATE ON DATABASE {self.address.name} TO {user}"
        else:
            grant = f"{right} ON ALL TABLES IN SCHEMA {schema} TO {user}"
        what = f"database user {user} lacks the right {right}: {said}"
        return Problem("right_missing", schema, what, f"Have an administrator of the server run `GRANT {grant};`")

    def roll_back(self) -> None:
        """Roll the open transaction back, if there is one; where the server does not answer, it does so by itself."""
        if self._in_transaction:
            try:
                self.cancel_transaction()
            except Exception:  # noqa: BLE001  # what went wrong before is what there is to tell
                self.drop()

    def drop(self) -> None:
        """Throw the connection away, and with it what was not committed."""
        with suppress(Exception):  # a dead connection is as good as closed
            self.close()
        self._deadline.close()
        self._in_transaction = False


def _asking(connection: Any) -> promise.Ask:  # noqa: ANN401  # the drivers have no types
    """Return what executes a query on a driver's connection, and returns the first row of its answer."""

    def ask(query: str) -> Any:  # noqa: ANN401  # of several types
        with closing(connection.cursor()) as cursor:
            cursor.execute(query)
            return cursor.fetchone()

    return ask
