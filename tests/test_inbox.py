"""The inbox of a drop folder: when a delivery is announced, and what waits with which reason. The tests own the time."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import pytest

from antelop.dropfolder import Released, Withdrawn
from antelop.dropfolder.delivery import Delivery
from tests.inboxes import WatchedFolder


def test_a_settled_pair_is_announced_once(watched: WatchedFolder) -> None:
    """It waits for the settle time, is announced, and then nothing more is said."""
    watched.put("x")
    assert watched.said(100.0) == {"x.nwb": "not settled yet: 0 s of 10 s"}
    assert watched.look(109.9) == []
    released, delivery = watched.look(110.0)
    assert released == Released("x.nwb")
    assert isinstance(delivery, Delivery)
    assert (delivery.folder, delivery.manifest_path, delivery.nwb_path) == ("rig-2", "x.manifest.json", "x.nwb")
    assert delivery.document == (watched.path / "x.manifest.json").read_bytes()
    assert [watched.look(now) for now in (111.0, 170.0, 1000.0)] == [[], [], []]


def test_the_next_look_is_soon_only_while_something_may_settle(watched: WatchedFolder) -> None:
    """A second ahead while a file may settle, else with the next scan."""
    watched.look(100.0)
    assert watched.inbox.next_look == 160.0
    watched.put("x")
    watched.look(160.0)
    assert watched.inbox.next_look == 161.0
    watched.look(170.0)
    assert watched.inbox.next_look == 220.0


@pytest.mark.parametrize(("settle", "seconds"), [(0.3, 0.3), (0.01, 0.1), (60.0, 6.0)])
def test_where_files_settle_sooner_or_later_the_next_look_does_too(
    watching: Callable[..., WatchedFolder], settle: float, seconds: float
) -> None:
    """It comes when the file may have settled, or in a tenth of the time, but not more often than ten times a second."""
    watched = watching(settle=settle)
    watched.put("x")
    watched.look(100.0)
    assert watched.inbox.next_look == 100.0 + seconds


def test_field_08_a_half_written_file_is_announced_once_it_is_whole(watched: WatchedFolder) -> None:
    """A copy that stalls for longer than the settle time waits, and says for what; complete, it is announced once."""
    watched.put("x")
    whole = (watched.path / "x.nwb").read_bytes()
    (watched.path / "x.nwb").write_bytes(whole[:-100])
    watched.look(0.0)
    assert watched.said(10.0) == {
        "x.nwb": f"still being written or copied: its header says that it has {len(whole):,} bytes, "
        f"{len(whole) - 100:,} are here"
    }
    with (watched.path / "x.nwb").open("ab") as file:
        file.write(whole[-100:])
    watched.soon(20.0, "x.nwb")
    assert [watched.deliveries(now) for now in (29.0, 30.0, 40.0)] == [[], ["x.nwb"], []]


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_field_09_a_slow_writer_is_waited_for_and_then_announced(libver: str, watched: WatchedFolder) -> None:
    """Between two blocks that are hours apart the file is open for writing, by its lock and by its mark."""
    watched.put("x", recording=False)
    with h5py.File(watched.path / "x.nwb", "w", libver=libver) as file:
        file["first"] = range(1000)
        file.flush()
        watched.look(0.0)
        assert watched.said(10.0) == {"x.nwb": "open for writing: another program holds its lock"}
        assert watched.look(7200.0) == []
        file["second"] = range(1000)
        file.flush()
        assert watched.look(14400.0) != []
        assert watched.said(14410.0) == {"x.nwb": "open for writing: another program holds its lock"}
    assert watched.deliveries(14411.0) + watched.deliveries(14421.0) == ["x.nwb"]  # to close it may change it


def test_whoever_reads_a_delivery_may_lock_it(watched: WatchedFolder) -> None:
    """Once it is announced, a lock on it is a worker's, and says nothing against it."""
    watched.put("x")
    watched.look(0.0)
    assert watched.deliveries(10.0) == ["x.nwb"]
    with (watched.path / "x.nwb").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert watched.look(70.0) == []


@pytest.mark.parametrize("watch", ["events", "poll"])
def test_a_growing_file_says_how_fast(watch: str, watching: Callable[..., WatchedFolder]) -> None:
    """Also while it has no manifest yet, as during a recording; and between two scans, without any event."""
    watched = watching(watch=watch, scan=1000.0)
    path = watched.path / "x.nwb"
    path.write_bytes(bytes(1_000_000))
    watched.look(0.0)
    with path.open("ab") as file:
        file.write(bytes(4_000_000))
    assert watched.said(2.0) == {"x.nwb": "still growing: 5.0 MB, 2.0 MB/s"}
    assert watched.said(7.0) == {"x.nwb": "not settled yet: 5 s of 10 s"}
    assert watched.said(12.0) == {"x.nwb": "NWB here for 12 s, manifest missing"}


