"""A worker: claims a delivery, ingests it, answers it, and goes on."""

import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from os import geteuid
from pathlib import Path
from typing import Any

from antelop import queue, receipt
from antelop.archive import archive
from antelop.config import FolderConfig
from antelop.decision import decided_by
from antelop.delivery import Delivery, File
from antelop.errors import Rejected, Unavailable
from antelop.ingest import Unsettled, ingest
from antelop.keys import Policy
from antelop.lab import Lab
from antelop.ledger import Superseded
from antelop.outcome import VERSION, Outcome
from antelop.rows import Row
from antelop.trust import untrusted

Say = Callable[[Mapping[str, Any]], None]
"""Tells whoever started the worker what it does."""


class Worker:
    """Works on deliveries, one after the other.

    Parameters
    ----------
    lab
        Where they go.
    say
        Is told what happens: ``event`` (``claimed``, ``unsettled``, or an outcome) and ``delivery_id``, with what belongs to it.
    """

    def __init__(self, lab: Lab, say: Say) -> None:
        self._lab = lab
        self._say = say
        self._folders = {folder.name: folder for folder in lab.config.folders}

    def work(self) -> bool:
        """Work on the delivery that has been due for longest; return whether there was one.

        Raises
        ------
        Unavailable
            If the database went away. What was claimed is free again then.
        """
        with queue.claimed(self._lab.database) as row:
            if row is None:
                return False
            self._say({"event": "claimed", "delivery_id": row["delivery_id"], "nwb": row["nwb_path"], "folder": row["folder"]})
            self._settle(row)
            return True
