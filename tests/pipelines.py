"""A table of another package, in a schema of its own, whose rows refer to the lab's store."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import datajoint as dj

from antelop.lab import Lab

SCHEMA = "lab_pipeline"


@contextmanager
def pipeline(lab: Lab) -> Iterator[Any]:
    """Make the table on the lab's connection; drop its schema at the end."""
    schema = dj.Schema(SCHEMA, connection=lab.database.connection)
    definition = "unit : int32\n---\ntrace : <signal>  # of one unit"
    try:
        yield schema(type("Trace", (dj.Manual,), {"definition": definition}))()
    finally:
        schema.drop(prompt=False)
