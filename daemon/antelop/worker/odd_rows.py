"""Rows that this software did not write as they are: edited or deleted by hand, or written by another version."""

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from antelop.errors import Misconfigured, Unavailable
from antelop.worker.events import Defect

LONGEST_SENTENCE = 1000
"""Characters of a sentence about such a row."""

MOST_REPORTED = 1000
"""How many different sentences one worker reports."""


class OddRows:
    """Reports each odd row once, and lets the worker go on with the other rows.

    Parameters
    ----------
    say
        Receives the events of the worker.
    """

    def __init__(self, say: Callable[[Defect], None]) -> None:
        self._say = say
        self._reported: set[tuple[str | None, str]] = set()

    @contextmanager
    def surviving(self, what: str, delivery_id: str | None = None) -> Iterator[None]:
        """Catch the exception that an odd row causes in the block, and report it with its traceback.

        Parameters
        ----------
        what
            What the block works on, as the subject of a sentence.
        delivery_id
            The delivery, if the block works on one.

        Raises
        ------
        Unavailable, Misconfigured
            As the block raises them: they are not about a row.
        """
        try:
            yield
        except (Unavailable, Misconfigured):
            raise
        except Exception as error:  # noqa: BLE001  # an odd row can cause any exception, and must not stop the others
            sentence = f"{what} cannot be worked on: {type(error).__name__}: {error}"[:LONGEST_SENTENCE]
            reported = (delivery_id, sentence)
            # Every pass over the queue meets the same rows again, so each sentence is reported once.
            if reported not in self._reported and len(self._reported) < MOST_REPORTED:
                self._reported.add(reported)
                self._say(Defect(sentence, traceback.format_exc(), delivery_id))
