"""How messages show values: quoting, counting, the nearest match, sizes and durations."""

import json
from collections.abc import Iterable
from difflib import SequenceMatcher
from heapq import nsmallest

_SHOWN = 60
"""Largest number of characters of a value that a message shows."""

_COMPARED = 1000
"""Largest number of choices that are compared with a name."""

_COMPARED_IN_FULL = 10
"""Largest number of these that are compared completely, which takes time that grows with the square of their lengths."""

_LONGEST_COMPARED = 150
"""Largest number of characters of a name or choice that is compared."""


def quoted(value: object) -> str:
    """Return a value as a message shows it: JSON on one line, shortened, with characters that do not print escaped."""
    text = json.dumps(value, ensure_ascii=False, default=repr)
    if not text.isprintable():
        text = json.dumps(value, default=repr)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def counted(count: int, noun: str) -> str:
    """Return a count with its noun, as in ``1 mask`` and ``2 masks``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def nearest(name: str, choices: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the choice that is most like a name, or None if no choice is like it; see `alike`."""
    return next(iter(alike(name, choices, 1, cutoff)), None)


def alike(name: str, choices: Iterable[str], count: int = 3, cutoff: float = 0.6) -> list[str]:
    """Return the choices that are most like a name, ignoring case, the best first.

    The cost is limited, because names and choices come from files that may be hostile. If there are very many choices, those
    with the most similar lengths are compared, and only the likeliest of these completely. Very long ones are not compared.

    Parameters
    ----------
    name
        The name that was written.
    choices
        The names that exist.
    count
        Largest number of choices that are returned.
    cutoff
        Smallest similarity: 1 means equal, 0 means nothing in common (`difflib.SequenceMatcher.ratio`).
    """
    wanted = name.casefold()
    if len(wanted) > _LONGEST_COMPARED:
        return []
    # Choices of similar length first: the others can hardly be similar.
    short = (choice for choice in choices if len(choice) <= _LONGEST_COMPARED)
    near = nsmallest(_COMPARED, short, key=lambda choice: abs(len(choice) - len(name)))
    folded = {choice.casefold(): choice for choice in near}
    matcher = SequenceMatcher(None, "", wanted)
    bounds: list[tuple[float, int, str]] = []
    for choice in folded:
        matcher.set_seq1(choice)
        # Both are upper bounds of the ratio, and take a small part of its time.
        if matcher.real_quick_ratio() >= cutoff and (bound := matcher.quick_ratio()) >= cutoff:
            ends = _beginning(choice, wanted) + _beginning(choice[::-1], wanted[::-1])
            bounds.append((bound, ends, choice))
    # The likeliest by these bounds are compared completely; of equal ones, those with the same beginning or end.
    found: list[tuple[float, str]] = []
    for _, _, choice in sorted(bounds, reverse=True)[:_COMPARED_IN_FULL]:
        matcher.set_seq1(choice)
        if (ratio := matcher.ratio()) >= cutoff:
            found.append((ratio, choice))
    return [folded[choice] for _, choice in sorted(found, reverse=True)[:count]]


def _beginning(one: str, other: str) -> int:
    """Return the number of characters with which both texts begin."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (left, right) in pairs if left != right), min(len(one), len(other)))


def printable(text: str) -> str:
    """Return the text with characters that do not print escaped as in JSON."""
    return text if text.isprintable() else json.dumps(text)[1:-1]


def storable(text: str) -> bool:
    """Tell whether every database can store the text: PostgreSQL has no U+0000, and UTF-8 has no unpaired surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def as_size(count: float) -> str:
    """Return a number of bytes for people: ``2.1 GB``."""
    unit = "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if count < 1000:  # noqa: PLR2004  # SI prefixes
            break
        count, unit = count / 1000, larger
    return f"{count:.1f} {unit}" if count < 10 and unit != "bytes" else f"{count:.0f} {unit}"  # noqa: PLR2004  # two digits


def as_span(seconds: float) -> str:
    """Return a duration for people: ``40 min``."""
    unit = "s"
    for larger, times in (("min", 60), ("h", 60), ("days", 24)):
        if seconds < 2 * times:
            break
        seconds, unit = seconds / times, larger
    return f"{seconds:.0f} {unit}"
