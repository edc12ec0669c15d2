"""The three ways in which an ingest does not succeed, and what is said about each.

`Rejected`: the delivery is wrong, and stays so until something changes. `Unavailable`: the world is wrong, and trying again
later is right. Any other exception is a defect of this software.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice

MOST = 100
"""How many problems are said at once: no person mends more before looking again, and hostile input would have millions."""

LONGEST = 2000
"""How many characters each text of a problem has: what it quotes comes from files, in which names and texts may be enormous."""


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong, said to a person who can mend it.

    Attributes
    ----------
    check
        Name of the check that found it (``feature_missing``), by which the configuration sets its severity.
    where
        JSON pointer into a rig or manifest (``/features/2/name``), or a path in the NWB file (``acquisition/lick``).
    what
        What is wrong, quoting the values.
    remedy
        What the person would do about it, naming the nearest match where there is one.

    Each is cut to `LONGEST` characters.
    """

    check: str
    where: str
    what: str
    remedy: str

    def __post_init__(self) -> None:
        for name, text in asdict(self).items():
            if len(text) > LONGEST:
                object.__setattr__(self, name, f"{text[: LONGEST - 1]}…")

    def __str__(self) -> str:
        return f"{self.where}: {self.what}. {self.remedy}." if self.where else f"{self.what}. {self.remedy}."

    def as_dict(self) -> dict[str, str]:
        """Return the problem as the JSON object that receipts and ``--json`` carry."""
        return asdict(self)


def first(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems; of more than `MOST`, the first, and one that says so. No more than these are looked for."""
    found = tuple(islice(problems, MOST + 1))
    if len(found) <= MOST:
        return found
    return (*found[:MOST], Problem("problems_more", "", f"there are more problems than these {MOST}", "Mend these first"))


class Rejected(Exception):
    """A delivery, rig or manifest is wrong; nothing of it was stored, and `problems` lists all that is wrong with it.

    Of more than `MOST` problems it lists the first, and one that says so.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = first(problems)
        if not self.problems:
            message = "Rejected needs at least one problem"
            raise ValueError(message)
        super().__init__(self.problems)

    @property
    def sentence(self) -> str:
        """All on one line: the first problem, and how many there are besides."""
        first, *others = self.problems
        return f"{first} (and {len(others)} more)" if others else str(first)

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return str(self.problems[0])
        return "\n".join([f"{len(self.problems)} problems:", *(f"  - {problem}" for problem in self.problems)])


class Misconfigured(Rejected):
    """The configuration is wrong, and `problems` lists every mistake by its key."""


class Unavailable(Exception):
    """Something outside is away (database, share, disk, lock); the same call may succeed later."""


@contextmanager
def gathering(problems: list[Problem]) -> Iterator[None]:
    """Add the problems of a block that is rejected to others, and go on after it: all that is wrong is said at once.

    What is wrong with the configuration is no problem of a delivery, and passes.
    """
    try:
        yield
    except Misconfigured:
        raise
    except Rejected as rejected:
        problems += rejected.problems
