"""What is in an HDF5 file, found without ever leaving the file, and read no further than asked."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import prod
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from antelop.errors import Problem, Rejected
from antelop.recording.bounds import LONGEST_PATH, MOST_TEXTS, Account, OutOfReach, expect_readable, written
from antelop.recording.chunks import Gzip, gzip
from antelop.recording.source import COPY_AGAIN

Hdf5 = Any
"""A file, group or dataset of h5py, which has no types."""

_MOST_LINKS = 16  # on the way to one object, as many as HDF5 itself follows
_MOST_BYTES = 1 << 20  # of values that are read at once


@contextmanager
def damage_told(where: str, subject: str = "it") -> Iterator[None]:
    """Turn what h5py raises about a file's content into a sentence."""
    try:
        yield
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError, MemoryError) as error:
        what = f"{subject} cannot be read: {' '.join(map(str, error.args))}"
        remedy = f"{COPY_AGAIN}, or, if it is no better there, write it again"
        raise Rejected([Problem("nwb_damaged", where, what, remedy)]) from error


@dataclass(frozen=True)
class Stored:
    """Samples in an open file: slicing reads them, and raises Rejected where they are damaged."""

    dataset: Hdf5
    where: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    chunks: tuple[int, ...] | None
    gzip: Gzip | None

    @property
    def contiguous(self) -> bool:
        """Whether the samples lie in the file as they are, one after the other."""
        return self.chunks is None

    @property
    def written(self) -> int:
        """See `Written.written`."""
        with self._reading():
            return written(self.dataset)

    def __getitem__(self, key: slice) -> NDArray[Any]:
        with self._reading():
            rows = self.gzip.read(key) if self.gzip else None
            samples: NDArray[Any] = self.dataset[key] if rows is None else rows
        return samples

    def read_into(self, start: int, rows: NDArray[Any]) -> None:
        """See `Contiguous.read_into`."""
        with self._reading():
            self.dataset.read_direct(rows, np.s_[start : start + len(rows)])

    @contextmanager
    def _reading(self) -> Iterator[None]:
        if not self.dataset:
            raise ValueError(f"{self.where} was sliced after its file had been closed")
        with damage_told(self.where):
            yield


def find(group: Hdf5, path: str) -> Hdf5 | None:
    """Return the group or dataset at a path, or None if there is nothing.

    Raises
    ------
    OutOfReach
        There is a link, but to another file or to nothing.
    """
    here, links = group, 0
    ahead = path.split("/")[::-1]
    while ahead:
        name = ahead.pop()
        if name in {"", "."}:
            continue
        key = name.encode("utf-8", "surrogateescape")
        if not isinstance(here, h5py.Group) or not here.id.links.exists(key):
            if links:
                raise OutOfReach("link to nothing")
            return None
        kind = here.id.links.get_info(key).type
        if kind == h5py.h5l.TYPE_HARD:
            here = here[name]
            continue
        if kind != h5py.h5l.TYPE_SOFT:
            raise OutOfReach("link to another file")
        links += 1
        if links > _MOST_LINKS or here.id.links.get_info(key).u > LONGEST_PATH:
            raise OutOfReach("link to nothing")
        target = here.id.links.get_val(key).decode("utf-8", "surrogateescape")
        here = here.file if target.startswith("/") else here
        ahead += target.split("/")[::-1]
    return here


def dataset(group: Hdf5, name: str) -> Hdf5 | None:
    """Return a dataset of a group; None if there is none, or one that is declared empty.

    Raises
    ------
    OutOfReach
        Its values are in another file, or compressed in a way that is not known here, or neither numbers nor text, or far more
        than the file can hold.
    """
    try:
        found = find(group, name)
    except OutOfReach as reason:
        raise OutOfReach(f"its {name} is a {reason}") from None
    if found is None:
        return None
    if not isinstance(found, h5py.Dataset):
        raise OutOfReach(f"its {name} is no dataset")
    layout = found.id.get_create_plist()
    if layout.get_layout() == h5py.h5d.VIRTUAL or layout.get_external_count():
        raise OutOfReach(f"its {name} is kept in another file")
    for code, _, _, label in map(layout.get_filter, range(layout.get_nfilters())):
        if not h5py.h5z.filter_avail(code):
            raise OutOfReach(f"its {name} is compressed with {text(label) or code}, which is not installed")
    try:
        dtype = found.dtype
    except TypeError:
        raise OutOfReach(f"its {name} is of a type that only HDF5 has") from None
    _expect_plain(name, dtype)
    if found.shape is None:
        return None
    expect_readable(name, found)
    return found


