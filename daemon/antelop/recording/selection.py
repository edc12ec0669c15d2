"""Find in a recording what a rig names: a series, a column of it, or rows of a table, as a series or as intervals."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from antelop.formats.rig import Feature, Value
from antelop.recording.columns import Column, Table
from antelop.recording.events import MOST_LOADED
from antelop.recording.recording import Intervals, Recording, Series
from antelop.recording.rows import Rows, Unfit, column_of, numbers_of, usual_time
from antelop.recording.samples import Samples
from antelop.recording.texts import Texts
from antelop.recording.views import Clock, Ones, Part
from antelop.wording import quoted

VALUE = "value"
"""What ``where`` calls the data of a series."""


@dataclass(frozen=True)
class Selected:
    """What a feature of a rig names.

    Attributes
    ----------
    feature
        The feature.
    found
        A series, or the intervals of a table.
    files
        By name, the samples of the file of which it is made.
    times
        Those of `files` that are times.
    unmatched
        Columns and values of ``where`` that no row has.
    loaded
        Bytes of it that are in memory.
    """

    feature: Feature
    found: Series | Intervals
    files: Mapping[str, Samples]
    times: tuple[str, ...]
    unmatched: tuple[tuple[str, Value], ...] = ()
    loaded: int = 0


def select(recording: Recording, feature: Feature, room: int = MOST_LOADED) -> Selected | None:
    """Return what a feature names; None if the file does not have it.

    Parameters
    ----------
    recording, feature
        The recording, with its file open, and a feature of the rig.
    room
        Bytes that columns may have if they have to be loaded.

    Raises
    ------
    Unfit
        If the object is there, but does not have what the source of the feature names.
    TooLarge
        If columns have to be loaded and have more bytes than `room`.
    """
    path = feature.path or ""
    if table := recording.tables.get(path):
        return _of_table(table, feature, room)
    if series := recording.series.get(path):
        return _of_series(series, feature, room)
    # A path may go on into the object: its last part is then the name of a column.
    holder, _, name = path.rpartition("/")
    outer = recording.tables.get(holder) or recording.series.get(holder)
    if outer is None or feature.column is not None or name not in outer.columns:
        return None
    inner = replace(feature, column=name)
    return _of_table(outer, inner, room) if isinstance(outer, Table) else _of_series(outer, inner, room)


def _of_table(table: Table, feature: Feature, room: int) -> Selected:
    """Return rows of a table."""
    if feature.data_type == "kinematics":
        raise Unfit(f"it is a table ({table.neurodata_type}), and kinematics are a series", "Correct the rig's data_type")
    if isinstance(feature.column, int):
        raise Unfit(f"it has no column {feature.column}: the columns of a table have names", "Write the name of the column")
    rows = Rows(table.columns, feature.where, feature.time or usual_time(table.columns), room)
    if feature.data_type == "interval":
        return _intervals(table, feature, rows)
    times = rows.times()
    values, labels = rows.values(feature.column) if feature.column else (Ones(times.shape[0]), {})
    unit = getattr(rows.read[feature.column], "unit", "") if feature.column else ""
    found = Series(table.path, table.neurodata_type, values, times, unit, labels=labels)
    return _selected(feature, found, rows, (rows.time,))


def _intervals(table: Table, feature: Feature, rows: Rows) -> Selected:
    """Return the rows of a table as intervals: they have a stop, or a duration."""
    start = rows.times()
    if "stop_time" in table.columns:
        stop, last = rows.values("stop_time").numbers, "stop_time"
    elif "duration" in table.columns:
        duration, last = rows.values("duration").numbers, "duration"
        rows.take(duration)
        if duration.shape != start.shape:
            raise Unfit(
                f"it has times of shape {start.shape} and durations of shape {duration.shape}", "Write one for each row"
            )
        stop = start[:] + duration[:]
    else:
        raise Unfit('it has no column "stop_time" or "duration"', 'Write "digital" as the data_type, or correct the recording')
    return _selected(feature, Intervals(table.path, start, stop), rows, (rows.time, last))


def _selected(feature: Feature, found: Series | Intervals, rows: Rows, times: tuple[str, ...]) -> Selected:
    return Selected(feature, found, rows.read, times, tuple(rows.unmatched), rows.loaded)


def _of_series(series: Series, feature: Feature, room: int) -> Selected:
    """Return a series, or a column of it, and only some values of events."""
    parts = {"data": series.data, "timestamps": series.timestamps, "confidence": series.confidence}
    if feature.column is not None:
        series = _column(series, feature.column)
        if isinstance(feature.column, str):
            parts = {feature.column: series.data, "timestamps": series.timestamps}
    files = {name: samples for name, samples in parts.items() if samples is not None}
    if feature.data_type != "digital":
        _expect_choice(feature, series)
        return Selected(feature, series, files, ("timestamps",))
    if _is_without_data(series):
        series = replace(series, data=Ones(series.timestamps.shape[0]))  # type: ignore[union-attr]  # it has times
    data, times = series.values, series.timestamps
    if data is None or times is None or not (feature.where or isinstance(data, Texts)):
        return Selected(feature, series, files, ("timestamps",))
    # Events with some values, or whose values are texts, are the rows of a table of two columns.
    columns = {"timestamps": Column(times), VALUE: Column(data, series.labels)}
    rows = Rows(columns, {_as_value(name): wanted for name, wanted in feature.where.items()}, "timestamps", room)
    values, labels = rows.values(VALUE)
    chosen = replace(series, data=values, timestamps=rows.times(), labels=labels, **_UNSCALED)
    return Selected(feature, chosen, files, ("timestamps",), tuple(rows.unmatched), rows.loaded)


_UNSCALED: dict[str, Any] = {"conversion": 1.0, "offset": 0.0, "channel_conversion": ()}


def _is_without_data(series: Series) -> bool:
    """Tell whether a series is of a type of events that has only times, such as Events of ndx-events."""
    return (
        series.data is None
        and series.timestamps is not None
        and not isinstance(series.timestamps, Clock)
        and not series.neurodata_type.endswith("Series")
        and "data" not in series.columns
    )


def _column(series: Series, column: str | int) -> Series:
    """Return one column of the data of a series, or another dataset of it, with its times."""
    if isinstance(column, str):
        samples, labels = column_of(series.columns, column)
        unit = getattr(samples, "unit", "")
        return replace(series, data=samples, labels=labels, unit=unit, channels=None, confidence=None, **_UNSCALED)
    shape = series.data.shape if series.data is not None else ()
    columns = shape[1] if len(shape) == 2 else 1  # noqa: PLR2004  # rows and columns
    if series.data is None or len(shape) not in (1, 2) or column >= columns:
        raise Unfit(f"it has no column {column}: its data have the shape {shape}", "Write the number of a column, from 0")
    factors = series.channel_conversion
    own = (factors[column],) if len(factors) == columns else factors
    data = series.data if len(shape) == 1 else Part(series.data, column)
    return replace(series, data=data, channel_conversion=own, channels=None, confidence=None)


def _as_value(name: str) -> str:
    """Return the name of the data of a series in ``where``; raise `Unfit` for another one."""
    if name not in (VALUE, "data"):
        raise Unfit(f"it is a series, and has no column {quoted(name)}", f'Write "where": {{"{VALUE}": …}}')
    return VALUE


def _expect_choice(feature: Feature, series: Series) -> None:
    """Raise `Unfit` if a feature takes some values of a series, which only events and intervals have."""
    if feature.where and feature.data_type != "interval":
        raise Unfit(f"it is a series of {feature.data_type} data, of which all samples are taken", 'Leave out "where"')
    wanted_values(feature, series)


def wanted_values(feature: Feature, series: Series) -> list[float]:
    """Return the numbers that an interval feature takes of a series; none if it takes all. Raise `Unfit` as `select` does."""
    if not feature.where:
        return []
    wanted = {_as_value(name): values for name, values in feature.where.items()}[VALUE]
    # A text that no number stands for is matched by nothing, and does not mean all.
    return [number for value in wanted for number in numbers_of(value, series.labels)] or [float("nan")]
