"""The list of a store's objects, and which of them rows refer to: any number of objects in little memory."""

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
"""Yields the given objects again and shows the progress; the number is their size in bytes, all together."""


@dataclass(frozen=True)
class Reference:
    """An object that a row refers to.

    Attributes
    ----------
    column, key
        The column that refers to the object, and the primary key of the row.
    address
        The object's path within the store.
    size
        The object's size in bytes as the row states it; None if the row states none.
    """

    column: Column
    key: tuple[object, ...]
    address: str
    size: int | None

    def __str__(self) -> str:
        return f"{self.column.label} {'/'.join(map(str, self.key))}, {self.column.name}"


def references(database: Database) -> Iterator[Reference]:
    """Yield every reference of the tables that this user may read; call it within a transaction."""
    # "objects/" lets the server skip the rows, most of them, that mention no object at all.
    for column in referring(database):
        if column.readable:
            for key, text in values(database, column, "objects/"):
                for address, size in _mentioned(json.loads(text)):
                    yield Reference(column, key, address, size)


def _mentioned(value: object, size: int | None = None) -> Iterator[tuple[str, int | None]]:
    """Yield every address in a JSON value, at any depth, with the ``size`` of the same JSON object.

    Other packages' codecs may nest our descriptors, or mention an address within a text: each counts as a reference, so that
    garbage collection keeps the object.
    """
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
    """A number of objects, and their size in bytes, all together."""

    count: int
    bytes: int


class Inventory:
    """The objects of a store at the moment when this is created, and which of them rows refer to.

    The list is in a temporary SQLite database on disk, of which at most 64 MiB are in memory. It ends with the process.

    Parameters
    ----------
    store
        The store to list.

    Raises
    ------
    Unavailable
        If part of the store cannot be read.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        # An empty name makes a temporary database. It needs no journal and no fsync, as it is useless after a crash.
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
        """Read every object completely, and note those whose contents do not match the checksum in their names."""
        for each in progress(self._select("TRUE"), self.total().bytes):
            if not is_whole(self._store, each.address):
                self._list.execute("UPDATE object SET altered = TRUE WHERE address = ?", (each.address,))

    def mark_referenced(self, reference: Reference) -> str:
        """Note that a row refers to an object; return what is wrong with the object, or an empty text."""
        # "AND NOT referenced" saves a write for each further row that refers to the same object.
        listed = self._list.execute("SELECT size, altered FROM object WHERE address = ?", (reference.address,)).fetchone()
        if listed:
            self._list.execute("UPDATE object SET referenced = TRUE WHERE address = ? AND NOT referenced", (reference.address,))
        # An object that is not listed may have been put since, with the session that refers to it.
        size, altered = listed or (size_of(self._store, reference.address), False)
        if size is None:
            return "is not in the store"
        if reference.size not in (None, size):
            return f"has {size} bytes, not {reference.size}"
        return "does not match the checksum in its name: it was changed, or the disk has lost part of it" if altered else ""

    def missing_objects(self, database: Database) -> list[Problem]:
        """Note what the rows of a database refer to; return the first ten problems with it. Call it within a transaction."""
        remedy = "Run `antelop verify`, and repair what it finds first"
        wrong = ((reference, self.mark_referenced(reference)) for reference in references(database))
        problems = (Problem("object_lacks", str(which), f"{which.address} {what}", remedy) for which, what in wrong if what)
        return list(islice(problems, 10))

    def total(self, *, referenced: bool = False) -> Total:
        """Return the number and size of all objects, or of those that rows refer to."""
        query = "SELECT COUNT(*), COALESCE(SUM(size), 0) FROM object WHERE referenced >= ?"
        return Total(*self._list.execute(query, (referenced,)).fetchone())

    def referenced(self) -> Iterator[Object]:
        """Yield the objects that rows refer to."""
        return self._select("referenced")

    def is_referenced(self, address: str) -> bool:
        """Tell whether a row refers to an object."""
        return self._list.execute("SELECT 1 FROM object WHERE address = ? AND referenced", (address,)).fetchone() is not None

    def unreferenced(self, *, altered: bool = False, before: float = inf) -> Iterator[Object]:
        """Yield the objects that no row refers to and that were put before a time; with `altered` only the damaged ones."""
        return self._select("NOT referenced AND altered >= ? AND time < ?", altered, before)

    def _select(self, conditions: str, *values: object) -> Iterator[Object]:
        """Yield the objects that meet the conditions, in the order of their addresses."""
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
