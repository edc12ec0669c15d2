"""What the README and the manual show is so: commands, options, configuration, checks, formats, grants."""

import json
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, get_args

import click
import datajoint as dj
import psycopg2
import pytest

import antelop.demo
from antelop import __version__, config
from antelop.checks.severities import CHECKS, FIXED
from antelop.cli import main
from antelop.config import Config, DatabaseConfig
from antelop.formats import manifest, rig
from antelop.formats.document import load
from antelop.lab import Lab
from antelop.lab.metadata import enrol
from antelop.manual import PAGES
from antelop.outcome import Kind, Outcome
from tests import servers
from tests.clocks import NOW, still
from tests.documents import DOCUMENTS, PACKAGE, PATHS, README, ROOT, blocks, code, tables

LAB = Path(str(antelop.demo.__file__)).parent / "lab"


def commands(group: click.Group, *names: str) -> Iterator[tuple[str, click.Command]]:
    """Yield every command after what is typed for it."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *names, name)
        else:
            yield " ".join((*names, name)), command


def uses() -> list[str]:
    """Return what is typed after ``antelop`` wherever a document shows it, in blocks and in sentences."""
    shown = [part for block in blocks("sh") for line in block.splitlines() for part in line.split("&&")]
    for text in DOCUMENTS.values():
        shown += re.findall("`([^`\n]+)`", re.sub("```.*?```", "", text, flags=re.DOTALL))
    found = [re.search(rf"(?:^|[ /])antelop ((?:{'|'.join(main.commands)})\b.*)", line) for line in shown]
    return sorted({match[1].replace(r"\|", "|") for match in found if match})


def test_every_page_is_in_the_table_of_contents() -> None:
    """The sections of the manual name each page once, and the README lists them in the same order."""
    assert sorted(PAGES) == sorted(PATHS.keys() - {"readme"})
    listed = re.findall(r"^\| \[(\w+)\]\((.*?)\)", DOCUMENTS["readme"], re.MULTILINE)
    assert listed == [(page, str(PATHS[page].relative_to(ROOT))) for page in PAGES]


def test_the_readme_is_short() -> None:
    """A person who only wants to know what this is reads it to the end."""
    assert len(README.read_text().splitlines()) < 300


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_to_files(name: str) -> None:
    """Each relative link names a file that is there."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", DOCUMENTS[name])
    assert [link for link in links if not (PATHS[name].parent / link).exists()] == []


def test_every_command_is_listed() -> None:
    """The page has each command with its arguments and options, and no other."""
    listed = {code(row[0])[0]: sorted(code(row[1])) for row in tables("commands") if row[0].startswith("`antelop")}
    expected = {}
    for name, command in commands(main):
        pieces = command.collect_usage_pieces(click.Context(command))
        options = [option.opts[0] for option in command.params if isinstance(option, click.Option) and option.expose_value]
        expected[" ".join(["antelop", name, *(piece for piece in pieces if piece != "[OPTIONS]")])] = sorted(options)
    assert listed == expected


def keys() -> list[tuple[str, str, str]]:
    """Return the table, the name and the default of each key that the manual lists."""
    found, table = [], ""
    for line in DOCUMENTS["configuration"].splitlines():
        if heading := re.fullmatch(r"## `(.*)`", line):
            table = heading[1]
        elif table != "[checks]" and (row := re.match(r"\| `(\w+)` \| (.*?) ?\|", line)):
            found.append((table, row[1], row[2]))
    return found


def test_every_key_is_listed() -> None:
    """The page has the keys of the example, which has all that there are."""
    example = tomllib.loads((ROOT / "config/antelop.toml").read_text())
    expected = {("", "state")}
    for name, values in example.items():
        for table in values if isinstance(values, list) else [values] if isinstance(values, dict) else []:
            expected |= {(f"[[{name}]]" if isinstance(values, list) else f"[{name}]", key) for key in table}
    assert sorted((table, name) for table, name, _ in keys()) == sorted(each for each in expected if each[0] != "[checks]")


