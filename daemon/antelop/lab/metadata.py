"""Insert metadata: an experimenter, an experiment, an animal or a session, one row at a time."""

import math
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from datajoint.errors import DuplicateError

from antelop.database import Database
from antelop.database.row import Row
from antelop.errors import Problem, Rejected, Unavailable
from antelop.formats.document import load
from antelop.lab.lab import Lab
from antelop.lab.naming import NAMES, find
from antelop.lab.resolve import refusal
from antelop.wording import nearest, quoted, storable

LONGEST = 1 << 17
"""How many bytes a row may have as JSON: more than all its columns take. A reader reads one byte more at most."""

RETRIES = 5
"""How often an insert is tried, because another process may take the same id or name just before."""

_NO_NAME = re.compile(r"[\\\x00-\x1f\x7f]|\A\s*\Z")
"""Matches text that cannot serve as a name: it is empty or has several lines, or DataJoint would not find it again."""


class _Unfit(Exception):
    """A value does not fit its attribute; the two arguments say what is wrong, and the remedy."""


def read(text: bytes) -> dict[str, Any]:
    """Return the values of a row that a JSON text holds; `enrol` checks them.

    Raises
    ------
    Rejected
        If the text is not a JSON object that can be stored (see `document.load`), or is longer than `LONGEST`.
    """
    if len(text) > LONGEST:
        what = f"the row has more than {LONGEST} bytes"
        raise Rejected([Problem("metadata_long", "", what, "Write nothing into it that does not belong there")])
    return load(text)


def enrol(lab: Lab, kind: str, values: Mapping[str, Any]) -> Row:
    """Insert one row of metadata.

    Parameters
    ----------
    lab
        The database.
    kind
        ``Experimenter``, ``Experiment``, ``Animal`` or ``Session``.
    values
        The row's attributes. ``experiment_id`` or ``experiment_name`` gives the experiment that it belongs to. A row without an
        id gets the next free one. A time is a datetime or ISO 8601 text; its time zone is dropped, not converted.

    Returns
    -------
    dict
        The row's primary key.

    Raises
    ------
    Rejected
        If values are wrong, with every problem; nothing is inserted then.
    Unavailable
        If the database cannot be reached, or other processes took the id or name in each of `RETRIES` tries.
    """
    for _ in range(RETRIES):
        # An ingest that makes sessions does not take the lock below, so it can be first. The next try sees its row.
        with suppress(DuplicateError):
            return _enrol(lab.database, kind, values)
    raise Unavailable(f"others add {kind.lower()}s at the same time: try again")


def _enrol(database: Database, kind: str, values: Mapping[str, Any]) -> Row:
    """Insert the row, as above; raise `DuplicateError` if another process inserts the same id or name in the meantime."""
    # The table's own definition says which values a row has, so that a new column needs no change here.
    table = getattr(database, kind)()
    *inherited, id_name = table.primary_key
    own = {name: attribute for name, attribute in table.heading.attributes.items() if name not in inherited}
    parents = dict(zip(inherited, NAMES, strict=False))
    # Without the lock, two processes that add rows at the same time would choose the same next id.
    with database.lock(f"metadata of {quoted(values.get('experimenter'))}", wait=True), database.transaction():
        parent, problems = _parent(database, parents, values)
        siblings = table & parent
        given = {name: value for name, value in values.items() if name in own}
        if len(parent) == len(parents) and id_name != NAMES[kind]:
            given.setdefault(id_name, 1 + max(siblings.to_arrays(id_name).tolist(), default=0))
        # Look for every kind of problem before raising: the person corrects all of them at once.
        row, unfit = _fitted(own, given)
        known = {*own, *parents, *(NAMES[above] for above in parents.values())}
        problems += [*_missing(own, given), *_unknown(values, known), *unfit]
        if kind == "Experimenter" and values.get("admin") == "True":
            problems += _no_admin(database)
        if len(parent) == len(parents):
            problems += _taken(kind, siblings, row)
        if problems:
            raise Rejected(problems)
        table.insert1(parent | row)
    return {name: (parent | row)[name] for name in table.primary_key}


def _parent(database: Database, parents: Mapping[str, str], values: Mapping[str, Any]) -> tuple[Row, list[Problem]]:
    """Return the primary key of the row that a new row belongs to, as far as it exists, and the problems found."""
    parent: Row = {}
    problems: list[Problem] = []
    for key, kind in parents.items():
        # A parent is given by id or by name. Without a parent, its children cannot be looked for, so stop at the first problem.
        names = list(dict.fromkeys((key, NAMES[kind])))
        given = [name for name in names if name in values]
        if len(given) != 1:
            what = "both are given" if given else "it is missing"
            return parent, [*problems, Problem("metadata_missing", " or ".join(names), what, f"Give {' or '.join(names)}")]
        try:
            parent = find(database, kind, parent, values[given[0]], by_id=given == [key])
        except Rejected as rejected:
            return parent, [*problems, *rejected.problems]
        if kind == "Experimenter":
            problems += refusal(database, parent[key], key)
    return parent, problems


