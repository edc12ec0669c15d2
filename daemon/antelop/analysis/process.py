"""A process for functions of the lab: nothing that they start outlives it, and no connection of ours is in it.

The process that is started supervises another one, which runs the functions. Whatever that one starts becomes a child of the
supervisor when its own parent ends (PR_SET_CHILD_SUBREAPER of prctl(2)), and the supervisor ends all of it before it ends
itself, as it does when the process that started it ends.
"""

import ctypes
import gc
import os
import resource
import select
import signal
import socket
import stat
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

_LIBC = ctypes.CDLL(None, use_errno=True)

_PDEATHSIG, _SUBREAPER = 1, 36
"""Of prctl(2): the signal that comes when the parent ends, and becoming the parent of orphans."""

PROCESSES = 256
"""How many more processes and threads this user may have meanwhile; root has no such limit (getrlimit(2), RLIMIT_NPROC)."""

PATIENCE = 10.0
"""Seconds in which a supervisor has ended everything."""

SIGNALLED = 128
"""What is added to a signal's number to make an exit status, as shells do."""


class Process:
    """A process that runs functions, and all that they start.

    Parameters
    ----------
    run
        What it does, given its end of a pair of sockets; then it ends.
    memory
        How many bytes it may take, beyond those that it starts with.

    Attributes
    ----------
    socket
        Our end.
    """

    def __init__(self, run: Callable[[socket.socket], object], memory: int) -> None:
        self.socket, theirs = socket.socketpair()
        parent = os.getpid()
        # No handler of this process is to run in the one that is started, and no signal is for that.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            with theirs:
                self._pid = _fork()
                if not self._pid:
                    _supervise(parent, theirs, run, memory)
        except BaseException:
            self.socket.close()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def end(self, *, kill: bool = False) -> int:
        """End everything, at once or after the process has ended by itself; return its exit status, as shells have it."""
        self.socket.close()
        descriptor = os.pidfd_open(self._pid)
        try:
            if kill:
                signal.pidfd_send_signal(descriptor, signal.SIGTERM)
            if not select.select([descriptor], [], [], PATIENCE)[0]:  # stopped, or in a call that cannot be interrupted
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        finally:
            os.close(descriptor)
        _, status = os.waitpid(self._pid, 0)
        return os.waitstatus_to_exitcode(status)


def lift_limit() -> None:
    """Let this process take memory again, to say that it had taken too much."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def _fork() -> int:
    """Fork; Python warns if there are threads, none of which is in the process that is started."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
        return os.fork()


def _supervise(parent: int, theirs: socket.socket, run: Callable[[socket.socket], object], memory: int) -> NoReturn:
    """Start what runs the functions, wait for its end or the parent's, and end everything."""
    status = 1
    try:
        # Ctrl-C on the terminal is for the parent alone.
        os.setsid()
        _prctl(_PDEATHSIG, signal.SIGTERM)
        _prctl(_SUBREAPER, 1)
        _let_go(theirs.fileno())
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        supervisor = os.getpid()
        child = _fork()
        if not child:
            _run(supervisor, theirs, run, memory)
        theirs.close()  # so that the parent sees the end of the other one
        awaited = {signal.SIGCHLD, signal.SIGTERM}
        while os.getppid() == parent and not _has_ended(child) and signal.sigwait(awaited) == signal.SIGCHLD:
            pass
        status = _end_all(child)
    finally:
        os._exit(status)


def _run(supervisor: int, theirs: socket.socket, run: Callable[[socket.socket], object], memory: int) -> NoReturn:
    """Run the functions, within limits."""
    status = 1
    try:
        _prctl(_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != supervisor:
            os._exit(status)
        for number in signal.valid_signals():
            if callable(signal.getsignal(number)):
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        _limit(memory)
        gc.freeze()  # or the first collection would copy all that is shared with the parent
        run(theirs)
        status = 0
    finally:
        os._exit(status)


def _limit(memory: int) -> None:
    """Limit what this process and those that it starts may take, each."""
    page = resource.getpagesize()
    data = int(Path("/proc/self/statm").read_text().split()[5]) * page  # proc_pid_statm(5)
    for kind, most in (
        (resource.RLIMIT_DATA, data + memory),
        (resource.RLIMIT_NPROC, sum(_threads()) + PROCESSES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _threads() -> Iterator[int]:
    """Yield how many threads each process of this user has."""
    user = os.getuid()
    for process in _processes():
        with suppress(OSError):  # it has ended meanwhile
            tasks = Path(f"/proc/{process}/task").stat()
            if tasks.st_uid == user:
                yield tasks.st_nlink - 2


def _let_go(kept: int) -> None:
    """Put an empty file into the place of every socket, pipe and terminal but the output, one that is kept, and files.

    What would use one of them finds nothing there, and no other file comes to have its number.
    """
    empty = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for descriptor in [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]:
        with suppress(OSError):  # that of the list itself
            if descriptor in (1, 2, kept, empty) or stat.S_ISREG(os.fstat(descriptor).st_mode):
                continue
            os.dup2(empty, descriptor, inheritable=False)


def _has_ended(child: int) -> bool:
    """Tell whether a child has ended; how, is still to be asked."""
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _end_all(child: int) -> int:
    """End every process that has come from this one; return how that child ended, as shells have it.

    As their parents end, all of them become children of this one.
    """
    found = 1
    with suppress(ChildProcessError):
        while True:
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
