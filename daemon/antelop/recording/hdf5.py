"""Find and read objects of an HDF5 file without opening any other file, and without reading more than is asked for."""

from collections.abc import Iterator
from contextlib import suppress
from math import prod
from typing import Any

import h5py
import numpy as np

from antelop.errors import Rejected
from antelop.recording.bounds import LONGEST_PATH, MOST_TEXT, MOST_TEXTS, Account, OutOfReach, expect_readable
from antelop.recording.filters import FilterMissing, installed
from antelop.recording.heaps import Heaps

Hdf5 = Any
"""A file, group or dataset of h5py, which has no types."""

_MOST_LINKS = 16  # on the way to one object, as many as HDF5 itself follows
_MOST_BYTES = 1 << 20  # of values that are read at once

_TEXT = h5py.string_dtype()
_AS_TEXT = h5py.h5t.py_create(_TEXT)


def find(group: Hdf5, path: str) -> Hdf5 | None:
    """Return the group or dataset at a path, or None if the path does not exist.

    Raises
    ------
    OutOfReach
        If a link on the path leads to another file or to nothing.
    """
    # h5py would follow links into other files by itself, so each link is resolved here, step by step.
    here, links = group, 0
    ahead = path.split("/")[::-1]
    while ahead:
        name = ahead.pop()
        if name in {"", "."}:
            continue
        # Names that are not UTF-8 exist in real files: surrogates keep their bytes.
        key = name.encode("utf-8", "surrogateescape")
        if not isinstance(here, h5py.Group) or not here.id.links.exists(key):
            if links:
                raise OutOfReach("link to nothing")
            return None
        # Only hard and soft links stay in the file; external and user-defined links may lead anywhere.
        kind = here.id.links.get_info(key).type
        if kind == h5py.h5l.TYPE_HARD:
            here = _opened(here, key)
            continue
        if kind != h5py.h5l.TYPE_SOFT:
            raise OutOfReach("link to another file")
        # Soft links may form a circle, so their number is limited.
        links += 1
        if links > _MOST_LINKS or here.id.links.get_info(key).u > LONGEST_PATH:
            raise OutOfReach("link to nothing")
        # The target is resolved from the group that holds the link, or from the root if it is absolute.
        target = here.id.links.get_val(key).decode("utf-8", "surrogateescape")
        here = here.file if target.startswith("/") else here
        ahead += target.split("/")[::-1]
    return here


def _opened(group: Hdf5, key: bytes) -> Hdf5:
    """Return a member of a group as h5py does, in a third of the time."""
    found = h5py.h5o.open(group.id, key)
    if isinstance(found, h5py.h5g.GroupID):
        return h5py.Group(found)
    return h5py.Dataset(found) if isinstance(found, h5py.h5d.DatasetID) else h5py.Datatype(found)


def dataset(group: Hdf5, name: str) -> Hdf5 | None:
    """Return a dataset of a group; None if it does not exist or is declared empty.

    Raises
    ------
    FilterMissing
        If they are compressed with a filter that is not installed.
    OutOfReach
        If its values are in another file, are neither numbers nor text, or are far more than the file can hold.
    """
    try:
        found = find(group, name)
    except OutOfReach as reason:
        raise OutOfReach(f"its {name} is a {reason}") from None
    if found is None:
        return None
    if not isinstance(found, h5py.Dataset):
        raise OutOfReach(f"its {name} is no dataset")
    # Virtual and external storage would open other files at the first read.
    layout = found.id.get_create_plist()
    if layout.get_layout() == h5py.h5d.VIRTUAL:
        raise OutOfReach(f"its {name} is a virtual dataset, which is put together from others")
    if layout.get_external_count():
        raise OutOfReach(f"its {name} is kept in another file")
    # A missing filter is found here, because HDF5 reports it at the first read, and only by number.
    for code, _, _, label in map(layout.get_filter, range(layout.get_nfilters())):
        if not installed(code):
            raise FilterMissing(name, code, text(label))
    # NumPy has no dtype for some types of HDF5.
    try:
        dtype = found.dtype
    except TypeError:
        raise OutOfReach(f"its {name} is of a type that only HDF5 has") from None
    _expect_plain(name, dtype)
    if found.shape is None:
        return None
    expect_readable(name, found)
    return found