@pytest.mark.parametrize(("table", "name", "default"), [key for key in keys() if re.fullmatch("`[^`]+`", key[2])])
def test_a_default_is_the_default(table: str, name: str, default: str) -> None:
    """A default that is written as TOML changes nothing when it is written into a configuration."""
    needed = {"[database]": 'backend = "postgresql"\nhost = "db"\n', "[[folders]]": 'path = "/rig-2"\n'}.get(table, "")
    texts = (f"{table}\n{needed}", f"{table}\n{needed}{name} = {default.strip('`')}\n")
    without, written = (config.parse(text, Path("/"), {"HOME": "/"}) for text in texts)
    assert written == without


def test_every_check_is_listed() -> None:
    """The page has each check with its severity, and says which severities are fixed."""
    listed = {code(row[0])[0]: row[1] for row in tables("configuration", "## `[checks]`")}
    expected = {name: f"{severity}, fixed" if name in FIXED else severity for name, severity in CHECKS.items()}
    assert listed == expected


def members(schema: Mapping[str, Any], *parents: str) -> Iterator[str]:
    """Yield the members that an object of a JSON schema can have, those of objects in it with the names of both."""
    for name, member in schema["properties"].items():
        if member.get("properties"):
            yield from members(member, *parents, name)
        else:
            yield ".".join((*parents, name))


def schema(name: str) -> Any:
    """Return a JSON schema of the package."""
    return json.loads((PACKAGE / f"formats/{name}.schema.json").read_text())


def test_every_member_of_a_rig_is_listed() -> None:
    """The page has the members of a rig, of its features and of its videos, and the values that some can have."""
    written = schema("rig")
    lists = [written["properties"][name]["items"] for name in ("features", "videos")]
    listed: dict[str, str] = {}
    for row in tables("rig"):  # what videos have too is in the table of features first
        listed.setdefault(code(row[0])[0], row[1])
    assert set(listed) == {name for each in (written, *lists) for name in members(each)}
    feature = lists[0]["properties"]
    assert set(code(listed["source.source_type"])) == set(feature["source"]["properties"]["source_type"]["enum"])
    assert set(code(listed["data_type"])) == set(feature["data_type"]["enum"])


def test_every_member_of_a_manifest_is_listed() -> None:
    """The page has the members of a manifest, and by what a session and an animal are named."""
    properties = schema("manifest")["properties"]
    listed = {name: row[1] for row in tables("manifest") for name in code(row[0])}
    assert list(listed) == list(properties)
    assert set(code(listed["session"])) == set(properties["session"]["properties"])
    assert set(code(listed["animals"])) <= set(properties["animals"]["items"]["properties"])


def test_every_member_of_a_receipt_is_listed() -> None:
    """The page has the members of a receipt, and its outcomes."""
    listed = [code(row[0])[0] for row in tables("receipt")]
    assert sorted(listed) == sorted([*Outcome.__dataclass_fields__, *get_args(Kind)])


def test_what_the_service_says_is_what_it_says() -> None:
    """The sentences that the page explains are in the code, but for what differs from case to case."""
    source = " ".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    source = re.sub(r'"\s*\n\s*f?"', "", source)
    said = [each for row in tables("operation") if "script" not in row[0] for each in code(row[0])]
    parts = [part.strip() for each in said for part in re.split("…|40 min,", each)]
    assert len(said) > 4
    assert [part for part in parts if part not in source] == []


@pytest.mark.parametrize("use", uses())
def test_what_is_typed_is_understood(use: str) -> None:
    """Each command has the options that are used."""
    command: click.Command = main
    words = shlex.split(use)
    while isinstance(command, click.Group) and words:
        command = command.commands[words.pop(0)]
    command.make_parser(click.Context(command)).parse_args(words)


