"""Tests that need what this machine does not have are left out, and the last lines of a run say which, and what to do.

A test says what it needs by a mark: ``@pytest.mark.mariadb``. Where ``ANTELOP_REQUIRE_ALL`` is set, nothing may be left out.
"""

import os
import shutil
from collections.abc import Iterator

import pytest

from tests import servers
from tests.data import RECORDINGS

NEEDS = {
    "mariadb": (servers.available(), "MariaDB's programs: apt-get install mariadb-server-core mariadb-client-core"),
    "root": (os.geteuid() == 0, "root, who starts the embedded database as another user: run the tests as root too"),
    "systemd": (shutil.which("systemd-analyze") is not None, "systemd's programs: apt-get install systemd"),
    "openssl": (shutil.which("openssl") is not None, "openssl, which makes a certificate: apt-get install openssl"),
    "recordings": (RECORDINGS.is_dir(), f"the recordings in {RECORDINGS}"),
}
MISSING = {mark: need for mark, (there, need) in NEEDS.items() if not there}


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks, and refuse to run if something would be left out and may not."""
    for mark, (_, need) in NEEDS.items():
        config.addinivalue_line("markers", f"{mark}: needs {need}")
    if MISSING and os.environ.get("ANTELOP_REQUIRE_ALL"):
        raise pytest.UsageError("ANTELOP_REQUIRE_ALL is set, and these are missing: " + "; ".join(MISSING.values()))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that need what is missing."""
    left_out = [item for item in items if any(item.get_closest_marker(mark) for mark in MISSING)]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """Say after everything else what was left out."""
    yield
    if reporter := session.config.pluginmanager.get_plugin("terminalreporter"):
        for need in MISSING.values():
            reporter.write_line(f"LEFT OUT: the tests that need {need}", yellow=True)
