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
from pymysql.cursors import SSCursor

from antelop.database.statement import ON_POSTGRESQL, expect_to_fit, longest
from antelop.errors import Misconfigured, Problem, Unavailable

PATIENCE = 60
"""How many seconds a statement waits for a lock."""

SILENCE = 30
"""How many seconds a network may be silent before a connection over it is taken for lost."""

SESSION = {
    "postgresql": [
        f"SET lock_timeout = '{PATIENCE}s'",
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED",
    ],
    "mysql": [
        f"SET SESSION innodb_lock_wait_timeout = {PATIENCE}",
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        "SET SESSION net_write_timeout = 3600",  # for who reads a streamed answer, and takes some time over a row
    ],
}
"""How every session begins. A statement sees what others committed before it: who looks again under a lock relies on that."""

# SQLSTATE classes and single states (PostgreSQL manual, appendix A): no connection, out of a resource such as disk or memory,
# shut down by somebody, input or output error; a read-only server, a race lost to another transaction, a deadlock, a lock that
# somebody else has.
STATES = ("08", "53", "57", "58", "25006", "40001", "40P01", "55P03")

# The same in the numbers of MySQL and MariaDB (ER_ and CR_ of their manuals).
NUMBERS = frozenset({
    *(1, 2, 3, 5, 20, 1021, 1024, 1026, 1030, 1114),  # a file, memory, disk full, reading, writing, storage engine, table full
    *(1037, 1038, 1041),  # memory
    *(1040, 1203, 1226),  # too many connections, or too much use of them
    *(1053, 1077, 1080, 1152, 1158, 1159, 1160, 1161, 1927),  # shut down, aborted, network, killed
    1153,  # a larger statement than something on the way to the server takes, which has another limit than that
    *(1205, 1213, 1317),  # lock wait, deadlock, interrupted
    *(1036, 1290, 1792, 1836, 1874, 1881),  # read-only: the table, the server, the transaction, and InnoDB while it is repaired
    *(2002, 2003, 2006, 2013, 2055, 4031),  # cannot connect, gone, lost, disconnected for idleness
})  # fmt: skip

DENIED = frozenset({1044, 1142, 1143, 1227, 1370})
"""Likewise: no right to a schema, table, column, what takes SUPER or the like, or a routine."""

# What PostgreSQL says of a user whom it does not let in: libpq tells no SQLSTATE of that. In another language than English it
# is taken for an outage.
_REFUSED = re.compile(
    r"authentication failed|no password supplied|(role|database) \".*\" does not exist|no pg_hba\.conf entry|"
    r"is not permitted to log in|permission denied for database"
)

KEEPALIVE = {
    socket.TCP_KEEPIDLE: SILENCE // 3,
    socket.TCP_KEEPINTVL: SILENCE // 6,
    socket.TCP_KEEPCNT: 4,
    socket.TCP_USER_TIMEOUT: SILENCE * 1000,
}
"""How the kernel is told: first after a third of that, and what was sent must be taken in that time, too."""


class Denied(Misconfigured, dj.errors.AccessError):
    """The database user lacks a right; DataJoint, which looks out for its own exception, takes it for that."""


