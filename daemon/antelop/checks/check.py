"""What a check is.

A check is a generator named after what it finds, whose docstring says in a sentence how things should be. It yields where
something is wrong, what, and the remedy; `examine` adds its name and severity.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from antelop.checks.examined import Examined


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
    """

    name: str
    look: Look


def check(look: Look) -> Check:
    """Make a check of a generator; `severities` has its name, and what its findings count as."""
    return Check(look.__name__, look)
