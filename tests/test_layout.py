"""The map of the code in the package's docstring is the code's."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import antelop

PACKAGE = Path(str(antelop.__file__)).parent
GROUPS = re.split(r"\n(?=\w+ +`)", str(antelop.__doc__).split("=\n", 1)[1].rpartition("\n=")[0])
ORDER = [
    (number, name) for number, group in enumerate(GROUPS) for name in re.findall(r"`(\w+)`", group.partition("`:")[0] + "`")
]
EDGES = next(number for number, group in enumerate(GROUPS) if group.startswith("edges"))


def imported(path: Path) -> Iterator[str]:
    """Yield the modules of the package that a file imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "antelop":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and str(node.module).startswith("antelop."):
            yield str(node.module).split(".")[1]


def test_every_module_is_on_the_map_once() -> None:
    """The groups name every module and nothing else."""
    modules = {
        path.name.removesuffix(".py") for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert sorted(name for _, name in ORDER) == sorted(modules - {"__init__", "__main__"})


def test_no_import_runs_backwards() -> None:
    """A module imports what stands before it, and an edge no other edge."""
    place = {name: (group, index) for index, (group, name) in enumerate(ORDER)}
    used = {
        (path.relative_to(PACKAGE).parts[0].removesuffix(".py"), other)
        for path in PACKAGE.rglob("*.py")
        for other in imported(path)
    }
    backwards = [
        f"{name} imports {other}"
        for name, other in used
        if name != other
        and {name, other} <= place.keys()
        and (place[other] > place[name] or place[other][0] == place[name][0] == EDGES)
    ]
    assert backwards == []
