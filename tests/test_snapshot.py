"""How a drop folder is watched: by events or by polling, paused while it is absent, with its sub-folders."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from antelop.dropfolder import Health, Update, Withdrawn
from antelop.dropfolder.delivery import Delivery
from antelop.dropfolder.inotify import Hints
from antelop.dropfolder.presence import Presence
from antelop.dropfolder.waiting import Waiting
from tests.inboxes import WatchedFolder, mounted


def test_field_01_a_network_share_is_polled(watching: Callable[..., WatchedFolder], tmp_path: Path) -> None:
    """No event comes from a share: new files are found by scanning, and settle for a minute."""
    mounts = mounted(tmp_path, f"40 27 0:50 / {tmp_path} rw - cifs //server/share rw")
    watched = watching(mounts=mounts, settle=None)
    health = watched.health(0.0)
    assert (health.watching, health.because) == ("polling", "cifs does not report changes that other computers make")
    assert (health.paused, health.settle, health.scanned, health.entries) == (None, 60.0, 0.0, 0)
    assert watched.inbox.hints is None
    watched.put("x")
    assert watched.look(9.0) == []
    assert watched.said(10.0) == {"x.nwb": "not settled yet: 0 s of 60 s"}
    assert (watched.deliveries(69.0), watched.deliveries(70.0)) == ([], ["x.nwb"])


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
    kind: str, watch: str, expected: tuple[str, float], watching: Callable[..., WatchedFolder], tmp_path: Path
) -> None:
    """What the configuration asks for goes before that."""
    escaped = str(tmp_path).replace(" ", "\\040")
    mounts = mounted(tmp_path, f"40 27 0:50 / {escaped} rw shared:1 - {kind} server:/share rw")
    health = watching(mounts=mounts, settle=None, watch=watch).health(0.0)
    assert (health.watching, health.settle) == expected


def test_field_02_polling_goes_on_after_an_outage(watching: Callable[..., WatchedFolder], tmp_path: Path) -> None:
    """A share that was away for a while is scanned again, and what came meanwhile is found."""
    watched = watching(watch="poll")
    watched.look(0.0)
    watched.path.rename(tmp_path / "away")
    watched.look(10.0)
    watched.look(1000.0)
    (tmp_path / "away").rename(watched.path)
    watched.put("x")
    watched.look(1005.0)
    assert watched.deliveries(1015.0) == ["x.nwb"]


@pytest.mark.parametrize("empty", [False, True], ids=["vanished", "empty mount point"])
def test_field_03_an_unmounted_share_is_paused_not_empty(watched: WatchedFolder, tmp_path: Path, *, empty: bool) -> None:
    """Nothing is taken for gone; when the share is back, nothing is announced a second time, and what is new is found."""
    watched.put("ready")
    watched.put("lone", manifest=False)
    watched.look(0.0)
    watched.look(10.0)
    watched.path.rename(tmp_path / "away")
    if empty:
        watched.path.mkdir()
    (paused,) = watched.inbox.look(20.0)
    assert isinstance(paused, Health)
    assert paused.paused == (
        "another folder is in its place: mount the share again, or reload to accept what is there now"
        if empty
        else "there is no such folder: the share is not mounted, or the folder was moved or never made"
    )
    assert watched.inbox.next_look == 25.0
    assert watched.inbox.look(25.0) == []
    if empty:
        watched.path.rmdir()
    (tmp_path / "away").rename(watched.path)
    assert watched.health(30.0).paused is None
    watched.put("new")
    assert set(watched.said(95.0)) == {"new.nwb"}
    assert watched.deliveries(105.0) == ["new.nwb"]


def test_field_03_a_share_without_its_sentinel_is_paused(watching: Callable[..., WatchedFolder]) -> None:
    """The sentinel file is what tells the share from its mount point, at start-up as well."""
    watched = watching(sentinel=".antelop")
    watched.put("x")
    assert watched.health(0.0).paused == (
        "its sentinel file .antelop is missing: the share is not mounted, or the file was deleted"
    )
    (watched.path / ".antelop").touch()
    assert watched.said(5.0) == {"x.nwb": "not settled yet: 0 s of 10 s"}
    (watched.path / ".antelop").unlink()
    assert watched.look(15.0) == []
    (watched.path / ".antelop").touch()
    assert watched.deliveries(20.0) == ["x.nwb"]


def test_a_folder_that_cannot_be_read_is_paused(watching: Callable[..., WatchedFolder], tmp_path: Path) -> None:
    """The operating system's own words say why; a file in the folder's place is no folder."""
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert watching(tmp_path / "loop").health(0.0).paused == "it cannot be read: Too many levels of symbolic links"
    (tmp_path / "file").touch()
    assert watching(tmp_path / "file").health(0.0).paused == "there is a file where the folder should be"


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


def test_field_04_the_folder_is_never_created(watching: Callable[..., WatchedFolder], tmp_path: Path) -> None:
    """A path that does not exist is waited for."""
    watched = watching(tmp_path / "later")
    assert watched.health(0.0).paused is not None
    assert not watched.path.exists()
    watched.put("x")
    watched.look(5.0)
    assert watched.deliveries(15.0) == ["x.nwb"]


def test_field_05_an_overflow_of_the_kernel_s_queue_is_answered_by_a_scan(watched: WatchedFolder) -> None:
    """A file whose event was lost is found at the next look, not with the next regular scan."""
    for name in ("noise", "quiet"):
        (watched.path / name).mkdir()
    watched.look(0.0)
    hints = watched.inbox.hints
    assert hints is not None
    length = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    with hints._lock:  # nobody takes events out of the queue now
        here, there = watched.path / "noise" / "a.nwb", watched.path / "noise" / "b.nwb"
        here.touch()
        for _ in range(length // 2 + 4096):  # two events each, and as many as are read at a time
            here.rename(there)
            here, there = there, here
        watched.put("quiet/x")
    updates: list[Update] = []
    while not any(isinstance(update, Health) and update.scanned == 1.0 for update in updates):
        watched.hint()
        updates += watched.inbox.look(1.0)
    assert "quiet/x.nwb" in {update.path for update in updates if isinstance(update, Waiting)}


def test_a_folder_with_more_directories_than_can_be_watched_is_polled(
    watched: WatchedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said why, and everything is scanned more often instead."""
    monkeypatch.setattr(Hints.__init__, "__defaults__", (2,))
    for name in ("a", "b", "c"):
        (watched.path / name).mkdir()
    health = watched.health(0.0)
    assert (health.watching, health.because) == ("polling", "inotify cannot be used: more than 2 folders to watch")
    assert watched.inbox.next_look == 10.0


