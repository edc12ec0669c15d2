"""Why files in a drop folder are not a delivery yet: the reasons as values, and the message of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from antelop.wording import as_span


class Reason(Enum):
    """Why a file waits, and the message that says so; the facts of the case fill the braces."""

    UNSETTLED = "not settled yet: {quiet} of {settle}"
    GROWING = "still growing: {size}, {rate}/s"
    SIZE = "the manifest states {stated:,} bytes, {size:,} are here"
    UNFINISHED = "still being written or copied: its header says that it has {end:,} bytes, {size:,} are here"
    LOCKED = "open for writing: another program holds its lock"
    MARKED = "open for writing: its header says so; if its writer has crashed, look at it and run `h5clear -s` on it"
    NO_MANIFEST = "NWB here for {waited}, manifest missing"
    NO_NWB = "manifest here for {waited}, and names a file that is not here: {name}"
    MISNAMED = "manifest here for {waited}, and names a file that is not here: {name}; is it {nearest}?"
    CONTESTED = "{count} manifests name this file: {manifests}; remove all but one"
    ESCAPING = "it is a link that leads out of the drop folder; put the file itself here"
    LINKED = "it is a link to a folder, which is not followed; put the folder itself here"
    MISENCODED = "its name is not valid UTF-8; rename it"
    LONG = "its path in the drop folder has more than {most} characters; rename it, or move it up"
    UNREADABLE = "it cannot be read: {error}"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file in a drop folder that waits; two values are equal if nothing about the wait has changed.

    Attributes
    ----------
    path
        Path of the file, relative to the folder.
    reason
        Why the file waits.
    since
        Time of the first look that found the file, in monotonic seconds.
    facts
        Values for the reason's message; ``changed`` is the time of the last change, in monotonic seconds.
    others
        The files that wait with this one: its manifest, or its NWB file.
    """

    path: str
    reason: Reason
    since: float
    facts: Mapping[str, Any] = field(default_factory=dict)
    others: tuple[str, ...] = ()

    def sentence(self, now: float) -> str:
        """Return the message for a person; `now` is in monotonic seconds."""
        quiet = as_span(now - self.facts.get("changed", self.since))
        return self.reason.value.format(waited=as_span(now - self.since), quiet=quiet, **self.facts)
