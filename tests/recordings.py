"""Recordings of the licking task that differ from the usual one in what a test is about."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import h5py
from pynwb.file import Subject

from antelop.demo.acquisition import Made, write
from antelop.demo.licking import RIG as LICKING_RIG
from antelop.demo.licking import licking_task

__all__ = ["LICKING_RIG", "write_recording"]

STARTED = datetime(2024, 11, 22, 9, 30, tzinfo=UTC)
"""Long ago, so that a machine whose clock is behind does not take it for the future."""


def write_recording(  # noqa: PLR0913  # each is one thing that a test changes
    path: Path,
    *,
    series: Mapping[str, Made | None] | None = None,
    seed: int = 0,
    video: bytes | None = b"RIFF\x04\x00\x00\x00AVI , as a camera would write it",
    subject_id: str | None = "m17",
    cache_spec: bool = True,
    **changes: Any,
) -> Path:
    """Write a session of the licking task and the video beside it, the same to the byte for the same arguments.

    Parameters
    ----------
    path
        The NWB file to write; the video is ``<stem>_camera.avi`` in the same folder.
    series
        By path, objects to add to the file or to put in the place of its own; None leaves one out.
    seed
        Decides every number in the file; files of different seeds are different recordings.
    video
        The bytes of the video, or None to write none (the file still names it).
    subject_id
        The subject's, or None for a file without a subject.
    cache_spec
        Whether the file carries the specifications it was written with.
    changes
        Fields of NWBFile, such as ``session_start_time`` and ``identifier``.

    Returns
    -------
    Path
        `path`.
    """
    name = f"{path.stem}_camera.avi"
    if video is not None:
        path.with_name(name).write_bytes(video)
    fields = {
        "session_description": "licking task",
        "identifier": f"licking-{seed}",
        "session_start_time": STARTED,
        "file_create_date": STARTED,
        "subject": subject_id and Subject(subject_id=subject_id, species="Mus musculus", sex="F", age="P90D"),
    } | changes
    contents = licking_task(seed, name) | dict(series or {})
    write(path, {where: made for where, made in contents.items() if made is not None}, cache_spec=cache_spec, **fields)
    with h5py.File(path, "r+") as file:  # pynwb draws it at random
        file.attrs["object_id"] = str(uuid5(NAMESPACE_OID, str(fields["identifier"])))
    return path
