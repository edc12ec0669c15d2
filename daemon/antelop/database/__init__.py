"""The database: its connection, and the definitions of every table."""

from antelop.database.connection import Database

__all__ = ["Database"]
