"""A row as it goes into a table and comes out of one."""

from typing import Any

from antelop.errors import Problem

Row = dict[str, Any]

TABLES = {"analog": "AnalogEvents", "digital": "DigitalEvents", "interval": "IntervalEvents", "kinematics": "Kinematics"}
"""Which table holds which data type."""


def counts_in(value: object) -> dict[str, int]:
    """Return the counts by name that a column of JSON holds; a person may have written anything into it."""
    members = value.items() if isinstance(value, dict) else ()
    return {str(name): count for name, count in members if isinstance(count, int)}


def problems_in(value: object) -> tuple[Problem, ...]:
    """Return the problems that a column of JSON holds; what is no problem in it is left out."""
    names = ("check", "where", "what", "remedy")
    found = [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
    return tuple(Problem(*(each[name] for name in names)) for each in found if all(isinstance(each.get(n), str) for n in names))
