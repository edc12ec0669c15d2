"""A limit on the memory of this process, which the kernel enforces, also for libraries that allocate what a file declares."""

import resource
from pathlib import Path

_STACKS = 256 << 20
"""Bytes that threads and allocators reserve and hardly use, but which the limit counts."""


def limit(size: int) -> None:
    """Limit the memory of this process to what it uses now and `size` bytes more.

    Beyond the limit an allocation fails, with MemoryError or an error of the library that allocates. Processes that are started
    later inherit the limit.
    """
    # RLIMIT_DATA counts what the process has allocated already.
    taken = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()  # proc_pid_statm(5)
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = taken + size + _STACKS
    resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
