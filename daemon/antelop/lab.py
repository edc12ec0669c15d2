"""What an ingest works with: the lab's database, its store, its analysis folders and its configuration."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from antelop.analysis import Analysis
from antelop.arrays import Store
from antelop.config import Config, credentials
from antelop.embedded import Server, serving
from antelop.errors import Unavailable
from antelop.tables.connection import Database


class Lab:
    """Everything that belongs to one lab, until `close`.

    Parameters
    ----------
    config
        Where everything is.
    environment
        Environment variables: the credentials of a database server are in them, and nowhere else.

    Raises
    ------
    Unavailable
        If the database cannot be reached, or the store is not there although sessions refer to it.
    Misconfigured
        If credentials or tables are missing.
    """

    def __init__(self, config: Config, environment: Mapping[str, str]) -> None:
        self.config = config
        self.store = Store(config.store)
        self.analysis = Analysis(config.analysis.folders)
        self._environment = environment
        self._server: Server | None = None
        try:
            self.database = self._connect()
            self._open_store()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def reconnect(self) -> None:
        """Throw the connection away and open a new one, as is right after every outage."""
        self.database.close()
        self.database = self._connect()

    def close(self) -> None:
        """Close the connection; the embedded server stops if nobody else uses it."""
        if hasattr(self, "database"):
            self.database.close()
        if self._server:
            self._server.close()

    def _connect(self) -> Database:
        settings = self.config.database
        if settings is None:
            if self._server is None:
                self._server = serving(self.config.state)
            self._server.start()
            return Database(
                host=self._server.host,
                port=self._server.port,
                user=self._server.user,
                password="",  # the folder of its socket is closed to everybody else
                name=self._server.database,
                use_tls=False,
                store=self.store.folder,
                trusted=True,
            )
        user, password = credentials(self._environment)
        return Database(
            host=settings.host,
            port=settings.port,
            user=user,
            password=str(password),
            backend=settings.backend,
            name=settings.name,
            use_tls=settings.use_tls,
            prefix=settings.prefix,
            service=settings.service,
            store=self.store.folder,
        )

    def _open_store(self) -> None:
        """Make the store if the lab is new: where sessions refer to it and it is not there, it is a share that is away."""
        if self.store.exists():
            return
        if self.database.Ingestion():
            raise Unavailable(f"the store {self.store.folder} is not there, and sessions refer to it: is its share mounted?")
        self.store.make()
