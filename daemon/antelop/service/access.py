"""The database as the service uses it: connected again with backoff after an outage, and asked without blocking the loop."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TypeVar

import structlog

from antelop.backoff import Backoff
from antelop.config import Config
from antelop.database import Database
from antelop.errors import Misconfigured, Unavailable
from antelop.lab import Lab
from antelop.outcome import Outcome
from antelop.queue import deliveries
from antelop.queue.attempts import Attempt, finish_attempt
from antelop.service.asking import Asking
from antelop.service.status import Status

log = structlog.get_logger()
Answer = TypeVar("Answer")

FIRST_RECONNECT, LONGEST_RECONNECT = 1.0, 10.0
"""Seconds from one try to connect to the database to the next: the first pause and the longest. Most outages are short."""

CLOSE_GRACE = 60.0
"""Seconds that the database has to close when the service stops."""


class Access:
    """The service's access to the database.

    Parameters
    ----------
    config, environment
        Which database it is, and the environment variables with its credentials.
    status
        Its `database` tells why the database cannot be used.
    clock
        Returns the time by the wall clock, with its zone.

    Attributes
    ----------
    clock
        The same.
    """

    def __init__(self, config: Config, environment: Mapping[str, str], status: Status, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self._config, self._environment = config, environment
        self._status = status
        self._lab: Lab | None = None
        self._asking = Asking()
        self._backoff = Backoff(FIRST_RECONNECT, LONGEST_RECONNECT)

    def connect(self, now: float) -> bool:
        """Return whether the database can be asked; during an outage, try to connect when the backoff allows it.

        Parameters
        ----------
        now
            Monotonic seconds.

        Raises
        ------
        Misconfigured
            If the database refuses the service at its start. Later the outage is only reported, because a person may be about
            to change a password, and running ingests need not stop for that.
        """
        if self._status.database is None:
            return True
        # The loop calls this at every pass. A server that is starting must not be asked each time.
        if self._backoff.left(now):
            return False
        try:
            self._asking.ask(self._connected, self._keep)
        except (Unavailable, Misconfigured) as error:
            if self._lab is None and isinstance(error, Misconfigured):
                raise
            self.mark_away(error, now)
            return False
        return True

    def ask(self, question: Callable[[Database], Answer], then: Callable[[Answer], object]) -> None:
        """Ask the database in another thread, and pass the answer to a callback in this one; see `Asking.ask`."""
        if self._lab is not None:
            self._asking.ask(partial(question, self._lab.database), then)

    def answered(self, folder: str) -> Iterable[str]:
        """Return the deliveries of a folder that have their outcome.

        During an outage there are none: they are announced again then, and the queue ignores what it knows.
        """
        found: list[str] = []
        with suppress(Unavailable, Misconfigured):  # the next question reports the outage
            self.ask(lambda database: list(deliveries.answered(database, folder)), found.extend)
        return found

    def mark_away(self, error: Unavailable | Misconfigured, now: float) -> None:
        """Note why the database cannot be used, and when to connect again."""
        self._backoff.fail(now)
        if self._status.database != str(error):
            log.warning("database_away", sentence=str(error))
        self._status.database = str(error)

    def mark_back(self) -> bool:
        """Note that the database has answered and has stored what it was given; return whether there was an outage before."""
        if self._status.database is None:
            return False
        self._status.database = None
        self._backoff.succeed()
        log.info("database_back")
        return True

    def close(self, deaths: Mapping[str, Outcome]) -> None:
        """Record how the workers ended that the service has killed, and close the database.

        Raises nothing if the server hangs: its thread ends with this process.
        """
        if self._lab is None:
            return
        with suppress(Unavailable):
            self.ask(partial(_record_deaths, deaths=deaths, clock=self.clock), _ignore)
        with suppress(Unavailable):
            self._asking.ask(self._lab.close, _ignore, timeout=CLOSE_GRACE)

    def _connected(self) -> Lab:
        """Return a lab whose database answers: the present one, or at the start a new one."""
        lab = self._lab
        if lab is None:
            lab = Lab(self._config, self._environment, self.clock)
        else:
            lab.reconnect()
        # Processes that were killed during the outage may have left unfinished objects in the store.
        lab.store.clear()
        return lab

    def _keep(self, lab: Lab) -> None:
        self._lab = lab


def _record_deaths(database: Database, deaths: Mapping[str, Outcome], clock: Callable[[], datetime]) -> None:
    for delivery_id, death in deaths.items():
        finish_attempt(database, delivery_id, Attempt(death, 0.0), receipt_due=clock())


def _ignore(_: None) -> None:
    """Ignore the answer of a call that returns None."""
