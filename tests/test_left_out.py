"""A machine that lacks what some tests need: those are left out and named, and no test fails for it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TESTS = """
import pytest


@pytest.mark.parametrize("name", ["a.nwb", "b.nwb"])
def test_of_a_recording(recordings, name):
    assert recordings.is_dir()


@pytest.mark.recordings
def test_that_is_marked():
    pass


def test_of_nothing():
    pass
"""


def run(folder: Path, recordings: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run these tests by themselves, with the recordings in some folder."""
    (folder / "test_x.py").write_text(TESTS)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ANTELOP_", "PYTEST_"))}
    environment |= inherited | {"PYTHONPATH": f"{ROOT}:{ROOT / 'daemon'}", "ANTELOP_RECORDINGS": str(recordings)}
    plugins = ("-p", "tests.data", "-p", "tests.left_out", "-p", "no:cacheprovider")
    command = [sys.executable, "-m", "pytest", "-q", *plugins, *options, "test_x.py"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("options", [(), ("-n", "1")], ids=["in one process", "in several"])
def test_without_the_recordings_those_that_need_them_are_left_out(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Those that take them and those that are marked; each is named once, with what it needs, and the run is green."""
    ended = run(tmp_path, tmp_path / "nowhere", *options)
    printed = ended.stdout.splitlines()
    assert ended.returncode == 0, ended.stdout
    assert "1 passed" in ended.stdout
    start = printed.index(
        f"LEFT OUT: the tests that need the recordings in {tmp_path / 'nowhere'}: "
        "set ANTELOP_RECORDINGS to the folder that has them"
    )
    assert printed[start + 1 : start + 3] == ["  test_x.py::test_of_a_recording", "  test_x.py::test_that_is_marked"]


def test_with_the_recordings_nothing_is_left_out(tmp_path: Path) -> None:
    """However little there is in their folder: that is for the tests to say."""
    ended = run(tmp_path, tmp_path)
    assert (ended.returncode, "LEFT OUT" in ended.stdout) == (0, False)
    assert "4 passed" in ended.stdout


def test_where_all_is_required_nothing_may_be_missing(tmp_path: Path) -> None:
    """A run that would leave out tests does not begin."""
    ended = run(tmp_path, tmp_path / "nowhere", ANTELOP_REQUIRE_ALL="1")
    assert ended.returncode == 4
    assert "ANTELOP_REQUIRE_ALL is set, and these are missing: " in ended.stderr
