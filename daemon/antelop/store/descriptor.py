"""The descriptor of an array or a file: the JSON object that a row holds in its place."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Descriptor = Mapping[str, Any]
"""What stands for an array or file in a row, as the package describes it."""


@dataclass(frozen=True)
class Kept:
    """An array or a file that a row may refer to, because it outlasts a crash.

    Attributes
    ----------
    descriptor
        What stands in the row.
    size
        How many bytes are kept for it, in the store or the row.
    """

    descriptor: Descriptor
    size: int

    def as_json(self) -> dict[str, Any]:
        """Return the descriptor as the JSON object that it is."""
        return dict(self.descriptor)


def objects_of(descriptor: Descriptor) -> set[str]:
    """Return the paths within the store of the objects that a descriptor refers to."""
    if descriptor["kind"] == "scaled":
        return objects_of(descriptor["samples"])
    return {descriptor["path"]} if "path" in descriptor else set()


def finite(**numbers: float) -> list[float]:
    """Return numbers as floats that JSON can hold."""
    for name, number in numbers.items():
        if not math.isfinite(number):
            raise ValueError(f"{name} must be a finite number, not {number}")
    return [float(number) for number in numbers.values()]
