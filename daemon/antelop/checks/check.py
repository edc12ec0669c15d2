"""Define what a check is.

A check is a generator that is named after the problem that it finds. Its docstring says in one sentence what it expects. It
yields a `Finding` for each problem; `examine` adds the check's name and severity.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from antelop.checks.examined import Examined


class Finding(NamedTuple):
    """One problem: where it is (a path in the NWB file, or a JSON pointer into the manifest), what it is, and the remedy."""

    where: str
    what: str
    remedy: str


Look = Callable[[Examined], Iterator[Finding]]


@dataclass(frozen=True)
class Check:
    """A check with its name.

    Attributes
    ----------
    name
        The name by which the configuration sets its severity.
    look
        The generator that finds the problems.
    """

    name: str
    look: Look


def check(look: Look) -> Check:
    """Turn a generator into a check; `severities` holds its name and the severity of its findings."""
    return Check(look.__name__, look)
