"""Ask the database without blocking the loop of the service: each call runs in a thread of its own.

A driver waits for its server in a system call that the same thread cannot interrupt. A server that hangs without closing the
connection would block the loop that serves folders, workers and the service manager. (`antelop.database.deadline` also ends
such a call, but only after the longest time that a statement may take.)
"""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from antelop.errors import Unavailable

Answer = TypeVar("Answer")

ANSWER_TIMEOUT = 5.0
"""Seconds that the loop waits for an answer; the service manager waits for the loop for two minutes."""


class Asking:
    """Makes one call to the database at a time.

    The call runs in another thread, so it may use only the database and its own arguments. The callback that takes the answer
    runs in the calling thread: at once, or, if the answer is late, at the next call of `ask`.
    """

    def __init__(self) -> None:
        self._call: _Call | None = None

    def ask(self, what: Callable[[], Answer], then: Callable[[Answer], object], timeout: float | None = None) -> None:
        """Call the database in another thread, and pass the answer to a callback in this one.

        Parameters
        ----------
        what
            Asks the database, and returns the answer.
        then
            Takes the answer.
        timeout
            Seconds to wait for the answer; `ANSWER_TIMEOUT` by default.

        Raises
        ------
        Unavailable
            If the answer does not come in time, or the call before has still no answer; then no new call is made.
        Exception
            Any exception of the call.
        """
        timeout = ANSWER_TIMEOUT if timeout is None else timeout
        # Only one call may run at a time: a server that hangs must not collect blocked threads.
        if self._call is not None:
            self._finish(0)
        self._call = _Call(what, then)
        self._finish(timeout)

    def _finish(self, timeout: float) -> None:
        """Wait for the answer, and pass it to the callback."""
        call = self._call
        assert call is not None  # noqa: S101  # both callers have made one
        if not call.done.wait(timeout):
            raise Unavailable("the database does not answer; nothing else is asked until it does")
        # The call is over before its answer is used, so that an error raised below does not block the next call.
        self._call = None
        if call.error is not None:
            raise call.error
        call.then(call.answer)


class _Call:
    """One call in a daemon thread, which does not keep the process from ending."""

    def __init__(self, what: Callable[[], Any], then: Callable[[Any], object]) -> None:
        self.then = then
        self.done = threading.Event()
        self.answer: Any = None
        self.error: BaseException | None = None
        self._what = what
        threading.Thread(target=self._run, name="asking", daemon=True).start()

    def _run(self) -> None:
        try:
            self.answer = self._what()
        except BaseException as error:  # noqa: BLE001  # it is raised where the answer is waited for
            self.error = error
        finally:
            self.done.set()
