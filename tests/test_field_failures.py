"""What happens in the field, and that there is a test for each of it: found by its name, ``test_field_NN_…``."""

import re
from pathlib import Path

import pytest

FAILURES = [
    "no events on SMB or NFS",
    "polling stops for good after an outage of the share",
    "an unmounted share looks empty",
    "a missing watch directory is created",
    "an overflow of inotify's queue is ignored",
    "files that arrive while the watcher restarts are missed",
    "files in a new or moved-in directory are missed",
    "a half-written file is ingested, and again when it is complete",
    "a slow writer outlasts the wait and is never tried again",
    "the scan at start-up skips the settle time",
    "one file is queued many times",
    "a transient failure is never retried",
    "a stale lock blocks a file for ever",
    "two workers take one job",
    "a name or an inode is used as identity",
    "mtime lies",
    "the source is removed before COMMIT",
    "a partial insert is reported as success",
    "the connection is lost in the middle of a transaction",
    "HDF5's lock fails on NFS",
    "a crashed writer leaves its mark, or a truncated file",
    "a hung share puts the reader to sleep",
    "junk lies beside data",
    "memory grows over weeks",
    "the wrong animal, a session over midnight, the same session twice",
    "a manifest is read while it is written",
]
"""Each has happened to a project of this kind."""

TESTED = {
    int(number)
    for path in Path(__file__).parent.glob("test_*.py")
    for number in re.findall(r"^def test_field_(\d\d)_", path.read_text(), re.MULTILINE)
}


@pytest.mark.parametrize("number", range(1, len(FAILURES) + 1), ids=FAILURES)
def test_each_has_a_test(number: int) -> None:
    """So that nobody takes one away unnoticed."""
    assert number in TESTED


def test_no_other_number_is_used() -> None:
    """Each test is of one of them."""
    assert set(range(1, len(FAILURES) + 1)) >= TESTED