def attribute(item: Hdf5, name: str, default: object = "", most: int = MOST_TEXTS) -> Any:  # noqa: ANN401  # as it comes
    """Read an attribute of a group or dataset as an array of its own shape; return `default` if it is missing or empty.

    Parameters
    ----------
    item, name, default
        The group or dataset, the name of the attribute, and what is returned if there is none.
    most
        Number of texts that it may have.

    Raises
    ------
    OutOfReach
        If it is neither numbers nor text, or too large.
    """
    # h5py's own way to an attribute takes twice as long, and files may have a hundred thousand of them.
    key = name.encode()
    stored = h5py.h5a.open(item.id, key) if h5py.h5a.exists(item.id, key) else None
    if stored is None or (shape := stored.shape) is None:
        return default
    # Most attributes are texts of variable length. For these, h5py need not make a dtype each time.
    kind = stored.get_type()
    variable = isinstance(kind, h5py.h5t.TypeStringID) and kind.is_variable_str()
    dtype = _TEXT if variable else kind.dtype
    _expect_plain(name, dtype)
    # HDF5 reads an attribute as a whole, so its size is checked before.
    if stored.get_storage_size() > _MOST_BYTES:
        raise OutOfReach(f"its {name} has {stored.get_storage_size()} bytes")
    if dtype.kind == "O" and prod(shape) > most:
        raise OutOfReach(f"its {name} has {prod(shape)} texts")
    array = np.empty(shape, dtype)
    stored.read(array, mtype=_AS_TEXT if variable else None)
    return array


def labels(item: Hdf5, heaps: Heaps, account: Account) -> dict[int, str]:
    """Return the ``labels`` of a dataset of numbers (ndx-events, LabeledEvents): label i is that of the number i.

    Raises
    ------
    OutOfReach
        If there are too many, or they are too long.
    """
    if not h5py.h5a.exists(item.id, b"labels"):
        return {}
    # HDF5 reads all of them at once, and any number of them may refer to one long text.
    count = max(1, prod(h5py.h5a.open(item.id, b"labels").shape or ()))
    if heaps.largest > MOST_TEXT // count:
        raise OutOfReach(f"its labels are {count} texts, some of which may be too long")
    with heaps.at_most(MOST_TEXT // count):
        found = np.ravel(attribute(item, "labels", (), most=count))
    return {number: label for number, label in enumerate(account.text(text(each)) for each in found) if label}


def _expect_plain(name: str, dtype: np.dtype[Any]) -> None:
    """Raise OutOfReach for a type that is neither numbers nor text, because HDF5 crashes when it reads damaged ones."""
    if dtype.kind not in "biufcS" and not h5py.check_string_dtype(dtype):
        raise OutOfReach(f"its {name} is of type {dtype}")


def values(group: Hdf5, name: str) -> list[Any]:
    """Read a small dataset of numbers of a group, of any shape, as a flat list; an empty list if it does not exist."""
    found = _small(group, name)
    return [] if found is None else list(np.ravel(found[()]))


def texts(group: Hdf5, name: str, account: Account) -> list[str]:
    """Read a small dataset of texts of a group, of any shape, as a flat list; an empty list if it does not exist."""
    found = _small(group, name)
    if found is None:
        return []
    if found.dtype.kind != "O":
        return [account.text(text(value)) for value in np.ravel(found[()])]
    # The texts are read one by one and counted, because all of them may refer to one text of great length.
    return [account.text(text(found[index])) for index in np.ndindex(found.shape)]


def _small(group: Hdf5, name: str) -> Hdf5 | None:
    found = dataset(group, name)
    if found is not None and found.nbytes > _MOST_BYTES:
        raise OutOfReach(f"its {name} has {found.size} values of type {found.dtype}")
    return found


def has(item: Hdf5, *names: str) -> Iterator[bool]:
    """Tell for each name whether a group has a member of this name; a dataset has none."""
    return (isinstance(item, h5py.Group) and item.id.links.exists(name.encode()) for name in names)


def members(group: Hdf5, account: Account) -> list[str]:
    """Return the names in a group, sorted, without those that a rig cannot state: too long, or not UTF-8."""
    found: list[str] = []
    excess: list[Rejected] = []

    def note(name: bytes) -> bool | None:
        try:
            account.name(name)
        except Rejected as rejected:
            excess.append(rejected)
            return True  # ends the iteration; an exception cannot pass through HDF5
        with suppress(UnicodeDecodeError):
            if len(name) <= LONGEST_PATH:
                found.append(name.decode())
        return None

    group.id.links.iterate(note, order=h5py.h5.ITER_NATIVE)  # HDF5 reads all names first for other orders
    if excess:
        raise excess[0]
    return sorted(found)


def text(value: object) -> str:
    """Return text of variable or fixed length; several texts are joined by spaces. What is not UTF-8 is read as Latin-1."""
    items = np.asarray(value, dtype=object).ravel()
    stored = [item if isinstance(item, bytes) else str(item).encode("utf-8", "surrogateescape") for item in items]
    # Old programs write µ and ° in the encoding that Western computers had before UTF-8.
    try:
        return b" ".join(stored).decode("utf-8")
    except UnicodeDecodeError:
        return b" ".join(stored).decode("latin-1")


def number(value: object, name: str) -> float:
    """Return a scalar, or the value of an array of size 1, as float; raise OutOfReach for anything else."""
    try:
        return float(np.asarray(value).item())
    except (TypeError, ValueError):
        raise OutOfReach(f"its {name} is not a number") from None
