"""Disks that are full and folders that go away, change or hang, with real small filesystems under the whole service."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from antelop.config import WorkersConfig
from antelop.errors import Unavailable
from antelop.lab import Lab
from antelop.queue import jobs
from antelop.service.queue_feed import QUEUE_POLL
from antelop.store import Store
from antelop.store.survey import objects
from antelop.worker.events import Answered, Done, Unanswered
from tests import servers
from tests.daemons import Gate, Start, running
from tests.drops import Drop, hasten
from tests.filesystems import BIND, READ_ONLY, REMOUNT, Disk, hung, mount, unmount
from tests.labs import SCRIPT
from tests.stoppable import stoppable_lab

pytestmark = pytest.mark.root
on_postgresql = pytest.mark.parametrize("served_lab", ["postgresql"], indirect=True)

MANY = 24
"""How many deliveries no database has room for that has none; there are four sessions for them."""


@on_postgresql
def test_the_store_s_disk_is_full(  # pytest gives them
    start: Start, lab: Lab, drop: Drop, large: Path, store_disk: Disk
) -> None:
    """It costs no try, and nothing is written that has no room; with room again it goes in."""
    disk = store_disk
    (disk.path / "others").write_bytes(bytes(64 << 20))
    disk.fill(left=1 << 20)
    daemon = start()
    replace(drop, prototype=large).deliver("a")
    (done,) = daemon.until_said(Done)
    assert (done.state, done.outcome.outcome) == ("ready", "unavailable")
    sentence = done.outcome.sentence
    assert sentence.startswith(f"the store {lab.store.folder} has no room: ")
    assert daemon.written()["outcomes"][-1]["sentence"] == sentence
    assert list(objects(lab.store)) == []
    assert list((lab.store.folder / "incoming").iterdir()) == []
    assert len(lab.database.World()) == 0
    disk.empty()
    hasten(lab)
    daemon.pool.nudge()
    daemon.until(lambda: daemon.said(Done)[-1].state == "ingested")
    assert len(list(objects(lab.store))) == 2
    *before, last = lab.database.Attempt.to_arrays("outcome", order_by="attempt_id")
    assert (set(before), last) == ({"unavailable"}, "ingested")


def test_a_store_is_made_on_a_full_disk(tmp_path: Path, mounted: Callable[[Path], None]) -> None:
    """That is an outage, and leaves no half file; with room it is made."""
    mounted(tmp_path)
    disk, store = Disk(tmp_path), Store(tmp_path / "store")
    (tmp_path / "other").write_text("of somebody else")
    disk.fill()
    with pytest.raises(Unavailable, match="cannot be made: No space left on device"):
        store.make("lab")
    assert not store.exists()
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["other"]
    disk.empty()
    store.make("lab")
    assert (store.exists(), store.owner()) == (True, "lab")


@pytest.mark.parametrize("backend", ["postgresql", pytest.param("mysql", marks=pytest.mark.mariadb)])
def test_the_database_s_disk_is_full(backend: str, tmp_path: Path, prototype: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an outage that costs no try; the service goes on, even if its state is on the same disk, and all goes in."""
    disks = []
    public_folder = servers.public_folder

    @contextmanager
    def on_a_disk() -> Iterator[Path]:
        with public_folder() as folder:
            disks.append(Disk(folder))
            try:
                yield folder
            finally:
                unmount(folder)

    monkeypatch.setattr(servers, "public_folder", on_a_disk)
    with stoppable_lab(backend, tmp_path, prototype) as stoppable:
        server, drop = stoppable.server, stoppable.drop
        with running(stoppable.config, stoppable.environment) as daemon:
            drop.deliver("0")
            daemon.until_said(Done)
            for disk in disks:
                disk.fill()
            for number in range(1, MANY):
                note = np.random.default_rng(number).bytes(500).hex()  # which does not compress well
                drop.deliver(f"{number}", session=41 + number, number=number, note=note)
            daemon.until(lambda: daemon.status.database is not None)
            full = r"^the database is unavailable: (could not extend file .*: No space left on device|The table '.*' is full)"
            assert re.match(full, daemon.status.database or "")
            daemon.step()
            for disk in disks:
                disk.empty()
            if backend == "mysql":  # which aborts when its disk is full; the embedded one is started by whoever misses it
                server.kill()
                server.start()
            with stoppable.connect() as lab:
                daemon.ahead += QUEUE_POLL

                def ingested() -> bool:
                    hasten(lab)
                    daemon.pool.nudge()
                    return jobs.counts(lab.database)["total"] == 0 and len(lab.database.Delivery()) == MANY

                daemon.until(ingested)
                assert daemon.written()["database"] is None
                assert set(lab.database.Attempt.to_arrays("outcome")) <= {"ingested", "rejected", "unavailable"}
                assert len(lab.database.World()) == 4


