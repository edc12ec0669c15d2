"""What the configuration says, as frozen values: every default is here, and ``config/antelop.toml`` explains them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from antelop.errors import Problem


@dataclass(frozen=True)
class DatabaseConfig:
    """A database server; user and password come from the environment, see `credentials`.

    Attributes
    ----------
    name
        The database on a PostgreSQL server; None: ``postgres``.
    prefix
        What the names of our three schemas begin with.
    use_tls
        True: encrypted, and the server's certificate is verified. None: encrypted where the server offers it, without proof.
    tls_ca
        The CA's certificates, in PEM format, by which it is verified; None: those that the system trusts.
    service
        The database user of the daemon, who may write for every experimenter.
    """

    host: str
    backend: Literal["postgresql", "mysql"] = "postgresql"
    port: int = 5432
    name: str | None = None
    prefix: str = "antelop_ingest_"
    use_tls: bool | None = None
    tls_ca: Path | None = None
    service: str | None = None


@dataclass(frozen=True)
class AnalysisConfig:
    """Where the lab's own functions are, and which users or groups may write there beside root and the service."""

    folders: tuple[Path, ...] = ()
    trusted: tuple[str, ...] = ()


@dataclass(frozen=True)
class FolderConfig:
    """A drop folder.

    Attributes
    ----------
    experimenters
        Who may deliver there; None: anyone.
    create_sessions
        Whether a manifest may name a session that does not exist yet.
    watch
        Whether changes are told by the operating system or found by looking; ``auto``: as the filesystem allows.
    settle
        Seconds without a change after which a file is whole; None: as the filesystem requires.
    scan
        Seconds from one scan of everything to the next; None: as the filesystem requires.
    recursive
        Whether its sub-folders belong to it.
    sentinel
        A file in it without which the share is not mounted.
    after, archive
        Whether what was ingested stays, or moves to the archive.
    announce
        Seconds after which waiting for a missing part is announced.
    """

    name: str
    path: Path
    experimenters: frozenset[str] | None = None
    create_sessions: bool = False
    watch: Literal["auto", "events", "poll"] = "auto"
    settle: float | None = None
    scan: float | None = None
    recursive: bool = True
    sentinel: str | None = None
    after: Literal["keep", "archive"] = "keep"
    archive: Path | None = None
    announce: float = 3600.0


@dataclass(frozen=True)
class WorkersConfig:
    """The processes that ingest.

    Attributes
    ----------
    timeout
        Seconds that one ingest may take.
    memory
        Bytes of resident memory that a worker may use.
    jobs_per_worker
        Deliveries after which a worker is replaced by a fresh one.
    mask_timeout
        Seconds that one mask function may take.
    """

    count: int = 2
    timeout: float = 6 * 3600.0
    memory: int = 4 << 30
    jobs_per_worker: int = 1000
    mask_timeout: float = 60.0


@dataclass(frozen=True)
class NotifyConfig:
    """Who is told of rejections, failures and long waits, as apprise URLs, which hold passwords."""

    urls: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Config:
    """Where everything is, and how it is to be done.

    Attributes
    ----------
    state
        The folder of the embedded database and of ``status.json``.
    store
        The folder of large arrays and files.
    database
        None: the embedded database.
    folders
        The drop folders.
    checks
        ``error``, ``warning`` or ``off`` by a check's name, where the configuration differs from the default.
    warnings
        What keeps nothing from working but should not be so.
    """

    state: Path
    store: Path
    database: DatabaseConfig | None = None
    analysis: AnalysisConfig = AnalysisConfig()
    folders: tuple[FolderConfig, ...] = ()
    workers: WorkersConfig = WorkersConfig()
    checks: Mapping[str, Literal["error", "warning", "off"]] = field(default_factory=dict)
    notify: NotifyConfig = NotifyConfig()
    warnings: tuple[Problem, ...] = field(default=(), compare=False)
