"""Rigs go in: the rig's JSON, its features and its mask functions, together or not at all."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from antelop import rig as rigs
from antelop.document import load
from antelop.errors import Problem, Rejected
from antelop.lab import Lab
from antelop.masks import mask_problems

Row = dict[str, Any]


def upload_rig_json(
    lab: Lab, experimenter: str, rig_name: str, rig_json: str | Path | Mapping[str, Any], masklist: Sequence[Mapping[str, str]]
) -> Row:
    """Validate a rig and store it with its features and mask functions.

    The same rig again changes nothing; with another `masklist` its masks are added to and updated. Another rig of the same name
    takes its place as long as no session uses it.

    Parameters
    ----------
    lab
        The database and the analysis folder.
    experimenter
        Whose rig it is.
    rig_name
        Unique among the experimenter's rigs.
    rig_json
        Path to the rig's JSON file, or what it holds.
    masklist
        Masks: ``name``, ``description`` and ``function`` (``script.function`` in the analysis folder).

    Returns
    -------
    dict
        The rig's primary key: ``experimenter`` and ``behaviourrig_id``.

    Raises
    ------
    Rejected
        With every problem of the rig and of the masks; nothing is stored then.
    Unavailable
        If the database is away.
    """
    problems: list[Problem] = []
    document: Mapping[str, Any] = {}
    try:
        document = rig_json if isinstance(rig_json, Mapping) else load(_text(Path(rig_json)))
        rigs.parse(document)
    except Rejected as rejected:
        problems += rejected.problems
    if not rig_name or len(rig_name) > rigs.NAME_LENGTH:
        remedy = f"give it a name of 1 to {rigs.NAME_LENGTH} characters"
        problems.append(Problem("rig_name", "rig_name", f"{rig_name!r} is no name for a rig", remedy))
    functions = _mask_functions(lab, masklist, problems)
    problems += _permission(lab, experimenter)
    if problems:
        raise Rejected(problems)
    database = lab.database
    with database.lock(f"rigs of {experimenter}", wait=True), database.transaction():
        return _store(lab, experimenter, rig_name, document, functions)


def attach(lab: Lab, key: Mapping[str, Any], path: Path) -> None:
    """Attach a file to the feature of a rig that `key` names (``experimenter`` and names or ids of rig and feature).

    Raises
    ------
    Rejected
        If there is no such feature or file, or the feature is another experimenter's.
    """
    features = (lab.database.Feature * lab.database.BehaviourRig.proj("behaviourrig_name")) & dict(key)
    found = features.keys()
    problems = _permission(lab, str(key["experimenter"]))
    if len(found) != 1:
        names = ", ".join(sorted((features.proj("feature_name")).to_arrays("feature_name"))) or "none"
        problems.append(
            Problem("feature", "", f"{dict(key)} names {len(found)} features ({names}), not one", "name one by rig and feature")
        )
    if not path.is_file():
        problems.append(Problem("file", str(path), "there is no such file", "give the path of the file to attach"))
    if problems:
        raise Rejected(problems)
    kept = lab.store.keep(path)
    with lab.database.transaction():
        lab.database.Feature.update1({**found[0], "feature_data": kept})


def _text(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Rejected(
            [Problem("rig_file", str(path), f"the rig cannot be read: {error.strerror}", "give the path of its JSON file")]
        ) from error


def _permission(lab: Lab, experimenter: str) -> list[Problem]:
    """Say whether the experimenter exists and this user may write for them."""
    names = list((lab.database.Experimenter).to_arrays("experimenter"))
    if experimenter not in names:
        known = ", ".join(sorted(names)) or "there are none yet"
        remedy = f"add them with `antelop add experimenter {experimenter}`, or name one of these: {known}"
        return [Problem("experimenter", "experimenter", f"experimenter {experimenter!r} is not in the database", remedy)]
    if not lab.database.may_write_for(experimenter):
        remedy = f"connect as {experimenter}, or have an admin do it"
        return [Problem("permission", "experimenter", f"user {lab.database.user} may not write for {experimenter}", remedy)]
    return []


def _mask_functions(lab: Lab, masklist: Sequence[Mapping[str, str]], problems: list[Problem]) -> list[Row]:
    """Return a row for each mask, without its keys; add what is wrong with them to `problems`."""
    rows: list[Row] = []
    for index, mask in enumerate(masklist):
        where = f"masklist/{index}"
        wrong = {"name", "description", "function"} ^ set(mask)
        if wrong:
            problems.append(
                Problem(
                    "mask_members",
                    where,
                    f"members missing or unknown: {', '.join(sorted(wrong))}",
                    "give name, description and function",
                )
            )
            continue
        if any(row["mask_name"] == mask["name"] for row in rows):
            problems.append(
                Problem("mask_name", f"{where}/name", f"{mask['name']!r} is there twice", "give each mask a name of its own")
            )
        try:
            function = lab.analysis.function(mask["function"], lab.database.tables)
        except Rejected as rejected:
            problems += rejected.problems
            continue
        problems += mask_problems(function)
        rows.append(
            {
                "mask_name": mask["name"],
                "maskfunction_name": mask["function"],
                "maskfunction_description": mask["description"],
                "mask_function": function.source,
                "function_sha256": function.sha256,
            }
        )
    return rows


def _store(lab: Lab, experimenter: str, rig_name: str, document: Mapping[str, Any], functions: Sequence[Row]) -> Row:
    """Insert what is new and update what differs, within a transaction."""
    database = lab.database
    named = database.BehaviourRig & {"experimenter": experimenter, "behaviourrig_name": rig_name}
    if named:
        key = named.keys()[0]
        stored = named.fetch1("rig_json")
        if stored != document:
            if database.World & key:
                raise Rejected([_in_use(database, key, rig_name, rigs.differences(stored, document))])
            (database.MaskFunction & key).delete_quick()
            (database.Feature & key).delete_quick()
            database.BehaviourRig.update1({**key, "rig_json": document})
    else:
        ids = (database.BehaviourRig & {"experimenter": experimenter}).to_arrays("behaviourrig_id")
        key = {"experimenter": experimenter, "behaviourrig_id": int(max(ids, default=0)) + 1}
        database.BehaviourRig.insert1({**key, "behaviourrig_name": rig_name, "rig_json": document})
    if not database.Feature & key:
        database.Feature.insert(
            {
                **key,
                "feature_id": feature_id,
                "feature_name": feature.name,
                "source_type": feature.source_type,
                "data_type": feature.data_type,
                "feature_description": feature.description,
            }
            for feature_id, feature in enumerate(rigs.parse(document).features, 1)
        )
    masks = {row["mask_name"]: row for row in (database.MaskFunction & key).to_dicts()}
    last = max((row["mask_id"] for row in masks.values()), default=0)
    for function in functions:
        known = masks.get(function["mask_name"])
        if known is None:
            last += 1
            database.MaskFunction.insert1({**key, "mask_id": last, **function})
        elif any(known[name] != value for name, value in function.items()):
            database.MaskFunction.update1({**key, "mask_id": known["mask_id"], **function})
    return dict(key)


def _in_use(database: Any, key: Row, rig_name: str, differences: Sequence[str]) -> Problem:  # noqa: ANN401
    """Say that a rig cannot be replaced, and what would change."""
    used = len(database.World & key)
    listed = "; ".join(differences)
    remedy = "upload the changed rig under another name, or remove the sessions that use this one"
    return Problem("rig_in_use", "rig_json", f"rig {rig_name!r} is another one and {used} sessions use it: {listed}", remedy)
