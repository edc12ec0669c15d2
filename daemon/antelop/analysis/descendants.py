"""The processes that come from this one: children, their children, and so on, also those whose own parent has ended."""

import ctypes
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

SIGNALLED = 128
"""What is added to a signal's number to make an exit status, as shells do."""

_LIBC = ctypes.CDLL(None, use_errno=True)

_PDEATHSIG, _SUBREAPER = 1, 36
"""Of prctl(2): the signal that comes when the parent ends, and becoming the parent of orphans."""


def adopt_orphans() -> None:
    """Make this process the parent of each process that has come from it and whose own parent ends."""
    # A handler or SIG_IGN that was inherited would reap a child before its exit status is asked for.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _prctl(_SUBREAPER, 1)


def die_with(parent: int) -> None:
    """Have this process killed when its parent ends; end it now if that has already happened."""
    _prctl(_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def kill_all(child: int) -> int:
    """Kill every process that has come from this one, which adopts orphans; return a child's exit status, as shells have it."""
    found = 1
    with suppress(ChildProcessError):
        while True:
            # The id of a child is not used again before it is reaped here, so no other process can be killed. The children of a
            # killed process become children of this one, hence the loop.
            ended, status = os.waitpid(-1, os.WNOHANG)
            if not ended:
                children = [*_children()]
                for each in children:
                    os.kill(each, signal.SIGKILL)
                ended, status = os.waitpid(-1, 0 if children else os.WNOHANG)
            if ended == child:
                code = os.waitstatus_to_exitcode(status)
                found = code if code >= 0 else SIGNALLED - code
    return found


def _children() -> Iterator[int]:
    """Yield the children of this process."""
    own = os.getpid()
    for process in _processes():
        with suppress(OSError):  # it has ended meanwhile
            facts = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()  # proc_pid_stat(5)
            if int(facts[1]) == own:
                yield process


def _processes() -> Iterator[int]:
    """Yield all processes."""
    with os.scandir("/proc") as entries:
        yield from (int(entry.name) for entry in entries if entry.name.isdigit())


def _prctl(option: int, value: int) -> None:
    """Set something of this process that Python cannot set."""
    if _LIBC.prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
