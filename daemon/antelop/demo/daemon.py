"""Runs the real daemon as a child process, and follows a delivery in its status."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from antelop.errors import Unavailable
from antelop.service import status

POLL_INTERVAL = 0.1
"""Seconds between two reads of the status."""

TIMEOUT = 120.0
"""Seconds within which the daemon must start, finish a delivery, or stop."""


class State(NamedTuple):
    """The state of a delivery: the rule why it waits, ``claimed`` or its outcome; a sentence; and whether it is final."""

    rule: str
    sentence: str
    final: bool = False


class Daemon:
    """A child process that runs ``antelop run``.

    Parameters
    ----------
    configuration
        The path of the configuration file.
    state
        The folder into which the daemon writes its status.
    log
        The file to which its log is appended.
    """

    def __init__(self, configuration: Path, state: Path, log: Path) -> None:
        self._state = state
        self._log = log
        # -P: a module in the working directory, which a user chooses, must not replace one of ours.
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "antelop", "run", "--config", str(configuration)],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                process_group=0,  # so that Ctrl-C does not reach it: it is stopped when the demo stops
            )

    def wait(self) -> None:
        """Return when the daemon has written its first status: it watches the drop folder then."""
        next(self._status())

    def states(self, *paths: str) -> Iterator[State]:
        """Yield each new state of a delivery, until the final one.

        Parameters
        ----------
        *paths
            The files of the delivery, relative to the drop folder.

        Raises
        ------
        Unavailable
            If the daemon ends, does not finish in time, or cannot ingest because the analysis folder is refused.
        """
        before = ""
        for report in self._status():
            if report["analysis"] is not None:
                raise Unavailable(report["analysis"])
            state = _state(report, paths)
            if state is None:
                continue
            # A sentence with a countdown changes at every poll: only its words count as a new state.
            words = "".join(letter for letter in state.sentence if not letter.isdigit())
            if words != before:
                yield state
            if state.final:
                return
            before = words

    def stop(self) -> None:
        """Stop the daemon with SIGTERM, as an administrator does."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise

    def _status(self) -> Iterator[Mapping[str, Any]]:
        """Yield the status of the daemon at every poll, until the timeout."""
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline and self._process.poll() is None:
            report = status.read(self._state)
            # The file may still hold the status of an earlier daemon.
            if report is not None and report["process"] == self._process.pid:
                yield report
            time.sleep(POLL_INTERVAL)
        # The log's last line usually names the cause, such as a wrong configuration.
        how = "does not answer" if self._process.poll() is None else f"has ended with status {self._process.returncode}"
        *_, last = ["nothing", *self._log.read_text(errors="replace").splitlines()]
        raise Unavailable(f"the daemon {how}; the last line of its log, {self._log}, is: {last}")


def _state(report: Mapping[str, Any], paths: tuple[str, ...]) -> State | None:
    """Return the state of the delivery of these files; None if the status does not mention it, as between two states."""
    # The most advanced state first: a file may be listed as waiting until the watcher's next report.
    for outcome in report["outcomes"]:
        if outcome["nwb"] in paths:
            return State(outcome["outcome"], f"{outcome['outcome']}: {outcome['sentence']}", final=True)
    for worker in report["workers"]:
        if worker["delivery"] and worker["delivery"]["nwb"] in paths:
            return State("claimed", f"claimed: worker {worker['process']} reads, checks and inserts it")
    for waiting in report["waiting"]:
        if waiting["path"] in paths:
            return State(waiting["rule"], f"waiting: {waiting['path']}: {waiting['reason']}")
    return None
