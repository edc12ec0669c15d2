"""The demo, a complete lab in one folder: ``demo``."""
# ruff: noqa: PLC0415  # see antelop.cli.terminal

import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

import click

from antelop.cli.command import main
from antelop.cli.terminal import STATUSES, say


@main.command(example="antelop demo")
@click.argument("folder", default="antelop-demo", type=click.Path(file_okay=False, path_type=Path))
@click.pass_context
def demo(ctx: click.Context, folder: Path) -> None:
    """Show what antelop does, with a lab of its own in FOLDER (antelop-demo, if left out).

    The lab has an embedded database, a rig, two mice and a daemon, and records a session of a licking task. The folder stays,
    so that you can go on with it; the next run records another day. With --json it prints the receipt.
    """
    if ctx.obj.config_file:
        raise click.UsageError("the demo has a configuration of its own, FOLDER/antelop.toml: leave --config out")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    # The daemon is another process, and relative paths in the configuration begin in its folder.
    folder = folder.absolute()
    say(f"A lab in a box: {folder}", err=ctx.obj.as_json)
    say(err=ctx.obj.as_json)
    from rich.console import Console

    from antelop.demo.lab import make
    from antelop.errors import available

    config = make(folder)
    # pynwb creates a cache when it is imported: in the home directory, which may not exist, or where this variable says.
    # The folder is removed at the end, also after an error: `pop_all` keeps it only once the import has worked.
    with available("the demo needs a temporary folder that others cannot write, such as TMPDIR may name"), ExitStack() as stack:
        os.environ["XDG_CACHE_HOME"] = stack.enter_context(TemporaryDirectory(prefix="antelop-demo-"))
        from antelop.demo.show import Show

        kept = stack.pop_all()
    with kept:
        answer = Show(folder, config, Console(stderr=ctx.obj.as_json), ctx.obj.clock).run()
    if ctx.obj.as_json:
        ctx.obj.write(answer)
    ctx.exit(STATUSES.get(answer["outcome"], 0))


def _leave(number: int, _: FrameType | None) -> None:
    """Exit by an exception, so that the daemon and the database are stopped too."""
    sys.exit(128 + number)
