"""The workers of a service: child processes, replaced after some deliveries, or when they hang, use too much memory or die."""

import os
import pickle
import resource
import socket
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from antelop.backoff import Backoff
from antelop.channel import Link
from antelop.config import Config
from antelop.outcome import Outcome

PAGE = resource.getpagesize()

SHORT_LIFE, LONGEST_REST = 10.0, 300.0
"""Seconds: a worker that dies sooner is replaced only after as long, and after longer each time that this happens again before
a worker has dealt with a delivery: so a broken one does not start in a loop."""


@dataclass
class Member:
    """One worker process.

    Attributes
    ----------
    started, since
        When it was started, and when it began what it does now, in monotonic seconds.
    job
        What it said when it claimed the delivery that it works on; None if it has none.
    ready
        Whether it takes orders: it has found the database, and is not to end.
    refused
        Why it cannot use the database, from its last message; None if it can.
    done
        How many deliveries it has dealt with.
    fault
        Why it was killed; empty if it was not.
    """

    process: subprocess.Popen[bytes]
    link: Link
    started: float
    since: float
    job: Mapping[str, Any] | None = None
    ready: bool = False
    refused: str | None = None
    done: int = 0
    fault: str = ""

    def fileno(self) -> int:
        """Return a descriptor that can be read from when the worker has said something."""
        return self.link.fileno()

    @property
    def memory(self) -> int:
        """Its own resident memory in bytes, without what it has mapped of files, which the kernel takes back as it likes."""
        with suppress(OSError):
            _, resident, shared, *_ = Path(f"/proc/{self.process.pid}/statm").read_text().split()  # proc_pid_statm(5)
            return (int(resident) - int(shared)) * PAGE
        return 0  # it has ended

    def hear(self, message: Mapping[str, Any], now: float) -> None:
        """Update the state from a message of the worker."""
        if message["event"] != "claimed":
            self.refused = message["sentence"] if message["event"] == "away" else None
        if message["event"] == "claimed":
            self.job, self.since = message, now
        elif message["event"] == "ready":
            self.ready = True
        elif message["event"] == "away":
            self.job, self.since = None, now
        elif self.job is not None and message.get("delivery_id") == self.job["delivery_id"]:
            self.job, self.since, self.done = None, now, self.done + 1

    def end(self) -> None:
        """Tell it to end after its current delivery."""
        self.ready = False
        self.link.end()


class Crew:
    """As many workers as the configuration says; no method waits for a worker.

    Parameters
    ----------
    config
        How many there are, and what they work with.
    environment
        Their environment variables, with the credentials of the database.

    Attributes
    ----------
    members
        The workers that there are.
    deaths
        What is known of how workers have ended whose deliveries are not settled yet, by delivery.
    """

    def __init__(self, config: Config, environment: Mapping[str, str]) -> None:
        self.members: list[Member] = []
        self.deaths: dict[str, Outcome] = {}
        self._config = config
        self._environment = environment
        self._folders: list[str] = []
        self._rest = Backoff(SHORT_LIFE, LONGEST_REST)

    @property
    def refused(self) -> str | None:
        """Why workers cannot use the database; None if they can."""
        return next((member.refused for member in self.members if member.refused), None)

    def fill(self, now: float, absent: Collection[str]) -> None:
        """Start the workers that are missing. One that is held up by an absent folder, or does not die, counts as missing."""
        there = [
            member
            for member in self.members
            if not member.fault and not (member.job is not None and member.job["folder"] in absent)
        ]
        # Only idle workers end early: a busy one would have to roll back its ingest.
        surplus = len(there) - self._config.workers.count
        if surplus > 0:
            for member in [member for member in there if member.ready and member.job is None][:surplus]:
                member.end()
        # The backoff keeps a worker that dies at its start from being restarted in a loop.
        if not self._rest.left(now):
            for _ in range(-surplus):
                self.members.append(_start(self._config, self._environment, now))

    def order(self, folders: Collection[str]) -> None:
        """Have deliveries taken from these folders, and no others."""
        if sorted(folders) != self._folders:
            self._folders = sorted(folders)
            for member in self.members:
                self._tell(member)

    def report(self, delivery_id: str, death: Outcome) -> None:
        """Tell the other workers how a worker died, so that one of them finishes its attempt."""
        self.deaths[delivery_id] = death
        for member in self.members:
            self._tell(member)

    def nudge(self) -> None:
        """Tell idle workers that the database can be reached again, so that they retry at once."""
        for member in self.members:
            if member.job is None:
                self._tell(member, retry=True)

    def look_again(self) -> None:
        """Have one that is idle look at rejected deliveries again."""
        for member in self.members:
            if member.ready and member.job is None:
                self._tell(member, look=True)
                return

    def sources(self) -> list[Member]:
        """Return the members, each of which can be read from when it has said something."""
        return [member for member in self.members if member.fileno() >= 0]

    def listen(self, now: float) -> Iterator[Mapping[str, Any]]:
        """Yield what the workers have said; of one that has died, ``died`` with its ``job`` and why."""
        for member in list(self.members):
            ended = member.process.poll() is not None  # asked before reading, so that its last messages are not missed
            member.link.flush()
            for message in member.link.receive():
                member.hear(message, now)
                if message["event"] == "ready":
                    self._tell(member)
                elif message["event"] in ("done", "answered", "postponed"):
                    self.deaths.pop(message["delivery_id"], None)
                    self._rest.succeed()
                yield message
            if ended:
                self.members.remove(member)
                member.link.close()
                if member.process.returncode or member.fault:
                    if now - member.started < SHORT_LIFE:
                        self._rest.fail(now)
                    yield {"event": "died", "job": member.job, "sentence": member.fault or _ending(member.process.returncode)}

    def enforce(self, now: float) -> None:
        """Kill workers that take too long or have become too large."""
        limits = self._config.workers
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
        self._config = config
        self.release()

    def release(self) -> None:
        """Let every worker finish what it does, and end."""
        for member in self.members:
            member.end()

    def kill(self) -> None:
        """Kill every worker; what it did is rolled back."""
        for member in self.members:
            member.fault = "the service was stopped"
            member.process.kill()

    def status(self, now: float) -> list[dict[str, Any]]:
        """Return, for JSON, what each worker does."""
        return [
            {
                "process": member.process.pid,
                "seconds": round(now - member.since),
                "done": member.done,
                "memory": member.memory,
                "delivery": member.job,
            }
            for member in self.members
        ]

    def _tell(self, member: Member, *, look: bool = False, retry: bool = False) -> None:
        if member.ready:
            member.link.send({"folders": self._folders, "deaths": self.deaths, "look": look, "retry": retry})


def _start(config: Config, environment: Mapping[str, str], now: float) -> Member:
    """Start a worker."""
    ours, theirs = socket.socketpair()
    with theirs, os.fdopen(os.memfd_create("config"), "w+b") as said:
        pickle.dump(config, said)
        said.seek(0)
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "antelop.worker.process", str(theirs.fileno())],
            stdin=said,
            stdout=subprocess.DEVNULL,  # of the lab's functions
            pass_fds=[theirs.fileno()],
            env=environment,
            process_group=0,  # so that Ctrl-C does not reach it
        )
    return Member(process, Link(ours.detach()), now, now)


def _ending(status: int) -> str:
    """Say how a process ended."""
    return f"it was killed by signal {-status}" if status < 0 else f"it ended with exit status {status}"
