"""Everywhere that what others wrote comes out: the receipt, the log, the status and a terminal."""

import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import click

from antelop import errors, log
from antelop.cli.terminal import Terminal
from antelop.errors import MOST
from antelop.outcome import Outcome
from antelop.service import status
from antelop.worker import event_log, receipt
from antelop.worker.events import DeliveryName, Done
from tests.clocks import still

LONGEST = 3 * errors.LONGEST + 10
"""Characters that one problem may have: its three texts, and what is between them."""

AS_JSON = ("receipt", "status", "log")
"""What programs read."""

_STYLES = re.compile(r"\x1b\[\d{1,2}m")
"""What colours a terminal, and nothing else."""

_NAME = DeliveryName("0" * 32, "rig-2", "x.manifest.json", "x.nwb")


class Surfaces:
    """Shows outcomes as the service does.

    Parameters
    ----------
    state
        A folder for ``status.json``.
    """

    def __init__(self, state: Path) -> None:
        self._state = state

    def faults(self, outcome: Outcome) -> Iterator[str]:
        """Yield where an outcome is not shown as it should be: whole, not too long, nothing that controls a terminal."""
        problems = (*outcome.problems, *outcome.warnings)
        if len(problems) > 2 * (MOST + 1):
            yield f"there are {len(problems)} problems"
        if (longest := max((len(str(problem)) for problem in problems), default=0)) > LONGEST:
            yield f"a problem has {longest} characters"
        if not all(problem.check and problem.what and problem.remedy for problem in problems):
            yield "a problem lacks its name, what is wrong or the remedy"
        facts = outcome.as_dict()
        texts = {
            "receipt": receipt._text(outcome),
            "status": self._in_status(outcome),
            "log": _in_log(outcome, terminal=False),
            "log on a terminal": _in_log(outcome, terminal=True),
            "command": _on_terminal(facts),
        }
        for name, text in texts.items():
            shown = text if name in AS_JSON else _STYLES.sub("", text)
            if not shown.replace("\n", "").isprintable():
                odd = next(character for character in shown if not character.isprintable() and character != "\n")
                yield f"the {name} has the character {odd!r}"
            if name in AS_JSON and not _is_json(text):
                yield f"the {name} is not JSON"
            if name.startswith("log") and text.count("\n") != 1:
                yield f"an event is more than one line of the {name}"
        if json.loads(texts["receipt"]) != json.loads(json.dumps(facts)):
            yield "the receipt says something else"

    def _in_status(self, outcome: Outcome) -> str:
        shown = status.Status(self._state, still)
        shown.note(Done(_NAME, outcome.outcome, outcome))
        shown.write()
        return (self._state / "status.json").read_text()


def _in_log(outcome: Outcome, *, terminal: bool) -> str:
    stream = io.StringIO()
    log.configure(stream, terminal=terminal)
    event_log.enter(Done(_NAME, outcome.outcome, outcome))
    return stream.getvalue()


def _on_terminal(facts: Mapping[str, Any]) -> str:
    printed = io.StringIO()
    with redirect_stdout(printed), click.Context(click.Command("check"), color=True).scope():
        Terminal().tell(facts, "x.manifest.json")
    return printed.getvalue()


def _is_json(text: str) -> bool:
    try:
        json.loads(text, parse_constant=_refuse)
    except ValueError:
        return False
    return True


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
