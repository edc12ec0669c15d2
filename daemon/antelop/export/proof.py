"""Compare an exported file with the session in the database, before the file gets its name."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from antelop.database.row import TABLES, Row
from antelop.errors import Problem
from antelop.export.stored import Signal, StoredSession
from antelop.ingest.rows import plan
from antelop.recording.recording import Recording
from antelop.recording.samples import Samples, blocks
from antelop.store import Store


def differences(recording: Recording, session: StoredSession, store: Store) -> Iterator[Problem]:
    """Yield a problem for each feature of which an ingest of the exported file would store other bits.

    Parameters
    ----------
    recording
        The exported file, read as a recording.
    session
        The session in the database.
    store
        The store with the session's arrays.
    """
    signals = {signal.path: signal for signal in session.signals}
    # The rig names no path for a feature that was tracked later: an ingest does not read it.
    features = [feature for feature in session.rig.features if feature.path in signals]
    missing = [feature.path for feature in features if feature.path not in {**recording.series, **recording.tables}]
    if missing:
        yield from (_problem(str(path), "it is missing in the exported file") for path in missing)
        return
    rows = plan(recording, session.rig, session.keys)
    found = {row["feature_id"]: row for table in TABLES.values() for row in rows[table]}
    for number, feature in enumerate(session.rig.features, 1):
        if feature.path in signals and (name := _differing(found[number], signals[feature.path], store)):
            yield _problem(str(feature.path), f"its {name} in the exported file differs from the database")


def _problem(where: str, what: str) -> Problem:
    return Problem("export_differs", where, what, "Report this defect, with the rig: the file was deleted")


def _differing(row: Row, signal: Signal, store: Store) -> str:
    """Return the first column of a planned row that differs from the database; an empty text if none does."""
    for name, descriptor in (("data", signal.data), ("timestamps", signal.timestamps)):
        if not same(row[name], store.get(descriptor)):
            return name
    return "" if row.get("unit", "") == signal.unit else "unit"


def same(samples: Samples, stored: NDArray[Any]) -> bool:
    """Tell whether samples and a stored array have the same shape, dtype (apart from the byte order) and bits."""
    native = stored.dtype.newbyteorder("=")
    if samples.shape != stored.shape or samples.dtype.newbyteorder("=") != native:
        return False
    start = 0
    for block in blocks(samples):
        expected = stored[start : start + len(block)]
        if np.asarray(block, native).tobytes() != np.asarray(expected, native).tobytes():
            return False
        start += len(block)
    return True
