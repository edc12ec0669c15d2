"""The archive, on one filesystem and across two: it takes what was ingested, or nothing."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from antelop import files
from antelop.errors import Unavailable
from antelop.files import RegularFile
from antelop.ingest.source_files import Source, SourceFiles, sources
from antelop.worker.archive import Archived, archive, archived

NAMES = ("m17/a.nwb", "m17/a.manifest.json", "m17/film/a.avi")
CONTENT = {"m17/a.nwb": b"a recording" * 1000, "m17/a.manifest.json": b"{}", "m17/film/a.avi": b"film"}
DIGEST = hashlib.sha256(CONTENT["m17/a.nwb"]).hexdigest()

Facts = Sequence[tuple[str, int, int]]
"""Path, size and mtime of files as they were queued."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a drop folder with a delivery in it."""
    return put(tmp_path / "drop")


def put(folder: Path, first: bytes = CONTENT["m17/a.nwb"]) -> Path:
    """Put a delivery into a folder."""
    for name, content in (CONTENT | {"m17/a.nwb": first}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def facts_of(folder: Path, names: Sequence[str] = NAMES) -> Facts:
    """Return what is entered when files are queued."""
    return [(name, found.st_size, found.st_mtime_ns) for name in names for found in [(folder / name).stat()]]


@contextmanager
def held(folder: Path, facts: Facts) -> Iterator[list[Source]]:
    """Hold the files of a delivery as a worker does when it has ingested them."""
    kinds = {
        f"{kind}_{fact}": value
        for kind, each in zip(("nwb", "manifest"), facts, strict=False)
        for fact, value in zip(("path", "size", "mtime"), each, strict=True)
    }
    row = {"manifest_path": "", "manifest_size": 0, "manifest_mtime": 0, "videos": [list(each) for each in facts[2:]], **kinds}
    with SourceFiles(folder, facts[0][0]) as opened:
        yield sources(row, opened)


def archive_all(folder: Path, target: Path, facts: Facts | None = None) -> Archived | None:
    """Archive a delivery that nothing happens to."""
    with held(folder, facts or facts_of(folder)) as found:
        return archive(folder, target, found)


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
    assert archive_all(folder, tmp_path / "archive") == (tmp_path / "archive" / NAMES[0], DIGEST)
    assert contents(tmp_path / "archive") == CONTENT
    assert [(tmp_path / "archive" / name).stat().st_ino for name in NAMES] == numbers
    assert contents(folder) == {}


def test_field_17_across_filesystems_nothing_is_removed(folder: Path, elsewhere: Path) -> None:
    """What was delivered is copied, with its times, and stays; the receipt says where its copy is."""
    os.utime(folder / NAMES[0], ns=(10**18, 10**18))
    assert archive_all(folder, elsewhere) == (elsewhere / NAMES[0], DIGEST)
    assert contents(elsewhere) == contents(folder) == CONTENT
    assert (elsewhere / NAMES[0]).stat().st_mtime_ns == 10**18


@pytest.mark.parametrize("already", [1, 2, 3])
@pytest.mark.parametrize("before", [0, 1, 2])
def test_what_was_interrupted_is_completed(folder: Path, tmp_path: Path, already: int, before: int) -> None:
    """A crash between two renames, or after the last, leaves nothing that a second call does not put right.

    So it is also where names are taken, and all files are below one folder that the next recordings do not share.
    """
    target = tmp_path / "archive"
    for number in range(before):
        archive_all(put(folder, b"earlier" * (number + 1)), target)
    facts = facts_of(put(folder))
    first, *_ = facts
    assert archived(target, Source(*first, None)) is None
    with held(folder, facts) as found:
        archive(folder, target, found[:already])
    with held(folder, facts) as found:
        assert [source.file is None for source in found] == [True] * already + [False] * (3 - already)
        done = archive(folder, target, found)
    place = target / f"same name {before + 1}" if before else target
    assert done == archived(target, Source(*first, None)) == (place / NAMES[0], DIGEST)
    assert {name: (place / name).read_bytes() for name in NAMES} == CONTENT
    assert contents(folder) == {}


def test_a_copy_that_was_interrupted_is_made_anew(folder: Path, elsewhere: Path) -> None:
    """Half of it is there under a name that nobody takes for a recording."""
    half = elsewhere / "m17" / ".a.nwb.tmp"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"a rec")
    archive_all(folder, elsewhere)
    assert contents(elsewhere) == CONTENT


