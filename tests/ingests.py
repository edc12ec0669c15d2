"""Recordings with their manifests, and their ingest without a daemon."""

import json
from pathlib import Path
from typing import Any

from antelop.dropfolder.delivery import Delivery
from antelop.ingest.session import ingest
from antelop.ingest.source_files import SourceFiles
from antelop.lab import Lab
from antelop.lab.resolve import Policy
from antelop.outcome import Outcome
from tests.labs import SESSION


def manifest(path: Path, **changes: Any) -> Path:
    """Write the manifest of a recording beside it."""
    document = {
        "specification": "antelop-manifest",
        "version": "1.0",
        "session": SESSION,
        "animals": [{"animal_id": 17}, {"animal_name": "m18"}],
        **changes,
    }
    target = path.with_suffix(".manifest.json")
    target.write_text(json.dumps(document))
    return target


def delivered(path: Path, folder: Path) -> Delivery:
    """Return the delivery of a recording and its manifest in a drop folder."""
    note, nwb = path.with_suffix(".manifest.json"), path.stat()
    found = note.stat()
    name = str(path.relative_to(folder))
    return Delivery("rig", note.name, found.st_size, found.st_mtime_ns, note.read_bytes(), name, nwb.st_size, nwb.st_mtime_ns)


def ingested(lab: Lab, delivery: Delivery, path: Path, policy: Policy) -> Outcome:
    """Ingest a delivery whose recording is in a drop folder."""
    with SourceFiles(path.parents[delivery.nwb_path.count("/")], delivery.nwb_path) as files:
        return ingest(lab, delivery, files, policy)
