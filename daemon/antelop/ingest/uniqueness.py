"""The rules of identity: a session holds one recording, and a recording belongs to one session."""

from collections.abc import Mapping, Sequence
from typing import Any

from antelop.database import Database
from antelop.database.row import Row
from antelop.errors import Problem, Rejected
from antelop.queue.ledger import named


def existing_recording(
    database: Database, session: Mapping[str, Any], rows: Mapping[str, Sequence[Row]], fingerprint: str
) -> Row | None:
    """Return the row of `Ingestion` if the session already holds this recording, or None if it holds no recording.

    Parameters
    ----------
    database
        The lab's database.
    session
        Primary key of the session for which the recording is delivered.
    rows
        The rows that the recording would insert, by table.
    fingerprint
        The fingerprint of these rows.

    Raises
    ------
    Rejected
        If the session holds another recording, or this one with another rig, other animals or another setting for
        DeepLabCut; or another session holds this recording.
    """
    name = named(session)
    # One query covers both rules: what this session holds, and which sessions hold this recording.
    concerned = (database.Ingestion & [session, {"fingerprint": fingerprint}]).to_dicts()
    found = [row for row in concerned if named(row) == name]
    if found and found[0]["fingerprint"] == fingerprint:
        if changed := _changed(database, session, rows):
            what = f"the session holds this recording already, with {' and '.join(changed)} than in this delivery"
            raise Rejected([_occupied(name, what)])
        return dict(found[0])
    # Any other recording has to be removed by a person first: data are never overwritten.
    if occupied := occupied_problems(database, session):
        raise Rejected(occupied)
    # The fingerprint belongs to another session: most often the manifest names the wrong one.
    if concerned:
        twin = named(concerned[0])
        what = f"this session already holds the recording that is delivered for {name}"
        remedy = f"Deliver it for that session, or run `antelop remove {twin}` first if the recording belongs to {name}"
        raise Rejected([Problem("recording_taken", twin, what, remedy)])
    return None


def occupied_problems(database: Database, session: Mapping[str, Any], object_id: str | None = None) -> list[Problem]:
    """Return a problem if a session holds another recording; one from the NWB file with this `object_id` is not another."""
    if not database.World & session:
        return []
    # Before the fingerprint is known, the object_id of the NWB file tells whether it is the same recording.
    files = (database.Ingestion * database.Delivery & session).to_dicts()
    if object_id is not None and [file["nwb_object_id"] for file in files] == [object_id]:
        return []
    what = f"the session already holds another recording{''.join(', ' + file['nwb_path'] for file in files)}"
    return [_occupied(named(session), what)]


def _changed(database: Database, session: Mapping[str, Any], rows: Mapping[str, Sequence[Row]]) -> list[str]:
    """Return in what a second delivery of the same recording differs from the first: rig, DeepLabCut setting or animals."""
    # The fingerprint leaves these out, so they are compared here.
    stored = {table: (database.tables[table]() & session).to_dicts() for table in ("World", "Self", "Object")}
    (before,), (now,) = stored["World"], rows["World"]
    changed = [f"another {name}" for name in ("behaviourrig_id", "dlc_training") if before[name] != now[name]]
    return changed + ["other animals"] * (_owners(stored) != _owners(rows))


def _owners(rows: Mapping[str, Sequence[Row]]) -> set[tuple[int | None, int | None]]:
    """Return the animals that took part (feature None), and the animal that owns each feature."""
    return {(row.get("feature_id"), row["animal_id"]) for table in ("Self", "Object") for row in rows[table]}


def _occupied(name: str, what: str) -> Problem:
    return Problem("session_taken", name, what, f"If this one is to take its place, run `antelop remove {name}` first")
