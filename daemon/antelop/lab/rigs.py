"""Rigs go in: the rig's JSON, its features and its mask functions, together or not at all."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import datajoint as dj
import numpy as np

from antelop.analysis.masks import mask_problems
from antelop.database import Database
from antelop.database.row import Row
from antelop.errors import Problem, Rejected, gathering
from antelop.files import RegularFile
from antelop.formats import rig as rigs
from antelop.formats.difference import differences
from antelop.formats.document import load
from antelop.formats.schema import Schema
from antelop.lab.lab import Lab
from antelop.lab.naming import find
from antelop.lab.resolve import refusal
from antelop.lab.store_lock import protect_from_gc
from antelop.wording import counted, quoted

_MASKLIST = Schema("masklist.schema.json", "masklist_format")

_NO_NAME = re.compile(r"\A\Z|[\\\x00-\x1f\x7f\ud800-\udfff]")
"""Matches an empty name, and forbidden characters: on PostgreSQL, DataJoint does not find a name with a backslash."""


def upload_rig_json(
    lab: Lab, experimenter: str, rig_name: str, rig_json: str | Path | Mapping[str, Any], masklist: Sequence[Mapping[str, str]]
) -> Row:
    """Validate a rig and store it with its features and mask functions; see `antelop.scripting.Scripting.upload_rig_json`."""
    # Everything is checked before anything is stored, and all problems are reported at once.
    problems: list[Problem] = []
    with gathering(problems):
        find(lab.database, "Experimenter", {}, experimenter)
        problems += refusal(lab.database, experimenter, "experimenter")
    if not isinstance(rig_name, str) or len(rig_name) > rigs.NAME_LENGTH or _NO_NAME.search(rig_name):
        remedy = f"Give it a name of 1 to {rigs.NAME_LENGTH} characters, without control characters and backslashes"
        problems.append(Problem("rig_name", "rig_name", f"{quoted(rig_name)} is no name for a rig", remedy))
    with gathering(problems):
        document = _read(rig_json)
        rig = rigs.parse(document)
    with gathering(problems):
        masks = _mask_rows(lab, masklist)
    if problems:
        raise Rejected(problems)
    # The lock makes the next id unique: two uploads at a time would find the same highest one.
    with lab.database.lock(f"rigs of {experimenter}", wait=True), lab.database.transaction():
        key = _store(lab.database, experimenter, rig_name, document, rig)
        _store_masks(lab.database, key, masks)
    return key


def attach(lab: Lab, key: Mapping[str, Any], path: Path) -> None:
    """Attach a file to a feature of a rig, in the place of the one that it has.

    Parameters
    ----------
    lab
        The database and the store.
    key
        The feature's primary key.
    path
        The file.

    Raises
    ------
    Rejected
        If there is no such feature or file, or the feature is another experimenter's.
    """
    problems = refusal(lab.database, key["experimenter"], "experimenter")
    if not lab.database.Feature & key:
        what = f"there is no feature of {', '.join(f'{name} {value}' for name, value in key.items())}"
        problems.append(Problem("feature_unknown", "feature", what, "Name one of a rig: see `antelop rig show`"))
    if not path.is_file():
        problems.append(Problem("file_missing", str(path), "there is no such file", "Give the path of the file to attach"))
    if problems:
        raise Rejected(problems)
    with lab.database.transaction():
        protect_from_gc(lab)
        lab.database.Feature.update1({**key, "feature_data": lab.store.keep(path)})


def _read(rig_json: str | Path | Mapping[str, Any]) -> Row:
    """Return a rig's document."""
    if isinstance(rig_json, Mapping):
        return _as_read(rig_json)
    try:
        with RegularFile.at(Path(rig_json)) as file:
            return rigs.read(file.start(rigs.LONGEST + 1))
    except OSError as error:
        what = f"the rig cannot be read: {error.strerror}"
        raise Rejected([Problem("rig_unreadable", str(rig_json), what, "Give the path of its JSON file")]) from error


def _as_read(value: Mapping[str, Any]) -> Row:
    """Return what a script gives as if it had been read from a JSON file, and as strictly."""
    try:
        return load(json.dumps(value, default=_plain).encode())
    except TypeError as error:
        raise Rejected([Problem("json", "", f"this is not JSON: {error}", "Write it as in a JSON file")]) from None


