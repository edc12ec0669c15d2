"""Check the rows of tables of intervals: bad rows are left out or put in order, and it is said which."""

from collections.abc import Callable, Iterator
from operator import attrgetter

from antelop.checks.check import Finding, check
from antelop.checks.examined import Examined, Table
from antelop.checks.features import REMEDY
from antelop.checks.times import at
from antelop.recording.interval_rows import IntervalRows
from antelop.recording.tally import Tally

WRITER = "Check how the table was written"


@check
def table_not_finite(examined: Examined) -> Iterator[Finding]:
    """Expect every row of a table to have a start and a stop; a row without is not stored."""
    for table, rows, lost in _found(examined, attrgetter("lost")):
        what = f"{_of(lost, rows)} are left out, because their start or stop is not finite"
        yield Finding(table.where, f"{what}, the first at index {lost.first}", WRITER)


@check
def table_backward(examined: Examined) -> Iterator[Finding]:
    """Expect no row of a table to stop before it starts; a row that does is not stored."""
    for table, rows, backward in _found(examined, attrgetter("backward")):
        first = backward.first
        what = f"{_of(backward, rows)} are left out, because they stop before they start, the first at index {first}"
        yield Finding(table.where, f"{what}, from {at(table.start, first)} to {at(table.stop, first)}", WRITER)


@check
def table_without_rows(examined: Examined) -> Iterator[Finding]:
    """Expect at least one of several rows of a table to be an interval."""
    for table, rows in _tables(examined):
        # One row may be that of a trial which was cut off. If all lack a stop, the file does not tell when they ended.
        if rows.total > 1 and not len(rows.start):
            what = f"none of its {rows.total} rows has both a start and a stop after it"
            yield Finding(table.where, what, f'{REMEDY}; a "digital" feature needs no stops')


@check
def table_sorted(examined: Examined) -> Iterator[Finding]:
    """Expect the rows of a table to be in the order of their starts; if they are not, they are sorted."""
    for table, rows, unsorted in _found(examined, attrgetter("unsorted")):
        first = unsorted.first
        what = f"{_of(unsorted, rows)} are earlier than one above them, the first at index {first}"
        yield Finding(table.where, f"{what}, at {at(table.start, first)}, so the rows are sorted by time", WRITER)


@check
def table_touching(examined: Examined) -> Iterator[Finding]:
    """Expect no row of a table to stop less than a tick after the next one starts; it then stops when that starts."""
    for table, rows, touching in _found(examined, attrgetter("touching")):
        when = at(rows.start, touching.first + 1)
        what = f"{_of(touching, rows)} stop less than a tick after the next one starts, the first at {when}"
        yield Finding(table.where, f"{what}: they stop when it starts", WRITER)


@check
def table_overlap(examined: Examined) -> Iterator[Finding]:
    """Expect each row of a table to start no earlier than the row before it stops, so that starts and stops alternate."""
    for table, rows, overlapping in _found(examined, attrgetter("overlapping")):
        first = overlapping.first
        what = f"{_of(overlapping, rows)} stop after the next one has started"
        when = f"the first at {at(rows.stop, first)}, and not before {at(rows.start, first + 1)}"
        yield Finding(table.where, f"{what}, {when}", f'{REMEDY}, or take only some rows by "where"')


def _found(examined: Examined, tally: Callable[[IntervalRows], Tally]) -> Iterator[tuple[Table, IntervalRows, Tally]]:
    """Yield each table in which a tally of its rows has counted some, with its rows and the tally."""
    return ((table, rows, tally(rows)) for table, rows in _tables(examined) if tally(rows).count)


def _tables(examined: Examined) -> Iterator[tuple[Table, IntervalRows]]:
    """Yield each table whose columns are sound, with its rows."""
    return ((table, table.rows) for table in examined.tables if table.rows)


def _of(found: Tally, rows: IntervalRows) -> str:
    return f"{found.count} of {rows.total} rows"
