"""The lab's database in a script: ``from antelop.load_connection import *``.

It defines every table, the lab's analysis functions by the names of their scripts, and `insert_nwb`, `export_nwb`,
`upload_rig_json`, `recompute_masks` and `split_trials`. It uses the configuration that the command line finds. The credentials
of a database server come from the environment variables ``DB_USER`` and ``DB_PASS``.
"""

from antelop import scripting

_names = scripting.names(scripting.HERE)
__all__ = list(_names)
globals().update(_names)  # last, because a script of the lab may have the name of an import above
