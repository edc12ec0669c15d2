"""Check that the rig's videos exist, next to the recording."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from antelop.checks.check import Finding, check
from antelop.checks.examined import Examined
from antelop.recording.recording import Recording
from antelop.recording.video_paths import is_foreign
from antelop.wording import counted, nearest, printable, quoted

_ENDINGS = {
    "asf": ("wmv",),
    "h264": ("264",),
    "h265": ("265", "hevc"),
    "hevc": ("265", "h265"),
    "matroska": ("mkv", "webm"),
    "mjpeg": ("mjpg",),
    "mpeg": ("mpg",),
    "mpegts": ("ts", "mts", "m2ts"),
    "ogg": ("ogv",),
    "yuv4mpegpipe": ("y4m",),
}
"""Further endings of names in a format, by the name that ffmpeg gives the format (``ffmpeg -demuxers``)."""

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
    elif series is None and where not in recording.uninstalled:
        near = nearest(where, [path for path, found in recording.listed.items() if found.kind == "ImageSeries"])
        remedy = f"The file has {printable(near)}: correct the rig, or the recording" if near else REMEDY
        yield Finding(where, "the rig names this video and the file does not have it", remedy)
    elif series and not series.videos:
        what = f"it is {printable(series.neurodata_type)} and names no video files"
        yield Finding(where, what, "Make it an ImageSeries with external files, or take the video out of the rig")


@check
def video_file_missing(examined: Examined) -> Iterator[Finding]:
    """Expect each video file to exist at the path that the recording gives."""
    for _, series, _ in examined.views:
        for video in series.videos:
            if video.path is None:
                where = f", at {quoted(video.sought)}" if video.sought not in ("", video.name) else ""
                what = f"the video file {quoted(video.name)} is not there{where}"
                yield Finding(series.path, what, "Put it next to the NWB file, at the path that the NWB file gives")


@check
def video_outside(examined: Examined) -> Iterator[Finding]:
    """Expect each video file to be inside the recording's folder, without a path or a link that leads out of it."""
    # A recording must not be able to make the daemon copy other files of the computer into the store.
    for _, series, _ in examined.views:
        for video in series.videos:
            if video.path is not None and not video.inside:
                what = f"the video file {quoted(video.name)} is outside the folder of the NWB file"
                remedy = "Put it next to the NWB file, and have the NWB file name it there"
                if is_foreign(video.name):
                    what = f"the video file {quoted(video.name)} is at a path of another computer"
                    remedy += ", or say in the configuration where that computer's folder is: [videos] map"
                yield Finding(series.path, what, remedy)


@check
def video_format(examined: Examined) -> Iterator[Finding]:
    """Expect the suffix of each video file's name to be the format that the rig declares."""
    for camera, series, _ in examined.views:
        for video in series.videos:
            if PurePosixPath(video.name).suffix.lower().removeprefix(".") not in (
                camera.format,
                *_ENDINGS.get(camera.format, ()),
            ):
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
def video_starts(examined: Examined) -> Iterator[Finding]:
    """Expect a video of several files to tell with which frame each of them begins."""
    for _, series, _ in examined.views:
        if series.first_frames is None:
            stated = ", ".join(map(str, series.starting_frames[:5])) or "nothing"
            what = f"its {counted(len(series.videos), 'file')} cannot be told apart in its times: starting_frame is {stated}"
            remedy = "Write the index of each file's first frame, counted over all files: 0, then always more"
            yield Finding(series.path, what, f"{remedy}. Until then, each file is stored with the times of all")


@check
def video_times(examined: Examined) -> Iterator[Finding]:
    """Expect a video to have times that are finite and in order."""
    for _, series, order in examined.views:
        if series.timestamps is None:
            yield Finding(series.path, "the video has neither timestamps nor a rate", "Record when each frame was taken")
        elif order and (order.lost.count or order.backward.count):
            what = f"of {series.timestamps.shape[0]} times of frames, {order.lost.count} are not finite"
            yield Finding(series.path, f"{what} and {order.backward.count} step back", "Check the camera's clock")
