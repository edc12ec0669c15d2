"""Reads JSON documents that a database can store.

JSON is read as RFC 8259 defines it, and more strictly than Python does: no member is repeated, numbers are finite, and the
database can store all text. Places in a document are JSON pointers (RFC 6901).
"""

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from antelop.errors import Problem, Rejected
from antelop.wording import printable, quoted, storable

NESTING = 32
"""How deep lists and objects may be nested: more than a rig or manifest needs, and far below Python's recursion limit."""

_TOO_DEEP = (f"lists and objects are nested more than {NESTING} deep", "Write it flatter")

_LONGEST_PLACE = 500
"""How many characters of a pointer are shown."""


def pointer(path: Iterable[str | int]) -> str:
    """Return the JSON pointer of the value to which these members and list indices lead (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def place(path: Iterable[str | int]) -> str:
    """Return a pointer as problems show it: unprintable characters are escaped, and the text has a limited length."""
    shown = printable(pointer(path))
    return shown if len(shown) <= _LONGEST_PLACE else f"{shown[: _LONGEST_PLACE - 1]}…"


def member(value: object, *names: str) -> Any:  # noqa: ANN401  # whatever the document holds there
    """Return the member to which the names lead; None if there is none, also where a value on the way is not an object."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def items(document: object, name: str) -> Iterator[tuple[str, Any]]:
    """Yield the pointer and the value of each item of the list with this name; nothing if the member is not a list."""
    values = member(document, name)
    for index, value in enumerate(values if isinstance(values, list) else ()):
        yield pointer((name, index)), value


class _Infinite(str):
    """A number that has no finite value, as the text writes it."""

    __slots__ = ()


class _Repeating(dict[str, Any]):
    """An object in which the members `names` occur more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.names = [name for name, times in Counter(name for name, _ in pairs).items() if times > 1]


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Repeating(pairs)


def _integer(digits: str) -> int | _Infinite:
    # float takes any number of digits. int refuses more than some thousands, so ask float first.
    return _Infinite(digits) if math.isinf(float(digits)) else int(digits)


def _real(digits: str) -> float | _Infinite:
    return _Infinite(digits) if math.isinf(float(digits)) else float(digits)


def load(text: bytes) -> dict[str, Any]:
    """Return the object that a JSON text holds.

    Parameters
    ----------
    text
        The file's bytes: UTF-8, with or without a byte order mark.

    Raises
    ------
    Rejected
        If the text is not UTF-8, not JSON or not an object. Otherwise with every repeated member, every number that is not
        finite, every text that a database cannot store, and every place that is nested too deep.
    """
    # Faults that Python's parser accepts become marked values (`_Repeating`, `_Infinite`), so that all of them are reported
    # at once and with their places, which the parser's hooks do not know.
    try:
        document = json.loads(
            text.decode().removeprefix("\ufeff"),
            object_pairs_hook=_members,
            parse_int=_integer,
            parse_float=_real,
            parse_constant=_Infinite,
        )
    except UnicodeDecodeError as error:
        what = f"the byte 0x{text[error.start]:02x} is not UTF-8"
        raise _unreadable(f"byte {error.start}", what, "Save the file as UTF-8") from None
    except json.JSONDecodeError as error:
        # The text at the place of the error is easier to find than a column.
        here = error.doc[error.pos : error.pos + 20]
        found = quoted(here) if here else "the end of the text"
        what = f"this is not JSON: {error.msg[0].lower()}{error.msg[1:]} at {found}"
        remedy = "Correct the text there" if error.doc.strip() else "Write the file again, there is nothing in it"
        raise _unreadable(f"line {error.lineno}, column {error.colno}", what, remedy) from None
    except RecursionError:
        raise _unreadable("", *_TOO_DEEP) from None
    if not isinstance(document, dict):
        raise _unreadable("", f"the text holds {quoted(document)} and no object", 'Write an object: {"member": value, …}')
    # `Rejected` takes only as many problems as are shown, so a hostile document with millions of faults costs little.
    faults = _unstorable(document)
    if fault := next(faults, None):
        raise Rejected(chain([fault], faults))
    return document


def _unreadable(where: str, what: str, remedy: str) -> Rejected:
    return Rejected([Problem("json", where, what, remedy)])


def _unstorable(document: dict[str, Any]) -> Iterator[Problem]:
    """Yield, in the order of the document, what is valid JSON but cannot be stored."""
    # A stack instead of recursion, and its items in reverse, so that the first is taken first.
    pending: list[tuple[tuple[str | int, ...], Any]] = [((), document)]
    while pending:
        path, value = pending.pop()
        for what, remedy in _faults(value, len(path)):
            yield Problem("json", place(path), what, remedy)
        steps = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        if len(path) < NESTING:
            pending.extend(((*path, step), value[step]) for step in reversed(steps))


def _faults(value: object, depth: int) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with one value, each with its remedy. The members of the value are not examined."""
    if isinstance(value, dict | list) and depth == NESTING:
        yield _TOO_DEEP
    if isinstance(value, _Infinite):
        yield f"{quoted(value)[1:-1]} is not a finite number", "Write a finite number, or leave it out"
    # A text itself, or the names of an object's members, which are text too.
    for text in [value] if isinstance(value, str) else value if isinstance(value, dict) else ():
        if not storable(text):
            yield f"{quoted(text)} has a character that cannot be stored", "Leave out U+0000 and unpaired surrogates"
    for name in value.names if isinstance(value, _Repeating) else ():
        yield f"the member {quoted(name)} is there more than once", "Leave one of them"
