"""Drop folders on disk: real files, real links and renames, real inotify. The tests own the time."""

import errno
import fcntl
import json
import os
import select
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import pytest

from antelop.directory import Directory
from antelop.dropfolder import Folder, Health, Released, Update, Withdrawn, junk
from antelop.dropfolder.delivery import Delivery
from antelop.dropfolder.finished import Finished
from antelop.dropfolder.inbox import Inbox
from antelop.dropfolder.inotify import Hints
from antelop.dropfolder.inotify_instance import Inotify
from antelop.dropfolder.junk import is_candidate
from antelop.dropfolder.presence import Presence
from antelop.dropfolder.waiting import Waiting
from antelop.files import RegularFile

SETTLE = 10.0


@dataclass
class Drop:
    """A drop folder, and the inbox that looks into it."""

    path: Path
    folder: Folder
    inbox: Inbox
    inotify: Inotify
    start: Callable[..., "Drop"] = field(repr=False)

    def look(self, now: float) -> list[Update]:
        """Look once; leave out how the folder fares."""
        return [update for update in self.inbox.look(now) if not isinstance(update, Health)]

    def health(self, now: float) -> Health:
        """Look once, and return how the folder fares (which was different the last time)."""
        (health,) = [update for update in self.inbox.look(now) if isinstance(update, Health)]
        return health

    def deliveries(self, now: float) -> list[str]:
        """Look once, and return the NWB files of what has become ready."""
        return [update.nwb_path for update in self.look(now) if isinstance(update, Delivery)]

    def said(self, now: float) -> dict[str, str]:
        """Look once, and return what is newly said about what waits."""
        return {update.path: update.sentence(now) for update in self.look(now) if isinstance(update, Waiting)}

    def put(self, stem: str, *, manifest: bool = True, recording: bool = True, **members: Any) -> None:
        """Put a small HDF5 file and its manifest into the folder."""
        path = self.path / stem
        path.parent.mkdir(parents=True, exist_ok=True)
        if recording:
            with h5py.File(f"{path}.nwb", "w") as file:
                file["data"] = range(10)
        if manifest:
            Path(f"{path}.manifest.json").write_text(json.dumps(MANIFEST | members))

    def hint(self) -> None:
        """Wait until inotify has said something."""
        assert self.inbox.hints is not None
        assert select.select([self.inotify], [], [], 30)[0]
        self.inotify.rest()

    def soon(self, now: float, path: str) -> list[Update]:
        """Look whenever inotify says something, until something is said about this path."""
        updates: list[Update] = []
        while path not in {update.path for update in updates if isinstance(update, Waiting)}:
            self.hint()
            updates += self.look(now)
        return updates


MANIFEST = {
    "specification": "antelop-manifest",
    "version": "1.0",
    "session": {"experimenter": "lab", "experiment_id": 1, "session_id": 2},
    "animals": [],
}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Drop]]:
    """Start an inbox on a folder, as often as needed."""
    inboxes = []

    def begin(
        path: Path = tmp_path / "drop",
        finished: list[str] | None = None,
        mounts: Path = Path("/proc/self/mountinfo"),
        **options: Any,
    ) -> Drop:
        folder = Folder("rig-2", path, **({"settle": SETTLE} | options))
        inotify = Inotify()
        inboxes.append(Inbox(folder, Finished(finished or []), inotify=inotify, mounts=mounts))
        return Drop(path, folder, inboxes[-1], inotify, begin)

    (tmp_path / "drop").mkdir()
    yield begin
    for inbox in inboxes:
        inbox.close()


@pytest.fixture
def drop(start: Callable[..., Drop]) -> Drop:
    """Start an inbox on an empty folder."""
    return start()


def mounted(tmp_path: Path, *lines: str) -> Path:
    """Write a list of mounts as the kernel does: the root on ext4, and these."""
    path = tmp_path / "mountinfo"
    path.write_text("\n".join(["27 1 254:0 / / rw,relatime - ext4 /dev/vda rw", *lines]) + "\n")
    return path


def test_a_settled_pair_is_announced_once(drop: Drop) -> None:
    """It waits for the settle time, is announced, and then nothing more is said."""
    drop.put("x")
    assert drop.said(100.0) == {"x.nwb": "not settled yet: 0 s of 10 s"}
    assert drop.look(109.9) == []
    released, delivery = drop.look(110.0)
    assert released == Released("x.nwb")
    assert isinstance(delivery, Delivery)
    assert (delivery.folder, delivery.manifest_path, delivery.nwb_path) == ("rig-2", "x.manifest.json", "x.nwb")
    assert delivery.document == (drop.path / "x.manifest.json").read_bytes()
    assert [drop.look(now) for now in (111.0, 170.0, 1000.0)] == [[], [], []]


def test_the_next_look_is_soon_only_while_something_may_settle(drop: Drop) -> None:
    """A second ahead while a file may settle, else with the next scan."""
    drop.look(100.0)
    assert drop.inbox.next_look == 160.0
    drop.put("x")
    drop.look(160.0)
    assert drop.inbox.next_look == 161.0
    drop.look(170.0)
    assert drop.inbox.next_look == 220.0


@pytest.mark.parametrize(("settle", "seconds"), [(0.3, 0.3), (0.01, 0.1), (60.0, 6.0)])
def test_where_files_settle_sooner_or_later_the_next_look_does_too(
    start: Callable[..., Drop], settle: float, seconds: float
) -> None:
    """It comes when the file may have settled, or in a tenth of the time, but not more often than ten times a second."""
    drop = start(settle=settle)
    drop.put("x")
    drop.look(100.0)
    assert drop.inbox.next_look == 100.0 + seconds


