"""What an ingest works with: the lab's database, its store, its analysis folders and its configuration."""

import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from antelop.analysis.scripts import Analysis
from antelop.config import Config, DatabaseConfig, credentials
from antelop.database import Database
from antelop.database.embedded import Server, serving
from antelop.database.limits import Limits
from antelop.database.opening import Address
from antelop.errors import Misconfigured, Problem, Unavailable
from antelop.store import Store

RESTORING = "restoring "
"""What a store has for an owner, and of which backup, until that is restored to the end."""


class Lab:
    """Everything that belongs to one lab, until `close`.

    Parameters
    ----------
    config
        Where everything is.
    environment
        Environment variables: the credentials of a database server are in them, and nowhere else.
    clock
        Returns the time, with its zone: that of the process, which alone reads the wall clock.
    may_migrate
        Whether tables of an earlier release on a database server are migrated. Those of the embedded database always are.

    Raises
    ------
    Unavailable
        If the database cannot be reached, or the store is not there although rows refer to it.
    Misconfigured
        If credentials or tables are missing, the store is another lab's or not restored to the end, or everybody may write it
        or the state.
    """

    def __init__(
        self, config: Config, environment: Mapping[str, str], clock: Callable[[], datetime], *, may_migrate: bool = False
    ) -> None:
        if opened_up := [*_open_to_all("state", config.state), *_open_to_all("[store] location", config.store)]:
            raise Misconfigured(opened_up)
        self.config = config
        self.clock = clock
        self.store = Store(config.store)
        self.analysis = Analysis(config.analysis.folders, config.analysis.trusted)
        self._server: Server | None = None
        if (owner := self.store.owner()).startswith(RESTORING):  # before there are tables, on which no backup is restored
            what, remedy = f"it is unfinished: {owner}", "Run the same `antelop restore` again"
            raise Misconfigured([Problem("store_unfinished", str(self.store.folder), what, remedy)])
        with ExitStack() as opened:
            if config.database is None:
                self._server = opened.enter_context(serving(config.state))
                self.database = self._embedded(self._server)
            else:
                self.database = self._remote(config.database, environment, may_migrate=may_migrate)
            opened.callback(self.database.close)
            self._open_store()
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def reconnect(self) -> None:
        """Open another connection in the place of the one that there is, as is right after every outage.

        Raises
        ------
        Unavailable
            If the database is still away.
        """
        if self._server:
            self._server.start()
        self.database.reconnect()

    def close(self) -> None:
        """Close the connection; the embedded server stops if nobody else uses it."""
        self._opened.close()

    def _embedded(self, server: Server) -> Database:
        # No password: the folder of its socket is closed to everybody else.
        address = Address("postgresql", server.host, server.port, server.user, "", server.database, use_tls=False)
        return Database(address, limits=self._limits, store=self.store.folder, trusted=True, may_migrate=True)

    def _remote(self, settings: DatabaseConfig, environment: Mapping[str, str], *, may_migrate: bool) -> Database:
        user, password = credentials(environment)
        where = (settings.backend, settings.host, settings.port, user, str(password), settings.name)
        return Database(
            Address(*where, use_tls=settings.use_tls, tls_ca=settings.tls_ca),
            limits=self._limits,
            prefix=settings.prefix,
            service=settings.service,
            may_migrate=may_migrate,
            store=self.store.folder,
        )

    @property
    def _limits(self) -> Limits:
        """How long a session may pause: a minute longer than a mask may take, and an hour longer than a whole ingest."""
        workers = self.config.workers
        return Limits(transaction=workers.mask_timeout + 60, session=workers.timeout + 3600)

    def _open_store(self) -> None:
        """Make the store if the lab is new: where rows refer to it and it is not there, it is a share that is away."""
        if self.store.exists():
            if self.store.owner() != self.database.identity:
                remedy = "Set [store] location to the store of this database, or [database] to the database of this store"
                raise Misconfigured([Problem("store_foreign", str(self.store.folder), "it is another lab's store", remedy)])
            return
        if self.database.Ingestion() or self.database.Feature() & "feature_data IS NOT NULL":
            raise Unavailable(f"the store {self.store.folder} is not there, and sessions refer to it: is its share mounted?")
        self.store.make(self.database.identity)


def _open_to_all(key: str, folder: Path) -> Iterator[Problem]:
    """Say that everybody may write a folder, if it is there: they could put another file, or a link, in the place of ours."""
    with suppress(OSError):  # what else is wrong with it is said by whoever needs it
        mode = folder.stat().st_mode
        if mode & stat.S_IWOTH:
            remedy = f"Run `chmod o-w {folder}`, or mount its share with such a mode"
            yield Problem("folder_open", key, f"everybody may write {folder} ({stat.filemode(mode)})", remedy)
