import json
import os
import resource
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from antelop.errors import Problem
from antelop.outcome import Outcome
from antelop.worker import receipt

REJECTED = Outcome(
    outcome="rejected",
    sentence="Session 42 is not in the database.",
    finished=datetime(2026, 11, 22, 9, 30, tzinfo=UTC),
    version="1.0",
    problems=(Problem("session_missing", "/session/session_id", "session 42 is not there", "Experiment 3 has 40, 41, 43"),),
    session={"experimenter": "open_field_lab", "experiment_id": 3, "session_id": 42},
)
INGESTED = Outcome(
    outcome="ingested",
    sentence="m17: 12 features, 10 trials.",
    finished=datetime(2026, 11, 22, 9, 31, tzinfo=UTC),
    version="1.0",
    trials={"lick": 10},
)


def as_read(outcome: Outcome) -> Any:
    """Return the object that a receipt of an outcome holds."""
    return json.loads(json.dumps(outcome.as_dict()))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the receipt of a manifest in a folder of its own is."""
    return receipt.path_for(tmp_path / "m17.manifest.json")


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        ("m17.manifest.json", "m17.receipt.json"),
        ("m17.json", "m17.receipt.json"),
        ("M17.Manifest.JSON", "M17.receipt.json"),
        ("2026.11.22.json", "2026.11.22.receipt.json"),
    ],
)
def test_a_receipt_has_its_manifests_stem(manifest: str, expected: str) -> None:
    """Both kinds of manifest names have the same kind of receipt, beside them."""
    assert receipt.path_for(Path("/srv/rig-2") / manifest) == Path("/srv/rig-2") / expected


def test_a_receipt_says_what_the_outcome_says(path: Path) -> None:
    """The file holds the outcome's members as an indented JSON object, problems included, and `read` returns them."""
    assert receipt.write(path, REJECTED, path.parent) is None
    assert path.read_text().startswith('{\n  "outcome": "rejected",\n')
    assert path.read_text().endswith("}\n")
    assert receipt.read(path) == {
        "outcome": "rejected",
        "sentence": "Session 42 is not in the database.",
        "finished": "2026-11-22T09:30:00+00:00",
        "version": "1.0",
        "problems": [
            {
                "check": "session_missing",
                "where": "/session/session_id",
                "what": "session 42 is not there",
                "remedy": "Experiment 3 has 40, 41, 43",
            }
        ],
        "warnings": [],
        "session": {"experimenter": "open_field_lab", "experiment_id": 3, "session_id": 42},
    }


def test_a_receipt_is_replaced_when_the_outcome_changes(path: Path) -> None:
    """The later receipt takes the place of the earlier, and nothing else is left in the folder."""
    receipt.write(path, REJECTED, path.parent)
    receipt.write(path, INGESTED, path.parent)
    assert receipt.read(path) == as_read(INGESTED)
    assert list(path.parent.iterdir()) == [path]


def test_a_receipt_that_says_the_same_is_left_alone(path: Path) -> None:
    """No event is caused, and no time changes, when an outcome is written again; another outcome is another file."""
    receipt.write(path, REJECTED, path.parent)
    written = path.stat()
    assert receipt.write(path, REJECTED, path.parent) is None
    found = path.stat()  # whose time of the last reading may be another
    assert (found.st_ino, found.st_mtime_ns, found.st_ctime_ns) == (written.st_ino, written.st_mtime_ns, written.st_ctime_ns)
    receipt.write(path, replace(REJECTED, sentence="Session 42 is another animal's."), path.parent)
    assert path.stat().st_ino != written.st_ino


@pytest.mark.parametrize(("folder", "expected"), [(0o700, 0o600), (0o2770, 0o640), (0o755, 0o644), (0o1777, 0o644)])
def test_who_may_read_the_folder_may_read_the_receipt(path: Path, folder: int, expected: int) -> None:
    """The daemon's umask, which keeps its own files private, does not keep a person from the answer."""
    path.parent.chmod(folder)
    umask = os.umask(0o077)
    try:
        receipt.write(path, INGESTED, path.parent)
    finally:
        os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == expected


