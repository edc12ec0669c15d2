"""What `tests/structure` counts."""

import subprocess
from pathlib import Path

import pytest

from tests.tree import measured

ROOT = Path(__file__).resolve().parents[1]
FILES = {
    "__init__.py": "import house.cellar\n",
    "cellar.py": "# a comment\nimport os\n\n\nA = '''\n# no comment\n'''  # nor alone\n",
    "hall/__init__.py": "from . import stairs\nfrom .stairs import climb\nfrom ..cellar import A\n",
    "hall/stairs.py": "@property\ndef climb():\n    from house import attic\n    # why\n    return attic\n",
    "attic.py": "from house.hall.stairs import climb\n\n\nclass Roof:\n    def leak(self): ...\n",
    "data/script.py": "this is no Python\n",
}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Make a package of four rooms and a folder of data."""
    for name, text in FILES.items():
        path = tmp_path / "house" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "house"


def test_a_package_is_measured(house: Path) -> None:
    """Imports count however they are written and wherever they stand; what is in no package does not count."""
    assert measured(house) == {
        "rooms: packages and modules at the top": "4 (1 + 3)",
        "import arrows between rooms": "4",
        "floors of rooms": "2",
        "circles of rooms": "attic hall",
        "files": "5",
        "lines": "21",
        "longest file": "7 (cellar.py)",
        "longest class": "2 (Roof in attic.py)",
        "longest function": "5 (climb in hall/stairs.py)",
        "own-line comments per 100 lines": "9.5",
    }


def test_the_command_measures_the_package_that_it_is_given(house: Path) -> None:
    """Its exit status is 2 for a folder that is no package."""
    done = subprocess.run([ROOT / "tests" / "structure", house], capture_output=True, text=True, check=True)
    assert dict(line.split("  ", 1) for line in done.stdout.splitlines())["circles of rooms"].strip() == "attic hall"
    assert subprocess.run([ROOT / "tests" / "structure", house.parent], capture_output=True, check=False).returncode == 2
