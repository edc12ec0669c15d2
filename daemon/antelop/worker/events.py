"""The messages between a worker and its service. They are matched by type, so that a misspelt one is a type error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from antelop.database.row import Row
from antelop.outcome import Outcome


@dataclass(frozen=True)
class Orders:
    """What the service tells a worker to do. New orders replace earlier ones.

    Attributes
    ----------
    folders
        Names of the drop folders to take deliveries from.
    deaths
        The outcomes of attempts whose worker process the service saw end, by delivery.
    reconsider
        Whether to compare the inputs of rejected deliveries.
    retry
        Whether the service has just reached the database, so that the worker need not wait for its backoff.
    """

    folders: Sequence[str]
    deaths: Mapping[str, Outcome] = field(default_factory=dict)
    reconsider: bool = False
    retry: bool = False


@dataclass(frozen=True)
class DeliveryName:
    """The names of a delivery.

    Attributes
    ----------
    delivery_id
        Its id in the ledger.
    folder
        Name of its drop folder.
    manifest, nwb
        Paths of its manifest and its recording in the drop folder.
    """

    delivery_id: str
    folder: str
    manifest: str
    nwb: str

    @classmethod
    def of(cls, row: Row) -> Self:
        """Return the names of a delivery from its row in the ledger."""
        return cls(row["delivery_id"], row["folder"], row["manifest_path"], row["nwb_path"])


@dataclass(frozen=True)
class Ready:
    """The worker has connected to the database, and takes orders."""


@dataclass(frozen=True)
class DatabaseAway:
    """The database cannot be used."""

    sentence: str


@dataclass(frozen=True)
class DatabaseBack:
    """The database can be used again."""


@dataclass(frozen=True)
class Untrusted:
    """An untrusted user could have written a script that would run: nothing is ingested."""

    sentence: str


@dataclass(frozen=True)
class Trusted:
    """Only trusted users can write the scripts that run."""


@dataclass(frozen=True)
class Claimed:
    """The worker works on this delivery now."""

    delivery: DeliveryName


@dataclass(frozen=True)
class Done:
    """An attempt has ended, and its outcome is recorded.

    Attributes
    ----------
    delivery
        The delivery.
    state
        The state of the delivery after the attempt.
    outcome
        The outcome of the attempt.
    seconds
        How long the attempt took; None if no worker made it.
    traceback
        Of a defect of this software, or None.
    """

    delivery: DeliveryName
    state: str
    outcome: Outcome
    seconds: float | None = None
    traceback: str | None = None


@dataclass(frozen=True)
class Skipped:
    """The delivery was superseded, or its session was removed, while it was in the queue: its job is removed."""

    delivery: DeliveryName
    state: str


@dataclass(frozen=True)
class Missing:
    """Files of a delivery are missing; `sought` tells whether the delivery is retried."""

    delivery: DeliveryName
    sought: bool


@dataclass(frozen=True)
class VideosUnsettled:
    """The delivery waits until these videos in its drop folder have settled."""

    delivery: DeliveryName
    paths: Sequence[str]


@dataclass(frozen=True)
class Answered:
    """The receipt is written that could not be written when the outcome was recorded."""

    delivery: DeliveryName


@dataclass(frozen=True)
class Postponed:
    """The receipt could not be written again, and is retried."""

    delivery: DeliveryName
    sentence: str


@dataclass(frozen=True)
class Unanswered:
    """The receipt could not be written: when the outcome was recorded, or for a day, after which it is not retried."""

    delivery: DeliveryName
    sentence: str


@dataclass(frozen=True)
class Defect:
    """An exception that is a defect of this software, or that an odd row has caused.

    Attributes
    ----------
    sentence
        What could not be worked on, and why; empty if the delivery's outcome tells it.
    traceback
        Of the exception.
    delivery_id
        The delivery, if the exception concerns one.
    """

    sentence: str
    traceback: str
    delivery_id: str | None = None


@dataclass(frozen=True)
class OddRow:
    """A row of this delivery is not as this software writes it."""

    delivery: DeliveryName
    sentence: str


@dataclass(frozen=True)
class Compared:
    """All rejected deliveries were compared with their inputs.

    Attributes
    ----------
    outdated
        The mask functions whose version in the database differs from the one in the analysis folders.
    """

    outdated: Sequence[str]


@dataclass(frozen=True)
class Died:
    """A worker process has died; the service says so, because the worker cannot.

    Attributes
    ----------
    delivery
        The delivery that it worked on, or None.
    sentence
        How it ended.
    """

    delivery: DeliveryName | None
    sentence: str


Completed = Done | Skipped | Missing | VideosUnsettled | Answered | Postponed | Unanswered
"""The events that end the work on a claimed delivery."""

Event = Completed | Ready | DatabaseAway | DatabaseBack | Untrusted | Trusted | Claimed | Defect | OddRow | Compared | Died
"""All events that a worker sends to the service."""
