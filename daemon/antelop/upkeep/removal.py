"""Remove a recording from its session. The session stays, and can take another recording."""

from collections.abc import Mapping
from typing import Any

import datajoint as dj

from antelop.database.references import strange_names
from antelop.errors import Problem, Rejected
from antelop.lab import Lab
from antelop.lab.resolve import refusal
from antelop.queue.ledger import named
from antelop.wording import quoted


def hanging(lab: Lab, session: Mapping[str, Any]) -> dict[str, int]:
    """Return how many rows of each table are removed with a session's recording, other packages' tables included.

    Raises
    ------
    Rejected
        If a table that refers to the recording has a name that is not safe in an SQL statement.
    """
    # DataJoint puts these names into its statements unescaped, and any user can create a table.
    if problems := strange_names(lab.database):
        raise Rejected(problems)
    return _named(lab, dj.Diagram.cascade(lab.database.World & dict(session)).counts())


def described(lab: Lab, session: Mapping[str, Any]) -> dict[str, str]:
    """Return what tells a person which recording a session holds: its name, date, animals and file."""
    database, key = lab.database, {name: session[name] for name in lab.database.Session.primary_key}
    row = (database.Session & key).fetch1()
    # An animal has a row in Self for taking part, and one for each of its features.
    animals = (database.Animal & (database.Self & key).proj()).to_arrays("animal_name", order_by="animal_id")
    files = (database.Delivery & (database.Ingestion & key).proj()).to_arrays("nwb_path")
    return {
        "session": f"{named(key)}, {quoted(row['session_name'])}",
        "date": f"{row['session_timestamp']:%Y-%m-%d %H:%M}" if row["session_timestamp"] else "not known",
        "animals": ", ".join(animals),
        "file": ", ".join(files),
    }


def remove(lab: Lab, session: Mapping[str, Any]) -> dict[str, int]:
    """Remove the recording of one session with all rows that depend on it, in one transaction.

    The session itself stays, and so do the ledger's rows of the delivery. Arrays and videos stay in the store until
    `antelop gc` finds that no row refers to them.

    Parameters
    ----------
    lab
        The lab that has the session.
    session
        The primary key of the session.

    Returns
    -------
    dict
        How many rows of each table were removed: the numbers that `hanging` returns before.

    Raises
    ------
    Rejected
        If the session holds no recording, or belongs to another experimenter; or as in `hanging`.
    """
    # Callers may pass a whole row: only the primary key may restrict what is deleted.
    key = {name: session[name] for name in lab.database.Session.primary_key}
    # A person reads every reason for a refusal at once.
    where = f"session {named(key)}"
    problems = [*refusal(lab.database, key["experimenter"], where), *strange_names(lab.database)]
    if not lab.database.World & key:
        remedy = "See `antelop sessions` for those that hold one"
        problems.append(Problem("session_empty", where, "it holds no recording", remedy))
    if problems:
        raise Rejected(problems)
    # Rows that refer to others go first, or the foreign keys refuse. `delete_quick` asks no question on a terminal.
    with lab.database.transaction():
        cascade = dj.Diagram.cascade(lab.database.World & key)
        counts = {table.full_table_name: table.delete_quick(get_count=True) for table in reversed(cascade)}
    # Parents first, in the order of `hanging`.
    return _named(lab, dict(reversed(counts.items())))


def _named(lab: Lab, counts: Mapping[str, int]) -> dict[str, int]:
    """Return the numbers of rows that are not zero, by table: our tables by name, others by schema and name."""
    ours = {table().full_table_name: name for name, table in lab.database.tables.items()}
    return {ours.get(table, table.replace('"', "").replace("`", "")): count for table, count in counts.items() if count}
