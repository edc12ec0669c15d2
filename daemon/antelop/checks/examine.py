"""Finds everything that is wrong, or odd, with a delivery, in one pass.

What cannot be stored is an error, whatever the configuration says. What is odd but usable is a warning, or an error or nothing
if the configuration says so by the check's name; that never changes what is stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from antelop.checks import features, session, size, times, videos
from antelop.checks.check import Check
from antelop.checks.examined import Examined, Facts
from antelop.checks.severities import CHECKS, FIXED, Severity
from antelop.errors import MOST, Problem, first
from antelop.formats.rig import Rig
from antelop.recording.recording import Recording

_MODULES = (session, features, size, times, videos)
_ALL = [found for module in _MODULES for found in vars(module).values() if isinstance(found, Check)]


@dataclass(frozen=True)
class Findings:
    """What is wrong with a delivery, and what is odd about it but usable; of very much, what `errors.first` leaves."""

    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def examine(recording: Recording, rig: Rig, facts: Facts | None, severities: Mapping[str, Severity]) -> Findings:
    """Return everything that is wrong or odd.

    Arrays are read a block at a time, the times and interval data only, and each at most twice.

    Parameters
    ----------
    recording
        The file, open: arrays are read.
    rig
        What the file should hold.
    facts
        What the database knows; None if it is not asked, and then nothing is said of session and animals.
    severities
        By the name of a check, what it counts as instead of its default; of no effect on `FIXED`.

    Raises
    ------
    Unavailable
        If the disk or share fails while arrays are read.
    """
    examined = Examined(recording, rig, facts)
    found: dict[Severity, list[Problem]] = {"error": [], "warning": []}
    for check in _ALL:
        severity = "error" if check.name in FIXED else severities.get(check.name, CHECKS[check.name])
        if severity != "off":
            left = MOST + 1 - len(found[severity])  # as a check may look long for each
            found[severity] += [Problem(check.name, *finding) for finding in islice(check.look(examined), left)]
    return Findings(first([*found["error"], *examined.damage]), first(found["warning"]))


def examine_names(rig: Rig, facts: Facts) -> list[Problem]:
    """Return what is wrong with the session and the animals of a delivery, whatever its file holds; parameters as above."""
    examined = Examined(Recording(Path(), "", "", "", datetime.fromtimestamp(0, UTC)), rig, facts)
    checks = [found for found in vars(session).values() if isinstance(found, Check) and found.name in FIXED]
    return [Problem(check.name, *finding) for check in checks for finding in check.look(examined)]
