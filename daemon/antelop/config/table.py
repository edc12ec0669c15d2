"""A table of the configuration, which collects the mistakes of its keys."""

from collections.abc import Iterator
from pathlib import PurePath
from typing import TypeVar

from antelop.config.values import Read, Unfit
from antelop.errors import Problem
from antelop.wording import nearest, quoted

T = TypeVar("T")
D = TypeVar("D")

_SECRETS = ("user", "username", "password", "passwd", "pass")


class Table:
    """A table of the file. The reader takes the keys one by one; `done` reports those that are left as unknown."""

    def __init__(self, values: object, where: str, problems: list[Problem]) -> None:
        self._values = values if isinstance(values, dict) else {}
        self._where = where
        self._problems = problems
        self._known: list[str] = []
        self._inside: list[Table] = []
        if not isinstance(values, dict):
            self.complain("", f"{quoted(values)} is not a table", f"Write [{where}], and its keys below")

    def complain(self, key: str, what: str, remedy: str) -> None:
        """Add a mistake of a key, or of the table itself if `key` is empty."""
        self._problems.append(problem(".".join(filter(None, [self._where, key])), what, remedy))

    def take(self, key: str, read: Read[T], default: D) -> T | D:
        """Return the value of a key, or the default if it is missing or wrong."""
        self._known.append(key)
        if key not in self._values:
            return default
        try:
            return read(self._values[key])
        except Unfit as error:
            self.complain(key, error.what, error.remedy)
            return default

    def need(self, key: str, read: Read[T], remedy: str, stand_in: D) -> T | D:
        """Return the value of a required key; if it is missing or wrong, add a mistake and return the stand-in."""
        if key not in self._values:
            self.complain(key, "it is missing", remedy)
        return self.take(key, read, stand_in)

    def table(self, key: str) -> "Table":
        """Return the table of a key; an empty one if it is missing."""
        self._known.append(key)
        return self._opened(self._values.get(key, {}), key)

    def tables(self, key: str) -> Iterator["Table"]:
        """Yield the tables of a key that is written in double brackets."""
        self._known.append(key)
        values = self._values.get(key, [])
        if not isinstance(values, list):
            self.complain(key, "it is one table, and there can be several", f"Write [[{key}]], in double brackets")
            return
        for number, each in enumerate(values, start=1):
            yield self._opened(each, f"{key}[{_label(each) or number}]")

    def done(self) -> None:
        """Add a mistake for each unknown key of this table and the tables in it."""
        for key in self._values:
            if key in self._known:
                continue
            if key in _SECRETS:
                remedy = "Set DB_USER and DB_PASS in the environment, or systemd's credentials db_user and db_pass"
                self.complain(key, "it does not belong into a file that others read", remedy)
            else:
                match = nearest(key, self._known)
                self.complain(key, "there is no such key", f"Write `{match}`" if match else "Leave it out")
        for table in self._inside:
            table.done()

    def _opened(self, values: object, where: str) -> "Table":
        self._inside.append(Table(values, where, self._problems))
        return self._inside[-1]


def problem(where: str, what: str, remedy: str) -> Problem:
    """Return a problem of the configuration; `where` is the key."""
    return Problem("configuration", where, what, remedy)


def _label(values: object) -> str:
    """Return the label of an item in a list of tables: its name, or the last part of its path, or an empty text."""
    named = values if isinstance(values, dict) else {}
    name, path = (value if isinstance(value, str) and value.isprintable() else "" for value in map(named.get, ("name", "path")))
    return name or PurePath(path).name
