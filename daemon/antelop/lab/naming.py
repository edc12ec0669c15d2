"""Find a row by its id or its name; if it does not exist, suggest the nearest match."""

import re
from collections.abc import Iterable, Mapping
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
    """Return the primary key of the row with this id or, if no row has this id, of the row with this name.

    Parameters
    ----------
    database
        The lab's database.
    kind
        The table: one of `NAMES`.
    parent
        Primary key of the row that it belongs to.
    called
        Its id, which may be text, or its name.
    by_id
        Whether `called` may be an id.

    Raises
    ------
    Rejected
        If there is no such row; the remedy has the nearest match, or some of the rows that exist.
    """
    # Text that the database cannot store, or digits that no id column holds, match no row; do not ask the server.
    table = getattr(database, kind)() & dict(parent)
    id_name, name, text = table.primary_key[-1], NAMES[kind], str(called)
    restrictions: list[Row] = [{name: text}] if storable(text) else []
    if by_id and id_name != name and re.fullmatch(r"-?[0-9]{1,10}", text):
        restrictions.insert(0, {id_name: int(text)})
    # The id goes first: a name that consists of digits must not hide the row with that id.
    for restriction in restrictions:
        if found := (table & restriction).keys():
            return dict(found[0])
    # Not found: list the names that exist, so that the remedy can suggest one.
    noun = name.removesuffix("_name").removeprefix("behaviour")
    names = {row[name]: row[id_name] for row in table.proj(name).to_dicts(order_by=id_name)}
    what = f"{noun} {quoted(called)} is not in the database"
    raise Rejected([Problem(f"{noun}_unknown", noun, what, instead(noun, text, names))])


def locate(database: Database, path: Iterable[tuple[str, str]]) -> Row:
    """Return the primary key of the last row on a path of (table, id or name) pairs, which starts at an experimenter.

    Raises
    ------
    Rejected
        If one of the rows does not exist.
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
