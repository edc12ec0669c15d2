"""What an NWB file says, by the paths at which rigs find it."""

import atexit
import os
import stat
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from posixpath import join

import h5py
import numpy as np

from antelop.directory import Directory, LeadsOut
from antelop.files import ABSENT, RegularFile
from antelop.recording.bounds import LONGEST_PATH, Account, OutOfReach
from antelop.recording.hdf5 import (
    Hdf5,
    Stored,
    attribute,
    damage_told,
    dataset,
    find,
    has,
    members,
    number,
    samples,
    text,
    texts,
    values,
)
from antelop.recording.recording import Clock, Intervals, Recording, Series, Video
from antelop.recording.source import Source, disk_told, rejection

PLACES = {
    "acquisition": "acquisition",
    "stimulus": "stimulus/presentation",
    "processing": "processing",
    "intervals": "intervals",
}
"""With what a rig's paths begin, and where the file keeps it."""

_MOST_FRAMES = 100_000_000
"""How many frames videos may have that have fewer bytes: two days of a thousand a second."""

_LONGEST_NAME = os.pathconf("/", "PC_PATH_MAX")
"""How many characters the path of a file may have."""


@contextmanager
def reading(path: Path) -> Iterator[Recording]:
    """Open an NWB file wherever links lead, as a person gives its path; see `reading_held`.

    The videos that it names are looked for from the folder of the path.
    """
    with ExitStack() as opened:
        with disk_told(path):
            file = opened.enter_context(RegularFile.at(path))
            beside = opened.enter_context(Directory(path.parent))
        yield opened.enter_context(reading_held(file, beside))


@contextmanager
def reading_held(held: RegularFile, beside: Directory) -> Iterator[Recording]:
    """Read an NWB file that is held open. Its samples can be sliced until the context is left.

    Parameters
    ----------
    held
        The NWB file.
    beside
        Its folder, from which the videos that it names are looked for.

    Yields
    ------
    Recording
        Every time series below acquisition, stimulus/presentation and processing, and every TimeIntervals table. A `Clock` has
        count 0 where the file has no data and does not say how many samples there are.

    Raises
    ------
    Rejected
        It is no NWB 2 file that can be read. Slicing raises it where samples are damaged.
    Unavailable
        The disk or share failed. Slicing raises it too.
    """
    with Source(held) as source:
        with damage_told("", held.path.name):
            file = h5py.File(source, "r")
        atexit.register(file.close)  # left open, HDF5 would ask for bytes when Python is gone
        try:
            with damage_told("", held.path.name):
                recording = _recording(held.path, beside, file)
            yield recording
        finally:
            file.close()
            atexit.unregister(file.close)


def _recording(path: Path, beside: Directory, file: Hdf5) -> Recording:
    account = Account(path.name)
    version = _nwb_version(path.name, file, account)
    kind = text(attribute(file, "neurodata_type", "NWBFile"))
    if kind != "NWBFile":
        what = f"{path.name} is a {kind!r} of the extension {text(attribute(file, 'namespace'))!r}, and no NWBFile"
        raise rejection("nwb_extension", what, "Write it as an NWBFile (the objects in it may be of any extension)")
    identifier, started, subject = (
        text(texts(file, name, account)) for name in ("identifier", "session_start_time", "general/subject/subject_id")
    )
    if not identifier or not started:
        raise OutOfReach(f"it has no {'session_start_time' if identifier else 'identifier'}")
    series, intervals, others = _contents(beside, file, account)
    return Recording(
        path=path,
        nwb_version=version,
        identifier=identifier,
        object_id=text(attribute(file, "object_id")),
        session_start_time=_time(started),
        subject_id=subject or None,
        series=series,
        intervals=intervals,
        others=others,
    )


def _time(written: str) -> datetime:
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        raise OutOfReach(f"its session_start_time is {written[:40]!r}, and no ISO 8601 time") from None


def _nwb_version(name: str, file: Hdf5, account: Account) -> str:
    version = attribute(file, "nwb_version", None)
    if version is None:
        version = text(texts(file, "nwb_version", account))  # where NWB 1 has it
    if np.ndim(version):
        what = f"{name} gives its nwb_version as an array, {version[:3].tolist()}, and not as text"
        raise rejection("nwb_version", what, "Write it again with a current MatNWB or pynwb")
    stated = text(version).removeprefix("NWB-")  # which some write before it
    if not stated:
        raise rejection("nwb_version", f"{name} is HDF5, but gives no nwb_version", "Deliver an NWB 2 file")
    if not stated.startswith("2."):
        raise rejection("nwb_version", f"{name} is NWB {stated[:40]!r}, and only NWB 2 is read", "Convert it to NWB 2")
    return stated


