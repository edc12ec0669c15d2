"""What a check is.

A check is a generator named after what it finds, whose docstring says in a sentence how things should be. It yields where
something is wrong, what, and the remedy; whoever runs it adds its name and severity.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from antelop.checks.examined import Examined

Severity = Literal["error", "warning", "off"]


class Finding(NamedTuple):
    """Where something is wrong (a path in the NWB file, or a pointer into the manifest), what, and the remedy."""

    where: str
    what: str
    remedy: str


Look = Callable[[Examined], Iterator[Finding]]


@dataclass(frozen=True)
class Check:
    """A check with its name.

    Attributes
    ----------
    look
        Finds what is wrong.
    severity
        What it counts as unless the configuration says otherwise.
    fixed
        Whether the configuration has no say, because what it finds cannot be stored.
    """

    name: str
    look: Look
    severity: Severity
    fixed: bool


def check(default: Severity) -> Callable[[Look], Check]:
    """Make a check of a generator, with a severity that the configuration can change."""
    return lambda look: Check(look.__name__, look, default, fixed=False)


def must(look: Look) -> Check:
    """Make a check of a generator whose findings are always errors, because what it finds cannot be stored."""
    return Check(look.__name__, look, "error", fixed=True)
