"""The places of the configuration, the state and the credentials."""

import os
from collections.abc import Mapping
from pathlib import Path

from antelop import files
from antelop.errors import Misconfigured, Problem

SYSTEM_FILE = Path("/etc/antelop/antelop.toml")
SYSTEM_STATE = Path("/var/lib/antelop")


class Password(str):
    """A password, whose `repr` does not show it, so that no log or traceback contains it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Password(…)"


LONGEST = 1 << 12
"""Largest number of bytes of a user name or password."""


def find(explicit: Path | None, environment: Mapping[str, str], cwd: Path) -> Path | None:
    """Return the file to load: ``--config``, ``ANTELOP_CONFIG``, ``antelop.toml`` in `cwd`, that of the system, or None.

    A file that is named explicitly is returned even if it does not exist, and an existing one even if it cannot be read. If
    another file took its place, recordings would go into a wrong database.
    """
    if explicit is not None:
        return cwd / explicit
    if named := environment.get("ANTELOP_CONFIG"):
        return cwd / named
    return next((path for path in (cwd / "antelop.toml", SYSTEM_FILE) if _is_there(path)), None)


def default_state(environment: Mapping[str, str]) -> Path:
    """Return the default state directory: that of systemd, that of the system for root, or the user's own.

    The user's own follows the XDG base directory specification: ``$XDG_STATE_HOME/antelop``, or else
    ``~/.local/state/antelop``.

    Raises
    ------
    Misconfigured
        If the environment names no home directory.
    """
    if directories := environment.get("STATE_DIRECTORY"):
        return Path(directories.split(":")[0])
    if os.geteuid() == 0:
        return SYSTEM_STATE
    state = environment.get("XDG_STATE_HOME", "")
    if state.startswith("/"):
        return Path(state, "antelop")
    if home := environment.get("HOME"):
        return Path(home, ".local", "state", "antelop")
    what = "no state directory is configured, and the environment variable HOME, under which it would be, is not set"
    raise Misconfigured([Problem("configuration", "state", what, "Set `state` to a folder of your own")])


def credentials(environment: Mapping[str, str]) -> tuple[str, Password]:
    """Return user and password of the database server: ``DB_USER`` and ``DB_PASS``, or systemd's credentials.

    These are the files ``db_user`` and ``db_pass`` in ``$CREDENTIALS_DIRECTORY`` (systemd.exec(5)).

    Raises
    ------
    Misconfigured
        If one of the two is in neither place.
    """
    found = {name: _credential(name, environment) for name in ("DB_USER", "DB_PASS")}
    # An empty password is valid. For an empty user name, drivers would take the name of the operating system's user.
    missing = [name for name, value in found.items() if value is None or (name == "DB_USER" and not value)]
    if missing:
        raise Misconfigured(
            Problem(
                "configuration",
                name,
                f"the database server asks for it, and neither the environment variable {name} nor systemd's credential "
                f"{name.lower()} is there",
                f"Set {name} in the environment, or give the service LoadCredential={name.lower()}:FILE",
            )
            for name in missing
        )
    return str(found["DB_USER"]), Password(found["DB_PASS"])


def _credential(name: str, environment: Mapping[str, str]) -> str | None:
    if name in environment:
        return environment[name]
    try:
        return files.read(Path(environment["CREDENTIALS_DIRECTORY"], name.lower()), LONGEST).decode().removesuffix("\n")
    except (KeyError, FileNotFoundError):
        return None


def _is_there(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # the file exists; loading it will report the error
        return True
    return True
