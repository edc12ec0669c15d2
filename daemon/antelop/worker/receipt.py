"""The receipt: a file next to the manifest that holds the outcome of a delivery."""

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
"""Maximum number of bytes that are read of a receipt. A longer file is not from this software."""


def path_for(manifest: Path) -> Path:
    """Return the path of a manifest's receipt: ``X.receipt.json`` for ``X.manifest.json`` and for ``X.json``."""
    return manifest.with_name(f"{stem(manifest.name)}.receipt.json")


def write(path: Path, outcome: Outcome, within: Path) -> str | None:
    """Write a receipt, whole or not at all.

    Users that may read the folder may read the receipt. A receipt with the same content is not written again. A link in its
    place is replaced and not followed, and no folder is entered through a link that leads out of the drop folder: any user who
    may write the folder can have made such a link.

    Parameters
    ----------
    path
        From `path_for`.
    outcome
        The outcome that it holds.
    within
        The drop folder.

    Returns
    -------
    str or None
        Why it could not be written, in a sentence. It is not an exception, because the delivery does not fail with its receipt.
    """
    document = _text(outcome).encode()
    try:
        with Directory(within) as folder, folder.below(os.path.relpath(path.parent, within)) as place:
            if _stored(place, path.name) != document:
                _replace(place, path.name, document)
    except OSError as error:
        return f"The receipt {path} could not be written: {error.strerror}."
    return None


def read(path: Path, within: Path | None = None) -> dict[str, Any] | None:
    """Return the contents of a receipt; None if there is none, or if the file is not a receipt.

    Parameters
    ----------
    path
        From `path_for`.
    within
        The drop folder; None: the folder that it is in.
    """
    within = within or path.parent
    try:
        with Directory(within) as folder, folder.below(os.path.relpath(path.parent, within)) as place:
            document = json.loads(_stored(place, path.name) or b"null")
    except (OSError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _text(outcome: Outcome) -> str:
    """Return the text of a receipt: letters of every script as they are, and characters that do not print as JSON escapes."""
    text = json.dumps(outcome.as_dict(), ensure_ascii=False, indent=2) + "\n"
    return "".join(
        character if character.isprintable() or character == "\n" else json.dumps(character)[1:-1] for character in text
    )


def _stored(folder: Directory, name: str) -> bytes | None:
    """Return the contents of a regular file that is not longer than a receipt; None if there is none, or a link."""
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