class Connection(dj.Connection):
    """A DataJoint connection on which an outage is `Unavailable`, and a right that is missing `Denied`, where it is met.

    A connection that is lost is thrown away; the next statement outside a transaction opens another. (DataJoint would run the
    statement again on another connection, whose locks and transaction are gone while everything looks well.)
    """

    _in_transaction = False  # until DataJoint sets it, which is after its first statement
    _longest = ON_POSTGRESQL  # statement in bytes, until the server is asked

    def __init__(self, *args: Any, use_tls: bool | None, **options: Any) -> None:  # noqa: ANN401  # as in DataJoint
        # Left to itself DataJoint tries without TLS, too, whatever went wrong, and demands none of MySQL when it should.
        self._tls = {"verify_mode": "none"} if use_tls and options["backend"] == "mysql" else use_tls
        with warnings.catch_warnings():
            # The tests run on MariaDB; DataJoint says at each connection that it does not.
            warnings.filterwarnings("ignore", "MariaDB is not officially supported")
            super().__init__(*args, use_tls=False, **options)
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
        return bool(self._conn.closed) if self.adapter.backend == "postgresql" else not self._conn.open

    def connect(self) -> None:
        """Connect, or connect again.

        Raises
        ------
        Unavailable
            If the database cannot be reached.
        Misconfigured
            If it does not let this user in.
        """
        where = f"{self.conn_info['host']}:{self.conn_info['port']}"
        try:
            super().connect()
            self._expect_answers()
            with closing(self._conn.cursor()) as cursor:
                for statement in SESSION[self.adapter.backend]:
                    cursor.execute(statement)
                self._longest = longest(cursor, self.adapter.backend)
        except Exception as error:
            if is_outage(error):
                raise Unavailable(f"cannot connect to the database at {where}: {sentence(error)}") from error
            what = f"it does not let user {self.conn_info['user']} in: {sentence(error)}"
            remedy = "Look at [database] in the configuration, and at DB_USER and DB_PASS in the environment"
            raise Misconfigured([Problem("database_refused", where, what, remedy)]) from error

    def _build_connect_kwargs(self) -> dict[str, Any]:
        return {**super()._build_connect_kwargs(), "use_tls": self._tls}  # None: wherever the server offers it

    def _expect_answers(self) -> None:
        """Have the kernel look whether the other end is there while nothing comes (tcp(7)); else one would wait for ever."""
        link = self._conn if self.adapter.backend == "postgresql" else self._conn._sock  # noqa: SLF001  # the driver shows it nowhere
        with socket.socket(fileno=os.dup(link.fileno())) as ours:
            if ours.family != socket.AF_UNIX:
                ours.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                for name, value in KEEPALIVE.items():
                    ours.setsockopt(socket.IPPROTO_TCP, name, value)

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
        with self._told(query):
            expect_to_fit(self._conn, query, args, self._longest)
            return super().query(query, args, **{**options, "reconnect": False})

    def stream(self, query: str, args: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """Run a query within a transaction, and yield its rows, however many, without having them in memory.

        Until its end nothing else can be asked on this connection.
        """
        postgresql = self.adapter.backend == "postgresql"
        with self._told(query):
            cursor = self._conn.cursor("stream", withhold=True) if postgresql else self._conn.cursor(SSCursor)
            try:
                cursor.execute(query, args)
                yield from cursor
            finally:
                with suppress(Exception):  # what went wrong before is what there is to tell
                    cursor.close()

    @contextmanager
    def _told(self, query: str) -> Iterator[None]:
        """Turn what drivers and DataJoint raise about a statement into what it is."""
        try:
            yield
        except Exception as error:
            if is_outage(error):
                raise Unavailable(f"the database is unavailable: {sentence(error)}") from error
            if getattr(error, "pgcode", None) == "23001":  # restrict_violation, which DataJoint does not know
                raise dj.errors.IntegrityError(*error.args) from error
            if is_denied(error):
                raise Denied([self._missing_right(query, sentence(error))]) from error
            raise

    def _missing_right(self, query: str, said: str) -> Problem:
        """Say which right a statement takes that this user does not have, and who gives it by which statement."""
        user, name = self.conn_info["user"], r"""["`](\w+)["`]"""
        table = re.search(rf"""{name}\.["`]([^"`]+)""", query)
        schema = (table or re.search(name, query) or [query, "…"])[1]
        right = "UPDATE" if re.search(r"\bFOR (SHARE|UPDATE)\b", query) else query.split(maxsplit=1)[0].upper()
        if self.adapter.backend == "mysql":  # on the table alone: of rights on schemas only those of the nearest pattern count
            grant = f"{right} ON {schema}.{table[2] if table else '*'} TO '{user}'"
        elif "for schema" in said:
            grant = f"{'CREATE, ' if right == 'CREATE' else ''}USAGE ON SCHEMA {schema} TO {user}"
        elif right == "CREATE" and table is None:
            grant = f"CREATE ON DATABASE {self.conn_info['database_name']} TO {user}"
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
        self._in_transaction = False


def is_outage(error: BaseException) -> bool:
    """Tell whether the world is wrong, and not the statement: the same one may succeed later."""
    if isinstance(error, dj.errors.LostConnectionError):
        return True
    if _driver(error) == "psycopg2":
        state = getattr(error, "pgcode", None)
        if state is None:  # the driver's own: no connection, or lost
            return type(error).__name__ in {"OperationalError", "InterfaceError"} and not _REFUSED.search(str(error))
        return str(state).startswith(STATES)
    if _driver(error) == "pymysql":
        return type(error).__name__ == "InterfaceError" or bool(error.args and error.args[0] in NUMBERS)
    return False


def is_denied(error: BaseException | None) -> bool:
    """Tell whether the user has no right to do this (PostgreSQL's SQLSTATE 42501)."""
    if isinstance(error, dj.errors.AccessError) or getattr(error, "pgcode", None) == "42501":
        return True
    return error is not None and _driver(error) == "pymysql" and bool(error.args and error.args[0] in DENIED)


def sentence(error: BaseException) -> str:
    """Return an error's message on one line, without the numbers and statements that drivers put beside it."""
    texts = [" ".join(text.split()) for text in error.args if isinstance(text, str)]
    return next(filter(None, reversed(texts)), type(error).__name__)


def _driver(error: BaseException) -> str:
    return type(error).__module__.partition(".")[0]
