"""What came of kills, counted, as a table for people and for programs."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import cast

from tests.kills.account import FAULTS


@dataclass
class Tally:
    """What came of the kills, by database, step and victim.

    Attributes
    ----------
    kills
        How many there were.
    faults
        How much is wrong after them; see `FAULTS`.
    said
        What is wrong, in words.
    """

    kills: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    faults: dict[tuple[str, str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    said: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether every count but that of the kills is zero."""
        return not any(counter.total() for counter in self.faults.values())

    def rows(self, name: Callable[[str], str]) -> Iterator[tuple[str | int, ...]]:
        """Yield a row for each database and steps of one name: kills, and how much of each fault."""
        totals: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for (database, step, victim), kills in self.kills.items():
            total = totals[database, name(step)]
            total["kills"] += kills
            total.update(self.faults[database, step, victim])
        for (database, step), total in totals.items():
            yield database, step, total["kills"], *(total[fault] for fault in FAULTS)

    def as_text(self) -> str:
        """Return the table for people: every step, then all steps of each process, then all."""
        rows = list(self.rows(lambda step: re.sub(r" #\d+$", "", step)))
        processes = [row for row in self.rows(lambda step: re.sub(r":.*", ": all steps", step)) if ":" in str(row[1])]
        sums = [sum(cast("int", row[column]) for row in rows) for column in range(2, 3 + len(FAULTS))]
        table = [("database", "step", "kills", *FAULTS), *rows, *processes, ("all", "", *sums)]
        widths = [max(len(str(row[column])) for row in table) for column in range(len(table[0]))]
        return "\n".join(
            "  ".join(f"{cell!s:<{width}}" if column < 2 else f"{cell!s:>{width}}" for column, (cell, width) in enumerate(line))
            for line in (list(zip(row, widths, strict=True)) for row in table)
        )

    def as_json(self) -> str:
        """Return every count, and what was said, for programs."""
        counts = [
            {"database": database, "step": step, "victim": victim, "kills": kills}
            | {fault: self.faults[database, step, victim][fault] for fault in FAULTS}
            for (database, step, victim), kills in self.kills.items()
        ]
        return json.dumps({"counts": counts, "said": self.said})
