"""Check that a file has all samples that it declares, and that arrays that must be loaded as a whole fit into memory."""

from collections.abc import Iterator

from antelop.checks.check import Finding, check
from antelop.checks.examined import Examined
from antelop.recording.events import MOST_LOADED, bytes_of
from antelop.recording.samples import Samples, Written


@check
def never_written(examined: Examined) -> Iterator[Finding]:
    """Expect all samples that a file declares to be written; HDF5 returns a fill value, not a measurement, for the others."""
    for where, name, samples in _stored(examined):
        with examined.noting_damage():
            declared, written = bytes_of(samples), samples.bytes_written()
            if written < declared:
                shape = f"its {name}, of shape {samples.shape}, declares {declared} bytes, of which"
                what = f"{shape} {written} were written" if written else f"{shape} none was ever written"
                yield Finding(
                    where, what, "Write it again without what was not recorded, or copy it again if it should be whole"
                )


@check
def samples_in_holes(examined: Examined) -> Iterator[Finding]:
    """Expect no hole in the file where samples are stored: a file that was made in advance, or copied in part, has some."""
    for where, name, samples in _stored(examined):
        with examined.noting_damage():
            if missing := samples.bytes_in_holes():
                what = f"{missing} bytes of its {name} were never written to the disk, and read as zeros"
                yield Finding(where, what, "Copy it again, unless it was copied in a way that leaves out zeros")


@check
def too_large_to_load(examined: Examined) -> Iterator[Finding]:
    """Expect all tables together, and all events that must be sorted together, to fit into memory."""
    # A table is loaded as a whole when its rows become events, so it counts whether or not it is sorted.
    tables = {table.path: bytes_of(table.start, table.stop) for table in examined.intervals}
    total = 0
    for where, size in tables.items():
        total += size
        if total > MOST_LOADED:
            yield _crowded(where, size, "Write it in parts")
    _ = examined.happenings  # reading the events fills `crowded`
    for where, size in examined.crowded.items():
        yield _crowded(where, size, "Write its events in the order of their times")


def _crowded(where: str, size: int, remedy: str) -> Finding:
    return Finding(where, f"its {size} bytes have to be in memory at once, where {MOST_LOADED} are set aside for such", remedy)


def _stored(examined: Examined) -> Iterator[tuple[str, str, Written]]:
    """Yield path, name and samples of every array that comes from a file; an array that several series share comes once."""
    # The key is the object's identity: series that share an array share the object.
    named: dict[int, tuple[str, str, Samples]] = {}
    for series in [*(channel.series for channel in examined.channels), *(view.series for view in examined.views)]:
        parts = {"data": series.data, "timestamps": series.timestamps, "confidence": series.confidence}
        named |= {id(part): (series.path, name, part) for name, part in parts.items() if part is not None}
    for table in examined.intervals:
        named |= {id(part): (table.path, name, part) for name, part in (("start_time", table.start), ("stop_time", table.stop))}
    for where, name, samples in named.values():
        if isinstance(samples, Written):
            yield where, name, samples
