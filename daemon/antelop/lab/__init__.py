"""One lab: its configuration, its database, its store and its functions, and the rows that people name.

Nothing here reads a recording.
"""

from antelop.lab.lab import Lab

__all__ = ["Lab"]
