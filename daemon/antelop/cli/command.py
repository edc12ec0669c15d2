"""What all commands share: ``--config``, ``--json``, an example in the help, and an exit status that tells the outcome."""

import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import click

from antelop import __version__
from antelop.cli.terminal import STATUSES, Terminal, failure
from antelop.wording import printable

INTERRUPTED, PIPE_CLOSED = 130, 141
"""The exit statuses that a shell reports for a program that SIGINT or SIGPIPE has ended."""

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _remember(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:  # noqa: ANN401  # as click calls it
    """Keep the value of an option that may stand before or after the command's name."""
    terminal = ctx.ensure_object(Terminal)
    # Only a given value: the command's own default must not overwrite an option that stands before its name.
    if value:
        setattr(terminal, str(parameter.name), value)


def _options() -> list[click.Parameter]:
    """Return the options that every command has."""
    return [
        click.Option(
            ["--config", "config_file"],
            type=FILE,
            expose_value=False,
            callback=_remember,
            help="The configuration, else ANTELOP_CONFIG, antelop.toml here, /etc/antelop/antelop.toml.",
        ),
        click.Option(
            ["--json", "as_json"],
            is_flag=True,
            expose_value=False,
            callback=_remember,
            help="Print one JSON object a line.",
        ),
    ]


class Command(click.Command):
    """A command whose help ends with an example."""

    def __init__(self, *args: Any, example: str, **more: Any) -> None:  # noqa: ANN401  # as click has them
        super().__init__(*args, **more)
        self.example = example
        self.params += _options()

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the example at the end of the help."""
        super().format_epilog(ctx, formatter)
        with formatter.section("Example"):
            formatter.write(f"  {self.example}\n")


class Group(click.Group):
    """The commands of one noun."""

    command_class = Command


class Antelop(Group):
    """All commands. Turns the exceptions that they raise into a message and an exit status."""

    group_class = Group

    def __init__(self, *args: Any, **more: Any) -> None:  # noqa: ANN401  # as click has them
        super().__init__(*args, **more)
        self.params += _options()

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401  # as click has it
        """Run a command."""
        # A command may write files into folders that several users share: other users must never be able to change them.
        os.umask(os.umask(0o002) | 0o002)
        if os.environ.get("NO_COLOR"):
            ctx.color = False
        # File names may hold characters that the terminal cannot encode: escape them, as standard error does, and go on.
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            return super().invoke(ctx)
        except (click.exceptions.NoArgsIsHelpError, click.exceptions.Exit):
            raise
        except click.UsageError as error:
            # The message repeats words of the command line, and a shell's `*` puts the names of files there.
            raise click.UsageError(printable(error.format_message()), error.ctx) from None
        except (KeyboardInterrupt, click.Abort):
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:
            # The reader, such as `head`, has closed the pipe. Python flushes at exit, and would complain about the same error.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(PIPE_CLOSED)
        except Exception as error:  # noqa: BLE001  # any unexpected exception is a defect of this software
            document = failure(error)
            ctx.ensure_object(Terminal).tell(document, err=True)
            ctx.exit(STATUSES[document["outcome"]])


@click.group(cls=Antelop, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def main() -> None:
    """Drop a recording in a folder; seconds later it is in the lab's database, or a receipt says why not.

    Exit status: 0 done, or done already; 1 rejected; 2 wrong command line or configuration; 3 database, share or disk
    unavailable; 4 a defect of antelop.
    """
