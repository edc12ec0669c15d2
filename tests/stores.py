"""An empty store on the disk, and arrays to put into it."""

import errno
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from antelop.store import Store
from antelop.store.store import INLINE_BYTES

LONG = 3 * INLINE_BYTES
"""A length at which every dtype has too many bytes for the row."""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Make an empty store."""
    made = Store(tmp_path / "store")
    made.make()
    return made


@pytest.fixture(params=["disk", "share"])
def filesystem(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the test twice: the second time on a filesystem without unnamed files, as those of shares are."""
    if request.param == "share":
        refuse_unnamed_files(monkeypatch)


def refuse_unnamed_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the operating system answer as it does on a filesystem without unnamed files."""
    really_open = os.open

    def open_named(path: Any, flags: int, *more: Any, **options: Any) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        return really_open(path, flags, *more, **options)

    monkeypatch.setattr(os, "open", open_named)


def files(store: Store) -> set[str]:
    """Return the paths of all files in a store."""
    return {str(path.relative_to(store.folder)) for path in store.folder.rglob("*") if not path.is_dir()}


def ramp(length: int, channels: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """Return an array in which every sample differs from its neighbours, whatever its dtype."""
    count = length * int(np.prod(channels))
    return (np.arange(count) % 101 % 2 if dtype == "?" else np.arange(count) % 101).astype(dtype).reshape(length, *channels)


@dataclass
class Ramp:
    """An array that is made where it is read, as one on the disk is."""

    length: int
    dtype: np.dtype[Any] = field(default=np.dtype(np.float64))

    @property
    def shape(self) -> tuple[int]:
        return (self.length,)

    def __getitem__(self, key: slice) -> NDArray[Any]:
        return np.arange(*key.indices(self.length), dtype=self.dtype)
