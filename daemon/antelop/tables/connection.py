"""The lab's database: one connection, every table on it, and the one opener of transactions.

PostgreSQL (embedded or a server) and the MySQL protocol behave alike here: what differs between them is in this module.
"""

import hashlib
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import datajoint as dj
from datajoint.settings import Config

from antelop.errors import Misconfigured, Problem, Unavailable
from antelop.tables import behaviour, ingest, metadata

SCHEMA_VERSION = 1

# The ledger's last, for it refers to the others; its table of versions is made before all.
SCHEMAS = {"metadata": metadata.TABLES, "behaviour": behaviour.TABLES, "ingest": ingest.TABLES[1:]}

# SQLSTATE classes (PostgreSQL manual, appendix A) and single states that say that the world is wrong, not the statement: no
# connection, out of a resource (disk, memory, connections), shut down by somebody, input or output error, lost a race with
# another transaction, waited too long for a lock, a read-only server.
OUTAGE_CLASSES = ("08", "53", "57", "58")
OUTAGE_STATES = ("25006", "40001", "40P01", "55P03")
# The same in MySQL's and MariaDB's numbers: disk full, too many connections, cannot connect, gone, lost, shut down, lock wait,
# deadlock, read-only, killed, disconnected for idleness, file errors.
OUTAGE_NUMBERS = {
    3,
    5,
    1021,
    1030,
    1037,
    1038,
    1040,
    1041,
    1053,
    1077,
    1080,
    1114,
    1152,
    1158,
    1159,
    1160,
    1161,
    1203,
    1205,
    1213,
}
OUTAGE_NUMBERS |= {1226, 1290, 1317, 1792, 1836, 1927, 2002, 2003, 2006, 2013, 2055, 4031}


class OutcomeUnknown(Unavailable):
    """The connection was lost while a transaction was committed: only the ledger knows whether it was."""


def is_outage(error: BaseException) -> bool:
    """Tell whether a database driver's error means that the world is wrong, by its type and code and not by its text."""
    if isinstance(error, dj.errors.LostConnectionError):
        return True
    module = type(error).__module__.partition(".")[0]
    if module == "psycopg2":
        state = getattr(error, "pgcode", None)
        if state is None:  # the driver's own: no connection, or lost
            return type(error).__name__ in {"OperationalError", "InterfaceError"}
        return state.startswith(OUTAGE_CLASSES) or state in OUTAGE_STATES
    if module == "pymysql":
        return type(error).__name__ == "InterfaceError" or bool(error.args and error.args[0] in OUTAGE_NUMBERS)
    return False


def sentence(error: BaseException) -> str:
    """Return an error's message on one line."""
    return " ".join(str(error).split()) or type(error).__name__


class Connection(dj.Connection):
    """A DataJoint connection on which an outage is `Unavailable`: it is thrown away then, not reopened behind one's back.

    DataJoint reopens a lost connection and runs the statement again where it can; after that its locks and its transaction are
    gone while everything looks well.
    """

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401  # as in DataJoint
        with warnings.catch_warnings():
            # The tests run on MariaDB; DataJoint says at each connection that it does not.
            warnings.filterwarnings("ignore", "MariaDB is not officially supported")
            super().__init__(*args, **options)
        create_index = self.adapter.create_index_ddl

        def create_named_index(table: str, columns: list[str], unique: bool = False, index_name: str | None = None) -> str:  # noqa: FBT001, FBT002
            # DataJoint names an index after the first 30 characters of its columns, on which two of one table agree here.
            name = index_name or f"idx_{hashlib.sha256(repr((table, columns)).encode()).hexdigest()[:24]}"
            return str(create_index(table, columns, unique, name))

        self.adapter.create_index_ddl = create_named_index

    def query(self, query: str, args: Any = (), **options: Any) -> Any:  # noqa: ANN401  # as in DataJoint
        """Run a statement; raise `Unavailable` if the database is away, full, locked or read-only."""
        try:
            return super().query(query, args, **{**options, "reconnect": False})
        except Exception as error:
            if is_outage(error):
                raise Unavailable(f"the database is unavailable: {sentence(error)}") from error
            raise


