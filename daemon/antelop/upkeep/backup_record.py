"""The record of a finished backup, ``backup.json``: what it holds, and when and by what it was made."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from antelop import files
from antelop.errors import Problem, Rejected, available
from antelop.store.objects import ADDRESS

NAME = "backup.json"
LONGEST = 1 << 16  # bytes that are read at most; a record has a few hundred
SPECIFICATION = {"specification": "antelop-backup", "version": "1.0"}


@dataclass(frozen=True)
class Backup:
    """A finished backup.

    Attributes
    ----------
    began
        The time of the database's snapshot, in ISO 8601.
    software, postgresql
        The versions of antelop and of the server that made it.
    owner
        The identity of the lab.
    database, listing
        The addresses of the dump and of the list of objects.
    sessions, objects, bytes
        The number of sessions that hold a recording, and the number and total size of the objects that rows refer to.

    Raises
    ------
    ValueError
        If an address is not one of an object in a store.
    """

    began: str
    software: str
    postgresql: str
    owner: str
    database: str
    listing: str
    sessions: int
    objects: int
    bytes: int

    def __post_init__(self) -> None:
        # Another user may have changed the file, and a path in it must not lead out of the folder of the backup.
        for address in (self.database, self.listing):
            if not ADDRESS.fullmatch(address):
                raise ValueError(f"{address!r} is not the address of an object")


def read(folder: Path) -> Backup:
    """Return the finished backup in a folder.

    Raises
    ------
    Rejected
        If there is no finished backup.
    """
    try:
        document = json.loads(files.read(folder / NAME, LONGEST))
        if {name: document.pop(name) for name in SPECIFICATION} == SPECIFICATION:
            return Backup(**document)
        what = f"its {NAME} is of another version"
    except OSError as error:
        what = f"it has no {NAME} ({error.strerror}), so that no backup was finished there"
    except (ValueError, TypeError, AttributeError, KeyError):
        what = f"its {NAME} is damaged"
    remedy = "Give the folder of a finished backup; one that was interrupted is finished by `antelop backup`"
    raise Rejected([Problem("backup_unfinished", str(folder), what, remedy)])


def write(folder: Path, made: Backup) -> None:
    """Write the record of a finished backup, durably; raise `Unavailable` if it cannot be written."""
    with available(f"{folder / NAME} cannot be written"):
        files.write(folder / NAME, f"{json.dumps({**SPECIFICATION, **asdict(made)}, indent=2)}\n".encode())
