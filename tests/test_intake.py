"""The files of a delivery that is in no drop folder are found, or it is said why not."""

import json
import os
from pathlib import Path

import pytest

from antelop.errors import Problem, Rejected, Unavailable
from antelop.ingest.source_files import by_hand, by_manifest, look

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


def test_a_file_is_the_same_until_something_of_it_changes(tmp_path: Path) -> None:
    """Its size, its mtime, or which file it is; one that is gone is an outage, for shares go away."""
    path = tmp_path / "a.nwb"
    path.write_bytes(b"12345")
    before = look([path])
    assert look([path]) == before
    os.utime(path, ns=(1, 1))
    assert look([path]) != before
    before = look([path])
    path.rename(tmp_path / "b.nwb")
    path.write_bytes(b"12345")
    os.utime(path, ns=(1, 1))
    assert look([path]) != before
    path.unlink()
    with pytest.raises(Unavailable, match=r"a\.nwb cannot be read: No such file or directory$"):
        look([path])