def _plain(value: object) -> object:
    """Return as JSON has it what is as good: numbers of NumPy, and mappings that are no dict."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{value!r} is no text, number, list or object")


def _mask_rows(lab: Lab, masklist: Sequence[Mapping[str, str]]) -> list[Row]:
    """Return a row for each mask, but for its key; raise `Rejected` with everything that is wrong with them."""
    masks = _as_read({"masklist": masklist})["masklist"]
    problems = [replace(problem, where=f"/masklist{problem.where}") for problem in _MASKLIST.problems(masks)]
    if problems:
        raise Rejected(problems)
    rows: dict[str, Row] = {}
    for index, mask in enumerate(masks):
        if mask["name"] in rows:
            what = f"{quoted(mask['name'])} is the name of two masks"
            problems.append(Problem("mask_repeated", f"/masklist/{index}/name", what, "Give each mask a name of its own"))
        with gathering(problems):
            # The source is stored with its hash, so that it can be told later which version made the trials of a session.
            function = lab.analysis.function(mask["function"], lab.database.tables)
            problems += mask_problems(function)
            rows[mask["name"]] = {
                "mask_name": mask["name"],
                "maskfunction_name": mask["function"],
                "maskfunction_description": mask["description"],
                "mask_function": function.source,
                "function_sha256": function.sha256,
            }
    if problems:
        raise Rejected(problems)
    return list(rows.values())


def _store(database: Database, experimenter: str, rig_name: str, document: Row, rig: rigs.Rig) -> Row:
    """Insert a rig with its features, or put it in the place of the one of its name; return its primary key."""
    others = database.BehaviourRig & {"experimenter": experimenter}
    named = others & {"behaviourrig_name": rig_name}
    database.hold(named.proj(), to_change=True)  # no session comes to use it meanwhile
    found = named.to_dicts()
    if not found:
        key = {
            "experimenter": experimenter,
            "behaviourrig_id": max(others.to_arrays("behaviourrig_id").tolist(), default=0) + 1,
        }
        database.BehaviourRig.insert1({**key, "behaviourrig_name": rig_name, "rig_json": document})
        _insert_features(database, key, rig, {})
        return key
    stored = found[0]
    key = {name: stored[name] for name in database.BehaviourRig.primary_key}
    # Features are numbered by their place in the JSON, so a changed rig gets all of its rows anew.
    if stored["rig_json"] != document:
        attached = _clear(database, key, differences(stored["rig_json"], document))
        database.BehaviourRig.update1({**key, "rig_json": document})
        _insert_features(database, key, rig, attached)
    return key


def _clear(database: Database, key: Row, differences: Sequence[str]) -> dict[str, Path]:
    """Delete the features and masks of a rig that is to be replaced; return the files attached to features, by their names."""
    used, remedy = "the rig of this name is used by", "Upload it under another name, or remove the sessions that use that one"
    what = f", and differs: {'; '.join(differences)}"
    if sessions := len(database.World & key):
        raise Rejected([Problem("rig_in_use", "rig_json", f"{used} {counted(sessions, 'session')}{what}", remedy)])
    features = database.Feature & key
    attached = dict(zip(*features.to_arrays("feature_name", "feature_data"), strict=True))
    try:
        (database.MaskFunction & key).delete_quick()
        features.delete_quick()
    except dj.errors.IntegrityError as error:  # for other packages may have tables that refer to ours
        raise Rejected([Problem("rig_in_use", "rig_json", f"{used} tables of another package{what}", remedy)]) from error
    return attached


def _insert_features(database: Database, key: Row, rig: rigs.Rig, attached: Mapping[str, Path]) -> None:
    """Insert the features of a rig, with the files that are attached to them."""
    database.Feature.insert(
        {
            **key,
            "feature_id": feature_id,
            "feature_name": feature.name,
            "source_type": feature.source_type,
            "data_type": feature.data_type,
            "feature_description": feature.description,
            "feature_data": attached.get(feature.name),
        }
        for feature_id, feature in enumerate(rig.features, 1)
    )


def _store_masks(database: Database, key: Row, masks: Sequence[Row]) -> None:
    """Insert the masks of a rig that are new, and update those that have changed."""
    stored = {mask["mask_name"]: mask for mask in (database.MaskFunction & key).to_dicts()}
    last = max((mask["mask_id"] for mask in stored.values()), default=0)
    for mask in masks:
        known = stored.get(mask["mask_name"])
        if known is None:
            last += 1
            database.MaskFunction.insert1({**key, "mask_id": last, **mask})
        elif known | mask != known:
            database.MaskFunction.update1({**key, "mask_id": known["mask_id"], **mask})
