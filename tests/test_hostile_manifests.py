"""A short version of `tests/fuzz_manifests`, without its coverage-guided part, and that it finds what is wrong."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from antelop import log
from antelop.cli import terminal
from antelop.errors import Problem
from antelop.formats import manifest
from antelop.lab import Lab
from antelop.outcome import Outcome
from tests.clocks import NOW
from tests.drops import Drop
from tests.hostile.judge import Judge, What
from tests.hostile.manifests import random_texts
from tests.hostile.real_path import RealPath
from tests.hostile.surfaces import Surfaces
from tests.hostile.texts import EVIL, seeds


@pytest.mark.parametrize("what", ["manifest", "rig"])
def test_whatever_a_text_is_something_clear_comes_of_it(what: What, tmp_path: Path) -> None:
    """It is what it should be, or is rejected; in little time and memory, and nothing that is said of it is more than text."""
    judge = Judge(what, tmp_path, tmp_path / "kept")
    random_texts(judge, what, 200, 0, 0)
    assert judge.tally.findings == []
    assert judge.tally.accepted > 5
    assert judge.tally.rejected > 100


@pytest.mark.parametrize("served_lab", ["postgresql"], indirect=True)
def test_whatever_a_manifest_is_it_is_answered(lab: Lab, dropping: Callable[..., Drop], tmp_path: Path) -> None:
    """Through drop folder, queue, ledger and receipt; names that look like SQL, paths or escape sequences are only names."""
    path = RealPath(lab, dropping(create_sessions=True))
    judge = Judge("manifest", tmp_path, tmp_path / "kept")
    some = random_texts(judge, "manifest", 150, 1, 12)
    assert list(path.deliver([*some, *seeds("manifest")[-3:]])) == []


def test_what_is_wrong_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that breaks what reads it, or leads out of the folder, is kept, and what is wrong with it is said."""

    def break_down(_: bytes) -> manifest.Manifest:
        raise RecursionError("too deep")

    judge = Judge("manifest", tmp_path, tmp_path / "kept")
    for read in (break_down, lambda _: manifest.Manifest({}, (), nwb="../x.nwb")):
        monkeypatch.setattr(manifest, "read", read)
        judge.judge(b"{}")
    broken, escaping = judge.tally.findings
    (kept,) = (tmp_path / "kept").iterdir()
    assert broken.startswith(f"{kept.name}: Traceback")
    assert broken.endswith("RecursionError: too deep\n")
    assert escaping == f"{kept.name}: it leads to 'day/../x.nwb'"
    assert kept.read_bytes() == b"{}"


def test_what_is_shown_badly_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Problems that are too many, too long or without a remedy, and characters that come out as they are."""
    surfaces = Surfaces(tmp_path)
    good = Problem("json", "/a", f"it is {EVIL[:30]}", "Write it again")
    assert list(surfaces.faults(Outcome.of("rejected", "no", NOW, (good,)))) == []
    long = replace(good, what="x" * 1000)
    monkeypatch.setattr("tests.hostile.surfaces.LONGEST", 1000)
    assert list(surfaces.faults(Outcome.of("rejected", "no", NOW, (long,)))) == ["a problem has 1021 characters"]
    assert list(surfaces.faults(Outcome.of("rejected", "no", NOW, (replace(good, remedy=""),)))) == [
        "a problem lacks its name, what is wrong or the remedy"
    ]
    assert list(surfaces.faults(Outcome.of("rejected", "no", NOW, (good,) * 203))) == ["there are 203 problems"]
    for module in (log, terminal):
        monkeypatch.setattr(module, "printable", str)
    assert list(surfaces.faults(Outcome.of("rejected", "no\x9b", NOW, (replace(good, where="\x9b"),)))) == [
        "the command has the character '\\x9b'",
    ]
