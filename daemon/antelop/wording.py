"""How sentences speak of values: quoting, counting, the nearest match, sizes and spans of time."""

import json
from collections.abc import Iterable
from difflib import SequenceMatcher
from heapq import nsmallest

_SHOWN = 60
"""How many characters of a value a sentence shows."""

_COMPARED = 1000
"""How many choices are compared with a name, to find the one that was meant."""

_COMPARED_IN_FULL = 10
"""How many of these are compared in full, which takes time that grows with the square of their lengths."""

_LONGEST_COMPARED = 150
"""How many characters a name or choice may have to be compared."""


def quoted(value: object) -> str:
    """Return a value as a sentence shows it: as JSON on one line, not too long, what does not print escaped."""
    text = json.dumps(value, ensure_ascii=False, default=repr)
    if not text.isprintable():
        text = json.dumps(value, default=repr)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def counted(count: int, noun: str) -> str:
    """Return a number of things, as in ``1 mask`` and ``2 masks``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def nearest(name: str, choices: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the choice that was probably meant, or None if none is like the name; see `alike`."""
    return next(iter(alike(name, choices, 1, cutoff)), None)


def alike(name: str, choices: Iterable[str], count: int = 3, cutoff: float = 0.6) -> list[str]:
    """Return the choices that are most like a name, whatever its case, the best first.

    What it costs is bounded, because names and choices come from files that may be hostile: of very many choices those are
    compared whose lengths are most like the name's, of these the likeliest in full, and very long ones not at all.

    Parameters
    ----------
    name
        What was written.
    choices
        What could have been meant.
    count
        How many choices are returned at most.
    cutoff
        How like a choice has to be: 1 is the same, 0 has nothing in common (`difflib.SequenceMatcher.ratio`).
    """
    wanted = name.casefold()
    if len(wanted) > _LONGEST_COMPARED:
        return []
    short = (choice for choice in choices if len(choice) <= _LONGEST_COMPARED)
    near = nsmallest(_COMPARED, short, key=lambda choice: abs(len(choice) - len(name)))
    folded = {choice.casefold(): choice for choice in near}
    matcher = SequenceMatcher(None, "", wanted)
    bounds: list[tuple[float, int, str]] = []
    for choice in folded:
        matcher.set_seq1(choice)
        # Both are at least the ratio, and take a small part of the time.
        if matcher.real_quick_ratio() >= cutoff and (bound := matcher.quick_ratio()) >= cutoff:
            ends = _beginning(choice, wanted) + _beginning(choice[::-1], wanted[::-1])
            bounds.append((bound, ends, choice))
    found: list[tuple[float, str]] = []
    for _, _, choice in sorted(bounds, reverse=True)[:_COMPARED_IN_FULL]:
        matcher.set_seq1(choice)
        if (ratio := matcher.ratio()) >= cutoff:
            found.append((ratio, choice))
    return [folded[choice] for _, choice in sorted(found, reverse=True)[:count]]


def _beginning(one: str, other: str) -> int:
    """Return with how many same characters two texts begin."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (left, right) in pairs if left != right), min(len(one), len(other)))


def printable(text: str) -> str:
    """Return the text with what does not print escaped as in JSON."""
    return text if text.isprintable() else json.dumps(text)[1:-1]


def storable(text: str) -> bool:
    """Return whether every database keeps the text: PostgreSQL has no U+0000, and UTF-8 no unpaired surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def as_size(count: float) -> str:
    """Return a number of bytes as people say it: ``2.1 GB``."""
    unit = "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if count < 1000:  # noqa: PLR2004  # SI prefixes
            break
        count, unit = count / 1000, larger
    return f"{count:.1f} {unit}" if count < 10 and unit != "bytes" else f"{count:.0f} {unit}"  # noqa: PLR2004  # two digits


def as_span(seconds: float) -> str:
    """Return a span of time as people say it: ``40 min``."""
    unit = "s"
    for larger, times in (("min", 60), ("h", 60), ("days", 24)):
        if seconds < 2 * times:
            break
        seconds, unit = seconds / times, larger
    return f"{seconds:.0f} {unit}"
