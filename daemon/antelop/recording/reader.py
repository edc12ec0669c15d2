"""Read an NWB file into a `Recording`, whose keys are the paths that rigs use."""

import atexit
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import h5py
import numpy as np

from antelop.directory import Directory
from antelop.files import RegularFile
from antelop.recording.bounds import Account, OutOfReach
from antelop.recording.columns import Table
from antelop.recording.contents import Contents, Kept
from antelop.recording.filters import Uninstalled
from antelop.recording.hdf5 import Hdf5, attribute, text, texts
from antelop.recording.objects import ObjectReader
from antelop.recording.recording import Recording, Series
from antelop.recording.source import Source, damage_told, disk_told, rejection
from antelop.recording.start_time import FORMAT, start_time
from antelop.recording.video_paths import VideoPaths


@contextmanager
def reading(path: Path) -> Iterator[Recording]:
    """Open an NWB file by a path that a person gives, which may be a link to anywhere; see `reading_held`.

    The videos that it names are in the folder of `path`, not of the link's target.
    """
    with ExitStack() as opened:
        with disk_told(path):
            file = opened.enter_context(RegularFile.at(path))
            beside = opened.enter_context(Directory(path.parent))
        yield opened.enter_context(reading_held(file, VideoPaths(beside, beside)))


@contextmanager
def reading_held(held: RegularFile, video_paths: VideoPaths) -> Iterator[Recording]:
    """Read an NWB file that is held open; its samples can be sliced until the context ends.

    Parameters
    ----------
    held
        The NWB file.
    video_paths
        Finds its video files.

    Yields
    ------
    Recording
        Every time series and every table below acquisition, stimulus/presentation, processing, intervals and events. A `Clock`
        has count 0 if the file has no data and does not state the number of samples.

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
                recording = _recording(held.path, video_paths, file, source)
            yield recording
        finally:
            file.close()
            atexit.unregister(file.close)


def _recording(path: Path, video_paths: VideoPaths, file: Hdf5, source: Source) -> Recording:
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
    found = Contents(file, ObjectReader(video_paths, account, source.holes, source.heaps), account)
    return Recording(
        path=path,
        nwb_version=version,
        identifier=identifier,
        object_id=text(attribute(file, "object_id")),
        session_start_time=_time(path.name, started),
        session_start_written=started,
        subject_id=subject or None,
        series=Kept(found, Series),
        tables=Kept(found, Table),
        others=Kept(found, str),
        uninstalled=Kept(found, Uninstalled),
        listed=found.listed,
        length=found.length,
        subjects=found.subjects,
    )


def _time(name: str, written: str) -> datetime:
    try:
        return start_time(written)
    except ValueError:
        what = f"the session_start_time of {name} is {written[:40]!r}, which is not one time"
        raise rejection("nwb_start_time", what, f"Write it in {FORMAT}") from None


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
