"""The schemas of a lab on one connection: their tables are bound to it, made if they are missing, or refused."""

from typing import Any
from uuid import uuid4

import datajoint as dj

from antelop.database import behaviour, ledger, metadata
from antelop.database.driver import Connection
from antelop.database.migration_steps import Tables
from antelop.database.migrations import VERSION, check_version, migrate
from antelop.database.outages import is_denied, sentence
from antelop.database.rights import expect_keys
from antelop.database.statement import composed, identifier
from antelop.database.table import Jobs, Table
from antelop.errors import Misconfigured, Problem

# Tables can refer only to existing tables, so the ledger comes last. Its first table, the versions, is made before all others.
SCHEMAS = {"metadata": metadata.TABLES, "behaviour": behaviour.TABLES, "ingest": ledger.TABLES[1:]}

QUEUE = "~~ingestion"
"""The jobs table of `Ingestion`, as DataJoint names it."""


class Schemas:
    """The three schemas of a lab.

    Parameters
    ----------
    connection
        The connection to which the tables are bound.
    prefix
        Common beginning of the names of the schemas.

    Attributes
    ----------
    tables
        The table classes by name, once they are declared.
    """

    def __init__(self, connection: Connection, prefix: str) -> None:
        self.tables: dict[str, type[dj.Table]] = {}
        self._connection = connection
        self._prefix = prefix
        self._is_postgresql = connection.address.backend == "postgresql"

    def declare(self, database: Tables, *, may_migrate: bool) -> list[str]:
        """Bind every table class to the connection, and make the tables that are missing.

        Parameters
        ----------
        database
            The lab's `Database`.
        may_migrate
            Whether tables of an earlier release are migrated; if not, they are refused.

        Returns
        -------
        list of str
            One sentence for each migration that was run.

        Raises
        ------
        Misconfigured
            As `Database` says.
        """
        # A schema with tables, but without a row of versions, was made by other software: refuse it instead of adding to it.
        present = {name: self._tables_in(self._prefix + name) for name in SCHEMAS}
        if present["ingest"] and "schema_version" not in present["ingest"]:
            raise Misconfigured([_foreign(self._prefix + "ingest", "it holds tables that this software did not make")])
        versions = self._bind("ingest", (ledger.SchemaVersion,))
        known = {row["schema_name"]: row["version"] for row in versions.to_dicts()}
        ours = {name: version for name, version in known.items() if name.removeprefix(self._prefix) in SCHEMAS}
        migrated: list[str] = []
        # Migrate before the tables are bound, because DataJoint reads their columns when it binds them.
        if ours and (version := check_version(ours, may_migrate=may_migrate)) != VERSION:
            migrated = migrate(database, ours, version)
        for name, definitions in SCHEMAS.items():
            schema_name = self._prefix + name
            is_new = schema_name not in known
            if is_new and present[name] - {"schema_version"}:
                raise Misconfigured([_foreign(schema_name, "it holds tables that this software did not make")])
            if is_new:  # before the tables are made, so that after a crash half-way the schema is still known as ours
                versions.insert1({"schema_name": schema_name, "version": VERSION, "schema_id": uuid4().hex})
            self._bind(name, definitions)
        if QUEUE not in present["ingest"]:
            Jobs(self.tables["Ingestion"]()).declare()
        if self._is_postgresql:
            expect_keys(self._connection, [self._prefix + name for name in SCHEMAS])
        return migrated

    def _tables_in(self, schema_name: str) -> set[str]:
        """Return the names of the tables in a schema, which may be missing; without DataJoint's internal tables."""
        query = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s"
        names = {row[0] for row in self._connection.query(query, (schema_name,)).fetchall()}
        return {name for name in names if not name.startswith("~") or name == QUEUE}

    def _bind(self, name: str, definitions: tuple[type[dj.Table], ...]) -> Any:  # noqa: ANN401  # a table, as above
        """Bind table classes to their schema on this connection; return an instance of the last one."""
        schema_name = self._prefix + name
        try:
            if not self._is_postgresql and not self._tables_in(schema_name):
                # Compare names byte by byte, as PostgreSQL does; by the server's default, m17 and M17 would be equal.
                create = "CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
                self._connection.query(composed(create, name=identifier("mysql", schema_name)))
            schema = dj.Schema(schema_name, connection=self._connection)
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
            what = f"user {self._connection.address.user} cannot use or make its tables ({said})"
            remedy = "Start antelop once as a user who may create schemas and tables, then grant this one access to them"
            raise Misconfigured([Problem("tables_missing", schema_name, what, remedy)]) from error
        return self.tables[definitions[-1].__name__]()


def _foreign(schema_name: str, what: str) -> Problem:
    """Return a problem that says that this software may not use a schema."""
    return Problem("schema_version", schema_name, what, "Give another [database] prefix, or install the release that made it")
