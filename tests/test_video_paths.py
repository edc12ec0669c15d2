r"""Where videos are that a recording names by paths of another computer, and that no name leads out of the folder."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from antelop.directory import Directory
from antelop.recording.recording import Video
from antelop.recording.video_paths import VideoPaths, is_foreign, map_path

MAP = {r"D:\data": "", r"D:\data\cold": "archive/2026", r"\\nas\cameras": "videos", "/mnt/acq": "linux", "E:\\": "e"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (r"D:\data\m1\cam.mp4", "m1/cam.mp4"),
        ("d:/DATA/m1/Cam.mp4", "m1/Cam.mp4"),
        (r"D:/data\m1/cam.mp4", "m1/cam.mp4"),
        (r"D:\data\.\m1\\cam.mp4", "m1/cam.mp4"),
        (r"D:\data\m1\..\cam.mp4", "cam.mp4"),
        (r"\\?\D:\data\cam.mp4", "cam.mp4"),
        (r"D:\data\cold\cam.mp4", "archive/2026/cam.mp4"),
        (r"D:\data\colder\cam.mp4", "colder/cam.mp4"),
        (r"\\NAS\Cameras\m1\cam.mp4", "videos/m1/cam.mp4"),
        ("//nas/cameras/cam.mp4", "videos/cam.mp4"),
        (r"\\?\UNC\nas\cameras\cam.mp4", "videos/cam.mp4"),
        ("/mnt/acq/../acq/cam.mp4", "linux/cam.mp4"),
        (r"e:\cam.mp4", "e/cam.mp4"),
        (r"D:\data", None),
        (r"D:\data2\cam.mp4", None),
        (r"D:\data\..\secret\cam.mp4", None),
        (r"D:\data\..\..\..\etc\passwd", None),
        (r"C:\data\cam.mp4", None),
        (r"D:data\cam.mp4", None),
        (r"\\nas\other\cam.mp4", None),
        ("/MNT/acq/cam.mp4", None),
        (r"\mnt\acq\cam.mp4", None),
        ("mnt/acq/cam.mp4", None),
        ("cam.mp4", None),
        ("", None),
    ],
)
def test_the_longest_path_of_the_map_counts(name: str, expected: str | None) -> None:
    """Windows compares without case and takes either slash; what is only beside a mapped folder is not in it."""
    assert map_path(name, MAP) == expected


@pytest.mark.parametrize(
    ("name", "foreign"),
    [(r"D:\x.avi", True), ("d:/x.avi", True), (r"\\nas\a\x.avi", True), ("/x.avi", False), ("D:x.avi", False), ("x", False)],
)
def test_a_path_of_a_windows_computer_is_told(name: str, *, foreign: bool) -> None:
    """It begins with a drive or a share; a path that is relative to a drive's folder begins nowhere that is known."""
    assert is_foreign(name) is foreign


@pytest.fixture
def paths(tmp_path: Path) -> Iterator[VideoPaths]:
    """Give a drop folder with a recording in the folder ``nwb``, videos in three places, and a secret outside."""
    (tmp_path / "secret.avi").write_bytes(b"secret")
    for name in ("nwb/left.avi", "nwb/sub/cam.avi", "videos/m1.avi", "nwb/odd\\name.avi", "C:\\whole.avi"):
        path = tmp_path / "drop" / (name if name[0] != "C" else f"nwb/{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    (tmp_path / "drop/videos/out.avi").symlink_to("../../secret.avi")
    with ExitStack() as opened:
        folder = opened.enter_context(Directory(tmp_path / "drop"))
        beside = opened.enter_context(folder.below("nwb"))
        yield VideoPaths(folder, beside, "nwb", {r"D:\video": "videos", r"D:\nwb": "nwb", r"X:\up": "../.."})


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (r"sub\cam.avi", "nwb/sub/cam.avi"),
        (r".\sub/..\left.avi", "nwb/left.avi"),
        (r"odd\name.avi", r"nwb/odd\name.avi"),
        (r"C:\whole.avi", r"nwb/C:\whole.avi"),
        (r"D:\video\m1.avi", "videos/m1.avi"),
        (r"d:/NWB\sub\cam.avi", "nwb/sub/cam.avi"),
    ],
)
def test_a_video_is_found(paths: VideoPaths, name: str, path: str) -> None:
    """Backslashes separate folders unless a file is called so, and mapped paths begin in the drop folder."""
    found = paths.find(name)
    assert (found.path, found.inside) == (path, True)
    with paths.open(path) as file:
        assert file.id.size == found.size > 0


@pytest.mark.parametrize(
    "name",
    [
        r"..\..\secret.avi",
        r"sub\..\..\..\secret.avi",
        r"..\videos\m1.avi",
        r"\secret.avi",
        r"Z:\secret.avi",
        "z:/secret.avi",
        r"\\nas\x\secret.avi",
        r"D:\video\out.avi",
        r"D:\video\..\..\secret.avi",
        r"X:\up\secret.avi",
    ],
)
def test_no_name_leads_out(paths: VideoPaths, name: str) -> None:
    """Neither ``..`` nor a drive, a share, a link or a map that somebody got wrong: not even a size is asked for."""
    assert paths.find(name) == Video(name, name, inside=False, size=0)


@pytest.mark.parametrize(
    ("name", "sought"),
    [
        (r"sub\none.avi", "nwb/sub/none.avi"),
        (r"D:\video\none.avi", "videos/none.avi"),
        (r"D:\video\m1.avi\x", "videos/m1.avi/x"),
    ],
)
def test_a_missing_video_says_where_it_was_looked_for(paths: VideoPaths, name: str, sought: str) -> None:
    """The place is that in the drop folder, which a person can look into."""
    found = paths.find(name)
    assert (found.path, found.inside, found.sought) == (None, True, sought)


def test_a_file_that_became_a_link_is_not_opened(paths: VideoPaths) -> None:
    """A video beside the recording may meanwhile lead to another folder of the drop folder, which is another's."""
    assert paths.find("left.avi").path == "nwb/left.avi"
    file = paths.folder.path / "nwb/left.avi"
    file.unlink()
    file.symlink_to("../videos/m1.avi")
    with pytest.raises(FileNotFoundError):
        paths.open("nwb/left.avi")