def _contents(
    beside: Directory, file: Hdf5, account: Account
) -> tuple[dict[str, Series], dict[str, Intervals], dict[str, str]]:
    """Look at every object that a rig could name, the outer ones first."""
    series: dict[str, Series] = {}
    intervals: dict[str, Intervals] = {}
    others: dict[str, str] = {}
    seen = set()
    shared: dict[Hdf5, Stored] = {}
    ahead = deque((path, file, place) for path, place in PLACES.items())
    while ahead:
        path, holder, name = ahead.popleft()
        if len(path) > LONGEST_PATH:
            continue
        kind = ""
        with damage_told(path):
            try:
                found = find(holder, name)
                if found is None:
                    continue
                kind = account.text(text(attribute(found, "neurodata_type")))
                is_table = "colnames" in found.attrs
                if path.startswith("intervals/") and all(has(found, "start_time", "stop_time")):
                    intervals[path] = _intervals(path, found, shared)
                elif kind and not is_table and any(has(found, "data", "timestamps", "starting_time")):
                    series[path] = _series(path, kind, found, beside, shared, account)
                elif found.name == join(holder.name, name) and found not in seen:  # not what a link shows once more
                    seen.add(found)
                    if kind:
                        others[path] = kind[:LONGEST_PATH]
                    if isinstance(found, h5py.Group) and not is_table:
                        ahead.extend((f"{path}/{member}", found, member) for member in members(found, account))
            except OutOfReach as reason:
                others[path] = (f"{kind} ({reason})" if kind else str(reason))[:LONGEST_PATH]
    return series, intervals, others


def _samples(group: Hdf5, name: str, path: str, shared: dict[Hdf5, Stored]) -> Stored | None:
    """Describe a dataset; what several series have in common is one object, so that it is read and kept once."""
    found = samples(group, name, path)
    return found and shared.setdefault(found.dataset, found)


def _intervals(path: str, group: Hdf5, shared: dict[Hdf5, Stored]) -> Intervals:
    start, stop = (_samples(group, name, path, shared) for name in ("start_time", "stop_time"))
    if start is None or stop is None:
        raise OutOfReach("its start_time or stop_time is empty")
    return Intervals(path, start, stop)


def _series(  # noqa: PLR0913, PLR0917  # what all series of a file have in common
    path: str, kind: str, group: Hdf5, beside: Directory, shared: dict[Hdf5, Stored], account: Account
) -> Series:
    if find(group, "channel_conversion") is not None:
        raise OutOfReach("each of its channels has a conversion of its own")
    data, timestamps, confidence = (_samples(group, name, path, shared) for name in ("data", "timestamps", "confidence"))
    unit, conversion, offset = (
        attribute(data.dataset, name, default) if data else default
        for name, default in {"unit": "", "conversion": 1.0, "offset": 0.0}.items()
    )
    videos = tuple(_video(name, beside) for name in texts(group, "external_file", account))
    return Series(
        path=path,
        neurodata_type=kind,
        data=None if videos else data,
        timestamps=timestamps or _clock(group, data, videos),
        unit=account.text(text(unit)),
        conversion=number(conversion, "conversion"),
        offset=number(offset, "offset"),
        confidence=confidence,
        videos=videos,
    )


def _clock(group: Hdf5, data: Stored | None, videos: tuple[Video, ...]) -> Clock | None:
    start = dataset(group, "starting_time")
    if start is None or "rate" not in start.attrs:
        return None
    count = data.shape[0] if data and data.shape else 0
    if not count:
        count = sum(map(int, values(group, "num_samples")))  # of external videos, in recent versions of NWB
        if not 0 <= count <= max(_MOST_FRAMES, sum(video.size for video in videos)):  # whoever reads the clock takes memory
            raise OutOfReach(f"its num_samples is {count}")
    return Clock(number(values(group, "starting_time"), "starting_time"), number(attribute(start, "rate"), "rate"), count)


def _video(name: str, beside: Directory) -> Video:
    """Look for a file, unless it is outside the folder."""
    missing = Video(name, None, inside=True, size=0)
    if len(name) > _LONGEST_NAME:
        return missing
    with disk_told(beside.path / name):
        try:
            path = beside.relative(name)
            status = beside.stat(path)
        except LeadsOut:
            return Video(name, name, inside=False, size=0)
        except OSError as error:
            if error.errno in ABSENT:
                return missing
            raise
    return Video(name, path, inside=True, size=status.st_size) if stat.S_ISREG(status.st_mode) else missing
