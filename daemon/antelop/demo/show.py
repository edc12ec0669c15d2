"""The demo itself: it drops a session, and shows a person how the daemon ingests it."""

import os
import shlex
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from antelop.config import Config
from antelop.demo.daemon import Daemon
from antelop.demo.lab import furnish, manifest_of, next_day
from antelop.demo.licking import record
from antelop.errors import Misconfigured, Unavailable
from antelop.lab import Lab
from antelop.worker import receipt

STEPS = 6
"""The number of steps of the progress bar."""

REACHABLE = "Give a folder that every user can reach: antelop demo /var/tmp/antelop-demo"

GO_ON = """
To go on, in a shell:

cd {folder} && export PATH={programs}:"$PATH"

The licks of each trial, in python3:

from antelop.load_connection import *
key = {{"session_id": {session_id}, "digitalevents_name": "lick", "mask_name": "led_to_reward"}}
print(*split_trials((DigitalEvents & key).fetch1("data", "timestamps"), (Mask & key).fetch1("data", "timestamps")), sep="\\n")

Other commands, which `antelop --help` lists:

antelop sessions                                        # the recordings that went in
antelop masks try licking.lick_bouts demo/licking/1     # the trials that a function in analysis/licking.py finds
antelop run                                             # the daemon, until Ctrl-C: drop a recording, it answers
antelop demo .                                          # record another day
antelop manual lab                                      # how to set up a lab of your own"""


class Show:
    """The demo in a folder, printed on a console, with a progress bar if that is a terminal.

    The clock returns the time with its time zone; it gives each session its start.
    """

    def __init__(self, folder: Path, config: Config, console: Console, clock: Callable[[], datetime]) -> None:
        self._folder = folder
        self._config = config
        self._drop = folder / "drop"
        self._clock = clock
        bar = BarColumn(bar_width=4 * STEPS), TextColumn("{task.description}")
        self._progress = Progress(*bar, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._progress.add_task("", total=STEPS)

    def run(self) -> dict[str, Any]:
        """Insert the lab's first rows if they are missing, have its daemon ingest another session, and return the receipt.

        Raises
        ------
        Misconfigured
            If the embedded database cannot run in this folder.
        Unavailable
            If the database or the daemon does not work.
        """
        with self._progress:
            self._begin("starting the embedded database")
            with _opened(self._config, self._clock) as lab:
                furnish(lab, self._folder)
                self._say("lab       experimenter demo, experiment licking, animals m17 and m18, rig licking with two masks")
                answer = self._deliver(next_day(lab, self._drop))
                # A receipt without a session has no rows to show.
                if "session" in answer:
                    self._report(lab, answer)
        return answer

    def _deliver(self, day: int) -> dict[str, Any]:
        """Record a session, follow its delivery until the outcome, and return the receipt."""
        nwb, manifest = self._drop / f"day-{day}.nwb", self._drop / f"day-{day}.manifest.json"
        self._begin("starting the daemon")
        daemon = Daemon(self._folder / "antelop.toml", self._config.state, self._folder / "daemon.log")
        try:
            daemon.wait()
            self._say(f"daemon    started; it watches {self._drop}")
            self._begin("recording a session")
            record(nwb, seed=day, started=self._clock())
            dropped = time.monotonic()
            self._say(f"dropped   {nwb.name}, and its film beside it")
            self._begin("the daemon looks at it")
            for state in daemon.states(nwb.name, manifest.name):
                self._say(f"{time.monotonic() - dropped:5.1f} s   {state.sentence}")
                # The manifest comes only now, so that a person sees a file wait and the reason for it. It is renamed into
                # place, as acquisition software should do, so that the daemon never sees half of it.
                if state.rule == "no_manifest":
                    temporary = manifest.with_suffix(".tmp")
                    temporary.write_text(manifest_of(day))
                    temporary.rename(manifest)
                    self._say(f"dropped   {manifest.name}")
                    self._begin("the daemon looks at both")
            self._begin("stopping the daemon")
        finally:
            daemon.stop()
            self._progress.stop()
        self._say("daemon    stopped")
        # The status only summarises: the receipt is what a lab's own programs would read.
        answer = receipt.read(receipt.path_for(manifest))
        if answer is None:
            raise Unavailable(f"{nwb.name} has no receipt; {state.sentence}")
        self._say(f"receipt   {receipt.path_for(manifest)}:")
        self._say(f"          {answer['outcome']}: {answer['sentence']}")
        return answer

    def _report(self, lab: Lab, answer: Mapping[str, Any]) -> None:
        """Print what was ingested, and how to read it from the database."""
        self._say("\nWhat went in, as rows by table:\n")
        for table, count in answer["rows"].items():
            self._say(f"  {table:16} {count:3}")
        self._say("\nThe trials of each mask, in seconds:\n")
        for row in (lab.database.Mask & answer["session"]).to_dicts(order_by="mask_id"):
            trials = [f"{start:.2f} to {stop:.2f}" for start, stop in row["timestamps"].reshape(-1, 2)]
            self._say(f"  {row['mask_name']:16} {len(trials):3}   {', '.join(trials[:3])}, ...")
        folder, programs = (shlex.quote(str(path)) for path in (self._folder, Path(sys.executable).parent))
        self._say(GO_ON.format(folder=folder, programs=programs, session_id=answer["session"]["session_id"]))

    def _begin(self, step: str) -> None:
        self._progress.update(self._task, advance=1, description=step)

    def _say(self, text: str) -> None:
        self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)


def _opened(config: Config, clock: Callable[[], datetime]) -> Lab:
    """Open the lab; if root cannot run a database in this folder, the remedy is a folder where it can."""
    try:
        return Lab(config, os.environ, clock)
    except Misconfigured as error:
        # Root's database runs as another user, for whom a folder such as /root is closed.
        if os.geteuid() != 0 or error.problems[0].check != "embedded_database":
            raise
        raise Misconfigured(replace(problem, remedy=REACHABLE) for problem in error.problems) from None
