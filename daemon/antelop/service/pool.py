"""The workers of a service: child processes, replaced after some deliveries, or when they hang, use too much memory or die."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from antelop.backoff import Backoff
from antelop.config import Config
from antelop.outcome import Outcome
from antelop.service.worker_process import WorkerProcess
from antelop.worker.events import Answered, Died, Done, Event, Orders, Postponed, Ready, Skipped

SHORT_LIFE, LONGEST_RESTART = 10.0, 300.0
"""Seconds: the first and the longest pause before a worker is started in the place of one that died within `SHORT_LIFE` of its
start. The pause grows until a worker has finished a delivery, so a broken installation does not start workers in a loop."""


class WorkerPool:
    """As many workers as the configuration says; no method waits for a worker.

    Parameters
    ----------
    config
        How many workers there are, and their configuration.
    environment
        Their environment variables, with the credentials of the database.

    Attributes
    ----------
    workers
        The worker processes, those that were killed and have not ended yet included.
    deaths
        The outcomes of attempts whose worker died, by delivery, until another worker has recorded them.
    """

    def __init__(self, config: Config, environment: Mapping[str, str]) -> None:
        self.workers: list[WorkerProcess] = []
        self.deaths: dict[str, Outcome] = {}
        self._config = config
        self._environment = environment
        self._folders: list[str] = []
        self._restart = Backoff(SHORT_LIFE, LONGEST_RESTART)

    @property
    def refused(self) -> str | None:
        """Why workers cannot use the database; None if they can."""
        return next((worker.refused for worker in self.workers if worker.refused), None)

    def fill(self, now: float, absent: Collection[str]) -> None:
        """Start the workers that are missing. One that an absent folder blocks, or that does not die, counts as missing.

        Parameters
        ----------
        now
            Monotonic seconds.
        absent
            The folders that cannot be read.
        """
        able = [
            worker
            for worker in self.workers
            if not worker.fault and not (worker.job is not None and worker.job.folder in absent)
        ]
        # Only idle workers end early: a busy one would have to roll back its ingest.
        surplus = len(able) - self._config.workers.count
        if surplus > 0:
            for worker in [worker for worker in able if worker.ready and worker.job is None][:surplus]:
                worker.end()
        # The backoff keeps a worker that dies at its start from being restarted in a loop.
        if not self._restart.left(now):
            for _ in range(-surplus):
                self.workers.append(WorkerProcess.start(self._config, self._environment, now))

    def take_from(self, folders: Collection[str]) -> None:
        """Let workers claim deliveries from these folders only."""
        if sorted(folders) != self._folders:
            self._folders = sorted(folders)
            for worker in self.workers:
                self._order(worker)

    def report_death(self, delivery_id: str, death: Outcome) -> None:
        """Tell the other workers how a worker died, so that one of them finishes its attempt."""
        self.deaths[delivery_id] = death
        for worker in self.workers:
            self._order(worker)

    def nudge(self) -> None:
        """Wake idle workers: there is a new job, or the database can be reached again."""
        for worker in self.workers:
            if worker.job is None:
                self._order(worker, retry=True)

    def reconsider(self) -> None:
        """Let one idle worker compare the inputs of rejected deliveries."""
        for worker in self.workers:
            if worker.ready and worker.job is None:
                self._order(worker, reconsider=True)
                return

    def sources(self) -> list[WorkerProcess]:
        """Return the workers that may send something, to wait for with `select`."""
        return [worker for worker in self.workers if worker.fileno() >= 0]

    def listen(self, now: float) -> Iterator[Event]:
        """Yield the events of the workers, and `Died` for each that has died."""
        for worker in list(self.workers):
            ended = worker.process.poll() is not None  # asked before reading, so that its last messages are not missed
            worker.link.flush()
            for event in worker.link.receive():
                worker.hear(event, now)
                match event:
                    case Ready():
                        self._order(worker)
                    # A worker got through a delivery, so workers do not die at their start; and a death of it is recorded.
                    case Done() | Skipped() | Answered() | Postponed():
                        self.deaths.pop(event.delivery.delivery_id, None)
                        self._restart.succeed()
                yield event
            if ended:
                self.workers.remove(worker)
                worker.link.close()
                if worker.ending:
                    if now - worker.started < SHORT_LIFE:
                        self._restart.fail(now)
                    yield Died(worker.job, worker.ending)

    def enforce(self, now: float) -> None:
        """Kill workers that take too long or have become too large."""
        limits = self._config.workers
        for worker in self.workers:
            if worker.fault:
                continue
            memory = worker.memory
            if worker.job is not None and now - worker.since > limits.timeout:
                worker.kill(f"it took longer than {limits.timeout:g} s ([workers] timeout)")
            elif memory > limits.memory:
                worker.kill(f"it used {memory >> 20} MiB of memory, more than {limits.memory >> 20} ([workers] memory)")

    def reconfigure(self, config: Config) -> None:
        """Let every worker finish its delivery, and replace it by one with another configuration."""
        self._config = config
        self.release()

    def release(self) -> None:
        """Let every worker finish its delivery, and end."""
        for worker in self.workers:
            worker.end()

    def kill(self) -> None:
        """Kill every worker; their transactions are rolled back."""
        for worker in self.workers:
            worker.kill("the service was stopped")

    def status(self, now: float) -> list[dict[str, Any]]:
        """Return, for JSON, what each worker does."""
        return [worker.status(now) for worker in self.workers]

    def _order(self, worker: WorkerProcess, *, reconsider: bool = False, retry: bool = False) -> None:
        """Send a worker its orders; one that is not ready gets them when it is."""
        if worker.ready:
            worker.link.send(Orders(self._folders, self.deaths, reconsider, retry))