def test_field_06_files_that_arrive_while_nobody_watches_are_found(watched: WatchedFolder) -> None:
    """A restarted inbox knows what is finished and finds the rest; the wait begins anew."""
    watched.put("before")
    watched.look(0.0)
    (finished,) = [update.delivery_id for update in watched.look(10.0) if isinstance(update, Delivery)]
    watched.inbox.close()
    watched.put("meanwhile")
    restarted = watched.watching(finished=[finished])
    assert restarted.deliveries(20.0) == []
    assert restarted.deliveries(30.0) == ["meanwhile.nwb"]


def test_field_07_files_in_new_and_moved_in_directories_are_found_at_once(watched: WatchedFolder, tmp_path: Path) -> None:
    """An event tells of the directory alone; what is in it, and below it, is found by looking."""
    watched.look(0.0)
    watched.put("made/deep/x")
    watched.hint()
    assert set(watched.said(1.0)) == {"made/deep/x.nwb"}
    other = watched.watching(tmp_path / "elsewhere")
    other.put("moved/deep/y")
    (other.path / "moved").rename(watched.path / "moved")
    watched.hint()
    assert set(watched.said(2.0)) == {"moved/deep/y.nwb"}
    watched.put("moved/deep/z")
    watched.hint()
    assert set(watched.said(3.0)) == {"moved/deep/z.nwb"}


def test_a_directory_that_moves_within_the_folder_is_still_watched(watched: WatchedFolder) -> None:
    """Its files wait under their new names, and what comes later is found at once too."""
    watched.put("a/sub/x")
    watched.look(0.0)
    (ready,) = [update for update in watched.look(10.0) if isinstance(update, Delivery)]
    (watched.path / "a").rename(watched.path / "b")
    gone = Withdrawn(ready.delivery_id, "a/sub/x.manifest.json", "a/sub/x.nwb")
    assert gone in watched.soon(11.0, "b/sub/x.nwb")
    watched.put("b/sub/y")
    watched.soon(13.0, "b/sub/y.nwb")


def test_a_directory_that_moves_out_is_watched_no_more(watched: WatchedFolder, tmp_path: Path) -> None:
    """The kernel's watches are few; it keeps one for each directory that is still there."""
    (watched.path / "stays").mkdir()
    (watched.path / "goes" / "below").mkdir(parents=True)
    watched.look(0.0)
    fdinfo = Path(f"/proc/self/fdinfo/{watched.inotify.instance._inotify_fd}")
    assert fdinfo.read_text().count("inotify wd:") == 4
    (watched.path / "goes").rename(tmp_path / "gone")
    (tmp_path / "gone" / "x.nwb").touch()  # of which nobody is told
    for now, name in enumerate(("stays/y", "stays/z")):  # when the second is known, all that came before has been taken in
        watched.put(name)
        watched.soon(1.0 + now, f"{name}.nwb")
    assert fdinfo.read_text().count("inotify wd:") == 2


def test_a_folder_may_be_watched_without_its_sub_folders(watching: Callable[..., WatchedFolder]) -> None:
    """Nothing below it is looked at, unless a manifest in it names it."""
    watched = watching(recursive=False)
    watched.put("below/x")
    watched.put("top")
    watched.put("named", recording=False, nwb="below/raw.nwb")
    shutil.copy(watched.path / "top.nwb", watched.path / "below" / "raw.nwb")
    assert set(watched.said(0.0)) == {"top.nwb", "below/raw.nwb"}
    assert set(watched.deliveries(10.0)) == {"top.nwb", "below/raw.nwb"}
