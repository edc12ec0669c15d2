"""Expect that a test leaves no file open."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def none_left() -> Iterator[None]:
    """Expect that as many descriptors are open after the block as before it."""
    # The garbage of earlier tests may hold some, which would be closed at any moment.
    gc.collect()
    before = _count()
    yield
    assert _count() == before


def _count() -> int:
    """Return how many descriptors this process has open; one of them lists the others."""
    return len(list(Path("/proc/self/fd").iterdir()))
