"""A session goes out as an NWB file, which other programs read, and which comes in again as it was."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pynwb import NWBHDF5IO

from antelop.errors import Problem, Rejected, Unavailable
from antelop.export.arrays import samples
from antelop.export.places import free_name, path_problems
from antelop.export.session import export_nwb
from antelop.ingest.session import insert_nwb
from antelop.lab import Lab
from tests.commands import Run, one_database
from tests.labs import ANIMALS, EXPERIMENT, SESSION
from tests.recordings import LICKING_RIG, write_recording
from tests.round_trips import critical, held, invalid, round_trip


@pytest.fixture
def full(lab: Lab, recording: Path) -> Lab:
    """Give a lab whose session holds the recording."""
    insert_nwb(lab, SESSION, ANIMALS, recording, "licking rig")
    return lab


def refused(lab: Lab, path: Path, key: dict[str, Any] = SESSION) -> list[Problem]:
    """Return why a session is not written."""
    with pytest.raises(Rejected) as rejected:
        export_nwb(lab, key, path)
    return list(rejected.value.problems)


def test_a_session_comes_in_again_as_it_was(full: Lab, tmp_path: Path) -> None:
    """Signals, events, intervals, kinematics, videos and masks are equal to the bit; clocks and factors stay such."""
    (tmp_path / "out").mkdir()
    exported = round_trip(full, ANIMALS, "licking rig", tmp_path / "out" / "day-41.nwb")
    (video,) = exported.videos
    assert sorted(tmp_path.joinpath("out").rglob("*.*")) == [video, exported.path]
    assert video.parent.name == "day-41-videos"
    assert exported.size == exported.path.stat().st_size


@one_database
def test_other_programs_read_it(full: Lab, tmp_path: Path) -> None:
    """It is valid, nothing in it is critical, and pynwb finds subject, session, series, masks and provenance."""
    began = datetime(2024, 11, 22, 9, 30)  # noqa: DTZ001  # as the table has it: in the lab's time zone
    full.database.Session.update1({**SESSION, "session_timestamp": began, "session_notes": "calm"})
    full.database.Animal.update1({**ANIMALS[0], "species": "Mus musculus", "age": "P90D", "weight": "21 grams", "sex": "F"})
    exported = export_nwb(full, SESSION, tmp_path / "out.nwb")
    assert exported.warnings == ()
    assert (invalid(exported.path), critical(exported.path)) == ([], [])
    with NWBHDF5IO(exported.path, "r") as io:
        nwbfile = io.read()
        subject = nwbfile.subject
        assert (subject.subject_id, subject.species, subject.age, subject.sex) == ("m17", "Mus musculus", "P90D", "F")
        assert (subject.weight, subject.description) == (None, "m17; weight: 21 grams")
        assert nwbfile.session_start_time == began.astimezone()
        assert (nwbfile.identifier, nwbfile.session_description, nwbfile.session_id) == ("licking-0", "calm", "41")
        assert nwbfile.devices["rig"].description == "licking rig, reference point: top left corner of the arena"
        force = nwbfile.acquisition["force"]
        assert (force.rate, force.starting_time, force.conversion, force.offset, force.unit) == (100.0, 0.25, 0.5e-3, 1.0, "N")
        assert force.data.dtype == np.int16
        assert nwbfile.acquisition["led"].neurodata_type == "IntervalSeries"
        pose = nwbfile.processing["behavior"]["PoseEstimation"]["nose"]
        assert (pose.neurodata_type, pose.data.shape[1]) == ("PoseEstimationSeries", 2)
        mask = full.database.Mask & SESSION
        times = mask.fetch1("timestamps")
        np.testing.assert_array_equal(nwbfile.intervals["trials_mask"]["start_time"][:], times[::2])
        np.testing.assert_array_equal(nwbfile.intervals["trials_mask"]["stop_time"][:], times[1::2])
        provenance = json.loads(nwbfile.scratch["antelop"].data)
    assert provenance["ingest"]["nwb_identifier"] == "licking-0"
    assert [animal["animal_name"] for animal in provenance["animals"]] == ["m17", "m18"]
    assert provenance["session"]["rig_json"] == LICKING_RIG


@one_database
def test_animals_of_which_little_is_known(full: Lab, tmp_path: Path) -> None:
    """Without age, species or start the file is valid too, and a warning says that the start is not known."""
    exported = export_nwb(full, SESSION, tmp_path / "out.nwb")
    assert [(warning.check, warning.where) for warning in exported.warnings] == [("export_start", "lab/1/41")]
    assert (invalid(exported.path), critical(exported.path)) == ([], [])
    with NWBHDF5IO(exported.path, "r") as io:
        nwbfile = io.read()
        assert (nwbfile.subject.age, nwbfile.session_start_time.year) == ("P0D/", 1970)


@one_database
def test_the_order_of_animals_stays(lab: Lab, tmp_path: Path) -> None:
    """The first animal is that of the rig's number 1, though its id is higher."""
    insert_nwb(lab, SESSION, ANIMALS[::-1], write_recording(tmp_path / "b.nwb", subject_id="m18"), "licking rig")
    assert [animal["animal_name"] for animal in held(lab).animals] == ["m18", "m17"]
    round_trip(lab, ANIMALS[::-1], "licking rig", tmp_path / "out.nwb")