class Database:
    """Every table of the lab on one connection, which one thread uses at a time.

    Tables are attributes: ``database.Session & key``.

    Parameters
    ----------
    host, port, user, password, backend, name, use_tls
        Where the database is; ``host`` may be the folder of a Unix socket. ``name`` is PostgreSQL's database.
    prefix
        What the names of our three schemas begin with.
    store
        The folder that holds large arrays and files.
    trusted
        Whether whoever can connect may write for every experimenter: so on the embedded database.
    service
        The database user of the daemon, who may write for every experimenter.

    Raises
    ------
    Unavailable
        If the database cannot be reached.
    Misconfigured
        If tables are missing and may not be made, or a schema of that name is not ours.
    """

    def __init__(  # noqa: PLR0913  # these are what a connection needs
        self,
        *,
        host: str,
        port: int,
        user: str,
        password: str,
        store: Path,
        backend: str = "postgresql",
        name: str | None = None,
        use_tls: bool | None = None,
        prefix: str = "antelop_ingest_",
        trusted: bool = False,
        service: str | None = None,
    ) -> None:
        settings = Config()
        settings.stores = {"antelop": {"protocol": "file", "location": str(store)}}
        try:
            self.connection = Connection(
                host, user, password, port, use_tls, database_name=name, backend=backend, config_override=settings
            )
        except Exception as error:
            if is_outage(error):
                raise Unavailable(f"cannot connect to the database at {host}:{port}: {sentence(error)}") from error
            remedy = "look at [database] in the configuration, and at DB_USER and DB_PASS in the environment"
            raise Misconfigured([Problem("database_refused", f"{host}:{port}", sentence(error), remedy)]) from error
        self.prefix = prefix
        self.user = user
        self.is_postgresql = backend == "postgresql"
        self._trusted = trusted
        self._service = service
        self._owner: int | None = None
        self.tables: dict[str, type[dj.Table]] = {}
        if not self.is_postgresql:
            # A statement sees what others have committed before it, as on PostgreSQL: the last look before COMMIT relies on it.
            self.connection.query("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        with self.lock("declare", wait=True):
            self._declare()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # a table class of DataJoint, which has no types
        try:
            return self.__dict__["tables"][name]
        except KeyError:
            raise AttributeError(f"no table {name}") from None

    def close(self) -> None:
        """Close the connection; what was not committed is rolled back by the server."""
        with suppress(Exception):  # a dead connection is as good as closed
            self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Open the one transaction: committed at the end, rolled back by an exception.

        Raises
        ------
        RuntimeError
            If one is open already: DataJoint would roll that one back.
        OutcomeUnknown
            If the connection was lost during COMMIT.
        Unavailable
            If the database went away before that: nothing was committed then.
        """
        if self._owner is not None:
            raise RuntimeError("a transaction is open already, and one within it would roll it back")
        self._owner = threading.get_ident()
        try:
            self.connection.start_transaction()
            try:
                yield
            except BaseException:
                with suppress(Exception):  # a lost connection rolls back by itself, and the first error is the one to tell
                    self.connection.cancel_transaction()
                self.connection._in_transaction = False  # noqa: SLF001  # or a lost connection would look as if still in it
                raise
            try:
                self.connection.commit_transaction()
            except Unavailable as error:
                self.connection._in_transaction = False  # noqa: SLF001  # as above
                raise OutcomeUnknown(str(error)) from error
        finally:
            self._owner = None

    @contextmanager
    def lock(self, name: str, *, wait: bool = False) -> Iterator[bool]:
        """Hold a lock that all processes on this database share and that a lost connection frees; yield whether it was had."""
        digest = hashlib.sha256(f"{self.prefix}:{name}".encode()).digest()
        if self.is_postgresql:
            key = int.from_bytes(digest[:8], signed=True)
            take, free = ("pg_advisory_lock", "pg_advisory_unlock") if wait else ("pg_try_advisory_lock", "pg_advisory_unlock")
            had = self.connection.query(f"SELECT {take}(%s)", (key,)).fetchone()[0] is not False
            arguments: tuple[Any, ...] = (key,)
        else:
            text = f"antelop:{digest.hex()[:48]}"
            had = self.connection.query("SELECT GET_LOCK(%s, %s)", (text, 60 if wait else 0)).fetchone()[0] == 1
            free, arguments = "RELEASE_LOCK", (text,)
        if wait and not had:
            raise Unavailable(f"another process has held the lock {name!r} for a minute")
        try:
            yield had
        finally:
            if had:
                with suppress(Exception):  # the server frees it with the connection
                    self.connection.query(f"SELECT {free}({', '.join(['%s'] * len(arguments))})", arguments)

    def hold(self, rows: Any) -> None:  # noqa: ANN401  # a DataJoint expression
        """Keep rows from being changed by others until the end of the transaction."""
        share = "FOR SHARE" if self.is_postgresql else "LOCK IN SHARE MODE"
        self.connection.query(f"{rows.make_sql()} {share}").fetchall()

    def may_write_for(self, experimenter: str) -> bool:
        """Tell whether this connection's user may write for that experimenter: their own, an admin's, or the service's."""
        if self._trusted or self.user in (experimenter, self._service):
            return True
        return bool(self.Experimenter & {"experimenter": self.user, "admin": "True"})

    def _declare(self) -> None:
        """Bind every table, and make those that are missing, once."""
        present = {name: self._tables_in(self.prefix + name) for name in SCHEMAS}
        if present["ingest"] and "schema_version" not in present["ingest"]:
            raise Misconfigured([_foreign(self.prefix + "ingest", "it holds tables that this software did not make")])
        versions = self._bind("ingest", (ingest.SchemaVersion,))
        known = {row["schema_name"]: row["version"] for row in versions.to_dicts()}
        for name, definitions in SCHEMAS.items():
            schema_name = self.prefix + name
            version = known.get(schema_name)
            if version is None and present[name] - {"schema_version"}:
                raise Misconfigured([_foreign(schema_name, "it holds tables that this software did not make")])
            if version is None:  # before the tables, so that a crash among them leaves a schema that is known as ours
                versions.insert1({"schema_name": schema_name, "version": SCHEMA_VERSION})
            elif version != SCHEMA_VERSION:
                raise Misconfigured([_foreign(schema_name, f"its tables are of version {version}, not {SCHEMA_VERSION}")])
            self._bind(name, definitions)
        queue = self.Ingestion().jobs
        if not queue.is_declared:  # which cannot be done in a transaction
            queue.declare()

    def _tables_in(self, schema_name: str) -> set[str]:
        """Return the names of the tables in a schema, which need not exist; not those that DataJoint keeps for itself."""
        query = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s"
        return {row[0] for row in self.connection.query(query, (schema_name,)).fetchall() if not row[0].startswith("~")}

    def _bind(self, name: str, definitions: tuple[type[dj.Table], ...]) -> Any:  # noqa: ANN401  # a table, as above
        """Bind tables to their schema on this connection; return the last."""
        schema_name = self.prefix + name
        try:
            if not self.is_postgresql and not self._tables_in(schema_name):
                # Names are compared to the letter, as on PostgreSQL; the server's default would take m17 and M17 for one.
                self.connection.query(
                    f"CREATE DATABASE IF NOT EXISTS `{schema_name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
                )
            schema = dj.Schema(schema_name, connection=self.connection)
            for definition in definitions:
                # A class of its own for each connection: DataJoint binds the class, and a process may have several databases.
                members = {"__doc__": definition.__doc__, "__module__": definition.__module__}
                self.tables[definition.__name__] = schema(
                    type(definition.__name__, (definition,), members), context=self.tables
                )
        except dj.errors.DataJointError as error:
            raise Misconfigured(
                [
                    Problem(
                        "tables_missing",
                        schema_name,
                        f"user {self.user} cannot use or make its tables ({sentence(error)})",
                        "start antelop once as a user who may create schemas and tables, then grant this one access to them",
                    )
                ]
            ) from error
        return self.tables[definitions[-1].__name__]()


def _foreign(schema_name: str, what: str) -> Problem:
    """Say that a schema is not one that this software may use."""
    return Problem("schema_version", schema_name, what, "give another [database] prefix, or install the release that made it")
