"""The outcome of a delivery: the object that a receipt holds and that ``--json`` prints."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal, Self

from antelop import __version__
from antelop.errors import Problem

Kind = Literal["ingested", "already-ingested", "rejected", "failed", "unavailable"]


@dataclass(frozen=True)
class Outcome:
    """The outcome of a delivery.

    Attributes
    ----------
    outcome
        The outcome in one word.
    sentence
        The same as a sentence for a person, without its full stop.
    problems, warnings
        Findings with severity ``error``, and findings with severity ``warning``.
    session
        Primary key of the session, or the part of it that is known.
    rows
        Number of inserted rows, by table name.
    trials
        Number of trials, by mask name.
    nwb
        ``identifier``, ``object_id`` and ``size`` (bytes) of the recording, and ``sha256`` if it was computed.
    archived
        ``path`` and ``sha256`` of the verified copy of the recording and its videos; None if there is no copy.
    finished
        Time at which the delivery was finished, UTC.
    version
        Version of this software.
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
        """Return an outcome, finished at `now`, that consists of a sentence and problems only."""
        return cls(kind, sentence, now, __version__, problems)

    def __str__(self) -> str:
        findings = (*self.problems, *self.warnings)
        return "\n".join([f"{self.outcome}: {self.sentence}.", *(f"  - {finding}" for finding in findings)])

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object of a receipt, without empty optional members."""
        members = {**asdict(self), "finished": self.finished.isoformat(timespec="seconds")}
        # A program that reads receipts finds these four in every one, even if they are empty.
        always = ("outcome", "sentence", "problems", "warnings")
        return {name: value for name, value in members.items() if value or name in always}
