"""What has stopped changing; the tests own the time."""

import sys

import pytest

from antelop.dropfolder.settle import Progress, Settling, Stat

FILE = Stat(size=1000, mtime_ns=5, ctime_ns=5, inode=7)


def test_a_file_settles_when_it_has_not_changed_for_the_settle_time() -> None:
    """Every look before the time is up says no, the first one after it yes."""
    settling = Settling(10.0)
    assert [settling.observe("x.nwb", FILE, now).settled for now in (100.0, 105.0, 109.9, 110.0)] == [False, False, False, True]


@pytest.mark.parametrize(
    "change",
    [{"size": 999}, {"mtime_ns": 6}, {"mtime_ns": 4}, {"ctime_ns": 6}, {"inode": 8}],
    ids=["size", "later mtime", "earlier mtime", "ctime", "inode"],
)
def test_any_change_begins_the_wait_anew(change: dict[str, int]) -> None:
    """A rewrite in place, a touched file and another file renamed over it all count as changes."""
    settling = Settling(10.0)
    settling.observe("x.nwb", FILE, 100.0)
    changed = FILE._replace(**change)
    assert settling.observe("x.nwb", changed, 110.0) == Progress(settled=False, seen=100.0, changed=110.0, rate=0.0)
    assert not settling.observe("x.nwb", changed, 119.0).settled
    assert settling.observe("x.nwb", changed, 120.0).settled


def test_field_10_files_found_at_start_up_wait_like_all_others() -> None:
    """A file that is years old by its own account has not settled at the first look."""
    settling = Settling(10.0)
    assert not settling.observe("old.nwb", FILE, 0.0).settled
    assert settling.observe("old.nwb", FILE, 10.0).settled


@pytest.mark.parametrize("mtime_ns", [0, 1 << 62], ids=["1970", "in the far future"])
def test_field_16_an_mtime_that_lies_neither_hastens_nor_delays(mtime_ns: int) -> None:
    """An old or a future mtime makes no difference: times are compared with themselves only."""
    settling = Settling(10.0)
    lying = FILE._replace(mtime_ns=mtime_ns)
    assert [settling.observe("x.nwb", lying, now).settled for now in (0.0, 9.0, 10.0)] == [False, False, True]


def test_field_09_a_slow_writer_is_waited_for_as_long_as_it_takes() -> None:
    """A block every nine seconds, for a day, keeps the file unsettled; ten seconds after the last one it settles."""
    settling = Settling(10.0)
    for block in range(0, 86_400, 9):
        progress = settling.observe("x.nwb", FILE._replace(size=block), float(block))
        assert not progress.settled
    assert settling.observe("x.nwb", FILE._replace(size=block), block + 10.0).settled


def test_growth_is_told_with_its_rate_until_half_of_the_wait_is_over() -> None:
    """The rate is the mean over the growth; a file that was only touched, or first seen, does not grow."""
    settling = Settling(10.0)
    assert settling.observe("x.nwb", FILE, 0.0).rate == 0.0
    assert settling.observe("x.nwb", FILE._replace(size=3000), 1.0).rate == 2000.0
    grown = FILE._replace(size=9000)
    assert settling.observe("x.nwb", grown, 4.0).rate == 2000.0
    assert settling.observe("x.nwb", grown, 8.9).rate == 2000.0
    assert settling.observe("x.nwb", grown, 9.0).rate == 0.0


def test_the_rate_of_a_rewritten_file_counts_from_the_rewrite() -> None:
    """A file that shrank, or was replaced, began to grow then."""
    settling = Settling(10.0)
    settling.observe("x.nwb", FILE, 0.0)
    assert settling.observe("x.nwb", FILE._replace(size=10), 50.0).rate == 0.0
    assert settling.observe("x.nwb", FILE._replace(size=110), 52.0).rate == 50.0
    assert settling.observe("x.nwb", FILE._replace(size=5000, inode=8), 60.0).rate == 0.0


def test_a_settle_time_of_nothing_settles_at_once() -> None:
    """Where a lab asks for no wait there is none."""
    assert Settling(0.0).observe("x.nwb", FILE, 3.0).settled


def test_files_that_are_gone_are_forgotten() -> None:
    """What is not kept begins anew when it comes back; what is kept goes on."""
    settling = Settling(10.0)
    for name in ("gone.nwb", "here.nwb"):
        settling.observe(name, FILE, 0.0)
    settling.keep({"here.nwb"})
    assert settling.observe("gone.nwb", FILE, 10.0) == Progress(settled=False, seen=10.0, changed=10.0, rate=0.0)
    assert settling.observe("here.nwb", FILE, 10.0).settled


def test_looking_often_takes_no_more_memory_than_looking_once() -> None:
    """A file is remembered by what it is now, not by its history."""
    settling = Settling(10.0)
    for look in range(1000):
        settling.observe("x.nwb", FILE._replace(size=look), float(look))
    (remembered,) = settling._observed.values()
    assert sys.getsizeof(remembered) < 100
    assert not hasattr(remembered, "__dict__")