def test_field_10_files_that_were_there_before_the_start_wait_too(watched: WatchedFolder) -> None:
    """An old file is not ready at the first look."""
    watched.put("x")
    for name in ("x.nwb", "x.manifest.json"):
        os.utime(watched.path / name, (1.0, 1.0))
    assert watched.deliveries(0.0) == []
    assert watched.deliveries(10.0) == ["x.nwb"]


def test_field_11_many_events_make_one_delivery(watched: WatchedFolder) -> None:
    """A file that is opened, written and closed again and again is announced once, when that is over."""
    watched.look(0.0)
    watched.put("x")
    for now in range(1, 20):
        with (watched.path / "x.manifest.json").open("a") as file:
            file.write(" ")
        watched.hint()
        assert watched.deliveries(float(now)) == []
    assert [watched.deliveries(now) for now in (29.0, 40.0, 100.0)] == [["x.nwb"], [], []]


def test_field_15_a_file_under_another_s_name_is_another_delivery(watched: WatchedFolder) -> None:
    """Neither the name nor the inode is the identity; what is no longer there is withdrawn as soon as that is seen."""
    watched.put("x")
    watched.look(0.0)
    (first,) = [update for update in watched.look(10.0) if isinstance(update, Delivery)]
    watched.put("new/x", manifest=False)
    with h5py.File(watched.path / "new" / "x.nwb", "a") as file:
        file["more"] = range(1000)
    (watched.path / "new" / "x.nwb").rename(watched.path / "x.nwb")
    watched.hint()
    assert Withdrawn(first.delivery_id, "x.manifest.json", "x.nwb") in watched.look(20.0)
    watched.look(20.0)
    (second,) = [update for update in watched.look(30.0) if isinstance(update, Delivery)]
    assert second.delivery_id != first.delivery_id
    assert second.nwb_size > first.nwb_size


def test_a_delivery_that_is_taken_away_is_withdrawn(watched: WatchedFolder) -> None:
    """Moved or deleted while it waits for a worker; of a finished one nothing is said."""
    watched.put("x")
    watched.put("y")
    watched.look(0.0)
    ready = {update.nwb_path: update for update in watched.look(10.0) if isinstance(update, Delivery)}
    watched.inbox.finish([ready["y.nwb"].delivery_id])
    for path in list(watched.path.iterdir()):
        path.unlink()
    assert watched.look(70.0) == [Withdrawn(ready["x.nwb"].delivery_id, "x.manifest.json", "x.nwb")]


@pytest.mark.parametrize("seconds", [1.0, 4e9], ids=["1970", "in the far future"])
def test_field_16_an_mtime_that_lies_neither_hastens_nor_delays(seconds: float, watched: WatchedFolder) -> None:
    """A file that was moved in, or comes from a computer whose clock is wrong, waits as long as any other."""
    watched.look(0.0)
    watched.put("x")
    for name in ("x.nwb", "x.manifest.json"):
        os.utime(watched.path / name, (seconds, seconds))
    watched.hint()
    assert [watched.deliveries(now) for now in (1.0, 10.0, 11.0)] == [[], [], ["x.nwb"]]


def test_field_16_a_file_that_is_renamed_into_place_waits_like_any_other(watched: WatchedFolder, tmp_path: Path) -> None:
    """It is whole from the first moment, but nobody can know that; with size and SHA-256 in the manifest one can."""
    outside = watched.watching(tmp_path / "outside")
    outside.put("x")
    outside.put("y", size=2128, sha256="ab" * 32)
    assert (outside.path / "y.nwb").stat().st_size == 2128
    watched.look(0.0)
    for path in sorted(outside.path.iterdir()):
        path.rename(watched.path / path.name)
    watched.hint()
    assert watched.deliveries(1.0) == ["y.nwb"]
    assert watched.deliveries(11.0) == ["x.nwb"]


