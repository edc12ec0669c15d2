"""Read an NWB file into a `Recording`, whose keys are the paths that rigs use."""

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
"""The first part of a rig's paths, and the group of the file that it stands for."""

_MOST_FRAMES = 100_000_000
"""Frames that videos may declare even if they have fewer bytes than frames: more than a day at 1000 frames a second."""

_LONGEST_NAME = os.pathconf("/", "PC_PATH_MAX")
"""Characters of the longest path that the operating system accepts."""


@contextmanager
def reading(path: Path) -> Iterator[Recording]:
    """Open an NWB file by a path that a person gives, which may be a link to anywhere; see `reading_held`.

    The videos that it names are relative to the folder of `path`, not of the link's target.
    """
    with ExitStack() as opened:
        with disk_told(path):
            file = opened.enter_context(RegularFile.at(path))
            beside = opened.enter_context(Directory(path.parent))
        yield opened.enter_context(reading_held(file, beside))


@contextmanager
def reading_held(held: RegularFile, beside: Directory) -> Iterator[Recording]:
    """Read an NWB file that is held open; its samples can be sliced until the context ends.

    Parameters
    ----------
    held
        The NWB file.
    beside
        Its folder, to which the paths of its videos are relative.

    Yields
    ------
    Recording
        Every time series below acquisition, stimulus/presentation and processing, and every TimeIntervals table. A `Clock` has
        count 0 if the file has no data and does not state the number of samples.

    Raises
    ------
    Rejected
        If the file is not a readable NWB 2 file. Slicing raises it too, if samples are damaged.
    Unavailable
        If the disk or share fails. Slicing raises it too.
    """
    # HDF5 reads through the descriptor that is held, so that it reads this file even if another one takes its place.
    with Source(held) as source:
        with damage_told("", held.path.name):
            file = h5py.File(source, "r")
        atexit.register(file.close)  # HDF5 would read through Python after Python has ended
        # Errors of the caller pass unchanged: only reading the structure is translated.
        try:
            with damage_told("", held.path.name):
                recording = _recording(held.path, beside, file)
            yield recording
        finally:
            file.close()
            atexit.unregister(file.close)


def _recording(path: Path, beside: Directory, file: Hdf5) -> Recording:
    # The version comes first: the rest of an NWB 1 file would give misleading problems.
    account = Account(path.name)
    version = _nwb_version(path.name, file, account)
    kind = text(attribute(file, "neurodata_type", "NWBFile"))
    if kind != "NWBFile":
        what = f"{path.name} is a {kind!r} of the extension {text(attribute(file, 'namespace'))!r}, and no NWBFile"
        raise rejection("nwb_extension", what, "Write it as an NWBFile (the objects in it may be of any extension)")
    identifier, started, subject = (
        text(texts(file, name, account)) for name in ("identifier", "session_start_time", "general/subject/subject_id")
    )
    # The ledger and the session need both, and the schema requires them.
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
        version = text(texts(file, "nwb_version", account))  # NWB 1 has it as a dataset
    if np.ndim(version):
        what = f"{name} gives its nwb_version as an array, {version[:3].tolist()}, and not as text"
        raise rejection("nwb_version", what, "Write it again with a current MatNWB or pynwb")
    stated = text(version).removeprefix("NWB-")  # some programs write this prefix
    if not stated:
        raise rejection("nwb_version", f"{name} is HDF5, but gives no nwb_version", "Deliver an NWB 2 file")
    if not stated.startswith("2."):
        raise rejection("nwb_version", f"{name} is NWB {stated[:40]!r}, and only NWB 2 is read", "Convert it to NWB 2")
    return stated


def _contents(
    beside: Directory, file: Hdf5, account: Account
) -> tuple[dict[str, Series], dict[str, Intervals], dict[str, str]]:
    """Return series, intervals and other objects by every path that a rig could name, outer objects first."""
    series: dict[str, Series] = {}
    intervals: dict[str, Intervals] = {}
    others: dict[str, str] = {}
    # Links can make a group its own member, so each group is entered once, under its own name.
    seen = set()
    # Breadth first: if the file has too many names, the outer ones, which rigs use, are found.
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
                elif found.name == join(holder.name, name) and found not in seen:  # not through a link
                    seen.add(found)
                    if kind:
                        others[path] = kind[:LONGEST_PATH]
                    if isinstance(found, h5py.Group) and not is_table:
                        ahead.extend((f"{path}/{member}", found, member) for member in members(found, account))
            except OutOfReach as reason:
                others[path] = (f"{kind} ({reason})" if kind else str(reason))[:LONGEST_PATH]
    return series, intervals, others


def _samples(group: Hdf5, name: str, path: str, shared: dict[Hdf5, Stored]) -> Stored | None:
    """Return a dataset as samples. Series that share a dataset get the same object, so that it is read and stored once."""
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
    # One factor for all channels would give wrong values silently, so such a series is not read.
    if find(group, "channel_conversion") is not None:
        raise OutOfReach("each of its channels has a conversion of its own")
    data, timestamps, confidence = (_samples(group, name, path, shared) for name in ("data", "timestamps", "confidence"))
    # NWB keeps unit and conversion at the data, with these defaults.
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
    # A series without a rate has explicit timestamps, or none.
    start = dataset(group, "starting_time")
    if start is None or "rate" not in start.attrs:
        return None
    count = data.shape[0] if data and data.shape else 0
    if not count:
        count = sum(map(int, values(group, "num_samples")))  # of external videos, in recent versions of NWB
        if not 0 <= count <= max(_MOST_FRAMES, sum(video.size for video in videos)):  # reading a clock takes memory
            raise OutOfReach(f"its num_samples is {count}")
    return Clock(number(values(group, "starting_time"), "starting_time"), number(attribute(start, "rate"), "rate"), count)


def _video(name: str, beside: Directory) -> Video:
    """Return what is known of a video without opening it; the status of a file outside the folder is not read."""
    # The system refuses a longer path, which means that the file does not exist.
    missing = Video(name, None, inside=True, size=0)
    if len(name) > _LONGEST_NAME:
        return missing
    # A missing video is a problem of the recording, which a check reports; a failing share needs a retry.
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