def test_letters_stay_readable_and_nothing_controls_a_terminal(path: Path) -> None:
    """Umlauts are written as such; escape sequences, line separators and bytes that are no text are escaped as JSON has it."""
    sentence = "Mäuse 🐭\n\x1b[2J\x9b2J\u202e\udcff"
    assert receipt.write(path, replace(INGESTED, sentence=sentence), path.parent) is None
    assert '"Mäuse 🐭\\n\\u001b[2J\\u009b2J\\u202e\\udcff"' in path.read_text()
    assert json.loads(path.read_text())["sentence"] == sentence


def test_a_link_in_the_receipts_place_is_replaced(path: Path, tmp_path: Path) -> None:
    """What the link leads to, which whoever put it there may not write themselves, stays as it was, even if it would match."""
    target = tmp_path / "elsewhere"
    receipt.write(target, INGESTED, path.parent)
    untouched = target.stat()
    path.symlink_to(target)
    assert receipt.read(path) is None
    assert receipt.write(path, INGESTED, path.parent) is None
    assert not path.is_symlink()
    assert receipt.read(path) == as_read(INGESTED)
    assert target.stat() == untouched


def test_a_link_in_the_path_is_followed_as_long_as_it_stays_in_the_folder(path: Path) -> None:
    """Nothing is written elsewhere, and no file removed, for whoever has put a link into the folder."""
    folder, elsewhere = path.parent / "drop", path.parent / "elsewhere"
    for made in (folder / "m17", elsewhere):
        made.mkdir(parents=True)
    left = elsewhere / f".{path.name}.tmp"
    left.touch()
    (folder / "out").symlink_to(elsewhere)
    (folder / "in").symlink_to("m17")
    hindrance = receipt.write(folder / "out" / path.name, INGESTED, folder)
    assert hindrance == f"The receipt {folder}/out/{path.name} could not be written: a link leads out of {folder}."
    assert list(elsewhere.iterdir()) == [left]
    assert receipt.write(folder / "in" / path.name, INGESTED, folder) is None
    assert receipt.read(folder / "m17" / path.name) == as_read(INGESTED)


def test_a_pipe_in_the_receipts_place_holds_nobody_up(path: Path) -> None:
    """Nobody waits for a writer that never comes: the pipe is replaced."""
    os.mkfifo(path)
    assert receipt.read(path) is None
    assert receipt.write(path, INGESTED, path.parent) is None
    assert receipt.read(path) == as_read(INGESTED)


def test_what_hinders_a_receipt_is_said_in_a_sentence(path: Path) -> None:
    """A folder in its place, and a folder that is gone, are no errors; no temporary file stays behind."""
    path.mkdir()
    assert receipt.write(path, INGESTED, path.parent) == f"The receipt {path} could not be written: Is a directory."
    assert list(path.parent.iterdir()) == [path]
    path.rmdir()
    path.parent.rmdir()
    assert receipt.write(path, INGESTED, path.parent) == f"The receipt {path} could not be written: No such file or directory."
    assert receipt.read(path) is None


def test_a_full_disk_leaves_the_receipt_that_was_there(path: Path) -> None:
    """A receipt is written whole or not at all: where no file may hold more than ten bytes, the earlier one stays."""
    receipt.write(path, REJECTED, path.parent)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))  # Python ignores the signal, so that writing fails
    try:
        hindrance = receipt.write(path, INGESTED, path.parent)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert hindrance == f"The receipt {path} could not be written: File too large."
    assert receipt.read(path) == as_read(REJECTED)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("content", ["", "[]", "{", "[" * 100_000, "\udcff"])
def test_another_file_of_that_name_is_no_receipt(path: Path, content: str) -> None:
    """Whatever else is there is read as no receipt, and written over."""
    path.write_bytes(content.encode(errors="surrogateescape"))
    assert receipt.read(path) is None
    assert receipt.write(path, INGESTED, path.parent) is None
    assert receipt.read(path) == as_read(INGESTED)


def test_what_a_killed_writer_left_is_gone_with_the_next_receipt(path: Path, tmp_path: Path) -> None:
    """However often one is killed before the receipt has its name, one file is left, and the next receipt takes it."""
    (tmp_path / f".{path.name}.tmp").write_text("half of a recei")
    assert receipt.write(path, INGESTED, path.parent) is None
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
