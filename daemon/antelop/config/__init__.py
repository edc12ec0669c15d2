"""The configuration: ``antelop.toml``, and the defaults of keys that it leaves out."""

from antelop.config.model import AnalysisConfig, Config, DatabaseConfig, FolderConfig, NotifyConfig, VideosConfig, WorkersConfig
from antelop.config.places import Password, credentials, default_state, find
from antelop.config.reader import load, parse

__all__ = [
    "AnalysisConfig",
    "Config",
    "DatabaseConfig",
    "FolderConfig",
    "NotifyConfig",
    "Password",
    "VideosConfig",
    "WorkersConfig",
    "credentials",
    "default_state",
    "find",
    "load",
    "parse",
]
