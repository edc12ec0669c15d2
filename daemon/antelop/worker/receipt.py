"""The receipt: what became of a delivery, as a file beside its manifest."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from antelop.directory import Directory
from antelop.files import FLAGS, RegularFile
from antelop.formats.manifest import stem
from antelop.outcome import Outcome

LONGEST = 1 << 24
"""How many bytes of a receipt are read; what is longer was written by others, whatever its name is."""


def path_for(manifest: Path) -> Path:
    """Return where a manifest's receipt is: ``X.manifest.json`` and ``X.json`` have ``X.receipt.json``."""
    return manifest.with_name(f"{stem(manifest.name)}.receipt.json")


def write(path: Path, outcome: Outcome, within: Path) -> str | None:
    """Write a receipt, whole or not at all.

    Who may read the folder may read the receipt. One that says the same already is left as it is. A link in its place is
    replaced, not followed, and one that leads out of the drop folder is not followed at all: what is there was put there by
    others.

    Parameters
    ----------
    path
        From `path_for`.
    outcome
        What it says.
    within
        The drop folder.

    Returns
    -------
    str or None
        Why it could not be written, in a sentence, for a delivery does not fail for that.
    """
    document = _text(outcome).encode()
    try:
        with Directory(within) as folder, folder.below(os.path.relpath(path.parent, within)) as beside:
            if _stored(beside, path.name) != document:
                _replace(beside, path.name, document)
    except OSError as error:
        return f"The receipt {path} could not be written: {error.strerror}."
    return None


def read(path: Path, within: Path | None = None) -> dict[str, Any] | None:
    """Return what a receipt says; None if there is none, or something else in its place.

    Parameters
    ----------
    path
        From `path_for`.
    within
        The drop folder; None: the folder that it is in.
    """
    within = within or path.parent
    try:
        with Directory(within) as folder, folder.below(os.path.relpath(path.parent, within)) as beside:
            document = json.loads(_stored(beside, path.name) or b"null")
    except (OSError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _text(outcome: Outcome) -> str:
    """Return the receipt as people read it: letters of every script as such, what does not print as JSON escapes it."""
    text = json.dumps(outcome.as_dict(), ensure_ascii=False, indent=2) + "\n"
    return "".join(
        character if character.isprintable() or character == "\n" else json.dumps(character)[1:-1] for character in text
    )


def _stored(folder: Directory, name: str) -> bytes | None:
    """Return what is in a regular file that is no longer than a receipt; None if there is none right under this name."""
    with suppress(OSError):
        descriptor = os.open(name, FLAGS | os.O_NOFOLLOW, dir_fd=folder.descriptor)
        with RegularFile(descriptor, folder.path / name) as file:
            return file.whole(LONGEST)
    return None


def _replace(folder: Directory, name: str, document: bytes) -> None:
    with folder.writing(name) as file:
        with suppress(PermissionError):  # FAT keeps no modes
            os.fchmod(file.fileno(), 0o600 | os.fstat(folder.descriptor).st_mode & 0o044)
        file.write(document)
