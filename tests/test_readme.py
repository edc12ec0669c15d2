"""What the README shows is so: commands, configuration, formats, grants."""

import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import click
import datajoint as dj
import psycopg2
import pytest

import antelop.demo
from antelop import config, manifest, rig
from antelop.cli import main
from antelop.config import Config, DatabaseConfig
from antelop.document import load
from antelop.enrolment import enrol
from antelop.lab import Lab
from antelop.outcome import VERSION, Outcome
from tests import servers
from tests.readme import README, ROOT, blocks

LAB = Path(str(antelop.demo.__file__)).parent / "lab"


def commands(group: click.Group, *names: str) -> Iterator[str]:
    """Yield every command as it is typed."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *names, name)
        else:
            yield " ".join((*names, name))


def uses() -> list[str]:
    """Return what is typed after ``antelop`` wherever the README shows it, in blocks and in sentences."""
    shown = [part for block in blocks("sh") for line in block.splitlines() for part in line.split("&&")]
    shown += re.findall("`([^`\n]+)`", re.sub("```.*?```", "", README, flags=re.DOTALL))
    found = [re.search(rf"(?:^|[ /])antelop ((?:{'|'.join(main.commands)})\b.*)", line) for line in shown]
    return [match[1] for match in found if match]


def test_every_command_is_listed() -> None:
    """The table names each command that there is, and no other."""
    table = README.partition("## Command line")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    assert sorted(name for cell in cells for name in re.findall("`(.*?)`", cell)) == sorted(commands(main))


@pytest.mark.parametrize("use", uses())
def test_what_is_typed_is_understood(use: str) -> None:
    """Each command has the options that are used."""
    command: click.Command = main
    words = shlex.split(use)
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    command.make_parser(click.Context(command)).parse_args(words)


def test_what_is_installed_is_there() -> None:
    """Every file of this project that a command or a sentence names exists."""
    named = set(re.findall(r"(?<![/\w.])(?:config|daemon|systemd|tests)/[\w./-]*\w", README))
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
            full = Outcome("ingested", "", datetime.now(UTC), VERSION, session=some, rows=some, trials=some, nwb=some)
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
        return Lab(Config(state=folder / "state", store=folder / "store", database=settings), environment)

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
    """The statements of the README are enough on PostgreSQL."""
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
    """The statements of the README are enough on MariaDB."""
    _, _, written = blocks("sql")
    with servers.public_folder() as folder, servers.mariadb() as server:
        server.execute(*statements(written, "antelop"))
        settings = DatabaseConfig(host=server.host, port=server.port, backend="mysql", service="antelop", use_tls=False)
        expect_what_is_granted(settings, folder / "lab", lambda: None)
