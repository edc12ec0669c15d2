"""Recordings as other people's software writes them, made by the scripts of a folder beside the repository."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

FIELD_CASES = Path(
    os.environ.get("ANTELOP_FIELD_CASES") or Path(__file__).resolve().parents[2] / "shared" / "cases" / "recordings"
)
"""Its folders hold each a script ``make.py``, which writes NWB files where it is, and the ``rig.json`` for them."""


@pytest.fixture
def field_case(tmp_path: Path) -> Callable[[str], Path]:
    """Give what makes the files of a case; a test that takes it is left out where the cases are not."""

    def make(name: str) -> Path:
        # The scripts import their neighbour, so both are copied.
        shutil.copy(FIELD_CASES / "small_nwb.py", tmp_path)
        folder = shutil.copytree(FIELD_CASES / name, tmp_path / name, copy_function=shutil.copyfile)
        folder.chmod(0o700)
        subprocess.run([sys.executable, "make.py"], cwd=folder, check=True)
        return Path(folder)

    return make