def test_field_21_a_crashed_writer_leaves_a_mark_that_is_said(watched: WatchedFolder, tmp_path: Path) -> None:
    """Its lock is gone, its mark is not: the file waits, with the remedy, and is announced when the mark has been taken off."""
    watched.put("x", recording=False)
    with h5py.File(tmp_path / "open.nwb", "w", libver="latest") as file:
        file["data"] = range(10)
        file.flush()
        shutil.copy(tmp_path / "open.nwb", watched.path / "x.nwb")
    watched.look(0.0)
    assert watched.said(10.0) == {
        "x.nwb": "open for writing: its header says so; if its writer has crashed, look at it and run `h5clear -s` on it"
    }
    os.utime(shutil.copy(tmp_path / "open.nwb", watched.path / "x.nwb"), (1, 1))  # the filesystem's clock may have stood still
    watched.soon(20.0, "x.nwb")
    assert watched.deliveries(30.0) == ["x.nwb"]


def test_field_26_a_manifest_that_is_still_being_written_is_not_rejected(watched: WatchedFolder) -> None:
    """Half of it waits; when the rest has come and settled, the delivery is complete."""
    watched.put("x")
    path = watched.path / "x.manifest.json"
    whole = path.read_text()
    path.write_text(whole[:40])
    watched.look(0.0)
    assert watched.look(9.0) == []
    path.write_text(whole)
    watched.hint()
    assert watched.look(9.5) != []
    assert watched.deliveries(19.5) == ["x.nwb"]


def test_a_manifest_that_changed_since_it_was_listed_is_read_again(watching: Callable[..., WatchedFolder]) -> None:
    """Just before a delivery is announced its files are looked at once more, scan or no scan."""
    watched = watching(watch="poll", scan=1000.0)
    watched.put("x", note="old")
    watched.look(0.0)
    watched.put("x", recording=False, note="newer")
    assert watched.deliveries(10.0) == []
    assert watched.said(11.0) == {"x.manifest.json": "not settled yet: 0 s of 10 s"}
    (delivery,) = [update for update in watched.look(21.0) if isinstance(update, Delivery)]
    assert delivery.manifest.note == "newer"


def test_a_manifest_that_stays_broken_is_delivered_to_be_rejected(watched: WatchedFolder) -> None:
    """Also one that is a manifest by what is in it alone; put right, it is another delivery."""
    watched.put("x")
    (watched.path / "x.manifest.json").rename(watched.path / "x.json")
    good = (watched.path / "x.json").read_text()
    (watched.path / "x.json").write_text(good.replace("{", "", 1))
    watched.look(0.0)
    (broken,) = [update for update in watched.look(10.0) if isinstance(update, Delivery)]
    assert (broken.manifest_path, broken.nwb_path) == ("x.json", "")
    watched.inbox.finish([broken.delivery_id])
    watched.look(70.0)
    (watched.path / "x.json").write_text(good)
    watched.hint()
    watched.look(80.0)
    assert watched.deliveries(90.0) == ["x.nwb"]


def test_a_rejected_manifest_is_not_read_again_either(watched: WatchedFolder) -> None:
    """When it is finished, its listing alone tells, after a restart as well."""
    watched.put("x")
    path = watched.path / "x.manifest.json"
    good = path.read_text()
    path.write_text(good.replace("{", " ", 1))
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    watched.look(0.0)
    (broken,) = [update for update in watched.look(10.0) if isinstance(update, Delivery)]
    path.write_text(good)
    os.utime(path, ns=times)
    restarted = watched.watching(finished=[broken.delivery_id])
    assert [restarted.look(now) for now in (0.0, 10.0)] == [[], []]


def test_a_rewritten_manifest_supersedes_the_delivery(watched: WatchedFolder) -> None:
    """Also if it is rewritten with its size and mtime unchanged: then the change time tells."""
    watched.put("x", note="one")
    watched.look(0.0)
    (first,) = [update for update in watched.look(10.0) if isinstance(update, Delivery)]
    path = watched.path / "x.manifest.json"
    before = path.stat()
    while path.stat().st_ctime_ns == before.st_ctime_ns:  # the filesystem's clock may stand still for some milliseconds
        path.write_text(path.read_text().replace("one", "two"))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    watched.hint()
    assert Withdrawn(first.delivery_id, "x.manifest.json", "x.nwb") in watched.look(20.0)
    (second,) = [update for update in watched.look(30.0) if isinstance(update, Delivery)]
    assert (second.manifest.note, second.manifest_mtime) == ("two", first.manifest_mtime)
    assert second.delivery_id != first.delivery_id


