"""Which folders share a process, and what happens when one is lost. Real processes; the tests own the time."""

import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from antelop.dropfolder import Folder, Health, Update, Watcher
from antelop.dropfolder.mount import mounts
from antelop.dropfolder.sharing import RESOLVED, shared_device
from antelop.service.watchers import (
    AGAIN,
    DIED,
    FIRST_RESTART,
    HANG_TIMEOUT,
    HUNG,
    LONGEST_RESTART,
    MOST_APART,
    STABLE_AFTER,
    Watchers,
)
from tests.filesystems import hung

PATIENCE = 60.0
DISK, OTHER_DISK, SHARE = "8:1", "8:17", "0:50"


class Rigs(Watchers):
    """Folders in one place that are watched, and whose time the test owns.

    Attributes
    ----------
    now
        The time.
    folders
        By name.
    said
        What was said of each, in order.
    """

    def __init__(self, place: Path, names: list[str], mountinfo: Path) -> None:
        super().__init__(mountinfo)
        self.now = 0.0
        self.folders = {name: Folder(name, place / name, settle=0.0, scan=0.1) for name in names}
        self.said: dict[str, list[Update]] = {name: [] for name in names}
        for folder in self.folders.values():
            folder.path.mkdir(exist_ok=True)

    def step(self, seconds: float = 0.0) -> set[str]:
        """Look after the processes once, after so many seconds, and take in what they say."""
        self.now += seconds
        anew = self.tend(self.folders, lambda _: (), self.now)
        for name, update in self.poll(self.now):
            self.said[name].append(update)
        return anew

    def until(self, condition: Callable[[], object]) -> None:
        """Let them work until something is so; no time passes."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, self.said
            self.step()
            select.select(self.sources(), [], [], 0.05)

    def until_seen(self, *names: str) -> None:
        """Wait until these folders have been looked into."""
        self.until(lambda: all(any(isinstance(update, Health) for update in self.said[name]) for name in names))

    def groups(self) -> list[list[str]]:
        """Return the folders that are watched, by process."""
        return sorted(sorted(watcher.folders) for watcher in self.sources())

    def lose(self, name: str, inside: str | None) -> None:
        """Let the process that watches a folder be stopped for ever while it looks into one, or into none."""
        watcher = self._process_of(name)
        os.kill(watcher._process.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, watcher._process.pid, os.WSTOPPED)
        numbers = {each: number for number, each in watcher._names.items()} | {None: 0}
        os.pwrite(watcher._known.fileno(), numbers[inside].to_bytes(8), 0)
        self.step()

    def kill(self, name: str) -> None:
        """Kill the process that watches a folder, and wait until that is seen."""
        watcher = self._process_of(name)
        watcher._process.kill()
        watcher.wait(PATIENCE)
        self.step()

    def _process_of(self, name: str) -> Watcher:
        watcher = self.of(name)
        assert watcher is not None
        return watcher


@pytest.fixture
def rigs(tmp_path: Path) -> Iterator[Callable[..., Rigs]]:
    """Give what has folders watched that lie on one disk, unless a line of the list of mounts says otherwise."""
    made = []

    def make(*names: str, lines: tuple[str, ...] = ()) -> Rigs:
        made.append(Rigs(tmp_path, list(names), mounted(tmp_path, *lines)))
        return made[-1]

    yield make
    for each in made:
        each.close()


def mounted(place: Path, *lines: str) -> Path:
    """Write a list of mounts: a disk, and those on it."""
    path = place / "mountinfo"
    path.write_text("\n".join([f"20 1 {DISK} / / rw - ext4 /dev/sda1 rw", *lines]))
    return path


def line(point: object, device: str, kind: str) -> str:
    """Return a line of it."""
    return f"40 20 {device} / {point} rw shared:1 - {kind} source rw"


@pytest.mark.parametrize(
    ("folder", "lines", "device"),
    [
        ("rig", [], DISK),
        ("not/there", [], DISK),
        ("disk/rig", [("disk", OTHER_DISK, "xfs")], OTHER_DISK),
        ("share/rig", [("share", SHARE, "nfs4")], SHARE),
        ("share", [("share", SHARE, "cifs")], SHARE),
        ("share/rig", [("share", SHARE, "fuse.sshfs")], SHARE),
        ("share/rig", [("share", SHARE, "fuse.home-made")], None),
        ("auto/host/rig", [("auto", "0:40", "autofs"), ("auto/host", SHARE, "nfs4")], None),
        ("rig", [("rig/nas", SHARE, "nfs4")], None),
        ("share/disk/rig", [("share", SHARE, "nfs4"), ("share/disk", OTHER_DISK, "ext4")], None),
        ("bind/rig", [("bind", DISK, "ext4")], DISK),
        ("link", [("share", SHARE, "nfs4")], SHARE),
        ("link/../rig", [("share", SHARE, "nfs4")], None),
        ("circle/rig", [], None),
    ],
)
def test_folders_that_hang_together_are_watched_together(
    tmp_path: Path, folder: str, lines: list[tuple[str, str, str]], device: str | None
) -> None:
    """By the filesystem that a folder depends on, links resolved; one that may depend on others shares with none."""
    (tmp_path / "link").symlink_to("share/rig")
    (tmp_path / "circle").symlink_to("circle")
    text = mounted(tmp_path, *(line(tmp_path / point, number, kind) for point, number, kind in lines)).read_text()
    assert shared_device(tmp_path / folder, mounts(text)) == device


def test_nothing_is_asked_of_a_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may hang: whether there are links in it is not looked at, and nor is a mount point."""
    asked = []
    readlink = Path.readlink

    def noting(path: Path) -> Path:
        asked.append(path)
        return readlink(path)

    monkeypatch.setattr(Path, "readlink", noting)
    text = mounted(tmp_path, line(tmp_path / "share", SHARE, "nfs4")).read_text()
    assert shared_device(tmp_path / "share" / "lab" / "rig", mounts(text)) == SHARE
    assert tmp_path in asked
    assert not [path for path in asked if path.is_relative_to(tmp_path / "share")]


