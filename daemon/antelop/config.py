"""The configuration: where everything is, as frozen values (dataclasses are agreed; parsing is being written)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class DatabaseConfig:
    host: str
    backend: Literal["postgresql", "mysql"] = "postgresql"
    port: int = 5432
    name: str | None = None
    prefix: str = "antelop_ingest_"
    use_tls: bool | None = None
    service: str | None = None


@dataclass(frozen=True)
class AnalysisConfig:
    folders: tuple[Path, ...] = ()
    trusted: tuple[str, ...] = ()


@dataclass(frozen=True)
class FolderConfig:
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
    count: int = 2
    timeout: float = 6 * 3600.0
    memory: int = 4 << 30
    jobs_per_worker: int = 200
    mask_timeout: float = 60.0


@dataclass(frozen=True)
class NotifyConfig:
    urls: tuple[str, ...] = ()


@dataclass(frozen=True)
class Config:
    state: Path
    store: Path
    database: DatabaseConfig | None = None
    analysis: AnalysisConfig = AnalysisConfig()
    folders: tuple[FolderConfig, ...] = ()
    workers: WorkersConfig = WorkersConfig()
    checks: Mapping[str, str] = field(default_factory=dict)
    notify: NotifyConfig = NotifyConfig()


def credentials(environment: Mapping[str, str]) -> tuple[str, str]:
    return environment["DB_USER"], environment["DB_PASS"]
