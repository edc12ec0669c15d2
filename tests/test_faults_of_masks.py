"""Mask functions that go wrong in every way, each in a real worker: its delivery is answered, and the others go in."""

from collections.abc import Callable

import pytest

from antelop.config import WorkersConfig
from antelop.lab import Lab
from antelop.lab.rigs import upload_rig_json
from antelop.worker.events import Died, Done
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
    "swells": ("hoard = b'x' * (600 << 20)", "it raised MemoryError"),
    "crashes": ("import ctypes; ctypes.string_at(0)", "its process was ended by SIGSEGV before it returned"),
    "deafens": ("import collections, itertools; collections.deque(itertools.count(), 0)", "it ran longer than 5 s"),
    "lingers": ("import os, time; os.fork() or time.sleep(60)", None),
    "commits": ("World.connection._conn.commit()", "it raised DataJointError: a mask function cannot use `commit`"),
    "unlocks": (
        "World.connection.query('SELECT pg_advisory_unlock_all()')",
        "it tried to PG_ADVISORY_UNLOCK_ALL, and may only read",
    ),
    "raves": ("return 'nonsense', None", "`data` is a str"),
}
"""What a function does, and what is said of it; nothing if its trials are right."""


def test_a_mask_that_goes_wrong_rejects_its_delivery(start: Start, lab: Lab, drop: Drop, spoil: Spoil) -> None:
    """Whatever it does, its delivery is answered by a sentence, its worker lives on, and the next delivery goes in."""
    sessions = [{**SESSION, "session_id": number, "session_name": f"day {number}"} for number in range(50, 50 + len(WRONG))]
    lab.database.Session.insert(sessions)
    for (name, (what, _)), session in zip(WRONG.items(), sessions, strict=True):
        spoil(name, what)
        drop.deliver(name, session=session["session_id"], rig=f"{name} rig", number=session["session_id"])
    drop.deliver("well")
    daemon = start(workers=WorkersConfig(count=1, mask_timeout=ENOUGH, memory=400 << 20))
    answers = {event.delivery.nwb.removesuffix(".nwb"): event.outcome for event in daemon.until_said(Done, len(WRONG) + 1)}
    assert answers.pop("well").outcome == "ingested"
    for name, (_, said) in WRONG.items():
        assert (name, answers[name].outcome) == (name, "rejected" if said else "ingested")
        assert (said or "10 trials") in answers[name].sentence
        assert drop.answer(name)["sentence"] == answers[name].sentence
    assert daemon.said(Died) == []
    assert len(lab.database.World()) == 2
