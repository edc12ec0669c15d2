"""The daemon: the loop that waits and calls `Service.tick`, and what signals do to it."""

import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime

import structlog

from antelop.config import Config
from antelop.errors import Misconfigured
from antelop.service.service import Service
from antelop.service.systemd import Notifier

log = structlog.get_logger()

TICK = 1.0
"""Seconds between two passes of the service if nothing happens."""

ENDING = (signal.SIGTERM, signal.SIGINT)


def run(load: Callable[[], Config], environment: Mapping[str, str], clock: Callable[[], datetime]) -> None:
    """Run the service until it is told to stop.

    SIGTERM and SIGINT stop it when the running ingests have finished; a second one rolls them back. SIGHUP reads the
    configuration again; if the new one is wrong, the old one stays in use.

    Parameters
    ----------
    load
        Reads and checks the configuration.
    environment
        Environment variables.
    clock
        Returns the time by the wall clock, with its zone.
    """
    with _signals() as (heard, wakened):
        notifier = Notifier(environment, os.getpid())
        service = Service(_warned(load()), environment, time.monotonic(), clock)
        # The first pass comes before `ready`: a database that refuses the service is an error of its start.
        service.tick(time.monotonic())
        notifier.ready(service.status.sentence())
        log.info("ready")
        while not any(map(heard.count, ENDING)):
            if signal.SIGHUP in heard:
                heard.remove(signal.SIGHUP)
                notifier.reloading(time.monotonic())
                _reload(service, load)
                notifier.ready(service.status.sentence())
            service.tick(time.monotonic())
            notifier.alive(service.status.sentence())
            # A signal wakes the loop too. With a backlog the next pass follows at once.
            select.select([wakened, *service.sources()], [], [], 0 if service.behind else TICK)
            with suppress(BlockingIOError):
                wakened.recv(4096)
        log.info("stopping")
        notifier.stopping("stopping: waiting for running ingests")
        # The second signal to end rolls back what still runs.
        service.stop(lambda: sum(map(heard.count, ENDING)) > 1)
        log.info("stopped")


def _reload(service: Service, load: Callable[[], Config]) -> None:
    """Read the configuration again, and use it unless it is wrong."""
    try:
        service.reload(_warned(load()), time.monotonic())
    except Misconfigured as misconfigured:
        log.error("configuration_wrong", sentence=str(misconfigured))  # noqa: TRY400  # a mistake in a file needs no traceback


def _warned(config: Config) -> Config:
    """Log what is doubtful in a configuration, and return it."""
    for warning in config.warnings:
        log.warning("configuration_doubtful", sentence=str(warning))
    return config


@contextmanager
def _signals() -> Iterator[tuple[list[int], socket.socket]]:
    """Yield the signals that have arrived, and a socket that becomes readable when one arrives."""
    heard: list[int] = []
    ours, theirs = socket.socketpair()
    before = {}
    with ours, theirs:
        for end in (ours, theirs):
            end.settimeout(0)
        # After a signal Python continues to wait in `select` (PEP 475). The socket makes it return.
        signal.set_wakeup_fd(theirs.fileno())
        try:
            for number in (*ENDING, signal.SIGHUP):
                before[number] = signal.signal(number, lambda number, _: heard.append(number))
            yield heard, ours
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(-1)
