"""The masks of a session: computed when it is inserted, tried before they are stored, computed again when they have changed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from antelop.errors import Problem, Rejected
from antelop.lab import Lab
from antelop.masks import MaskResult, compute
from antelop.rows import Row

Progress = Callable[[Iterable[Row]], Iterable[Row]]
"""Passes on the sessions that it is given, one by one, and shows how far it has come."""


def insert_masks(lab: Lab, session: Mapping[str, Any], masks: Sequence[Row]) -> dict[str, int]:
    """Compute masks of a session and insert them, or update those that are there, within the transaction that is open.

    Parameters
    ----------
    lab
        The database, and the analysis folder whose functions run.
    session
        Its primary key.
    masks
        Rows of `MaskFunction`.

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
    for mask in masks:
        try:
            result, version = attempt(lab, mask["maskfunction_name"], session)
        except Rejected as rejected:
            problems += rejected.problems
            continue
        key = {**session, "behaviourrig_id": mask["behaviourrig_id"], "mask_id": mask["mask_id"]}
        row = {
            **key,
            "mask_name": mask["mask_name"],
            "data": result.data,
            "timestamps": result.timestamps,
            "function_sha256": version,
        }
        # In place, for other tables may refer to it.
        if lab.database.Mask & key:
            lab.database.Mask.update1(row)
        else:
            lab.database.Mask.insert1(row)
        trials[mask["mask_name"]] = len(result.data) // 2
    if problems:
        raise Rejected(problems)
    return trials


def attempt(lab: Lab, name: str, session: Mapping[str, Any]) -> tuple[MaskResult, str]:
    """Run one mask function of the analysis folder on a session, without storing anything.

    Returns
    -------
    tuple
        What it returned, and the hash of its version.

    Raises
    ------
    Rejected
        If there is no such function, or it fails, or returns what is no mask.
    """
    function = lab.analysis.function(name, lab.database.tables)
    seconds = lab.config.workers.mask_timeout
    return compute(function, dict(session), connection=lab.database.connection, seconds=seconds), function.sha256


def recompute_masks(lab: Lab, key: Mapping[str, Any], progress: Progress = iter) -> dict[str, int]:
    """Compute the masks of every session under a key again: missing ones are inserted, the others updated in place.

    Each session has a transaction of its own; one that fails keeps its masks, and the others go on.

    Parameters
    ----------
    lab
        The database and the analysis folder.
    key
        The primary key of a session, or of anything above it: an experiment, an experimenter, a rig.
    progress
        Shows how far it has come.

    Returns
    -------
    dict
        How many trials each mask has, over all sessions.

    Raises
    ------
    Rejected
        At the end, with the problems of every session that failed; or at once if there is no session under the key.
    """
    database = lab.database
    known = database.World().heading.names
    if unknown := [name for name in key if name not in known]:  # which DataJoint would overlook, and take every session
        remedy = f"Name the sessions by {', '.join(known)}"
        raise Rejected([Problem("key_unknown", name, f"{name} is no part of a session's key", remedy) for name in unknown])
    worlds = (database.World & dict(key)).to_dicts(order_by="KEY")
    if not worlds:
        remedy = "See `antelop sessions` for the sessions that hold a recording"
        raise Rejected([Problem("session_empty", "", f"no session under {dict(key)} holds a recording", remedy)])
    problems: list[Problem] = []
    total: dict[str, int] = {}
    for world in progress(worlds):
        session = {name: world[name] for name in database.World.primary_key}
        where = "/".join(str(value) for value in session.values())
        if not database.may_write_for(world["experimenter"]):
            remedy = f"Connect as {world['experimenter']}, or have an admin do it"
            what = f"user {database.user} may not write for {world['experimenter']}"
            problems.append(Problem("not_permitted", where, what, remedy))
            continue
        try:
            with database.transaction():
                rig = {"experimenter": world["experimenter"], "behaviourrig_id": world["behaviourrig_id"]}
                trials = insert_masks(lab, session, (database.MaskFunction & rig).to_dicts(order_by="mask_id"))
                ledger = (database.Ingestion & session).keys()
                if ledger:
                    database.Ingestion.update1({**ledger[0], "trials": trials})
        except Rejected as rejected:
            problems += [replace(problem, where=f"session {where}, {problem.where}") for problem in rejected.problems]
            continue
        for name, count in trials.items():
            total[name] = total.get(name, 0) + count
    if problems:
        raise Rejected(problems)
    return total
