"""The archive, on one filesystem and across two."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from antelop.errors import Unavailable
from antelop.worker.archive import archive

NAMES = ("m17/a.nwb", "m17/a.manifest.json")
CONTENT = {"m17/a.nwb": b"a recording" * 1000, "m17/a.manifest.json": b"{}"}
DIGEST = hashlib.sha256(CONTENT["m17/a.nwb"]).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a drop folder with a delivery in it."""
    for name, content in CONTENT.items():
        path = tmp_path / "drop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "drop"


@pytest.fixture
def elsewhere(folder: Path) -> Iterator[Path]:
    """Give a place on another filesystem than the drop folder."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as place:
        assert Path(place).stat().st_dev != folder.stat().st_dev
        yield Path(place) / "archive"


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files in a folder and what is in them."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_on_one_filesystem_files_are_renamed(folder: Path, tmp_path: Path) -> None:
    """They are the same files, and gone from the drop folder."""
    numbers = [(folder / name).stat().st_ino for name in NAMES]
    assert archive(folder, tmp_path / "archive", NAMES) == DIGEST
    assert contents(tmp_path / "archive") == CONTENT
    assert [(tmp_path / "archive" / name).stat().st_ino for name in NAMES] == numbers
    assert contents(folder) == {}


def test_field_17_across_filesystems_nothing_is_removed(folder: Path, elsewhere: Path) -> None:
    """What was delivered is copied, with its times, and stays; the receipt says where its copy is."""
    os.utime(folder / NAMES[0], ns=(10**18, 10**18))
    assert archive(folder, elsewhere, NAMES) == DIGEST
    assert contents(elsewhere) == contents(folder) == CONTENT
    assert (elsewhere / NAMES[0]).stat().st_mtime_ns == 10**18


@pytest.mark.parametrize("already", [1, 2])
def test_what_was_interrupted_is_completed(folder: Path, tmp_path: Path, already: int) -> None:
    """A crash between two renames, or after the last, leaves nothing that a second call does not put right."""
    archive(folder, tmp_path / "archive", NAMES[:already])
    assert archive(folder, tmp_path / "archive", NAMES) == DIGEST
    assert contents(tmp_path / "archive") == CONTENT


def test_a_copy_that_was_interrupted_is_made_anew(folder: Path, elsewhere: Path) -> None:
    """Half of it is there under a name that nobody takes for a recording."""
    half = elsewhere / "m17" / ".a.nwb.tmp"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"a rec")
    archive(folder, elsewhere, NAMES)
    assert contents(elsewhere) == CONTENT


def test_a_copy_that_differs_is_not_taken_for_one(folder: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read from the disk again decides; the delivery stays as it was."""
    monkeypatch.setattr("antelop.worker.archive.shutil.copyfileobj", lambda _, writer, __: writer.write(b"another"))
    with pytest.raises(Unavailable) as raised:
        archive(folder, elsewhere, NAMES)
    place = elsewhere / "m17"
    assert str(raised.value) == f"the copy of {folder / NAMES[0]} in {place} is not what was copied; it will be tried again"
    assert not (elsewhere / NAMES[0]).exists()
    assert contents(folder) == CONTENT


def test_nothing_is_overwritten(folder: Path, tmp_path: Path) -> None:
    """Another file by the same name is in the way; the same file is as good as archived."""
    place = tmp_path / "archive" / NAMES[0]
    place.parent.mkdir(parents=True)
    place.write_bytes(b"another recording")
    with pytest.raises(Unavailable) as raised:
        archive(folder, tmp_path / "archive", NAMES)
    assert str(raised.value) == f"{place} is another file than the one delivered; move it away, and it will be tried again"
    assert place.read_bytes() == b"another recording"
    assert contents(folder) == CONTENT
    place.write_bytes(CONTENT[NAMES[0]])
    assert archive(folder, tmp_path / "archive", NAMES) == DIGEST
    assert contents(folder) == {NAMES[0]: CONTENT[NAMES[0]]}


def test_an_archive_that_cannot_be_made_is_away(folder: Path, tmp_path: Path) -> None:
    """The operating system's own words say why."""
    (tmp_path / "archive").write_text("a file in its place")
    with pytest.raises(Unavailable) as raised:
        archive(folder, tmp_path / "archive", NAMES)
    source, place = folder / NAMES[0], tmp_path / "archive" / NAMES[0]
    assert str(raised.value) == f"{source} cannot be archived as {place}: Not a directory"


def test_a_link_is_archived_as_what_it_leads_to(folder: Path, tmp_path: Path) -> None:
    """The link itself would lead nowhere from there; it stays."""
    (folder / "b.nwb").symlink_to("m17/a.nwb")
    assert archive(folder, tmp_path / "archive", ["b.nwb"]) == DIGEST
    assert not (tmp_path / "archive" / "b.nwb").is_symlink()
    assert (tmp_path / "archive" / "b.nwb").read_bytes() == CONTENT["m17/a.nwb"]
    assert (folder / "b.nwb").is_symlink()
