"""Examines recordings as a worker does, in a process of its own: ``python -m tests.hostile.examiner DESCRIPTOR``."""

import hashlib
import select
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from antelop.channel import Link
from antelop.checks.examine import examine
from antelop.database.row import TABLES
from antelop.errors import Rejected, Unavailable
from antelop.formats.rig import Feature, Rig
from antelop.ingest.rows import Keys, plan
from antelop.outcome import Outcome
from antelop.recording import reading
from antelop.recording.samples import blocks
from antelop.recording.views import Clock
from antelop.wording import quoted
from tests.clocks import NOW
from tests.hostile.surfaces import Surfaces


def rig_of(path: Path) -> Rig:
    """Return a rig that names all of a recording that can be stored."""
    with reading(path) as recording:
        found = []
        for where, series in recording.series.items():
            source, *modules, name = where.split("/")
            data, times = series.data, series.timestamps
            if data is None or data.dtype.kind not in "biuf" or times is None or times.shape != data.shape[:1]:
                continue
            shaped = "kinematics" if series.spatial and len(data.shape) > 1 else "analog"
            kind = shaped if isinstance(times, Clock) or len(data.shape) > 1 else "digital"
            found.append(Feature(name, source, kind, "", "/".join(modules)))  # type: ignore[arg-type]
        found += [
            Feature(where.partition("/")[2], "intervals", "interval", "")
            for where in recording.tables
            if where.startswith("intervals/")
        ]
    features = [feature for feature in found if not examine_one(path, Rig("1.0", "", (feature,)))[0].problems]
    return Rig("1.0", "", tuple(features))


def examine_one(path: Path, rig: Rig) -> tuple[Outcome, str]:
    """Read a recording, check it, and read all that would be stored; return what comes of it, and a hash of the content."""
    digest = hashlib.blake2b(digest_size=16)
    try:
        with reading(path) as recording:
            findings = examine(recording, rig, None, {}, NOW)
            if findings.errors:
                return Outcome.of("rejected", Rejected(findings.errors).sentence, NOW, findings.errors), ""
            for table, rows in plan(recording, rig, Keys({}, 1, [])).items():
                for row in rows:
                    digest.update(repr([table, *(value for value in row.values() if isinstance(value, str))]).encode())
                    for samples in (row[name] for name in ("data", "timestamps") if table in TABLES.values()):
                        digest.update(repr(samples if isinstance(samples, Clock) else (samples.shape, samples.dtype)).encode())
                        for block in () if isinstance(samples, Clock) else blocks(samples):  # as the store keeps it
                            digest.update(np.ascontiguousarray(block).tobytes())
            sentence = f"{quoted(recording.identifier)} of {quoted(recording.subject_id)}"
            outcome = Outcome.of("ingested", sentence, NOW, findings.warnings)
    except Rejected as rejected:
        outcome = Outcome.of("rejected", rejected.sentence, NOW, rejected.problems)
    except Unavailable as unavailable:
        outcome = Outcome.of("unavailable", str(unavailable), NOW)
    except Exception:  # noqa: BLE001  # a defect is what is looked for
        outcome = Outcome.of("failed", traceback.format_exc(), NOW)
    return outcome, digest.hexdigest()


def _report(path: Path, rig: Rig, surfaces: Surfaces) -> Mapping[str, Any]:
    started = time.monotonic()
    outcome, digest = examine_one(path, rig)
    seconds = time.monotonic() - started
    faults = list(surfaces.faults(outcome)) if outcome.outcome in ("ingested", "rejected") else [outcome.sentence]
    kind = outcome.outcome
    return {"path": path, "outcome": kind, "sentence": outcome.sentence, "digest": digest, "seconds": seconds, "faults": faults}


def main() -> None:
    """Examine what is asked for until nobody asks any more."""
    link = Link(int(sys.argv[-1]))
    with tempfile.TemporaryDirectory() as state:
        surfaces = Surfaces(Path(state))
        while not link.closed:
            select.select([link], [], [])
            for path, rig in link.receive():
                link.send(_report(path, rig, surfaces))


if __name__ == "__main__":
    main()
