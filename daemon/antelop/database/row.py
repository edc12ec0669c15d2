"""The type of a row, and how values of its JSON columns are read."""

from typing import Any

from antelop.errors import Problem

Row = dict[str, Any]

TABLES = {"analog": "AnalogEvents", "digital": "DigitalEvents", "interval": "IntervalEvents", "kinematics": "Kinematics"}
"""The table of each data type."""


def counts_in(value: object) -> dict[str, int]:
    """Return the counts by name that a JSON column holds; values that are not counts are ignored."""
    members = value.items() if isinstance(value, dict) else ()
    return {str(name): count for name, count in members if isinstance(count, int)}


def problems_in(value: object) -> tuple[Problem, ...]:
    """Return the problems that a JSON column holds; values that are not problems are ignored."""
    # A user with rights to the table may have written anything into the column.
    names = ("check", "where", "what", "remedy")
    found = [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
    return tuple(Problem(*(each[name] for name in names)) for each in found if all(isinstance(each.get(n), str) for n in names))
