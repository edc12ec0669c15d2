"""Check that the rig's videos exist, next to the recording."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from antelop.checks.check import Finding, check
from antelop.checks.examined import Examined
from antelop.recording.recording import Recording
from antelop.wording import nearest, printable, quoted

REMEDY = "Record it, or take the video out of the rig"


@check
def video_missing(examined: Examined) -> Iterator[Finding]:
    """Expect the file to have, for each video of the rig, an ImageSeries that names its video files."""
    for camera in examined.rig.videos:
        with examined.noting_damage():
            yield from _missing(camera.path, examined.recording)


def _missing(where: str, recording: Recording) -> Iterator[Finding]:
    series = recording.series.get(where)
    # Three cases, each with its own remedy: an object that is not readable as a series, no object, and no video files.
    if reason := recording.others.get(where):
        what = f"what the file has there names no videos that can be stored: {printable(reason)}"
        yield Finding(where, what, "Make it an ImageSeries with external files, or take the video out of the rig")
    elif series is None:
        near = nearest(where, [path for path, found in recording.listed.items() if found.kind == "ImageSeries"])
        remedy = f"The file has {printable(near)}: correct the rig, or the recording" if near else REMEDY
        yield Finding(where, "the rig names this video and the file does not have it", remedy)
    elif not series.videos:
        what = f"it is {printable(series.neurodata_type)} and names no video files"
        yield Finding(where, what, "Make it an ImageSeries with external files, or take the video out of the rig")


@check
def video_file_missing(examined: Examined) -> Iterator[Finding]:
    """Expect each video file to exist at the path that the recording gives."""
    for _, series, _ in examined.views:
        for video in series.videos:
            if video.path is None:
                what = f"the video file {quoted(video.name)} is not there"
                yield Finding(series.path, what, "Put it next to the NWB file, at the path that the NWB file gives")


@check
def video_outside(examined: Examined) -> Iterator[Finding]:
    """Expect each video file to be inside the recording's folder, without a path or a link that leads out of it."""
    # A recording must not be able to make the daemon copy other files of the computer into the store.
    for _, series, _ in examined.views:
        for video in series.videos:
            if video.path is not None and not video.inside:
                what = f"the video file {quoted(video.name)} is outside the folder of the NWB file"
                yield Finding(series.path, what, "Put it next to the NWB file, and have the NWB file name it there")


@check
def video_format(examined: Examined) -> Iterator[Finding]:
    """Expect the suffix of each video file's name to be the format that the rig declares."""
    for camera, series, _ in examined.views:
        for video in series.videos:
            if PurePosixPath(video.name).suffix.lower() != f".{camera.format}":
                what = f"the video file {quoted(video.name)} is not {camera.format}, as the rig says"
                yield Finding(series.path, what, "Correct the recording, or the format that the rig gives the video")


@check
def video_empty(examined: Examined) -> Iterator[Finding]:
    """Expect no video file to be empty."""
    for _, series, _ in examined.views:
        for video in series.videos:
            if video.path is not None and video.inside and not video.size:
                what = f"the video file {quoted(video.name)} is empty"
                yield Finding(series.path, what, "Copy it again from where it was recorded")


@check
def video_times(examined: Examined) -> Iterator[Finding]:
    """Expect a video to have times that are finite and in order."""
    for _, series, order in examined.views:
        if series.timestamps is None:
            yield Finding(series.path, "the video has neither timestamps nor a rate", "Record when each frame was taken")
        elif order and (order.lost.count or order.backward.count):
            what = f"of {series.timestamps.shape[0]} times of frames, {order.lost.count} are not finite"
            yield Finding(series.path, f"{what} and {order.backward.count} step back", "Check the camera's clock")
