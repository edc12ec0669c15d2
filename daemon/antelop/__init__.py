"""Antelop Ingest: drop a recording in a folder; seconds later it is in the lab's database, or a receipt says why not.

The sentence that the packages spell: a **drop folder** is scanned; a file that has **settled** is **paired** with its
**manifest** into a **delivery**, which enters the **queue**; a **worker** claims it, **reads** the NWB file, **checks** it
against the stored **rig**, and in one transaction **ingests** the session's rows and its masks; then it writes a **receipt**.

A package imports only from those above it in this table, and inside a package no imports run in a circle; a test reads them.
What each package is for, and what may never be in it, is the docstring of its ``__init__``.

===========  ====================================================================================================
(ground)     `errors`, `directory`, `files`, `wording`, `channel`, `backoff`, `superblock`, `outcome`, `log`,
             `memory`, `progress`, `trials`
formats      `document`, `schema`, `manifest`, `rig`, `rig_rules`, `difference`
recording    `samples`, `views`, `recording`, `events`, `source`, `reader`, `contents`, `objects`, `start_time`,
             `stored`, `hdf5`, `bounds`, `filters`, `chunks`, `decompression`, `holes`, `heaps`, `texts`, `columns`, `rows`,
             `selection`, `edges`, `interval_rows`, `tally`, `video_paths`
analysis     `permissions`, `search`, `functions`, `definition`, `script`, `scripts`, `masks`, `statements`, `reading`,
             `frames`, `descendants`, `limits`, `fork_server`, `mask_process`, `turn`, `turns`
checks       `severities`, `examine`, `check`, `examined`, `facts`, `channel`, `scans`, `session`, `start`, `features`,
             `scale`, `size`, `times`, `tables`, `videos`
store        `codecs`, `descriptor`, `npy`, `objects`, `store`, `survey`
dropfolder   `inbox`, `listing`, `folder_files`, `snapshot`, `contents`, `inotify`, `inotify_instance`, `settle`,
             `waiting`, `delivery`, `completeness`, `presence`, `mount`, `sharing`, `junk`, `finished`, `messages`,
             `rounds`, `watcher`
database     `connection`, `schemas`, `advisory_lock`, `driver`, `rights`, `keepalive`, `opening`, `promise`,
             `limits`, `deadline`, `predecessor`, `outages`, `statement`, `table`, `metadata`, `behaviour`, `ledger`,
             `references`, `json_shapes`, `row`, `migration_steps`, `new_choice`, `migrations`, `embedded`
config       `model`, `places`, `reader`, `table`, `values`
queue        `states`, `pauses`, `ledger`, `jobs`, `deliveries`, `attempts`
lab          `lab`, `folders`, `naming`, `resolve`, `metadata`, `rigs`, `store_lock`
ingest       `session`, `preparation`, `intake`, `source_files`, `rows`, `room`, `masking`, `uniqueness`
worker       `worker`, `process`, `events`, `inputs`, `reconsider`, `orphans`, `completion`, `receipts`, `receipt`,
             `archive`, `odd_rows`, `event_log`
export       `stored`, `arrays`, `objects`, `places`, `metadata`, `proof`, `session`
upkeep       `verify`, `inventory`, `gc`, `backup`, `backup_record`, `server_backup`, `removal`
service      `main`, `service`, `access`, `asking`, `backlog`, `entering`, `queue_feed`, `handling`, `pool`,
             `worker_process`, `folders`, `watchers`, `reporting`, `hindrances`, `status`, `notice`, `explain`, `systemd`
manual       the pages of the manual
demo         `show`, `lab`, `daemon`, `licking`, `acquisition`, `video`
cli          `command`, `terminal`, `key`, `service`, `deliveries`, `sessions`, `masks`, `rigs`, `metadata`,
             `maintenance`, `manual`, `demo`
(top)        `scripting`, `load_connection`
===========  ====================================================================================================
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from antelop.analysis.functions import antelop_analysis
    from antelop.scripting import export_nwb, insert_nwb, recompute_masks, upload_rig_json
    from antelop.trials import split_trials

__version__ = "0.1.0"
"""Of this software; the build reads it from here."""

__all__ = [
    "__version__",
    "antelop_analysis",
    "export_nwb",
    "insert_nwb",
    "recompute_masks",
    "split_trials",
    "upload_rig_json",
]

# DataJoint reads these once, when it is imported. A datajoint.json that happens to lie in a working directory must not redirect
# a lab's recordings, and connecting is nothing to log.
os.environ.setdefault("DJ_IGNORE_CONFIG_FILE", "true")
os.environ.setdefault("DJ_LOG_LEVEL", "WARNING")
os.environ.setdefault("DJ_LOG_STREAM", "stderr")  # standard output is for what a command prints

_MODULES = {
    "antelop_analysis": "antelop.analysis.functions",
    "export_nwb": "antelop.scripting",
    "insert_nwb": "antelop.scripting",
    "recompute_masks": "antelop.scripting",
    "split_trials": "antelop.trials",
    "upload_rig_json": "antelop.scripting",
}
"""Where the public functions are."""


def __getattr__(name: str) -> object:
    """Import a public function when it is first used, so that the processes that watch folders load no numpy."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    """List the public functions too, though they are not imported yet."""
    return sorted({*globals(), *__all__})
