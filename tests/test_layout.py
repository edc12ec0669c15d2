"""The map of the code in the package's docstring is the code's."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import antelop

PACKAGE = Path(str(antelop.__file__)).parent
TABLE = str(antelop.__doc__).split("\n===", 1)[1].rpartition("\n===")[0]
MAP = {row.split()[0]: re.findall(r"`(\w+)`", row) for row in re.split(r"\n(?=\S)", TABLE)[1:]}
"""The modules of each package, from the ground up."""
ORDER = list(MAP)
OUTSIDE = {name: package for package in ("(ground)", "(top)") for name in MAP[package]}
"""The modules that are in no package."""


def imported(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports, as dotted names below the package."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] == "antelop":
            parent = str(node.module).removeprefix("antelop").removeprefix(".")
            for alias in node.names:
                name = f"{parent}.{alias.name}".removeprefix(".")
                yield name if PACKAGE.joinpath(*name.split(".")).with_suffix(".py").exists() else parent


def package(module: str) -> str:
    """Return the package that holds a module."""
    return OUTSIDE.get(module, module.partition(".")[0])


def imports() -> Iterator[tuple[str, str]]:
    """Yield each module with each module that it imports."""
    for path in PACKAGE.rglob("*.py"):
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        if module not in ("__init__", "__main__") and "demo.lab.analysis" not in module:
            yield from ((module, other) for other in imported(path) if other)


def test_every_module_is_on_the_map_once() -> None:
    """The table names every package and every module of it, and nothing else."""
    found = {
        name: sorted(
            path.stem
            for path in (PACKAGE / name).iterdir()
            if (path.suffix == ".py" or (path / "__init__.py").exists()) and not path.name.startswith("__")
        )
        for name in ORDER
        if name[0] != "("
    }
    assert found == {name: sorted(modules) for name, modules in MAP.items() if name[0] != "("}
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert packages == set(found)
    assert sorted(OUTSIDE) == sorted(path.stem for path in PACKAGE.glob("*.py") if not path.name.startswith("__"))


def test_no_import_runs_upwards() -> None:
    """A package imports only from those above it in the table."""
    place = {name: number for number, name in enumerate(ORDER)}
    upwards = {f"{module} imports {other}" for module, other in imports() if place[package(other)] > place[package(module)]}
    assert upwards == set()


def test_no_imports_run_in_a_circle() -> None:
    """No two modules import each other, whether directly or through others."""
    graph: dict[str, set[str]] = {}
    for module, other in imports():
        if module != package(module) and other != package(module):  # a package's ``__init__`` gathers what its modules hold
            graph.setdefault(module, set()).add(other)
    list(TopologicalSorter(graph).static_order())
