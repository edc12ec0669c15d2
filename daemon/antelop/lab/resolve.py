"""Resolve a manifest: look up the rows that it names in the database, or report what is wrong with the names."""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from antelop.checks.facts import Facts
from antelop.database import Database
from antelop.database.row import Row
from antelop.errors import Problem, Rejected, Unavailable
from antelop.formats import rig as rigs
from antelop.formats.manifest import Manifest
from antelop.formats.rig import Rig
from antelop.lab.naming import instead
from antelop.wording import quoted

MOST_HELD = 1000
"""Largest number of session ids, held by other processes, that are skipped: a lab never has so many workers."""

LAST_SESSION_ID = 2**31 - 1
"""Largest value of the column ``session_id``."""


@dataclass(frozen=True)
class Policy:
    """What a drop folder, or a script, allows a delivery to do.

    Attributes
    ----------
    experimenters
        Experimenters for whom deliveries are accepted; None: all for whom the database user may write.
    create_sessions
        Whether a session that the manifest names, but that does not exist, is made.
    settled
        The videos that have settled: path relative to the drop folder, size in bytes, mtime in nanoseconds; None: videos need
        not settle.
    """

    experimenters: frozenset[str] | None = None
    create_sessions: bool = False
    settled: Collection[tuple[str, int, int]] | None = None


@dataclass(frozen=True)
class ResolvedManifest:
    """The rows that a manifest names.

    Attributes
    ----------
    experiment
        Primary key of the experiment.
    session
        The session's row; None if it does not exist.
    sessions
        If the session does not exist: the names of all sessions of the experiment, by id; else empty.
    animals
        The rows of the manifest's animals, in its order; None for an animal that is not in the experiment.
    known_animals
        The names of all animals of the experiment, by id.
    rig
        The rig's row.
    layout
        The rig that the row's JSON describes.
    masks
        The rows of the rig's mask functions.
    """

    experiment: Row
    session: Row | None
    sessions: Mapping[int, str]
    animals: tuple[Row | None, ...]
    known_animals: Mapping[int, str]
    rig: Row
    layout: Rig
    masks: tuple[Row, ...]

    def facts(self, manifest: Manifest, policy: Policy) -> Facts:
        """Return what the checks need to know of these rows."""
        is_made = policy.create_sessions and "session_name" in manifest.session
        return Facts(
            experiment=self.experiment,
            session=manifest.session,
            session_exists=self.session is not None or is_made,
            session_timestamp=self.session["session_timestamp"] if self.session else None,
            sessions=self.sessions,
            animals=manifest.animals,
            experiment_animals=self.known_animals,
        )


def resolve(database: Database, manifest: Manifest, policy: Policy) -> ResolvedManifest:
    """Look up the rows that a manifest names.

    Raises
    ------
    Rejected
        If the experimenter, experiment or rig does not exist or may not be used: then no further check is possible. A missing
        session or animal is reported by `checks` instead.
    """
    # Everything else belongs to the experimenter, so without one there is nothing more to look for.
    experimenter = str(manifest.session["experimenter"])
    owner = {"experimenter": experimenter}
    experiments, rigs_there = database.Experiment & owner, database.BehaviourRig & owner
    found = (experiments & _part("experiment", manifest.session)).to_dicts()
    if not found and not database.Experimenter & owner:
        known = {name: name for name in database.Experimenter.to_arrays("experimenter")}
        raise Rejected([_unknown("experimenter", "/session/experimenter", experimenter, known)])
    # Experiment and rig do not depend on each other: collect the problems of both, and report them at once.
    problems = _refusals(database, experimenter, policy)
    if not found:
        ((member, asked),) = _part("experiment", manifest.session).items()
        problems.append(_unknown("experiment", f"/session/{member}", asked, _ids(experiments, "experiment")))
    named = (rigs_there & _rig_part(manifest.rig)).to_dicts(limit=2)
    if len(named) != 1:
        problems.append(_rig_unclear(manifest.rig, experimenter, _ids(rigs_there, "behaviourrig")))
    if problems:
        raise Rejected(problems)
    # From here on a missing row is a finding of a check, so return None for it and the names that exist.
    (rig,) = named
    experiment = {**owner, "experiment_id": found[0]["experiment_id"]}
    animals = {row["animal_id"]: row for row in (database.Animal & experiment).to_dicts()}
    sessions = database.Session & experiment
    session = next(iter((sessions & _part("session", manifest.session)).to_dicts()), None)
    masks = database.MaskFunction & {**owner, "behaviourrig_id": rig["behaviourrig_id"]}
    return ResolvedManifest(
        experiment=experiment,
        session=session,
        sessions={} if session else {number: name for name, number in _ids(sessions, "session").items()},
        animals=tuple(_animal(animals, animal, experiment) for animal in manifest.animals),
        known_animals={number: row["animal_name"] for number, row in animals.items()},
        rig=rig,
        layout=_layout(json.dumps(rig["rig_json"])),
        masks=tuple(masks.to_dicts(order_by="mask_id")),
    )


