"""A row as it goes into a table and comes out of one."""

from typing import Any

Row = dict[str, Any]

TABLES = {"analog": "AnalogEvents", "digital": "DigitalEvents", "interval": "IntervalEvents", "kinematics": "Kinematics"}
"""Which table holds which data type."""