def test_field_01_a_network_share_is_polled(start: Callable[..., Drop], tmp_path: Path) -> None:
    """No event comes from a share: new files are found by scanning, and settle for a minute."""
    mounts = mounted(tmp_path, f"40 27 0:50 / {tmp_path} rw - cifs //server/share rw")
    drop = start(mounts=mounts, settle=None)
    health = drop.health(0.0)
    assert (health.watching, health.because) == ("polling", "cifs does not tell of changes that others make")
    assert (health.paused, health.settle, health.scanned, health.entries) == (None, 60.0, 0.0, 0)
    assert drop.inbox.hints is None
    drop.put("x")
    assert drop.look(9.0) == []
    assert drop.said(10.0) == {"x.nwb": "not settled yet: 0 s of 60 s"}
    assert (drop.deliveries(69.0), drop.deliveries(70.0)) == ([], ["x.nwb"])


@pytest.mark.parametrize(
    ("kind", "watch", "expected"),
    [
        ("ext4", "auto", ("events", 10.0)),
        ("ext4", "poll", ("polling", 10.0)),
        ("nfs4", "auto", ("polling", 60.0)),
        ("nfs4", "events", ("events", 60.0)),
        ("fuse.sshfs", "auto", ("polling", 60.0)),
        ("smb3", "auto", ("polling", 60.0)),
        ("9p", "auto", ("polling", 60.0)),
    ],
)
def test_the_filesystem_decides_how_a_folder_is_watched(
    kind: str, watch: str, expected: tuple[str, float], start: Callable[..., Drop], tmp_path: Path
) -> None:
    """What the configuration asks for goes before that."""
    escaped = str(tmp_path).replace(" ", "\\040")
    mounts = mounted(tmp_path, f"40 27 0:50 / {escaped} rw shared:1 - {kind} server:/share rw")
    health = start(mounts=mounts, settle=None, watch=watch).health(0.0)
    assert (health.watching, health.settle) == expected


def test_field_02_polling_goes_on_after_an_outage(start: Callable[..., Drop], tmp_path: Path) -> None:
    """A share that was away for a while is scanned again, and what came meanwhile is found."""
    drop = start(watch="poll")
    drop.look(0.0)
    drop.path.rename(tmp_path / "away")
    drop.look(10.0)
    drop.look(1000.0)
    (tmp_path / "away").rename(drop.path)
    drop.put("x")
    drop.look(1005.0)
    assert drop.deliveries(1015.0) == ["x.nwb"]


@pytest.mark.parametrize("empty", [False, True], ids=["vanished", "empty mount point"])
def test_field_03_an_unmounted_share_is_paused_not_empty(drop: Drop, tmp_path: Path, *, empty: bool) -> None:
    """Nothing is taken for gone; when the share is back, nothing is announced a second time, and what is new is found."""
    drop.put("ready")
    drop.put("lone", manifest=False)
    drop.look(0.0)
    drop.look(10.0)
    drop.path.rename(tmp_path / "away")
    if empty:
        drop.path.mkdir()
    (paused,) = drop.inbox.look(20.0)
    assert isinstance(paused, Health)
    assert paused.paused == (
        "another folder is in its place: mount the share again, or reload to accept what is there now"
        if empty
        else "there is no such folder: the share is not mounted, or the folder was moved or never made"
    )
    assert drop.inbox.next_look == 25.0
    assert drop.inbox.look(25.0) == []
    if empty:
        drop.path.rmdir()
    (tmp_path / "away").rename(drop.path)
    assert drop.health(30.0).paused is None
    drop.put("new")
    assert set(drop.said(95.0)) == {"new.nwb"}
    assert drop.deliveries(105.0) == ["new.nwb"]


def test_field_03_a_share_without_its_sentinel_is_paused(start: Callable[..., Drop]) -> None:
    """The sentinel file is what tells the share from its mount point, at start-up as well."""
    drop = start(sentinel=".antelop")
    drop.put("x")
    assert drop.health(0.0).paused == (
        "its sentinel file .antelop is missing: the share is not mounted, or the file was deleted"
    )
    (drop.path / ".antelop").touch()
    assert drop.said(5.0) == {"x.nwb": "not settled yet: 0 s of 10 s"}
    (drop.path / ".antelop").unlink()
    assert drop.look(15.0) == []
    (drop.path / ".antelop").touch()
    assert drop.deliveries(20.0) == ["x.nwb"]


def test_a_folder_that_cannot_be_read_is_paused(start: Callable[..., Drop], tmp_path: Path) -> None:
    """The operating system's own words say why; a file in the folder's place is no folder."""
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert start(tmp_path / "loop").health(0.0).paused == "it cannot be read: Too many levels of symbolic links"
    (tmp_path / "file").touch()
    assert start(tmp_path / "file").health(0.0).paused == "there is a file where the folder should be"


def test_a_share_that_is_mounted_after_the_start_takes_its_folder_s_place(tmp_path: Path) -> None:
    """At boot the empty mount point may be seen first; the filesystem that comes on top of it is what was meant."""
    share = tmp_path / "share"
    share.mkdir()
    presence = Presence(share, None, None, mounted(tmp_path))
    assert presence.absence() is None
    share.rename(tmp_path / "point")
    share.mkdir()
    assert presence.absence() is not None
    mounted(tmp_path, f"40 27 0:50 / {share} rw - nfs4 server:/share rw")
    assert presence.absence() is None
    share.rmdir()
    (tmp_path / "point").rename(share)
    mounted(tmp_path)
    assert presence.absence() is not None


