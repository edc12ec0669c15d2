"""Backoff: the pause between two tries of an operation that fails grows up to a limit, with jitter."""

import random
from collections.abc import Callable
from math import inf

JITTER = 0.25
"""Largest part by which a pause is shortened at random, so that not all clients of a server retry at the same moment."""


class Backoff:
    """The time at which a loop may retry work that failed.

    Each pause is twice as long as the one before, up to the longest. After a success, or after the longest pause without a
    failure, the next pause is the shortest again.

    Parameters
    ----------
    first, longest
        The shortest and the longest pause, in seconds.
    jitter
        Largest part by which a pause is shortened at random, from 0 to 1.
    chance
        Returns random numbers from 0 to 1.

    Attributes
    ----------
    due
        Time of the next try in monotonic seconds; minus infinity unless the last try failed.
    """

    def __init__(
        self, first: float, longest: float, *, jitter: float = JITTER, chance: Callable[[], float] = random.random
    ) -> None:
        self.due = -inf
        self._first, self._longest, self._jitter = first, longest, jitter
        self._chance = chance
        self._pause = first
        self._failed = -inf

    @property
    def failing(self) -> bool:
        """Whether the last try failed."""
        return self.due > -inf

    def fail(self, now: float) -> None:
        """Record that a try failed, at a time in monotonic seconds."""
        if now > self.due + self._longest:
            self._pause = self._first
        self._failed = now
        self.due = now + self._pause * (1 - self._jitter * self._chance())
        self._pause = min(2 * self._pause, self._longest)

    def succeed(self) -> None:
        """Record that a try succeeded."""
        self.due, self._pause = -inf, self._first

    def hasten(self) -> None:
        """Make the next try due after the shortest pause, because it will probably succeed."""
        self.due = min(self.due, self._failed + self._first)

    def left(self, now: float) -> float:
        """Return the seconds until the next try, at a time in monotonic seconds; 0 if it is due."""
        return max(0.0, self.due - now)
