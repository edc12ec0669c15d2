"""Make an NWB file's metadata: session, subject, rig and provenance."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pynwb import NWBFile
from pynwb.file import Subject

from antelop import __version__
from antelop.database.row import Row
from antelop.errors import Problem
from antelop.export.stored import StoredSession
from antelop.queue.ledger import named

UNSET = datetime(1970, 1, 1, tzinfo=UTC)
"""The start time of a session if the database has none: NWB requires one, and this one is easily seen to be a placeholder."""

_DURATION = r"P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?"

FORMS = {
    "age": rf"{_DURATION}(/({_DURATION})?)?",
    "age__reference": "birth|gestational",
    "weight": r"\d+(\.\d+)? (kg|g|mg|ug|ng|pg)",
}
"""Patterns of the values that NWB allows for these properties of a subject (ISO 8601 durations for the age)."""

SOME_AGE = "P0D/"
"""The age of an animal if the database has none: at least 0 days."""

PROVENANCE = "antelop"
"""Name of the JSON text in the scratch space of the file."""


def start_problems(session: StoredSession) -> tuple[Problem, ...]:
    """Return a problem if the database has no start time of a session."""
    if session.about["session_timestamp"] is not None:
        return ()
    what = f"the database has no session_timestamp, so the file says {UNSET.isoformat()}"
    return (Problem("export_start", named(session.keys.session), what, "Correct session_start_time in the file"),)


def nwbfile(session: StoredSession) -> NWBFile:
    """Return a new NWB file with the metadata of a session, and without its signals, videos and masks."""
    about = session.about
    made = NWBFile(
        session_description=about["session_notes"] or about["session_name"],
        identifier=session.ledger.get("nwb_identifier") or named(session.keys.session),
        session_start_time=_start(about["session_timestamp"]),
        session_id=str(session.keys.session["session_id"]),
        experimenter=[about["full_name"] or about["experimenter"]],
        experiment_description=": ".join(filter(None, [about["experiment_name"], about["experiment_notes"]])),
        lab=about["group"] or None,
        institution=about["institution"] or None,
        subject=_subject(session.animals),
        was_generated_by=[["antelop-ingest", __version__]],
    )
    made.create_device(name="rig", description=f"{about['behaviourrig_name']}, reference point: {session.rig.reference_point}")
    text = json.dumps(_provenance(session), default=str)
    made.add_scratch(text, name=PROVENANCE, description="the rows of the database from which this file was written, as JSON")
    return made


def _start(timestamp: datetime | None) -> datetime:
    """Return the start of a session with a time zone: the database has local times, for which this computer's zone is used."""
    if timestamp is None:
        return UNSET
    try:
        return timestamp.astimezone()
    except (OverflowError, ValueError):  # in the first or last year of the calendar
        return timestamp.replace(tzinfo=UTC)


def _subject(animals: Sequence[Row]) -> Subject:
    """Return the first animal as the subject, because an NWB file has only one; the provenance lists the others.

    A value that NWB does not allow for its property is written into the description.
    """
    if not animals:
        return Subject(subject_id="none", sex="U", age=SOME_AGE, description="No animal takes part in this session")
    animal = {**animals[0], "age__reference": animals[0]["age_reference"]}
    notes = [animal["animal_notes"] or animal["animal_name"]]
    given = {name: animal[name] or None for name in ("species", "genotype")}
    for name, form in FORMS.items():
        if re.fullmatch(form, animal[name]):
            given[name] = animal[name]
        elif animal[name]:
            notes.append(f"{name}: {animal[name]}")
    return Subject(
        subject_id=animal["animal_name"], sex=animal["sex"], description="; ".join(notes), **({"age": SOME_AGE} | given)
    )


def _provenance(session: StoredSession) -> dict[str, Any]:
    """Return the rows for which NWB has no fields: the metadata, the rig as it was uploaded, and the ledger's row."""
    ledger = ("folder", "nwb_path", "fingerprint", "nwb_identifier", "nwb_object_id", "nwb_sha256", "software", "ingested")
    return {
        "session": session.about,
        "animals": session.animals,
        "masks": {trials.name: trials.description for trials in session.masks},
        "ingest": {name: session.ledger[name] for name in ledger if name in session.ledger},
        "warnings": session.ledger.get("warnings", []),
    }