def test_a_share_that_is_mounted_again_is_the_same(tmp_path: Path) -> None:
    """Its device number may be another one; the same inode of the same source is enough, another source is not."""
    path = tmp_path / "share"
    mounts = mounted(tmp_path, "40 27 0:50 / /proc rw - nfs4 server:/a rw", "41 27 0:51 / /sys rw - nfs4 server:/a rw")
    path.symlink_to("/proc")
    presence = Presence(path, None, None, mounts)
    assert presence.absence() is None
    path.unlink()
    path.symlink_to("/sys")  # whose inode is 1, as that of /proc is
    mounted(tmp_path, "40 27 0:50 / /proc rw - nfs4 server:/a rw", "41 27 0:51 / /sys rw - nfs4 server:/b rw")
    assert presence.absence() is not None
    mounted(tmp_path, "40 27 0:50 / /proc rw - nfs4 server:/a rw", "41 27 0:51 / /sys rw - nfs4 server:/a rw")
    assert presence.absence() is None


def test_field_04_the_folder_is_never_created(start: Callable[..., Drop], tmp_path: Path) -> None:
    """A path that does not exist is waited for."""
    drop = start(tmp_path / "later")
    assert drop.health(0.0).paused is not None
    assert not drop.path.exists()
    drop.put("x")
    drop.look(5.0)
    assert drop.deliveries(15.0) == ["x.nwb"]


