"""How a command finds the lab, and how it speaks: to people in lines and tables, to programs one JSON object a line.

Libraries are imported in the functions that need them, so that ``--help`` and a slip in the command line are answered at once.
"""
# ruff: noqa: PLC0415  # as just said

import errno
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from antelop.errors import Misconfigured, Rejected, Unavailable
from antelop.wording import counted, printable

if TYPE_CHECKING:
    from antelop.config import Config
    from antelop.lab import Lab

STATUSES = {"rejected": 1, "damaged": 1, "misconfigured": 2, "unavailable": 3, "failed": 4}
"""The exit statuses of the outcomes that are none of success; a wrong command line is 2 as well, which is click's doing."""

COLOURS = {"rejected": "red", "damaged": "red", "misconfigured": "red", "unavailable": "yellow", "failed": "red"}

REFUSALS = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE}
"""What the operating system says when a file or folder is closed, full or broken, and the software is not to blame."""

WIDE = 10_000
"""More characters than a line of a table has."""


def _now() -> datetime:
    """Return the time by the wall clock."""
    return datetime.now(UTC)


@dataclass
class Terminal:
    """What a command finds the lab by, and speaks through.

    Attributes
    ----------
    config_file
        The configuration, where the command line names one.
    as_json
        Whether standard output is for programs.
    clock
        Returns the time, with its zone.
    """

    config_file: Path | None = None
    as_json: bool = False
    clock: Callable[[], datetime] = _now

    def config(self) -> "Config":
        """Load the configuration."""
        from antelop import config

        return config.load(config.find(self.config_file, os.environ, Path()), os.environ)

    @contextmanager
    def lab(self, *, may_migrate: bool = False) -> "Iterator[Lab]":
        """Open the lab, and close it at the end."""
        from antelop.lab import Lab

        with Lab(self.config(), os.environ, self.clock, may_migrate=may_migrate) as lab:
            yield lab

    def tell(self, document: Mapping[str, Any], subject: str = "", *, err: bool = False) -> None:
        """Say what came of something.

        Parameters
        ----------
        document
            What programs get: ``outcome``, ``sentence``, and where there are any ``problems`` and ``warnings``, each as
            `Problem.as_dict` has them.
        subject
            What it came of, for people.
        err
            Whether people read it on standard error.
        """
        if self.as_json:
            self.write(document)
            return
        outcome, problems = document["outcome"], document.get("problems", [])
        said = [part for part in (subject, counted(len(problems), "problem") if problems else document["sentence"]) if part]
        click.echo(
            f"{click.style(outcome, fg=COLOURS.get(outcome, 'green'), bold=True)}  {printable(': '.join(said))}", err=err
        )
        complain("problem", problems, err=err)
        complain("warning", document.get("warnings", []), err=err)

    def write(self, *documents: Mapping[str, Any]) -> None:
        """Print what programs get, each on a line of its own."""
        for document in documents:
            click.echo(json.dumps(document))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Print a table for people: whole where it goes into a file, and fitted into the window on a terminal."""
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for row in rows:
            table.add_row(*(Text(printable(str(cell))) for cell in row))
        console = Console(width=None if sys.stdout.isatty() else WIDE)
        with console.capture() as printed:  # where the pipe is closed, rich would exit with a status of its own
            console.print(table)
        click.echo("\n".join(line.rstrip() for line in printed.get().splitlines()))

    def formatted(self, markdown: str) -> None:
        """Print Markdown as a terminal shows it: headings, tables and code."""
        from rich.console import Console
        from rich.markdown import Markdown

        console = Console(no_color=bool(os.environ.get("NO_COLOR")))
        with console.capture() as printed:  # as above
            console.print(Markdown(markdown, hyperlinks=False))
        click.echo(printed.get(), nl=False)


def failure(error: Exception) -> dict[str, Any]:
    """Return what is said of an exception: ``outcome``, ``sentence`` and ``problems``; the traceback of a defect is printed."""
    if isinstance(error, Rejected):
        outcome = "misconfigured" if isinstance(error, Misconfigured) else "rejected"
        return {"outcome": outcome, "sentence": error.sentence, "problems": [problem.as_dict() for problem in error.problems]}
    if isinstance(error, Unavailable):
        return {"outcome": "unavailable", "sentence": str(error), "problems": []}
    if isinstance(error, MemoryError):
        said = "it takes more memory than a worker may have ([workers] memory)"
        return {"outcome": "failed", "sentence": said, "problems": []}
    if isinstance(error, OSError) and (sentence := _refusal(error)):
        return {"outcome": "unavailable", "sentence": sentence, "problems": []}
    click.echo("\n".join(_lines("".join(traceback.format_exception(error)))), err=True)
    what = f"{type(error).__name__}: {error}".rstrip(".")
    said = f"{what}. This is a defect of antelop, not of your data: please report it with the lines above"
    return {"outcome": "failed", "sentence": said, "problems": []}


def _refusal(error: OSError) -> str | None:
    """Say in a sentence what the operating system has refused; None if that does not explain it, as when a file is missing."""
    from antelop.files import reason

    if error.filename is None and not _here():
        return "the working directory was removed: change into another folder"
    if error.errno in REFUSALS and error.filename is not None:
        return f"{os.fsdecode(error.filename)} cannot be used: {reason(error)}"
    return None


def _here() -> bool:
    """Tell whether the working directory is there."""
    try:
        return bool(os.getcwd())  # noqa: PTH109  # a relative path asks for it, too
    except FileNotFoundError:
        return False


def complain(label: Literal["problem", "warning"], problems: Iterable[Mapping[str, str]], *, err: bool = False) -> None:
    """Print problems for people: where and what, and under it the remedy; no line in them looks like the first of another."""
    for problem in problems:
        what = f"{problem['where']}: {problem['what']}" if problem["where"] else problem["what"]
        text = ("\n" + " " * (len(label) + 4)).join(_lines(f"{what}\n{problem['remedy']}"))
        click.echo(f"  {click.style(label, fg='red' if label == 'problem' else 'yellow')}  {text}", err=err)


def _lines(text: str) -> list[str]:
    """Return the lines of a text, with what does not print escaped in each."""
    return [printable(line) for line in text.rstrip("\n").split("\n")]
