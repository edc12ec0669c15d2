"""A progress bar on a terminal; no output anywhere else."""

import sys
from collections.abc import Iterable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def shown(items: Sequence[Item], what: str) -> Iterable[Item]:
    """Yield the items, and show a progress bar if there are several and standard error is a terminal."""
    # In a script, a pipe or a log, a bar would only be noise.
    if len(items) <= 1 or not sys.stderr.isatty():
        return items
    from rich.console import Console  # noqa: PLC0415  # takes longer to import than most commands to run
    from rich.progress import track  # noqa: PLC0415  # as above

    return track(items, what, console=Console(stderr=True), transient=True)
