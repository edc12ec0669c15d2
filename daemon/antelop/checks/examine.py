"""Find everything that is wrong or suspicious in a delivery, in one pass.

What cannot be stored is always an error. What is suspicious but can be stored is a warning by default; the configuration can
make it an error, or switch its check off. A severity never changes what is stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from antelop.checks import features, scale, session, size, start, tables, times, videos
from antelop.checks.check import Check
from antelop.checks.examined import Examined
from antelop.checks.facts import Facts
from antelop.checks.severities import CHECKS, FIXED, Severity
from antelop.errors import MOST, Problem, first
from antelop.formats.rig import Rig
from antelop.recording.recording import Recording

_MODULES = (session, start, features, scale, size, times, tables, videos)
_ALL = [found for module in _MODULES for found in vars(module).values() if isinstance(found, Check)]


@dataclass(frozen=True)
class Findings:
    """The errors and the warnings of a delivery, each limited by `errors.first`."""

    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def examine(recording: Recording, rig: Rig, facts: Facts | None, severities: Mapping[str, Severity], now: datetime) -> Findings:
    """Run every check, and return the errors and warnings.

    Only times, interval data, columns by which rows are chosen, texts, and integers that float64 may round are read. Each
    array is read at most three times, one block at a time unless `events.MOST_LOADED` sets memory aside for it.

    Parameters
    ----------
    recording
        The recording, with its file open.
    rig
        What the file should hold.
    facts
        What the database knows; None without a database: then session and animals are not checked.
    severities
        Severities that replace the defaults, by check name; they have no effect on the checks in `FIXED`.
    now
        The current time, with its time zone.

    Raises
    ------
    Unavailable
        If the disk or share fails while arrays are read.
    """
    # All checks share one `Examined`, so that an array that several checks need is read once.
    examined = Examined(recording, rig, facts, now)
    found: dict[Severity, list[Problem]] = {"error": [], "warning": []}
    for check in _ALL:
        severity = "error" if check.name in FIXED else severities.get(check.name, CHECKS[check.name])
        if severity != "off":
            # A hostile file can have millions of problems: stop one after the limit, which shows that there are more.
            left = MOST + 1 - len(found[severity])
            found[severity] += [Problem(check.name, *finding) for finding in islice(check.look(examined), left)]
    # Damage is known only now, because the checks do the reading.
    return Findings(first([*found["error"], *examined.damage]), first(found["warning"]))


def examine_names(rig: Rig, facts: Facts) -> list[Problem]:
    """Return the problems with the session and animals of a delivery, without reading its file; parameters as above."""
    # Used when the file cannot be read: the person then learns of wrong names at the same time. No check below reads the
    # recording, so an empty one takes its place.
    nothing = datetime.fromtimestamp(0, UTC)
    examined = Examined(Recording(Path(), "", "", "", nothing, ""), rig, facts, nothing)
    checks = [found for found in vars(session).values() if isinstance(found, Check) and found.name in FIXED]
    return [Problem(check.name, *finding) for check in checks for finding in check.look(examined)]