def test_what_is_installed_is_there() -> None:
    """Every file of this project that a command or a sentence names exists."""
    named = set(re.findall(r"(?<![/\w.])(?:config|daemon|systemd|tests)/[\w./-]*\w", "".join(DOCUMENTS.values())))
    assert len(named) > 5
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("written", blocks("toml"))
def test_a_configuration_is_right(written: str) -> None:
    """Each configuration can be used as it stands."""
    config.parse(written, Path("/etc/antelop"), {"HOME": "/home/ada"})


@pytest.mark.parametrize("written", [*blocks("json"), *(path.read_text() for path in (ROOT / "config").glob("*/*.json"))])
def test_an_example_is_right(written: str) -> None:
    """Each JSON document, here and under ``config``, is a rig, a manifest or a receipt without a mistake."""
    document = load(written.encode())
    match document.get("specification"):
        case "antelop-behaviour":
            rig.parse(document)
        case "antelop-manifest":
            manifest.parse(document)
        case _:
            some = {"": 0}
            full = Outcome("ingested", "", NOW, __version__, session=some, rows=some, trials=some, nwb=some)
            assert set(document) == set(full.as_dict())


def test_the_mask_is_the_demos() -> None:
    """The function that is shown is one that runs."""
    [shown] = [block for block in blocks("python") if "@antelop_analysis" in block]
    assert shown in (LAB / "analysis/licking.py").read_text()


def statements(block: str, service: str) -> list[str]:
    """Return the SQL statements of a block, with a password for everybody, and a name for the daemon's account and database."""
    text = re.sub(r"\bantelop\b", service, block).replace("…", "secret")
    return [statement.strip() for statement in text.split(";") if statement.strip()]


def expect_what_is_granted(settings: DatabaseConfig, folder: Path, grant: Callable[[], None]) -> None:
    """Expect the daemon's account to make the tables, ada to write, and eva to read and not to write."""

    def connected(user: str) -> Lab:
        environment = {"DB_USER": user, "DB_PASS": "secret"}
        return Lab(Config(state=folder / "state", store=folder / "store", database=settings), environment, still)

    with connected(str(settings.service)) as lab:
        enrol(lab, "Experimenter", {"experimenter": "ada", "full_name": "Ada"})
    grant()
    with connected("ada") as lab:
        key = enrol(lab, "Experiment", {"experimenter": "ada", "experiment_name": "licking"})
        lab.database.Experiment.update1({**key, "experiment_notes": "two mice"})
        (lab.database.Experiment & key).delete_quick()
        enrol(lab, "Experiment", {"experimenter": "ada", "experiment_name": "licking"})
    with connected("eva") as lab:
        assert (lab.database.Experiment * lab.database.Experimenter).fetch1("full_name", "experiment_notes") == ("Ada", "")
        assert lab.database.Session.primary_key == ["experimenter", "experiment_id", "session_id"]
        with pytest.raises(dj.errors.AccessError):
            lab.database.Experimenter.insert1({"experimenter": "eva", "full_name": "Eva"})


def test_grants_on_postgresql() -> None:
    """The statements of the manual are enough on PostgreSQL."""
    before, after, _ = blocks("sql")
    with servers.public_folder() as folder, servers.embedded(folder / "state") as server:
        server.execute(*statements(before, "daemon"))

        def grant() -> None:
            options = {"host": server.host, "port": server.port, "user": server.user, "dbname": "daemon"}
            with closing(psycopg2.connect(**options)) as connection, connection, connection.cursor() as cursor:
                for statement in statements(after, "daemon"):
                    cursor.execute(statement)

        expect_what_is_granted(
            DatabaseConfig(host=server.host, port=server.port, name="daemon", service="daemon"), folder / "lab", grant
        )


@pytest.mark.mariadb
def test_grants_on_mariadb() -> None:
    """The statements of the manual are enough on MariaDB."""
    _, _, written = blocks("sql")
    with servers.public_folder() as folder, servers.mariadb() as server:
        server.execute(*statements(written, "antelop"))
        settings = DatabaseConfig(host=server.host, port=server.port, backend="mysql", service="antelop", use_tls=False)
        expect_what_is_granted(settings, folder / "lab", lambda: None)
