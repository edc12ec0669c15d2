"""Databases that are cut off, stopped or read-only while the whole service works."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from antelop.config import WorkersConfig
from antelop.lab import Lab
from antelop.queue import deliveries, jobs
from antelop.queue.pauses import LONGEST_PAUSE
from antelop.service.queue_feed import QUEUE_POLL
from antelop.worker.events import Done
from tests.daemons import Daemon, Gate, running
from tests.drops import Drop, hasten
from tests.labs import SESSION
from tests.stoppable import stoppable_lab
from tests.wires import Wire, through

Served = tuple[Lab, Mapping[str, str]]

ONE = WorkersConfig(count=1, mask_timeout=3600.0)


def go_on(daemon: Daemon, lab: Lab, gate: Gate | None, count: int) -> None:
    """Let a service go on, with every pause cut short, until there are so many sessions."""

    def ingested() -> bool:
        if gate and gate.reached():
            gate.open()
        hasten(lab)
        daemon.pool.nudge()
        return len(lab.database.Ingestion()) == count and not jobs.counts(lab.database)["total"]

    daemon.until(ingested)


@pytest.mark.parametrize("when", ["in the middle of the transaction", "before COMMIT arrives", "before its answer comes back"])
def test_the_connection_is_cut(lab: Lab, served_lab: Served, drop: Drop, wire: Wire, when: str) -> None:
    """The session is in once, whole, and answered so, and no try is spent; a COMMIT that was lost is found in the ledger."""
    gate = Gate(lab)
    environment = {**os.environ, **served_lab[1], "DB_USER": lab.database.user, "DB_PASS": served_lab[1].get("DB_PASS", "")}
    with running(replace(lab.config, database=through(wire, lab), workers=ONE), environment) as daemon:
        drop.deliver("a")
        daemon.until(gate.reached)
        if when == "in the middle of the transaction":
            wire.cut()
        else:
            wire.cut_at(b"COMMIT", delivered=when == "before its answer comes back")
        gate.open()
        go_on(daemon, lab, gate, 1)
        daemon.until(lambda: daemon.said(Done) and daemon.said(Done)[-1].state == "ingested")
    assert wire.cuts
    outcomes = list(lab.database.Attempt.to_arrays("outcome", order_by="attempt_id"))
    assert outcomes == (["ingested"] if when == "before its answer comes back" else ["unavailable", "ingested"])
    assert len(lab.database.World & SESSION) == len(lab.database.Mask & SESSION) == 1
    assert drop.answer("a")["outcome"] == "ingested"


def test_the_database_is_made_read_only(lab: Lab, served_lab: Served, drop: Drop, visitor: Callable[..., Lab]) -> None:
    """The status says so as long as it lasts, and not that the database were back; then all goes in, and no try is spent."""
    environment, config, database = os.environ | served_lab[1], lab.config, lab.database
    read_only = ["ALTER SYSTEM SET default_transaction_read_only = {}", "SELECT pg_reload_conf()"]
    if config.database:
        visitor("robot")  # whom the server does not let write then, as it does its administrators
        config = replace(config, database=replace(config.database, service="robot"))
        environment |= {"DB_USER": "robot", "DB_PASS": ""}
        read_only = ["SET GLOBAL read_only = {}"]
    else:
        database.connection.query("SET default_transaction_read_only = off")  # for this connection

    def switch(how: str) -> None:
        for statement in read_only:
            database.connection.query(statement.format(how))

    with running(replace(config, workers=ONE), environment) as daemon:
        first = drop.deliver("a", number=1)
        daemon.until_said(Done)
        switch("ON")
        try:

            def refused() -> object:
                # Again, if the server had not heard of it yet.
                deliveries.retry(database, first.delivery_id, daemon.status._started)
                daemon.pool.nudge()
                return daemon.pool.refused

            daemon.until(refused)  # only a worker has something to write
            assert daemon.written()["sentence"] == f"nothing is ingested: {daemon.pool.refused}"
            assert daemon.written()["database"] == daemon.pool.refused
            drop.deliver("b", session=42, number=2)
            daemon.until(lambda: daemon.status.database)
            because = "cannot execute INSERT in a read-only transaction"
            if config.database:
                because = "The MariaDB server is running with the --read-only option so it cannot execute this statement"
            assert daemon.status.database == f"the database is unavailable: {because}"
            with capture_logs() as logs:
                for _ in range(5):
                    daemon.ahead += QUEUE_POLL
                    daemon.step()
                    assert daemon.written()["sentence"] == f"the database is away: {daemon.status.database}"
            assert [line["event"] for line in logs if line["event"].startswith("database_")] == []
        finally:
            switch("OFF")
        daemon.ahead += QUEUE_POLL
        go_on(daemon, lab, None, 2)
        daemon.until(lambda: daemon.written()["database"] is None)
    assert set(database.Attempt.to_arrays("outcome")) <= {"ingested", "unavailable"}
    assert len(database.World()) == 2


@pytest.mark.mariadb
def test_the_database_is_stopped_for_longer_than_any_pause(tmp_path: Path, prototype: Path) -> None:
    """What was in the middle of an ingest and what has come meanwhile go in, and no try is spent."""
    with stoppable_lab("mysql", tmp_path, prototype) as stoppable:
        server, drop = stoppable.server, stoppable.drop
        with stoppable.connect() as lab:
            gate = Gate(lab)
        with running(stoppable.config, stoppable.environment) as daemon:
            drop.deliver("a", number=1)
            daemon.until(gate.reached)
            server.stop()
            gate.open()
            drop.deliver("b", session=42, number=2)
            daemon.until(lambda: daemon.pool.refused and daemon.status.database)
            for _ in range(10):
                daemon.ahead += LONGEST_PAUSE
                daemon.step()
                assert daemon.written()["sentence"].startswith("the database is away: cannot connect to the database at ")
            server.start()
            daemon.ahead += QUEUE_POLL
            with stoppable.connect() as lab:
                go_on(daemon, lab, gate, 2)
                assert set(lab.database.Attempt.to_arrays("outcome")) <= {"ingested", "unavailable"}
                assert len(lab.database.World()) == 2
