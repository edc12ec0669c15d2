"""How much memory this process may take, which the kernel sees to, also in libraries that take it for what a file declares."""

import resource
from pathlib import Path

_STACKS = 256 << 20
"""Bytes that threads and allocators reserve and hardly touch, which count all the same."""


def limit(size: int) -> None:
    """Have more memory refused than the process has now and so many bytes: MemoryError, or an error of the library that asks.

    Processes that are started later inherit the limit.
    """
    taken = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()  # proc_pid_statm(5)
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = taken + size + _STACKS
    resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
