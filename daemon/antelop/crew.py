"""The workers of a service: child processes, replaced when they have done their share, hang, grow too large or die."""

import os
import pickle
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from antelop.config import Config
from antelop.inbox.link import Link

PAGE = resource.getpagesize()

SHORT_LIFE = 10.0
"""Seconds: a worker that dies sooner is replaced only after as long, so that a broken one does not start in a loop."""


@dataclass
class Member:
    """One worker process.

    Attributes
    ----------
    started, since
        When it was started, and when it began what it does now, in monotonic seconds.
    job
        What it said when it claimed the delivery that it works on; None if it has none.
    done
        How many deliveries it has settled.
    fault
        Why it was killed; empty if it was not.
    """

    process: subprocess.Popen[bytes]
    link: Link
    started: float
    since: float
    job: Mapping[str, Any] | None = None
    done: int = 0
    fault: str = ""

    def fileno(self) -> int:
        """Return a descriptor that can be read from when the worker has said something."""
        return self.link.fileno()

    @property
    def memory(self) -> int:
        """Resident memory in bytes (proc(5), statm); 0 if the process is gone."""
        with suppress(OSError):
            return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * PAGE
        return 0


@dataclass
class Crew:
    """As many workers as the configuration says; no method waits for a worker."""

    config: Config
    members: list[Member] = field(default_factory=list)
    _rest_until: float = 0.0

    def fill(self, now: float) -> None:
        """Start the workers that are missing."""
        if now < self._rest_until:
            return
        while len(self.members) < self.config.workers.count:
            self.members.append(_start(self.config, now))

    def nudge(self) -> None:
        """Tell those that are idle that there is work."""
        for member in self.members:
            if member.job is None:
                member.link.send("work")

    def listen(self, now: float) -> Iterator[Mapping[str, Any]]:
        """Yield what the workers have said; a worker that has died says ``died``, with its job and why."""
        for member in list(self.members):
            member.link.flush()
            for message in member.link.receive():
                if message["event"] == "claimed":
                    member.job, member.since = message, now
                elif member.job is not None and message["event"] != "away":
                    member.job, member.since = None, now
                    member.done += 1
                yield message
            if member.process.poll() is not None:
                self.members.remove(member)
                member.link.close()
                if member.process.returncode or member.fault:
                    if now - member.started < SHORT_LIFE:
                        self._rest_until = now + SHORT_LIFE
                    yield {"event": "died", "job": member.job, "sentence": member.fault or _ending(member.process.returncode)}

    def enforce(self, now: float) -> None:
        """Kill workers that take too long or have become too large."""
        limits = self.config.workers
        for member in self.members:
            if member.fault:
                continue
            memory = member.memory
            if member.job is not None and now - member.since > limits.timeout:
                member.fault = f"it took longer than {limits.timeout:g} s ([workers] timeout)"
            elif memory > limits.memory:
                member.fault = f"it used {memory >> 20} MiB of memory, more than {limits.memory >> 20} ([workers] memory)"
            if member.fault:
                member.process.kill()

    def renew(self, config: Config) -> None:
        """Let every worker finish what it does, and replace it by one with another configuration."""
        self.config = config
        self.release()

    def release(self) -> None:
        """Let every worker finish what it does, and end."""
        for member in self.members:
            member.link.end()

    def kill(self) -> None:
        """Kill every worker; what it did is rolled back."""
        for member in self.members:
            member.fault = "the service was stopped"
            member.process.kill()


def _start(config: Config, now: float) -> Member:
    """Start a worker."""
    ours, theirs = socket.socketpair()
    with theirs, os.fdopen(os.memfd_create("config"), "w+b") as said:
        pickle.dump(config, said)
        said.seek(0)
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "antelop.worker", str(theirs.fileno())],
            stdin=said,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            process_group=0,  # so that Ctrl-C does not reach it
        )
    return Member(process, Link(ours.detach()), now, now)


def _ending(status: int) -> str:
    """Say how a process ended."""
    return f"it was killed by signal {-status}" if status < 0 else f"it ended with exit status {status}"
