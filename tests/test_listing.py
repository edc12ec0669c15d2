"""What a drop folder may hold besides deliveries: junk, links, pipes, and what cannot be read."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from antelop.directory import Directory
from antelop.dropfolder import Health, Released, junk
from antelop.dropfolder.delivery import Delivery
from antelop.dropfolder.junk import is_candidate
from antelop.dropfolder.waiting import Waiting
from antelop.files import RegularFile
from tests.inboxes import WatchedFolder


def test_field_23_junk_beside_the_data_is_passed_over(watched: WatchedFolder) -> None:
    """Nothing is said of it, and it does not disturb what it lies beside."""
    watched.put("x")
    data = (watched.path / "x.nwb").read_bytes()
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
        (watched.path / name).write_bytes(data)
    for directory in ("@eaDir", "lost+found", ".stversions", "$RECYCLE.BIN", "session.nwb", "store.zarr"):
        (watched.path / directory).mkdir()
        (watched.path / directory / "y.nwb").write_bytes(data)
    (watched.path / "notes.json").write_text('{"specification": "something else"}')
    (watched.path / "broken.json").write_text("{")
    os.mkfifo(watched.path / "pipe.nwb")
    assert set(watched.said(0.0)) == {"x.nwb"}
    updates = [type(update) for now in (10.0, 100.0) for update in watched.look(now)]
    assert updates == [Released, Delivery]


@pytest.mark.parametrize(
    ("name", "maker"),
    [
        ("._x.nwb", "macOS, for attributes that another filesystem cannot store"),
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


def test_links_are_followed_as_long_as_they_stay_in_the_folder(watched: WatchedFolder, tmp_path: Path) -> None:
    """A link to a file inside is that file; one that leads out is said; linked directories are said too, and not entered."""
    outside = watched.watching(tmp_path / "outside")
    outside.put("x")
    watched.put("real/y", manifest=False)
    watched.put("y", recording=False)
    (watched.path / "y.nwb").symlink_to("real/y.nwb")
    (watched.path / "x.nwb").symlink_to(outside.path / "x.nwb")
    (watched.path / "linked").symlink_to(outside.path)
    (watched.path / "dangling.nwb").symlink_to("nowhere.nwb")
    watched.put("sly", recording=False, nwb="linked/x.nwb")
    said = watched.said(0.0)
    assert said["x.nwb"] == "it is a link that leads out of the drop folder; put the file itself here"
    assert said["sly.manifest.json"].startswith("manifest here for 0 s, and names a file that is not here: linked/x.nwb")
    assert said["linked"] == "it is a link to a folder, which is not followed; put the folder itself here"
    assert set(said) == {"x.nwb", "y.nwb", "real/y.nwb", "sly.manifest.json", "linked"}
    assert watched.deliveries(10.0) == ["y.nwb"]


@pytest.mark.parametrize("at", ["manifest", "recording"])
@pytest.mark.parametrize("when", ["before", "between"])
def test_a_named_pipe_is_not_waited_for(watched: WatchedFolder, monkeypatch: pytest.MonkeyPatch, at: str, when: str) -> None:
    """One that nobody writes to is passed over, also where it takes the place of a file between the look and the reading."""
    watched.put("good")
    watched.put("x")
    place = watched.path / ("x.manifest.json" if at == "manifest" else "x.nwb")
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
        watched.look(second)
    assert place.is_fifo()
    assert [update for update in watched.inbox._announced.values() if update.nwb_path == "x.nwb"] == []
    assert [update.nwb_path for update in watched.inbox._announced.values()] == ["good.nwb"]


def test_a_sub_folder_that_becomes_a_link_is_not_read(
    watched: WatchedFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is exchanged right before it is opened: what is elsewhere is neither listed nor read."""
    outside = watched.watching(tmp_path / "outside")
    outside.put("secret")
    (watched.path / "sub").mkdir()
    below = Directory.below

    def exchanged(directory: Directory, name: str) -> Directory:
        if name == "sub" and not (watched.path / "sub").is_symlink():
            (watched.path / "sub").rmdir()
            (watched.path / "sub").symlink_to(outside.path)
        return below(directory, name)

    monkeypatch.setattr(Directory, "below", exchanged)
    assert watched.said(0.0) == {}
    assert watched.deliveries(10.0) == []
    assert (watched.path / "sub").is_symlink()


def test_a_name_that_is_not_utf8_is_said(watched: WatchedFolder) -> None:
    """Old cameras and Windows shares make such names; the rest of the folder is not disturbed."""
    watched.put("x")
    (watched.path / os.fsdecode(b"caf\xe9.nwb")).touch()
    (watched.path / os.fsdecode(b"caf\xe9.txt")).touch()
    said = watched.said(0.0)
    assert said["caf\\xe9.nwb"] == "its name is not valid UTF-8; rename it"
    assert set(said) == {"x.nwb", "caf\\xe9.nwb"}
    assert watched.deliveries(10.0) == ["x.nwb"]


def test_a_path_that_the_ledger_cannot_hold_is_said(watched: WatchedFolder) -> None:
    """A character less is none too many; and what a manifest names that is too long is not there for it."""
    deep = f"{'a' * 250}/{'b' * 231}"
    longest, longer, recording = f"{deep}/mmm", f"{deep}/mmmm", f"{deep}/{'x' * 15}"
    for path in (longest, longer):
        watched.put(path)
    watched.put(recording, manifest=False)
    watched.put(f"{deep}/m", recording=False, nwb=f"{'x' * 15}.nwb")
    said = watched.said(0.0)
    assert len(f"{longest}.manifest.json") == 500
    too_long = "its path in the drop folder has more than 500 characters; rename it, or move it up"
    assert (said[f"{longer}.manifest.json"], said[f"{recording}.nwb"]) == (too_long, too_long)
    assert len([sentence for sentence in said.values() if sentence == too_long]) == 2
    assert watched.deliveries(10.0) == [f"{longest}.nwb"]


