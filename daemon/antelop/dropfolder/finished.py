"""Which deliveries need no more attention, in eight bytes each."""

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable

_STAMPED = re.compile("[0-9a-f]{16}")
"""How the id of every delivery begins that this software has made; a person may have written others into the database."""


class Finished:
    """The deliveries that somebody else has dealt with.

    A folder may hold a hundred thousand of them, which are met again at every scan: so only their stamps are kept, sorted.

    Parameters
    ----------
    delivery_ids
        Those that are finished already.
    """

    def __init__(self, delivery_ids: Iterable[str]) -> None:
        self._stamps = array("Q", sorted(map(_number, filter(_STAMPED.match, delivery_ids))))

    def __contains__(self, stamp: bytes) -> bool:
        number = int.from_bytes(stamp)
        place = self._place(number)
        return place < len(self._stamps) and self._stamps[place] == number

    def add(self, delivery_id: str) -> None:
        """Take a delivery for finished."""
        if _STAMPED.match(delivery_id):
            self._stamps.insert(self._place(_number(delivery_id)), _number(delivery_id))

    def discard(self, delivery_id: str) -> None:
        """Take a delivery for unfinished, whether it was finished or not."""
        if not _STAMPED.match(delivery_id):
            return
        place = self._place(number := _number(delivery_id))
        while place < len(self._stamps) and self._stamps[place] == number:
            del self._stamps[place]

    def _place(self, number: int) -> int:
        return bisect_left(self._stamps, number)


def _number(delivery_id: str) -> int:
    """Return the stamp with which an id begins."""
    return int(delivery_id[:16], 16)
