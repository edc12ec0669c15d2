"""The DataJoint codecs ``<signal>`` and ``<file>``: columns of arrays and of files in the connection's store."""

import json
from pathlib import Path
from typing import Any

import datajoint as dj
from numpy.typing import NDArray

from antelop.recording.samples import Samples
from antelop.store.descriptor import Descriptor, Kept, objects_of
from antelop.store.store import Store

STORE = "antelop"
"""Name of the store in the ``stores`` of a connection's DataJoint configuration."""


class Column(dj.Codec):
    """A column whose rows hold descriptors (JSON) of arrays or files in the store."""

    def get_dtype(self, is_store: bool) -> str:  # noqa: FBT001  # as in DataJoint
        """Return the type of the database's column."""
        if is_store:
            raise dj.DataJointError(f"write <{self.name}> without a store: there is only one")
        return "json"

    def referenced_paths(self, stored: str | Descriptor | None) -> list[tuple[str, str]]:
        """Return the objects that a row refers to, each with the name of its store, for DataJoint's garbage collection."""
        descriptor = json.loads(stored) if isinstance(stored, str) else stored
        return [(address, STORE) for address in objects_of(descriptor)] if descriptor else []

    def store(self, key: object, context: object) -> Store:
        """Return the store of the connection on which a value is encoded or decoded."""
        return Store(Path(self._codec_config(key, context).get_store_spec(STORE)["location"]))


class Signal(Column):
    """``<signal>``: an array."""

    name = "signal"

    def encode(self, value: Samples | Kept, *, key: object = None, context: object = None) -> dict[str, Any]:
        """Return the descriptor of an array; an array that is not in the store yet is put there."""
        # An ingest stores its arrays before it opens the transaction, so it passes `Kept`; a script passes the array itself.
        kept = value if isinstance(value, Kept) else self.store(key, context).put(value)
        return kept.as_json()

    def decode(self, stored: Descriptor, *, key: object = None, context: object = None) -> NDArray[Any]:
        """Return the array, read-only."""
        return self.store(key, context).get(stored)


class File(Column):
    """``<file>``: a file."""

    name = "file"

    def encode(self, value: Path | Kept, *, key: object = None, context: object = None) -> dict[str, Any]:
        """Return the descriptor of a file; a file that is not in the store yet is copied there."""
        kept = value if isinstance(value, Kept) else self.store(key, context).keep(value)
        return kept.as_json()

    def decode(self, stored: Descriptor, *, key: object = None, context: object = None) -> Path:
        """Return the path of the copy in the store."""
        return self.store(key, context).path(stored)
