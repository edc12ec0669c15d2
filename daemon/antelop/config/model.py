"""The values of the configuration, frozen: every default is here, and ``config/antelop.toml`` explains the keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from antelop.errors import Problem


@dataclass(frozen=True)
class DatabaseConfig:
    """The connection to a database server; user and password come from the environment, see `credentials`.

    Attributes
    ----------
    name
        The database on a PostgreSQL server; None: ``postgres``.
    prefix
        Beginning of the names of our three schemas.
    use_tls
        True: encrypted, and the certificate of the server is verified. None: encrypted if the server offers it, without
        verification.
    tls_ca
        File with certificates in PEM format that verify the server's; None: those that the system trusts.
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
    """The folders of the lab's own functions, and the users and groups who may write there, besides root and the service."""

    folders: tuple[Path, ...] = ()
    trusted: tuple[str, ...] = ()


@dataclass(frozen=True)
class FolderConfig:
    """A drop folder.

    Attributes
    ----------
    experimenters
        The experimenters who may deliver there; None: all.
    create_sessions
        Whether a manifest may name a session that does not exist yet; it is then created.
    watch
        ``events``: the operating system reports changes. ``poll``: scans find them. ``auto``: as the filesystem allows.
    settle
        Seconds without a change after which a file has settled; None: as the filesystem requires.
    scan
        Seconds between two scans of the whole folder; None: as the filesystem requires.
    recursive
        Whether sub-folders are watched too.
    sentinel
        Name of a file in the folder; if it is missing, the share counts as not mounted.
    after, archive
        Whether ingested recordings stay (``keep``), or move to the folder `archive`.
    announce
        Seconds after which a notice reports that a delivery waits for a missing part.
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
    """The worker processes, and their limits.

    Attributes
    ----------
    timeout
        Longest duration of one ingest, in seconds.
    memory
        Largest resident memory of a worker, in bytes.
    jobs_per_worker
        Number of deliveries after which a new process replaces a worker.
    mask_timeout
        Longest duration of one mask function, in seconds.
    """

    count: int = 2
    timeout: float = 6 * 3600.0
    memory: int = 4 << 30
    jobs_per_worker: int = 1000
    mask_timeout: float = 60.0


@dataclass(frozen=True)
class VideosConfig:
    r"""Where videos are that recordings name by paths of another computer.

    Attributes
    ----------
    map
        Folders relative to the drop folder, by absolute paths of the acquisition computer, such as ``D:\data``.
    """

    map: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class NotifyConfig:
    """The receivers of notices about rejections, failures and long waits: apprise URLs, which contain passwords."""

    urls: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Config:
    """The whole configuration.

    Attributes
    ----------
    state
        The folder of the embedded database and of ``status.json``.
    store
        The folder of large arrays and files.
    database
        The database server; None: the embedded database.
    folders
        The drop folders.
    checks
        Severities by the names of checks: ``error``, ``warning`` or ``off``; only those that the file states.
    videos
        How the videos of recordings are found.
    warnings
        Conditions that do not stop the software but should be corrected.
    """

    state: Path
    store: Path
    database: DatabaseConfig | None = None
    analysis: AnalysisConfig = AnalysisConfig()
    folders: tuple[FolderConfig, ...] = ()
    workers: WorkersConfig = WorkersConfig()
    checks: Mapping[str, Literal["error", "warning", "off"]] = field(default_factory=dict)
    videos: VideosConfig = VideosConfig()
    notify: NotifyConfig = NotifyConfig()
    warnings: tuple[Problem, ...] = field(default=(), compare=False)
