"""The service in this process, with real watchers, workers and databases; the test owns its time."""

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import pytest
from structlog.testing import capture_logs

from antelop.config import NotifyConfig, WorkersConfig
from antelop.lab import Lab
from antelop.queue import deliveries, jobs
from antelop.service import status
from antelop.service.queue_feed import QUEUE_POLL
from antelop.service.reporting import MOST_NAMED
from antelop.service.service import RECONSIDER_EVERY
from antelop.worker.events import Claimed, Compared, Died, Done, Ready, Untrusted, VideosUnsettled
from tests.chats import Chat
from tests.daemons import Gate, Start, running
from tests.drops import Drop, hasten
from tests.labs import SESSION
from tests.stoppable import stoppable_lab

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # apprise imports it where it can
on_postgresql = pytest.mark.parametrize("served_lab", ["postgresql"], indirect=True)


def test_a_delivery_is_noticed_ingested_and_answered(start: Start, drop: Drop) -> None:
    """Recording first, then its manifest; at each moment the status says what there is to say."""
    daemon = start()
    drop.record("a")
    daemon.until(lambda: daemon.written()["waiting"])
    (waits,) = daemon.written()["waiting"]
    assert (waits["folder"], waits["path"], waits["rule"]) == ("rig-2", "a.nwb", "no_manifest")
    assert waits["reason"].endswith(", manifest missing")
    drop.note("a")
    (done,) = daemon.until_said(Done)
    assert drop.answer("a")["sentence"] == done.outcome.sentence
    written = daemon.written()
    assert (written["database"], written["waiting"], written["counts"], written["last_hour"]) == (None, [], {"ingested": 1}, 1)
    (folder,) = written["folders"]
    assert (folder["name"], folder["absent"], folder["watching"]) == ("rig-2", None, "events")
    (outcome,) = written["outcomes"]
    assert (outcome["nwb"], outcome["state"], outcome["sentence"]) == ("a.nwb", "ingested", drop.answer("a")["sentence"])
    (worker,) = written["workers"]
    assert (worker["done"], worker["delivery"]) == (1, None)


@on_postgresql
def test_field_06_what_comes_while_nobody_watches_is_found(start: Start, lab: Lab, drop: Drop) -> None:
    """What was queued before is done, and what was finished before is left alone."""
    daemon = start()
    drop.deliver("before", number=1)
    daemon.until_said(Done)
    daemon.stop(lambda: False)
    drop.deliver("between", session=42, number=2)
    deliveries.enqueue(lab.database, drop.deliver("queued", session=43, number=3), daemon.status._started)
    again = start()
    found = {event.delivery.nwb for event in again.until_said(Done, 2)}
    assert found == {"between.nwb", "queued.nwb"}
    assert len(lab.database.Ingestion()) == 3


@on_postgresql
def test_field_09_a_slow_writer_is_waited_for(start: Start, drop: Drop) -> None:
    """A recording whose writer has it open is not touched, whatever its manifest says; when it is closed it goes in."""
    daemon = start()
    drop.record("a")
    with h5py.File(drop.path / "a.nwb", "r+"):
        drop.note("a")
        daemon.until(lambda: [waits["rule"] for waits in daemon.written()["waiting"]] == ["locked"])
        assert daemon.said(Claimed) == []
    assert daemon.until_said(Done)[0].state == "ingested"