def test_field_05_an_overflow_of_the_kernel_s_queue_is_answered_by_a_scan(drop: Drop) -> None:
    """A file whose event was lost is found at the next look, not with the next regular scan."""
    for name in ("noise", "quiet"):
        (drop.path / name).mkdir()
    drop.look(0.0)
    hints = drop.inbox.hints
    assert hints is not None
    length = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    with hints._lock:  # nobody takes events out of the queue now
        here, there = drop.path / "noise" / "a.nwb", drop.path / "noise" / "b.nwb"
        here.touch()
        for _ in range(length // 2 + 4096):  # two events each, and as many as are read at a time
            here.rename(there)
            here, there = there, here
        drop.put("quiet/x")
    updates: list[Update] = []
    while not any(isinstance(update, Health) and update.scanned == 1.0 for update in updates):
        drop.hint()
        updates += drop.inbox.look(1.0)
    assert "quiet/x.nwb" in {update.path for update in updates if isinstance(update, Waiting)}


def test_a_folder_with_more_directories_than_can_be_watched_is_polled(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said why, and everything is scanned more often instead."""
    monkeypatch.setattr(Hints.__init__, "__defaults__", (2,))
    for name in ("a", "b", "c"):
        (drop.path / name).mkdir()
    health = drop.health(0.0)
    assert (health.watching, health.because) == ("polling", "inotify cannot be used: more than 2 folders to watch")
    assert drop.inbox.next_look == 10.0


def test_field_06_files_that_arrive_while_nobody_watches_are_found(drop: Drop) -> None:
    """A restarted inbox knows what is finished and finds the rest; the wait begins anew."""
    drop.put("before")
    drop.look(0.0)
    (finished,) = [update.delivery_id for update in drop.look(10.0) if isinstance(update, Delivery)]
    drop.inbox.close()
    drop.put("meanwhile")
    restarted = drop.start(finished=[finished])
    assert restarted.deliveries(20.0) == []
    assert restarted.deliveries(30.0) == ["meanwhile.nwb"]


def test_field_07_files_in_new_and_moved_in_directories_are_found_at_once(drop: Drop, tmp_path: Path) -> None:
    """An event tells of the directory alone; what is in it, and below it, is found by looking."""
    drop.look(0.0)
    drop.put("made/deep/x")
    drop.hint()
    assert set(drop.said(1.0)) == {"made/deep/x.nwb"}
    other = drop.start(tmp_path / "elsewhere")
    other.put("moved/deep/y")
    (other.path / "moved").rename(drop.path / "moved")
    drop.hint()
    assert set(drop.said(2.0)) == {"moved/deep/y.nwb"}
    drop.put("moved/deep/z")
    drop.hint()
    assert set(drop.said(3.0)) == {"moved/deep/z.nwb"}


def test_a_directory_that_moves_within_the_folder_is_still_watched(drop: Drop) -> None:
    """Its files wait under their new names, and what comes later is found at once too."""
    drop.put("a/sub/x")
    drop.look(0.0)
    (ready,) = [update for update in drop.look(10.0) if isinstance(update, Delivery)]
    (drop.path / "a").rename(drop.path / "b")
    gone = Withdrawn(ready.delivery_id, "a/sub/x.manifest.json", "a/sub/x.nwb")
    assert gone in drop.soon(11.0, "b/sub/x.nwb")
    drop.put("b/sub/y")
    drop.soon(13.0, "b/sub/y.nwb")


def test_a_directory_that_moves_out_is_watched_no_more(drop: Drop, tmp_path: Path) -> None:
    """The kernel's watches are few; it keeps one for each directory that is still there."""
    (drop.path / "stays").mkdir()
    (drop.path / "goes" / "below").mkdir(parents=True)
    drop.look(0.0)
    watched = Path(f"/proc/self/fdinfo/{drop.inotify.instance._inotify_fd}")
    assert watched.read_text().count("inotify wd:") == 4
    (drop.path / "goes").rename(tmp_path / "gone")
    (tmp_path / "gone" / "x.nwb").touch()  # of which nobody is told
    for now, name in enumerate(("stays/y", "stays/z")):  # when the second is known, all that came before has been taken in
        drop.put(name)
        drop.soon(1.0 + now, f"{name}.nwb")
    assert watched.read_text().count("inotify wd:") == 2


def test_a_folder_may_be_watched_without_its_sub_folders(start: Callable[..., Drop]) -> None:
    """Nothing below it is looked at, unless a manifest in it names it."""
    drop = start(recursive=False)
    drop.put("below/x")
    drop.put("top")
    drop.put("named", recording=False, nwb="below/raw.nwb")
    shutil.copy(drop.path / "top.nwb", drop.path / "below" / "raw.nwb")
    assert set(drop.said(0.0)) == {"top.nwb", "below/raw.nwb"}
    assert set(drop.deliveries(10.0)) == {"top.nwb", "below/raw.nwb"}


def test_field_08_a_half_written_file_is_announced_once_it_is_whole(drop: Drop) -> None:
    """A copy that stalls for longer than the settle time waits, and says for what; complete, it is announced once."""
    drop.put("x")
    whole = (drop.path / "x.nwb").read_bytes()
    (drop.path / "x.nwb").write_bytes(whole[:-100])
    drop.look(0.0)
    assert drop.said(10.0) == {
        "x.nwb": f"still being written or copied: its header says that it has {len(whole):,} bytes, "
        f"{len(whole) - 100:,} are here"
    }
    with (drop.path / "x.nwb").open("ab") as file:
        file.write(whole[-100:])
    drop.soon(20.0, "x.nwb")
    assert [drop.deliveries(now) for now in (29.0, 30.0, 40.0)] == [[], ["x.nwb"], []]


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_field_09_a_slow_writer_is_waited_for_and_then_announced(libver: str, drop: Drop) -> None:
    """Between two blocks that are hours apart the file is open for writing, by its lock and by its mark."""
    drop.put("x", recording=False)
    with h5py.File(drop.path / "x.nwb", "w", libver=libver) as file:
        file["first"] = range(1000)
        file.flush()
        drop.look(0.0)
        assert drop.said(10.0) == {"x.nwb": "open for writing: another program holds its lock"}
        assert drop.look(7200.0) == []
        file["second"] = range(1000)
        file.flush()
        assert drop.look(14400.0) != []
        assert drop.said(14410.0) == {"x.nwb": "open for writing: another program holds its lock"}
    assert drop.deliveries(14411.0) + drop.deliveries(14421.0) == ["x.nwb"]  # to close it may change it


def test_whoever_reads_a_delivery_may_lock_it(drop: Drop) -> None:
    """Once it is announced, a lock on it is a worker's, and says nothing against it."""
    drop.put("x")
    drop.look(0.0)
    assert drop.deliveries(10.0) == ["x.nwb"]
    with (drop.path / "x.nwb").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert drop.look(70.0) == []


@pytest.mark.parametrize("watch", ["events", "poll"])
def test_a_growing_file_says_how_fast(watch: str, start: Callable[..., Drop]) -> None:
    """Also while it has no manifest yet, as during a recording; and between two scans, without any event."""
    drop = start(watch=watch, scan=1000.0)
    path = drop.path / "x.nwb"
    path.write_bytes(bytes(1_000_000))
    drop.look(0.0)
    with path.open("ab") as file:
        file.write(bytes(4_000_000))
    assert drop.said(2.0) == {"x.nwb": "still growing: 5.0 MB, 2.0 MB/s"}
    assert drop.said(7.0) == {"x.nwb": "not settled yet: 5 s of 10 s"}
    assert drop.said(12.0) == {"x.nwb": "NWB here for 12 s, manifest missing"}


def test_field_10_files_that_were_there_before_the_start_wait_too(drop: Drop) -> None:
    """An old file is not ready at the first look."""
    drop.put("x")
    for name in ("x.nwb", "x.manifest.json"):
        os.utime(drop.path / name, (1.0, 1.0))
    assert drop.deliveries(0.0) == []
    assert drop.deliveries(10.0) == ["x.nwb"]


def test_field_11_many_events_make_one_delivery(drop: Drop) -> None:
    """A file that is opened, written and closed again and again is announced once, when that is over."""
    drop.look(0.0)
    drop.put("x")
    for now in range(1, 20):
        with (drop.path / "x.manifest.json").open("a") as file:
            file.write(" ")
        drop.hint()
        assert drop.deliveries(float(now)) == []
    assert [drop.deliveries(now) for now in (29.0, 40.0, 100.0)] == [["x.nwb"], [], []]


def test_field_15_a_file_under_another_s_name_is_another_delivery(drop: Drop) -> None:
    """Neither the name nor the inode is the identity; what is no longer there is withdrawn as soon as that is seen."""
    drop.put("x")
    drop.look(0.0)
    (first,) = [update for update in drop.look(10.0) if isinstance(update, Delivery)]
    drop.put("new/x", manifest=False)
    with h5py.File(drop.path / "new" / "x.nwb", "a") as file:
        file["more"] = range(1000)
    (drop.path / "new" / "x.nwb").rename(drop.path / "x.nwb")
    drop.hint()
    assert Withdrawn(first.delivery_id, "x.manifest.json", "x.nwb") in drop.look(20.0)
    drop.look(20.0)
    (second,) = [update for update in drop.look(30.0) if isinstance(update, Delivery)]
    assert second.delivery_id != first.delivery_id
    assert second.nwb_size > first.nwb_size


def test_a_delivery_that_is_taken_away_is_withdrawn(drop: Drop) -> None:
    """Moved or deleted while it waits for a worker; of a finished one nothing is said."""
    drop.put("x")
    drop.put("y")
    drop.look(0.0)
    ready = {update.nwb_path: update for update in drop.look(10.0) if isinstance(update, Delivery)}
    drop.inbox.finish([ready["y.nwb"].delivery_id])
    for path in list(drop.path.iterdir()):
        path.unlink()
    assert drop.look(70.0) == [Withdrawn(ready["x.nwb"].delivery_id, "x.manifest.json", "x.nwb")]


@pytest.mark.parametrize("seconds", [1.0, 4e9], ids=["1970", "in the far future"])
def test_field_16_an_mtime_that_lies_neither_hastens_nor_delays(seconds: float, drop: Drop) -> None:
    """A file that was moved in, or comes from a computer whose clock is wrong, waits as long as any other."""
    drop.look(0.0)
    drop.put("x")
    for name in ("x.nwb", "x.manifest.json"):
        os.utime(drop.path / name, (seconds, seconds))
    drop.hint()
    assert [drop.deliveries(now) for now in (1.0, 10.0, 11.0)] == [[], [], ["x.nwb"]]


def test_field_16_a_file_that_is_renamed_into_place_waits_like_any_other(drop: Drop, tmp_path: Path) -> None:
    """It is whole from the first moment, but nobody can know that; with size and SHA-256 in the manifest one can."""
    outside = drop.start(tmp_path / "outside")
    outside.put("x")
    outside.put("y", size=2128, sha256="ab" * 32)
    assert (outside.path / "y.nwb").stat().st_size == 2128
    drop.look(0.0)
    for path in sorted(outside.path.iterdir()):
        path.rename(drop.path / path.name)
    drop.hint()
    assert drop.deliveries(1.0) == ["y.nwb"]
    assert drop.deliveries(11.0) == ["x.nwb"]


def test_field_21_a_crashed_writer_leaves_a_mark_that_is_said(drop: Drop, tmp_path: Path) -> None:
    """Its lock is gone, its mark is not: the file waits, with the remedy, and is announced when the mark has been taken off."""
    drop.put("x", recording=False)
    with h5py.File(tmp_path / "open.nwb", "w", libver="latest") as file:
        file["data"] = range(10)
        file.flush()
        shutil.copy(tmp_path / "open.nwb", drop.path / "x.nwb")
    drop.look(0.0)
    assert drop.said(10.0) == {
        "x.nwb": "open for writing: its header says so; if its writer has crashed, look at it and run `h5clear -s` on it"
    }
    os.utime(shutil.copy(tmp_path / "open.nwb", drop.path / "x.nwb"), (1, 1))  # the filesystem's clock may have stood still
    drop.soon(20.0, "x.nwb")
    assert drop.deliveries(30.0) == ["x.nwb"]


def test_field_23_junk_beside_the_data_is_passed_over(drop: Drop) -> None:
    """Nothing is said of it, and it does not disturb what it lies beside."""
    drop.put("x")
    data = (drop.path / "x.nwb").read_bytes()
    names = (
        "._x.nwb",
        ".x.nwb.Ab12Cd",
        "~x.nwb",
        "x.nwb~",
        "x.nwb.part",
        "x.nwb.tmp",
        ".syncthing.x.nwb.tmp",
        "x.receipt.json",
    )
    for name in names:
        (drop.path / name).write_bytes(data)
    for directory in ("@eaDir", "lost+found", ".stversions", "$RECYCLE.BIN", "session.nwb", "store.zarr"):
        (drop.path / directory).mkdir()
        (drop.path / directory / "y.nwb").write_bytes(data)
    (drop.path / "notes.json").write_text('{"specification": "something else"}')
    (drop.path / "broken.json").write_text("{")
    os.mkfifo(drop.path / "pipe.nwb")
    assert set(drop.said(0.0)) == {"x.nwb"}
    updates = [type(update) for now in (10.0, 100.0) for update in drop.look(now)]
    assert updates == [Released, Delivery]


@pytest.mark.parametrize(
    ("name", "maker"),
    [
        ("._x.nwb", "macOS, for what a foreign disk cannot hold of a file"),
        ("@eadir", "Synology, for thumbnails"),
        (".x.nwb.Ab12Cd", "rsync, for a file that is still arriving"),
        ("x.nwb.crdownload", "a browser, for a file that is still arriving"),
        ("x.nwb", None),
        ("x.manifest.json", None),
        ("session~1.nwb", None),
    ],
)
def test_junk_is_told_by_who_makes_it(name: str, maker: str | None) -> None:
    """The names of data are not junk."""
    assert junk(name) == maker
    assert is_candidate(name) == (maker is None)


def test_receipts_are_not_even_read() -> None:
    """There may be as many of them as deliveries."""
    assert not is_candidate("x.receipt.json")
    assert is_candidate("receipt.json")


def test_field_26_a_manifest_that_is_still_being_written_is_not_rejected(drop: Drop) -> None:
    """Half of it waits; when the rest has come and settled, the delivery is complete."""
    drop.put("x")
    path = drop.path / "x.manifest.json"
    whole = path.read_text()
    path.write_text(whole[:40])
    drop.look(0.0)
    assert drop.look(9.0) == []
    path.write_text(whole)
    drop.hint()
    assert drop.look(9.5) != []
    assert drop.deliveries(19.5) == ["x.nwb"]


def test_a_manifest_that_changed_since_it_was_listed_is_read_again(start: Callable[..., Drop]) -> None:
    """Just before a delivery is announced its files are looked at once more, scan or no scan."""
    drop = start(watch="poll", scan=1000.0)
    drop.put("x", note="old")
    drop.look(0.0)
    drop.put("x", recording=False, note="newer")
    assert drop.deliveries(10.0) == []
    assert drop.said(11.0) == {"x.manifest.json": "not settled yet: 0 s of 10 s"}
    (delivery,) = [update for update in drop.look(21.0) if isinstance(update, Delivery)]
    assert delivery.manifest.note == "newer"


def test_a_manifest_that_stays_broken_is_delivered_to_be_rejected(drop: Drop) -> None:
    """Also one that is a manifest by what is in it alone; put right, it is another delivery."""
    drop.put("x")
    (drop.path / "x.manifest.json").rename(drop.path / "x.json")
    good = (drop.path / "x.json").read_text()
    (drop.path / "x.json").write_text(good.replace("{", "", 1))
    drop.look(0.0)
    (broken,) = [update for update in drop.look(10.0) if isinstance(update, Delivery)]
    assert (broken.manifest_path, broken.nwb_path) == ("x.json", "")
    drop.inbox.finish([broken.delivery_id])
    drop.look(70.0)
    (drop.path / "x.json").write_text(good)
    drop.hint()
    drop.look(80.0)
    assert drop.deliveries(90.0) == ["x.nwb"]


def test_a_rejected_manifest_is_not_read_again_either(drop: Drop) -> None:
    """When it is finished, its listing alone tells, after a restart as well."""
    drop.put("x")
    path = drop.path / "x.manifest.json"
    good = path.read_text()
    path.write_text(good.replace("{", " ", 1))
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    drop.look(0.0)
    (broken,) = [update for update in drop.look(10.0) if isinstance(update, Delivery)]
    path.write_text(good)
    os.utime(path, ns=times)
    restarted = drop.start(finished=[broken.delivery_id])
    assert [restarted.look(now) for now in (0.0, 10.0)] == [[], []]


def test_a_rewritten_manifest_supersedes_the_delivery(drop: Drop) -> None:
    """Also if it is rewritten with its size and mtime unchanged: then the change time tells."""
    drop.put("x", note="one")
    drop.look(0.0)
    (first,) = [update for update in drop.look(10.0) if isinstance(update, Delivery)]
    path = drop.path / "x.manifest.json"
    before = path.stat()
    while path.stat().st_ctime_ns == before.st_ctime_ns:  # the filesystem's clock may stand still for some milliseconds
        path.write_text(path.read_text().replace("one", "two"))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    drop.hint()
    assert Withdrawn(first.delivery_id, "x.manifest.json", "x.nwb") in drop.look(20.0)
    (second,) = [update for update in drop.look(30.0) if isinstance(update, Delivery)]
    assert (second.manifest.note, second.manifest_mtime) == ("two", first.manifest_mtime)
    assert second.delivery_id != first.delivery_id


def test_what_is_finished_is_neither_read_nor_said_again(drop: Drop) -> None:
    """Its listing alone tells: other bytes under the same size and mtime go unnoticed."""
    drop.put("x")
    drop.put("odd", recording=False, nwb="elsewhere/recording.nwb")
    drop.put("elsewhere/recording", manifest=False)
    drop.look(0.0)
    ready = [update for update in drop.look(10.0) if isinstance(update, Delivery)]
    assert len(ready) == 2
    drop.inbox.finish([delivery.delivery_id for delivery in ready])
    assert [drop.look(now) for now in (11.0, 70.0)] == [[], []]
    path = drop.path / "x.manifest.json"
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    path.write_bytes(bytes(path.stat().st_size))
    os.utime(path, ns=times)
    restarted = drop.start(finished=[delivery.delivery_id for delivery in ready])
    assert [restarted.look(now) for now in (0.0, 10.0, 100.0)] == [[], [], []]


def test_a_finished_file_that_changes_is_another_delivery(drop: Drop) -> None:
    """It becomes visible again, with its manifest, and is announced when it has settled."""
    drop.put("x")
    drop.look(0.0)
    (first,) = [update for update in drop.look(10.0) if isinstance(update, Delivery)]
    drop.inbox.finish([first.delivery_id])
    drop.look(70.0)
    with h5py.File(drop.path / "x.nwb", "a") as file:
        file["more"] = range(1000)
    drop.hint()
    assert set(drop.said(80.0)) == {"x.nwb"}
    assert drop.deliveries(90.0) == ["x.nwb"]


def test_another_manifest_for_a_finished_file_is_a_delivery(drop: Drop) -> None:
    """A manifest that was dealt with claims nothing any more, so the same recording can be delivered with a better one."""
    drop.put("x")
    drop.look(0.0)
    (first,) = [update for update in drop.look(10.0) if isinstance(update, Delivery)]
    drop.inbox.finish([first.delivery_id])
    drop.put("better", recording=False, nwb="x.nwb")
    drop.look(70.0)
    (second,) = [update for update in drop.look(80.0) if isinstance(update, Delivery)]
    assert (second.manifest_path, second.nwb_path) == ("better.manifest.json", "x.nwb")


def test_a_forgotten_delivery_is_announced_again(drop: Drop) -> None:
    """As `retry` does it: whether it was finished before the start, or since."""
    drop.put("x")
    drop.look(0.0)
    (first,) = [update for update in drop.look(10.0) if isinstance(update, Delivery)]
    restarted = drop.start(finished=[first.delivery_id])
    restarted.look(0.0)
    for begin in (100.0, 200.0):
        restarted.inbox.forget([first.delivery_id])
        assert restarted.inbox.next_look == 0.0
        restarted.look(begin)
        assert restarted.deliveries(begin + 10.0) == ["x.nwb"]
        restarted.inbox.finish([first.delivery_id])
        restarted.look(begin + 70.0)


def test_a_delivery_waits_for_the_videos_that_it_turns_out_to_need(drop: Drop) -> None:
    """It is announced again with them when they have settled; one that is missing, or outside, is for a check to tell."""
    drop.put("x")
    drop.look(0.0)
    (first,) = [update for update in drop.look(10.0) if isinstance(update, Delivery)]
    video = drop.path / "video.avi"
    video.write_bytes(b"half")
    (drop.path.parent / "outside.avi").touch()
    drop.inbox.require(first.delivery_id, ["video.avi", "missing.avi", "../outside.avi"])
    assert drop.said(11.0) == {"video.avi": "not settled yet: 0 s of 10 s"}
    video.write_bytes(b"the whole of it")
    assert drop.deliveries(21.0) == []
    (second,) = [update for update in drop.look(31.0) if isinstance(update, Delivery)]
    assert second.delivery_id == first.delivery_id
    assert second.videos == (("video.avi", 15, video.stat().st_mtime_ns),)
    assert drop.look(100.0) == []
    drop.inbox.finish([second.delivery_id])
    assert drop.inbox._required == {}


def test_a_finished_delivery_that_is_tried_again_waits_for_its_videos(drop: Drop) -> None:
    """It was rejected for want of its video, and is announced with it when that has settled."""
    drop.put("x")
    drop.look(0.0)
    (first,) = [update for update in drop.look(10.0) if isinstance(update, Delivery)]
    drop.inbox.finish([first.delivery_id])
    (drop.path / "video.avi").write_bytes(b"late")
    drop.look(70.0)
    drop.inbox.require(first.delivery_id, ["video.avi"])
    drop.look(71.0)
    assert drop.said(81.0) == {"video.avi": "not settled yet: 0 s of 10 s"}
    (second,) = [update for update in drop.look(91.0) if isinstance(update, Delivery)]
    assert second.delivery_id == first.delivery_id
    assert [path for path, _, _ in second.videos] == ["video.avi"]


def test_links_are_followed_as_long_as_they_stay_in_the_folder(drop: Drop, tmp_path: Path) -> None:
    """A link to a file inside is that file; one that leads out is said; linked directories are said too, and not entered."""
    outside = drop.start(tmp_path / "outside")
    outside.put("x")
    drop.put("real/y", manifest=False)
    drop.put("y", recording=False)
    (drop.path / "y.nwb").symlink_to("real/y.nwb")
    (drop.path / "x.nwb").symlink_to(outside.path / "x.nwb")
    (drop.path / "linked").symlink_to(outside.path)
    (drop.path / "dangling.nwb").symlink_to("nowhere.nwb")
    drop.put("sly", recording=False, nwb="linked/x.nwb")
    said = drop.said(0.0)
    assert said["x.nwb"] == "it is a link that leads out of the drop folder; put the file itself here"
    assert said["sly.manifest.json"].startswith("manifest here for 0 s, and names a file that is not here: linked/x.nwb")
    assert said["linked"] == "it is a link to a folder, which is not followed; put the folder itself here"
    assert set(said) == {"x.nwb", "y.nwb", "real/y.nwb", "sly.manifest.json", "linked"}
    assert drop.deliveries(10.0) == ["y.nwb"]


@pytest.mark.parametrize("at", ["manifest", "recording"])
@pytest.mark.parametrize("when", ["before", "between"])
def test_a_named_pipe_is_not_waited_for(drop: Drop, monkeypatch: pytest.MonkeyPatch, at: str, when: str) -> None:
    """One that nobody writes to is passed over, also where it takes the place of a file between the look and the reading."""
    drop.put("good")
    drop.put("x")
    place = drop.path / ("x.manifest.json" if at == "manifest" else "x.nwb")
    opened = Directory.open

    def exchange() -> None:
        place.unlink(missing_ok=True)
        os.mkfifo(place)

    def exchanged(directory: Directory, name: str) -> RegularFile:
        if name == place.name and not place.is_fifo():
            exchange()
        return opened(directory, name)

    if when == "before":
        exchange()
    else:
        monkeypatch.setattr(Directory, "open", exchanged)
    for second in (0.0, 10.0, 20.0):
        drop.look(second)
    assert place.is_fifo()
    assert [update for update in drop.inbox._announced.values() if update.nwb_path == "x.nwb"] == []
    assert [update.nwb_path for update in drop.inbox._announced.values()] == ["good.nwb"]


def test_a_sub_folder_that_becomes_a_link_is_not_read(drop: Drop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is exchanged right before it is opened: what is elsewhere is neither listed nor read."""
    outside = drop.start(tmp_path / "outside")
    outside.put("secret")
    (drop.path / "sub").mkdir()
    below = Directory.below

    def exchanged(directory: Directory, name: str) -> Directory:
        if name == "sub" and not (drop.path / "sub").is_symlink():
            (drop.path / "sub").rmdir()
            (drop.path / "sub").symlink_to(outside.path)
        return below(directory, name)

    monkeypatch.setattr(Directory, "below", exchanged)
    assert drop.said(0.0) == {}
    assert drop.deliveries(10.0) == []
    assert (drop.path / "sub").is_symlink()


def test_a_name_that_is_not_utf8_is_said(drop: Drop) -> None:
    """Old cameras and Windows shares make such names; the rest of the folder is not disturbed."""
    drop.put("x")
    (drop.path / os.fsdecode(b"caf\xe9.nwb")).touch()
    (drop.path / os.fsdecode(b"caf\xe9.txt")).touch()
    said = drop.said(0.0)
    assert said["caf\\xe9.nwb"] == "its name is not valid UTF-8; rename it"
    assert set(said) == {"x.nwb", "caf\\xe9.nwb"}
    assert drop.deliveries(10.0) == ["x.nwb"]


def test_a_path_that_the_ledger_cannot_hold_is_said(drop: Drop) -> None:
    """A character less is none too many; and what a manifest names that is too long is not there for it."""
    deep = f"{'a' * 250}/{'b' * 231}"
    longest, longer, recording = f"{deep}/mmm", f"{deep}/mmmm", f"{deep}/{'x' * 15}"
    for path in (longest, longer):
        drop.put(path)
    drop.put(recording, manifest=False)
    drop.put(f"{deep}/m", recording=False, nwb=f"{'x' * 15}.nwb")
    said = drop.said(0.0)
    assert len(f"{longest}.manifest.json") == 500
    too_long = "its path in the drop folder has more than 500 characters; rename it, or move it up"
    assert (said[f"{longer}.manifest.json"], said[f"{recording}.nwb"]) == (too_long, too_long)
    assert len([sentence for sentence in said.values() if sentence == too_long]) == 2
    assert drop.deliveries(10.0) == [f"{longest}.nwb"]


def test_what_waits_is_said_once_and_released_when_it_is_over(drop: Drop) -> None:
    """A manifest that is missing, then there; a file that is taken away while it waits."""
    drop.put("x", manifest=False)
    drop.put("y", manifest=False)
    drop.look(0.0)
    assert drop.said(10.0) == {
        "x.nwb": "NWB here for 10 s, manifest missing",
        "y.nwb": "NWB here for 10 s, manifest missing",
    }
    assert drop.look(2400.0) == []
    drop.put("x", recording=False)
    (drop.path / "y.nwb").unlink()
    assert Released("y.nwb") in drop.look(3000.0)
    assert drop.deliveries(3010.0) == ["x.nwb"]
    assert drop.inbox._waiting == {}


def test_a_sub_folder_that_cannot_be_read_is_said_and_keeps_what_it_held(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk error in one directory neither stops the scan nor makes deliveries vanish, there or further down."""
    drop.put("bad/x")
    drop.put("bad/below/y")
    drop.put("good/z")
    drop.look(0.0)
    assert len(drop.deliveries(10.0)) == 3
    really_scandir = os.scandir

    def failing(directory: int) -> Any:
        if Path(f"/proc/self/fd/{directory}").readlink().name == "bad":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return really_scandir(directory)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", failing)
        (waiting,) = drop.look(70.0)
        assert isinstance(waiting, Waiting)
        assert (waiting.path, waiting.sentence(70.0)) == ("bad", "it cannot be read: Input/output error")
        assert drop.look(130.0) == []
    assert drop.look(190.0) == [Released("bad")]


def test_a_directory_beyond_the_longest_path_is_said(drop: Drop) -> None:
    """Such directories exist, made one inside the other; the rest of the folder is not disturbed."""
    drop.put("x")
    name = "d" * 250
    descriptor = os.open(drop.path, os.O_RDONLY)
    for _ in range(17):
        os.mkdir(name, dir_fd=descriptor)
        below = os.open(name, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(descriptor)
    assert sorted(drop.said(0.0).values()) == ["it cannot be read: File name too long", "not settled yet: 0 s of 10 s"]
    assert drop.deliveries(10.0) == ["x.nwb"]


def test_a_file_that_cannot_be_opened_is_said(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits until it can be."""
    drop.put("x")
    drop.look(0.0)
    really_open = Directory.open

    def failing(directory: Directory, name: str) -> RegularFile:
        if name == "x.nwb":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return really_open(directory, name)

    with monkeypatch.context() as patch:
        patch.setattr(Directory, "open", failing)
        assert drop.said(10.0) == {"x.nwb": "it cannot be read: Permission denied"}
    assert drop.deliveries(60.0) == ["x.nwb"]


def test_a_share_that_goes_away_during_a_scan_is_paused(drop: Drop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read of the empty mount point is thrown away."""
    drop.put("x")
    drop.look(0.0)
    drop.look(10.0)
    really_scandir = os.scandir

    def unmounting(path: str) -> Any:
        drop.path.rename(tmp_path / "away")
        drop.path.mkdir()
        return really_scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", unmounting)
        (paused,) = drop.inbox.look(70.0)
    assert isinstance(paused, Health)
    assert paused.paused is not None
    drop.path.rmdir()
    (tmp_path / "away").rename(drop.path)
    assert drop.look(75.0) == []


def test_files_that_vanish_during_a_look_are_no_error(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between being listed and being looked at, and between settling and being opened."""
    drop.put("x")
    drop.put("y")
    really_itself, really_open = Directory.itself, Directory.open

    def vanishing(directory: Directory, name: str) -> os.stat_result:
        if name == "y.nwb":
            (drop.path / name).unlink(missing_ok=True)
        return really_itself(directory, name)

    with monkeypatch.context() as patch:
        patch.setattr(Directory, "itself", vanishing)
        assert set(drop.said(0.0)) == {"x.nwb", "y.manifest.json"}

    def opening(directory: Directory, name: str) -> RegularFile:
        (drop.path / name).unlink()
        return really_open(directory, name)

    with monkeypatch.context() as patch:
        patch.setattr(Directory, "open", opening)
        assert drop.deliveries(10.0) == []
    assert set(drop.said(11.0)) == {"x.manifest.json"}


def test_a_file_that_is_touched_just_before_it_is_announced_waits(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A share's listing may be old; opening the file asks the server, and what it says counts."""
    drop.put("x")
    drop.look(0.0)
    really_open = Directory.open

    def growing(directory: Directory, name: str) -> RegularFile:
        os.truncate(drop.path / name, 10_000)
        return really_open(directory, name)

    with monkeypatch.context() as patch:
        patch.setattr(Directory, "open", growing)
        assert drop.said(10.0) == {"x.nwb": "not settled yet: 0 s of 10 s"}
    assert drop.said(11.0)["x.nwb"].startswith("still growing: 10 kB")
