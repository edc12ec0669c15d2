"""Videos of recordings as labs have them: elsewhere than in acquisition, in several files, named by another computer."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import ArrayLike

from antelop.config import FolderConfig, VideosConfig
from antelop.errors import Rejected
from antelop.ingest.intake import by_manifest
from antelop.ingest.preparation import Unsettled
from antelop.ingest.session import ingest, ingest_manifest, insert_nwb
from antelop.ingest.source_files import SourceFiles
from antelop.lab import Lab
from antelop.lab.resolve import Policy
from antelop.lab.rigs import upload_rig_json
from tests.commands import Run, one_database
from tests.labs import SESSION
from tests.recordings import write_recording
from tests.round_trips import round_trip

CLIP = b"RIFF\x04\x00\x00\x00AVI "


def rig_of(*videos: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rig of some cameras and nothing else."""
    described = [{"name": "cam", "description": "from above", "format": "avi", **video} for video in videos]
    return {"specification": "antelop-behaviour", "version": "1", "reference_point": "", "features": [], "videos": described}


def record(path: Path, where: str, files: Mapping[str, bytes], starts: ArrayLike | None, **times: Any) -> Path:
    """Write a recording with one ImageSeries, as other software does, and video files beside it."""
    write_recording(path, video=None, series=dict.fromkeys(["acquisition/camera"]), cache_spec=False)
    with h5py.File(path, "r+") as file:
        camera = file.create_group(where)
        camera.attrs["neurodata_type"] = "ImageSeries"
        names = [name.encode() for name in files]
        external = camera.create_dataset("external_file", data=np.array(names))
        if starts is not None:
            external.attrs["starting_frame"] = starts
        if "rate" in times:
            camera["starting_time"] = times["start"]
            camera["starting_time"].attrs["rate"] = times["rate"]
            camera["num_samples"] = times["count"]
        else:
            camera["timestamps"] = times["timestamps"]
    for name, content in files.items():
        target = path.parent / name.replace("\\", "/").removeprefix("D:/data/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return path


def stored(lab: Lab) -> list[tuple[str, int | None, list[float] | None]]:
    """Return name, first frame and times of each video of the session."""
    rows = (lab.database.Video & SESSION).to_dicts(order_by="video_id")
    return [
        (row["video_name"], row["starting_frame"], None if row["timestamps"] is None else row["timestamps"].tolist())
        for row in rows
    ]


TIMES = [0.0, 0.1, 0.2, 100.0, 100.1, 200.0]

SEVERAL: Mapping[str, tuple[str, dict[str, Any], ArrayLike, dict[str, Any], list[Any]]] = {
    "three files in a processing module": (
        "processing/behavior/LeftCamera",
        {"source": {"source_type": "processing", "module": "behavior", "series": "LeftCamera"}},
        [0, 3, 5],
        {"timestamps": TIMES},
        [(0, TIMES[:3]), (3, TIMES[3:5]), (5, TIMES[5:])],
    ),
    "a clock": (
        "stimulus/presentation/movie",
        {"source": {"source_type": "stimulus", "series": "movie"}},
        [0, 2, 3],
        {"start": 2.0, "rate": 4.0, "count": 5},
        [(0, [2.0, 2.25]), (2, [2.5]), (3, [2.75, 3.0])],
    ),
    "starts as MATLAB writes them, and whole numbers as times": (
        "acquisition/cam",
        {},
        np.array([[0.0, 1.0, 4.0]]),
        {"timestamps": np.arange(6)},
        [(0, [0.0]), (1, [1.0, 2.0, 3.0]), (4, [4.0, 5.0])],
    ),
}


@pytest.mark.parametrize("name", SEVERAL)
def test_each_file_has_its_own_times(lab: Lab, tmp_path: Path, name: str) -> None:
    """The first frame of each file is kept, and its times are those of its own frames, to the bit also after an export."""
    where, camera, starts, times, expected = SEVERAL[name]
    files = {f"{number}.avi": CLIP + bytes([number]) for number in range(3)}
    path = record(tmp_path / "a.nwb", where, files, starts, **times)
    upload_rig_json(lab, "lab", "cameras", rig_of(camera), [])
    assert insert_nwb(lab, SESSION, [], path, "cameras").rows["Video"] == 3
    assert stored(lab) == [("cam", *each) for each in expected]
    if where.startswith("processing"):
        (tmp_path / "out").mkdir()
        round_trip(lab, [], "cameras", tmp_path / "out" / "b.nwb")
        assert stored(lab) == [("cam", *each) for each in expected]


@one_database
@pytest.mark.parametrize("starts", [None, [0, 0], [0, 9], [1, 3]])
def test_where_a_file_begins_is_not_guessed(lab: Lab, tmp_path: Path, starts: list[int] | None) -> None:
    """If the recording does not tell, each file has the times of all, no first frame, and a warning says so."""
    path = record(tmp_path / "a.nwb", "acquisition/cam", {"1.avi": CLIP, "2.avi": CLIP}, starts, timestamps=TIMES)
    upload_rig_json(lab, "lab", "cameras", rig_of({}), [])
    said = insert_nwb(lab, SESSION, [], path, "cameras").warnings
    assert "video_starts" in {warning.check for warning in said}
    assert stored(lab) == [("cam", None, TIMES)] * 2


def test_case_17_has_the_times_of_each_file(lab: Lab, field_case: Callable[[str], Path]) -> None:
    """Of ten frames the first file has six, and the second four a hundred seconds later."""
    folder = field_case("17-video-of-several-files")
    upload_rig_json(lab, "lab", "cameras", json.loads((folder / "rig.json").read_text()), [])
    assert insert_nwb(lab, SESSION, [], folder / "a.nwb", "cameras").outcome == "ingested"
    assert stored(lab) == [("cam", 0, (np.arange(6) / 30).tolist()), ("cam", 6, (100 + np.arange(4) / 30).tolist())]


def test_case_18_is_found(lab: Lab, field_case: Callable[[str], Path]) -> None:
    """A backslash separates folders."""
    folder = field_case("18-video-windows-path")
    upload_rig_json(lab, "lab", "cameras", json.loads((folder / "rig.json").read_text()), [])
    assert insert_nwb(lab, SESSION, [], folder / "a.nwb", "cameras").rows["Video"] == 1
    assert (lab.database.Video & SESSION).fetch1("video").read_bytes() == b"film"


NAMED = r"D:\data\videos\day 1\cam.avi"
"""How the acquisition computer calls a video."""


@pytest.fixture
def placed(lab: Lab, tmp_path: Path) -> Path:
    """Give the manifest of a recording in the folder ``nwb`` of a drop folder, whose video is in another folder there."""
    drop = tmp_path / "drop"
    (drop / "nwb").mkdir(parents=True)
    record(drop / "a.nwb", "acquisition/cam", {NAMED: CLIP}, [0], timestamps=TIMES).rename(drop / "nwb/a.nwb")
    upload_rig_json(lab, "lab", "cameras", rig_of({}), [])
    note = drop / "nwb/a.manifest.json"
    named = {"session": SESSION, "animals": [], "rig": "cameras"}
    note.write_text(json.dumps({"specification": "antelop-manifest", "version": "1.0", **named}))
    lab.config = replace(lab.config, folders=(FolderConfig("rig-2", drop),))
    return note


def test_a_path_of_another_computer_is_told(lab: Lab, placed: Path) -> None:
    """Without a map the recording is rejected, and the remedy names the key of the configuration."""
    with pytest.raises(Rejected) as refused:
        ingest_manifest(lab, placed, Policy())
    (problem,) = refused.value.problems
    assert (problem.check, problem.where) == ("video_outside", "acquisition/cam")
    assert problem.remedy.endswith("[videos] map")


def test_a_mapped_path_is_found_anywhere_in_the_drop_folder(lab: Lab, placed: Path) -> None:
    """A map begins in the drop folder, not in that of the recording; by hand as in the daemon, which waits for it to settle."""
    drop, mapped = placed.parents[1], {"d:/DATA": ""}
    lab.config = replace(lab.config, videos=VideosConfig(mapped))
    delivery = replace(by_manifest(placed)[0], nwb_path="nwb/a.nwb")
    with SourceFiles(drop, "nwb/a.nwb", mapped=mapped) as files, pytest.raises(Unsettled) as unsettled:
        ingest(lab, delivery, files, Policy(settled=()))
    assert unsettled.value.paths == ("videos/day 1/cam.avi",)
    assert ingest_manifest(lab, placed, Policy()).outcome == "ingested"
    assert stored(lab) == [("cam", 0, TIMES)]


@one_database
def test_check_finds_what_an_ingest_finds(antelop: Run, placed: Path) -> None:
    """With the map both pass; without it both say the same of the video."""
    path = Path("antelop.toml")
    (path.parent / "rig.json").write_text(json.dumps(rig_of({})))
    path.write_text(path.read_text() + f'\n[[folders]]\npath = "{placed.parents[1]}"\n')
    for map_, found in ("", {"video_outside"}), ("[videos]\nmap = {'D:\\data' = \".\"}\n", set()):
        path.write_text(path.read_text() + map_)
        for words in (["check", str(placed.with_name("a.nwb")), "--rig", "rig.json"], ["check", str(placed)]):
            document = json.loads(antelop("--json", *words).stdout)
            assert {problem["check"] for problem in document["problems"]} == found, document