@on_postgresql
def test_field_26_a_manifest_that_is_half_written_waits(dropping: Callable[..., Drop], start: Start) -> None:
    """It is rejected only if it stays as it is for the settle time."""
    drop = dropping("slow", settle=3600.0)
    daemon = start()
    path = drop.note("a")
    text = path.read_text()
    path.write_text(text[: len(text) // 2])
    drop.record("a")
    daemon.until(lambda: daemon.written()["waiting"])
    path.write_text(text)
    proven = drop.note("a", **drop.prove("a"))
    assert proven == path
    (done,) = daemon.until_said(Done)
    assert done.state == "ingested"


@on_postgresql
def test_field_13_a_killed_worker_s_delivery_is_taken_over(start: Start, lab: Lab, drop: Drop) -> None:
    """The next worker settles its job at once, tries again, and what is told of it are two attempts."""
    gate = Gate(lab)
    daemon = start(workers=WorkersConfig(count=2, mask_timeout=3600.0))
    drop.deliver("a")
    daemon.until(gate.reached)
    (worker,) = [member for member in daemon.pool.workers if member.job]
    worker.process.kill()
    (died,) = daemon.until_said(Died)
    assert died.sentence == "it was killed by signal 9"
    (released,) = daemon.until_said(Done)
    assert (released.state, released.outcome.outcome) == ("ready", "failed")
    assert released.outcome.sentence == "its worker was lost: it was killed by signal 9"
    jobs.schedule(lab.database, {"delivery_id": released.delivery.delivery_id})
    daemon.pool.nudge()
    daemon.until(gate.reached)
    gate.open()
    assert daemon.until_said(Done, 2)[1].state == "ingested"
    assert len(lab.database.World & SESSION) == 1


@on_postgresql
def test_a_delivery_that_kills_three_workers_is_parked_and_answered(start: Start, lab: Lab, drop: Drop) -> None:
    """People are told, and the workers go on with the others."""
    gate, daemon = Gate(lab), start()
    delivery = drop.deliver("a")
    for count in (1, 2, 3):
        daemon.until(gate.reached)
        daemon.pool.workers[0].process.kill()
        daemon.until_said(Died, count)
        daemon.ahead += 2 * QUEUE_POLL
        daemon.until_said(Done, count)
        jobs.schedule(lab.database, {"delivery_id": delivery.delivery_id}) if count < 3 else None
        daemon.pool.nudge()
    assert [event.state for event in daemon.said(Done)] == ["ready", "ready", "failed"]
    assert drop.answer("a")["outcome"] == "failed"
    assert drop.answer("a")["sentence"] == "its worker was lost: it was killed by signal 9"
    drop.deliver("b", session=99)
    assert daemon.until_said(Done, 4)[3].state == "rejected"


@on_postgresql
def test_field_22_a_hung_share_hangs_nobody_else(
    start: Start, dropping: Callable[..., Drop], on_own_disks: Callable[..., None]
) -> None:
    """The process that watches it says nothing: it is killed and replaced, log and status say so, and other folders go on."""
    hung, well = dropping("hung"), dropping("well")
    on_own_disks(hung, well)
    daemon = start()
    daemon.until(lambda: daemon.folders.present == {"hung", "well"})
    (watcher,) = [watcher for watcher in daemon.folders.sources() if watcher.folders == {"hung"}]
    os.kill(watcher._process.pid, signal.SIGSTOP)
    for drop in (hung, well):
        drop.deliver("a")
    (done,) = daemon.until_said(Done)
    assert done.delivery.folder == "well"
    with capture_logs() as logs:
        daemon.pass_time(36, well)
    assert [line["folders"] for line in logs if line["event"] == "watcher_hung"] == [["hung"]]
    assert daemon.folders.present == {"well"}
    (folder,) = [folder for folder in daemon.written()["folders"] if folder["name"] == "hung"]
    assert folder["absent"] == "it does not answer: is its share hung?"
    daemon.pass_time(12, well)
    daemon.until(lambda: daemon.folders.present == {"hung", "well"})
    (_, again) = daemon.until_said(Done, 2)
    assert (again.delivery.folder, again.state) == ("hung", "already-ingested")


@on_postgresql
def test_a_share_goes_away_and_comes_back(start: Start, dropping: Callable[..., Drop]) -> None:
    """Nothing of it is taken while it is away; nothing is taken for gone, or twice."""
    drop, daemon = dropping("share", scan=0.1), start()
    drop.deliver("a", number=1)
    daemon.until_said(Done)
    away = drop.path.rename(drop.path.with_name("away"))
    drop.path.mkdir()  # the mount point of a share that is not mounted
    daemon.until(lambda: daemon.folders.present == set())
    (folder,) = daemon.written()["folders"]
    assert folder["absent"].startswith("another folder is in its place")
    drop.path.rmdir()
    away.rename(drop.path)
    drop.deliver("b", session=42, number=2)
    assert daemon.until_said(Done, 2)[1].delivery.nwb == "b.nwb"
    assert len(daemon.said(Done)) == 2


@on_postgresql
def test_a_watcher_that_dies_is_replaced(start: Start, drop: Drop) -> None:
    """After a while, so that a broken one does not start in a loop; and it finds what has come meanwhile."""
    daemon = start()
    daemon.until(lambda: daemon.folders.present)
    (watcher,) = daemon.folders.sources()
    watcher._process.kill()
    daemon.until(lambda: not daemon.folders.sources())
    drop.deliver("a")
    daemon.tick(daemon.now())
    assert daemon.folders.sources() == []
    daemon.ahead += QUEUE_POLL
    assert daemon.until_said(Done)[0].state == "ingested"


@on_postgresql
def test_a_file_that_is_taken_back_leaves_the_queue(start: Start, lab: Lab, drop: Drop) -> None:
    """Moved away while it waits for a worker, it is superseded; moved back, it is queued again and goes in."""
    daemon = start(workers=WorkersConfig(count=0))
    delivery = drop.deliver("a")

    def state() -> str | None:
        return deliveries.states(lab.database, [delivery.delivery_id]).get(delivery.delivery_id)

    daemon.until(lambda: state() == "ready")
    away = (drop.path / "a.nwb").rename(drop.path.parent / "a.nwb")
    daemon.until(lambda: state() == "superseded")
    away.rename(drop.path / "a.nwb")
    daemon.until(lambda: state() == "ready")


@on_postgresql
def test_videos_settle_before_they_go_in(start: Start, lab: Lab, drop: Drop, licking: Callable[[Path], Path]) -> None:
    """The recording names them, which is known only when it has been read: then they are waited for too."""
    licking(drop.path)
    drop.note("licking", rig="licking rig", animals=[{"animal_id": 17}, {"animal_id": 18}])
    daemon = start()
    assert daemon.until_said(Done)[0].state == "ingested"
    assert [event.paths for event in daemon.said(VideosUnsettled)] == [("licking_camera.avi",)]
    assert len(lab.database.Video & SESSION) == 1


@on_postgresql
def test_a_worker_dies_before_it_says_that_videos_are_waited_for(start: Start, lab: Lab, drop: Drop) -> None:
    """It has put the delivery aside, and nobody knows for what: the delivery is looked at again."""
    daemon = start(workers=WorkersConfig(count=0))
    drop.deliver("a")
    daemon.until(lambda: len(lab.database.jobs))
    deliveries.hold_for_videos(lab.database, lab.database.Delivery.fetch1("delivery_id"))
    daemon.reload(replace(lab.config, workers=WorkersConfig(count=1)), daemon.now())
    daemon.ahead += QUEUE_POLL
    assert daemon.until_said(Done)[0].state == "ingested"


@on_postgresql
def test_a_rejected_delivery_goes_in_when_it_can(start: Start, lab: Lab, drop: Drop) -> None:
    """Nobody presses a button: the session is added, and some time later it is in."""
    daemon = start()
    drop.deliver("a", session=99)
    assert daemon.until_said(Done)[0].state == "rejected"
    lab.database.Session.insert1({**SESSION, "session_id": 99, "session_name": "late"})
    daemon.ahead += RECONSIDER_EVERY
    assert daemon.until_said(Done, 2)[1].state == "ingested"
    assert drop.answer("a")["outcome"] == "ingested"


@on_postgresql
def test_an_analysis_folder_that_is_not_trusted_holds_everything(start: Start, lab: Lab, drop: Drop) -> None:
    """The status says so; when it is mended, what waits goes in."""
    script = lab.config.analysis.folders[0] / "licking.py"
    script.chmod(0o666)
    daemon = start()
    drop.deliver("a")
    daemon.until_said(Untrusted)
    written = daemon.written()
    assert written["analysis"].startswith(f"{script}: ")
    assert written["sentence"] == f"nothing is ingested: {written['analysis']}"
    script.chmod(0o644)
    daemon.pool.nudge()
    assert daemon.until_said(Done)[0].state == "ingested"
    assert daemon.written()["analysis"] is None


@on_postgresql
def test_people_are_told_once(start: Start, dropping: Callable[..., Drop], chat: Chat) -> None:
    """Of a rejection, of a failure and of a long wait; not again when the same is found again."""
    drop = dropping("watched", announce=600.0)
    daemon = start(notify=NotifyConfig(urls=(chat.url,)))
    drop.record("lonely")
    drop.deliver("a", session=99)
    daemon.until_said(Done)
    title, body = chat.received()
    assert title == "rejected: a.nwb in watched"
    assert body == f"{drop.answer('a')['sentence']}\n- {drop.answer('a')['sentence']}"
    daemon.ahead += 601
    daemon.until(lambda: daemon.written()["notices"]["sent"] == 2)
    assert chat.received()[0] == "waiting: lonely.nwb in watched"
    daemon.ahead += RECONSIDER_EVERY
    daemon.until_said(Compared)
    assert daemon.written()["notices"] == {"queued": 0, "dropped": 0, "sent": 2, "failed": 0, "failing": []}


def test_people_are_told_what_stops_everything(start: Start, lab: Lab, dropping: Callable[..., Drop], chat: Chat) -> None:
    """Of a folder that is away, scripts that are not trusted and receipts that cannot be written: once, and when it is over."""
    drop = dropping("watched", announce=600.0, scan=0.1)
    daemon = start(notify=NotifyConfig(urls=(chat.url,)))
    (drop.path / "a.receipt.json").mkdir()
    drop.deliver("a")
    daemon.until_said(Done)
    daemon.written()
    daemon.ahead += 601
    daemon.written()
    title, body = chat.received()
    assert title == "hindered: receipts in watched cannot be written"
    assert "a.receipt.json" in body
    script = lab.config.analysis.folders[0] / "licking.py"
    script.chmod(0o666)
    daemon.until_said(Untrusted)
    daemon.written()
    daemon.ahead += 601
    daemon.written()
    assert chat.received()[0] == "hindered: the analysis folder is not trusted"
    script.chmod(0o644)
    daemon.pool.nudge()
    daemon.until(lambda: daemon.written()["analysis"] is None)
    assert chat.received()[0] == "over: the analysis folder is not trusted"
    drop.path.rename(drop.path.with_name("away"))
    daemon.until(lambda: daemon.written()["folders"][0]["absent"])
    daemon.ahead += 601
    daemon.written()
    assert chat.received()[0] == "hindered: folder watched is away"


def test_people_are_told_that_the_database_and_the_state_are_away(
    start: Start, dropping: Callable[..., Drop], chat: Chat
) -> None:
    """A short outage is not announced; one of longer than `announce` is, and so is its end, each time that it happens."""
    dropping("watched", announce=600.0)
    daemon = start(notify=NotifyConfig(urls=(chat.url,)))
    daemon.until_said(Ready)
    hindrances = daemon._reporting._hindrances
    for _ in range(2):
        for sentence in ("no route to host", None, "no route to host"):
            daemon.status.database, now = sentence, daemon.now()
            assert list(hindrances.begun(now)) == []
            daemon.ahead += 599
        (begun,) = hindrances.begun(now + 601)
        assert (begun.title, begun.sentence) == ("the database cannot be used", "no route to host")
        assert (list(hindrances.begun(now + 900)), hindrances.ended()) == ([], [])
        daemon.status.database = None
        assert list(hindrances.begun(now + 901)) == []
        assert hindrances.ended() == [begun]
    hindrances.unwritten = "No space left on device"
    assert list(hindrances.begun(now + 1000)) == []
    assert [each.title for each in hindrances.begun(now + 1601)] == ["the state cannot be written"]


@on_postgresql
def test_what_was_left_alone_for_years_is_one_notice(start: Start, dropping: Callable[..., Drop], chat: Chat) -> None:
    """It says how many there are and names the first ones; the log likewise."""
    drop = dropping("watched", announce=600.0)
    for number in range(20):
        (drop.path / f"{number:02}.nwb").touch()
    with capture_logs() as logs:
        daemon = start(notify=NotifyConfig(urls=(chat.url,)))
        daemon.until_said(Ready)
        daemon.until(lambda: len(daemon.written()["waiting"]) == 20)
        daemon.ahead += 601
        daemon.until(lambda: daemon.written()["notices"]["sent"])
    title, body = chat.received()
    assert title == "waiting: 00.nwb and 19 more in watched"
    assert [line.split(":")[0] for line in body.splitlines()] == [f"{number:02}.nwb" for number in range(MOST_NAMED)]
    (line,) = [line for line in logs if line["event"] == "waits_long"]
    assert (line["folder"], line["count"], line["sentence"]) == ("watched", 20, body)


def test_two_services_share_one_database(
    lab: Lab, served_lab: tuple[Lab, Mapping[str, str]], dropping: Callable[..., Drop]
) -> None:
    """The same session arrives in a folder of each at once: one goes in, and the other is answered that it is in already."""
    drops = [dropping(name) for name in ("here", "there")]
    stem = "2026-11-22"
    environment = os.environ | served_lab[1]
    workers = WorkersConfig(count=1)
    here, there = (replace(lab.config, folders=(drop.config,), workers=workers) for drop in drops)
    with running(here, environment) as one, running(there, environment) as other:
        one.until_said(Ready)
        other.until_said(Ready)
        for drop in drops:
            drop.deliver(stem, number=7)
        one.until(lambda: other.step() and one.said(Done) and other.said(Done))
        answers = sorted(event.state for daemon in (one, other) for event in daemon.said(Done))
    assert answers == ["already-ingested", "ingested"]
    assert len(lab.database.Ingestion()) == len(lab.database.World()) == 1
    assert sorted(drop.answer(stem)["outcome"] for drop in drops) == answers


def test_two_services_watch_one_folder(lab: Lab, served_lab: tuple[Lab, Mapping[str, str]], drop: Drop) -> None:
    """Each delivery is one, whoever announces it and whoever works on it."""
    environment = os.environ | served_lab[1]
    config = replace(lab.config, workers=WorkersConfig(count=1))
    with running(config, environment) as one, running(config, environment) as other:
        for number in range(4):
            drop.deliver(f"{number}", session=41 + number, number=number)
        one.until(lambda: other.step() and len(one.said(Done) + other.said(Done)) == 4)
    assert len(lab.database.Delivery()) == len(lab.database.Ingestion()) == len(lab.database.Attempt()) == 4


@on_postgresql
def test_a_service_that_is_stopped_lets_its_workers_finish(start: Start, lab: Lab, drop: Drop) -> None:
    """Nothing new is claimed; what runs is told and counted to the end."""
    gate = Gate(lab)
    daemon = start(workers=WorkersConfig(count=1, mask_timeout=3600.0))
    for number in range(2):
        drop.deliver(f"{number}", session=41 + number, number=number)
    daemon.until(gate.reached)
    daemon.until(lambda: jobs.counts(lab.database)["total"] == 2)

    def let_go() -> bool:
        gate.open()
        return False

    daemon.stop(let_go)  # which is asked when nothing more is to be claimed
    assert [event.state for event in daemon.said(Done)] == ["ingested"]
    assert daemon.pool.workers == []
    assert (status.read(lab.config.state) or {})["process"] is None
    assert jobs.counts(lab.database)["pending"] == 1


@on_postgresql
def test_a_service_that_must_stop_at_once_rolls_back(start: Start, lab: Lab, drop: Drop) -> None:
    """What is rolled back costs no try, and is in the queue for the next time."""
    gate = Gate(lab)
    daemon = start(workers=WorkersConfig(count=1, mask_timeout=3600.0))
    delivery = drop.deliver("a")
    daemon.until(gate.reached)
    daemon.stop(lambda: True)
    (attempt,) = lab.database.Attempt.to_dicts()
    assert (attempt["outcome"], attempt["sentence"]) == ("unavailable", "its worker was lost: the service was stopped")
    assert deliveries.states(lab.database, [delivery.delivery_id]) == {delivery.delivery_id: "ready"}
    assert len(lab.database.World()) == 0


@on_postgresql
def test_a_reload_takes_new_folders_and_lets_old_ones_go(start: Start, lab: Lab, dropping: Callable[..., Drop]) -> None:
    """What is the same goes on undisturbed; the database cannot be changed so, which is said."""
    old, same = dropping("old"), dropping("same")
    daemon = start()
    daemon.until(lambda: daemon.folders.present == {"old", "same"})
    (kept,) = daemon.folders.sources()
    new = dropping("new")
    config = replace(lab.config, folders=(same.config, new.config), state=lab.config.state / "elsewhere")
    with capture_logs() as logs:
        daemon.reload(config, daemon.now())
    assert [line["event"] for line in logs if line["event"].startswith("re")] == ["restart_needed", "reloaded"]
    daemon.until(lambda: daemon.folders.present == {"same", "new"})
    assert [watcher.folders for watcher in daemon.folders.sources()] == [{"same", "new"}]
    assert kept in daemon.folders.sources()
    old.deliver("a")
    new.deliver("b")
    assert [event.delivery.folder for event in daemon.until_said(Done)] == ["new"]


@on_postgresql
def test_a_reload_accepts_what_has_taken_a_folder_s_place(start: Start, lab: Lab, dropping: Callable[..., Drop]) -> None:
    """An administrator who reloads has looked at it."""
    drop, daemon = dropping("share", scan=0.1), start()
    daemon.until(lambda: daemon.folders.present)
    drop.path.rename(drop.path.with_name("away"))
    drop.path.mkdir()
    daemon.until(lambda: not daemon.folders.present)
    daemon.reload(replace(lab.config, workers=WorkersConfig(count=1)), daemon.now())
    daemon.until(lambda: daemon.folders.present)


@on_postgresql
def test_a_delivery_that_cannot_be_entered_keeps_no_other_from_it(start: Start, drop: Drop, monkeypatch: Any) -> None:
    """It is told as a defect, and left until the service starts again."""
    enqueue = deliveries.enqueue

    def defective(database: Any, delivery: Any, now: Any) -> str:
        if delivery.nwb_path == "a.nwb":
            raise ZeroDivisionError("of ours")
        return enqueue(database, delivery, now)

    monkeypatch.setattr(deliveries, "enqueue", defective)
    daemon = start()
    drop.deliver("a", number=1)
    drop.deliver("b", session=42, number=2)
    states = {event.delivery.nwb: event.state for event in daemon.until_said(Done, 2)}
    assert states == {"a.nwb": "failed", "b.nwb": "ingested"}


@pytest.mark.parametrize("backend", ["postgresql", pytest.param("mysql", marks=pytest.mark.mariadb)])
def test_field_19_the_database_stops_and_starts(backend: str, tmp_path: Path, prototype: Path) -> None:
    """In the middle of an ingest, and with more on the way: nothing is lost, half there or twice, and it costs no try."""
    with stoppable_lab(backend, tmp_path, prototype) as stoppable:
        server, drop = stoppable.server, stoppable.drop
        with stoppable.connect() as lab:
            gate = Gate(lab)
        with running(stoppable.config, stoppable.environment) as daemon:
            drop.deliver("a", number=1)
            daemon.until(gate.reached)
            server.kill()
            gate.open()
            drop.deliver("b", session=42, number=2)
            if backend == "mysql":  # the embedded one is started again by whoever misses it
                daemon.until(lambda: daemon.status.database is not None)
                assert daemon.written()["sentence"].startswith("the database is away: ")
                drop.deliver("c", session=43, number=3)
                server.start()
            else:
                drop.deliver("c", session=43, number=3)
            with stoppable.connect() as lab:
                daemon.ahead += QUEUE_POLL

                def ingested() -> bool:
                    if gate.reached():
                        gate.open()
                    hasten(lab)
                    daemon.pool.nudge()
                    return len(lab.database.Ingestion()) == 3

                daemon.until(ingested)
                daemon.until(lambda: len([event for event in daemon.said(Done) if event.state == "ingested"]) == 3)
                outcomes = sorted(lab.database.Attempt.to_arrays("outcome"))
                assert set(outcomes) <= {"ingested", "unavailable"}
                assert len(lab.database.World()) == 3


@pytest.mark.mariadb
def test_a_database_that_is_away_at_the_start_is_waited_for(tmp_path: Path, prototype: Path) -> None:
    """The folders are watched meanwhile, and the status says what waits and why nothing goes in."""
    with stoppable_lab("mysql", tmp_path, prototype) as stoppable:
        server, drop = stoppable.server, stoppable.drop
        server.stop()
        with running(stoppable.config, stoppable.environment) as daemon:
            drop.deliver("a")
            drop.record("b", number=2)
            daemon.until(lambda: daemon.written()["waiting"])
            assert daemon.written()["database"].startswith("cannot connect to the database at ")
            assert daemon.pool.workers == []
            server.start()
            daemon.ahead += QUEUE_POLL
            assert daemon.until_said(Done)[0].state == "ingested"
            assert daemon.written()["database"] is None
