"""What came of a soak, for people and for programs."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from tests.kills.account import FAULTS
from tests.soaking.meter import Sample, lives, table

INVARIANTS = (*FAULTS, "wrongly answered", "defects", "daemon ended", "commands failed")
"""What there must be none of: the faults of the kill matrix; receipts that say something else than they are to; tracebacks in
log or ledger; ends of the daemon that nobody brought about; commands that came to what they may not come to."""


@dataclass
class Report:
    """What came of a soak.

    Attributes
    ----------
    database, seed, minutes
        What was asked for.
    load, faults, commands
        How many there were of each kind; of commands, by their exit status too.
    samples
        What the processes took.
    states, events
        How many deliveries are in each state at the end, and how often each event is in the log.
    found
        How often each of `INVARIANTS` does not hold.
    said
        That in words.
    """

    database: str
    seed: int
    minutes: float
    load: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    commands: Counter[str] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    said: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether every invariant holds."""
        return not self.found.total()

    def blame(self, invariant: str, what: str) -> None:
        """Note that an invariant does not hold."""
        self.found[invariant] += 1
        self.said.append(f"{invariant}: {what}")

    def as_text(self) -> str:
        """Return it for people."""
        return "\n".join(self._lines())

    def as_json(self) -> str:
        """Return it for programs."""
        document = vars(self) | {"samples": list(map(asdict, self.samples)), "lives": list(map(asdict, lives(self.samples)))}
        return json.dumps(document)

    def _lines(self) -> Iterator[str]:
        yield f"{self.database}, seed {self.seed}, {self.minutes:g} minutes"
        for name in ("load", "faults", "commands", "states", "events"):
            counts: Counter[str] = getattr(self, name)
            yield f"{name}: {counts.total()} ({', '.join(f'{count} {what}' for what, count in sorted(counts.items()))})"
        yield ""
        yield from table(self.samples)
        yield ""
        longest = max(lives(self.samples), key=lambda life: life.minutes)
        slope = "too short for a slope" if longest.slope is None else f"its memory (RSS) changed by {longest.slope:+.0f} KiB/h"
        yield f"the daemon's longest life: {longest.minutes:.1f} minutes, {slope}"
        yield ", ".join(f"{name} {self.found[name]}" for name in INVARIANTS)
        yield from self.said
