"""What `tests/soak` is made of: every load and every fault once, and that it finds what is wrong."""

import itertools
import random
from collections.abc import Iterator

import pytest

from antelop.lab import Lab
from tests.clocks import wall
from tests.soaking import verdict
from tests.soaking.agenda import Act, Agenda, carry_out
from tests.soaking.commands import passes
from tests.soaking.meter import Life, Sample, lives, table
from tests.soaking.report import Report
from tests.soaking.soak import Soak
from tests.soaking.stage import Stage, stage


class Shortest(random.Random):
    """Chooses the least of what is between two numbers, so that nothing lasts longer than it must."""

    def uniform(self, a: float, b: float) -> float:  # noqa: ARG002  # as random.Random has it
        return a


@pytest.fixture(scope="module")
def soaked() -> Iterator[tuple[Stage, Soak, Report]]:
    """Give a lab on which every load and every fault was tried, once all was finished and the service has stopped."""
    report = Report("embedded", 0, 0)
    with stage("embedded", mounts=False) as scene:
        soak = Soak(scene, report, Shortest, mounts=False)
        kinds = soak.faults.kinds | soak.faults.deadly_kinds
        for load, (fault, _) in zip(itertools.cycle(soak.load.kinds), kinds.values(), strict=False):
            carry_out(load())
            carry_out(fault())
        soak.finish()
        soak.judge()
        yield scene, soak, report


def test_nothing_is_lost_whatever_comes_and_whatever_fails(soaked: tuple[Stage, Soak, Report]) -> None:
    """Each kind of delivery, with a fault after each, comes to what it is to come to."""
    _, soak, report = soaked
    assert report.said == []
    assert report.is_clean
    assert {outcome: bool(sents) for outcome, sents in soak.load.due.items()} == {
        "ingested": True,
        "already-ingested": True,
        "rejected": True,
        "taken back": True,
    }
    assert report.states["ingested"] >= len(soak.load.due["ingested"])
    assert report.events["died"]


def test_what_is_wrong_is_said(soaked: tuple[Stage, Soak, Report]) -> None:
    """A rejection without its receipt, a recording that was taken back and went in by half, a defect in the log."""
    scene, soak, _ = soaked
    report = Report("embedded", 0, 0)
    rejected = soak.load.due["rejected"][0]
    (scene.home(rejected) / "recording.receipt.json").unlink()
    soak.load.due["taken back"].append(soak.load.due["ingested"].pop())
    soak.load.due["rejected"].append(soak.load.due["ingested"].pop())
    with (scene.folder / "log").open("a") as log:
        log.write('{"event": "done", "traceback": "Traceback of a defect"}\nFatal Python error\n')
    with Lab(scene.config, scene.environment, wall) as lab:
        half = (lab.database.Session & {"session_name": soak.load.due["taken back"][-1].session}).proj().fetch1()
        (lab.database.Mask & half).delete_quick()
        verdict.judge(scene, lab, soak.load, soak._clean, report)
    verdict.read_log(scene, report)
    assert not report.is_clean
    assert (
        f"wrongly answered: {rejected.folder}/{rejected.number}, which was to be rejected: its receipt says None" in report.said
    )
    assert report.found == {"without outcome": 1, "wrongly answered": 1, "partial": 2, "duplicated": 2, "defects": 2}


def test_a_daemon_that_ends_by_itself_is_noticed(soaked: tuple[Stage, Soak, Report]) -> None:
    """One that was killed by nobody's order is started again, and that counts; one that a fault has ended does not."""
    scene, soak, report = soaked
    scene.start()
    soak.go_on()
    assert report.found["daemon ended"] == 0
    scene.kill("daemon", None)
    soak.faults.down = True
    soak.go_on()
    assert report.found["daemon ended"] == 0
    soak.faults.down = False
    soak.go_on()
    assert report.found.pop("daemon ended") == 1
    assert report.said.pop().startswith("daemon ended: ")
    assert scene.runs()
    scene.stop()


def test_acts_go_on_side_by_side_and_are_ended_in_order() -> None:
    """An act goes on when its time has come; one that is not finished puts right what it has changed."""
    said = []

    def act(name: str, *pauses: float) -> Act:
        try:
            for pause in pauses:
                said.append(name)
                yield pause
        finally:
            said.append(f"{name} ends")

    agenda = Agenda()
    agenda.begin(act("short", 0))
    agenda.begin(act("long", 0, 3600, 0))
    agenda.work()
    agenda.work()
    assert said == ["short", "long", "short ends", "long"]
    assert len(agenda) == 1
    agenda.close()
    assert said[4:] == ["long ends"]


@pytest.mark.parametrize(
    ("words", "status", "said", "may"),
    [
        ("status", 0, "", True),
        ("gc", 3, "", True),
        ("gc", 1, "", False),
        ("verify", 4, "", False),
        ("verify", 1, '{"check": "delivery_open"}\n{"outcome": "damaged"}', True),
        ("verify", 1, '{"check": "delivery_open"}\n{"check": "rows_lack"}', False),
    ],
)
def test_a_command_may_come_to_what_it_is_for_or_to_an_outage(words: str, status: int, said: str, *, may: bool) -> None:
    """A rejection, damage or a defect beside the soak is none of its faults."""
    assert passes([words], status, said) is may


def test_a_leak_shows_as_the_slope_of_the_longest_life() -> None:
    """Memory that grows by 3 MiB in an hour after the first minutes, in a daemon that was killed once."""
    values = {"daemon, RSS": 80.0, "threads": 2.0}
    samples = [
        *(Sample(minute, 7, {**values, "daemon, RSS": 80 + max(minute - 5, 0) / 20}) for minute in range(21)),
        Sample(21, 0, values),
        *(Sample(minute, 8, values) for minute in range(22, 25)),
    ]
    long, short = lives(samples)
    assert long.minutes == 20
    assert long.slope == pytest.approx(3 * 1024)
    assert short == Life(2, None)
    head, memory, threads = (" ".join(line.split()) for line in table(samples[:21]))
    assert head == "minute 0 2 4 5 7 9 11 13 15 16 18 20 | min median max"
    assert memory == "daemon, RSS 80 80 80 80 80.1 80.2 80.3 80.4 80.5 80.5 80.7 80.8 | 80 80.2 80.8"
    assert threads == "threads 2 2 2 2 2 2 2 2 2 2 2 2 | 2 2 2"
