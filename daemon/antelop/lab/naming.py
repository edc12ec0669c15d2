"""What people call things: a row is found by its id or its name; if there is none, the one that was probably meant is told."""

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
"""The attribute by which people call a row of each table; it is unique among the rows of one parent."""

LISTED = 5
"""How many rows a remedy lists."""


def find(database: Database, kind: str, parent: Mapping[str, Any], called: object, *, by_id: bool = True) -> Row:
    """Return the primary key of the row that has this id or, where none has, this name.

    Parameters
    ----------
    database
        Where it is looked for.
    kind
        The table: one of `NAMES`.
    parent
        Primary key of the row that it belongs to.
    called
        Its id, which may be text, or its name.
    by_id
        Whether it may be an id.

    Raises
    ------
    Rejected
        If there is none: with the one that was probably meant, or with some that there are.
    """
    table = getattr(database, kind)() & dict(parent)
    id_name, name, text = table.primary_key[-1], NAMES[kind], str(called)
    restrictions: list[Row] = [{name: text}] if storable(text) else []
    if by_id and id_name != name and re.fullmatch(r"-?[0-9]{1,10}", text):
        restrictions.insert(0, {id_name: int(text)})
    for restriction in restrictions:
        if found := (table & restriction).keys():
            return dict(found[0])
    noun = name.removesuffix("_name").removeprefix("behaviour")
    names = {row[name]: row[id_name] for row in table.proj(name).to_dicts(order_by=id_name)}
    what = f"{noun} {quoted(called)} is not in the database"
    raise Rejected([Problem(f"{noun}_unknown", noun, what, instead(noun, text, names))])


def locate(database: Database, path: Iterable[tuple[str, str]]) -> Row:
    """Return the primary key of the row to which the tables and what their rows are called lead, from an experimenter on.

    Raises
    ------
    Rejected
        If one of them is not there.
    """
    key: Row = {}
    for kind, called in path:
        key = find(database, kind, key, called)
    return key


def instead(noun: str, called: str, names: Mapping[str, object]) -> str:
    """Say which row was probably meant, or which there are; `names` gives the ids by the names."""
    near = nearest(called, names)
    if near:
        return f"Perhaps you mean {_listed(names, [near])}"
    if not names:
        return f"There is no {noun} yet: add one first"
    if len(names) > LISTED:
        return f"There are {len(names)}; the last ones are {_listed(names, list(names)[-LISTED:])}"
    return f"Name one of these: {_listed(names, names)}"


def _listed(names: Mapping[str, object], some: Iterable[str]) -> str:
    """Return names, each after its id where it has one."""
    return ", ".join(quoted(name) if names[name] == name else f"{names[name]} ({quoted(name)})" for name in some)
