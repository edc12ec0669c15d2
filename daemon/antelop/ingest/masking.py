"""The masks of a session: computed when it is inserted, tried before they are stored, computed again when they have changed."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from antelop.analysis.functions import AnalysisFunction
from antelop.analysis.masks import MaskResult
from antelop.analysis.turn import Limits, Turn
from antelop.database import Database
from antelop.database.row import Row
from antelop.errors import Problem, Rejected, gathering
from antelop.lab import Lab
from antelop.lab.resolve import refusal
from antelop.lab.store_lock import protect_from_gc
from antelop.queue.ledger import named
from antelop.wording import nearest, quoted

Progress = Callable[[Sequence[Row]], Iterable[Row]]
"""Passes on the sessions that it is given, one by one, and shows how far it has come."""


def ready(lab: Lab, masks: Iterable[Row]) -> list[tuple[Row, AnalysisFunction]]:
    """Return each mask (a row of `MaskFunction`) with the function of the analysis folder that computes it.

    Raises
    ------
    Rejected
        With the problems of every mask that has none.
    """
    problems: list[Problem] = []
    found = []
    for mask in masks:
        with gathering(problems):
            found.append((mask, lab.analysis.function(mask["maskfunction_name"], lab.database.tables)))
    if problems:
        raise Rejected(dict.fromkeys(problems))
    return found


def insert_masks(lab: Lab, session: Mapping[str, Any], masks: Sequence[tuple[Row, AnalysisFunction]]) -> dict[str, int]:
    """Compute masks of a session and insert them, or update those that are there, within the transaction that is open.

    Parameters
    ----------
    lab
        Where the session is.
    session
        Its primary key.
    masks
        From `ready`.

    Returns
    -------
    dict
        How many trials each mask has.

    Raises
    ------
    Rejected
        With the problems of every mask.
    """
    problems: list[Problem] = []
    trials = {}
    stored = set((lab.database.Mask & session).to_arrays("mask_id"))
    with _turn(lab, [function for _, function in masks], session) as turn:
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
                    lab.database.Mask.update1(row)  # in place, for other tables may refer to it
                else:
                    lab.database.Mask.insert1(row)
                trials[mask["mask_name"]] = len(result.data) // 2
    if problems:
        raise Rejected(problems)
    return trials


def attempt(lab: Lab, name: str, session: Mapping[str, Any]) -> MaskResult:
    """Run one mask function of the analysis folder on a session, without storing anything.

    Raises
    ------
    Rejected
        If the session holds no recording, or there is no such function, or it fails, or returns what is no mask.
    """
    _under(lab.database, session)
    function = lab.analysis.function(name, lab.database.tables)
    with _turn(lab, [function], session) as turn:
        return turn.compute(function)


def recompute_masks(lab: Lab, key: Mapping[str, Any], progress: Progress = iter) -> dict[str, int]:
    """Compute the masks of every session under a key again; see `antelop.scripting.Scripting.recompute_masks`.

    Each session has a transaction of its own, so one that fails keeps its masks, and the others go on. `progress` shows how far
    it has come.
    """
    database = lab.database
    worlds = _under(database, key)
    problems: list[Problem] = []
    masks = {}
    for rig in dict.fromkeys(map(_rig, worlds)):
        with gathering(problems):
            masks[rig] = _masks(lab, *rig)
    total: Counter[str] = Counter()
    for world in progress([world for world in worlds if _rig(world) in masks]):
        session = {name: world[name] for name in database.World.primary_key}
        failed: list[Problem] = []
        with gathering(failed):
            total.update(_recompute(lab, session, masks[_rig(world)]))
        problems += [replace(problem, where=f"session {named(session)}, {problem.where}") for problem in failed]
    if problems:
        raise Rejected(dict.fromkeys(problems))
    return dict(total)


def _under(database: Database, key: Mapping[str, Any]) -> list[Row]:
    """Return the rows of `World` under a key; raise `Rejected` if there are none, or it is no key of theirs."""
    attributes = database.World().heading.attributes
    problems = []
    for name, value in key.items():
        if name not in attributes:  # DataJoint would overlook it, and take every session
            near = nearest(str(name), attributes)
            remedy = f"Write {near}" if near else f"Name the sessions by {', '.join(attributes)}"
            problems.append(Problem("key_unknown", str(name), "it is no part of a session's key", remedy))
        elif not isinstance(value, str if attributes[name].string else int | np.integer):
            remedy = f"Give {'text' if attributes[name].string else 'a whole number'}"
            problems.append(Problem("key_value", name, f"{quoted(value)} is no {name}", remedy))
    if problems:
        raise Rejected(problems)
    worlds: list[Row] = (database.World & dict(key)).to_dicts(order_by="KEY")
    if not worlds:
        under = ", ".join(f"{name} {value}" for name, value in key.items()) or "anybody"
        what = f"no session of {under} holds a recording"
        raise Rejected([Problem("session_empty", "", what, "See `antelop sessions` for those that do")])
    return worlds


def _rig(world: Row) -> tuple[str, int]:
    """Return the primary key of the rig in which a session was recorded."""
    return world["experimenter"], world["behaviourrig_id"]


def _masks(lab: Lab, experimenter: str, behaviourrig_id: int) -> list[tuple[Row, AnalysisFunction]]:
    """Return the masks of a rig, `ready`; raise `Rejected` if this user may not write for its experimenter."""
    if refused := refusal(lab.database, experimenter, "experimenter"):
        raise Rejected(refused)
    rows = lab.database.MaskFunction & {"experimenter": experimenter, "behaviourrig_id": behaviourrig_id}
    return ready(lab, rows.to_dicts(order_by="mask_id"))


def _recompute(lab: Lab, session: Row, masks: Sequence[tuple[Row, AnalysisFunction]]) -> dict[str, int]:
    """Compute the masks of one session again, in a transaction; return how many trials each has."""
    database = lab.database
    with database.transaction():
        protect_from_gc(lab)
        world = database.World & session
        database.hold(world, to_change=True)
        if not world:  # it was removed meanwhile
            return {}
        trials = insert_masks(lab, session, masks)
        for ledger in (database.Ingestion & session).proj().to_dicts():
            database.Ingestion.update1({**ledger, "trials": trials})
    return trials


def _turn(lab: Lab, functions: Sequence[AnalysisFunction], session: Mapping[str, Any]) -> Turn:
    """Return the turn of a session, in which these functions may be run."""
    workers = lab.config.workers
    limits = Limits(workers.mask_timeout, workers.memory)
    return Turn(functions, session, connection=lab.database.connection, limits=limits)
