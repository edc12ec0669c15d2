"""Maintenance of a lab: ``verify``, ``gc``, ``migrate``, ``backup``, ``restore``."""
# ruff: noqa: PLC0415  # see antelop.cli.terminal

import sys
from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from antelop.cli.command import main
from antelop.cli.terminal import STATUSES, Terminal, complain, say
from antelop.wording import counted

if TYPE_CHECKING:
    from antelop.errors import Problem
    from antelop.lab import Lab
    from antelop.store.survey import Object
    from antelop.upkeep.inventory import Progress

FOLDER = click.Path(file_okay=False, path_type=Path)


class Duration(click.ParamType[timedelta]):
    """A duration, written as in the configuration."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:  # noqa: ANN401  # as in click
        """Return it as a timedelta."""
        from antelop.config.values import Unfit, duration

        try:
            return timedelta(seconds=duration("0s")(value))
        except Unfit as unfit:
            self.fail(f"{unfit.what}. {unfit.remedy}", param, ctx)


@main.command(example="antelop verify --deep")
@click.option("--deep", is_flag=True, help="Read every object of the store, and compare its hash with its name.")
@click.pass_context
def verify(ctx: click.Context, *, deep: bool) -> None:
    """Check that drop folders, ledger, rows and store agree, and change nothing.

    Sessions may be ingested at the same time. With --json there is a line for each problem, and one at the end. The exit status
    is 0 only if there is no problem.
    """
    with ctx.obj.lab() as lab:
        ctx.exit(_verify(ctx.obj, lab, deep=deep))


def _verify(terminal: Terminal, lab: "Lab", *, deep: bool) -> int:
    """Verify a lab, and print each problem and a summary; return the exit status."""
    from antelop.upkeep.verify import verify
    from antelop.wording import as_size

    problems = 0

    def report(problem: "Problem") -> None:
        nonlocal problems
        problems += 1
        _report(terminal, problem)

    held = verify(lab, report, _progress("reading") if deep else None)
    # Objects without a row are mentioned but are no problem: they are what `antelop gc` may remove.
    outcome = "damaged" if problems else "sound"
    left = held.stored.bytes - held.referenced.bytes
    said = [
        counted(held.sessions, "session"),
        f"{counted(held.stored.count, 'object')} of {as_size(held.stored.bytes)}",
        *([f"{as_size(left)} of them nothing refers to"] if held.stored != held.referenced else []),
        counted(problems, "problem") if problems else "all is well",
    ]
    terminal.tell({"outcome": outcome, "sentence": ", ".join(said), **asdict(held), "found": problems})
    return STATUSES.get(outcome, 0)


@main.command(example="antelop gc --grace 30d --dry-run")
@click.option(
    "--grace", type=Duration(), default="7d", show_default=True, help="How long ago an object must have been put last."
)
@click.option("--dry-run", is_flag=True, help="List what would be removed, and remove nothing.")
@click.pass_obj
def gc(terminal: Terminal, grace: timedelta, *, dry_run: bool) -> None:
    """Remove objects from the store to which no row refers any more.

    Rows of other packages' tables count too. Sessions may be ingested at the same time. Nothing is removed if a table cannot be
    read, or an object that a row refers to is missing.
    """
    from antelop.upkeep.gc import collect
    from antelop.wording import as_size

    count = size = 0

    def report(each: "Object") -> None:
        nonlocal count, size
        count, size = count + 1, size + each.size
        # Only a dry run lists the objects: once they are removed, their addresses are of no use.
        if dry_run and terminal.as_json:
            terminal.write({"address": each.address, "size": each.size})
        elif dry_run:
            say(f"  {as_size(each.size):>9}  {each.address}")

    with terminal.lab() as lab:
        collect(lab, grace, report, dry_run=dry_run)
    sentence = f"{counted(count, 'object')} of {as_size(size)} that nothing refers to"
    terminal.tell({"outcome": "listed" if dry_run else "removed", "sentence": sentence, "count": count, "bytes": size})


@main.command(example="antelop migrate")
@click.pass_obj
def migrate(terminal: Terminal) -> None:
    """Bring the tables of an earlier release up to this one.

    Stop the service first, and make a backup. The database user needs the right to change tables. On the embedded database the
    first command after an update does this by itself.
    """
    with terminal.lab(may_migrate=True) as lab:
        done = lab.database.migrated
    said = " ".join(done) if done else "The tables are of this release already."
    terminal.tell({"outcome": "migrated" if done else "unchanged", "sentence": said, "migrations": done})


@main.command(example="antelop backup /mnt/backup/antelop")
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.pass_obj
def backup(terminal: Terminal, folder: Path) -> None:
    """Back up the embedded database and the store into DIR, as they are now. Sessions may be ingested at the same time.

    Objects that an earlier backup has copied into DIR are not copied again. Files in DIR that the new backup does not need are
    removed at the end.
    """
    from antelop.upkeep.backup import backup
    from antelop.wording import as_size

    with terminal.lab() as lab:
        made = backup(lab, folder, terminal.clock(), _progress("copying"))
    sentence = f"{counted(made.sessions, 'session')}, {counted(made.objects, 'object')} of {as_size(made.bytes)} in {folder}"
    terminal.tell({"outcome": "backed up", "sentence": sentence, **asdict(made)})


@main.command(example="antelop restore /mnt/backup/antelop")
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.pass_context
def restore(ctx: click.Context, folder: Path) -> None:
    """Restore the backup in DIR into an empty lab, and verify it.

    The lab is the one that the configuration describes.
    """
    from antelop.upkeep.backup import restore

    terminal = ctx.obj
    made = restore(terminal.config(), folder, lambda problem: _report(terminal, problem), _progress("copying"))
    terminal.tell(
        {"outcome": "restored", "sentence": f"{counted(made.sessions, 'session')} as of {made.began}", **asdict(made)}
    )
    # Restoring has read every object, so the sizes are enough here.
    with terminal.lab() as lab:
        ctx.exit(_verify(terminal, lab, deep=False))


def _report(terminal: Terminal, problem: "Problem") -> None:
    """Print a problem as soon as it is found."""
    if terminal.as_json:
        terminal.write(problem.as_dict())
    else:
        complain("problem", [problem.as_dict()])


def _progress(what: str) -> "Progress":
    """Return a function that yields objects unchanged, and shows on a terminal a progress bar that counts their bytes."""

    def shown(objects: "Iterable[Object]", total: int) -> "Iterable[Object]":
        from rich.console import Console
        from rich.progress import Progress

        with Progress(*Progress.get_default_columns(), console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(what, total=total)
            for each in objects:
                yield each
                bar.advance(task, each.size)

    return shown if sys.stderr.isatty() else lambda objects, _: objects
