"""What a Python package is built of: its rooms, the import arrows between them, and how long its parts are.

A room is a package or a module right below the tree; an arrow leads from a room to another one that it imports, wherever in a
file the import stands. Folders without an ``__init__.py`` hold data or others' scripts, and are left out.
"""

import ast
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from io import StringIO
from pathlib import Path
from typing import NamedTuple

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
CLASSES = (ast.ClassDef,)


class Extent(NamedTuple):
    """How many lines something has, and what it is."""

    lines: int
    name: str

    def __str__(self) -> str:
        return f"{self.lines:,} ({self.name})"


class Source:
    """A file of a tree.

    Attributes
    ----------
    path
        Below the tree.
    lines
        What it says.
    """

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.lines = text.splitlines(keepends=True)
        self._text = text

    @property
    def room(self) -> str:
        """The room that it belongs to; ``__init__`` is the tree's own file of this name."""
        return self.path.parts[0].removesuffix(".py")

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every part of its syntax."""
        return list(ast.walk(ast.parse(self._text, str(self.path))))

    @property
    def comments(self) -> int:
        """How many lines hold a comment and nothing else."""
        tokens = tokenize.generate_tokens(StringIO(self._text).readline)
        return sum(token.type == tokenize.COMMENT and not token.line[: token.start[1]].strip() for token in tokens)

    def extents(self, kinds: tuple[type[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef], ...]) -> Iterator[Extent]:
        """Yield its functions or classes, each with its decorators and its docstring."""
        for node in self.nodes:
            if isinstance(node, kinds):
                first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                yield Extent((node.end_lineno or first) - first + 1, f"{node.name} in {self.path}")

    def imports(self, root: str) -> Iterator[tuple[str, ...]]:
        """Yield what it imports of the tree called `root`, as the parts of a dotted name below that."""
        for node in self.nodes:
            if isinstance(node, ast.Import):
                names = [tuple(alias.name.split(".")) for alias in node.names]
                yield from (name[1:] for name in names if name[0] == root)
            elif isinstance(node, ast.ImportFrom):
                module = tuple(node.module.split(".")) if node.module else ()
                if node.level:
                    package = (root, *self.path.parts[:-1])
                    module = (*package[: len(package) - node.level + 1], *module)
                if module[0] == root:
                    yield from ((*module[1:], alias.name) for alias in node.names)


def sources(root: Path) -> list[Source]:
    """Return the files of a package."""
    found = []
    for path in sorted(root.rglob("*.py")):
        below = path.relative_to(root)
        if all((root / folder / "__init__.py").exists() for folder in below.parents):
            found.append(Source(below, path.read_text("utf-8")))
    return found


def arrows(found: Iterable[Source], root: str) -> dict[str, set[str]]:
    """Return, of each room, those that it imports."""
    targets: dict[str, set[str]] = {source.room: set() for source in found}
    for source in found:
        imported = {name[0] for name in source.imports(root) if name and name[0] in targets}
        targets[source.room] |= imported - {source.room}
    return targets


def circles(targets: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return the rooms that import each other, directly or through others, one list for each circle."""
    reached = {room: _reached(room, targets) for room in targets}
    groups = {frozenset(other for other in reached[room] if room in reached[other]) for room in targets}
    return sorted(sorted(group) for group in groups if group)


def floors(targets: Mapping[str, Iterable[str]]) -> int:
    """Return on how many floors the rooms stand, each above all that it imports; a circle is on one floor."""
    together = {room: frozenset(circle) for circle in circles(targets) for room in circle}
    groups = {room: together.get(room, frozenset([room])) for room in targets}

    @cache
    def height(group: frozenset[str]) -> int:
        below = {groups[target] for room in group for target in targets[room]} - {group}
        return 1 + max(map(height, below), default=0)

    return max(map(height, groups.values()), default=0)


def _reached(room: str, targets: Mapping[str, Iterable[str]]) -> set[str]:
    """Return the rooms that one leads to."""
    reached, pending = set[str](), [room]
    while pending:
        new = set(targets[pending.pop()]) - reached
        reached |= new
        pending += new
    return reached


def measured(root: Path) -> dict[str, str]:
    """Return what is counted of a package, each under its name, for people."""
    found = sources(root)
    targets = arrows(found, root.name)
    packages = {source.room for source in found if len(source.path.parts) > 1}
    lines = sum(len(source.lines) for source in found)
    comments = sum(source.comments for source in found)
    return {
        "rooms: packages and modules at the top": f"{len(targets)} ({len(packages)} + {len(targets) - len(packages)})",
        "import arrows between rooms": str(sum(map(len, targets.values()))),
        "floors of rooms": str(floors(targets)),
        "circles of rooms": "; ".join(map(" ".join, circles(targets))) or "0",
        "files": str(len(found)),
        "lines": f"{lines:,}",
        "longest file": str(max(Extent(len(source.lines), str(source.path)) for source in found)),
        "longest class": str(max((each for source in found for each in source.extents(CLASSES)), default="none")),
        "longest function": str(max((each for source in found for each in source.extents(FUNCTIONS)), default="none")),
        "own-line comments per 100 lines": f"{100 * comments / lines:.1f}",
    }