@on_postgresql
def test_a_folder_is_read_only(start: Start, lab: Lab, drop: Drop, mounted: Callable[[Path], None]) -> None:
    """What is in it goes in; that nobody can be answered there is said, and when they can, they are."""
    mounted(drop.path)
    drop.deliver("a", number=1)
    mount(drop.path, drop.path, "", BIND)
    mount("", drop.path, "", REMOUNT | BIND | READ_ONLY)
    daemon = start()
    (done,) = daemon.until_said(Done)
    (unanswered,) = daemon.said(Unanswered)
    assert done.state == daemon.written()["outcomes"][-1]["outcome"] == "ingested"
    assert unanswered.sentence == f"The receipt {drop.receipt('a')} could not be written: Read-only file system."
    mount("", drop.path, "", REMOUNT | BIND)
    hasten(lab)
    daemon.pool.nudge()
    daemon.until_said(Answered)
    assert drop.answer("a") == json.loads(json.dumps(done.outcome.as_dict()))


@on_postgresql
def test_a_share_is_unmounted_or_covered_by_another(
    start: Start, dropping: Callable[..., Drop], mounted: Callable[[Path], None]
) -> None:
    """Only the share that was there is taken for it; when it is back nothing of it is missed, and nothing is taken twice."""
    drops = away, covered = [dropping(name, scan=0.1) for name in ("away", "covered")]
    for drop in drops:
        drop.path.with_suffix(".share").mkdir()
        mounted(drop.path)
        mount(drop.path.with_suffix(".share"), drop.path, "", BIND)
    daemon = start()
    for number, drop in enumerate(drops, 1):
        drop.deliver("a", session=40 + number, number=number)
    daemon.until_said(Done, 2)
    unmount(away.path)
    Disk(covered.path)
    for drop in drops:
        drop.deliver("strange", session=43, number=3)  # under the mount point, and on another disk
    because = "another folder is in its place: mount the share again, or reload to accept what is there now"
    daemon.until(lambda: [folder["absent"] for folder in daemon.written()["folders"]] == [because, because])
    assert daemon.folders.present == set()
    mount(away.path.with_suffix(".share"), away.path, "", BIND)
    unmount(covered.path)
    daemon.until(lambda: daemon.folders.present == {"away", "covered"})
    for number, drop in enumerate(drops, 3):
        drop.deliver("b", session=40 + number, number=number)
    assert [event.delivery.nwb for event in daemon.until_said(Done, 4)] == ["a.nwb", "a.nwb", "b.nwb", "b.nwb"]
    assert {event.state for event in daemon.said(Done)} == {"ingested"}


@on_postgresql
def test_a_share_hangs(start: Start, lab: Lab, dropping: Callable[..., Drop], on_own_disks: Callable[..., None]) -> None:
    """Who watches it and who reads from it cannot even be killed; others take their place, and later all is well."""
    share, well = dropping("share", scan=0.1), dropping("well")
    on_own_disks(share, well)
    gate = Gate(lab)
    daemon = start(workers=WorkersConfig(count=1, mask_timeout=3600.0))
    share.deliver("a", number=1)
    daemon.until(gate.reached)
    (worker,) = daemon.pool.workers
    (watcher,) = [watcher for watcher in daemon.folders.sources() if watcher.folders == {"share"}]
    with hung(share.path) as waiting:
        (lab.config.analysis.folders[0] / "licking.py").write_text(SCRIPT)
        gate.open()
        well.deliver("b", session=42, number=2)
        daemon.until(lambda: {worker.process.pid, watcher._process.pid} <= waiting)
        daemon.pass_time(36, well)
        daemon.until(lambda: daemon.folders.present == {"well"})
        folder, _ = daemon.written()["folders"]
        assert (folder["name"], folder["absent"]) == ("share", "it does not answer: is its share hung?")
        assert daemon.until_said(Done)[0].delivery.folder == "well"
        worker.process.kill()
        assert worker in daemon.pool.workers

    def ingested() -> bool:
        hasten(lab)
        daemon.pool.nudge()
        return len(lab.database.Ingestion()) == 2

    daemon.pass_time(12, well)
    daemon.until(lambda: daemon.folders.present == {"share", "well"})
    daemon.until(ingested)
    assert set(lab.database.Attempt.to_arrays("outcome")) <= {"ingested", "unavailable"}


