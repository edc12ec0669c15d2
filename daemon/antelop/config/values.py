"""The values of keys: each function takes a value as TOML gives it, and returns it converted, or raises `Unfit`."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import TypeVar

from antelop.wording import nearest, quoted

T = TypeVar("T")
Choice = TypeVar("Choice", bound=str)
Read = Callable[[object], T]

SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
BYTES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


class Unfit(ValueError):
    """A value that is not valid for its key: what is wrong with it, and what to write instead."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy


def text(value: object) -> str:
    """Return a text of one line that is not empty."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise Unfit(f"{quoted(value)} is not a name", 'Write a text on one line, such as "name"')
    return value


def matching(pattern: str, remedy: str) -> Read[str]:
    """Read a text that matches a pattern as a whole."""

    def read(value: object) -> str:
        if not re.fullmatch(pattern, text(value)):
            raise Unfit(f"{quoted(value)} will not do", remedy)
        return text(value)

    return read


def flag(value: object) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise Unfit(f"{quoted(value)} is neither true nor false", "Write true or false, without quotes")
    return value


def whole(least: int, most: int) -> Read[int]:
    """Read a whole number within bounds."""

    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise Unfit(f"{quoted(value)} is not a whole number from {least} to {most}", "Write one, without quotes")
        return value

    return read


def one_of(*choices: Choice) -> Read[Choice]:
    """Read one of these words."""

    def read(value: object) -> Choice:
        for choice in choices:
            if value == choice:
                return choice
        match = nearest(value, choices) if isinstance(value, str) else None
        remedy = f'Write "{match}"' if match else "Write " + " or ".join(f'"{choice}"' for choice in choices)
        raise Unfit(f"{quoted(value)} is not known here", remedy)

    return read


def duration(least: str) -> Read[float]:
    """Read a duration, such as ``10s`` or ``1h30min``, as seconds."""
    return _quantity(SECONDS, "duration", "10s, 5min or 1h30min", least)


def size(least: str) -> Read[int]:
    """Read a size, such as ``2GB`` or ``512MiB``, as bytes."""
    read = _quantity(BYTES, "size", "2GB or 512MiB", least)
    return lambda value: round(read(value))


def _quantity(units: Mapping[str, float], kind: str, examples: str, least: str) -> Read[float]:
    part = rf"(\d+(?:\.\d+)?) ?({'|'.join(units)})"

    def amount(written: str) -> float:
        return sum(float(number) * units[unit] for number, unit in re.findall(part, written, re.ASCII))

    def read(value: object) -> float:
        if not isinstance(value, str) or not re.fullmatch(rf"{part}(?: ?{part})*", value, re.ASCII):
            raise Unfit(f"{quoted(value)} is not a {kind}", f"Write numbers with units, in quotes, such as {examples}")
        if amount(value) < amount(least):
            raise Unfit(f"{quoted(value)} is too little", f"Write {least} or more")
        return amount(value)

    return read


def path(folder: Path, environment: Mapping[str, str]) -> Read[Path]:
    """Read a path: a relative one begins in the folder of the file, one with a tilde in the home folder of the user.

    The disk is not accessed and links are not followed, so that a share which hangs cannot block the
    configuration.
    """

    def read(value: object) -> Path:
        written = text(value)
        if written.startswith("~"):
            tilde, _, rest = written.partition("/")
            if tilde != "~" or "HOME" not in environment:
                raise Unfit(f"{quoted(value)} begins in a home folder that is not known", "Write it from the root, with /")
            written = f"{environment['HOME']}/{rest}"
        return Path(os.path.normpath(folder / written))

    return read


def list_of(read: Read[T]) -> Read[tuple[T, ...]]:
    """Read a list whose items are read by `read`."""

    def read_all(value: object) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise Unfit(f"{quoted(value)} is not a list", "Write a list, in square brackets")
        # All items are read, so that one message names every wrong one.
        items, unfit = [], {}
        for number, item in enumerate(value, start=1):
            try:
                items.append(read(item))
            except Unfit as error:
                unfit[f"item {number}: {error.what}"] = error.remedy
        if unfit:
            raise Unfit("; ".join(unfit), ". ".join(dict.fromkeys(unfit.values())))
        return tuple(items)

    return read_all


def experimenters(value: object) -> frozenset[str]:
    """Return the names of experimenters; the list must not be empty."""
    names = list_of(text)(value)
    if not names:
        raise Unfit("the list is empty", "Name who may deliver, or leave it out for everybody")
    return frozenset(names)


def folder_map(value: object) -> Mapping[str, str]:
    """Return folders relative to a drop folder, by absolute paths of other computers."""
    if not isinstance(value, dict):
        raise Unfit(f"{quoted(value)} is not a table", r"""Write one such as {'D:\data' = "."}""")
    found: dict[str, str] = {}
    unfit: dict[str, str] = {}
    for path, target in value.items():
        parts = PurePosixPath(target).parts if isinstance(target, str) and target.isprintable() else ("/",)
        if not (re.match(r"[A-Za-z]:[\\/]|[\\/]{2}[^\\/]|/[^/]", path) and path.isprintable()):
            unfit[f"{quoted(path)} is not an absolute path of another computer"] = (
                r"Write one such as 'D:\data', in single quotes"
            )
        elif {"/", ".."} & set(parts) or "\\" in target:
            unfit[f"{quoted(target)} is not a folder in a drop folder"] = 'Write "." for the drop folder itself, or "videos"'
        else:
            found[path] = "/".join(parts)
    if unfit:
        raise Unfit("; ".join(unfit), ". ".join(dict.fromkeys(unfit.values())))
    return found


def address(value: object) -> str:
    """Return the URL of a notification service. No message shows it, because it contains a password."""
    if not isinstance(value, str) or not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://[^/]", value):
        raise Unfit("this is not a URL as apprise writes it", "Write one such as mailto://user:password@example.org")
    return value
