"""The kill matrix: every step of the service, every victim, on each database, and then moments drawn at random."""

import json
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from antelop.lab import Lab
from tests.kills.account import FAULTS, Content, audit, content, settled
from tests.kills.scene import LOOK, PATIENCE, Scene, Sent, Victim, scene

MOMENT = "at a random moment"

VICTIMS: dict[str, tuple[Victim, ...]] = {
    "daemon": ("daemon", "everything", "server"),
    "worker": ("process", "daemon", "everything", "server"),
    "watcher": ("process", "daemon", "everything"),
    MOMENT: ("process", "daemon", "everything", "server"),
}
"""Of whom a kill is tried at a step of each process."""

LONGEST = 5.0
"""Seconds after which a random moment is, at most: in the middle of starting, of the work, or after it."""


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

    def rows(self) -> Iterator[tuple[str | int, ...]]:
        """Yield a row for each database and step: kills, and how much of each fault."""
        totals: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for (database, step, victim), kills in self.kills.items():
            total = totals[database, re.sub(r" #\d+$", "", step)]
            total["kills"] += kills
            total.update(self.faults[database, step, victim])
        for (database, step), total in totals.items():
            yield database, step, total["kills"], *(total[fault] for fault in FAULTS)

    def as_text(self) -> str:
        """Return the table for people, with a total."""
        rows = list(self.rows())
        sums = [sum(cast("int", row[column]) for row in rows) for column in range(2, 3 + len(FAULTS))]
        table = [("database", "step", "kills", *FAULTS), *rows, ("all", "", *sums)]
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


class Matrix:
    """The kills on one database.

    Parameters
    ----------
    scene
        The lab and its service.
    database
        What it is called in the tally.
    tally
        Is told what comes of the kills.
    """

    def __init__(self, scene: Scene, database: str, tally: Tally, choose: random.Random) -> None:
        self._scene = scene
        self._database = database
        self._tally = tally
        self._choose = choose
        self.steps, self._clean = self._run_clean()

    def plan(self) -> list[tuple[str, Victim]]:
        """Return every step with every victim, in random order, and a random moment after every fourth."""
        cells = [(step, victim) for step in self.steps for victim in VICTIMS[step.partition(":")[0]]]
        self._choose.shuffle(cells)
        planned = []
        for number, cell in enumerate(cells):
            planned.append(cell)
            if number % 4 == 3:
                planned.append((MOMENT, self._choose.choice(VICTIMS[MOMENT])))
        return planned

    def kill(self, step: str, victim: Victim) -> int:
        """Kill a victim while recordings go in, let them finish, and count what is wrong.

        Returns
        -------
        int
            How often it was killed: once at a step, not at all if no process comes to it, and twice at random moments.
        """
        scene = self._scene
        if step != MOMENT:
            scene.arm(step)
        sents = [scene.send(folder) for folder in ("kept", "moved")]
        kills = 2 if step == MOMENT else 1
        if step == MOMENT:
            for _ in range(kills):  # the second while it recovers from the first
                scene.start()
                time.sleep(self._choose.uniform(0, LONGEST))
                scene.kill(victim, self._choose.choice(scene.children() or [None]))
        else:
            process = self._await(sents)
            if process is None:  # it is one of beginning or ending
                scene.stop()
                scene.start()
                sents.append(scene.send("kept"))
                process = self._await(sents)
            if process is None:
                scene.disarm()
                return 0
            scene.kill(victim, process)
        scene.start()
        answered = self._finish(sents)
        key = (self._database, step, victim)
        self._tally.kills[key] += kills
        with Lab(scene.config, scene.environment) as lab:
            found, said = audit(scene, lab, sents, self._clean)
        if not answered:
            said.append(f"without outcome: after {PATIENCE:g} s; the service says:\n{scene.log()}")
            found["without outcome"] += 1
        self._tally.faults[key] += found
        self._tally.said += [f"{self._database}, {step}, {victim}: {each}" for each in said]
        return kills

    def _run_clean(self) -> tuple[list[str], Content]:
        """Let recordings go in undisturbed; return the steps that processes came to, and what a session holds then."""
        scene, steps = self._scene, self._scene.control / "steps"
        steps.touch()
        scene.start()
        sents = [scene.send(folder) for folder in ("kept", "moved")]
        if not self._finish(sents):
            raise TimeoutError(f"the clean run did not end; the service says:\n{scene.log()}")
        with Lab(scene.config, scene.environment) as lab:
            contents = []
            for sent in sents:
                key = (lab.database.Session & {"session_name": sent.session}).proj().fetch1()
                contents.append(content(lab.database, key, sent.number))
            if contents[0] != contents[1]:
                raise ValueError("two clean runs differ")
        seen = [step for step in dict.fromkeys(steps.read_text().splitlines()) if not re.search(r" #([4-9]|\d\d+)$", step)]
        steps.unlink()
        return seen, contents[0]

    def _await(self, sents: Sequence[Sent]) -> int | None:
        """Return the process that has come to the step; None if everything is finished without."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if process := self._scene.reached():
                return process
            if all(map(self._scene.answered, sents)):
                with Lab(self._scene.config, self._scene.environment) as lab:
                    if settled(lab, sents):
                        time.sleep(0.3)  # for what comes after
                        return self._scene.reached()
            time.sleep(LOOK)
        return None

    def _finish(self, sents: Sequence[Sent]) -> bool:
        """Return whether everything that was sent is finished in time."""
        deadline = time.monotonic() + PATIENCE
        while not all(map(self._scene.answered, sents)):
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK)
        with Lab(self._scene.config, self._scene.environment) as lab:
            while not settled(lab, sents):
                if time.monotonic() > deadline:
                    return False
                time.sleep(LOOK)
        return True


def run(databases: Sequence[str], kills: int, seconds: float, seed: int, say: Callable[[str], None]) -> Tally:
    """Kill so many times, or for so many seconds, whichever is over first: the same share of them on each database."""
    tally = Tally()
    for database in databases:
        deadline = time.monotonic() + seconds / len(databases)
        with scene(database) as stage:
            matrix = Matrix(stage, database, tally, random.Random(f"{seed} {database}"))  # noqa: S311  # it is to be repeated
            say(f"{database}: {len(matrix.steps)} steps")
            done, planned = 0, matrix.plan()
            while done < kills // len(databases) and time.monotonic() < deadline:
                step, victim = planned.pop()
                before = len(tally.said)
                killed = matrix.kill(step, victim)
                done += killed
                if not killed:
                    say(f"{database}: no process came to the step {step}")
                for each in tally.said[before:]:
                    say(each)
                planned = planned or matrix.plan()
    return tally
