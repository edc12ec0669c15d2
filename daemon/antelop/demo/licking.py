"""Makes a synthetic session of a licking task, for the demo and the tests.

Two mice, ten trials of six seconds: an LED comes on, a tone sounds, a port opens, one mouse licks and gets a reward, a force
sensor under it samples at a constant rate, and a camera films both. The rig `RIG` names all of these signals. The file also
holds some that it does not name, as real files do.
"""

import json
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pynwb.file import Subject

from antelop.demo.acquisition import Made, events, film, pose, sampled, spans, table, track, write
from antelop.demo.video import avi

RIG: dict[str, Any] = json.loads((files("antelop.demo") / "lab/rigs/licking.json").read_text())

TRIALS = 10
DURATION = TRIALS * 6
"""The duration of a session in seconds."""

FORCE_RATE, FRAME_RATE = 100, 10
"""The rates of the force sensor and of the camera, in Hz."""

FRAME = (64, 48)
"""Width and height of the video, in pixels."""


def record(path: Path, seed: int, started: datetime) -> None:
    """Write a session as the rig's software does: the NWB file, and the video ``<stem>_camera.avi`` next to it.

    Parameters
    ----------
    path
        The path of the NWB file.
    seed
        The seed of all random numbers; different seeds make different recordings.
    started
        When the session began, with a time zone.
    """
    # The video first, so that the NWB file never refers to one that is missing.
    video = path.with_name(f"{path.stem}_camera.avi")
    video.write_bytes(avi(filmed(seed), FRAME_RATE))
    write(
        path,
        licking_task(seed, video.name),
        session_description="licking task",
        identifier=f"licking-{seed}",
        session_start_time=started,
        subject=Subject(subject_id="m17", species="Mus musculus", sex="F", age="P90D"),
    )


def licking_task(seed: int, video: str) -> dict[str, Made]:
    """Return the functions that make a session's objects, by the path at which a rig finds each.

    The argument `video` is the file name of the video.
    """
    # Each trial: LED at its onset, 2 to 8 licks while the port is open, from 2 s to 4 s, and the reward at 4 s.
    random = np.random.default_rng(seed)
    onsets = np.arange(TRIALS) * 6.0 + random.uniform(0.5, 1.0, TRIALS).round(3)
    licked = np.repeat(onsets, random.integers(2, 9, TRIALS))
    licks = np.sort(licked + random.uniform(2, 4, licked.size).round(4))
    force = random.integers(-400, 400, DURATION * FORCE_RATE, dtype=np.int16)
    frames = np.arange(DURATION * FRAME_RATE) / FRAME_RATE
    first, second = _walks(seed)
    return {
        "acquisition/led": spans(onsets, onsets + 1),
        "acquisition/port": spans(onsets + 2, onsets + 4),
        "acquisition/lick": events(licks, random.integers(1, 9, licks.size)),
        "acquisition/reward": events(onsets + 4, random.choice([2.5, 5.0], TRIALS), unit="uL"),
        "acquisition/force": sampled(force, float(FORCE_RATE), unit="N", starting_time=0.25, conversion=0.5e-3, offset=1.0),
        "acquisition/camera": film(frames, video),
        "stimulus/tone": spans(onsets + 1, onsets + 1.5),
        "processing/behavior/Position/head": track(frames, second, unit="pixels"),
        "processing/behavior/PoseEstimation/nose": pose(frames, first, random.uniform(0.5, 1, len(frames)), unit="pixels"),
        "intervals/trials": table(onsets, onsets + 5),
        # The rig does not name these: an ingest has to ignore them.
        "acquisition/temperature": sampled(random.normal(21, 0.1, DURATION), 1.0, unit="C"),
        "acquisition/notes": events([1.0, 30.0], ["fed", "calm"]),
        "processing/behavior/BehavioralEvents/sniff": events(licks + 0.01, np.ones(licks.size)),
        "intervals/epochs": table([0.0], [float(DURATION)]),
    }


def filmed(seed: int) -> NDArray[np.uint8]:
    """Return the video of a session: two bright spots on a dark ground; shape (frames, height, width), dtype uint8."""
    width, height = FRAME
    frames = np.full((DURATION * FRAME_RATE, height, width), 32, np.uint8)
    # Each mouse is a spot of 3 by 3 pixels, drawn in all frames at once.
    for walk, grey in zip(_walks(seed), (255, 160), strict=True):
        x, y = walk.round().astype(int).T
        for across, down in np.ndindex(3, 3):
            frames[np.arange(len(frames)), y + down - 1, x + across - 1] = grey
    return frames


def _walks(seed: int) -> NDArray[np.float64]:
    """Return the positions of the two mice: shape (2, frames, 2), x and y in pixels from the top left."""
    # The sine of a random walk stays in the frame; the margin of 3 pixels leaves room for the spot.
    turns = np.random.default_rng([seed, 1]).normal(0, 0.1, (2, DURATION * FRAME_RATE, 2))
    return np.array(FRAME) / 2 + (np.array(FRAME) / 2 - 3) * np.sin(np.cumsum(turns, axis=1))
