"""Write a session to an NWB file, whole or not at all."""

import os
import shutil
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from pynwb import NWBHDF5IO

from antelop.database.row import Row
from antelop.directory import Directory
from antelop.errors import Problem, Rejected, available
from antelop.export import metadata, objects
from antelop.export.places import free_name, path_problems, place, source_problems
from antelop.export.proof import differences
from antelop.export.stored import Film, StoredSession, stored
from antelop.files import RegularFile, writing
from antelop.ingest.masking import sessions_under
from antelop.lab import Lab
from antelop.recording import reading_held
from antelop.recording.video_paths import VideoPaths
from antelop.store import Store

BLOCK = 4 << 20
"""Bytes of a video that are copied at a time."""


@dataclass(frozen=True)
class Exported:
    """A session that was exported.

    Attributes
    ----------
    path
        The NWB file.
    size
        Its size in bytes, without the videos.
    videos
        The video files, in a folder next to the NWB file.
    warnings
        What the file could not express.
    """

    path: Path
    size: int
    videos: tuple[Path, ...] = ()
    warnings: tuple[Problem, ...] = ()


def export_nwb(lab: Lab, key: Mapping[str, Any], path: Path, *, overwrite: bool = False) -> Exported:
    """Write a session as an NWB file; see `antelop.scripting.Scripting.export_nwb`."""
    session = stored(lab.database, _world(lab, key))
    problems = path_problems([*(signal.path for signal in session.signals), *(film.path for film in session.films)])
    if found := (*problems, *source_problems(session.signals)):
        raise Rejected(found)
    with available(f"{path} cannot be written"), _folder(path) as folder:
        # Check the name before all the work. It is checked again when the file gets it, because a user may take it meanwhile.
        if not overwrite and folder.own(path.name) is not None:
            raise _exists(path)
        # Copy the videos before the file appears that names them, so that a program that finds the file also finds them.
        with _copied(lab.store, session.films, folder, f"{path.stem}-videos") as videos:
            nwbfile = metadata.nwbfile(session)
            place(nwbfile, _objects(lab.store, session, videos))
            with _new(folder, path, overwrite=overwrite) as file:
                # pynwb takes only a path. This one always leads to the open file, also if another user renames it.
                with warnings.catch_warnings(action="ignore"), NWBHDF5IO(f"/proc/self/fd/{file.fileno()}", "w") as io:
                    io.write(nwbfile)
                size = _proved(lab.store, session, RegularFile(os.dup(file.fileno()), path), folder)
    files = tuple(path.parent / name for names in videos.values() for name in names)
    return Exported(path, size, files, metadata.start_problems(session))


def _world(lab: Lab, key: Mapping[str, Any]) -> Row:
    """Return the row of World that a key selects; raise `Rejected` if it selects none or several."""
    worlds = sessions_under(lab.database, key)
    if len(worlds) > 1:
        what = f"the key selects {len(worlds)} sessions, and a file can hold only one"
        raise Rejected([Problem("session_ambiguous", "", what, f"Give {', '.join(lab.database.World.primary_key)}")])
    return worlds[0]


def _folder(path: Path) -> Directory:
    """Open the folder into which a file will be written; raise `Rejected` if there is none."""
    try:
        return Directory(path.parent)
    except (FileNotFoundError, NotADirectoryError) as error:
        what = f"there is no folder {path.parent}"
        raise Rejected([Problem("export_folder", str(path), what, "Make it, or give another path")]) from error


def _exists(path: Path) -> Rejected:
    what = "a file of this name exists already"
    return Rejected([Problem("export_exists", str(path), what, "Give another name, or allow that it is overwritten")])


@contextmanager
def _copied(store: Store, films: Sequence[Film], folder: Directory, name: str) -> Iterator[Mapping[str, list[str]]]:
    """Copy the videos of a session into a folder; yield their paths by camera, relative to the NWB file.

    If the block raises, the copies are deleted.
    """
    paths: dict[str, list[str]] = {film.name: [] for film in films}
    if not films:
        yield paths
        return
    with folder.made(name) as copies:
        try:
            for number, (camera, video) in enumerate(((film.name, video) for film in films for video in film.files), 1):
                source = store.path(video)
                # The checksum of the content is part of the name, so a copy can only replace an equal one.
                copy = f"video-{number}-{source.stem[:12]}{source.suffix}"
                paths[camera].append(f"{name}/{copy}")
                with source.open("rb") as reader, writing(copies.descriptor, copy) as file:
                    shutil.copyfileobj(reader, file, BLOCK)
            yield paths
        except BaseException:
            with suppress(OSError):  # the first error is the one to report
                for copy in chain.from_iterable(paths.values()):
                    os.unlink(copy, dir_fd=folder.descriptor)
                os.rmdir(name, dir_fd=folder.descriptor)
            raise


@contextmanager
def _new(folder: Directory, path: Path, *, overwrite: bool) -> Iterator[BinaryIO]:
    """Yield a file that gets its name at the end of the block, unless the block raises.

    Raises
    ------
    Rejected
        If the name is taken, and the file may not be overwritten.
    """
    try:
        with writing(folder.descriptor, path.name, replace=overwrite) as file:
            yield file
    except FileExistsError as error:
        raise _exists(path) from error


def _proved(store: Store, session: StoredSession, written: RegularFile, folder: Directory) -> int:
    """Return the size of an exported file in bytes; raise `Rejected` if an ingest of it would store anything else."""
    with written, reading_held(written, VideoPaths(folder, folder)) as recording:
        if problems := tuple(differences(recording, session, store)):
            raise Rejected(problems)
        return written.id.size


def _objects(store: Store, session: StoredSession, videos: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return the objects of a session by their paths."""
    made = {signal.path: objects.made(store, signal, session.rig.reference_point) for signal in session.signals}
    made |= {camera.path: objects.film(store, camera, videos[camera.name]) for camera in session.films}
    # Masks come last, so that a mask with the name of one of the rig's tables gets another name, and not the table.
    for mask in session.masks:
        name = free_name(mask.name, made)
        made[f"intervals/{name}"] = objects.mask(store, mask, name)
    return made
