"""The service's commands: what people and programs read, and the exit status that says what came of it."""

import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from antelop.cli import main
from antelop.cli.terminal import Terminal
from antelop.lab import Lab
from antelop.outcome import Outcome
from antelop.queue import deliveries, jobs
from antelop.service.explain import AGAIN
from antelop.service.status import Status
from antelop.upkeep.removal import remove
from antelop.worker import Worker
from antelop.worker.events import DeliveryName, Done
from tests.clocks import NOW, still
from tests.commands import Run
from tests.daemons import PATIENCE, Gate
from tests.drops import Drop
from tests.labs import SESSION

pytestmark = pytest.mark.parametrize("served_lab", ["postgresql"], indirect=True)


@pytest.fixture
def configuration(lab: Lab, drop: Drop, tmp_path: Path) -> Path:
    """Give a configuration file of the lab, with a state directory of its own."""
    (lab.config.state / "status.json").unlink(missing_ok=True)
    lines = [f'state = "{lab.config.state}"', "[store]", f'location = "{lab.config.store}"']
    lines += ["[analysis]", f'folders = ["{lab.config.analysis.folders[0]}"]']
    lines += ["[[folders]]", f'path = "{drop.path}"', "[workers]", 'mask_timeout = "1h"']
    path = tmp_path / "antelop.toml"
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def antelop(configuration: Path) -> Run:
    """Run a command line on the lab."""
    return lambda *words: CliRunner().invoke(
        main, [*words, "--config", str(configuration)], obj=Terminal(clock=still), prog_name="antelop"
    )


def test_status_of_a_service_that_never_ran(antelop: Run, lab: Lab) -> None:
    """There is nothing to show."""
    result = antelop("status")
    assert result.exit_code == 3
    sentence = f"the service has never run with {lab.config.state} as its state directory"
    assert result.stderr == f"unavailable  {sentence}\n"


def test_status_for_people_and_for_programs(antelop: Run, lab: Lab) -> None:
    """Everything that there is to know, in tables or as it was written; the exit status says whether the service runs."""
    waiting: dict[str, Any] = {
        "folder": "rig-2",
        "path": "b.nwb",
        "others": [],
        "rule": "no_manifest",
        "since": "2026-11-22T09:00:00+00:00",
    }
    job = {"delivery_id": "a" * 32, "folder": "rig-2", "manifest": "c.manifest.json", "nwb": "c.nwb"}
    status = Status(lab.config.state, still)
    status.database, status.queue, status.outdated = None, {"total": 1}, ["licking.table_trials"]
    outcome = Outcome.of("ingested", "session lab/1/41: 2 features, 10 trials in trials", NOW)
    status.note(Done(DeliveryName("b" * 32, "rig-2", "a.manifest.json", "a.nwb"), "ingested", outcome))
    more: dict[str, Any] = {
        "folders": [
            {"name": "rig-2", "path": "/srv/rig-2", "absent": None, "watching": "events", "because": ""}
            | {"settle": 10.0, "scanned": 16, "entries": 2},
            {"name": "rig-3", "path": "/srv/rig-3", "absent": "there is no such folder"},
        ],
        "waiting": [{**waiting, "reason": "NWB here for 40 min, manifest missing"}],
        "workers": [
            {"process": 17, "seconds": 8, "done": 3, "memory": 92_000_000, "delivery": job},
            {"process": 18, "seconds": 130, "done": 0, "memory": 91_000_000, "delivery": None},
        ],
        "notices": {"queued": 0, "dropped": 0, "sent": 0, "failed": 1, "failing": ["1: mailto"]},
    }
    status.write(**more)
    result = antelop("status")
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    written = json.loads((lab.config.state / "status.json").read_text())
    since = datetime.fromisoformat(written["started"]).astimezone()
    finished = datetime.fromisoformat(outcome.finished.isoformat()).astimezone()
    waited = datetime.fromisoformat(waiting["since"]).astimezone()
    assert [line for line in lines if set(line) - set("─ ")] == [
        f"antelop 0.1.0 runs since {since:%Y-%m-%d %H:%M} as process {written['process']}",
        "1 queued, 1 ingested; 1 in the last hour",
        "mask function licking.table_trials is not the version that the rig was uploaded with: upload the rig again",
        "notification service 1: mailto did not take the last message",
        "folder state settle scanned entries",
        "rig-2 events 10 s 16 s ago 2",
        "rig-3 there is no such folder",
        "waits since why",
        f"rig-2: b.nwb {waited:%m-%d %H:%M:%S} NWB here for 40 min, manifest missing",
        "worker does for done memory",
        "17 c.nwb 8 s 3 92 MB",
        "18 waits 2 min 0 91 MB",
        "last outcome at that is",
        f"rig-2: a.nwb ingested {finished:%m-%d %H:%M:%S} session lab/1/41: 2 features, 10 trials in trials",
    ]
    assert json.loads(antelop("status", "--json").stdout) == {**written, "running": True, "warnings": []}
    status.write(stopped=True, **more)
    stopped = antelop("status")
    assert stopped.exit_code == 3
    assert stopped.stdout.startswith("antelop does not run; it was last heard of at ")


