"""``antelop backup``, ``restore`` and ``gc`` beside a running service: killed, run again, and what they must leave then."""

import random
import shutil
import subprocess
from collections.abc import Collection, Iterator
from itertools import count

import numpy as np

from antelop.config import Config, load
from antelop.errors import Problem
from antelop.lab import Lab
from antelop.store import Store
from antelop.store.descriptor import objects_of
from antelop.store.survey import is_whole, objects
from antelop.upkeep.backup_record import NAME, Backup, read
from antelop.upkeep.verify import verify
from tests.clocks import wall
from tests.kills.account import Content, content, differences, fault_of
from tests.kills.scene import PATIENCE, Scene

COPY = """\
state = "copy"
[analysis]
folders = ["analysis"]
"""

SAMPLE = 10
"""How many sessions of a restored copy are compared with a clean run, besides the newest; the others are only verified."""

Faults = Iterator[tuple[str, str]]
"""What is wrong, each by the name of its fault."""


class Care:
    """The commands, and what they work on.

    Parameters
    ----------
    scene
        The lab and its service. A backup of it is in ``backup``, and what is restored from that becomes the lab ``copy``.
    clean
        What a session holds after a clean run.
    """

    def __init__(self, scene: Scene, clean: Content, choose: random.Random) -> None:
        self._scene = scene
        self._clean = clean
        self._choose = choose
        self._folder = scene.folder / "backup"
        (scene.folder / "copy.toml").write_text(COPY)
        self._copy = load(scene.folder / "copy.toml", {})
        self._values, self._backups = count(), count()
        self._unreferenced: set[str] = set()
        self._before: set[str] = set()
        self._after: set[str] = set()

    def run_clean(self, commands: Collection[str]) -> None:
        """Run some of the commands undisturbed: a backup into a new folder, and another one there, and restore that."""
        wrong: list[tuple[str, str]] = []
        if "gc" in commands:
            self.prepare("gc")
            wrong += self.finish("gc")
        if {"backup", "restore"} & set(commands):
            wrong += self._back_up()
            wrong += self.finish("backup")
        if wrong:
            raise ValueError(f"what ran undisturbed ended otherwise: {wrong}")

    def prepare(self, word: str) -> None:
        """Make what a command works on; every third backup has an empty folder."""
        if word == "gc":
            with Lab(self._scene.config, self._scene.environment, wall) as lab:
                kept = [lab.store.put(np.full(5000, float(next(self._values)))) for _ in range(3)]
            self._unreferenced = {address for each in kept for address in objects_of(each.descriptor)}
        elif word == "restore":
            self._remove_copy()
            if wrong := list(self._back_up()):
                raise ValueError(f"an undisturbed backup ends otherwise: {wrong}")
        elif next(self._backups) % 3 == 0:
            shutil.rmtree(self._folder)

    def begin(self, word: str) -> subprocess.Popen[bytes]:
        """Start a command."""
        words = {"gc": ["gc", "--grace", "0s"], "verify": ["verify", "--deep"]}.get(word, [word, str(self._folder)])
        (self._scene.folder / "said").unlink(missing_ok=True)
        return self._scene.command(*words, config="copy.toml" if word in ("restore", "verify") else "antelop.toml", log="said")

    def finish(self, word: str) -> Faults:
        """Run a command again that was killed, and say what is wrong with what it leaves."""
        if word == "gc":
            yield from self._run("gc")
            left = {each.address for each in objects(Store(self._scene.config.store))}
            yield from (("left behind", f"`antelop gc` has left {address}") for address in self._unreferenced & left)
            return
        if word == "backup":
            if (self._folder / NAME).exists():
                yield from self._look_at_backup("killed")
            yield from self._back_up()
            self._remove_copy()
        yield from self._run("restore")
        yield from self._look_at_copy()

    def _back_up(self) -> Faults:
        """Back up, and take down which sessions were there before and afterwards."""
        self._before = _held(self._scene.config)
        yield from self._run("backup")
        self._after = _held(self._scene.config)
        yield from self._look_at_backup("run again")
        made, copy = read(self._folder), Store(self._folder)
        needed = {made.database, made.listing, *self._listed(made)}
        unneeded = [each.address for each in objects(copy) if each.address not in needed]
        unneeded += [path.name for path in (self._folder / "incoming").iterdir()]
        yield from (("left behind", f"{name} in the backup is not needed") for name in unneeded)

    def _run(self, word: str) -> Faults:
        """Run a command to its end; one that restores and had finished says so, and to verify it instead."""
        process = self.begin(word)
        try:
            status = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        said = (self._scene.folder / "said").read_text()
        if word == "restore" and status and "if this backup was restored here before, run `antelop verify`" in said:
            yield from self._run("verify")
        elif status:
            yield "without outcome", f"`antelop {word}` ended with exit status {status}: {said}"

    def _look_at_backup(self, when: str) -> Faults:
        """Say what is not whole in the backup that counts as finished."""
        made, copy = read(self._folder), Store(self._folder)
        for address in (made.database, made.listing, *self._listed(made)):
            if not is_whole(copy, address):
                yield "objects missing", f"{address} in a backup that was {when} is missing or altered"

    def _listed(self, made: Backup) -> list[str]:
        """Return the objects of a backup, by its own list."""
        return [line.split()[1] for line in (self._folder / made.listing).read_text().splitlines()]

    def _look_at_copy(self) -> Faults:
        """Say what is wrong with a restored copy: it verifies, and holds the sessions of the moment of its backup, whole."""
        with Lab(self._copy, {}, wall) as lab:
            problems: list[Problem] = []
            verify(lab, problems.append, lambda some, _: some)
            yield from ((fault_of(problem), f"the copy: {problem}") for problem in problems)
            keys = {each["session_name"]: each for each in (lab.database.World * lab.database.Session).to_dicts()}
            yield from (("lost", f"the copy lacks {name}") for name in self._before - set(keys))
            yield from (("partial", f"the copy has {name}, which was not committed") for name in set(keys) - self._after)
            if len(keys) != read(self._folder).sessions:
                yield "partial", f"the copy has {len(keys)} sessions, and its backup says {read(self._folder).sessions}"
            chosen = set(self._choose.sample(sorted(keys), min(SAMPLE, len(keys)))) | {max(keys, key=_number)}
            for name in chosen:
                key = {each: keys[name][each] for each in lab.database.Session.primary_key}
                for fault, what in differences(content(lab.database, key, _number(name)), self._clean):
                    yield fault, f"the copy's {name}: {what}"
        for path in (self._copy.store / "incoming").iterdir():
            yield "left behind", str(path)

    def _remove_copy(self) -> None:
        """Remove what was restored; its database ends with its last user, who may have been killed a moment ago."""
        shutil.rmtree(self._copy.state, ignore_errors=True)


def _held(config: Config) -> set[str]:
    """Return the names of the sessions that hold a recording."""
    with Lab(config, {}, wall) as lab:
        return set((lab.database.World * lab.database.Session).to_arrays("session_name"))


def _number(session: str) -> int:
    """Return a recording's number, by the name of its session."""
    return int(session.removeprefix("recording "))
