"""The receipt: what became of a delivery, as a file beside its manifest."""

import json
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

from antelop.manifest import stem
from antelop.outcome import Outcome


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
        descriptor = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            folder = Path(f"/proc/self/fd/{descriptor}")  # the same, whatever takes the place of its path meanwhile
            if not folder.readlink().is_relative_to(os.path.realpath(within)):
                return f"The receipt {path} could not be written: a link leads out of {within}."
            if _stored(folder / path.name) != document:
                _replace(folder / path.name, document)
        finally:
            os.close(descriptor)
    except OSError as error:
        return f"The receipt {path} could not be written: {error.strerror}."
    return None


def read(path: Path) -> dict[str, Any] | None:
    """Return what a receipt says; None if there is none, or something else in its place."""
    try:
        document = json.loads(_stored(path) or b"null")
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _text(outcome: Outcome) -> str:
    """Return the receipt as people read it: letters of every script as such, what does not print as JSON escapes it."""
    text = json.dumps(outcome.as_dict(), ensure_ascii=False, indent=2) + "\n"
    return "".join(
        character if character.isprintable() or character == "\n" else json.dumps(character)[1:-1] for character in text
    )


def _stored(path: Path) -> bytes | None:
    """Return what is in a regular file, and None if there is none by this name, or it cannot be read."""
    with suppress(OSError):
        if stat.S_ISREG(path.lstat().st_mode):
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
                return file.read()
    return None


def _replace(path: Path, document: bytes) -> None:
    # One name for each receipt, so that what is left of a writer that was killed is gone with the next one.
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(document)
            with suppress(PermissionError):  # FAT keeps no modes
                os.fchmod(descriptor, 0o600 | path.parent.stat().st_mode & 0o044)
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    with suppress(OSError):  # a folder that may be written to and not read, or a filesystem that syncs no folders
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
