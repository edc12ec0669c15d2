"""The command line: a noun a module, a command a function."""

from antelop.cli import deliveries, demo, maintenance, manual, masks, metadata, rigs, service, sessions  # noqa: F401  # each adds its commands to `main`
from antelop.cli.command import main

__all__ = ["main"]
