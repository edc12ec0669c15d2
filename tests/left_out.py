"""Tests that need what this machine does not have are left out, and the last lines of a run name them, and say what to do.

A test says what it needs by a mark, ``@pytest.mark.mariadb``, or by taking the fixture of that name, as `recordings`. Where
``ANTELOP_REQUIRE_ALL`` is set, nothing may be left out.
"""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests import networks, servers
from tests.data import RECORDINGS
from tests.field_cases import FIELD_CASES

NEEDS = {
    "mariadb": (servers.available(), "MariaDB's programs: apt-get install mariadb-server-core mariadb-client-core"),
    "mariadb_dump": (shutil.which("mariadb-dump") is not None, "mariadb-dump: apt-get install mariadb-client"),
    "root": (os.geteuid() == 0, "root, who starts the embedded database as another user: run the tests as root too"),
    "systemd": (shutil.which("systemd-analyze") is not None, "systemd's programs: apt-get install systemd"),
    "postgresql": (
        (servers.newest_postgresql() / "postgres").exists(),
        "a PostgreSQL server that listens on the network: apt-get install postgresql",
    ),
    "network": (networks.available(), "network namespaces: run the tests as root, and apt-get install iproute2 iptables"),
    "pgbouncer": (shutil.which("pgbouncer") is not None, "a connection pooler: apt-get install pgbouncer"),
    "openssl": (shutil.which("openssl") is not None, "openssl, which makes a certificate: apt-get install openssl"),
    "field_case": (
        FIELD_CASES.is_dir(),
        f"the cases in {FIELD_CASES}: set ANTELOP_FIELD_CASES to the folder that has them",
    ),
    "recordings": (RECORDINGS.is_dir(), f"the recordings in {RECORDINGS}: set ANTELOP_RECORDINGS to the folder that has them"),
}
MISSING = {mark: need for mark, (there, need) in NEEDS.items() if not there}

LEFT_OUT = pytest.StashKey[dict[str, list[str]]]()
"""The tests that were left out, by the mark of what they need; one with many parameters has one name."""


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks, and refuse to run if something would be left out and may not."""
    for mark, (_, need) in NEEDS.items():
        config.addinivalue_line("markers", f"{mark}: needs {need}")
    if MISSING and os.environ.get("ANTELOP_REQUIRE_ALL"):
        raise pytest.UsageError("ANTELOP_REQUIRE_ALL is set, and these are missing: " + "; ".join(MISSING.values()))
    config.stash[LEFT_OUT] = {}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that need what is missing."""
    left_out = {item: mark for item in items for mark in MISSING if _needs(item, mark)}
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=list(left_out))
    for item, mark in left_out.items():
        named = config.stash[LEFT_OUT].setdefault(mark, [])
        if (name := item.nodeid.partition("[")[0]) not in named:
            named.append(name)


def _needs(item: pytest.Item, mark: str) -> bool:
    """Tell whether a test needs something."""
    return item.get_closest_marker(mark) is not None or mark in getattr(item, "fixturenames", ())


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker of pytest-xdist has left out: they all collect the same tests."""
    node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out") or node.config.stash[LEFT_OUT]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """Say after everything else what was left out."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["left_out"] = session.config.stash[LEFT_OUT]
    yield
    if reporter := session.config.pluginmanager.get_plugin("terminalreporter"):
        for mark, names in session.config.stash[LEFT_OUT].items():
            reporter.write_line(f"LEFT OUT: the tests that need {NEEDS[mark][1]}", yellow=True)
            for name in names:
                reporter.write_line(f"  {name}")
