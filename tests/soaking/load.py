"""What people and acquisition programs put into the drop folders, in bursts and with pauses, and what is to become of it."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

import h5py

from tests.kills.scene import ANIMALS, Sent
from tests.soaking.agenda import Act, Agenda
from tests.soaking.stage import Stage

UNKNOWN = (17, 999)
"""Animals of which the lab has only the first."""

VIDEO = "recording_camera.avi"
"""The file that a recording refers to."""

BACKLOG = 60
"""Deliveries that may wait for an answer before there is a pause."""


class Load:
    """Deliveries of every kind.

    Parameters
    ----------
    stage
        Where they go.
    agenda
        What takes time goes on there.
    choose
        Decides what comes when.
    counts
        Is told how many there were of each kind.

    Attributes
    ----------
    kinds
        What brings a delivery of each kind, and how often it comes in comparison.
    due
        What is to become of deliveries: by what their receipts are to say, or ``taken back``: nothing or a whole session.
    away
        The folders that nothing can be put into now.
    """

    def __init__(self, stage: Stage, agenda: Agenda, choose: random.Random, counts: Counter[str]) -> None:
        self.due: defaultdict[str, list[Sent]] = defaultdict(list)
        self.away: set[str] = set()
        self._open: dict[Sent, str] = {}
        self._stage = stage
        self._agenda = agenda
        self._choose = choose
        self._counts = counts
        self.kinds: Mapping[Callable[[], Act], float] = {
            self._whole: 50,
            self._slow: 10,
            self._without_video: 8,
            self._corrected: 8,
            self._rejected: 12,
            self._twice: 6,
            self._taken_back: 6,
        }

    def flow(self) -> Act:
        """Deliver for ever: now many at once, now one after the other, now nothing for a while."""
        while True:
            many = self._choose.random() < 0.4
            apart = self._choose.uniform(0, 0.3) if many else self._choose.uniform(1, 5)
            for _ in range(self._choose.randint(4, 16) if many else self._choose.randint(2, 8)):
                while len(self.unanswered()) > BACKLOG:
                    yield 2
                (kind,) = self._choose.choices(list(self.kinds), list(self.kinds.values()))
                self._counts[kind.__name__.strip("_").replace("_", " ")] += 1
                self._agenda.begin(kind())
                yield apart
            yield self._choose.uniform(0, 20)

    def unanswered(self) -> dict[Sent, str]:
        """Return the deliveries whose receipts have not said yet what they are to say, and that."""
        for sent, outcome in list(self._open.items()):
            if self._stage.answered(sent) if outcome == "ingested" else self._stage.outcome(sent) == outcome:
                del self._open[sent]
        return self._open

    def ingested(self) -> list[Sent]:
        """Return the deliveries that have gone in."""
        waiting = self.unanswered()
        return [sent for sent in self.due["ingested"] if sent not in waiting]

    def deliver(self, folder: str) -> Act:
        """Deliver a recording, its video and its manifest at once."""
        sent, made = self._stage.make(folder)
        yield from self._put(sent, made)
        self._expect("ingested", sent)

    def _whole(self) -> Act:
        return self.deliver(self._folder())

    def _slow(self) -> Act:
        """Write a recording piece by piece where it belongs; its manifest is there before or after."""
        sent, made = self._stage.make(self._folder())
        content = (made / "recording.nwb").read_bytes()
        (made / "recording.nwb").unlink()
        home, first = self._stage.home(sent), self._choose.random() < 0.5
        if not first:
            (made / "recording.manifest.json").rename(self._stage.control / f"{sent.number}.json")
        yield from self._put(sent, made)
        pieces = self._choose.randint(2, 8)
        for number in range(pieces):
            yield from self._can_reach(sent.folder)
            with (home / "recording.nwb").open("ab") as file:
                file.write(content[len(content) * number // pieces : len(content) * (number + 1) // pieces])
            yield self._choose.uniform(0, 2)
        if not first:
            yield from self._can_reach(sent.folder)
            (self._stage.control / f"{sent.number}.json").rename(home / "recording.manifest.json")
        self._expect("ingested", sent)

    def _without_video(self) -> Act:
        """Deliver a recording whose video comes later."""
        sent, made = self._stage.make(self._folder())
        (made / VIDEO).rename(self._stage.control / f"{sent.number}.avi")
        yield from self._put(sent, made)
        yield self._choose.uniform(0, 10)
        yield from self._can_reach(sent.folder)
        (self._stage.control / f"{sent.number}.avi").rename(self._stage.home(sent) / VIDEO)
        self._expect("ingested", sent)

    def _corrected(self) -> Act:
        """Deliver a manifest with a wrong animal, and correct it later, before or after it was rejected."""
        sent, made = self._stage.make(self._folder(), animals=UNKNOWN)
        yield from self._put(sent, made)
        yield self._choose.uniform(0, 10)
        yield from self._can_reach(sent.folder)
        self._stage.announce(sent, self._stage.home(sent))
        self._expect("ingested", sent)

    def _rejected(self) -> Act:
        """Deliver what cannot go in."""
        earlier = self.ingested()
        what = self._choose.choice(["animal", "manifest", "recording", *(["session", "same"] if earlier else [])])
        other = self._choose.choice(earlier) if earlier else None
        sent, made = self._stage.make(
            self._folder(),
            animals=UNKNOWN if what == "animal" else ANIMALS,
            session=other if what == "session" else None,  # which holds another recording
            recording=other if what == "same" else None,  # which another session holds
        )
        if what == "manifest":
            (made / "recording.manifest.json").write_text("{")
        if what == "recording":
            with h5py.File(made / "recording.nwb", "r+") as file:
                del file["acquisition/force"]
        yield from self._put(sent, made)
        self._expect("rejected", sent)

    def _twice(self) -> Act:
        """Deliver a recording that went in before once more, for the same session."""
        if earlier := self.ingested():
            other = self._choose.choice(earlier)
            sent, made = self._stage.make(self._folder(), recording=other, session=other)
            yield from self._put(sent, made)
            self._expect("already-ingested", sent)

    def _taken_back(self) -> Act:
        """Deliver a recording, and take it away a moment later."""
        sent, made = self._stage.make("kept")
        yield from self._put(sent, made)
        yield self._choose.uniform(0, 2)
        yield from self._can_reach("kept")
        self._stage.home(sent).rename(self._stage.control / f"{sent.number} taken back")
        self.due["taken back"].append(sent)

    def _folder(self) -> str:
        return self._choose.choice(["kept", "moved"])

    def _put(self, sent: Sent, made: Path) -> Act:
        """Put a delivery into its folder at once, when that can be reached."""
        yield from self._can_reach(sent.folder)
        made.rename(self._stage.home(sent))

    def _can_reach(self, folder: str) -> Act:
        """Wait until something can be put into a folder."""
        while folder in self.away:
            yield 0.5

    def _expect(self, outcome: str, sent: Sent) -> None:
        self.due[outcome].append(sent)
        self._open[sent] = outcome
