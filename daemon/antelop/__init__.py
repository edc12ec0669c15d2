"""Antelop Ingest: drop a recording in a folder; seconds later it is in the lab's database, or someone is told why not.

The sentence that the modules spell: a **drop folder** is scanned; what has **settled** is **paired** with its **manifest** into
a **delivery**; a **worker** claims the delivery, **reads** the NWB file, **checks** it against the stored **rig**, and in one
transaction **inserts** the session's **rows** and its **masks**; then it writes a **receipt**.

A module imports only from the groups above its own, and in its own from those before it; an edge never imports another edge
(a test reads the imports):

=======  ========================================================================================================
words    `errors`, `document`, `recording`, `trials`, `settle`, `superblock`, `waiting`, `outcome`: no I/O, no clock
disk     `files`, `directory`: files held open, written whole, and never outside the folder that they are asked of
inputs   `schema`, `rig`, `manifest`, `delivery`, `functions`: what people and programs give us, parsed and validated
rules    `checks`, `rows`: recording, rig and keys in; problems or rows out
edges    `config`, `log`, `journal`, `inbox`, `nwb`, `arrays`, `embedded`, `tables`, `analysis`, `trust`, `receipt`,
         `archive`, `notice`, `supervisor`, `progress`, `manual`: each touches one outside thing
heart    `guard`, `lab`, `masks`, `naming`, `keys`, `ledger`, `identity`, `intake`, `queue`, `answers`, `inventory`,
         `collection`, `masking`, `enrolment`, `upload`, `ingest`, `removal`, `decision`, `reconciliation`, `own_tools`,
         `backup`: what can be done with a lab, `ingest` above all
service  `crew`, `folders`, `status`, `service`, `run`, `worker`, `worker_process`, `explain`, `scripting`,
         `load_connection`, `demo`, `cli`: who does it when
=======  ========================================================================================================
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from antelop.functions import antelop_analysis
    from antelop.trials import split_trials

# DataJoint reads these once, when it is imported. A datajoint.json that happens to lie in a working directory must not redirect
# a lab's recordings, and connecting is nothing to log.
os.environ.setdefault("DJ_IGNORE_CONFIG_FILE", "true")
os.environ.setdefault("DJ_LOG_LEVEL", "WARNING")
os.environ.setdefault("DJ_LOG_STREAM", "stderr")  # standard output is for what a command prints

__all__ = ["antelop_analysis", "split_trials"]

_MODULES = {"antelop_analysis": "antelop.functions", "split_trials": "antelop.trials"}


def __getattr__(name: str) -> object:
    """Import what scripts take from here when they do, so that the processes that watch folders load no numpy."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
