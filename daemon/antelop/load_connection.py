"""The lab's database in a script: ``from antelop.load_connection import *``.

Gives every table, the lab's analysis functions by the names of their scripts, and `insert_nwb`, `upload_rig_json`,
`recompute_masks` and `split_trials`. The configuration is the one that the command line finds; the credentials of a database
server are in the environment, in ``DB_USER`` and ``DB_PASS``.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from antelop import config, ingest, masking, upload
from antelop.lab import Lab
from antelop.trials import split_trials

_lab = Lab(config.load(config.find(None, os.environ, Path.cwd()), os.environ), os.environ)


def upload_rig_json(
    experimenter: str, rig_name: str, rig_json: str | Path | Mapping[str, Any], masklist: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    """Validate a rig and store it with its features and mask functions; see `antelop.upload.upload_rig_json`.

    Parameters
    ----------
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
        The rig's primary key.

    Raises
    ------
    antelop.errors.Rejected
        With every problem of the rig and of the masks; nothing is stored then.
    """
    return upload.upload_rig_json(_lab, experimenter, rig_name, rig_json, masklist)


def insert_nwb(
    session: Mapping[str, Any],
    animals: Sequence[Mapping[str, Any]],
    nwbpath: str | Path,
    rig: str | int | None = None,
) -> None:
    """Insert everything that a rig describes of one session from its NWB file, and compute its masks; or nothing.

    Parameters
    ----------
    session
        The session's primary key; it may carry ``behaviourrig_id``.
    animals
        The animals' primary keys, in the order of the rig's animal numbers.
    nwbpath
        The NWB file.
    rig
        The rig's name or ``behaviourrig_id``; without it, and without ``behaviourrig_id``, the experimenter's only rig.

    Raises
    ------
    antelop.errors.Rejected
        With everything that is wrong with file, session, animals and masks.
    antelop.errors.Unavailable
        If the database or the store is away.
    """
    ingest.insert_nwb(_lab, session, animals, Path(nwbpath), rig)


def recompute_masks(key: Mapping[str, Any]) -> None:
    """Compute the masks of every session under a key again.

    Parameters
    ----------
    key
        A session's primary key, or that of an experiment or experimenter.

    Raises
    ------
    antelop.errors.Rejected
        At the end, with the problems of the sessions that failed; the others are done then.
    """
    masking.recompute_masks(_lab, key)


globals().update(_lab.database.tables)
globals().update(_lab.analysis.namespace(_lab.database.tables))

__all__ = [  # noqa: PLE0604  # the names of tables and scripts are strings too
    "insert_nwb",
    "recompute_masks",
    "split_trials",
    "upload_rig_json",
    *_lab.database.tables,
    *_lab.analysis.namespace(_lab.database.tables),
]
