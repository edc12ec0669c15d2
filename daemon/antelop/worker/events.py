"""What a worker tells its service."""

from collections.abc import Mapping
from typing import Any

from antelop.database.row import Row

Event = Mapping[str, Any]
"""What a worker says: an ``event``, and mostly of a delivery, by ``delivery_id``, ``folder``, ``manifest`` and ``nwb``."""


def named(row: Row) -> dict[str, str]:
    """Return what a delivery is called."""
    return {name: row[name] for name in ("delivery_id", "folder")} | {"manifest": row["manifest_path"], "nwb": row["nwb_path"]}