def test_status_warns_of_a_configuration_that_everybody_may_read(antelop: Run, configuration: Path, lab: Lab) -> None:
    """The URLs of notices hold passwords: people and programs are told who may read them, and what to do."""
    Status(lab.config.state, still).write(folders=[], waiting=[], workers=[], notices={"failing": []})
    with configuration.open("a") as file:
        file.write('\n[notify]\nurls = ["mailtos://ada:canary@lab.example.org"]')
    configuration.chmod(0o644)
    (warning,) = json.loads(antelop("status", "--json").stdout)["warnings"]
    assert warning["what"] == "every user of this machine can read the passwords in its URLs"
    assert warning["remedy"] == f"Let only the service's group read it: `chmod o= {configuration}`"
    shown = antelop("status").stdout
    assert f"  warning  {configuration}: notify.urls: {warning['what']}\n" in shown
    assert "canary" not in shown
    subprocess.run(["/bin/sh", "-c", warning["remedy"].split("`")[1]], check=True)
    assert "warning" not in antelop("status").stdout


def test_a_crowd_that_waits_is_listed_in_part(antelop: Run, lab: Lab) -> None:
    """Those that wait for longest are, and how many there are besides; to programs all are."""
    began = datetime(2026, 11, 22, 9, tzinfo=UTC)
    facts: dict[str, Any] = {"folder": "rig-2", "others": [], "rule": "unsettled", "reason": "not settled yet"}
    waiting = [
        {**facts, "path": f"{minute}.nwb", "since": (began - timedelta(minutes=minute)).isoformat()} for minute in range(40)
    ]
    Status(lab.config.state, still).write(folders=[], waiting=waiting, workers=[], notices={"failing": []})
    lines = antelop("status").stdout.splitlines()
    listed = [line.split()[1] for line in lines if line.startswith("rig-2: ")]
    assert listed == [f"{minute}.nwb" for minute in range(39, 9, -1)]
    assert lines[-1] == "and 10 more, not as long; `antelop status --json` lists all"
    assert len(json.loads(antelop("status", "--json").stdout)["waiting"]) == 40


def test_a_service_that_has_not_written_for_long_does_not_run(antelop: Run, lab: Lab) -> None:
    """Whatever process has its number by now."""
    status = Status(lab.config.state, still)
    status.write(folders=[], waiting=[], workers=[], notices={"failing": []})
    path = lab.config.state / "status.json"
    document = json.loads(path.read_text())
    document["written"] = (NOW - timedelta(minutes=2)).isoformat()
    path.write_text(json.dumps(document))
    assert antelop("status", "--json").exit_code == 3


