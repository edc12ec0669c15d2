"""What an ingest works with: the lab's database, its store, its analysis folders and its configuration."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime
from types import TracebackType
from typing import Self

from antelop.analysis.limits import Limits as MaskLimits
from antelop.analysis.scripts import Analysis
from antelop.analysis.turns import Turns
from antelop.config import Config, DatabaseConfig, credentials
from antelop.database import Database
from antelop.database.embedded import Server, serving
from antelop.database.limits import Limits
from antelop.database.opening import Address
from antelop.errors import Misconfigured, Problem, Unavailable
from antelop.lab.folders import require_own_folders
from antelop.store import Store

RESTORING = "restoring "
"""A store's owner file begins with this, and then names the backup, until the restore is complete."""


class Lab:
    """Everything that belongs to one lab, open until `close`.

    Parameters
    ----------
    config
        The configuration: where database, store, state and analysis folders are.
    environment
        Environment variables. The credentials of a database server are read from them only.
    clock
        Returns the current time, with its time zone. Only the entry point of a process reads the wall clock.
    may_migrate
        Whether tables of an earlier release on a database server are migrated. Those of the embedded database always are.

    Raises
    ------
    Unavailable
        If the database cannot be reached, or the store does not exist although rows refer to it.
    Misconfigured
        If credentials or tables are missing, the store belongs to another lab or its restore is not complete, every user of the
        computer may write to the store or the state folder, or root opens a lab whose folders belong to another user.
    """

    def __init__(
        self, config: Config, environment: Mapping[str, str], clock: Callable[[], datetime], *, may_migrate: bool = False
    ) -> None:
        # Check the folders before anything in them is read or run: another user could have put it there.
        require_own_folders(config)
        self.config = config
        self.clock = clock
        self.store = Store(config.store)
        self.analysis = Analysis(config.analysis.folders, config.analysis.trusted)
        self.turns = Turns(MaskLimits(config.workers.mask_timeout, config.workers.memory))
        self._server: Server | None = None
        # Stop before tables are made: the restore has to continue, and it needs a database without tables.
        if (owner := self.store.owner()).startswith(RESTORING):
            what, remedy = f"it is unfinished: {owner}", "Run the same `antelop restore` again"
            raise Misconfigured([Problem("store_unfinished", str(self.store.folder), what, remedy)])
        # If a later step fails, the stack closes what is already open; if all succeed, `close` does that.
        with ExitStack() as opened:
            if config.database is None:
                self._server = opened.enter_context(serving(config.state))
                self.database = self._embedded(self._server)
            else:
                self.database = self._remote(config.database, environment, may_migrate=may_migrate)
            opened.callback(self.database.close)
            opened.callback(self.turns.close)
            self._open_store()
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def reconnect(self) -> None:
        """Replace the connection by a new one, as needed after an outage.

        Raises
        ------
        Unavailable
            If the database still cannot be reached.
        """
        # The embedded server may be what failed. A remote server is not ours to start.
        if self._server:
            self._server.start()
        self.database.reconnect()

    def close(self) -> None:
        """Close the connection; the embedded server stops if no other process uses it."""
        self._opened.close()

    def _embedded(self, server: Server) -> Database:
        # No password is needed: only this operating-system user can enter the folder of the server's socket.
        address = Address("postgresql", server.host, server.port, server.user, "", server.database, use_tls=False)
        return Database(address, store=self.store.folder, limits=self._limits, service=server.user, may_migrate=True)

    def _remote(self, settings: DatabaseConfig, environment: Mapping[str, str], *, may_migrate: bool) -> Database:
        user, password = credentials(environment)
        where = (settings.backend, settings.host, settings.port, user, str(password), settings.name)
        return Database(
            Address(*where, use_tls=settings.use_tls, tls_ca=settings.tls_ca, prefix=settings.prefix),
            store=self.store.folder,
            limits=self._limits,
            service=settings.service,
            may_migrate=may_migrate,
        )

    @property
    def _limits(self) -> Limits:
        """Longest pauses of a database session: a minute longer than a mask, and an hour longer than an ingest, may take."""
        workers = self.config.workers
        return Limits(transaction=workers.mask_timeout + 60, session=workers.timeout + 3600)

    def _open_store(self) -> None:
        """Make the store if the lab is new; if rows already refer to a missing store, its share is probably not mounted."""
        # Objects in the store of another lab would be garbage to that lab's `antelop gc`, which would remove them.
        if self.store.exists():
            if self.store.owner() != self.database.identity:
                remedy = "Set [store] location to the store of this database, or [database] to the database of this store"
                raise Misconfigured([Problem("store_foreign", str(self.store.folder), "it is another lab's store", remedy)])
            return
        # An empty folder in the place of an unmounted share would hide every object, so make a store for a new lab only.
        if self.database.Ingestion() or self.database.Feature() & "feature_data IS NOT NULL":
            raise Unavailable(f"the store {self.store.folder} is not there, and sessions refer to it: is its share mounted?")
        self.store.make(self.database.identity)