def test_what_is_finished_is_neither_read_nor_said_again(watched: WatchedFolder) -> None:
    """Its listing alone tells: other bytes under the same size and mtime go unnoticed."""
    watched.put("x")
    watched.put("odd", recording=False, nwb="elsewhere/recording.nwb")
    watched.put("elsewhere/recording", manifest=False)
    watched.look(0.0)
    ready = [update for update in watched.look(10.0) if isinstance(update, Delivery)]
    assert len(ready) == 2
    watched.inbox.finish([delivery.delivery_id for delivery in ready])
    assert [watched.look(now) for now in (11.0, 70.0)] == [[], []]
    path = watched.path / "x.manifest.json"
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    path.write_bytes(bytes(path.stat().st_size))
    os.utime(path, ns=times)
    restarted = watched.watching(finished=[delivery.delivery_id for delivery in ready])
    assert [restarted.look(now) for now in (0.0, 10.0, 100.0)] == [[], [], []]


def test_a_finished_file_that_changes_is_another_delivery(watched: WatchedFolder) -> None:
    """It becomes visible again, with its manifest, and is announced when it has settled."""
    watched.put("x")
    watched.look(0.0)
    (first,) = [update for update in watched.look(10.0) if isinstance(update, Delivery)]
    watched.inbox.finish([first.delivery_id])
    watched.look(70.0)
    with h5py.File(watched.path / "x.nwb", "a") as file:
        file["more"] = range(1000)
    watched.hint()
    assert set(watched.said(80.0)) == {"x.nwb"}
    assert watched.deliveries(90.0) == ["x.nwb"]


def test_another_manifest_for_a_finished_file_is_a_delivery(watched: WatchedFolder) -> None:
    """A manifest that was dealt with claims nothing any more, so the same recording can be delivered with a better one."""
    watched.put("x")
    watched.look(0.0)
    (first,) = [update for update in watched.look(10.0) if isinstance(update, Delivery)]
    watched.inbox.finish([first.delivery_id])
    watched.put("better", recording=False, nwb="x.nwb")
    watched.look(70.0)
    (second,) = [update for update in watched.look(80.0) if isinstance(update, Delivery)]
    assert (second.manifest_path, second.nwb_path) == ("better.manifest.json", "x.nwb")


def test_a_forgotten_delivery_is_announced_again(watched: WatchedFolder) -> None:
    """As `retry` does it: whether it was finished before the start, or since."""
    watched.put("x")
    watched.look(0.0)
    (first,) = [update for update in watched.look(10.0) if isinstance(update, Delivery)]
    restarted = watched.watching(finished=[first.delivery_id])
    restarted.look(0.0)
    for begin in (100.0, 200.0):
        restarted.inbox.forget([first.delivery_id])
        assert restarted.inbox.next_look == 0.0
        restarted.look(begin)
        assert restarted.deliveries(begin + 10.0) == ["x.nwb"]
        restarted.inbox.finish([first.delivery_id])
        restarted.look(begin + 70.0)


def test_a_delivery_waits_for_the_videos_that_it_turns_out_to_need(watched: WatchedFolder) -> None:
    """It is announced again with them when they have settled; one that is missing, or outside, is for a check to tell."""
    watched.put("x")
    watched.look(0.0)
    (first,) = [update for update in watched.look(10.0) if isinstance(update, Delivery)]
    video = watched.path / "video.avi"
    video.write_bytes(b"half")
    (watched.path.parent / "outside.avi").touch()
    watched.inbox.require(first.delivery_id, ["video.avi", "missing.avi", "../outside.avi"])
    assert watched.said(11.0) == {"video.avi": "not settled yet: 0 s of 10 s"}
    video.write_bytes(b"the whole of it")
    assert watched.deliveries(21.0) == []
    (second,) = [update for update in watched.look(31.0) if isinstance(update, Delivery)]
    assert second.delivery_id == first.delivery_id
    assert second.videos == (("video.avi", 15, video.stat().st_mtime_ns),)
    assert watched.look(100.0) == []
    watched.inbox.finish([second.delivery_id])
    assert watched.inbox._required == {}


def test_a_finished_delivery_that_is_tried_again_waits_for_its_videos(watched: WatchedFolder) -> None:
    """It was rejected for want of its video, and is announced with it when that has settled."""
    watched.put("x")
    watched.look(0.0)
    (first,) = [update for update in watched.look(10.0) if isinstance(update, Delivery)]
    watched.inbox.finish([first.delivery_id])
    (watched.path / "video.avi").write_bytes(b"late")
    watched.look(70.0)
    watched.inbox.require(first.delivery_id, ["video.avi"])
    watched.look(71.0)
    assert watched.said(81.0) == {"video.avi": "not settled yet: 0 s of 10 s"}
    (second,) = [update for update in watched.look(91.0) if isinstance(update, Delivery)]
    assert second.delivery_id == first.delivery_id
    assert [path for path, _, _ in second.videos] == ["video.avi"]