def test_where_it_is_not_known_what_is_mounted_folders_share_nothing(tmp_path: Path) -> None:
    """As long as nothing is listed."""
    assert shared_device(tmp_path, mounts("")) is None


def test_two_hundred_folders_are_one_small_process(rigs: Callable[..., Rigs]) -> None:
    """It has one inotify instance, which all of its folders use, and takes less than 400 MB, as nothing else does for them."""
    many = rigs(*(f"rig-{number}" for number in range(200)))
    many.until_seen(*many.folders)
    (watcher,) = many.sources()
    process = Path(f"/proc/{watcher._process.pid}")
    assert [each.readlink() for each in (process / "fd").iterdir()].count(Path("anon_inode:inotify")) == 1
    assert {update.watching for updates in many.said.values() for update in updates if isinstance(update, Health)} == {"events"}
    (resident,) = [text for text in (process / "status").read_text().splitlines() if text.startswith("VmRSS:")]
    assert int(resident.split()[1]) << 10 < 400_000_000
    for name in ("rig-0", "rig-199"):
        (many.folders[name].path / "new.nwb").touch()
    many.until(lambda: len(many.said["rig-0"]) > 1 < len(many.said["rig-199"]))


def test_a_process_that_hangs_is_killed_and_replaced(rigs: Callable[..., Rigs]) -> None:
    """The folder that it hung in is watched by a process of its own after a while; the others go on at once, together."""
    three = rigs("a", "b", "c")
    three.until_seen("a", "b", "c")
    three.lose("a", inside="b")
    with capture_logs() as logs:
        while not logs:
            three.step(1.0)
    assert HANG_TIMEOUT - 1 < three.now <= HANG_TIMEOUT + 2
    assert [(each["event"], each["folder"], each["folders"]) for each in logs] == [("watcher_hung", "b", ["a", "b", "c"])]
    assert three.lost == {"a": AGAIN, "b": HUNG, "c": AGAIN}
    assert three.groups() == [["a", "c"]]
    three.said = {name: [] for name in three.folders}
    three.until_seen("a", "c")
    assert three.lost == {"b": HUNG}
    three._restarts["folder b"].succeed()
    three.until_seen("b")
    assert (three.lost, three.groups()) == ({}, [["a", "c"], ["b"]])


def test_a_process_that_dies_is_replaced(rigs: Callable[..., Rigs]) -> None:
    """It was killed while it looked into no folder, so that all of them wait; what was said of them is said again."""
    two = rigs("a", "b")
    two.until_seen("a", "b")
    two.lose("a", inside=None)
    two.kill("a")
    assert two.lost == {"a": DIED, "b": DIED}
    two.said = {name: [] for name in two.folders}
    two.step(FIRST_RESTART - 1)
    assert two.groups() == []
    two.step(1.0)
    two.until_seen("a", "b")
    assert (two.lost, two.groups()) == ({}, [["a", "b"]])


def test_a_filesystem_that_hangs_does_not_start_a_process_for_each_folder(rigs: Callable[..., Rigs]) -> None:
    """When a few of its folders have got one each, the others wait together."""
    names = [f"rig-{number}" for number in range(MOST_APART + 3)]
    many = rigs(*names)
    many.until_seen(*names)
    for name in names[:MOST_APART]:
        many.lose(name, inside=name)
        many.kill(name)
        many.until(lambda: many.groups() and names[-1] in many.groups()[-1])
    assert set(many._apart) == set(names[:MOST_APART])
    many.lose(names[MOST_APART], inside=names[MOST_APART])
    many.kill(names[MOST_APART])
    assert set(many._apart) == set(names[:MOST_APART])
    assert [many.lost[name] for name in names[MOST_APART:]] == [DIED] * 3


