"""The lab in a script: its tables, its analysis functions, and the functions that are documented for scripts.

`insert_nwb`, `export_nwb`, `recompute_masks` and `upload_rig_json` of this module work on the lab that the configuration
describes. They connect when the first of them is called.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from antelop import config
from antelop.ingest import masking
from antelop.ingest import session as ingest
from antelop.lab import Lab, rigs
from antelop.outcome import Outcome
from antelop.progress import shown
from antelop.trials import split_trials

if TYPE_CHECKING:
    from antelop.export.session import Exported


class Scripting:
    """The functions for scripts, on one lab.

    Parameters
    ----------
    connect
        Opens the lab; called once, when the lab is first needed.
    """

    def __init__(self, connect: Callable[[], Lab]) -> None:
        self._connect = connect

    @cached_property
    def lab(self) -> Lab:
        """The lab, opened at first use."""
        return self._connect()

    def upload_rig_json(
        self,
        experimenter: str,
        rig_name: str,
        rig_json: str | Path | Mapping[str, Any],
        masklist: Sequence[Mapping[str, str]] = (),
    ) -> dict[str, Any]:
        """Validate a rig and store it with its features and mask functions.

        If the same rig is stored already, only masks in `masklist` are added or updated. A different rig replaces the one of
        the same name if no session uses that one.

        Parameters
        ----------
        experimenter
            The owner of the rig.
        rig_name
            Unique among the experimenter's rigs.
        rig_json
            Path of the rig's JSON file, or its contents.
        masklist
            Masks: ``name``, ``description`` and ``function`` (``script.function`` in the analysis folder).

        Returns
        -------
        dict
            The rig's primary key: ``experimenter`` and ``behaviourrig_id``.

        Raises
        ------
        antelop.errors.Rejected
            With every problem of the rig and of the masks; nothing is stored then.
        antelop.errors.Unavailable
            If the database cannot be reached; nothing is stored then.
        """
        return rigs.upload_rig_json(self.lab, experimenter, rig_name, rig_json, masklist)

    def insert_nwb(
        self,
        session: Mapping[str, Any],
        animals: Sequence[Mapping[str, Any]],
        nwbpath: str | Path,
        rig: str | int | None = None,
    ) -> Outcome:
        """Ingest one session from its NWB file in one transaction: everything that the rig describes, and the masks.

        Parameters
        ----------
        session
            The session's primary key; it may include ``behaviourrig_id``.
        animals
            The animals' primary keys, in the order of the rig's animal numbers.
        nwbpath
            Path of the NWB file.
        rig
            The rig's name or ``behaviourrig_id``; without it, and without ``behaviourrig_id``, the experimenter's only rig.

        Returns
        -------
        Outcome
            What was inserted, and the warnings; ``print`` shows it as text.

        Raises
        ------
        antelop.errors.Rejected
            With every problem of the file, the session, the animals and the masks; nothing is stored then.
        antelop.errors.Unavailable
            If the database or the store cannot be reached; nothing is stored then.
        """
        return ingest.insert_nwb(self.lab, session, animals, Path(nwbpath), rig)

    def export_nwb(self, session: Mapping[str, Any], path: str | Path, *, overwrite: bool = False) -> "Exported":
        """Write a session back as an NWB file: signals, events, intervals, kinematics, videos, masks, and whose they are.

        An ingest of the file with the same rig stores the same values and times, to the bit: the file is read again before it
        gets its name. Videos are copied into a folder beside it.

        Parameters
        ----------
        session
            The session's primary key.
        path
            Path of the NWB file; its folder exists.
        overwrite
            Whether to replace a file that has this path.

        Returns
        -------
        Exported
            The paths of the file and its videos, its size in bytes, and warnings.

        Raises
        ------
        antelop.errors.Rejected
            If the session holds no recording, the file exists, or NWB has no place for an object; no file is written then.
        antelop.errors.Unavailable
            If the database, the store or the disk cannot be used; no file is written then.
        """
        # pynwb takes a second to import: only who exports should wait for it.
        from antelop.export.session import export_nwb  # noqa: PLC0415

        return export_nwb(self.lab, session, Path(path), overwrite=overwrite)

    def recompute_masks(self, key: Mapping[str, Any]) -> dict[str, int]:
        """Compute the masks of every session under a key again: missing masks are inserted, the others updated in place.

        Parameters
        ----------
        key
            The primary key of a session, an experiment, an experimenter or a rig.

        Returns
        -------
        dict
            The number of trials of each mask, over all sessions.

        Raises
        ------
        antelop.errors.Rejected
            At the end, with the problems of every session that failed: it keeps its old masks, and the others have new ones.
            Immediately, if there is no session under the key.
        antelop.errors.Unavailable
            If the database or the store cannot be reached.
        """
        return masking.recompute_masks(self.lab, key, partial(shown, what="masks"))


def names(scripting: Scripting) -> dict[str, Any]:
    """Return every table and function for scripts by its name; ours replace functions of the lab that have the same name."""
    tables = scripting.lab.database.tables
    return {
        **scripting.lab.analysis.namespace(tables),
        **tables,
        "export_nwb": scripting.export_nwb,
        "insert_nwb": scripting.insert_nwb,
        "recompute_masks": scripting.recompute_masks,
        "split_trials": split_trials,
        "upload_rig_json": scripting.upload_rig_json,
    }


def _configured() -> Lab:
    """Open the lab as the command line does: with the same configuration and the credentials of the environment."""
    return Lab(config.load(config.find(None, os.environ, Path()), os.environ), os.environ, partial(datetime.now, UTC))


HERE = Scripting(_configured)
"""The lab of this process."""

export_nwb, insert_nwb = HERE.export_nwb, HERE.insert_nwb
recompute_masks, upload_rig_json = HERE.recompute_masks, HERE.upload_rig_json