def test_what_waits_is_said_once_and_released_when_it_is_over(watched: WatchedFolder) -> None:
    """A manifest that is missing, then there; a file that is taken away while it waits."""
    watched.put("x", manifest=False)
    watched.put("y", manifest=False)
    watched.look(0.0)
    assert watched.said(10.0) == {
        "x.nwb": "NWB here for 10 s, manifest missing",
        "y.nwb": "NWB here for 10 s, manifest missing",
    }
    assert watched.look(2400.0) == []
    watched.put("x", recording=False)
    (watched.path / "y.nwb").unlink()
    assert Released("y.nwb") in watched.look(3000.0)
    assert watched.deliveries(3010.0) == ["x.nwb"]
    assert watched.inbox._waiting == {}


def test_a_sub_folder_that_cannot_be_read_is_said_and_keeps_what_it_held(
    watched: WatchedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk error in one directory neither stops the scan nor makes deliveries vanish, there or further down."""
    watched.put("bad/x")
    watched.put("bad/below/y")
    watched.put("good/z")
    watched.look(0.0)
    assert len(watched.deliveries(10.0)) == 3
    really_scandir = os.scandir

    def failing(directory: int) -> Any:
        if Path(f"/proc/self/fd/{directory}").readlink().name == "bad":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return really_scandir(directory)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", failing)
        (waiting,) = watched.look(70.0)
        assert isinstance(waiting, Waiting)
        assert (waiting.path, waiting.sentence(70.0)) == ("bad", "it cannot be read: Input/output error")
        assert watched.look(130.0) == []
    assert watched.look(190.0) == [Released("bad")]


def test_a_directory_beyond_the_longest_path_is_said(watched: WatchedFolder) -> None:
    """Such directories exist, made one inside the other; the rest of the folder is not disturbed."""
    watched.put("x")
    name = "d" * 250
    descriptor = os.open(watched.path, os.O_RDONLY)
    for _ in range(17):
        os.mkdir(name, dir_fd=descriptor)
        below = os.open(name, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(descriptor)
    assert sorted(watched.said(0.0).values()) == ["it cannot be read: File name too long", "not settled yet: 0 s of 10 s"]
    assert watched.deliveries(10.0) == ["x.nwb"]


def test_a_file_that_cannot_be_opened_is_said(watched: WatchedFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits until it can be."""
    watched.put("x")
    watched.look(0.0)
    really_open = Directory.open

    def failing(directory: Directory, name: str) -> RegularFile:
        if name == "x.nwb":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return really_open(directory, name)

    with monkeypatch.context() as patch:
        patch.setattr(Directory, "open", failing)
        assert watched.said(10.0) == {"x.nwb": "it cannot be read: Permission denied"}
    assert watched.deliveries(60.0) == ["x.nwb"]


def test_a_share_that_goes_away_during_a_scan_is_paused(
    watched: WatchedFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read of the empty mount point is thrown away."""
    watched.put("x")
    watched.look(0.0)
    watched.look(10.0)
    really_scandir = os.scandir

    def unmounting(path: str) -> Any:
        watched.path.rename(tmp_path / "away")
        watched.path.mkdir()
        return really_scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", unmounting)
        (paused,) = watched.inbox.look(70.0)
    assert isinstance(paused, Health)
    assert paused.paused is not None
    watched.path.rmdir()
    (tmp_path / "away").rename(watched.path)
    assert watched.look(75.0) == []


def test_files_that_vanish_during_a_look_are_no_error(watched: WatchedFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between being listed and being looked at, and between settling and being opened."""
    watched.put("x")
    watched.put("y")
    really_itself, really_open = Directory.itself, Directory.open

    def vanishing(directory: Directory, name: str) -> os.stat_result:
        if name == "y.nwb":
            (watched.path / name).unlink(missing_ok=True)
        return really_itself(directory, name)

    with monkeypatch.context() as patch:
        patch.setattr(Directory, "itself", vanishing)
        assert set(watched.said(0.0)) == {"x.nwb", "y.manifest.json"}

    def opening(directory: Directory, name: str) -> RegularFile:
        (watched.path / name).unlink()
        return really_open(directory, name)

    with monkeypatch.context() as patch:
        patch.setattr(Directory, "open", opening)
        assert watched.deliveries(10.0) == []
    assert set(watched.said(11.0)) == {"x.manifest.json"}


def test_a_file_that_is_touched_just_before_it_is_announced_waits(
    watched: WatchedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A share's listing may be old; opening the file asks the server, and what it says counts."""
    watched.put("x")
    watched.look(0.0)
    really_open = Directory.open

    def growing(directory: Directory, name: str) -> RegularFile:
        os.truncate(watched.path / name, 10_000)
        return really_open(directory, name)

    with monkeypatch.context() as patch:
        patch.setattr(Directory, "open", growing)
        assert watched.said(10.0) == {"x.nwb": "not settled yet: 0 s of 10 s"}
    assert watched.said(11.0)["x.nwb"].startswith("still growing: 10 kB")