@pytest.fixture
def children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Give what has the processes of some modules, and no others, started by a command of the shell."""

    def start_by(command: str, modules: str) -> None:
        program = tmp_path / "python"
        lines = ["#!/bin/sh", f"PYTHON={sys.executable}", f'case "$3" in {modules}) {command};; esac', 'exec $PYTHON "$@"', ""]
        program.write_text("\n".join(lines))
        program.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(program))

    return start_by


LIMITED = 'exec unshare -U -r sh -c \'echo {} > /proc/sys/user/max_inotify_{}; exec "$@"\' - $PYTHON "$@"'


@on_postgresql
@pytest.mark.parametrize(
    ("what", "count", "because"),
    [
        ("instances", 0, "this user may not watch one more drop folder (raise fs.inotify.max_user_instances)"),
        ("watches", 1, "this user may not watch one more directory (raise fs.inotify.max_user_watches)"),
    ],
)
def test_inotify_is_exhausted(  # noqa: PLR0913, PLR0917  # pytest gives them
    start: Start, drop: Drop, children: Callable[[str, str], None], what: str, count: int, because: str
) -> None:
    """The folder is polled instead, which the status says, with what to do about it; what comes goes in."""
    children(LIMITED.format(count, what), "antelop.dropfolder")
    drop.record("below/a")
    daemon = start()
    daemon.until(lambda: daemon.written()["folders"][0].get("watching"))
    (folder,) = daemon.written()["folders"]
    assert (folder["watching"], folder["because"]) == ("polling", f"inotify cannot be used: {because}")
    drop.note("below/a")
    assert daemon.until_said(Done)[0].state == "ingested"


ORDINARY = 'exec setpriv --bounding-set=-dac_override,-dac_read_search $PYTHON "$@"'
"""For root, whom permissions do not concern otherwise."""


@pytest.mark.parametrize("served_lab", [pytest.param("mysql", marks=pytest.mark.mariadb)], indirect=True)
def test_permission_is_lost_midway(
    start: Start, lab: Lab, dropping: Callable[..., Drop], children: Callable[[str, str], None]
) -> None:
    """Folder or file, the status says that it cannot be read; that costs no try, and when it can be, what waits goes in."""
    children(ORDINARY, "antelop.dropfolder|antelop.worker.process")
    drop, gate = dropping("rig-2", scan=0.1), Gate(lab)
    daemon = start(workers=WorkersConfig(count=1, mask_timeout=3600.0))
    drop.deliver("a", number=1)
    daemon.until(gate.reached)
    drop.path.chmod(0)
    (lab.config.analysis.folders[0] / "licking.py").write_text(SCRIPT)
    gate.open()
    (done,) = daemon.until_said(Done)
    assert (done.state, done.outcome.outcome) == ("ready", "unavailable")
    assert done.outcome.sentence == f"{drop.path / 'a.nwb'} cannot be read: Permission denied"
    daemon.until(lambda: daemon.folders.present == set())
    assert daemon.written()["folders"][0]["absent"] == "it cannot be read: Permission denied"
    drop.path.chmod(0o755)
    daemon.until(lambda: daemon.folders.present)
    path = drop.record("b", number=2)
    path.chmod(0)
    drop.note("b", session=42)
    daemon.until(lambda: [waits["reason"] for waits in daemon.written()["waiting"]] == ["it cannot be read: Permission denied"])
    path.chmod(0o644)
    daemon.until(lambda: len(lab.database.Delivery()) == 2)

    def ingested() -> bool:
        hasten(lab)
        daemon.pool.nudge()
        return len(lab.database.Ingestion()) == 2

    daemon.until(ingested)