def refusal(database: Database, experimenter: str, where: str) -> list[Problem]:
    """Return a problem if the database user may not write for an experimenter."""
    if database.may_write_for(experimenter):
        return []
    what = f"database user {quoted(database.user)} may not write for {quoted(experimenter)}"
    return [Problem("not_permitted", where, what, f"Connect as {experimenter}, or have an admin do it")]


@contextmanager
def free_session_id(database: Database, experiment: Row) -> Iterator[int]:
    """Reserve the next free session_id of an experiment until the end of the block.

    Processes that make sessions in one experiment at the same time get different ids, and none waits for the transaction of
    another. If a session is not made in the end, and a later one is, the reserved id stays unused.

    Raises
    ------
    Rejected
        If the largest id of the column is already used.
    Unavailable
        If the next `MOST_HELD` ids are reserved by other processes.
    """
    last = (database.Session & experiment).to_arrays("session_id", order_by="session_id DESC", limit=1)
    first = int(last[0]) + 1 if len(last) else 1
    if first > LAST_SESSION_ID:
        what = f"the experiment has a session with the last session_id that there is, {LAST_SESSION_ID}"
        raise Rejected([Problem("session_ids", "/session", what, "Make the session by `antelop add session`, with an id")])
    # A row of a transaction that is not committed is invisible here, so the advisory lock alone shows that an id is reserved.
    for number in range(first, min(first + MOST_HELD, LAST_SESSION_ID + 1)):
        session = {**experiment, "session_id": number}
        with database.lock(f"new session {'/'.join(map(str, session.values()))}") as held:
            # Look again under the lock: its last holder may have committed the session since `last` was read.
            if held and not database.Session & session:
                yield number
                return
    raise Unavailable(f"{MOST_HELD} sessions are being made in the experiment at the same time")


def new_session(resolved: ResolvedManifest, session_id: int, manifest: Manifest, began: datetime) -> Row:
    """Return the row of a session that is made together with its recording, which `began` at this local time of the lab."""
    return {
        **resolved.experiment,
        "session_id": session_id,
        "session_name": manifest.session["session_name"],
        "session_timestamp": began.replace(tzinfo=None),
        "session_notes": manifest.note,
    }


def _refusals(database: Database, experimenter: str, policy: Policy) -> list[Problem]:
    """Return a problem if the delivery may not be for this experimenter."""
    # A folder with a list of experimenters allows exactly these; without a list, the database user's own rights count.
    where = "/session/experimenter"
    if policy.experimenters is None or experimenter in policy.experimenters:
        return refusal(database, experimenter, where)
    remedy = f"Deliver here for {', '.join(sorted(policy.experimenters))}, or have the folder's `experimenters` changed"
    return [Problem("not_permitted", where, f"this folder accepts no deliveries for {quoted(experimenter)}", remedy)]


@lru_cache(100)
def _layout(rig_json: str) -> Rig:
    """Return the rig that a JSON text describes; cached, because its validation takes longer than the rows of a session."""
    return rigs.parse(json.loads(rig_json))


def _part(kind: str, key: Mapping[str, Any]) -> Row:
    """Return the part of a key that names one thing, by id or by name."""
    return {name: key[name] for name in (f"{kind}_id", f"{kind}_name") if name in key}


def _rig_part(rig: str | int | None) -> Row:
    """Return the restriction to the rig that a manifest names; no restriction if it names none."""
    if rig is None:
        return {}
    return {"behaviourrig_name": rig} if isinstance(rig, str) else {"behaviourrig_id": rig}


def _rig_unclear(asked: str | int | None, experimenter: str, known: Mapping[str, object]) -> Problem:
    """Return a problem that says why the manifest does not lead to exactly one rig."""
    if asked is not None:
        return _unknown("rig", "/rig", asked, known)
    if known:
        what = f"{experimenter} has several rigs, and none is named"
        return Problem("rig_ambiguous", "/rig", what, instead("rig", "", known))
    return Problem("rig_unknown", "/rig", f"{experimenter} has no rig", "Upload one first")


def _animal(animals: Mapping[int, Row], asked: Mapping[str, Any], experiment: Row) -> Row | None:
    """Return the row of the animal that a manifest asks for; None if it is not in the experiment."""
    # A manifest may give the animal's full key; it can then belong to another experiment.
    if any(asked.get(name, value) != value for name, value in experiment.items()):
        return None
    if "animal_id" in asked:
        return animals.get(asked["animal_id"])
    return next((row for row in animals.values() if row["animal_name"] == asked["animal_name"]), None)


def _ids(table: Any, kind: str) -> dict[str, int]:  # noqa: ANN401  # a DataJoint expression
    """Return a dictionary from names to ids."""
    return {row[f"{kind}_name"]: row[f"{kind}_id"] for row in table.proj(f"{kind}_name").to_dicts(order_by=f"{kind}_id")}


def _unknown(noun: str, where: str, asked: object, known: Mapping[str, object]) -> Problem:
    """Return a problem that says that a row does not exist, with the nearest match or some that exist."""
    what = f"{noun} {quoted(asked)} is not in the database"
    return Problem(f"{noun}_unknown", where, what, instead(noun, str(asked), known))
