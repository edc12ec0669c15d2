"""What the directories of a drop folder hold that has not been dealt with."""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from antelop.dropfolder.settle import Stat
from antelop.dropfolder.waiting import Reason
from antelop.formats.manifest import Manifest


class Text(NamedTuple):
    """A manifest on disk: its bytes, and what they say (None if it is rejected)."""

    stat: Stat
    document: bytes
    manifest: Manifest | None


@dataclass(frozen=True)
class Shelf:
    """What one directory holds that has not been dealt with, by path.

    Attributes
    ----------
    nwbs
        NWB files.
    texts
        Manifests.
    odd
        What cannot be used as it is: why, and what there is to say about it.
    """

    nwbs: dict[str, Stat] = field(default_factory=dict)
    texts: dict[str, Text] = field(default_factory=dict)
    odd: dict[str, tuple[Reason, dict[str, str]]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.nwbs or self.texts or self.odd)


Shelves = dict[str, Shelf]
"""By directory, relative to the drop folder, which is the empty string itself; empty ones are left out."""


def unreadable(directory: str, error: OSError, known: Shelves) -> Shelves:
    """Return what a directory that cannot be read was known to hold, and what those below it were."""
    odd = {directory: (Reason.UNREADABLE, {"error": str(error.strerror)})}
    below = {path: shelf for path, shelf in known.items() if path.startswith(f"{directory}/")}
    return below | {directory: replace(known.get(directory, Shelf()), odd=odd)}
