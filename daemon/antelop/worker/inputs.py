"""The inputs of a rejection: everything besides the file that decides it, so that a change of one is a reason to retry."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from antelop import __version__
from antelop.database import Database
from antelop.errors import Misconfigured, Problem, Rejected
from antelop.formats.manifest import parse
from antelop.lab import Lab
from antelop.lab.resolve import Policy, ResolvedManifest, resolve

TAKEN = ("session_taken", "recording_taken")
"""Checks that find a recording already stored; their ``where`` is the session that holds it."""

Inputs = tuple[object, ...]
"""The inputs of an attempt. They are hashed only if the attempt ends in a rejection."""


def inputs(lab: Lab, manifest: object, policy: Policy) -> Inputs:
    """Return the rows that a manifest names, the mask functions, the check settings and the version of this software.

    Call it before the delivery is checked: then a change during the check makes another hash.

    Parameters
    ----------
    lab
        The lab that the delivery is for.
    manifest
        The manifest as the ledger stores it.
    policy
        What the drop folder allows a delivery to do.
    """
    config = lab.config
    settings = (
        *(__version__, dict(config.checks), config.workers.mask_timeout, dict(config.videos.map)),
        policy.create_sessions,
    )
    try:
        meant = resolve(lab.database, parse(manifest), policy)
    except Rejected as rejected:
        return *settings, rejected.problems
    # Other sessions only serve to suggest a similar name. Where each recording creates a session, they change all the time.
    meant = replace(meant, sessions={})
    return *settings, meant, [_version(lab, mask["maskfunction_name"]) for mask in meant.masks]


def inputs_hash(found: Inputs, sessions: Iterable[str]) -> str:
    """Return a hash of the `inputs` of a rejection and of its `blocking_sessions`."""
    facts = [found, sorted(sessions)]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=_plain).encode()).hexdigest()


def blocking_sessions(problems: Iterable[Problem]) -> list[str]:
    """Return the sessions that, according to these problems, already hold a recording."""
    return [problem.where for problem in problems if problem.check in TAKEN]


def still_blocking(database: Database, sessions: Iterable[str]) -> list[str]:
    """Return those of these sessions that hold a recording now."""
    return [session for session in sessions if database.World & named_key(session)]


def named_key(name: str) -> dict[str, str | int]:
    """Return the primary key of a session from its name: the inverse of `ledger.named`."""
    experimenter, experiment, session = name.rsplit("/", 2)
    return {"experimenter": experimenter, "experiment_id": int(experiment), "session_id": int(session)}


def outdated(lab: Lab) -> list[str]:
    """Return the mask functions whose version in the database differs from the one in the analysis folders."""
    known = set(zip(*lab.database.MaskFunction.to_arrays("maskfunction_name", "function_sha256"), strict=True))
    return sorted({name for name, sha256 in known if _version(lab, name) != sha256})


def _plain(fact: Any) -> object:  # noqa: ANN401  # any value that JSON has no type for
    return asdict(fact) if isinstance(fact, ResolvedManifest | Problem) else str(fact)


def _version(lab: Lab, function: str) -> str:
    """Return the checksum of a mask function, or the reason why it cannot be loaded."""
    try:
        return lab.analysis.function(function, lab.database.tables).sha256
    except Misconfigured:
        raise
    except Rejected as rejected:
        return str(rejected)
