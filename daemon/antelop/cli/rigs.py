"""Rigs: ``rig add``, ``rig list``, ``rig show``, ``rig attach``."""
# ruff: noqa: PLC0415  # see antelop.cli.terminal

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from antelop.cli import key
from antelop.cli.command import FILE, main
from antelop.cli.terminal import Terminal, say
from antelop.wording import counted

if TYPE_CHECKING:
    from antelop.database import Database
    from antelop.database.row import Row


class Mask(click.ParamType[dict[str, str]]):
    """A mask, written as ``name=script.function:description``; the description may be left out."""

    name = "mask"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, str]:  # noqa: ANN401  # as in click
        """Return the mask as an item of a masklist."""
        # A description may have any further "=" or ":", so that each is split at its first occurrence.
        name, _, rest = value.partition("=")
        function, _, description = rest.partition(":")
        if not name or not function:
            self.fail(f"{value!r} is not of the form name=script.function:description", param, ctx)
        return {"name": name, "description": description, "function": function}


@main.group()
def rig() -> None:
    """Describe what is recorded, and where it is in the NWB files."""


@rig.command(example="antelop rig add ada open-field rig.json --mask 'trials=licking.trials:from LED to reward'")
@click.argument("experimenter")
@click.argument("name")
@click.argument("rig_file", metavar="RIG.json", type=FILE)
@click.option(
    "--mask",
    "masklist",
    metavar="NAME=FUNCTION[:DESCRIPTION]",
    type=Mask(),
    multiple=True,
    help="What splits its sessions into trials: a function of the analysis folder, as script.function. Repeat it for more.",
)
@click.pass_obj
def add(terminal: Terminal, experimenter: str, name: str, rig_file: Path, masklist: tuple[dict[str, str], ...]) -> None:
    """Upload a rig and its masks.

    If the rig is the same as before, only the given masks are added or updated. A different rig replaces the one with that
    NAME, as long as no session uses it.
    """
    from antelop.lab.rigs import upload_rig_json

    with terminal.lab() as lab:
        summary = _summary(lab.database, upload_rig_json(lab, experimenter, name, rig_file, masklist))
    contents = f"{counted(summary['features'], 'feature')}, {counted(summary['masks'], 'mask')}"
    terminal.tell({"outcome": "stored", "sentence": f"rig {summary['rig']}, {name}: {contents}", **summary})


@rig.command("list", example="antelop rig list ada")
@click.argument("experimenter", required=False, type=key.EXPERIMENTER)
@click.pass_obj
def list_rigs(terminal: Terminal, experimenter: key.Path | None) -> None:
    """List all rigs, or those of EXPERIMENTER."""
    from antelop.lab.naming import locate

    with terminal.lab() as lab:
        rigs = lab.database.BehaviourRig & locate(lab.database, experimenter or ())
        summaries = [_summary(lab.database, found) for found in rigs.keys(order_by="KEY")]
    if terminal.as_json:
        terminal.write(*summaries)
    else:
        columns = ("rig", "name", "features", "masks", "sessions")
        terminal.table(columns, [[summary[column] for column in columns] for summary in summaries])


@rig.command(example="antelop rig show ada/open-field")
@click.argument("path", metavar="RIG", type=key.RIG)
@click.pass_obj
def show(terminal: Terminal, path: key.Path) -> None:
    """Show the features and masks of RIG, which is named as experimenter/rig, by ids or names.

    With --json, `rig_json` is the rig as it was uploaded.
    """
    from antelop.formats import rig as rigs
    from antelop.lab.naming import locate

    with terminal.lab() as lab:
        found = locate(lab.database, path)
        summary = _summary(lab.database, found)
        rig_json = (lab.database.BehaviourRig & found).fetch1("rig_json")
        columns = ("mask_name", "maskfunction_name", "maskfunction_description")
        masks = (lab.database.MaskFunction & found).proj(*columns).to_dicts(order_by="mask_id")
    # The names are those of an upload, so that a program can upload the output again.
    if terminal.as_json:
        masklist = [
            dict(zip(("name", "function", "description"), [mask[column] for column in columns], strict=True)) for mask in masks
        ]
        terminal.write({**summary, "rig_json": rig_json, "masklist": masklist})
        return
    say(f"{summary['rig']}, {summary['name']}, holds {counted(summary['sessions'], 'session')}")
    described = rigs.parse(rig_json)
    owners = [f"animal {feature.animal}" if feature.animal else "world" for feature in described.features]
    terminal.table(
        ("feature", "type", "in the NWB file", "of", "description"),
        [
            (feature.name, feature.data_type, feature.path or "(deeplabcut)", owner, feature.description)
            for feature, owner in zip(described.features, owners, strict=True)
        ],
    )
    if masks:
        terminal.table(("mask", "function", "description"), [[mask[column] for column in columns] for mask in masks])


@rig.command(example="antelop rig attach ada/open-field/led led-spectrum.pdf")
@click.argument("path", metavar="FEATURE", type=key.FEATURE)
@click.argument("file", type=FILE)
@click.pass_obj
def attach(terminal: Terminal, path: key.Path, file: Path) -> None:
    """Attach FILE to FEATURE of a rig; it replaces the file that is attached.

    FEATURE is named as experimenter/rig/feature, by ids or names.
    """
    from antelop.lab import rigs as upload
    from antelop.lab.naming import locate

    with terminal.lab() as lab:
        found = locate(lab.database, path)
        upload.attach(lab, found, file)
    terminal.tell({"outcome": "attached", "sentence": f"{file.name} to {key.written(found)}", "key": found})


def _summary(database: "Database", found: "Row") -> dict[str, Any]:
    """Return a summary of a rig: its path, its name, and the numbers of its features, masks and sessions."""
    return {
        "rig": key.written(found),
        "name": (database.BehaviourRig & found).fetch1("behaviourrig_name"),
        "features": len(database.Feature & found),
        "masks": len(database.MaskFunction & found),
        "sessions": len(database.World & found),
    }
