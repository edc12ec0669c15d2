"""What became of a delivery: the object that a receipt holds and that ``--json`` prints."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal, Self

from antelop import __version__
from antelop.errors import Problem

Kind = Literal["ingested", "already-ingested", "rejected", "failed", "unavailable"]


@dataclass(frozen=True)
class Outcome:
    """What became of a delivery.

    Attributes
    ----------
    outcome
        In one word.
    sentence
        The same for a person.
    problems, warnings
        What was wrong, and what was odd but usable.
    session
        Its primary key, as far as it is known.
    rows
        How many rows went into each table.
    trials
        How many trials each mask has.
    nwb
        ``identifier``, ``object_id``, ``size`` in bytes, and ``sha256`` where it was computed.
    archived
        ``path`` and ``sha256`` of a verified copy of the file and its videos, where one was made.
    finished
        When, UTC.
    version
        Of this software.
    """

    outcome: Kind
    sentence: str
    finished: datetime
    version: str
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    session: Mapping[str, Any] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    trials: Mapping[str, int] = field(default_factory=dict)
    nwb: Mapping[str, Any] = field(default_factory=dict)
    archived: Mapping[str, str] | None = None

    @classmethod
    def of(cls, kind: Kind, sentence: str, now: datetime, problems: tuple[Problem, ...] = ()) -> Self:
        """Return an outcome that is all in its sentence and its problems, finished now."""
        return cls(kind, sentence, now, __version__, problems)

    def __str__(self) -> str:
        return "\n".join([f"{self.outcome}: {self.sentence}.", *(f"  - {said}" for said in (*self.problems, *self.warnings))])

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object of a receipt; members that say nothing are left out."""
        said = {**asdict(self), "finished": self.finished.isoformat(timespec="seconds")}
        return {name: value for name, value in said.items() if value or name in ("outcome", "sentence", "problems", "warnings")}
