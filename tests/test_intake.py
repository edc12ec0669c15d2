"""The files of a delivery that is in no drop folder are found, or it is said why not."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from antelop.dropfolder.delivery import Delivery
from antelop.errors import Problem, Rejected, Unavailable
from antelop.files import file_id
from antelop.ingest.intake import FilesMissing, by_hand, by_manifest, read_again
from antelop.ingest.source_files import SourceFiles, sources

REMEDY = "Give the path of a file that this user may read"
DOCUMENT = {
    "specification": "antelop-manifest",
    "version": "1.0",
    "session": {"experimenter": "lab", "experiment_id": 1, "session_id": 41},
    "animals": [],
}


def write(folder: Path, name: str, **changes: object) -> Path:
    """Write a manifest."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(json.dumps(DOCUMENT | changes))
    return path


@pytest.mark.parametrize(("name", "nwb"), [("a.manifest.json", {}), ("a.json", {}), ("other.json", {"nwb": "a.nwb"})])
def test_a_manifest_goes_with_the_file_that_it_names_or_is_named_after(tmp_path: Path, name: str, nwb: dict[str, str]) -> None:
    """The delivery has the file's absolute path, size and mtime, and the manifest's bytes."""
    recording = tmp_path / "a.nwb"
    recording.write_bytes(b"12345")
    note = write(tmp_path, name, **nwb)
    delivery, path = by_manifest(note)
    assert path == recording
    assert (delivery.folder, delivery.nwb_path, delivery.nwb_size) == ("", str(recording), 5)
    assert (delivery.nwb_mtime, delivery.document) == (recording.stat().st_mtime_ns, note.read_bytes())


def test_a_path_may_be_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is kept as an absolute one, for the ledger does not know where somebody was."""
    (tmp_path / "a.nwb").write_bytes(b"12345")
    write(tmp_path, "a.manifest.json")
    monkeypatch.chdir(tmp_path)
    assert by_manifest(Path("a.manifest.json"))[0].nwb_path == by_hand(Path("a.nwb"), b"").nwb_path == str(tmp_path / "a.nwb")


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    """With its path, be it the manifest or the recording."""
    with pytest.raises(Rejected) as rejected:
        by_manifest(tmp_path / "a.manifest.json")
    what = "the file cannot be read: No such file or directory"
    assert rejected.value.problems == (Problem("manifest_unreadable", str(tmp_path / "a.manifest.json"), what, REMEDY),)
    with pytest.raises(Rejected) as rejected:
        by_manifest(write(tmp_path, "a.manifest.json"))
    assert rejected.value.problems == (Problem("nwb_unreadable", str(tmp_path / "a.nwb"), what, REMEDY),)


@pytest.mark.parametrize("name", [b"\xff.nwb", b"/".join([b"x" * 200] * 3) + b".nwb"])
def test_a_path_that_the_ledger_cannot_hold_is_refused(tmp_path: Path, name: bytes) -> None:
    """It is too long, or no UTF-8."""
    path = tmp_path / os.fsdecode(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"12345")
    with pytest.raises(Rejected) as rejected:
        by_hand(path, b"")
    (problem,) = rejected.value.problems
    assert (problem.check, problem.remedy) == ("nwb_path", "Give it one of at most 500 characters in UTF-8")


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file_is_said_at_once(tmp_path: Path, kind: str) -> None:
    """A named pipe that nobody writes to is not waited for."""
    for name in ("a.manifest.json", "b.nwb"):
        (tmp_path / name).mkdir() if kind == "folder" else os.mkfifo(tmp_path / name)
    write(tmp_path, "b.manifest.json")
    what = "the file cannot be read: it is not a regular file"
    for name in ("a.manifest.json", "b.manifest.json"):
        with pytest.raises(Rejected) as rejected:
            by_manifest(tmp_path / name)
        assert [problem.what for problem in rejected.value.problems] == [what]


def test_files_are_the_same_until_something_of_one_changes(tmp_path: Path) -> None:
    """Its size, its mtime, or which file it is; one that is gone is an outage, for shares go away."""
    path = tmp_path / "a.nwb"
    path.write_bytes(b"12345")
    for change in (lambda: path.write_bytes(b"123456"), lambda: os.utime(path, ns=(1, 1)), lambda: renamed(path)):
        with SourceFiles(tmp_path, "a.nwb") as files:
            assert files.nwb.id.size == path.stat().st_size
            assert files.unchanged()
            change()
            assert not files.unchanged()
            files.release()
            assert files.nwb.id == file_id(path.stat())
            assert files.unchanged()
    with SourceFiles(tmp_path, "a.nwb") as files:
        assert files.nwb
        path.unlink()
        with pytest.raises(Unavailable, match=r"a\.nwb cannot be read: No such file or directory$"):
            files.unchanged()


def renamed(path: Path) -> None:
    """Put another file of the same content, size and time in a file's place."""
    found = path.stat()
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    os.utime(other, ns=(found.st_mtime_ns, found.st_mtime_ns))
    other.replace(path)


