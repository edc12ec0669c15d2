"""Count what is found in an array, and remember where it is first."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass
class Tally:
    """How often something was found, and the first index (-1 if it was never found)."""

    count: int = 0
    first: int = -1

    def add(self, indices: NDArray[np.intp]) -> None:
        """Count findings at these indices, which are larger than those of earlier calls."""
        if not self.count and len(indices):
            self.first = int(indices[0])
        self.count += len(indices)

    @classmethod
    def of(cls, found: NDArray[np.bool_]) -> "Tally":
        """Count the true values of an array (n,)."""
        made = cls()
        made.add(np.flatnonzero(found))
        return made
