"""Statements are constants of the code: nothing else becomes SQL, not even the name of a stranger's table."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import antelop
from antelop.database.references import referring, values
from antelop.database.statement import composed, identifier
from antelop.errors import Rejected
from antelop.lab import Lab
from antelop.upkeep.removal import hanging, remove
from tests.labs import SESSION

PACKAGE = Path(str(antelop.__file__)).parent
TAKES = {"query": 0, "stream": 0, "restrict": 0, "composed": 0, "restricted": 1}
"""Which argument of what is SQL."""


def written(node: ast.AST, names: set[str]) -> bool:
    """Return whether an expression puts text together, or is a name of something that does."""
    if isinstance(node, ast.Name):
        return node.id in names
    if isinstance(node, ast.IfExp):
        return written(node.body, names) or written(node.orelse, names)
    is_format = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("format", "join")
    is_sum = (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Add | ast.Mod)
        and (
            any(isinstance(side, ast.Constant) and isinstance(side.value, str) for side in (node.left, node.right))
            or written(node.left, names)
        )
    )
    if isinstance(node, ast.JoinedStr):
        holes = [part for part in node.values if isinstance(part, ast.FormattedValue)]
        return any(hole.format_spec is None or ast.unparse(hole.format_spec) != "f'd'" for hole in holes)  # numbers are no text
    return is_format or is_sum


def composing(source: str) -> Iterator[int]:
    """Yield the lines on which text that was put together is given to what takes SQL."""
    tree = ast.parse(source)
    assigned = [node for node in ast.walk(tree) if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and node.value]
    names: set[str] = set()
    for _ in range(3):  # a name of a name
        for one in assigned:
            targets = one.targets if isinstance(one, ast.Assign) else [one.target]
            if one.value is not None and written(one.value, names):
                names |= {target.id for target in targets if isinstance(target, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            place = TAKES.get(name, len(node.args))
            if place < len(node.args) and written(node.args[place], names):
                yield node.lineno
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.Sub) and written(node.right, set()):
            yield node.lineno


@pytest.mark.parametrize(
    "source",
    [
        "rows & f\"delivery_id > '{after}'\"",
        "rows - ('a = %s' % value)",
        "rows & 'a = {}'.format(value)",
        "connection.query(f'SELECT {what}')",
        "connection.query(f'SELECT {what:s} LIMIT {count:d}')",
        "text = 'SELECT ' + what\nconnection.stream(text)",
        "restricted(rows, f'a = {value}')",
        "composed('SELECT ' + what)",
        "half = f'{x}'\nwhole = half + ' FROM t'\nconnection.query(whole if x else 'SELECT 1')",
    ],
)
def test_text_that_is_put_together_is_found(source: str) -> None:
    """What the next test looks for is found, however it is written."""
    assert list(composing(source))


def test_no_statement_is_put_together() -> None:
    """Nothing in the package gives text that it puts together to a server, but by `composed`."""
    found = {path.relative_to(PACKAGE).as_posix(): list(composing(path.read_text("utf-8"))) for path in PACKAGE.rglob("*.py")}
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_no_rule_about_statements_is_switched_off() -> None:
    """The linter's rule against SQL that is put together (S608) has no exception in the package."""
    assert [path for path in PACKAGE.rglob("*.py") if "S608" in path.read_text("utf-8")] == []


STRANGE = ["a%s b", 'a"; DROP TABLE x; --', "a`; DROP TABLE x; --", "50%"]


@pytest.fixture
def strange(lab: Lab) -> Iterator[Callable[[str, str], None]]:
    """Give what makes a table of a stranger, by any name, with a column that refers to the store or a key that refers to us."""
    say, backend = lab.database.connection.query, lab.database.connection.adapter.backend
    schema = "a_stranger"
    how = "" if lab.database.is_postgresql else "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
    say(composed("CREATE SCHEMA {schema} {how}", schema=schema, how=how))

    def make(name: str, column: str) -> None:
        place = composed("{schema}.{name}", schema=schema, name=identifier(backend, name))
        say(composed("CREATE TABLE {place} ({column})", place=place, column=column))

    yield make
    say(composed("DROP SCHEMA {schema} {how}", schema=schema, how="CASCADE" if lab.database.is_postgresql else ""))


@pytest.mark.parametrize("name", STRANGE)
def test_tables_of_strangers_are_read_whatever_they_are_called(
    lab: Lab, strange: Callable[[str, str], None], name: str
) -> None:
    """What refers to the store is found in tables and columns of any name, and no name is executed."""
    say, backend = lab.database.connection.query, lab.database.connection.adapter.backend
    column = identifier(backend, f"{name} c")
    comment = "" if lab.database.is_postgresql else " COMMENT ':<file>:'"
    strange(name, composed("{column} JSON{comment}", column=column, comment=comment))
    place = composed("a_stranger.{name}", name=identifier(backend, name))
    if not comment:
        say(composed("COMMENT ON COLUMN {place}.{column} IS ':<file>:'", place=place, column=column))
    say(composed("INSERT INTO {place} VALUES (%s)", place=place), ('{"path": "objects/x"}',))
    (found,) = [each for each in referring(lab.database) if each.schema == "a_stranger"]
    with lab.database.transaction(commit=False):
        assert [text for _, text in values(lab.database, found, "objects/")] == ['{"path": "objects/x"}']


@pytest.mark.parametrize("name", STRANGE)
def test_a_recording_is_not_removed_by_statements_with_strange_names(
    lab: Lab, strange: Callable[[str, str], None], name: str
) -> None:
    """DataJoint would write the names of tables that refer to a recording into statements: strange ones are refused."""
    database = lab.database
    database.World.insert1({**SESSION, "behaviourrig_id": 1, "dlc_training": "False"})
    keys = "experimenter VARCHAR(40), experiment_id SMALLINT, session_id INTEGER"
    worlds = database.World.full_table_name
    names = "experimenter, experiment_id, session_id"
    strange(
        name, composed("{keys}, FOREIGN KEY ({names}) REFERENCES {worlds} ({names})", keys=keys, names=names, worlds=worlds)
    )
    for call in (remove, hanging):
        with pytest.raises(Rejected) as rejected:
            call(lab, SESSION)
        assert [problem.check for problem in rejected.value.problems] == ["table_name"]
    assert len(database.World()) == 1
