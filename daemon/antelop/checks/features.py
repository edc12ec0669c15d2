"""Checks that what the rig names is in the file, with data and times of a type and shape that can be stored."""

from collections.abc import Iterator

from antelop.checks.channel import are_times, numeric, runs
from antelop.checks.check import Finding, check
from antelop.checks.examined import Examined
from antelop.formats.rig import Feature
from antelop.recording.recording import Recording
from antelop.recording.samples import Samples
from antelop.recording.views import Clock
from antelop.wording import nearest, printable, quoted, storable

REMEDY = "Correct the recording, or take the feature out of the rig"

INSTALL = "Install it where antelop runs, by pip install 'antelop-ingest[filters]', and try again; or write it again with gzip"

UNITS = {"analog", "digital"}
"""Data types that are stored with their unit."""

LONGEST = {"unit": 100, "identifier": 255, "object_id": 64}
"""Largest number of characters of each text of the file, as the tables' columns take it."""


@check
def feature_missing(examined: Examined) -> Iterator[Finding]:
    """Expect the file to have everything that the rig names."""
    there = {each.feature.path for each in examined.selected} | examined.unfit.keys() | examined.crowded.keys()
    for feature in examined.rig.features:
        if feature.path is not None and feature.path not in there:
            with examined.noting_damage():
                yield from _missing(feature.path, feature, examined.recording)


def _missing(where: str, feature: Feature, recording: Recording) -> Iterator[Finding]:
    # What is damaged is there, and looking it up says so. A filter that is not installed is told by `filter_missing`.
    if where in recording.series or where in recording.tables:
        return
    if where in recording.uninstalled:
        return
    if reason := recording.others.get(where):
        what = f"what the file has there is not a time series that can be stored: {printable(reason)}"
        yield Finding(where, what, REMEDY)
        return
    # The same name in another place of the file is more likely meant than a path with similar letters.
    paths = [path for path, found in recording.listed.items() if found.form]
    elsewhere = (path for path in paths if path.endswith(f"/{feature.name}"))
    near = next(elsewhere, None) or nearest(where, paths)
    remedy = f"The file has {printable(near)}: correct the rig, or the recording" if near else REMEDY
    yield Finding(where, "the rig names it and the file does not have it", remedy)


@check
def source_unusable(examined: Examined) -> Iterator[Finding]:
    """Expect a series or table to have the columns that the rig's source names, and texts that can be categories."""
    _ = examined.selected  # reading them fills `unfit`
    for where, unfit in examined.unfit.items():
        yield Finding(where, unfit.what, unfit.remedy)


@check
def where_unmatched(examined: Examined) -> Iterator[Finding]:
    """Expect the file to have each value by which the rig's source chooses rows."""
    remedy = "Check how the file writes it, unless it did not happen in this session"
    for each in examined.selected:
        for column, value in each.unmatched:
            what = f"no row has {quoted(value)} in its column {quoted(column)}"
            yield Finding(each.found.path, what, remedy)
    for where, _, events, _, wanted in examined.happenings:
        if wanted and not events.data.shape[0]:
            yield Finding(where, "no value is of the kind that the rig's source names", remedy)


@check
def filter_missing(examined: Examined) -> Iterator[Finding]:
    """Expect what the rig names to be compressed with filters that are installed."""
    for path in (*(feature.path for feature in examined.rig.features), *(camera.path for camera in examined.rig.videos)):
        with examined.noting_damage():
            missing = examined.recording.uninstalled.get(path) if path else None
            if path and missing:
                remedy = INSTALL if missing.extra else "Write it again with gzip"
                yield Finding(path, f"its {missing.member} is compressed with {missing.filter}, which is not installed", remedy)


@check
def data_missing(examined: Examined) -> Iterator[Finding]:
    """Expect a series to have data."""
    for _, series in examined.channels:
        if series.data is None:
            what = "it names external videos and has no data" if series.videos else "it has no data"
            yield Finding(series.path, what, REMEDY)


@check
def data_not_numeric(examined: Examined) -> Iterator[Finding]:
    """Expect data to be numbers, not text."""
    for _, series in examined.channels:
        if series.data is not None and not numeric(series.data):
            yield Finding(series.path, f"its data are {_kind(series.data)}, not numbers", REMEDY)


@check
def data_shape(examined: Examined) -> Iterator[Finding]:
    """Expect the shape of data to be one that their data type allows."""
    for channel in examined.channels:
        feature, series = channel
        if series.data is not None and not channel.shaped:
            what = f"its data have the shape {series.data.shape}, and {feature.data_type} data are {channel.shapes}"
            remedy = "Correct the recording, or the data_type that the rig gives the feature"
            if feature.data_type in ("digital", "interval") and len(series.data.shape) == 2:  # noqa: PLR2004  # of columns
                remedy += ', or name one column in its source, such as "column": 0'
            yield Finding(series.path, what, remedy)