def test_a_copy_that_differs_is_not_taken_for_one(folder: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read from the disk again decides; the delivery stays as it was."""
    monkeypatch.setattr("antelop.worker.archive.shutil.copyfileobj", lambda _, writer, __: writer.write(b"another"))
    with pytest.raises(Unavailable) as raised:
        archive_all(folder, elsewhere)
    place = elsewhere / "m17"
    assert str(raised.value) == f"the copy of {folder / NAMES[0]} in {place} differs from the original; it will be tried again"
    assert not (elsewhere / NAMES[0]).exists()
    assert contents(folder) == CONTENT


def test_nothing_is_overwritten(folder: Path, tmp_path: Path) -> None:
    """Where another file has one of the names, all go elsewhere; the same file by the same name is as good as archived."""
    target = tmp_path / "archive"
    place = target / NAMES[1]
    place.parent.mkdir(parents=True)
    place.write_bytes(b"another manifest")
    facts = facts_of(folder)
    assert archive_all(folder, target) == (target / "same name 2" / NAMES[0], DIGEST)
    assert place.read_bytes() == b"another manifest"
    assert contents(folder) == {}
    put(folder)
    assert archive_all(folder, target) == (target / "same name 2" / NAMES[0], DIGEST)
    assert contents(folder) == CONTENT
    assert contents(target) == {
        NAMES[1]: b"another manifest",
        **{f"same name 2/{name}": each for name, each in CONTENT.items()},
    }
    assert archived(target, Source(*facts[0], None)) == (target / "same name 2" / NAMES[0], DIGEST)
    (target / NAMES[0]).symlink_to("nowhere")
    put(folder, b"another")
    done = archive_all(folder, target)
    assert done
    assert done.path == target / "same name 3" / NAMES[0]


def test_an_archive_that_cannot_be_made_is_away(folder: Path, tmp_path: Path) -> None:
    """The operating system's own words say why."""
    (tmp_path / "archive").write_text("a file in its place")
    with pytest.raises(Unavailable) as raised:
        archive_all(folder, tmp_path / "archive")
    assert str(raised.value) == f"{tmp_path}/archive cannot be used as an archive: File exists"
    with pytest.raises(Unavailable, match=f"^{tmp_path}/archive/{NAMES[0]} cannot be read: Not a directory$"):
        archived(tmp_path / "archive", Source(*facts_of(folder)[0], None))


def test_a_link_is_archived_as_what_it_leads_to(folder: Path, tmp_path: Path) -> None:
    """The link itself would lead nowhere from there; it stays."""
    (folder / "b.nwb").symlink_to("m17/a.nwb")
    archive_all(folder, tmp_path / "archive", facts_of(folder, ["b.nwb"]))
    assert not (tmp_path / "archive" / "b.nwb").is_symlink()
    assert (tmp_path / "archive" / "b.nwb").read_bytes() == CONTENT["m17/a.nwb"]
    assert (folder / "b.nwb").is_symlink()


# Somebody writes into the drop folder meanwhile: at each step in turn, by a hook and not by timing.


def renamed_over(path: Path) -> None:
    """Write the next recording under the same name, as a program does that writes to a temporary file first."""
    path.with_suffix(".part").write_bytes(b"the next recording")
    path.with_suffix(".part").replace(path)


def rewritten(path: Path) -> None:
    """Write the next recording into the same file."""
    path.write_bytes(b"the next recording")


def exchanged(path: Path) -> None:
    """Put a link to a folder of others in the place of the folder, in which a file of that name is."""
    secret = path.parents[2] / "secret"
    secret.mkdir()
    (secret / path.name).write_bytes(b"the next recording")
    path.parent.rename(path.parents[1] / "was")
    path.parent.symlink_to(secret)


MEDDLING = pytest.mark.parametrize("meddle", [renamed_over, rewritten, exchanged])


@MEDDLING
@pytest.mark.parametrize("step", ["ingested", "hash", "rename"])
def test_the_next_recording_is_not_taken(
    folder: Path, tmp_path: Path, step: str, meddle: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes under the name of one that was ingested: before that is hashed, meanwhile, or right before the rename."""
    place, target, done = folder / NAMES[0], tmp_path / "archive", list[bool]()
    digest, rename = RegularFile.sha256, files.rename

    def meddled() -> None:
        if not done:
            done.append(True)
            meddle(place)

    def hashed(file: RegularFile) -> str:
        try:
            return digest(file)
        finally:
            if step == "hash":
                meddled()

    def moved(*args: int | str, **options: bool) -> None:
        if step == "rename":
            meddled()
        rename(*args, **options)  # type: ignore[arg-type]

    with held(folder, facts_of(folder)) as found:
        if step == "ingested":
            meddled()
        monkeypatch.setattr(RegularFile, "sha256", hashed)
        monkeypatch.setattr(files, "rename", moved)
        result = archive(folder, target, found[:1])
    assert done
    assert place.read_bytes() == b"the next recording"
    if meddle is exchanged and step == "rename":  # the folder was held, and what was ingested is moved from there
        assert result == (target / NAMES[0], DIGEST)
    else:
        assert result is None
        assert contents(target) == {}
    monkeypatch.undo()
    if meddle is not exchanged:
        assert archive_all(folder, target)
        assert (target / NAMES[0]).read_bytes() == b"the next recording"


def test_a_file_that_goes_back_takes_no_ones_place(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a third recording has come by then, the second is put beside it, where the listing finds it."""
    place, rename, steps = folder / NAMES[0], files.rename, list[str]()

    def moved(*args: int | str, **options: bool) -> None:
        if not steps:
            renamed_over(place)
        elif len(steps) == 1:
            place.write_bytes(b"the third")
        steps.append(str(args[1]))
        rename(*args, **options)  # type: ignore[arg-type]

    with held(folder, facts_of(folder)) as found:
        monkeypatch.setattr(files, "rename", moved)
        assert archive(folder, tmp_path / "archive", found[:1]) is None
    assert contents(tmp_path / "archive") == {}
    assert (place.read_bytes(), place.with_name("a (2).nwb").read_bytes()) == (b"the third", b"the next recording")


def test_what_a_link_leads_to_is_not_archived_when_it_was_rewritten(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file behind the link is written into between the hash and the copy: nothing is archived, and nothing half is left."""
    (folder / "b.nwb").symlink_to("m17/a.nwb")
    copy = shutil.copyfileobj

    def copied(*args: Any) -> None:
        rewritten(folder / NAMES[0])
        copy(*args)

    monkeypatch.setattr("antelop.worker.archive.shutil.copyfileobj", copied)
    assert archive_all(folder, tmp_path / "archive", facts_of(folder, ["b.nwb"])) is None
    assert contents(tmp_path / "archive") == {}


@MEDDLING
def test_across_filesystems_a_copy_is_of_what_was_ingested(
    folder: Path, elsewhere: Path, meddle: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another file comes between the hash and the copy: what is held is copied, or nothing."""
    digest, place, done = RegularFile.sha256, folder / NAMES[0], list[bool]()

    def hashed(file: RegularFile) -> str:
        found = digest(file)
        if not done:
            done.append(True)
            meddle(place)
        return found

    with held(folder, facts_of(folder)) as found:
        monkeypatch.setattr(RegularFile, "sha256", hashed)
        assert archive(folder, elsewhere, found[:1]) is None
    assert contents(elsewhere) == {}
    assert place.read_bytes() == b"the next recording"