@one_database
def test_a_file_that_exists_is_kept(full: Lab, tmp_path: Path) -> None:
    """It is replaced only if that is said."""
    path = tmp_path / "out.nwb"
    path.write_text("precious")
    (problem,) = refused(full, path)
    assert (problem.check, problem.where) == ("export_exists", str(path))
    assert path.read_text() == "precious"
    assert not (tmp_path / "out-videos").exists()
    assert export_nwb(full, SESSION, path, overwrite=True).size == path.stat().st_size
    assert export_nwb(full, SESSION, path, overwrite=True).videos[0].exists()


@one_database
def test_a_file_that_appears_meanwhile_is_kept(full: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is taken in one step, so that nothing which came in between is lost, and nothing of ours is left."""
    path = tmp_path / "out.nwb"
    plain = NWBHDF5IO.write

    def write(io: NWBHDF5IO, nwbfile: object) -> None:
        plain(io, nwbfile)
        path.write_text("precious")

    monkeypatch.setattr(NWBHDF5IO, "write", write)
    before = sorted(tmp_path.iterdir())
    (problem,) = refused(full, path)
    assert (problem.check, path.read_text()) == ("export_exists", "precious")
    assert sorted(tmp_path.iterdir()) == sorted([*before, path])


@one_database
def test_an_object_that_is_missing_leaves_nothing(full: Lab, tmp_path: Path) -> None:
    """If the store is not whole, there is no file, not even a temporary one, and no video."""
    store = full.store.folder
    (film,) = held(full).films
    (store / film.files[0]["path"]).unlink()
    before = sorted(tmp_path.iterdir())
    with pytest.raises(Unavailable, match=r"the store's .* cannot be read"):
        export_nwb(full, SESSION, tmp_path / "out.nwb")
    assert sorted(tmp_path.iterdir()) == before


@one_database
@pytest.mark.parametrize(
    ("key", "check"),
    [
        ({**SESSION, "session_id": 42}, "session_empty"),
        ({**EXPERIMENT, "session": 41}, "key_unknown"),
        (EXPERIMENT, "session_ambiguous"),
    ],
)
def test_a_key_that_names_no_recording(
    full: Lab, licking: Callable[..., Path], tmp_path: Path, key: dict[str, Any], check: str
) -> None:
    """A key of none or of several is refused by name."""
    insert_nwb(full, {**SESSION, "session_id": 43}, ANIMALS, licking(tmp_path, seed=1), "licking rig")
    assert [problem.check for problem in refused(full, tmp_path / "out.nwb", key)] == [check]


@one_database
def test_a_folder_that_is_not_there(full: Lab, tmp_path: Path) -> None:
    """No folder is made."""
    (problem,) = refused(full, tmp_path / "none" / "out.nwb")
    assert problem == Problem(
        "export_folder",
        str(tmp_path / "none" / "out.nwb"),
        f"there is no folder {tmp_path / 'none'}",
        "Make it, or give another path",
    )


def test_paths_for_which_nwb_has_no_place() -> None:
    """All of them are told at once: too deep, twice, below another object, or with a name that pynwb refuses."""
    paths = [
        "acquisition/a/b/c",
        "acquisition/x",
        "acquisition/x",
        "stimulus/s",
        "stimulus/s/t",
        "processing/m/p:q",
        "intervals/t",
    ]
    found = [problem.where for problem in path_problems(paths)]
    assert found == ["acquisition/a/b/c", "acquisition/x", "stimulus/s", "processing/m/p:q"]


def test_names_of_masks() -> None:
    """A mask keeps its name where it can, and never takes that of a table of the rig."""
    assert free_name("bouts", []) == "bouts"
    assert free_name("a/b:c", []) == "a_b_c"
    assert free_name("trials", ["intervals/trials", "intervals/trials_mask"]) == "trials_mask_mask"
    assert free_name("..", []) == ".._mask"


@one_database
def test_what_would_come_in_otherwise_is_no_export(full: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is read again before it gets its name: of one whose values differ, nothing is left."""

    def doubled(*of: Any) -> dict[str, Any]:
        return {**samples(*of), "data": samples(*of)["data"] * 2}

    monkeypatch.setattr("antelop.export.objects.samples", doubled)
    before = sorted(tmp_path.iterdir())
    assert {problem.check for problem in refused(full, tmp_path / "out.nwb")} == {"export_differs"}
    assert sorted(tmp_path.iterdir()) == before


def test_the_command_says_what_it_wrote(full: Lab, command: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By names or ids; with --json also the paths, the bytes and the warnings."""
    monkeypatch.chdir(tmp_path)
    result = command(full.config, "export", "lab/licking/day 41", "out.nwb", "--json")
    said = json.loads(result.stdout)
    assert (result.exit_code, said["outcome"], said["session"]) == (0, "exported", SESSION)
    assert said["bytes"] == (tmp_path / "out.nwb").stat().st_size
    assert [Path(video).exists() for video in said["videos"]] == [True]
    assert [warning["check"] for warning in said["warnings"]] == ["export_start"]
    again = command(full.config, "export", "lab/1/41", "out.nwb")
    assert again.exit_code == 1
    assert "out.nwb: a file of this name exists already" in again.output
    assert command(full.config, "export", "lab/1/41", "out.nwb", "--overwrite").exit_code == 0


def test_nothing_else_waits_for_pynwb() -> None:
    """Neither the package, nor its functions for scripts, nor the command line imports pynwb before something is written."""
    words = "import sys, antelop, antelop.scripting, antelop.cli; antelop.export_nwb; print('pynwb' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True, env=dict(os.environ))
    assert run.stdout == "False\n"