@check
def channels_other(examined: Examined) -> Iterator[Finding]:
    """Expect as many channels as the file's electrodes, ROIs or other regions of a table tell."""
    for where, shape, channels in _signals(examined):
        if channels not in {None, shape[1]}:
            turned = ", as if time were its second dimension" if channels == shape[0] else ""
            what = f"it has {shape[1]} channels, and refers to {channels} electrodes, ROIs or other rows of a table{turned}"
            yield Finding(where, what, "Write it with samples as rows, and a channel for each row that it refers to")


@check
def channels_outnumber(examined: Examined) -> Iterator[Finding]:
    """Expect more samples than channels; otherwise rows and columns are probably exchanged."""
    for where, shape, channels in _signals(examined):
        # Where the file tells the number of channels, that decides.
        if channels is None and 0 < shape[0] < shape[1]:
            what = f"it has {shape[0]} samples of {shape[1]} channels, as if time were its second dimension"
            yield Finding(where, what, "Write it with samples as rows and channels as columns")


@check
def confidence_shape(examined: Examined) -> Iterator[Finding]:
    """Expect one confidence value, a number, for each position."""
    for feature, series in examined.channels:
        data, confidence = series.data, series.confidence
        if feature.data_type == "kinematics" and data is not None and confidence is not None:
            if not numeric(confidence):
                yield Finding(series.path, f"its confidence is {_kind(confidence)}, not numbers", REMEDY)
            elif confidence.shape != data.shape[:1]:
                yield Finding(
                    series.path, f"its confidence has the shape {confidence.shape}, for positions of {data.shape}", REMEDY
                )


@check
def times_missing(examined: Examined) -> Iterator[Finding]:
    """Expect a series to have timestamps or a rate."""
    for _, series in examined.channels:
        if series.timestamps is None:
            yield Finding(series.path, "it has neither timestamps nor a rate", REMEDY)


@check
def times_not_numeric(examined: Examined) -> Iterator[Finding]:
    """Expect times to be numbers of shape (n,)."""
    for where, times in examined.timed:
        if not isinstance(times, Clock) and not are_times(times):
            what = f"have the shape {times.shape}, and not (n,)" if numeric(times) else f"are {_kind(times)}, not numbers"
            yield Finding(where, f"its times {what}", REMEDY)


@check
def rate_unusable(examined: Examined) -> Iterator[Finding]:
    """Expect a rate above 0 and a finite starting_time."""
    for where, times in examined.timed:
        if isinstance(times, Clock) and not runs(times):
            yield Finding(where, f"its rate is {times.rate:g} Hz, from a starting_time of {times.start:g} s", REMEDY)


@check
def lengths_differ(examined: Examined) -> Iterator[Finding]:
    """Expect a time for each sample, and a stop for each start."""
    for _, series in examined.channels:
        data, times = series.data, series.timestamps
        if data is not None and times is not None and data.shape and times.shape and data.shape[0] != times.shape[0]:
            yield Finding(series.path, f"it has {data.shape[0]} samples and {times.shape[0]} times", REMEDY)
    for table in examined.tables:
        if table.start.shape != table.stop.shape:
            yield Finding(
                table.where, f"its start_time has the shape {table.start.shape}, its stop_time {table.stop.shape}", REMEDY
            )


@check
def text_unusable(examined: Examined) -> Iterator[Finding]:
    """Expect the file's identifiers and units to fit into the tables."""
    recording = examined.recording
    texts = [("", "identifier", recording.identifier), ("", "object_id", recording.object_id)]
    # Only some tables have a column for the unit; a unit that is not stored may be anything.
    texts += [(series.path, "unit", series.unit) for feature, series in examined.channels if feature.data_type in UNITS]
    for where, name, text in texts:
        if len(text) > LONGEST[name]:
            remedy = f"Give it one of at most {LONGEST[name]} characters"
            yield Finding(where, f"its {name} {quoted(text)} has {len(text)} characters", remedy)
        elif not storable(text):
            yield Finding(where, f"its {name} {quoted(text)} has characters that cannot be stored", "Give it one in UTF-8")


@check
def channel_empty(examined: Examined) -> Iterator[Finding]:
    """Expect a channel to have samples, and a table to have rows."""
    shapes = [(series.path, series.data.shape) for _, series in examined.channels if series.data is not None]
    shapes += [(table.where, table.start.shape) for table in examined.tables]
    for where, shape in shapes:
        if 0 in shape:
            yield Finding(where, "it is empty", "Check that what it records was connected")


def _signals(examined: Examined) -> Iterator[tuple[str, tuple[int, ...], int | None]]:
    """Yield path, shape (n, channels) and the number of channels that the file tells, of analog series with channels."""
    for feature, series in examined.channels:
        if feature.data_type == "analog" and series.data is not None and len(series.data.shape) == 2:  # noqa: PLR2004  # as above
            yield series.path, series.data.shape, series.channels


def _kind(samples: Samples) -> str:
    """Return the type of samples that are not numbers, in words."""
    return "text" if samples.dtype.kind in "OSU" else f"of the type {samples.dtype}"
