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

PATIENCE = 10.0
"""Seconds in which a fork server ends all processes of a turn."""

_NUMBER = 8
"""Bytes of a number in a message."""

_REQUEST = 1 << 16
"""The most bytes of a request."""

Run = Callable[[socket.socket, bytes], object]
"""What the process of a turn does, given its end of a pair of sockets and what the turn is about."""


class ForkServer:
    """Forks a process for one turn after the other, each ahead of its turn.

    Parameters
    ----------
    run
        What each process does; then it ends. It sees all objects as they are now.

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
        """Whether it waits for this process; one that a process inherits from the process that forked it does not."""
        return self._owner == os.getpid() and not select.select([self._control], [], [], 0)[0]

    def begin(self, about: bytes, memory: int) -> socket.socket:
        """Begin a turn in a new process.

        Parameters
        ----------
        about
            What the turn is about; less than 64 KiB.
        memory
            How many bytes each process may take, beyond those that the fork server has.

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
        """End the turn, whose socket is closed: at once, or when its process has ended by itself.

        Returns
        -------
        int or None
            The exit status of the turn's process, as shells have it; None if the fork server does not answer any more.
        """
        with suppress(OSError):
            if kill:
                self._control.send(self._turn.to_bytes(_NUMBER))
            # The fork server may be stopped by the function, or wait for a call of the kernel that cannot be interrupted.
            if select.select([self._control], [], [], PATIENCE)[0] and (status := self._control.recv(_NUMBER)):
                return int.from_bytes(status)
        return None

    def close(self) -> None:
        """End the fork server and all processes that have come from it; a second time it does nothing."""
        self._requests.close()
        self._control.close()
        if self._owner != os.getpid():
            return
        self._owner = 0
        descriptor = os.pidfd_open(self._pid)
        try:
            if not select.select([descriptor], [], [], PATIENCE)[0]:  # stopped, as in `end`
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        finally:
            os.close(descriptor)
        os.waitpid(self._pid, 0)


def _fork() -> int:
    """Fork; Python warns if there are threads, none of which is in the process that is started."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
        return os.fork()


def _serve(control: socket.socket, requests: socket.socket, run: Run) -> NoReturn:
    """Fork a process for one turn after the other, until the process that started this one has ended."""
    status = 1
    try:
        # Ctrl-C on the terminal is for the parent alone.
        os.setsid()
        adopt_orphans()
        _release_descriptors({control.fileno(), requests.fileno()})
        gc.freeze()  # or the first collection of each process would copy all that it shares with this one
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
            if not request or int.from_bytes(request) == turn:  # else its process had ended before it was to be killed
                return bool(request)
    finally:
        os.close(ended)


def _run(server: int, requests: socket.socket, run: Run) -> NoReturn:
    """Wait for a turn and run it, within limits."""
    status = 1
    try:
        die_with(server)
        for number in signal.valid_signals():
            if callable(signal.getsignal(number)):
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        request, descriptors, *_ = socket.recv_fds(requests, _REQUEST, 1)
        requests.close()
        if descriptors:  # else there are no more turns
            limit(int.from_bytes(request[:_NUMBER]))
            with socket.socket(fileno=descriptors[0]) as theirs:
                run(theirs, request[_NUMBER:])
        status = 0
    finally:
        os._exit(status)


def _release_descriptors(kept: Collection[int]) -> None:
    """Put an empty file into the place of every descriptor but the outputs and some that are kept.

    No socket, lock or recording stays open because of this process. A number that a function still has in memory leads to an
    empty file, and never to another one.
    """
    empty = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for descriptor in [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]:
        if descriptor not in {1, 2, empty, *kept}:
            with suppress(OSError):  # the descriptor by which they were listed is closed
                os.fstat(descriptor)
                os.dup2(empty, descriptor, inheritable=False)
