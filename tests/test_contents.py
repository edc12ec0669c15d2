"""Files of many objects, of which a rig names few: all are found, and only what is asked for is read."""

from pathlib import Path

import h5py
import pytest

from antelop.checks.examine import examine
from antelop.formats.rig import Feature, Rig
from antelop.recording import reading
from antelop.recording.objects import ObjectReader
from antelop.recording.recording import Listed
from tests.clocks import NOW
from tests.recordings import write_recording
from tests.test_bounded_work import counting

LICK = Feature("lick", "acquisition", "digital", "")


@pytest.fixture
def nwb(tmp_path: Path) -> Path:
    """Write the licking task."""
    return write_recording(tmp_path / "made.nwb", cache_spec=False)


def overwrite(nwb: Path, *paths: str) -> None:
    """Damage objects of a file."""
    with h5py.File(nwb, "r+") as file:
        addresses = [h5py.h5o.get_info(file[path].id).addr for path in paths]
    with nwb.open("r+b") as raw:
        for address in addresses:
            raw.seek(address)
            raw.write(b"\xff" * 32)


def test_what_no_rig_names_is_not_read(nwb: Path) -> None:
    """Of 300 series a check reads the one that the rig names; a wrong name is compared with all, and none is read."""
    with h5py.File(nwb, "r+") as file:
        for number in range(300):
            file.copy("acquisition/lick", f"acquisition/lick{number}")
    for name, reads in (("lick299", {"series": 1}), ("lick300", {})):
        rig = Rig("1", "", (Feature(name, "acquisition", "digital", ""),))
        with counting(ObjectReader.series, ObjectReader.table) as calls, reading(nwb) as recording:
            problems = examine(recording, rig, None, {}, NOW).errors
        assert calls == reads
        assert [problem.remedy for problem in problems] == (
            [] if reads else ["The file has acquisition/lick30: correct the rig, or the recording"]
        )


def test_every_object_is_listed_with_its_type_and_length(nwb: Path) -> None:
    """Series, tables, containers and what cannot be read; the length of a series without data is that of its times."""
    with h5py.File(nwb, "r+") as file:
        lick = file["acquisition/lick"]
        length = len(lick["timestamps"])
        file["acquisition/elsewhere"] = h5py.ExternalLink("other.nwb", "/")
        file.copy("acquisition/lick", "acquisition/linked")
        del lick["data"], file["acquisition/linked/data"], file["acquisition/linked/timestamps"]
        file["acquisition/linked/data"] = h5py.ExternalLink("other.nwb", "/data")
        rows = len(file["intervals/trials/start_time"])
    with counting(ObjectReader.series, ObjectReader.table) as calls, reading(nwb) as recording:
        found = {
            path: (recording.listed[path], recording.length(path))
            for path in ("acquisition/lick", "acquisition/linked", "acquisition/elsewhere", "intervals/trials")
        }
        assert recording.listed["processing/behavior"] == Listed("ProcessingModule")
    assert found == {
        "acquisition/lick": (Listed("TimeSeries", "series"), length),
        "acquisition/linked": (Listed("TimeSeries", "series"), None),
        "acquisition/elsewhere": (Listed("", reason="link to another file"), None),
        "intervals/trials": (Listed("TimeIntervals", "table"), rows),
    }
    assert not calls


def test_damage_is_a_problem_of_what_the_rig_names(nwb: Path) -> None:
    """All damaged features are told with the other problems of the file; damage elsewhere is none."""
    overwrite(nwb, "acquisition/lick/timestamps", "intervals/trials/start_time", "acquisition/reward/timestamps")
    others = (Feature("trials", "intervals", "interval", ""), Feature("nothing", "acquisition", "analog", ""))
    with reading(nwb) as recording:
        problems = examine(recording, Rig("1", "", (LICK, *others)), None, {}, NOW).errors
    assert [(problem.check, problem.where) for problem in problems] == [
        ("feature_missing", "acquisition/nothing"),
        ("nwb_damaged", "acquisition/lick"),
        ("nwb_damaged", "intervals/trials"),
    ]


def test_nothing_is_read_after_its_file_was_closed(nwb: Path) -> None:
    """It is a mistake of the caller, and no damage; what was read before is still described."""
    with reading(nwb) as recording:
        kind = recording.series["acquisition/lick"].neurodata_type
    assert recording.series["acquisition/lick"].neurodata_type == kind
    with pytest.raises(ValueError, match="acquisition/force was read after its file had been closed"):
        recording.series.get("acquisition/force")
