"""The kill matrix: every step of the service, every victim, on each database, and then moments drawn at random."""

import random
import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress

from antelop.lab import Lab
from tests.clocks import wall
from tests.kills.account import Content, audit, content, settled
from tests.kills.care import Care
from tests.kills.scene import LOOK, PATIENCE, Scene, Sent, Victim, scene
from tests.kills.tally import Tally

MOMENT = "at a random moment"

VICTIMS: dict[str, tuple[Victim, ...]] = {
    "daemon": ("daemon", "everything", "server"),
    "worker": ("process", "daemon", "everything", "server"),
    "watcher": ("process", "daemon", "everything"),
    "recovery": ("process", "daemon", "everything"),
    "backup": ("process", "everything", "server"),
    "restore": ("process", "everything", "server"),
    "gc": ("process", "everything", "server"),
}
"""Of whom a kill is tried at a step of each process: those of the service, of the service
while it recovers from a power cut, and of the commands beside it."""

SERVICE, COMMANDS = ("daemon", "worker", "watcher", "recovery"), ("backup", "restore", "gc")

CUTS = [
    f"worker: {step}"
    for step in ("before COMMIT in _attempt", "after COMMIT in _attempt", "after _renamed", "before COMMIT in finish_attempt")
]
"""Where the power is cut, for the service to recover from that."""

RECOVERY = re.compile(
    r"\b(_answer|_archive|_launch|_move|_replace|clear|committed_outcome|finish_attempt|Orphans.finish|_renamed)\b"
)
"""What is done then, among what is done every time."""

EMBEDDED_ONLY = ("backup", "restore")
"""Commands that leave a server's database to its own tools."""

LONGEST = 5.0
"""Seconds after which a random moment is, at most: in the middle of starting, of the work, or after it."""