ROW = {"folder": "rig-2", "manifest_path": "a.manifest.json", "nwb_path": "a.nwb", "videos": None}


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "sub/../../secret",
        "{root}/secret",
        "/etc/passwd",
        "",
        ".",
        "..",
        "a//b",
        "a\0b",
        "x" * 501,
        "out",
        "\udcff",
    ],
)
@pytest.mark.parametrize("column", ["manifest_path", "nwb_path", "videos"])
def test_a_row_names_no_file_outside_the_folder(tmp_path: Path, path: str, column: str) -> None:
    """Who may write a row but not the folder has nothing read or moved from elsewhere: for the row there is no such file."""
    folder = tmp_path / "rig-2"
    folder.mkdir()
    secret = tmp_path / "secret"
    secret.write_bytes(b"12345")
    (folder / "out").symlink_to(secret)
    (folder / "a.nwb").write_bytes(b"12345")
    found = secret.stat()
    write(folder, "a.manifest.json")
    name = path.format(root=tmp_path)
    row: dict[str, Any] = {
        **ROW,
        "nwb_size": 5,
        "nwb_mtime": found.st_mtime_ns,
        "manifest_size": 5,
        "manifest_mtime": found.st_mtime_ns,
    }
    row[column] = [[name, 5, found.st_mtime_ns]] if column == "videos" else name
    row["delivery_id"] = Delivery(
        "rig-2", row["manifest_path"], 5, found.st_mtime_ns, b"12345", row["nwb_path"], 5, found.st_mtime_ns
    ).delivery_id
    with SourceFiles(folder, row["nwb_path"]) as files:
        assert [source.file for source in sources(row, files) if source.name == name] in ([], [None])
        with pytest.raises(FilesMissing):
            read_again(row, files)


@pytest.mark.parametrize("name", ["a.manifest.json", "a.nwb"])
@pytest.mark.parametrize("kind", ["pipe", "folder", "out", "nowhere"])
def test_what_has_taken_the_place_of_a_file_is_not_waited_for(tmp_path: Path, name: str, kind: str) -> None:
    """A named pipe, a folder or a link that leads out or nowhere: what was queued is gone, and its worker goes on."""
    (tmp_path / "a.nwb").write_bytes(b"12345")
    document = write(tmp_path, "a.manifest.json").read_bytes()
    facts = [("a.manifest.json", *as_queued(tmp_path / "a.manifest.json")), ("a.nwb", *as_queued(tmp_path / "a.nwb"))]
    row: dict[str, Any] = dict(ROW)
    for kinds, fact in zip(("manifest", "nwb"), facts, strict=True):
        row |= {f"{kinds}_size": fact[1], f"{kinds}_mtime": fact[2]}
    row["delivery_id"] = Delivery("rig-2", *facts[0], document, *facts[1]).delivery_id
    with SourceFiles(tmp_path, "a.nwb") as files:
        assert read_again(row, files).delivery_id == row["delivery_id"]
    (tmp_path / name).unlink()
    match kind:
        case "pipe":
            os.mkfifo(tmp_path / name)
        case "folder":
            (tmp_path / name).mkdir()
        case "out":
            (tmp_path / name).symlink_to("/etc/passwd")
        case "nowhere":
            (tmp_path / name).symlink_to("nowhere")
    with SourceFiles(tmp_path, "a.nwb") as files:
        with pytest.raises(FilesMissing):
            read_again(row, files)
        assert [source.file is None for source in sources(row, files)] == [name == "a.nwb", name == "a.manifest.json"]


def test_a_drop_folder_that_is_away_is_an_outage(tmp_path: Path) -> None:
    """Its files are not taken for files that an earlier attempt has moved to the archive."""
    with SourceFiles(tmp_path / "away", "a.nwb") as files, pytest.raises(Unavailable, match="cannot be read: No such file"):
        sources(dict(ROW), files)


def as_queued(path: Path) -> tuple[int, int]:
    """Return the size and the mtime of a file."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns
