"""Metadata goes in: an experimenter, an experiment, an animal or a session, one row at a time."""

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
from antelop.lab.lab import Lab
from antelop.lab.naming import NAMES, find
from antelop.lab.resolve import refusal
from antelop.wording import nearest, quoted, storable

RETRIES = 5
"""How often a row is inserted anew because somebody else took its id or name right before."""

_NO_NAME = re.compile(r"[\\\x00-\x1f\x7f]|\A\s*\Z")
"""What is found in text by which nobody could call a thing: it is empty, of several lines, or DataJoint would not find it."""


class _Unfit(Exception):
    """A value does not fit its attribute; the arguments are what is wrong with it, and the remedy."""


def enrol(lab: Lab, kind: str, values: Mapping[str, Any]) -> Row:
    """Insert one row of metadata.

    Parameters
    ----------
    lab
        The database.
    kind
        ``Experimenter``, ``Experiment``, ``Animal`` or ``Session``.
    values
        The row's attributes. The experiment that it belongs to is given by ``experiment_id`` or ``experiment_name``; without an
        id of its own the row gets the next one; a time is a datetime or ISO 8601 text, and is kept as its clock showed it.

    Returns
    -------
    dict
        The row's primary key.

    Raises
    ------
    Rejected
        With everything that is wrong with the values; nothing is inserted then.
    Unavailable
        If the database is away, or others add so many rows at the same time that this one does not come to its turn.
    """
    for _ in range(RETRIES):
        with suppress(DuplicateError):  # an ingest that makes sessions was first: its row is seen now
            return _enrol(lab.database, kind, values)
    raise Unavailable(f"others add {kind.lower()}s at the same time: try again")


def _enrol(database: Database, kind: str, values: Mapping[str, Any]) -> Row:
    """Insert the row, as above; raise `DuplicateError` if somebody else inserts one by its id or name meanwhile."""
    table = getattr(database, kind)()
    *inherited, id_name = table.primary_key
    own = {name: attribute for name, attribute in table.heading.attributes.items() if name not in inherited}
    parents = dict(zip(inherited, NAMES, strict=False))
    with database.lock(f"metadata of {quoted(values.get('experimenter'))}", wait=True), database.transaction():
        parent, problems = _parent(database, parents, values)
        siblings = table & parent
        given = {name: value for name, value in values.items() if name in own}
        if len(parent) == len(parents) and id_name != NAMES[kind]:
            given.setdefault(id_name, 1 + max(siblings.to_arrays(id_name).tolist(), default=0))
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
    """Return the primary key of the row that a new one belongs to, as far as it is there, and what is wrong with that."""
    parent: Row = {}
    problems: list[Problem] = []
    for key, kind in parents.items():
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
    """Say why this user may not make an admin: only who may write for everyone may, once there is one."""
    everyone = ""  # nobody's name
    if database.may_write_for(everyone) or not database.Experimenter & {"admin": "True"}:
        return []
    what = f"database user {quoted(database.user)} is no admin, and only an admin makes another"
    return [Problem("not_permitted", "admin", what, "Leave admin out, or have an admin do it")]


def _missing(own: Mapping[str, Any], given: Row) -> Iterator[Problem]:
    """Yield the attributes that have no default and no value."""
    for name, attribute in own.items():
        if name not in given and not attribute.in_key and _is_required(attribute):
            yield Problem("metadata_missing", name, "it is missing", f"Give {name}")


def _is_required(attribute: Any) -> bool:  # noqa: ANN401  # DataJoint has no types
    return attribute.default is None and not attribute.nullable


def _unknown(values: Mapping[str, Any], known: Collection[str]) -> Iterator[Problem]:
    """Yield the values that belong to no attribute."""
    for name in (name for name in values if name not in known):
        near = nearest(name, known)
        remedy = f"Rename it to {near}" if near else f"Leave it out; there are {', '.join(sorted(known))}"
        yield Problem("metadata_unknown", quoted(name), "there is no such attribute", remedy)


def _fitted(own: Mapping[str, Any], given: Row) -> tuple[Row, list[Problem]]:
    """Return the values as the table takes them, and what is wrong with the others."""
    row, problems = {}, []
    for name, value in given.items():
        try:
            row[name] = None if value is None and own[name].nullable else _fit(own[name], value)
        except _Unfit as unfit:
            problems.append(Problem("metadata_value", name, *unfit.args))
    return row, problems


def _fit(attribute: Any, value: Any) -> Any:  # noqa: ANN401  # DataJoint has no types, and a value may be anything
    """Return a value as an attribute of a type such as ``varchar(40)`` takes it, or raise `_Unfit`."""
    family, *arguments = re.findall(r"[A-Za-z]+|[0-9]+", attribute.original_type)
    fitted = _FITS[family](value, arguments)
    if _is_required(attribute) and isinstance(value, str) and _NO_NAME.search(value):
        raise _Unfit(f"{quoted(value)} is empty, or has control characters or backslashes", "Write it on one line without them")
    return fitted


def _text(value: object, arguments: list[str]) -> object:
    most = int(arguments[0])
    if not isinstance(value, str):
        raise _Unfit(f"{quoted(value)} is not text", f"Write text of at most {most} characters")
    if len(value) > most:
        raise _Unfit(f"{quoted(value)} has {len(value)} characters", f"Write at most {most}")
    if not storable(value):
        raise _Unfit(f"{quoted(value)} has a character that cannot be stored", "Leave out U+0000 and unpaired surrogates")
    return value


def _choice(value: object, choices: list[str]) -> object:
    if value not in choices:
        raise _Unfit(f"{quoted(value)} is not one of {', '.join(choices)}", "Write one of them")
    return value


def _integer(value: object, arguments: list[str]) -> object:
    most = 2 ** (int(arguments[0]) - 1) - 1
    if not isinstance(value, int) or isinstance(value, bool) or not -most - 1 <= value <= most:
        raise _Unfit(f"{quoted(value)} is no id", f"Write a whole number up to {most}, or leave it out for the next one")
    return value


def _number(value: object, _arguments: list[str]) -> object:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise _Unfit(f"{quoted(value)} is no finite number", "Write a number")
    return value


def _moment(value: object, _arguments: list[str]) -> object:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        moment = None
    if not isinstance(moment, datetime):
        raise _Unfit(f"{quoted(value)} is no time", "Write it as 2026-11-22T09:30:00")
    return moment.replace(tzinfo=None)


_FITS = {"datetime": _moment, "enum": _choice, "float": _number, "int": _integer, "varchar": _text}
"""What returns a value as an attribute takes it, or raises `_Unfit`, by the family of the attribute's type."""


def _taken(kind: str, siblings: Any, row: Row) -> Iterator[Problem]:  # noqa: ANN401  # DataJoint has no types
    """Yield the id and the name that another row has already."""
    for name in dict.fromkeys((siblings.primary_key[-1], NAMES[kind])):
        if name in row and siblings & {name: row[name]}:
            what = f"there is {kind.lower()} {quoted(row[name])} already"
            yield Problem("metadata_taken", name, what, "Give another, or go on with that one")
