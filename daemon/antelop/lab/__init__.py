"""One lab: its configuration, database, store and analysis functions, and how the names that people use lead to rows.

Nothing here reads a recording.
"""

from antelop.lab.lab import Lab

__all__ = ["Lab"]
