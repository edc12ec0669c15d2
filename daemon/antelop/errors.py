"""The errors of an ingest: `Rejected`, `Unavailable`, and the problems that they report.

`Rejected`: the delivery is wrong, and a retry fails again until the delivery or the database changes. `Unavailable`: something
that the ingest needs cannot be reached, and a retry may succeed. Any other exception is a defect of this software.
"""

import errno
import os
import pwd
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

MOST = 100
"""Largest number of problems in one report: a person corrects no more at a time, and hostile input could have millions."""

LONGEST = 2000
"""Largest number of characters in each text of a problem: names and texts that it quotes from files may be enormous."""

_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong, described to a person who can correct it.

    Attributes
    ----------
    check
        Name of the check that found it (``feature_missing``), by which the configuration sets its severity.
    where
        JSON pointer into a rig or manifest (``/features/2/name``), or a path in the NWB file (``acquisition/lick``).
    what
        What is wrong, quoting the values.
    remedy
        What the person can do about it, with the nearest match if there is one.

    Each text is cut to `LONGEST` characters.
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
    """Return at most `MOST` problems, and if there are more, one further problem that says so.

    The iterable is consumed only as far as needed, so that the search for problems can stop early.
    """
    found = tuple(islice(problems, MOST + 1))
    if len(found) <= MOST:
        return found
    return (*found[:MOST], Problem("problems_more", "", f"there are more problems than these {MOST}", "Correct these first"))


class Rejected(Exception):
    """A delivery, rig or manifest is wrong; nothing of it was stored, and `problems` lists everything that is wrong with it.

    Of more than `MOST` problems, `problems` holds the first `MOST`, and one that says that there are more.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = first(problems)
        if not self.problems:
            message = "Rejected needs at least one problem"
            raise ValueError(message)
        super().__init__(self.problems)

    @property
    def sentence(self) -> str:
        """The first problem and the number of the others, on one line."""
        first, *others = self.problems
        return f"{first} (and {len(others)} more)" if others else str(first)

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return str(self.problems[0])
        return "\n".join([f"{len(self.problems)} problems:", *(f"  - {problem}" for problem in self.problems)])


class Misconfigured(Rejected):
    """The configuration is wrong, and `problems` lists every mistake by its key."""


class Unavailable(Exception):
    """Something that the call needs cannot be used now (database, share, disk, lock); the same call may succeed later."""


@contextmanager
def gathering(problems: list[Problem]) -> Iterator[None]:
    """Catch `Rejected` from a block and append its problems to a list, so that one report has the problems of several blocks.

    `Misconfigured` is not caught.
    """
    try:
        yield
    except Misconfigured:
        # The person who delivers cannot correct the configuration, so this must not become a rejection of the delivery.
        raise
    except Rejected as rejected:
        problems += rejected.problems


@contextmanager
def available(otherwise: str) -> Iterator[None]:
    """Turn an OSError of the block into `Unavailable`; `otherwise` is the message, to which the reason is added."""
    try:
        yield
    except OSError as error:
        raise Unavailable(f"{otherwise}: {reason(error)}") from error


def reason(error: OSError) -> str:
    """Return the message of the operating system; if access is denied, also who owns the file or folder, and who asked."""
    message = error.strerror or str(error)
    if error.errno not in _DENIED:
        return message
    # A file that is renamed has two names, and its new one is where a folder of somebody else is met first.
    for name in (error.filename2, error.filename):
        if isinstance(name, str) and Path(name).is_absolute() and (denied := _denied(Path(name))):
            return f"{message}: {denied}"
    return message


def _denied(path: Path) -> str | None:
    """Say who owns what this user may not write: the file or, up to the first one that can be looked at, the folders above."""
    for part in (path, *path.parents):
        with suppress(OSError):
            status = part.stat()
            if not os.access(part, os.W_OK, effective_ids=True):
                mode, owner, asked = stat.filemode(status.st_mode), user_name(status.st_uid), user_name(os.geteuid())
                return f"{part} belongs to {owner} ({mode}), and this runs as {asked}"
            if stat.S_ISDIR(status.st_mode):
                return None
    return None


def user_name(uid: int) -> str:
    """Return the name of a user, or ``user number …`` if the user has no name on this computer."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user number {uid}"
