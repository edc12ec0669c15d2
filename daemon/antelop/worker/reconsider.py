"""When a rejected delivery is retried: when what decided its outcome, besides its file, has changed."""

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
"""Checks that found a recording in the way; they say in ``where`` which session holds it."""


Basis = tuple[object, ...]
"""What an outcome rests on: facts, of which only a rejection needs the hash."""


def basis(lab: Lab, manifest: object, policy: Policy) -> Basis:
    """Return the rows that a manifest means, the mask functions, the check settings and this software's version.

    Parameters
    ----------
    lab
        Where the delivery goes.
    manifest
        As the ledger has it.
    policy
        What whoever delivered it may do.
    """
    settings = (__version__, dict(lab.config.checks), lab.config.workers.mask_timeout, policy.create_sessions)
    try:
        meant = resolve(lab.database, parse(manifest), policy)
    except Rejected as rejected:
        return *settings, rejected.problems
    # That other sessions have come only changes what is proposed, and where every recording makes one, they always come.
    meant = replace(meant, sessions={})
    return *settings, meant, [_version(lab, mask["maskfunction_name"]) for mask in meant.masks]


def decided_by(based_on: Basis, sessions: Iterable[str]) -> str:
    """Return a hash over what decided a rejection: its `basis`, and the sessions that were in its way.

    The basis is taken before a delivery is looked at: whatever changes from then on makes another hash.
    """
    facts = [based_on, sorted(sessions)]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=_plain).encode()).hexdigest()


def in_the_way(problems: Iterable[Problem]) -> list[str]:
    """Return the sessions that, by these problems, hold a recording that is in the way."""
    return [problem.where for problem in problems if problem.check in TAKEN]


def holding(database: Database, sessions: Iterable[str]) -> list[str]:
    """Return those of these sessions that hold a recording."""
    return [session for session in sessions if database.World & named_key(session)]


def named_key(name: str) -> dict[str, str | int]:
    """Return the key that a session's name stands for: the inverse of `ledger.named`."""
    experimenter, experiment, session = name.rsplit("/", 2)
    return {"experimenter": experimenter, "experiment_id": int(experiment), "session_id": int(session)}


def outdated(lab: Lab) -> list[str]:
    """Return the mask functions of which the database knows another version than the analysis folder holds."""
    known = set(zip(*lab.database.MaskFunction.to_arrays("maskfunction_name", "function_sha256"), strict=True))
    return sorted({name for name, sha256 in known if _version(lab, name) != sha256})


def _plain(fact: Any) -> object:  # noqa: ANN401  # what JSON has no words for
    return asdict(fact) if isinstance(fact, ResolvedManifest | Problem) else str(fact)


def _version(lab: Lab, function: str) -> str:
    """Return what tells one version of a mask function from another, or why there is none."""
    try:
        return lab.analysis.function(function, lab.database.tables).sha256
    except Misconfigured:
        raise
    except Rejected as rejected:
        return str(rejected)
