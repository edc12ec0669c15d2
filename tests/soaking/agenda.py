"""What happens at its time: loads, faults and commands are acts, which go on side by side in one thread."""

import heapq
import itertools
import time
from collections.abc import Generator

Act = Generator[float, None, None]
"""Something that takes time: it yields the seconds until it goes on. Closed, it puts right what it has changed."""


class Agenda:
    """Acts, each of which goes on when its time has come."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Act]] = []
        self._numbers = itertools.count()

    def __len__(self) -> int:
        return len(self._due)

    def begin(self, act: Act) -> None:
        """Begin an act at the next `work`."""
        heapq.heappush(self._due, (time.monotonic(), next(self._numbers), act))

    def work(self) -> None:
        """Let every act go on whose time has come."""
        while self._due and self._due[0][0] <= time.monotonic():
            _, number, act = heapq.heappop(self._due)
            pause = next(act, None)
            if pause is not None:
                heapq.heappush(self._due, (time.monotonic() + pause, number, act))

    def close(self) -> None:
        """End every act where it is, so that each puts right what it has changed."""
        for _, _, act in self._due:
            act.close()
        self._due.clear()


def carry_out(act: Act) -> None:
    """Carry out an act while nothing else goes on."""
    for pause in act:
        time.sleep(pause)
