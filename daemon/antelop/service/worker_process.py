"""One worker process of the service: starting it, what it says of itself, and its memory."""

import os
import pickle
import resource
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from antelop.channel import Link
from antelop.config import Config
from antelop.worker.events import Claimed, Completed, DatabaseAway, DeliveryName, Event, Ready

PAGE = resource.getpagesize()


@dataclass
class WorkerProcess:
    """One worker process.

    Attributes
    ----------
    process
        The child process.
    link
        The connection to it.
    started, since
        When it was started, and when it began its current work, in monotonic seconds.
    job
        The delivery that it works on; None if it has none.
    ready
        Whether it takes orders: it has connected to the database, and was not told to end.
    refused
        Why it cannot use the database, from its last message; None if it can.
    done
        How many deliveries it has worked on.
    fault
        Why it was killed; empty if it was not.
    """

    process: subprocess.Popen[bytes]
    link: Link
    started: float
    since: float
    job: DeliveryName | None = None
    ready: bool = False
    refused: str | None = None
    done: int = 0
    fault: str = ""

    @classmethod
    def start(cls, config: Config, environment: Mapping[str, str], now: float) -> Self:
        """Start a worker.

        Parameters
        ----------
        config
            The configuration of the worker.
        environment
            Its environment variables, with the credentials of the database.
        now
            Monotonic seconds.
        """
        ours, theirs = socket.socketpair()
        # The configuration goes through a file in memory: a pipe could fill up before the worker reads it.
        with theirs, os.fdopen(os.memfd_create("config"), "w+b") as written:
            pickle.dump(config, written)
            written.seek(0)
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "antelop.worker.process", str(theirs.fileno())],
                stdin=written,
                stdout=subprocess.DEVNULL,  # the lab's functions may print
                pass_fds=[theirs.fileno()],
                env=environment,
                process_group=0,  # so that Ctrl-C does not reach it
            )
        return cls(process, Link(ours.detach()), now, now)

    def fileno(self) -> int:
        """Return a descriptor that becomes readable when the worker has sent something."""
        return self.link.fileno()

    @property
    def memory(self) -> int:
        """Its own resident memory in bytes, without mapped files, whose memory the kernel can take back at any time."""
        with suppress(OSError):
            _, resident, shared, *_ = Path(f"/proc/{self.process.pid}/statm").read_text().split()  # proc_pid_statm(5)
            return (int(resident) - int(shared)) * PAGE
        return 0  # the process has ended

    @property
    def ending(self) -> str | None:
        """Why it died; None if it still runs, or ended as it should."""
        status = self.process.poll()
        if status is None or not (status or self.fault):
            return None
        return self.fault or (f"it was killed by signal {-status}" if status < 0 else f"it ended with exit status {status}")

    def hear(self, event: Event, now: float) -> None:
        """Update the state from an event of the worker."""
        # A worker that claims a delivery has the database, but may lose it before it says anything else.
        if not isinstance(event, Claimed):
            self.refused = event.sentence if isinstance(event, DatabaseAway) else None
        match event:
            case Claimed():
                self.job, self.since = event.delivery, now
            case Ready():
                self.ready = True
            case DatabaseAway():
                self.job, self.since = None, now
            case _ if isinstance(event, Completed) and event.delivery == self.job:
                self.job, self.since, self.done = None, now, self.done + 1

    def end(self) -> None:
        """Tell it to end after its current delivery."""
        self.ready = False
        self.link.end()

    def kill(self, fault: str) -> None:
        """Kill it; its transaction is rolled back."""
        self.fault = fault
        self.process.kill()

    def status(self, now: float) -> dict[str, Any]:
        """Return, for JSON, what it does."""
        return {
            "process": self.process.pid,
            "seconds": round(now - self.since),
            "done": self.done,
            "memory": self.memory,
            "delivery": self.job and asdict(self.job),
        }
