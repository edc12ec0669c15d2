"""Whether a file is whole, on real HDF5 files of every kind; h5py says what the library itself makes of them."""

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import pytest

from antelop.dropfolder.completeness import unfinished
from antelop.dropfolder.settle import Stat
from antelop.dropfolder.waiting import Reason
from antelop.files import RegularFile
from antelop.superblock import Superblock, superblock

VERSIONS = {"earliest": 0, "v108": 2, "v110": 3}
"""The version of the superblock that each of the library's formats has."""

KINDS = [(libver, userblock) for libver in VERSIONS for userblock in (0, 512, 4096)]


def written(path: Path, libver: str = "earliest", userblock: int = 0) -> bytes:
    """Write a small file, and return its bytes."""
    with h5py.File(path, "w", libver=libver, userblock_size=userblock) as file:
        file["data"] = range(1000)
    return path.read_bytes()


def looked_into(path: Path, *, locks: bool = True) -> tuple[Stat, Reason | None, Mapping[str, Any]]:
    """Return what is found of a file."""
    with RegularFile.at(path) as file:
        return unfinished(file.descriptor, locks=locks)


def reason(path: Path, *, locks: bool = True) -> Reason | None:
    """Return why a file is not whole."""
    return looked_into(path, locks=locks)[1]


def opens(path: Path) -> bool:
    """Return whether the library opens a file."""
    try:
        h5py.File(path, "r").close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize(("libver", "userblock"), KINDS)
def test_a_closed_file_is_whole(libver: str, userblock: int, tmp_path: Path) -> None:
    """In every version of the format, and with bytes of somebody else's before it."""
    data = written(tmp_path / "x.nwb", libver, userblock)
    assert data[userblock + 8] == VERSIONS[libver]
    assert reason(tmp_path / "x.nwb") is None


@pytest.mark.parametrize(("libver", "userblock"), KINDS)
def test_a_file_that_is_cut_short_is_not_whole(libver: str, userblock: int, tmp_path: Path) -> None:
    """Nor does the library open it; by one byte, by most of it, or in the middle of its superblock."""
    path = tmp_path / "x.nwb"
    data = written(path, libver, userblock)
    for length in (len(data) - 1, 1000 + userblock, userblock + 40, userblock + 8):
        path.write_bytes(data[:length])
        assert reason(path) is Reason.UNFINISHED
        assert not opens(path)
    path.write_bytes(data[:-1])
    assert looked_into(path)[2] == {"end": len(data), "size": len(data) - 1}


@pytest.mark.parametrize(("libver", "userblock"), KINDS)
def test_bytes_before_a_file_move_its_end(libver: str, userblock: int, tmp_path: Path) -> None:
    """A user block may be put before a file or taken away, and the library opens it still."""
    path = tmp_path / "x.nwb"
    data = written(path, libver, userblock)
    for moved in (bytes(0 if userblock else 512) + data, data[userblock:]):
        path.write_bytes(moved)
        assert opens(path)
        assert reason(path) is None
        path.write_bytes(moved[:-1])
        assert reason(path) is Reason.UNFINISHED


def test_a_file_that_is_longer_than_it_says_is_not_whole(tmp_path: Path) -> None:
    """So looks a file to which a writer has added since it last wrote the header; the library truncates when it closes."""
    path = tmp_path / "x.nwb"
    path.write_bytes(written(path) + b"\0")
    assert reason(path) is Reason.UNFINISHED


@pytest.mark.parametrize("libver", VERSIONS)
def test_a_file_is_marked_while_a_writer_has_it_open(libver: str, tmp_path: Path) -> None:
    """Where no lock can be seen, its mark is; when it is closed, the mark is off."""
    path = tmp_path / "x.nwb"
    with h5py.File(path, "w", libver=libver) as file:
        file["data"] = range(1000)
        file.flush()
        assert reason(path, locks=False) is Reason.MARKED
    assert reason(path, locks=False) is None
    with h5py.File(path, "a"):
        assert reason(path, locks=False) is Reason.MARKED
    assert reason(path, locks=False) is None


def test_a_file_is_marked_while_others_may_read_it_too(tmp_path: Path) -> None:
    """A writer for one writer and many readers (SWMR) gives its lock up; its mark says enough."""
    path = tmp_path / "x.nwb"
    with h5py.File(path, "w", libver="latest") as file:
        file.create_dataset("data", (0,), "f8", maxshape=(None,))
        file.swmr_mode = True
        assert path.read_bytes()[11] == 0b101
        assert reason(path) is Reason.MARKED


def test_a_writer_s_lock_is_seen_and_a_reader_s_is_not_in_the_way(tmp_path: Path) -> None:
    """The lock is asked for as a reader would, and given back at once."""
    path = tmp_path / "x.nwb"
    written(path)
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert reason(path) is Reason.LOCKED
        assert reason(path, locks=False) is None
        fcntl.flock(other, fcntl.LOCK_SH)
        assert reason(path) is None
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_field_20_a_filesystem_without_locks_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where locks do not work, they are done without."""
    path = tmp_path / "x.nwb"
    written(path)

    def unsupported(*_: Any) -> None:
        raise OSError(95, os.strerror(95))

    monkeypatch.setattr(fcntl, "flock", unsupported)
    assert reason(path) is None


@pytest.mark.parametrize(
    "data", [b"", b"\x89HD", b"version https://git-lfs", bytes(5000)], ids=["empty", "short", "text", "zeros"]
)
def test_what_is_no_hdf5_file_is_not_unfinished(data: bytes, tmp_path: Path) -> None:
    """It is whole as far as anybody can tell, and its reader says what it is not."""
    (tmp_path / "x.nwb").write_bytes(data)
    assert reason(tmp_path / "x.nwb") is None


def test_a_superblock_of_an_unknown_version_is_nobody_s(tmp_path: Path) -> None:
    """A later format is left to the library."""
    data = bytearray(written(tmp_path / "x.nwb"))
    data[8] = 4
    found = superblock(lambda count, offset: bytes(data[offset : offset + count]), len(data))
    assert found == Superblock(len(data), marked=False)
    (tmp_path / "x.nwb").write_bytes(data)
    assert reason(tmp_path / "x.nwb") is None


def test_real_recordings_are_whole(recordings: Path) -> None:
    """Whoever wrote them, with whatever library; the files that are no HDF5 among them too."""
    files = sorted(recordings.rglob("*.nwb"))
    assert len(files) > 10
    assert {path.name: reason(path) for path in files if reason(path) is not None} == {}
