"""The finished deliveries of a drop folder, stored as eight bytes each."""

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable

_STAMPED = re.compile("[0-9a-f]{16}")
"""Beginning of every delivery id that this software makes; ids in the database that a person wrote may differ."""


class Finished:
    """The deliveries that a scan passes over, because a worker has finished them.

    A folder may hold a hundred thousand finished deliveries, and every scan finds them again. Only their stamps are kept,
    sorted, to save memory.

    Parameters
    ----------
    delivery_ids
        Ids of the deliveries that are finished at the start.
    """

    def __init__(self, delivery_ids: Iterable[str]) -> None:
        self._stamps = array("Q", sorted(map(_number, filter(_STAMPED.match, delivery_ids))))

    def __contains__(self, stamp: bytes) -> bool:
        number = int.from_bytes(stamp)
        place = self._place(number)
        return place < len(self._stamps) and self._stamps[place] == number

    def add(self, delivery_id: str) -> None:
        """Mark a delivery as finished."""
        if _STAMPED.match(delivery_id):
            self._stamps.insert(self._place(_number(delivery_id)), _number(delivery_id))

    def discard(self, delivery_id: str) -> None:
        """Mark a delivery as not finished; does nothing if it is not finished."""
        if not _STAMPED.match(delivery_id):
            return
        place = self._place(number := _number(delivery_id))
        while place < len(self._stamps) and self._stamps[place] == number:
            del self._stamps[place]

    def _place(self, number: int) -> int:
        return bisect_left(self._stamps, number)


def _number(delivery_id: str) -> int:
    """Return the stamp at the beginning of an id, as a number."""
    return int(delivery_id[:16], 16)
