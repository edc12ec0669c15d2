"""A fork server: it forks a process for each turn of the lab's functions, and ends all that they started with the turn.

Forking from the worker for each session would cost more: of all memory that the worker changes afterwards, the kernel makes a
copy. The fork server is forked once. It has no connection to the database and no thread, so what it forks has none either.

Whatever a process of a turn starts becomes a child of the fork server when its own parent ends. The fork server kills all of it
at the end of the turn, and when the process that started the fork server ends.
"""

import gc
import itertools
import os
import select
import signal
import socket
import warnings
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from antelop.analysis.descendants import adopt_orphans, die_with, kill_all
from antelop.analysis.limits import limit

STOP_TIMEOUT = 10.0
"""Seconds within which a fork server must end all processes of a turn. If it does not, it is killed."""

_NUMBER = 8
"""Bytes of a number in a message."""

_REQUEST = 1 << 16
"""Maximum number of bytes in a request."""

Run = Callable[[socket.socket, bytes], object]
"""The work of a turn's process. Its arguments are its end of the pair of sockets, and the `about` of `ForkServer.begin`."""


class ForkServer:
    """Forks one process for each turn. The process of the next turn is forked in advance.

    Parameters
    ----------
    run
        Called in each process, which then ends. It sees all objects as they are when the fork server is created.

    Raises
    ------
    OSError
        If no process can be started.
    """

    def __init__(self, run: Run) -> None:
        self._owner = os.getpid()
        self._turn = 0
        # The process of a turn takes its request itself, so that the fork server reads nothing but requests to kill.
        self._requests, requests = socket.socketpair(type=socket.SOCK_SEQPACKET)
        self._control, control = socket.socketpair(type=socket.SOCK_SEQPACKET)
        # No handler of this process may run in the fork server, and signals to its group are not meant for it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            with requests, control:
                self._pid = _fork()
                if not self._pid:
                    _serve(control, requests, run)
        except BaseException:
            self._requests.close()
            self._control.close()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    @property
    def is_alive(self) -> bool:
        """Whether it runs and belongs to this process. One that was inherited through a fork belongs to the parent."""
        return self._owner == os.getpid() and not select.select([self._control], [], [], 0)[0]

    def begin(self, about: bytes, memory: int) -> socket.socket:
        """Begin a turn in a new process.

        Parameters
        ----------
        about
            Passed to `run`; less than 64 KiB.
        memory
            The bytes of memory that each process may take in addition to those that the fork server has.

        Returns
        -------
        socket.socket
            Our end of the pair of sockets.

        Raises
        ------
        OSError
            If the fork server has ended.
        """
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(self._requests, [memory.to_bytes(_NUMBER) + about], [theirs.fileno()])
        except BaseException:
            ours.close()
            raise
        self._turn += 1
        return ours

    def end(self, *, kill: bool) -> int | None:
        """End the turn, after its socket was closed: kill its process, or wait until it ends by itself.

        Returns
        -------
        int or None
            The exit status of the turn's process, as shells have it; None if the fork server does not answer any more.
        """
        with suppress(OSError):
            if kill:
                self._control.send(self._turn.to_bytes(_NUMBER))
            # The function may have stopped the fork server (SIGSTOP), or a system call cannot be interrupted.
            if select.select([self._control], [], [], STOP_TIMEOUT)[0] and (status := self._control.recv(_NUMBER)):
                return int.from_bytes(status)
        return None

    def close(self) -> None:
        """End the fork server and all processes that it forked. A second call does nothing."""
        self._requests.close()
        self._control.close()
        # A forked process has a copy of this object, but the fork server is not its child.
        if self._owner != os.getpid():
            return
        self._owner = 0
        descriptor = os.pidfd_open(self._pid)
        try:
            if not select.select([descriptor], [], [], STOP_TIMEOUT)[0]:  # stopped, as in `end`
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        finally:
            os.close(descriptor)
        os.waitpid(self._pid, 0)


def _fork() -> int:
    """Fork without Python's warning about threads: the child has only the thread that forked."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
        return os.fork()


def _serve(control: socket.socket, requests: socket.socket, run: Run) -> NoReturn:
    """Fork the process of each turn, until the worker has ended."""
    status = 1
    try:
        # Ctrl-C on the terminal is for the parent alone.
        os.setsid()
        adopt_orphans()
        _release_descriptors({control.fileno(), requests.fileno()})
        gc.freeze()  # otherwise the first garbage collection of each child would copy all memory that it shares
        for turn in itertools.count(1):
            server = os.getpid()
            child = _fork()
            if not child:
                control.close()
                _run(server, requests, run)
            if not _await(control, child, turn):
                kill_all(child)
                break
            control.send(kill_all(child).to_bytes(_NUMBER))
        status = 0
    finally:
        os._exit(status)


def _await(control: socket.socket, child: int, turn: int) -> bool:
    """Wait until the process of a turn has ended or is to be killed; return False if the worker has ended."""
    ended = os.pidfd_open(child)
    try:
        while True:
            readable, _, _ = select.select([control.fileno(), ended], [], [])
            if control.fileno() not in readable:
                return True
            request = control.recv(_NUMBER)
            if not request or int.from_bytes(request) == turn:  # else the request is for an earlier turn, which has ended
                return bool(request)
    finally:
        os.close(ended)


def _run(server: int, requests: socket.socket, run: Run) -> NoReturn:
    """Wait for the request of a turn, and run it within limits."""
    status = 1
    try:
        # The worker's signal handlers were inherited, and would run the worker's code in this process.
        die_with(server)
        for number in signal.valid_signals():
            if callable(signal.getsignal(number)):
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        request, descriptors, *_ = socket.recv_fds(requests, _REQUEST, 1)
        requests.close()
        if descriptors:  # without a descriptor the worker has closed its end: there are no more turns
            limit(int.from_bytes(request[:_NUMBER]))
            with socket.socket(fileno=descriptors[0]) as theirs:
                run(theirs, request[_NUMBER:])
        status = 0
    finally:
        os._exit(status)


def _release_descriptors(kept: Collection[int]) -> None:
    """Replace every descriptor by one of /dev/null, except for standard output, standard error and those to keep.

    Otherwise sockets, locks and recordings would stay open because of this process. The descriptors are not closed, so that
    their numbers, which objects in memory still hold, never refer to another file.
    """
    empty = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for descriptor in [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]:
        if descriptor not in {1, 2, empty, *kept}:
            with suppress(OSError):  # the descriptor by which they were listed is closed
                os.fstat(descriptor)
                os.dup2(empty, descriptor, inheritable=False)
