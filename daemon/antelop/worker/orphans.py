"""Orphans: deliveries with a reserved job whose worker is dead. Another worker finishes the attempt of the dead one."""

import os
import platform
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import Literal

from antelop.database.row import Row
from antelop.lab import Lab
from antelop.outcome import Kind, Outcome
from antelop.queue import jobs
from antelop.queue.attempts import Attempt
from antelop.worker.completion import Completion
from antelop.worker.events import Event
from antelop.worker.odd_rows import OddRows

RECOVERY = 60.0
"""Seconds after an outage in which a job without a worker counts as interrupted by the outage, and not as a failure."""


class Orphans:
    """Finishes the attempts of dead workers.

    Parameters
    ----------
    lab
        The lab that the deliveries are for.
    completion
        Records the attempts.
    odd_rows
        Reports jobs that cannot be worked on.
    say
        Receives the events of the worker.

    Attributes
    ----------
    last_outage
        When this worker last lost the database, in monotonic seconds.
    """

    def __init__(self, lab: Lab, completion: Completion, odd_rows: OddRows, say: Callable[[Event], None]) -> None:
        self.last_outage = -inf
        self._lab = lab
        self._completion = completion
        self._odd_rows = odd_rows
        self._say = say

    def finish(self, folders: Collection[str], deaths: Mapping[str, Outcome]) -> None:
        """Finish the attempts of dead workers on deliveries from these folders.

        An attempt counts as a failure, unless its worker only lost the connection, or the worker's machine or the database has
        restarted since the claim: the delivery did not cause a power cut.

        Parameters
        ----------
        folders
            Names of the drop folders.
        deaths
            The outcomes of attempts whose worker process the service saw end, by delivery.
        """
        with self._odd_rows.surviving("the queue"):
            # A job that is due in a far future, because a clock was set back, would never be claimed.
            jobs.clamp_schedules(self._lab.database)
            for job in jobs.orphans(self._lab.database, folders):
                with self._odd_rows.surviving("its job", job["delivery_id"]):
                    self._finish_one(job, deaths)

    def _finish_one(self, job: Row, deaths: Mapping[str, Outcome]) -> None:
        """Finish the attempt of one dead worker."""
        # A process that is ending has freed its lock already. Its service is about to report why it ended.
        fate = fate_of(job["host"], job["pid"], job["age"])
        if fate == "ending":
            return
        # After an outage of the database nothing tells a lost connection from a dead worker, so no try is spent.
        in_outage = time.monotonic() - self.last_outage < RECOVERY or job["age"] > self._lab.database.uptime
        kind: Kind = "unavailable" if in_outage or fate in ("alive", "rebooted") else "failed"
        unknown = Outcome.of(kind, "its worker lost the database, or has ended", self._lab.clock())
        row = (self._lab.database.Delivery & {"delivery_id": job["delivery_id"]}).fetch1()
        outcome = deaths.get(job["delivery_id"], unknown)
        self._say(self._completion.finish(row, Attempt(outcome, job["age"])))


def fate_of(host: str, process: int, age: float) -> Literal["alive", "ending", "rebooted", "unknown"]:
    """Tell what happened to the process that reserved a job.

    Parameters
    ----------
    host, process
        Host name and process id of the worker.
    age
        Seconds since it reserved the job.
    """
    # Of a process on another host nothing can be read.
    if host == platform.node():
        uptime = time.clock_gettime(time.CLOCK_BOOTTIME)
        if age > uptime:
            return "rebooted"
        with suppress(OSError):
            state, *facts = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()  # proc_pid_stat(5)
            # The kernel reuses process ids: a process that began after the claim is another one.
            began = int(facts[18]) / os.sysconf("SC_CLK_TCK")
            if uptime - began > age:
                return "ending" if state == "Z" else "alive"
    return "unknown"
