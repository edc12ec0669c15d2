"""A progress bar where people look, and nothing elsewhere."""

import sys
from collections.abc import Iterable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def shown(items: Sequence[Item], what: str) -> Iterable[Item]:
    """Pass items on one by one, with a progress bar if they are several and standard error is a terminal."""
    if len(items) <= 1 or not sys.stderr.isatty():
        return items
    from rich.console import Console  # noqa: PLC0415  # takes longer to import than most commands to run
    from rich.progress import track  # noqa: PLC0415  # as above

    return track(items, what, console=Console(stderr=True), transient=True)
