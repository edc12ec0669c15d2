"""What a mask may take: of time, of memory, and of processes."""

import resource
from dataclasses import dataclass
from pathlib import Path

PROCESSES = 256
"""How many more processes and threads this user may have than there are in all; root has no such limit (getrlimit(2),
RLIMIT_NPROC)."""


@dataclass(frozen=True)
class Limits:
    """What a mask may take.

    Attributes
    ----------
    seconds
        How long it may run.
    memory
        How many bytes of memory its process may take.
    """

    seconds: float
    memory: int


def limit(memory: int) -> None:
    """Limit what this process and each that it starts may take.

    Parameters
    ----------
    memory
        How many bytes of memory, beyond those that it has now.
    """
    page = resource.getpagesize()
    data = int(Path("/proc/self/statm").read_text().split()[5]) * page  # proc_pid_statm(5)
    threads = int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2])  # of all users (proc_loadavg(5))
    for kind, most in (
        (resource.RLIMIT_DATA, data + memory),
        (resource.RLIMIT_NPROC, threads + PROCESSES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def lift_limit() -> None:
    """Let this process take memory again, to say that it had taken too much."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))
