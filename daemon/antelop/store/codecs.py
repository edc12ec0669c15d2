"""The DataJoint codecs ``<signal>`` and ``<file>``: columns of arrays and of files, kept in the connection's store."""

import json
from pathlib import Path
from typing import Any

import datajoint as dj
from numpy.typing import NDArray

from antelop.recording.recording import Samples
from antelop.store.store import Descriptor, Kept, Store

STORE = "antelop"
"""What the store is called in the ``stores`` of a connection's DataJoint configuration."""


class Column(dj.Codec):
    """A column whose rows hold descriptors (JSON) of what is in the store."""

    def get_dtype(self, is_store: bool) -> str:  # noqa: FBT001  # as in DataJoint
        """Return the type of the database's column."""
        if is_store:
            raise dj.DataJointError(f"write <{self.name}> without a store: there is only one")
        return "json"

    def referenced_paths(self, stored: str | Descriptor | None) -> list[tuple[str, str]]:
        """Return the objects that a row refers to, and their store, as DataJoint's garbage collection asks for them."""
        descriptor = json.loads(stored) if isinstance(stored, str) else stored
        return [(address, STORE) for address in Store.addresses(descriptor)] if descriptor else []

    def store(self, key: object, context: object) -> Store:
        """Return the store of the connection that encodes or decodes."""
        return Store(Path(self._codec_config(key, context).get_store_spec(STORE)["location"]))


class Signal(Column):
    """``<signal>``: an array."""

    name = "signal"

    def encode(self, value: Samples | Kept, *, key: object = None, context: object = None) -> dict[str, Any]:
        """Return the descriptor of an array, which is kept now if it has not been."""
        kept = value if isinstance(value, Kept) else self.store(key, context).put(value)
        return kept.as_json()

    def decode(self, stored: Descriptor, *, key: object = None, context: object = None) -> NDArray[Any]:
        """Return the array, read-only."""
        return self.store(key, context).get(stored)


class File(Column):
    """``<file>``: a file."""

    name = "file"

    def encode(self, value: Path | Kept, *, key: object = None, context: object = None) -> dict[str, Any]:
        """Return the descriptor of a file, of which a copy is kept now if it has not been."""
        kept = value if isinstance(value, Kept) else self.store(key, context).keep(value)
        return kept.as_json()

    def decode(self, stored: Descriptor, *, key: object = None, context: object = None) -> Path:
        """Return where the kept copy is."""
        return self.store(key, context).path(stored)
