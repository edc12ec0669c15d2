"""What a manifest names, as the database knows it: the rows that are meant, or what is wrong with the names."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from antelop.document import nearest, quoted
from antelop.errors import Problem, Rejected
from antelop.manifest import Manifest
from antelop.rows import Row
from antelop.tables.connection import Database


@dataclass(frozen=True)
class Policy:
    """What whoever delivers may do.

    Attributes
    ----------
    experimenters
        For whom they may deliver; None: for whom the database user may write.
    create_sessions
        Whether a session that is named but is not there is made.
    settled
        The videos that have settled, by path relative to the drop folder, size and mtime in nanoseconds; None: it does not matter.
    """

    experimenters: frozenset[str] | None = None
    create_sessions: bool = False
    settled: Collection[tuple[str, int, int]] | None = None


@dataclass(frozen=True)
class Meant:
    """The rows that a manifest means.

    Attributes
    ----------
    experiment
        Primary key of the experiment.
    session
        The session's row; None if there is none.
    sessions
        The name of that session by its id; if there is none, those of all sessions of the experiment.
    animals
        The rows of the manifest's animals, in its order; None for one that is not in the experiment.
    known_animals
        The names of all animals of the experiment, by id.
    rig
        The rig's row.
    masks
        The rows of the rig's mask functions.
    """

    experiment: Row
    session: Row | None
    sessions: Mapping[int, str]
    animals: tuple[Row | None, ...]
    known_animals: Mapping[int, str]
    rig: Row
    masks: tuple[Row, ...]


def resolve(database: Database, manifest: Manifest, policy: Policy) -> Meant:
    """Look up what a manifest names.

    Raises
    ------
    Rejected
        If experimenter, experiment or rig are not there or may not be used, for then nothing further can be checked. That a
        session or an animal is not there is for `checks` to say.
    """
    owner = {"experimenter": str(manifest.session["experimenter"])}
    if not database.Experimenter & owner:
        names = {name: name for name in database.Experimenter.to_arrays("experimenter")}
        raise Rejected([_unknown("experimenter", "/session/experimenter", owner["experimenter"], names)])
    problems = _not_permitted(database, owner["experimenter"], policy)
    experiments = database.Experiment & owner
    experiment = (experiments & _named("experiment", manifest.session)).to_dicts()
    if not experiment:
        member, asked = next(iter(_named("experiment", manifest.session).items()))
        problems.append(_unknown("experiment", f"/session/{member}", asked, _names(experiments, "experiment")))
    rigs = database.BehaviourRig & owner
    found = (rigs & _rig_named(manifest.rig)).to_dicts(limit=2)
    if not found:
        problems.append(_unknown("behaviourrig", "/rig", manifest.rig, _names(rigs, "behaviourrig")))
    elif len(found) > 1:
        listed = ", ".join(sorted(_names(rigs, "behaviourrig").values()))
        what = f"{owner['experimenter']} has several rigs and none is named"
        problems.append(Problem("rig_ambiguous", "/rig", what, f"Name one of them: {listed}"))
    if problems:
        raise Rejected(problems)
    key = {**owner, "experiment_id": experiment[0]["experiment_id"]}
    rig_key = {**owner, "behaviourrig_id": found[0]["behaviourrig_id"]}
    animals = {row["animal_id"]: row for row in (database.Animal & key).to_dicts()}
    sessions = database.Session & key
    session = next(iter((sessions & _named("session", manifest.session)).to_dicts()), None)
    return Meant(
        experiment=key,
        session=session,
        sessions={session["session_id"]: session["session_name"]} if session else _names(sessions, "session"),
        animals=tuple(_animal(animals, animal, key) for animal in manifest.animals),
        known_animals={animal_id: row["animal_name"] for animal_id, row in animals.items()},
        rig=found[0],
        masks=tuple((database.MaskFunction & rig_key).to_dicts(order_by="mask_id")),
    )


def _not_permitted(database: Database, experimenter: str, policy: Policy) -> list[Problem]:
    """Say why whoever delivers may not do so for an experimenter."""
    where = "/session/experimenter"
    if policy.experimenters is None:
        if database.may_write_for(experimenter):
            return []
        remedy = f"Connect as {experimenter}, or have an admin do it"
        return [
            Problem("not_permitted", where, f"database user {quoted(database.user)} may not write for {experimenter}", remedy)
        ]
    if experimenter in policy.experimenters:
        return []
    remedy = f"Deliver here for {', '.join(sorted(policy.experimenters))}, or have the folder's `experimenters` changed"
    return [Problem("not_permitted", where, f"{experimenter} may not deliver in this folder", remedy)]


def _named(kind: str, key: Mapping[str, Any]) -> Row:
    """Return the part of a key that names one thing, by id or by name."""
    return {name: key[name] for name in (f"{kind}_id", f"{kind}_name") if name in key}


def _rig_named(rig: str | int | None) -> Row:
    """Return the restriction to the rig that a manifest names; no restriction if it names none."""
    if rig is None:
        return {}
    return {"behaviourrig_name": rig} if isinstance(rig, str) else {"behaviourrig_id": rig}


def _animal(animals: Mapping[int, Row], asked: Mapping[str, Any], key: Row) -> Row | None:
    """Return the animal of the experiment that is asked for, None if it is not one of them."""
    if any(asked.get(name, value) != value for name, value in key.items()):
        return None
    if "animal_id" in asked:
        return animals.get(asked["animal_id"])
    return next((row for row in animals.values() if row["animal_name"] == asked["animal_name"]), None)


def _names(table: Any, kind: str) -> dict[int, str]:  # noqa: ANN401  # a DataJoint expression
    """Return names by id."""
    return {row[f"{kind}_id"]: row[f"{kind}_name"] for row in table.proj(f"{kind}_name").to_dicts()}


def _unknown(kind: str, where: str, asked: object, known: Mapping[Any, str]) -> Problem:
    """Say that there is no such thing, and what there is."""
    noun = "rig" if kind == "behaviourrig" else kind
    near = nearest(asked, known.values()) if isinstance(asked, str) else None
    some = ", ".join(name if name == key else f"{key} ({name})" for key, name in list(known.items())[:10])
    remedy = f"Did you mean {quoted(near)}?" if near else f"There are {some}" if known else "There is none yet: add one first"
    what = f"no {noun} was ever uploaded" if asked is None else f"{noun} {quoted(asked)} is not in the database"
    return Problem(f"{noun}_unknown", where, what, remedy)
