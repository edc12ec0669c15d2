"""Find a row by its id or its name; if it does not exist, suggest the nearest match."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from antelop.database import Database
from antelop.database.row import Row
from antelop.errors import Problem, Rejected
from antelop.wording import nearest, quoted, storable

NAMES = {
    "Experimenter": "experimenter",
    "Experiment": "experiment_name",
    "Animal": "animal_name",
    "Session": "session_name",
    "BehaviourRig": "behaviourrig_name",
    "Feature": "feature_name",
}
"""By table: the attribute that holds the name of a row, which is unique among the rows of one parent."""

LISTED = 5
"""Largest number of rows that a remedy lists."""


def find(database: Database, kind: str, parent: Mapping[str, Any], called: object, *, by_id: bool = True) -> Row:
    """Return the primary key of the only row that has this id or this name.

    Parameters
    ----------
    database
        The lab's database.
    kind
        The table: one of `NAMES`.
    parent
        Primary key of the row that it belongs to.
    called
        An integer is an id. A text is an id or a name; ``id=1`` and ``name=1`` say which.
    by_id
        Whether `called` may be an id.

    Raises
    ------
    Rejected
        If there is no such row: the remedy has the nearest match, or some of the rows that exist. Or if a number is the id of
        one row and may be the name of another: the remedy says how to tell which.
    """
    table = getattr(database, kind)() & dict(parent)
    id_name, name, text = table.primary_key[-1], NAMES[kind], str(called)
    noun = name.removesuffix("_name").removeprefix("behaviour")
    # Text that the database cannot store, or digits that no id column holds, match no row; do not ask the server.
    restrictions: list[Row] = [{name: stated} for stated in {text, text.removeprefix("name=")} if storable(stated)]
    if by_id and id_name != name and (number := re.fullmatch(r"(?:id=)?(0|-?[1-9][0-9]{0,9})", text)):
        restrictions = [{id_name: called}] if isinstance(called, int) else [*restrictions, {id_name: int(number[1])}]
    found = (table & restrictions).proj(name).to_dicts(order_by=id_name) if restrictions else []
    if len(found) > 1 or (found and _is_another_number(called, found[0][id_name], found[0][name])):
        raise Rejected([_ambiguous(noun, text, [(row[id_name], row[name]) for row in found])])
    if found:
        return {key: found[0][key] for key in table.primary_key}
    # Not found: list the names that exist, so that the remedy can suggest one.
    names = {row[name]: row[id_name] for row in table.proj(name).to_dicts(order_by=id_name)}
    what = f"{noun} {quoted(called)} is not in the database"
    raise Rejected([Problem(f"{noun}_unknown", noun, what, instead(noun, text, names))])


def _is_another_number(called: object, number: object, name: str) -> bool:
    """Tell whether a text is the id of a row whose name is another number: a lab that numbers its sessions means the name."""
    return called == str(number) and name.isdecimal() and name != called


def _ambiguous(noun: str, text: str, rows: Sequence[tuple[object, str]]) -> Problem:
    """Return a problem that lists the rows that a text may mean, given as ids and names."""
    listed = " and ".join(f"{noun} {number} is called {quoted(name)}" for number, name in rows)
    what = f"{quoted(text)} may be an id or a name: {listed}"
    # A name may itself begin with `id=`: what was given already does not say which.
    forms = " or ".join(f"name={name}" if text == f"id={number}" else f"id={number}" for number, name in rows)
    return Problem(f"{noun}_ambiguous", noun, what, f"Say which: {forms}")


def locate(database: Database, path: Iterable[tuple[str, str]]) -> Row:
    """Return the primary key of the last row on a path of (table, id or name) pairs, which starts at an experimenter.

    Raises
    ------
    Rejected
        If one of the rows does not exist, or a number may mean two of them.
    """
    key: Row = {}
    for kind, called in path:
        key = find(database, kind, key, called)
    return key


def instead(noun: str, called: str, names: Mapping[str, object]) -> str:
    """Return a remedy that suggests the nearest match, or lists rows that exist; `names` maps names to ids."""
    # The shortest useful answer first: the nearest match, then a few rows, and the newest ones of many.
    near = nearest(called, names)
    if near:
        return f"Perhaps you mean {_listed(names, [near])}"
    if not names:
        return f"There is no {noun} yet: add one first"
    if len(names) > LISTED:
        return f"There are {len(names)}; the last ones are {_listed(names, list(names)[-LISTED:])}"
    return f"Name one of these: {_listed(names, names)}"


def _listed(names: Mapping[str, object], some: Iterable[str]) -> str:
    """Return names as text, each in brackets after its id; a name that is its own id stands alone."""
    return ", ".join(quoted(name) if names[name] == name else f"{names[name]} ({quoted(name)})" for name in some)
