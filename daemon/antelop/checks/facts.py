"""What the database knows about the session and the animals of a delivery."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from antelop.formats.manifest import Key


@dataclass(frozen=True)
class Facts:
    """What the checks need to know from the database.

    Attributes
    ----------
    experiment
        Primary key of the session's experiment.
    session
        The session as the manifest names it: ``session_id`` or ``session_name``; other members are ignored.
    session_exists
        Whether the session is in the database, or is made with the delivery.
    session_timestamp
        When the session took place, in the lab's local time; None if the database has no time.
    sessions
        Names of all sessions of the experiment, by id.
    animals
        The animals as the manifest names them, in the order of the rig's animal numbers: ``animal_id`` or ``animal_name``, and
        optionally the key of their experiment.
    experiment_animals
        Names of all animals of the experiment, by id.
    """

    experiment: Mapping[str, str | int]
    session: Key
    session_exists: bool
    session_timestamp: datetime | None
    sessions: Mapping[int, str]
    animals: tuple[Key, ...]
    experiment_animals: Mapping[int, str]
