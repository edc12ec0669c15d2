"""What a script sees of a lab: its tables, its analysis functions, and the functions that are documented for scripts."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from antelop.ingest import masking
from antelop.ingest import session as ingest
from antelop.lab import Lab, rigs
from antelop.outcome import Outcome
from antelop.progress import shown
from antelop.trials import split_trials


class Scripting:
    """The functions for scripts, on one lab."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def upload_rig_json(
        self,
        experimenter: str,
        rig_name: str,
        rig_json: str | Path | Mapping[str, Any],
        masklist: Sequence[Mapping[str, str]] = (),
    ) -> dict[str, Any]:
        """Validate a rig and store it with its features and mask functions.

        The same rig again changes nothing; with another `masklist` its masks are added to and updated. Another rig of the same
        name takes its place as long as no session uses it.

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
        antelop.errors.Unavailable
            If the database is away.
        """
        return rigs.upload_rig_json(self._lab, experimenter, rig_name, rig_json, masklist)

    def insert_nwb(
        self,
        session: Mapping[str, Any],
        animals: Sequence[Mapping[str, Any]],
        nwbpath: str | Path,
        rig: str | int | None = None,
    ) -> Outcome:
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

        Returns
        -------
        Outcome
            What went in, and what was odd about it; ``print`` says it in words.

        Raises
        ------
        antelop.errors.Rejected
            With everything that is wrong with file, session, animals and masks.
        antelop.errors.Unavailable
            If the database or the store is away.
        """
        return ingest.insert_nwb(self._lab, session, animals, Path(nwbpath), rig)

    def recompute_masks(self, key: Mapping[str, Any]) -> dict[str, int]:
        """Compute the masks of every session under a key again: missing ones are inserted, the others updated.

        Parameters
        ----------
        key
            A session's primary key, or that of an experiment or experimenter.

        Returns
        -------
        dict
            How many trials each mask has, over all sessions.

        Raises
        ------
        antelop.errors.Rejected
            At the end, with the problems of the sessions that failed, which keep their masks; the others are done then.
        antelop.errors.Unavailable
            If the database or the store is away.
        """
        return masking.recompute_masks(self._lab, key, partial(shown, what="masks"))


def names(lab: Lab) -> dict[str, Any]:
    """Return everything that a script sees, by its name; of two of one name, what is ours goes before the lab's."""
    tables, own = lab.database.tables, Scripting(lab)
    return {
        **lab.analysis.namespace(tables),
        **tables,
        "insert_nwb": own.insert_nwb,
        "recompute_masks": own.recompute_masks,
        "split_trials": split_trials,
        "upload_rig_json": own.upload_rig_json,
    }