def _no_admin(database: Database) -> list[Problem]:
    """Return a problem if this user may not make an admin: once a lab has an admin, only admins and the service may."""
    everyone = ""  # not an experimenter's name, so only a user who may write for all experimenters may write for it
    if database.may_write_for(everyone) or not database.Experimenter & {"admin": "True"}:
        return []
    what = f"database user {quoted(database.user)} is not an admin, and only an admin makes another"
    return [Problem("not_permitted", "admin", what, "Leave admin out, or have an admin do it")]


def _missing(own: Mapping[str, Any], given: Row) -> Iterator[Problem]:
    """Yield a problem for each attribute that has neither a value nor a default."""
    for name, attribute in own.items():
        if name not in given and not attribute.in_key and _is_required(attribute):
            yield Problem("metadata_missing", name, "it is missing", f"Give {name}")


def _is_required(attribute: Any) -> bool:  # noqa: ANN401  # DataJoint has no types
    return attribute.default is None and not attribute.nullable


def _unknown(values: Mapping[str, Any], known: Collection[str]) -> Iterator[Problem]:
    """Yield a problem for each value whose name is not an attribute."""
    for name in (name for name in values if name not in known):
        near = nearest(name, known)
        remedy = f"Rename it to {near}" if near else f"Leave it out; there are {', '.join(sorted(known))}"
        yield Problem("metadata_unknown", quoted(name), "there is no such attribute", remedy)


def _fitted(own: Mapping[str, Any], given: Row) -> tuple[Row, list[Problem]]:
    """Return the values in the form that the table takes, and a problem for each value that does not fit."""
    row, problems = {}, []
    for name, value in given.items():
        try:
            row[name] = None if value is None and own[name].nullable else _fit(own[name], value)
        except _Unfit as unfit:
            problems.append(Problem("metadata_value", name, *unfit.args))
    return row, problems


def _fit(attribute: Any, value: Any) -> Any:  # noqa: ANN401  # DataJoint has no types, and a value may be anything
    """Return a value as an attribute of a type such as ``varchar(40)`` takes it; raise `_Unfit` if it does not fit."""
    # "varchar(40)" has the family varchar and the argument 40; an enum has its values as arguments.
    family, *arguments = re.findall(r"[A-Za-z]+|[0-9]+", attribute.original_type)
    fitted = _FITS[family](value, arguments)
    # Required text is a name, by which the row has to be found again.
    if _is_required(attribute) and isinstance(value, str) and _NO_NAME.search(value):
        raise _Unfit(f"{quoted(value)} is empty, or has control characters or backslashes", "Write it on one line without them")
    return fitted


def _text(value: object, arguments: list[str]) -> object:
    """Return text for a varchar column, or raise `_Unfit`."""
    most = int(arguments[0])
    if not isinstance(value, str):
        raise _Unfit(f"{quoted(value)} is not text", f"Write text of at most {most} characters")
    if len(value) > most:
        raise _Unfit(f"{quoted(value)} has {len(value)} characters", f"Write at most {most}")
    if not storable(value):
        raise _Unfit(f"{quoted(value)} has a character that cannot be stored", "Leave out U+0000 and unpaired surrogates")
    return value


def _choice(value: object, choices: list[str]) -> object:
    """Return one of the values of an enum column, or raise `_Unfit`."""
    if value not in choices:
        raise _Unfit(f"{quoted(value)} is not one of {', '.join(choices)}", "Write one of them")
    return value


def _integer(value: object, arguments: list[str]) -> object:
    """Return a whole number for an int column of some bits, or raise `_Unfit`."""
    most = 2 ** (int(arguments[0]) - 1) - 1
    if not isinstance(value, int) or isinstance(value, bool) or not -most - 1 <= value <= most:
        raise _Unfit(f"{quoted(value)} is not an id", f"Write a whole number up to {most}, or leave it out for the next one")
    return value


def _number(value: object, _arguments: list[str]) -> object:
    """Return a finite number for a float column, or raise `_Unfit`."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise _Unfit(f"{quoted(value)} is not a finite number", "Write a number")
    return value


def _moment(value: object, _arguments: list[str]) -> object:
    """Return a time without time zone for a datetime column, or raise `_Unfit`."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        moment = None
    if not isinstance(moment, datetime):
        raise _Unfit(f"{quoted(value)} is not a time", "Write it as 2026-11-22T09:30:00")
    return moment.replace(tzinfo=None)


_FITS = {"datetime": _moment, "enum": _choice, "float": _number, "int": _integer, "varchar": _text}
"""By family of the attribute's type: the function that returns a value in the form the attribute takes, or raises `_Unfit`."""


def _taken(kind: str, siblings: Any, row: Row) -> Iterator[Problem]:  # noqa: ANN401  # DataJoint has no types
    """Yield a problem for the id, and one for the name, if another row already has it."""
    for name in dict.fromkeys((siblings.primary_key[-1], NAMES[kind])):
        if name in row and siblings & {name: row[name]}:
            what = f"there is {kind.lower()} {quoted(row[name])} already"
            yield Problem("metadata_taken", name, what, "Give another, or go on with that one")
