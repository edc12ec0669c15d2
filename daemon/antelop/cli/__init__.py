"""The command line: one module for each noun, one function for each command."""

from antelop.cli import deliveries, demo, maintenance, manual, masks, metadata, rigs, service, sessions  # noqa: F401  # each adds its commands to `main`
from antelop.cli.command import main

__all__ = ["main"]
