"""What the store holds, against what rows refer to: any number of objects in little memory."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from math import inf
from types import TracebackType
from typing import Self

from antelop.database import Database
from antelop.database.references import Column, referring, values
from antelop.database.statement import composed
from antelop.errors import Problem
from antelop.store import Store
from antelop.store.objects import ADDRESS
from antelop.store.survey import Object, is_whole, objects, size_of

Progress = Callable[[Iterable[Object], int], Iterable[Object]]
"""Passes on the objects that it is given, which have so many bytes in all, and shows how far it has come."""


@dataclass(frozen=True)
class Reference:
    """An object that a row refers to.

    Attributes
    ----------
    column, key
        Where the row is.
    address
        The object's path within the store.
    size
        Its size in bytes by the row; None if the row does not say.
    """

    column: Column
    key: tuple[object, ...]
    address: str
    size: int | None

    def __str__(self) -> str:
        return f"{self.column.label} {'/'.join(map(str, self.key))}, {self.column.name}"


def references(database: Database) -> Iterator[Reference]:
    """Yield what the rows of all tables that this user may read refer to, within a transaction."""
    for column in referring(database):
        if column.readable:
            for key, text in values(database, column, "objects/"):
                for address, size in _mentioned(json.loads(text)):
                    yield Reference(column, key, address, size)


def _mentioned(value: object, size: int | None = None) -> Iterator[tuple[str, int | None]]:
    """Yield every address in a JSON value, however deep, with the size that stands beside it."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _mentioned(member, value.get("size") if name == "path" else None)
    elif isinstance(value, list):
        for member in value:
            yield from _mentioned(member)
    elif isinstance(value, str):
        for found in ADDRESS.finditer(value):
            yield found[0], size


@dataclass(frozen=True)
class Total:
    """So many objects, of so many bytes."""

    count: int
    bytes: int


class Inventory:
    """The objects of a store as they were when this was made, and which of them rows refer to.

    The list is in a file that goes with this process, and in memory only in small part.

    Parameters
    ----------
    store
        The store.

    Raises
    ------
    Unavailable
        If part of it cannot be read.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._list = sqlite3.connect("", isolation_level=None)
        for statement in (
            "PRAGMA journal_mode = OFF",
            "PRAGMA synchronous = OFF",
            "PRAGMA cache_size = -65536",
            _LIST,
            "BEGIN",
        ):
            self._list.execute(statement)
        listed = ((each.address, each.size, each.time) for each in objects(store))
        self._list.executemany("INSERT INTO object (address, size, time) VALUES (?, ?, ?)", listed)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._list.close()

    def read(self, progress: Progress) -> None:
        """Read every object through, and note those that are not what their names say."""
        for each in progress(self._select("TRUE"), self.total().bytes):
            if not is_whole(self._store, each.address):
                self._list.execute("UPDATE object SET altered = TRUE WHERE address = ?", (each.address,))

    def refer(self, reference: Reference) -> str:
        """Note that a row refers to an object; return what is wrong with the object, nothing if all is well."""
        listed = self._list.execute("SELECT size, altered FROM object WHERE address = ?", (reference.address,)).fetchone()
        if listed:
            self._list.execute("UPDATE object SET referenced = TRUE WHERE address = ? AND NOT referenced", (reference.address,))
        size, altered = listed or (size_of(self._store, reference.address), False)  # which may have been put since
        if size is None:
            return "is not in the store"
        if reference.size not in (None, size):
            return f"has {size} bytes, not {reference.size}"
        return "is not what its name says: it was changed, or the disk has lost some of it" if altered else ""

    def lacking(self, database: Database) -> list[Problem]:
        """Note what the rows of a database refer to, within a transaction; say what of it is lacking, ten at most."""
        remedy = "Run `antelop verify`, and mend what it finds first"
        wrong = ((reference, self.refer(reference)) for reference in references(database))
        problems = (Problem("object_lacks", str(which), f"{which.address} {what}", remedy) for which, what in wrong if what)
        return list(islice(problems, 10))

    def total(self, *, referenced: bool = False) -> Total:
        """Return how many objects there are, and of how many bytes: all, or those that rows refer to."""
        query = "SELECT COUNT(*), COALESCE(SUM(size), 0) FROM object WHERE referenced >= ?"
        return Total(*self._list.execute(query, (referenced,)).fetchone())

    def referenced(self) -> Iterator[Object]:
        """Yield the objects that rows refer to."""
        return self._select("referenced")

    def is_referenced(self, address: str) -> bool:
        """Tell whether a row refers to an object."""
        return self._list.execute("SELECT 1 FROM object WHERE address = ? AND referenced", (address,)).fetchone() is not None

    def unreferenced(self, *, altered: bool = False, before: float = inf) -> Iterator[Object]:
        """Yield the objects that no row refers to and that were put before a time: all, or the altered ones."""
        return self._select("NOT referenced AND altered >= ? AND time < ?", altered, before)

    def _select(self, conditions: str, *values: object) -> Iterator[Object]:
        """Yield objects in the order of their addresses."""
        query = composed("SELECT address, size, time FROM object WHERE {conditions} ORDER BY address", conditions=conditions)
        for row in self._list.execute(query, values):
            yield Object(*row)


_LIST = """
CREATE TABLE object (
    address TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    time REAL NOT NULL,
    altered INTEGER NOT NULL DEFAULT FALSE,
    referenced INTEGER NOT NULL DEFAULT FALSE
) WITHOUT ROWID
"""