def test_explain_says_what_holds_a_file_and_what_releases_it(antelop: Run, lab: Lab, drop: Drop) -> None:
    """With every problem and its remedy; programs get the same as an object."""
    deliveries.enqueue(lab.database, drop.deliver("a", session=99), NOW)
    assert Worker(lab, lambda _: None).work()
    result = antelop("explain", str(drop.path / "a.nwb"))
    assert result.exit_code == 0
    what = "/session/session_id: session 99 is not in the database"
    remedy = "Add it, or name one that experiment 1 has: 41, 42, 43, 44"
    assert result.stdout.splitlines() == [
        "rejected  a.nwb: 1 problem",
        f"  problem  {what}",
        f"           {remedy}",
        f"  release  {AGAIN}",
    ]
    document = json.loads(antelop("explain", str(drop.path / "a.nwb"), "--json").stdout)
    assert (document["outcome"], document["problems"][0]["check"]) == ("rejected", "session_unknown")
    assert antelop("explain", str(drop.path / "a.receipt.json")).stdout.splitlines() == [
        "receipt  a.receipt.json: it is a receipt, which antelop has written"
    ]


def test_retry_puts_back_what_was_answered(antelop: Run, lab: Lab, drop: Drop) -> None:
    """One by its path, or all that was rejected or has failed; what was removed goes in again."""
    dropped = [drop.deliver("a", number=1), drop.deliver("b", session=98), drop.deliver("c", session=99)]
    for delivery in dropped:
        deliveries.enqueue(lab.database, delivery, NOW)
        assert Worker(lab, lambda _: None).work()
    remove(lab, SESSION)
    result = antelop("retry", str(drop.path / "a.manifest.json"))
    assert (result.exit_code, result.stdout) == (0, "queued  1 recording put into the queue\n")
    assert Worker(lab, lambda _: None).work()
    assert len(lab.database.World & SESSION) == 1
    document = json.loads(antelop("retry", "--all", "--json").stdout)
    assert sorted(document["deliveries"]) == sorted(delivery.delivery_id for delivery in dropped[1:])
    assert antelop("retry", "--all").stdout == "queued  there is nothing to try again\n"
    unknown = antelop("retry", str(drop.path / "d.nwb"))
    assert unknown.exit_code == 1
    assert "it was never part of a delivery" in unknown.stderr
    for words in ((), ("a.nwb", "--all")):
        assert antelop("retry", *words).exit_code == 2


def test_a_worker_that_drains_does_what_is_in_the_queue(antelop: Run, lab: Lab, drop: Drop) -> None:
    """And leaves."""
    for number, stem in enumerate("ab"):
        deliveries.enqueue(lab.database, drop.deliver(stem, session=41 + number, number=number), NOW)
    result = antelop("worker", "--drain")
    assert result.exit_code == 0
    assert len(lab.database.Ingestion()) == 2
    assert jobs.counts(lab.database)["total"] == 0


@pytest.mark.parametrize("signals", [1, 2])
def test_a_worker_alone_works_until_it_is_told_to_stop(configuration: Path, lab: Lab, drop: Drop, signals: int) -> None:
    """The first signal lets it finish what it does, the second does not."""
    gate = Gate(lab)
    delivery = drop.deliver("a")
    deliveries.enqueue(lab.database, delivery, NOW)
    command = [sys.executable, "-m", "antelop", "worker", "--config", str(configuration)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        lines: list[Mapping[str, Any]] = []
        while not lines or lines[-1]["event"] != "claimed":
            lines.append(json.loads(process.stderr.readline()))
        assert lines[-1]["delivery_id"] == delivery.delivery_id
        while not gate.reached():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        if signals == 1:
            gate.open()
        while signals == 2 and process.poll() is None:  # two that come close together are one to the kernel
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
        process.wait(PATIENCE)
        process.stderr.read()
    # At once: by its own end, or by one more signal that came while it ended.
    assert process.returncode in ((0,) if signals == 1 else (130, -signal.SIGTERM))
    assert len(lab.database.World()) == (signals == 1)
