"""A recording goes out again: its session stays, and can take another one."""

from collections.abc import Mapping
from typing import Any

import datajoint as dj

from antelop.database.references import strange_names
from antelop.errors import Problem, Rejected
from antelop.lab import Lab
from antelop.lab.resolve import refusal
from antelop.queue.ledger import named


def hanging(lab: Lab, session: Mapping[str, Any]) -> dict[str, int]:
    """Return how many rows of each table go when a session's recording is removed, other packages' tables included.

    Raises
    ------
    Rejected
        If a table that refers to it has a name that cannot be put into a statement.
    """
    if problems := strange_names(lab.database):
        raise Rejected(problems)
    return _named(lab, dj.Diagram.cascade(lab.database.World & dict(session)).counts())


def remove(lab: Lab, session: Mapping[str, Any]) -> dict[str, int]:
    """Remove the recording of one session with all that hangs on it, in one transaction.

    The session itself stays, and so does what the ledger says of the delivery. Arrays and videos stay in the store until
    `antelop gc` finds that nothing refers to them.

    Parameters
    ----------
    lab
        Where the session is.
    session
        Its primary key.

    Returns
    -------
    dict
        How many rows of each table went, as `hanging` says before.

    Raises
    ------
    Rejected
        If the session holds no recording, or is another experimenter's; or as in `hanging`.
    """
    key = {name: session[name] for name in lab.database.Session.primary_key}
    where = f"session {named(key)}"
    problems = [*refusal(lab.database, key["experimenter"], where), *strange_names(lab.database)]
    if not lab.database.World & key:
        remedy = "See `antelop sessions` for those that hold one"
        problems.append(Problem("session_empty", where, "it holds no recording", remedy))
    if problems:
        raise Rejected(problems)
    with lab.database.transaction():
        cascade = dj.Diagram.cascade(lab.database.World & key)
        counts = {table.full_table_name: table.delete_quick(get_count=True) for table in reversed(cascade)}
    return _named(lab, dict(reversed(counts.items())))


def _named(lab: Lab, counts: Mapping[str, int]) -> dict[str, int]:
    """Return numbers of rows, but for none, by the names of our tables and the schema and name of others."""
    ours = {table().full_table_name: name for name, table in lab.database.tables.items()}
    return {ours.get(table, table.replace('"', "").replace("`", "")): count for table, count in counts.items() if count}
