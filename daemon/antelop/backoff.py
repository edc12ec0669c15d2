"""The pause between two tries of something that fails: it grows, has a limit, and is never quite the same."""

import random
from collections.abc import Callable
from math import inf

JITTER = 0.25
"""By which part a pause may be shorter, by chance: so that all who wait for one server do not come back at the same moment."""


class Backoff:
    """When a loop whose work fails may try again.

    The first pause is the shortest, each further one is twice as long, up to the longest. After a success, and if the loop did
    not fail for as long as the longest pause, the next pause is the shortest again.

    Parameters
    ----------
    first, longest
        The shortest and the longest pause, in seconds.
    jitter
        By which part of it a pause may be shorter.
    chance
        Returns random numbers from 0 to 1.

    Attributes
    ----------
    due
        When the next try may be made, in monotonic seconds: in the past, unless the last try failed.
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
        """Note that a try failed, at a time in monotonic seconds."""
        if now > self.due + self._longest:
            self._pause = self._first
        self._failed = now
        self.due = now + self._pause * (1 - self._jitter * self._chance())
        self._pause = min(2 * self._pause, self._longest)

    def succeed(self) -> None:
        """Note that a try succeeded."""
        self.due, self._pause = -inf, self._first

    def hasten(self) -> None:
        """Let the next try be due after the shortest pause: there is reason to think that it succeeds."""
        self.due = min(self.due, self._failed + self._first)

    def left(self, now: float) -> float:
        """Return how many seconds are left until the next try, at a time in monotonic seconds; 0 if it is due."""
        return max(0.0, self.due - now)
