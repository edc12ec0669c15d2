"""Masks, which split sessions into trials: ``masks try``, ``masks recompute``."""
# ruff: noqa: PLC0415  # see antelop.cli.terminal

from functools import partial

import click

from antelop.cli import key
from antelop.cli.command import main
from antelop.cli.terminal import Terminal
from antelop.progress import shown
from antelop.wording import counted


@main.group()
def masks() -> None:
    """Try and recompute masks, which split sessions into trials."""


@masks.command("try", example="antelop masks try licking.trials ada/licking/41")
@click.argument("function")
@click.argument("session", type=key.SESSION)
@click.pass_obj
def attempt(terminal: Terminal, function: str, session: key.Path) -> None:
    """Show the trials that FUNCTION of the analysis folder finds in SESSION, and store nothing.

    FUNCTION is written as script.function, SESSION as experimenter/experiment/session, by ids or names.
    """
    from antelop.ingest import masking
    from antelop.lab.naming import locate

    with terminal.lab() as lab:
        found = locate(lab.database, session)
        result = masking.attempt(lab, function, found)
    # A mask has two timestamps for each trial, its start and its stop.
    trials = result.timestamps.reshape(-1, 2).tolist()
    sentence = f"{function} on {key.written(found)}: {counted(len(trials), 'trial')}"
    if terminal.as_json:
        terminal.write({"outcome": "tried", "sentence": sentence, "session": found, "trials": trials})
        return
    terminal.tell({"outcome": "tried", "sentence": sentence})
    if trials:
        rows = [
            (number, f"{start:.3f}", f"{stop:.3f}", f"{stop - start:.3f}") for number, (start, stop) in enumerate(trials, 1)
        ]
        terminal.table(("trial", "start (s)", "stop (s)", "lasts (s)"), rows)


@masks.command(example="antelop masks recompute ada/licking")
@click.argument("path", metavar="KEY", type=key.SESSIONS)
@click.pass_obj
def recompute(terminal: Terminal, path: key.Path) -> None:
    """Compute the masks of all sessions under KEY again, after a function or a rig's masks have changed.

    KEY is an experimenter, experimenter/experiment or experimenter/experiment/session, by ids or names. A session whose masks
    fail keeps the old ones; the other sessions are recomputed all the same.
    """
    from antelop.ingest import masking
    from antelop.lab.naming import locate

    with terminal.lab() as lab:
        found = locate(lab.database, path)
        trials = masking.recompute_masks(lab, found, partial(shown, what="masks"))
    said = ", ".join(f"{count} trials in {mask}" for mask, count in trials.items()) or "their rig has no masks"
    terminal.tell({"outcome": "recomputed", "sentence": f"{key.written(found)}: {said}", "key": found, "trials": trials})
