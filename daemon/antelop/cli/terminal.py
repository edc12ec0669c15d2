"""How a command opens the lab and prints its results: lines and tables for people, one JSON object per line for programs.

Each function imports the large libraries that it needs, so that ``--help`` and errors in the command line appear at once.
"""
# ruff: noqa: PLC0415  # for the reason above

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
"""The exit statuses of the outcomes that are not a success. click exits with 2 too if the command line is wrong."""

COLOURS = {"rejected": "red", "damaged": "red", "misconfigured": "red", "unavailable": "yellow", "failed": "red"}

REFUSALS = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE}
"""Errors of the operating system for a file or folder without permission, full or broken: no defect of this software."""

WIDE = 10_000
"""A width, in characters, into which every line of a table fits."""


def _now() -> datetime:
    """Return the time of the wall clock."""
    return datetime.now(UTC)


@dataclass
class Terminal:
    """What every command gets: how to open the lab, and how to print results.

    Attributes
    ----------
    config_file
        The configuration file that the command line names; None if it names none.
    as_json
        Whether standard output is for programs.
    clock
        Returns the time, with its time zone.
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
        """Print the outcome of something.

        Parameters
        ----------
        document
            The document for programs: ``outcome``, ``sentence``, and, if there are any, ``problems`` and ``warnings``, each as
            `Problem.as_dict` returns it.
        subject
            What the outcome belongs to, for people.
        err
            Whether the lines for people go to standard error.
        """
        if self.as_json:
            self.write(document)
            return
        # The sentence repeats the first problem: if the problems are printed below, their number is enough here.
        outcome, problems = document["outcome"], document.get("problems", [])
        said = [part for part in (subject, counted(len(problems), "problem") if problems else document["sentence"]) if part]
        say(": ".join(said), outcome, colour=COLOURS.get(outcome, "green"), err=err)
        complain("problem", problems, err=err)
        complain("warning", document.get("warnings", []), err=err)

    def write(self, *documents: Mapping[str, Any]) -> None:
        """Print documents for programs, each on a line of its own."""
        for document in documents:
            click.echo(json.dumps(document))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Print a table for people: fitted into the window on a terminal, and uncut if it goes into a file."""
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        # `Text`, because rich would take brackets in a file name for its markup.
        table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for row in rows:
            table.add_row(*(Text(printable(str(cell))) for cell in row))
        console = Console(width=None if sys.stdout.isatty() else WIDE)
        # click prints it: if the pipe is closed, rich would exit with a status of its own.
        with console.capture() as printed:
            console.print(table)
        click.echo("\n".join(line.rstrip() for line in printed.get().splitlines()))

    def page(self, markdown: str) -> None:
        """Print a page of the manual: formatted on a terminal, as it is into a file or for another program."""
        if not sys.stdout.isatty():
            click.echo(markdown, nl=False)
            return
        from rich.console import Console
        from rich.markdown import Markdown

        console = Console(no_color=bool(os.environ.get("NO_COLOR")))
        # Printed by click, for the same reason as a table.
        with console.capture() as printed:
            console.print(Markdown(markdown, hyperlinks=False))
        click.echo(printed.get(), nl=False)


def say(text: str = "", label: str = "", *, colour: str | None = None, indent: int = 0, err: bool = False) -> None:
    """Print one line for people; every command does it here.

    What does not print is escaped, as are line breaks: a name in a row or of a file neither moves the cursor nor forges a line.

    Parameters
    ----------
    text
        The line. It may hold names and texts that anyone has written.
    label
        A word before it, two spaces apart; bold at the beginning of a line.
    colour
        The label's colour on a terminal; None: as all text.
    indent
        The number of spaces before both.
    err
        Whether the line goes to standard error.
    """
    shown = f"{click.style(printable(label), fg=colour, bold=not indent or None)}  " if label else ""
    click.echo(f"{' ' * indent}{shown}{printable(text)}", err=err)


def failure(error: Exception) -> dict[str, Any]:
    """Return the ``outcome``, ``sentence`` and ``problems`` of an exception; print the traceback if it is a defect."""
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
    # Everything else is unexpected: the traceback is what a report of the defect needs.
    for line in "".join(traceback.format_exception(error)).rstrip("\n").split("\n"):
        say(line, err=True)
    what = f"{type(error).__name__}: {error}".rstrip(".")
    said = f"{what}. This is a defect of antelop, not of your data: please report it with the lines above"
    return {"outcome": "failed", "sentence": said, "problems": []}


def _refusal(error: OSError) -> str | None:
    """Return a sentence on what the operating system has refused; None if the error points to a defect of ours."""
    from antelop.errors import reason

    # Every relative path fails then, with an error that names no file.
    if error.filename is None and not _here():
        return "the working directory was removed: change into another folder"
    if error.errno in REFUSALS and error.filename is not None:
        return f"{os.fsdecode(error.filename)} cannot be used: {reason(error)}"
    return None


def _here() -> bool:
    """Tell whether the working directory still exists."""
    try:
        return bool(os.getcwd())  # noqa: PTH109  # the call that resolving a relative path makes too
    except FileNotFoundError:
        return False


def complain(label: Literal["problem", "warning"], problems: Iterable[Mapping[str, str]], *, err: bool = False) -> None:
    """Print problems for people: where it is and what it is, and the remedy on the line below."""
    for problem in problems:
        what = f"{problem['where']}: {problem['what']}" if problem["where"] else problem["what"]
        first, *further = f"{what}\n{problem['remedy']}".rstrip("\n").split("\n")
        say(first, label, colour="red" if label == "problem" else "yellow", indent=2, err=err)
        # Further lines are indented: no text in a problem can look like the first line of another one.
        for line in further:
            say(line, indent=len(label) + 4, err=err)
