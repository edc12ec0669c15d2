"""The contents of a drop folder that belong to no finished delivery, directory by directory."""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from antelop.dropfolder.settle import Stat
from antelop.dropfolder.waiting import Reason
from antelop.formats.manifest import Manifest


class Text(NamedTuple):
    """A manifest on disk: its status, its bytes and its parsed contents (None if it is rejected)."""

    stat: Stat
    document: bytes
    manifest: Manifest | None


@dataclass(frozen=True)
class Shelf:
    """The contents of one directory that belong to no finished delivery, by path.

    Attributes
    ----------
    nwbs
        NWB files.
    texts
        Manifests.
    odd
        Entries that cannot be used as they are, each with the reason and the facts for the reason's message.
    """

    nwbs: dict[str, Stat] = field(default_factory=dict)
    texts: dict[str, Text] = field(default_factory=dict)
    odd: dict[str, tuple[Reason, dict[str, str]]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.nwbs or self.texts or self.odd)


Shelves = dict[str, Shelf]
"""Shelves by directory, relative to the drop folder, whose own key is the empty string; empty shelves are left out."""


def unreadable(directory: str, error: OSError, known: Shelves) -> Shelves:
    """Return the last known shelves of a directory that cannot be read and of those below it, and mark it as unreadable."""
    # The last known contents stay, because an unreadable directory is no evidence that its files are gone.
    odd = {directory: (Reason.UNREADABLE, {"error": str(error.strerror)})}
    below = {path: shelf for path, shelf in known.items() if path.startswith(f"{directory}/")}
    return below | {directory: replace(known.get(directory, Shelf()), odd=odd)}
