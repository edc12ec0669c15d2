"""Metadata: ``add experimenter``, ``add experiment``, ``add animal``, ``add session``."""
# ruff: noqa: PLC0415  # see antelop.cli.terminal

from typing import Any, BinaryIO

import click

from antelop.cli import key
from antelop.cli.command import main
from antelop.cli.terminal import Terminal

from_json = click.option(
    "--from-json",
    type=click.File("rb"),
    metavar="FILE",
    help="The row's attributes as a JSON object; - is standard input. The command line overrides its members.",
)


@main.group()
def add() -> None:
    """Add an experimenter, an experiment, an animal or a session."""


@add.command(example="antelop add experimenter ada --full-name 'Ada Lovelace' --institution 'MRC LMB'")
@click.argument("experimenter", metavar="NAME", required=False)
@click.option("--full-name")
@click.option("--group")
@click.option("--institution")
@click.option("--admin", flag_value="True", default=None, help="They may write for every experimenter.")
@from_json
@click.pass_obj
def experimenter(terminal: Terminal, /, **values: Any) -> None:  # noqa: ANN401  # as click passes them
    """Add a member of the lab; on a database server NAME is the name of their database user."""
    _add(terminal, "Experimenter", **values)


@add.command(example="antelop add experiment ada licking --notes 'two mice, one port'")
@click.argument("experimenter", required=False)
@click.argument("experiment_name", metavar="NAME", required=False)
@click.option("--id", "experiment_id", type=int, help="The next one, if left out.")
@click.option("--notes", "experiment_notes")
@from_json
@click.pass_obj
def experiment(terminal: Terminal, /, **values: Any) -> None:  # noqa: ANN401  # as click passes them
    """Add an experiment of EXPERIMENTER."""
    _add(terminal, "Experiment", **values)


@add.command(example="antelop add animal ada/licking m17 --species 'Mus musculus' --sex F --age P90D")
@click.argument("parent", metavar="EXPERIMENT", type=key.EXPERIMENT, required=False)
@click.argument("animal_name", metavar="NAME", required=False)
@click.option("--id", "animal_id", type=int, help="The next one, if left out.")
@click.option("--species")
@click.option("--sex", help="M, F, O (other) or U (unknown).")
@click.option("--age", help="ISO 8601, as in NWB: P90D.")
@click.option("--age-reference", help="birth or gestational, as in NWB.")
@click.option("--genotype")
@click.option("--weight")
@click.option("--notes", "animal_notes")
@from_json
@click.pass_obj
def animal(terminal: Terminal, /, **values: Any) -> None:  # noqa: ANN401  # as click passes them
    """Add an animal to EXPERIMENT, which is named as experimenter/experiment, by ids or names."""
    _add(terminal, "Animal", **values)


@add.command(example="antelop add session ada/licking 'day 1' --timestamp 2026-11-22T09:30")
@click.argument("parent", metavar="EXPERIMENT", type=key.EXPERIMENT, required=False)
@click.argument("session_name", metavar="NAME", required=False)
@click.option("--id", "session_id", type=int, help="The next one, if left out.")
@click.option("--timestamp", "session_timestamp", help="When it began, ISO 8601.")
@click.option("--duration", "session_duration", type=float, help="Seconds.")
@click.option("--notes", "session_notes")
@from_json
@click.pass_obj
def session(terminal: Terminal, /, **values: Any) -> None:  # noqa: ANN401  # as click passes them
    """Add a session, for a recording to come, to EXPERIMENT, which is named as experimenter/experiment, by ids or names."""
    _add(terminal, "Session", **values)


def _add(terminal: Terminal, kind: str, from_json: BinaryIO | None, parent: key.Path | None = None, **options: Any) -> None:  # noqa: ANN401  # as above
    """Insert a row with the values of the command line, and those of a JSON object that the command line does not give."""
    from antelop.lab.metadata import LONGEST, enrol, read

    values = read(from_json.read(LONGEST + 1)) if from_json else {}
    # The experiment on the command line may be an id or a name: `enrol` finds out. A name in the JSON must not contradict it.
    if parent:
        values.pop("experiment_name", None)
        values |= dict(zip(("experimenter", "experiment_id"), (called for _, called in parent), strict=True))
    values |= {name: value for name, value in options.items() if value is not None}
    with terminal.lab() as lab:
        added = enrol(lab, kind, values)
    terminal.tell({"outcome": "added", "sentence": f"{kind.lower()} {key.written(added)}", "key": added})
