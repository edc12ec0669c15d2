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
    """Expect all tables together, and all events that must be loaded together, to fit into memory."""
    _ = examined.selected, examined.tables, examined.happenings  # reading them fills `crowded`
    for where, size in examined.crowded.items():
        what = f"its {size} bytes have to be in memory at once, where {MOST_LOADED} are set aside for such"
        yield Finding(where, what, "Write it in parts, and its events in the order of their times")


def _stored(examined: Examined) -> Iterator[tuple[str, str, Written]]:
    """Yield path, name and samples of every array that comes from a file; an array that several series share comes once."""
    # The key is the object's identity: series that share an array share the object.
    named: dict[int, tuple[str, str, Samples]] = {}
    for each in examined.selected:
        named |= {id(part): (each.found.path, name, part) for name, part in each.files.items()}
    for series in (view.series for view in examined.views):
        parts = {"data": series.data, "timestamps": series.timestamps, "confidence": series.confidence}
        named |= {id(part): (series.path, name, part) for name, part in parts.items() if part is not None}
    for where, name, samples in named.values():
        if isinstance(samples, Written):
            yield where, name, samples