def test_a_broken_process_is_started_less_and_less_often(rigs: Callable[..., Rigs]) -> None:
    """In an hour in which each dies at once it is started ten times; one that has lived for long counts as the first."""
    one = rigs("a")
    starts = []
    while one.now < 3600:
        one.step(1.0)
        if one.sources():
            starts.append(one.now)
            one.kill("a")
    waits = [after - before for before, after in pairwise(starts)]
    assert waits == [10, 20, 40, 80, 160, 320, 600, 600, 600, 600]
    assert waits[-1] == LONGEST_RESTART
    one.until(lambda: one.step(60.0) is None or one.sources())
    one.of("a").started -= STABLE_AFTER + 1  # type: ignore[union-attr]  # it is there
    one.kill("a")
    assert one._restarts[DISK].due == one.now + FIRST_RESTART


def test_time_in_which_the_service_itself_was_held_up_is_no_silence(rigs: Callable[..., Rigs]) -> None:
    """After a statement that took a minute, or a machine that was paused, no process is taken to hang."""
    one = rigs("a")
    one.until_seen("a")
    watcher = one.of("a")
    one.now += 1000
    one.tend(one.folders, lambda _: (), one.now)
    assert one.of("a") is watcher


def test_a_share_that_comes_and_goes_has_its_own_process_and_stays_the_same(rigs: Callable[..., Rigs], tmp_path: Path) -> None:
    """While it is not mounted, what lies under its path is not taken for it, though another process looks."""
    point = line(tmp_path / "share", SHARE, "nfs4")
    two = rigs("rig", "share", lines=(point,))
    two.until_seen("rig", "share")
    assert two.groups() == [["rig"], ["share"]]
    away = two.folders["share"].path.rename(tmp_path / "away")
    two.folders["share"].path.mkdir()
    mounted(tmp_path)
    two.said["share"] = []
    assert two.step(2.0) == {"share"}
    assert two.groups() == [["rig", "share"]]
    two.until_seen("share")
    assert "another folder is in its place" in str(health(two, "share").paused)
    two.folders["share"].path.rmdir()
    away.rename(two.folders["share"].path)
    mounted(tmp_path, point)
    two.said["share"] = []
    two.step(2.0)
    assert two.groups() == [["rig"], ["share"]]
    two.until(lambda: two.said["share"] and health(two, "share").paused is None)


def test_a_folder_that_is_let_go_is_accepted_as_it_is_then(rigs: Callable[..., Rigs], tmp_path: Path) -> None:
    """As on a reload, after which an administrator has looked at it."""
    one = rigs("a", "b")
    one.until_seen("a", "b")
    one.folders["a"].path.rename(tmp_path / "away")
    one.folders["a"].path.mkdir()
    one.let_go("a")
    one.said["a"] = []
    one.until_seen("a")
    assert health(one, "a").paused is None
    one.let_go("a")
    del one.folders["a"]
    assert one.groups() == [["b"]]
    one.let_go("b")
    del one.folders["b"]
    one.step()
    assert one.groups() == []


def test_a_link_to_another_filesystem_is_seen_after_a_while(rigs: Callable[..., Rigs], tmp_path: Path) -> None:
    """Nothing is mounted for it."""
    (tmp_path / "disk").mkdir()
    one = rigs("a", "b", lines=(line(tmp_path / "disk", OTHER_DISK, "xfs"),))
    one.until_seen("a", "b")
    assert one.groups() == [["a", "b"]]
    one.folders["b"].path.rename(tmp_path / "disk" / "b")
    one.folders["b"].path.symlink_to("disk/b")
    one.said["a"] = one.said["b"] = []
    one._grouping._next_resolution -= RESOLVED
    one.step(2.0)
    assert one.groups() == [["a"], ["b"]]


@pytest.mark.root
def test_field_22_a_process_that_cannot_be_killed_is_left_behind(rigs: Callable[..., Rigs]) -> None:
    """In a share that hangs even SIGKILL waits; other folders are watched by another process, and that one once it is gone."""
    two = rigs("share", "well")
    two.until_seen("share", "well")
    (watcher,) = two.sources()
    with hung(two.folders["share"].path) as waiting:
        two.until(lambda: watcher._process.pid in waiting)
        while two.of("share"):
            two.step(1.0)
        assert two.groups() == [["well"]]
        two.said["well"] = []
        two.until_seen("well")
        two.step(5.0)
        for _ in range(2):
            two._restarts.clear()  # it has rested for long enough
            two.step()
        assert not watcher.ended
        assert (two.groups(), two.lost) == ([["well"]], {"share": HUNG})
    two.said["share"] = []
    two.until_seen("share")
    assert two.groups() == [["share"], ["well"]]


def health(rigs: Rigs, name: str) -> Health:
    """Return how a folder fares, by what was said last."""
    said: list[Any] = [update for update in rigs.said[name] if isinstance(update, Health)]
    found: Health = said[-1]
    return found
