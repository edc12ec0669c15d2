"""Send a session out as NWB and in again, and compare."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pynwb
from nwbinspector import Importance, inspect_nwbfile

from antelop.export.session import Exported, export_nwb
from antelop.export.stored import StoredSession, stored
from antelop.ingest.session import insert_nwb
from antelop.lab import Lab
from antelop.store.descriptor import Descriptor
from antelop.upkeep.removal import remove
from tests.labs import SESSION


def held(lab: Lab) -> StoredSession:
    """Return what the database has of the session."""
    return stored(lab.database, (lab.database.World & SESSION).fetch1())


def content(lab: Lab, descriptor: Descriptor) -> tuple[object, ...]:
    """Return how an array is kept, with its type, shape and bytes in the byte order of this computer."""
    array = lab.store.get(descriptor)
    native = array.dtype.newbyteorder("=")
    # A factor of 1 only makes float64 of others, such as those in another byte order, which are none when they come out.
    kind = (descriptor["kind"], *(descriptor.get(name) for name in ("conversion", "offset", "start", "rate")))
    form = kind if kind[0] in ("clock", "scaled") and kind != ("scaled", 1.0, 0.0, None, None) else ()
    return form, native, array.shape, np.ascontiguousarray(array, native).tobytes()


def contents(lab: Lab, session: StoredSession) -> dict[str, object]:
    """Return everything that a recording gives a session, by what it is."""
    found: dict[str, object] = {}
    for signal in session.signals:
        found[signal.path] = content(lab, signal.data), content(lab, signal.timestamps), signal.unit
    for film in session.films:
        times = [each and content(lab, each) for each in film.timestamps]
        found[film.path] = [video["path"] for video in film.files], film.starts, times
    for mask in session.masks:
        found[f"the mask {mask.name}"] = content(lab, mask.timestamps)
    return found


def round_trip(lab: Lab, animals: Sequence[Mapping[str, Any]], rig: str, path: Path) -> Exported:
    """Write the session to `path`, take it out, let the file in, and expect the same session; return what was written."""
    before = held(lab)
    expected = contents(lab, before)
    assert expected
    exported = export_nwb(lab, SESSION, path)
    remove(lab, SESSION)
    assert insert_nwb(lab, SESSION, animals, path, rig).outcome == "ingested"
    after = held(lab)
    found = contents(lab, after)
    assert {name: (value, found.get(name)) for name, value in expected.items() if found.get(name) != value} == {}
    assert found.keys() == expected.keys()
    assert (after.keys, after.rig, after.ledger["nwb_identifier"]) == (before.keys, before.rig, before.ledger["nwb_identifier"])
    return exported


def invalid(path: Path) -> list[str]:
    """Return what pynwb's validation says of a file."""
    # It warns of what it finds odd, such as a name that differs from that of its type.
    with warnings.catch_warnings(action="ignore"):
        return [str(error) for error in pynwb.validate(path=str(path))]


def critical(path: Path) -> list[str]:
    """Return what nwbinspector takes for critical in a file, for invalid, or could not look at."""
    with warnings.catch_warnings(action="ignore"):
        found = inspect_nwbfile(nwbfile_path=str(path), importance_threshold=Importance.CRITICAL)
        return [f"{each.location}: {each.message}" for each in found or ()]
