"""The commands that people run beside the service, and what may come of them."""

import itertools
import json
import random
import signal
import time
from collections.abc import Sequence

from tests.soaking.agenda import Act, Agenda
from tests.soaking.load import Load
from tests.soaking.report import Report
from tests.soaking.stage import Stage

LONGEST = 180.0
"""Seconds that a command may take."""

LOOK = 0.5
"""Seconds from one look whether it has ended to the next."""

PASSING = {"delivery_open", "folder_absent"}
"""The problems that ``verify`` may find: of a worker that was just killed, and of a folder that is gone for a while."""


class Commands:
    """Commands of every kind.

    Parameters
    ----------
    stage
        Where they run.
    agenda
        They end there.
    load
        Some of them are about a recording that has gone in.
    choose
        Decides what comes when.
    report
        Is told what came of them.
    """

    def __init__(self, stage: Stage, agenda: Agenda, load: Load, choose: random.Random, report: Report) -> None:
        self._stage = stage
        self._agenda = agenda
        self._load = load
        self._choose = choose
        self._report = report
        self._numbers = itertools.count(1)

    def flow(self) -> Act:
        """Run commands for ever, now and then."""
        while True:
            yield self._choose.uniform(5, 20)
            self._agenda.begin(self.run(*self._chosen()))

    def run(self, *words: str, beside: bool = True) -> Act:
        """Run a command, beside faults or not; note what came of it."""
        name = " ".join(word for word in words if "/" not in word)
        output = self._stage.folder / f"said {next(self._numbers)}"
        process = self._stage.command(*words, "--json", log=output.name)
        deadline = time.monotonic() + LONGEST
        while process.poll() is None and time.monotonic() < deadline:
            yield LOOK
        if process.poll() is None:
            self._report.blame("commands failed", f"antelop {' '.join(words)} has not ended after {LONGEST:g} s")
            process.kill()
            process.wait()
        said = output.read_text()
        output.unlink()
        self._report.commands[f"{name} -> {process.returncode}"] += 1
        if not passes(words, process.returncode, said) if beside else process.returncode:
            what = f"antelop {' '.join(words)} ended with {process.returncode}: {said.strip()}"
            self._report.blame("commands failed", what)

    def _chosen(self) -> Sequence[str]:
        earlier = self._load.ingested()
        kinds: dict[tuple[str, ...], float] = {
            ("status",): 4,
            ("verify",): 4,
            ("verify", "--deep"): 1,
            ("gc", "--grace", "0s"): 4,
            ("retry", "--all"): 1,
        }
        if self._stage.config.database is None:
            kinds |= {("backup", str(self._stage.folder / "backup")): 3}
        if earlier:
            sent = self._choose.choice(earlier)
            path = str(self._stage.home(sent) / "recording.nwb")
            kinds |= {("retry", path): 3, ("explain", path): 2, ("masks", "recompute", f"lab/1/{sent.session}"): 3}
        (words,) = self._choose.choices(list(kinds), list(kinds.values()))
        return words


def passes(words: Sequence[str], status: int, said: str) -> bool:
    """Tell whether a command may come to that: success, an outage, its own end, or a delivery whose worker was just killed."""
    if words[0] == "verify" and status == 1:
        documents = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
        return {document["check"] for document in documents if "check" in document} <= PASSING
    return status in (0, 3, -signal.SIGKILL)
