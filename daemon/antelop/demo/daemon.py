"""The real daemon, as a child process, and what it says of a delivery while it works."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from antelop.errors import Unavailable
from antelop.service import status

LOOK = 0.1
"""Seconds from one look at the status to the next."""

PATIENCE = 120.0
"""Seconds that the daemon may take to start, to answer, or to stop."""


class State(NamedTuple):
    """The rule by which a delivery waits, ``claimed``, or its outcome; the same for a person; and whether that is the end."""

    rule: str
    sentence: str
    final: bool = False


class Daemon:
    """``antelop run`` on a configuration.

    Parameters
    ----------
    configuration
        Its file.
    state
        The folder in which it writes its status.
    log
        The file that gets what it logs.
    """

    def __init__(self, configuration: Path, state: Path, log: Path) -> None:
        self._state = state
        self._log = log
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "antelop", "run", "--config", str(configuration)],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                process_group=0,  # so that Ctrl-C does not reach it: it is stopped when the demo stops
            )

    def wait(self) -> None:
        """Return when it has begun to watch."""
        next(self._status())

    def states(self, *paths: str) -> Iterator[State]:
        """Yield what becomes of a delivery, each time that it changes, to its end.

        Parameters
        ----------
        *paths
            Its files, relative to the drop folder.

        Raises
        ------
        Unavailable
            If the daemon does not answer, or ingests nothing.
        """
        before = ""
        for said in self._status():
            if said["analysis"] is not None:
                raise Unavailable(said["analysis"])
            state = _state(said, paths)
            if state is None:
                continue
            words = "".join(letter for letter in state.sentence if not letter.isdigit())
            if words != before:
                yield state
            if state.final:
                return
            before = words

    def stop(self) -> None:
        """Stop it as an administrator would."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise

    def _status(self) -> Iterator[Mapping[str, Any]]:
        """Yield its status again and again."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self._process.poll() is None:
            said = status.read(self._state)
            if said is not None and said["process"] == self._process.pid:
                yield said
            time.sleep(LOOK)
        how = "does not answer" if self._process.poll() is None else f"has ended with status {self._process.returncode}"
        *_, last = ["nothing", *self._log.read_text(errors="replace").splitlines()]
        raise Unavailable(f"the daemon {how}; the last line of its log, {self._log}, is: {last}")


def _state(said: Mapping[str, Any], paths: tuple[str, ...]) -> State | None:
    """Return what a status says of files; None while they go from one state to the next."""
    for outcome in said["outcomes"]:
        if outcome["nwb"] in paths:
            return State(outcome["outcome"], f"{outcome['outcome']}: {outcome['sentence']}", final=True)
    for worker in said["workers"]:
        if worker["delivery"] and worker["delivery"]["nwb"] in paths:
            return State("claimed", f"claimed: worker {worker['process']} reads, checks and inserts it")
    for waiting in said["waiting"]:
        if waiting["path"] in paths:
            return State(waiting["rule"], f"waiting: {waiting['path']}: {waiting['reason']}")
    return None
