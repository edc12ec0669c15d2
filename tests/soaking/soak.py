"""The soak: random load and random faults for a given time, then everything is finished, and compared with what was sent."""

import random
import time
from collections.abc import Callable

from antelop.lab import Lab
from tests.clocks import wall
from tests.kills.account import Content
from tests.soaking import verdict
from tests.soaking.agenda import Act, Agenda, carry_out
from tests.soaking.commands import Commands
from tests.soaking.faults import Faults
from tests.soaking.load import Load
from tests.soaking.meter import sample
from tests.soaking.report import Report
from tests.soaking.stage import Stage, stage

COURSE = ((False, 0.6), (True, 0.1), (False, 0.2), (True, 0.1))
"""Whether the daemon's own process may end in a part of the time, and how large that is: what leaks shows only if it lives."""

EVERY = 30.0
"""Seconds from one sample to the next; less in a soak that is too short for a table of them."""

LOOK = 0.05
"""Seconds from one look at what is due to the next."""

PATIENCE = 900.0
"""Seconds in which everything must be finished at the end: what was in trouble for a while is tried again after as long."""

LAST = (("verify", "--deep"), ("gc", "--grace", "0s"), ("verify", "--deep"))
"""The commands at the end, which must succeed."""


class Soak:
    """A soak on a lab.

    Parameters
    ----------
    scene
        The lab and its service.
    report
        Is told what comes of it.
    choose
        Returns what decides about ``load``, ``faults`` or ``commands``.
    mounts
        Whether filesystems can be mounted.

    Attributes
    ----------
    load, faults, commands
        What comes.
    """

    def __init__(self, scene: Stage, report: Report, choose: Callable[[str], random.Random], *, mounts: bool) -> None:
        self._scene = scene
        self._report = report
        self._agenda = Agenda()
        self.load = Load(scene, self._agenda, choose("load"), report.load)
        self.faults = Faults(scene, self.load, choose("faults"), report.faults, mounts=mounts)
        self.commands = Commands(scene, self._agenda, self.load, choose("commands"), report)
        scene.start()
        self._clean = self._run_clean()

    def run(self, say: Callable[[str], None]) -> None:
        """Let load and faults come for as long as was asked for, and then everything finish."""
        seconds = 60 * self._report.minutes
        flows = [each.flow() for each in (self.load, self.faults, self.commands)]
        try:
            self._agenda.begin(self._measure(min(EVERY, seconds / 24)))
            for flow in flows:
                self._agenda.begin(flow)
            end = time.monotonic()
            for number, (self.faults.deadly, share) in enumerate(COURSE, 1):
                say(f"part {number} of {len(COURSE)}: the daemon {'may end' if self.faults.deadly else 'lives'}")
                end += share * seconds
                while time.monotonic() < end:
                    self.go_on()
            say("the end: everything is finished")
            for flow in flows:
                flow.close()
            while len(self._agenda) > 1:  # the measuring goes on
                self.go_on()
            self.finish()
        finally:
            self._agenda.close()

    def judge(self) -> None:
        """Stop the service; compare what is there with what was sent."""
        self._scene.stop()
        with Lab(self._scene.config, self._scene.environment, wall) as lab:
            verdict.judge(self._scene, lab, self.load, self._clean, self._report)
        for words in LAST:
            carry_out(self.commands.run(*words, beside=False))
        verdict.read_log(self._scene, self._report)

    def go_on(self) -> None:
        """Let the acts go on whose time has come; the daemon must run unless a fault has ended it."""
        self._agenda.work()
        if not self._scene.runs() and not self.faults.down:
            self._report.blame("daemon ended", self._scene.log())
            self._scene.start()
        time.sleep(LOOK)

    def finish(self) -> None:
        """Wait until everything is answered, and nothing is in the queue but what was taken back, which stays for a day.

        What has failed, for its workers were killed three times, and what was rejected is tried again before.
        """
        carry_out(self.commands.run("retry", "--all"))
        taken_back = {f"{sent.number}/recording.nwb" for sent in self.load.due["taken back"]}
        deadline = time.monotonic() + PATIENCE
        with Lab(self._scene.config, self._scene.environment, wall) as lab:
            while time.monotonic() < deadline:
                self.go_on()
                live = (lab.database.jobs & "status IN ('pending', 'reserved')").proj()
                queued = lab.database.Delivery.proj("nwb_path").restrict(live, semantic_check=False).to_arrays("nwb_path")
                if taken_back.issuperset(queued) and not self.load.unanswered():
                    return
                time.sleep(1)
        said = f"after {PATIENCE:g} s {self.load.unanswered()} are not answered, and {queued} are queued"
        self._report.blame("without outcome", f"{said}; the service says:\n{self._scene.log()}")

    def _run_clean(self) -> Content:
        """Let two recordings go in undisturbed; return what a session holds then."""
        for folder in ("kept", "moved"):
            carry_out(self.load.deliver(folder))
        deadline = time.monotonic() + PATIENCE
        while self.load.unanswered():
            if time.monotonic() > deadline or not self._scene.runs():
                raise TimeoutError(f"the clean run did not end; the service says:\n{self._scene.log()}")
            time.sleep(LOOK)
        with Lab(self._scene.config, self._scene.environment, wall) as lab:
            one, other = (verdict.session(lab, sent) for sent in self.load.due["ingested"])
        if one is None or one != other:
            raise ValueError("two clean runs differ")
        return one

    def _measure(self, every: float) -> Act:
        """Take samples until the agenda is closed."""
        began = time.monotonic()
        while True:
            answered = sum(map(len, self.load.due.values())) - len(self.load.unanswered())
            self._report.samples.append(sample(self._scene, (time.monotonic() - began) / 60, answered))
            yield every


def soak(report: Report, say: Callable[[str], None], *, mounts: bool) -> None:
    """Run the service under random load and random faults.

    Parameters
    ----------
    report
        Says what is asked for, and is told what comes of it.
    say
        Is told how far it has come.
    mounts
        Whether filesystems can be mounted.
    """
    with stage(report.database, mounts=mounts) as scene:
        whole = Soak(scene, report, lambda what: random.Random(f"{report.seed} {what}"), mounts=mounts)  # noqa: S311  # to repeat
        whole.run(say)
        whole.judge()