BRIEF = 2.0
"""Seconds after which a random moment of a command is, at most."""


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
    processes
        At whose steps they are: of `VICTIMS`.
    """

    def __init__(
        self, scene: Scene, database: str, tally: Tally, choose: random.Random, processes: Collection[str] = tuple(VICTIMS)
    ) -> None:
        self._scene = scene
        self._database = database
        self._tally = tally
        self._choose = choose
        self._processes = [
            process for process in VICTIMS if process in processes and (database == "embedded" or process not in EMBEDDED_ONLY)
        ]
        self.steps, self._clean, self._care = self._run_clean()

    def plan(self) -> list[tuple[str, Victim]]:
        """Return every step with every victim, in random order, and a random moment after every fourth."""
        cells = [(step, victim) for step in self.steps for victim in VICTIMS[_process(step)]]
        self._choose.shuffle(cells)
        planned = []
        for number, cell in enumerate(cells):
            planned.append(cell)
            if number % 4 == 3:
                process = _process(cell[0])
                moment = MOMENT if process in SERVICE else f"{process}: {MOMENT}"
                planned.append((moment, self._choose.choice(VICTIMS["worker" if process in SERVICE else process])))
        return planned

    def kill(self, step: str, victim: Victim) -> int:
        """Kill a victim while recordings go in, let them finish, and count what is wrong.

        Returns
        -------
        int
            How often it was killed: once at a step, not at all if no process comes to it, and twice at random moments.
        """
        scene, key = self._scene, (self._database, step, victim)
        command = _process(step) if _process(step) in COMMANDS else None
        if command:
            self._care.prepare(command)
        sents = [scene.send(folder) for folder in ("kept", "moved")]
        if command:
            kills = self._kill_command(command, step, victim)
        elif _process(step) == "recovery":
            kills = self._kill_recovery(step, victim, sents)
        else:
            kills = self._kill_at_random(victim) if step == MOMENT else self._kill_service(step, victim, sents)
        if not kills:
            return 0
        scene.start()
        self._tally.kills[key] += kills
        faults = list(self._care.finish(command)) if command else []
        answered = self._finish(sents)
        with Lab(scene.config, scene.environment, wall) as lab:
            found, said = audit(scene, lab, sents, self._clean)
        if not answered:
            faults.append(("without outcome", f"after {PATIENCE:g} s; the service says:\n{scene.log()}"))
        self._tally.faults[key] += found + Counter(fault for fault, _ in faults)
        said += [f"{fault}: {what}" for fault, what in faults]
        self._tally.said += [f"{self._database}, {step}, {victim}: {each}" for each in said]
        return kills

    def _kill_at_random(self, victim: Victim) -> int:
        """Kill at a random moment, and again while the service recovers from that."""
        for _ in range(2):
            self._scene.start()
            time.sleep(self._choose.uniform(0, LONGEST))
            self._scene.kill(victim, self._choose.choice(self._scene.children() or [None]))
        return 2

    def _kill_service(self, step: str, victim: Victim, sents: list[Sent]) -> int:
        """Kill when a process of the service comes to a step."""
        scene = self._scene
        scene.arm(step)
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
        return 1

    def _kill_recovery(self, step: str, victim: Victim, sents: list[Sent]) -> int:
        """Cut the power, and kill when a process comes to a step while the service recovers from that."""
        scene = self._scene
        cut = self._kill_service(self._choose.choice(CUTS), "everything", sents)
        with self._recovering():
            scene.arm(step)
            scene.start()
            process = self._await(sents)
            if process is None:
                scene.disarm()
                return cut
            scene.kill(victim, process)
        return cut + 1

    @contextmanager
    def _recovering(self) -> Iterator[None]:
        """Let the steps of the service be those of recovery."""
        mark = self._scene.control / "recovering"
        mark.touch()
        try:
            yield
        finally:
            mark.unlink()

    def _kill_command(self, command: str, step: str, victim: Victim) -> int:
        """Kill when a command comes to a step, or at a random moment of it; return 0 if it ends before."""
        scene = self._scene
        if not step.endswith(MOMENT):
            scene.arm(step)
        deadline = time.monotonic() + (self._choose.uniform(0, BRIEF) if step.endswith(MOMENT) else PATIENCE)
        process = self._care.begin(command)
        while process.poll() is None and not scene.reached() and time.monotonic() < deadline:
            time.sleep(LOOK)
        if process.poll() is not None:
            scene.disarm()
            return 0
        scene.kill(victim, process.pid)
        process.wait(PATIENCE)  # of itself, if only the server was killed
        return 1

    def _run_clean(self) -> tuple[list[str], Content, Care]:
        """Let recordings go in, and commands run, undisturbed.

        Returns
        -------
        steps
            That processes came to.
        clean
            What a session holds then.
        care
            Has been through its commands.
        """
        scene, steps = self._scene, self._scene.control / "steps"
        steps.touch()
        scene.start()
        sents = [scene.send(folder) for folder in ("kept", "moved")]
        if not self._finish(sents):
            raise TimeoutError(f"the clean run did not end; the service says:\n{scene.log()}")
        with Lab(scene.config, scene.environment, wall) as lab:
            contents = []
            for sent in sents:
                key = (lab.database.Session & {"session_name": sent.session}).proj().fetch1()
                contents.append(content(lab.database, key, sent.number))
            if contents[0] != contents[1]:
                raise ValueError("two clean runs differ")
        if "recovery" in self._processes:
            for cut in CUTS:
                sents = [scene.send(folder) for folder in ("kept", "moved")]
                self._kill_service(cut, "everything", sents)
                with self._recovering():
                    scene.start()
                    self._finish(sents)
        care = Care(scene, contents[0], self._choose)
        care.run_clean(self._processes)
        seen = [step for step in dict.fromkeys(steps.read_text().splitlines()) if not re.search(r" #([4-9]|\d\d+)$", step)]
        steps.unlink()
        ours = [step for step in seen if _process(step) in self._processes]
        return [step for step in ours if _process(step) != "recovery" or RECOVERY.search(step)], contents[0], care

    def _await(self, sents: Sequence[Sent]) -> int | None:
        """Return the process that has come to the step; None if everything is finished without."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if process := self._scene.reached():
                return process
            if all(map(self._scene.answered, sents)):
                with Lab(self._scene.config, self._scene.environment, wall) as lab:
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
        with Lab(self._scene.config, self._scene.environment, wall) as lab:
            while not settled(lab, sents):
                if time.monotonic() > deadline:
                    return False
                time.sleep(LOOK)
        return True


def run(  # noqa: PLR0913, PLR0917  # what the command takes
    databases: Sequence[str], processes: Collection[str], kills: int, seconds: float, seed: int, say: Callable[[str], None]
) -> Tally:
    """Kill so many times, or for so many seconds, whichever is over first: the same share of them on each database.

    An interrupt ends it before that; what was counted until then is returned.
    """
    tally = Tally()
    with suppress(KeyboardInterrupt):
        for database in databases:
            deadline = time.monotonic() + seconds / len(databases)
            with scene(database) as stage:
                choose = random.Random(f"{seed} {database}")  # noqa: S311  # it is to be repeated
                matrix = Matrix(stage, database, tally, choose, processes)
                say(f"{database}: {len(matrix.steps)} steps")
                _go_on(matrix, tally, kills // len(databases), deadline, say)
    return tally


def _go_on(matrix: Matrix, tally: Tally, kills: int, deadline: float, say: Callable[[str], None]) -> None:
    """Kill so many times, at every step in turn, until a time in monotonic seconds."""
    done, planned = 0, matrix.plan()
    while done < kills and time.monotonic() < deadline:
        step, victim = planned.pop()
        before = len(tally.said)
        killed = matrix.kill(step, victim)
        done += killed
        if not killed:
            say(f"no process came to the step {step}")
        for each in tally.said[before:]:
            say(each)
        planned = planned or matrix.plan()


def _process(step: str) -> str:
    """Return whose step it is; of a random moment of the service, nothing."""
    return step.rpartition(":")[0]
