"""The real daemon, as a child process, and what it says of a delivery while it works."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from antelop import status
from antelop.errors import Unavailable

LOOK = 0.1
"""Seconds from one look at the status to the next."""

PATIENCE = 120.0
"""Seconds that the daemon may take to start, to answer, or to stop."""


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

    def states(self, *paths: str) -> Iterator[tuple[str, str]]:
        """Yield what becomes of a delivery, each time that it changes, until that is final.

        Parameters
        ----------
        *paths
            Its files, relative to the drop folder.

        Yields
        ------
        state
            ``waiting``, ``claimed``, or the outcome.
        sentence
            The same for a person.
        """
        before = None
        for said in self._status():
            for state, sentence in _told(said, paths):
                now = state, "".join(letter for letter in sentence if not letter.isdigit())
                if now != before:
                    yield state, sentence
                before = now
                if state not in ("waiting", "claimed"):
                    return

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
        last = "\n".join(self._log.read_text(errors="replace").splitlines()[-10:])
        raise Unavailable(f"the daemon {how}; its log, {self._log}, ends:\n{last}")


def _told(said: Mapping[str, Any], paths: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield what a status says of files: at most one thing, and nothing while they go from one state to the next."""
    for outcome in said["outcomes"]:
        if outcome["nwb"] in paths:
            yield outcome["outcome"], outcome["sentence"]
            return
    for worker in said["workers"]:
        if worker["delivery"] and worker["delivery"]["nwb"] in paths:
            yield "claimed", f"worker {worker['process']} reads, checks and inserts it"
            return
    for waiting in said["waiting"]:
        if waiting["path"] in paths:
            yield "waiting", f"{waiting['path']}: {waiting['reason']}"
            return
