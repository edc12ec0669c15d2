"""The masks of a session: compute them at ingest, try one without storing it, and recompute them after a change."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from antelop.analysis.functions import AnalysisFunction
from antelop.analysis.masks import MaskResult
from antelop.database import Database
from antelop.database.row import Row
from antelop.errors import Problem, Rejected, gathering
from antelop.lab import Lab
from antelop.lab.resolve import refusal
from antelop.lab.store_lock import protect_from_gc
from antelop.queue.ledger import named
from antelop.wording import nearest, quoted

Progress = Callable[[Sequence[Row]], Iterable[Row]]
"""Wraps an iterable of sessions: yields each of them, and shows the progress."""


def ready(lab: Lab, masks: Iterable[Row]) -> list[tuple[Row, AnalysisFunction]]:
    """Return each mask (a row of `MaskFunction`) with the function of the analysis folder that computes it.

    Raises
    ------
    Rejected
        With the problems of every mask whose function is missing or invalid.
    """
    # Problems are gathered, so that one run reports those of all masks.
    problems: list[Problem] = []
    found = []
    for mask in masks:
        with gathering(problems):
            found.append((mask, lab.analysis.function(mask["maskfunction_name"], lab.database.tables)))
    # Several masks may share a function: each of its problems is reported once.
    if problems:
        raise Rejected(dict.fromkeys(problems))
    return found


def insert_masks(lab: Lab, session: Mapping[str, Any], masks: Sequence[tuple[Row, AnalysisFunction]]) -> dict[str, int]:
    """Compute the masks of a session, and insert or update their rows, in the transaction that the caller opened.

    Parameters
    ----------
    lab
        The lab that holds the session.
    session
        Primary key of the session.
    masks
        Each mask with its function, from `ready`.

    Returns
    -------
    dict
        The number of trials by the name of the mask.

    Raises
    ------
    Rejected
        With the problems of every mask that failed.
    """
    problems: list[Problem] = []
    trials = {}
    # Masks that exist are updated and not deleted, because rows of other tables may refer to them.
    stored = set((lab.database.Mask & session).to_arrays("mask_id"))
    # One turn for all masks: they share one process, and whatever they start ends with it.
    with lab.turns.take([function for _, function in masks], session, lab.database.connection) as turn:
        for mask, function in masks:
            with gathering(problems):
                result = turn.compute(function)
                row = {
                    **session,
                    "behaviourrig_id": mask["behaviourrig_id"],
                    "mask_id": mask["mask_id"],
                    "mask_name": mask["mask_name"],
                    "data": result.data,
                    "timestamps": result.timestamps,
                    "function_sha256": function.sha256,
                }
                if mask["mask_id"] in stored:
                    lab.database.Mask.update1(row)
                else:
                    lab.database.Mask.insert1(row)
                trials[mask["mask_name"]] = len(result.data) // 2
    # The caller rolls back on this error, so a session never has only some of its masks.
    if problems:
        raise Rejected(problems)
    return trials


def attempt(lab: Lab, name: str, session: Mapping[str, Any]) -> MaskResult:
    """Run one mask function of the analysis folder on a session, without storing the result.

    Returns
    -------
    MaskResult
        Starts and stops of the trials: ``data`` int8 (n,), ``timestamps`` float64 (n,) in seconds.

    Raises
    ------
    Rejected
        If the session holds no recording, the function does not exist, it fails, or it returns an invalid mask.
    """
    # The session is checked first: a wrong key gets its own message, and no function runs in vain.
    sessions_under(lab.database, session)
    function = lab.analysis.function(name, lab.database.tables)
    with lab.turns.take([function], session, lab.database.connection) as turn:
        return turn.compute(function)


def recompute_masks(lab: Lab, key: Mapping[str, Any], progress: Progress = iter) -> dict[str, int]:
    """Recompute the masks of every session under a key; see `antelop.scripting.Scripting.recompute_masks`.

    Each session has its own transaction: a session whose masks fail keeps its old ones, and the other sessions continue.
    `progress` shows how many sessions are done.

    Returns
    -------
    dict
        The number of trials by the name of the mask, summed over the sessions.

    Raises
    ------
    Rejected
        With every problem, after all sessions are done.
    """
    database = lab.database
    worlds = sessions_under(database, key)
    problems: list[Problem] = []
    masks = {}
    # The functions are looked up once for each rig, because all sessions of a rig have the same masks.
    for rig in dict.fromkeys(map(_rig, worlds)):
        with gathering(problems):
            masks[rig] = _masks(lab, *rig)
    # Sessions of a rig whose masks cannot run are skipped: their problems are already gathered.
    total: Counter[str] = Counter()
    for world in progress([world for world in worlds if _rig(world) in masks]):
        session = {name: world[name] for name in database.World.primary_key}
        failed: list[Problem] = []
        with gathering(failed):
            total.update(_recompute(lab, session, masks[_rig(world)]))
        problems += [replace(problem, where=f"session {named(session)}, {problem.where}") for problem in failed]
    # The problems are raised at the end: by then every session that can be recomputed is committed.
    if problems:
        raise Rejected(dict.fromkeys(problems))
    return dict(total)


def sessions_under(database: Database, key: Mapping[str, Any]) -> list[Row]:
    """Return the rows of `World` under a key; raise `Rejected` if there are none, or the key has a wrong name or type."""
    attributes = database.World().heading.attributes
    problems = []
    for name, value in key.items():
        if name not in attributes:  # DataJoint ignores unknown names, and would select every session
            near = nearest(str(name), attributes)
            remedy = f"Write {near}" if near else f"Name the sessions by {', '.join(attributes)}"
            problems.append(Problem("key_unknown", str(name), "it is not part of a session's key", remedy))
        elif not isinstance(value, str if attributes[name].string else int | np.integer):
            remedy = f"Give {'text' if attributes[name].string else 'a whole number'}"
            problems.append(Problem("key_value", name, f"{quoted(value)} is not a valid {name}", remedy))
    if problems:
        raise Rejected(problems)
    # An empty selection is an error: most often the key has a wrong number.
    worlds: list[Row] = (database.World & dict(key)).to_dicts(order_by="KEY")
    if not worlds:
        under = ", ".join(f"{name} {value}" for name, value in key.items())
        what = f"no session of {under} holds a recording" if under else "no session holds a recording"
        raise Rejected([Problem("session_empty", "", what, "See `antelop sessions` for those that do")])
    return worlds


def _rig(world: Row) -> tuple[str, int]:
    """Return the primary key of the rig with which a session was recorded."""
    return world["experimenter"], world["behaviourrig_id"]


def _masks(lab: Lab, experimenter: str, behaviourrig_id: int) -> list[tuple[Row, AnalysisFunction]]:
    """Return the masks of a rig with their functions; raise `Rejected` if this user may not write for the experimenter."""
    # The permission is checked before any mask runs, because masks may take hours and the INSERT would be refused.
    if refused := refusal(lab.database, experimenter, "experimenter"):
        raise Rejected(refused)
    rows = lab.database.MaskFunction & {"experimenter": experimenter, "behaviourrig_id": behaviourrig_id}
    return ready(lab, rows.to_dicts(order_by="mask_id"))


def _recompute(lab: Lab, session: Row, masks: Sequence[tuple[Row, AnalysisFunction]]) -> dict[str, int]:
    """Recompute the masks of one session in a transaction; return the number of trials of each."""
    database = lab.database
    with database.transaction():
        # New arrays are in the store before a row refers to them: garbage collection must not remove them until COMMIT.
        protect_from_gc(lab)
        # The row lock keeps another process from removing or recomputing the session meanwhile.
        world = database.World & session
        database.hold(world, to_change=True)
        if not world:  # another process removed the session meanwhile
            return {}
        trials = insert_masks(lab, session, masks)
        # The ledger states the number of trials, so it follows the new masks.
        for ledger in (database.Ingestion & session).proj().to_dicts():
            database.Ingestion.update1({**ledger, "trials": trials})
    return trials