def attribute(item: Hdf5, name: str, default: object = "") -> Any:  # noqa: ANN401  # as it comes
    """Read an attribute of a group or dataset, an array; `default` if it has none, or one that is declared empty."""
    stored = item.attrs.get_id(name) if name in item.attrs else None
    if stored is None or stored.shape is None:
        return default
    _expect_plain(name, stored.dtype)
    if stored.get_storage_size() > _MOST_BYTES:
        raise OutOfReach(f"its {name} has {stored.get_storage_size()} bytes")
    if stored.dtype.kind == "O" and prod(stored.shape) > MOST_TEXTS:
        raise OutOfReach(f"its {name} has {prod(stored.shape)} texts")
    array = np.empty(stored.shape, stored.dtype)
    stored.read(array)
    return array


def _expect_plain(name: str, dtype: np.dtype[Any]) -> None:
    """Raise OutOfReach for what is neither numbers nor text, in whose reading HDF5 crashes where it is damaged."""
    if dtype.kind not in "biufcS" and not h5py.check_string_dtype(dtype):
        raise OutOfReach(f"its {name} is of type {dtype}")


def samples(group: Hdf5, name: str, where: str) -> Stored | None:
    """Return a dataset of a group as samples; `where` is the group's path as rigs know it."""
    found = dataset(group, name)
    return found and Stored(found, f"{where}/{name}", found.shape, found.dtype, found.chunks, gzip(found))


def values(group: Hdf5, name: str) -> list[Any]:
    """Read all of a small dataset of numbers of a group, of whatever shape; an empty list if there is none."""
    found = _small(group, name)
    return [] if found is None else list(np.ravel(found[()]))


def texts(group: Hdf5, name: str, account: Account) -> list[str]:
    """Read all of a small dataset of texts of a group, of whatever shape; an empty list if there is none."""
    found = _small(group, name)
    if found is None:
        return []
    if found.dtype.kind != "O":
        return [account.text(text(value)) for value in np.ravel(found[()])]
    # One after the other, because each may be the same enormous one.
    return [account.text(text(found[index])) for index in np.ndindex(found.shape)]


def _small(group: Hdf5, name: str) -> Hdf5 | None:
    found = dataset(group, name)
    if found is not None and found.nbytes > _MOST_BYTES:
        raise OutOfReach(f"its {name} has {found.size} values of type {found.dtype}")
    return found


def has(item: Hdf5, *names: str) -> list[bool]:
    """Tell which of these members an object has, which a dataset has not."""
    return [isinstance(item, h5py.Group) and item.id.links.exists(name.encode()) for name in names]


def members(group: Hdf5, account: Account) -> list[str]:
    """Return the names in a group, in order; without those that no rig could name, because they are too long or no UTF-8."""
    found: list[str] = []
    excess: list[Rejected] = []

    def note(name: bytes) -> bool | None:
        try:
            account.name(name)
        except Rejected as rejected:
            excess.append(rejected)
            return True  # which ends the iteration, as no exception may
        with suppress(UnicodeDecodeError):
            if len(name) <= LONGEST_PATH:
                found.append(name.decode())
        return None

    group.id.links.iterate(note, order=h5py.h5.ITER_NATIVE)  # in another order HDF5 would first read all of them
    if excess:
        raise excess[0]
    return sorted(found)


def text(value: object) -> str:
    """Return text of variable or fixed length, in UTF-8 or not quite; several are joined by spaces."""
    items = np.asarray(value, dtype=object).ravel()
    stored = [item if isinstance(item, bytes) else str(item).encode("utf-8", "surrogateescape") for item in items]
    return b" ".join(stored).decode("utf-8", "replace")


def number(value: object, name: str) -> float:
    """Return a number, alone or as an array of one."""
    try:
        return float(np.asarray(value).item())
    except (TypeError, ValueError):
        raise OutOfReach(f"its {name} is not a number") from None
