"""A day in small: three hundred deliveries in every order, right and wrong, with the daemon stopped and started midway."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from antelop.config import WorkersConfig
from antelop.lab import Lab
from antelop.lab.rigs import upload_rig_json
from tests.daemons import Daemon, Start
from tests.drops import Drop

FOLDERS = ("rig-1", "rig-2", "rig-3")
DELIVERIES = 300
FORAGING = Path(__file__).parents[1] / "config" / "rigs" / "foraging.json"


class Day:
    """What is dropped over a day, and what should come of it.

    Attributes
    ----------
    expected
        The outcome of each delivery, by folder and stem; None for one that has to wait.
    """

    def __init__(self, drops: list[Drop]) -> None:
        self.expected: dict[tuple[Drop, str], str | None] = {}
        self._drops = drops
        self._unfinished: list[tuple[Path, bytes]] = []

    def drop(self, number: int) -> None:
        """Deliver once more: in another order, and wrong in another way, than the time before."""
        drop, stem, session = self._drops[number % 3], f"{number:03}", f"session {number}"
        key = (drop, stem)
        match number % 10:
            case 4:  # both at once, in a folder that is moved in
                stem = f"{stem}/{stem}"
                key, elsewhere = (drop, stem), Drop(replace(drop.config, path=drop.path.with_name("made")), drop.prototype)
                elsewhere.deliver(stem, session, number)
                (elsewhere.path / f"{number:03}").rename(drop.path / f"{number:03}")
                self.expected[key] = "ingested"
            case 5:  # which need not settle
                drop.record(stem, number)
                drop.note(stem, session, **drop.prove(stem))
                self.expected[key] = "ingested"
            case 6:  # whose manifest never comes
                drop.record(stem, number)
                self.expected[key] = None
            case 7:  # of an animal that nobody knows
                drop.deliver(stem, session, number, animals=[{"animal_name": "m99"}])
                self.expected[key] = "rejected"
            case 8:  # written half, and later whole
                path = drop.record(stem, number)
                content = path.read_bytes()
                path.write_bytes(content[: len(content) // 2])
                self._unfinished.append((path, content))
                drop.note(stem, session)
                self.expected[key] = "ingested"
            case 9:  # that is no recording at all
                (drop.path / f"{stem}.nwb").write_text("a shopping list")
                drop.note(stem, session)
                self.expected[key] = "rejected"
            case order if order % 2:  # manifest first
                drop.note(stem, session)
                drop.record(stem, number)
                self.expected[key] = "ingested"
            case _:
                drop.record(stem, number)
                drop.note(stem, session)
                self.expected[key] = "ingested"

    def drop_real(self, number: int, path: Path) -> None:
        """Deliver a recording that another lab made."""
        drop, stem = self._drops[number % 3], f"real-{number}"
        shutil.copyfile(path, drop.path / f"{stem}.nwb.part").rename(drop.path / f"{stem}.nwb")
        drop.note(stem, f"real {number}", rig="foraging")
        self.expected[drop, stem] = "ingested"

    def finish(self) -> None:
        """Write the rest of what was written half."""
        for path, content in self._unfinished:
            with path.open("ab") as file:
                file.write(content[len(content) // 2 :])
        self._unfinished.clear()

    def answered(self, count: int) -> bool:
        """Tell whether so many deliveries were answered."""
        return sum(drop.receipt(stem).exists() for drop, stem in self.expected) >= count

    @staticmethod
    def outcome(drop: Drop, stem: str) -> Any:
        """Return what a delivery was answered; None if it was not."""
        return drop.answer(stem)["outcome"] if drop.receipt(stem).exists() else None


def let_it_work(daemon: Daemon, day: Day, count: int) -> None:
    """Let the daemon answer so many deliveries, a part at a time, for each part has its own patience."""
    for so_far in (*range(20, count, 20), count):
        daemon.until(partial(day.answered, so_far))


def test_a_day_in_small(lab: Lab, dropping: Callable[..., Drop], start: Start, recordings: Path) -> None:
    """Every delivery has exactly the outcome that it should, and the database holds exactly the good ones, each once."""
    upload_rig_json(lab, "lab", "foraging", json.loads(FORAGING.read_text()), [])
    day = Day([dropping(name, create_sessions=True) for name in FOLDERS])
    daemon = start(workers=WorkersConfig(count=2))
    for number in range(DELIVERIES // 2):
        day.drop(number)
    let_it_work(daemon, day, 60)
    daemon.stop(lambda: False)
    for number in range(DELIVERIES // 2, DELIVERIES):
        day.drop(number)
    real = sorted(recordings.glob("69*.nwb")) + sorted(recordings.glob("70*.nwb"))
    for number, path in enumerate(real):
        day.drop_real(number, path)
    day.finish()
    again = start(workers=WorkersConfig(count=2))
    let_it_work(again, day, sum(expected is not None for expected in day.expected.values()))
    assert {key: day.outcome(*key) for key in day.expected} == day.expected
    waiting = {(folder["folder"], folder["path"]) for folder in again.written()["waiting"]}
    assert waiting == {(drop.config.name, f"{stem}.nwb") for (drop, stem), outcome in day.expected.items() if outcome is None}
    good = sorted(
        stem.replace("real-", "real ") if stem.startswith("real") else f"session {int(stem[-3:])}"
        for (_, stem), outcome in day.expected.items()
        if outcome == "ingested"
    )
    held = (lab.database.Session * lab.database.World.proj()).to_arrays("session_name")
    assert sorted(held) == good
    assert len(lab.database.Ingestion()) == len(good)
