"""Mask functions that go wrong in every way, each in a real worker: its delivery is answered, and the others go in."""

import re
from collections.abc import Callable

import pytest

from antelop.config import WorkersConfig
from antelop.lab import Lab
from antelop.lab.rigs import upload_rig_json
from antelop.queue import attempts, jobs
from antelop.service.service import CARE
from tests.daemons import Start
from tests.drops import RIG, Drop
from tests.labs import SCRIPT, SESSION

pytestmark = pytest.mark.parametrize("served_lab", ["postgresql"], indirect=True)

ENOUGH = 5.0
"""Seconds that a mask may take here; one that is well takes a few milliseconds."""

Spoil = Callable[[str, str], None]


@pytest.fixture
def spoil(lab: Lab) -> Spoil:
    """Give what makes a rig whose mask does something else first."""
    folder = lab.config.analysis.folders[0]

    def make(name: str, what: str) -> None:
        script = SCRIPT.replace("table_trials", name).replace("        return (", f"        {what}\n        return (")
        (folder / f"{name}.py").write_text(script)
        mask = {"name": "trials", "description": "", "function": f"{name}.{name}"}
        upload_rig_json(lab, "lab", f"{name} rig", RIG, [mask])

    return make


WRONG = {
    "loops": ("while True: pass", "it ran longer than 5 s"),
    "hoards": ("np.ones(1 << 50)", "it raised MemoryError"),
    "leaves": ("raise SystemExit('bye')", "it raised SystemExit: bye"),
    "writes": ("(IntervalEvents & key).delete_quick()", "it tried to DELETE, and may only read"),
    "raves": ("return 'nonsense', None", "`data` is a str"),
}
"""What a function does, and what is said of it."""


def test_a_mask_that_can_be_stopped_rejects_its_delivery(start: Start, lab: Lab, drop: Drop, spoil: Spoil) -> None:
    """One that loops, wants more memory than there is, exits, writes or returns nonsense; its worker lives on."""
    sessions = [{**SESSION, "session_id": number, "session_name": f"day {number}"} for number in range(50, 50 + len(WRONG))]
    lab.database.Session.insert(sessions)
    for (name, (what, _)), session in zip(WRONG.items(), sessions, strict=True):
        spoil(name, what)
        drop.deliver(name, session=session["session_id"], rig=f"{name} rig", number=session["session_id"])
    drop.deliver("well")
    daemon = start(workers=WorkersConfig(count=1, mask_timeout=ENOUGH))
    answers = {event["nwb"].removesuffix(".nwb"): event["outcome"] for event in daemon.until_said("done", len(WRONG) + 1)}
    assert answers.pop("well")["outcome"] == "ingested"
    assert {name: answer["outcome"] for name, answer in answers.items()} == dict.fromkeys(WRONG, "rejected")
    for name, (_, said) in WRONG.items():
        assert said in answers[name]["sentence"]
        assert drop.answer(name)["sentence"] == answers[name]["sentence"]
    assert daemon.said("died") == []
    assert len(lab.database.World()) == 1


LIMITS = WorkersConfig(count=1, mask_timeout=3600.0, timeout=15.0, memory=400 << 20)

FATAL = {
    "crashes": ("import ctypes; ctypes.string_at(0)", r"it was killed by signal 11"),
    "swells": ("import signal; hoard = b'x' * (600 << 20); signal.pause()", r"it used \d+ MiB of memory, more than 400 .*"),
    "deafens": ("import collections, itertools; collections.deque(itertools.count(), 0)", r"it took longer than 15 s .*"),
}
"""What a function does, and how its worker ends."""


@pytest.mark.parametrize("name", FATAL)
def test_a_mask_that_takes_its_worker_with_it_is_given_up(start: Start, lab: Lab, drop: Drop, spoil: Spoil, name: str) -> None:
    """One that crashes the interpreter, fills the memory or hears no signal: after three tries, and with an answer."""
    what, end = FATAL[name]
    spoil(name, what)
    daemon = start(workers=LIMITS)
    delivery = drop.deliver("a", rig=f"{name} rig")
    for count in (1, 2, 3):
        daemon.until_said("claimed", count)
        daemon.ahead += LIMITS.timeout + 1 if name == "deafens" else 0
        daemon.until_said("died", count)
        daemon.ahead += 2 * CARE
        daemon.until_said("done", count)
        jobs.schedule(lab.database, {"delivery_id": delivery.delivery_id}) if count < attempts.TRIES else None
        daemon.crew.nudge()
    assert [event["state"] for event in daemon.said("done")] == ["ready", "ready", "failed"]
    answer = drop.answer("a")
    assert answer["outcome"] == "failed"
    assert re.fullmatch(f"its worker was lost: {end}", answer["sentence"])
    drop.deliver("well", session=42, number=2)
    assert daemon.until_said("done", 4)[3]["state"] == "ingested"
    assert len(lab.database.World()) == 1
