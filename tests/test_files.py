"""Files that are held, read up to a bound, and written whole or not at all."""

import errno
import getpass
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from antelop import files
from antelop.errors import Unavailable, available, reason, user_name
from antelop.files import RegularFile
from tests import descriptors
from tests.commands import ORDINARY

SPARSE = 6 << 30


def folder_of(path: Path) -> int:
    """Return a descriptor of the folder that a file is in."""
    return os.open(path.parent, os.O_PATH)


def test_a_file_that_is_held_stays_the_same(tmp_path: Path) -> None:
    """Another one that takes its name is not the one that is read, and each reader begins at the beginning."""
    path = tmp_path / "a"
    path.write_bytes(b"first")
    with RegularFile.at(path) as held:
        (tmp_path / "b").write_bytes(b"second")
        (tmp_path / "b").replace(path)
        assert [held.start(3), held.whole(5)] == [b"fir", b"first"]
        assert held.sha256() == "a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e"
        assert held.unchanged()
    with RegularFile.at(path) as held:
        path.write_bytes(b"third.")
        assert not held.unchanged()


@pytest.mark.parametrize("kind", ["folder", "pipe", "device"])
def test_what_is_not_a_regular_file_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    """A named pipe without a writer, a device and a folder are refused at once, and no descriptor stays open."""
    path = tmp_path / kind
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "device":
            path = Path("/dev/zero")
    with descriptors.none_left(), pytest.raises(IsADirectoryError, match="it is not a regular file"):
        RegularFile.at(path)


def test_no_more_is_read_than_the_bound(tmp_path: Path) -> None:
    """A sparse file of 6 GB takes no more memory than the bound, and is refused; one byte less than too many is not."""
    path = tmp_path / "sparse"
    path.touch()
    os.truncate(path, SPARSE)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (SPARSE, hard))  # reading all of it would be a MemoryError
    try:
        with pytest.raises(OSError, match="it has more than 1000 bytes"):
            files.read(path, 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    os.truncate(path, 1000)
    assert files.read(path, 1000) == bytes(1000)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """Where the disk is full the earlier one stays, and nothing else is left; a link in its place is replaced."""
    path, other = tmp_path / "a", tmp_path / "other"
    files.write(path, b"first")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            files.write(path, b"second")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {"a": b"first"}
    path.rename(other)
    path.symlink_to(other)
    files.write(path, b"third")
    assert (other.read_bytes(), path.read_bytes(), path.is_symlink()) == (b"first", b"third", False)


@pytest.mark.parametrize("durable", [True, False])
def test_content_and_name_are_on_the_disk(tmp_path: Path, *, durable: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is synced before it has its name, and the folder after; what need not outlast a power cut is not synced."""
    steps: list[str] = []
    fsync, replace = os.fsync, os.replace

    def synced(descriptor: int) -> None:
        steps.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        fsync(descriptor)

    def replaced(*args: str, src_dir_fd: int, dst_dir_fd: int) -> None:
        steps.append("replace")
        replace(*args, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    files.write(tmp_path / "a", b"content", durable=durable)
    assert steps == ([".a.tmp", "replace", tmp_path.name] if durable else ["replace"])


@pytest.mark.parametrize("flag", ["known", "unknown"])
def test_nothing_is_replaced_unasked(tmp_path: Path, flag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is taken, be it by a dangling link, stays as it is, also where the filesystem does not know the flag."""
    if flag == "unknown":
        monkeypatch.setattr(files, "_LIBC", object())
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_bytes(b"first")
    b.symlink_to("nowhere")
    folder = folder_of(a)
    for _ in range(2):
        with pytest.raises(FileExistsError):
            files.rename(folder, "a", folder, "b")
        assert (a.read_bytes(), b.is_symlink()) == (b"first", True)
        with pytest.raises(FileExistsError), files.writing(folder, "b", replace=False) as file:
            file.write(b"second")
    b.unlink()
    files.rename(folder, "a", folder, "b")
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {"b": b"first"}
    with pytest.raises(FileNotFoundError):
        files.rename(folder, "a", folder, "c")
    os.close(folder)


def test_two_filesystems_are_told(tmp_path: Path) -> None:
    """Nothing is renamed from one to the other: EXDEV, as from rename(2)."""
    (tmp_path / "a").touch()
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        folder, into = folder_of(tmp_path / "a"), folder_of(Path(elsewhere, "a"))
        with pytest.raises(OSError, match="Invalid cross-device link"):
            files.rename(folder, "a", into, "a")
        os.close(folder)
        os.close(into)


def test_what_the_operating_system_refuses_is_unavailable() -> None:
    """With what cannot be done, and why."""
    with (
        pytest.raises(Unavailable, match=r"^the receipt cannot be read: No such file or directory$"),
        available("the receipt cannot be read"),
    ):
        Path("/nowhere").read_bytes()


def test_who_is_denied_learns_whose_the_folder_is(tmp_path: Path) -> None:
    """Of a path that is not there, the folder counts in which it would be made."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    script = (
        "import sys; from pathlib import Path; from antelop import errors, files\n"
        "try: files.write(Path(sys.argv[1]), b'')\n"
        "except OSError as error: print(error.filename, errors.reason(error), sep='\\n')"
    )
    command = [*ORDINARY, sys.executable, "-c", script, str(closed / "a")]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    me = getpass.getuser()
    assert said == [f"{closed}/a", f"Permission denied: {closed} belongs to {me} (dr-x------), and this runs as {me}"]


def test_who_may_not_rename_learns_which_of_the_two_folders_is_closed(tmp_path: Path) -> None:
    """As in a store where root has made a folder: the file may be written where it is, and not where it is to be."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "a").touch()
    (tmp_path / "closed").mkdir(mode=0o500)
    script = (
        "import os, sys; from antelop import errors\n"
        "try: os.rename(*sys.argv[1:])\n"
        "except OSError as error: print(errors.reason(error))"
    )
    command = [*ORDINARY, sys.executable, "-c", script, str(tmp_path / "open" / "a"), str(tmp_path / "closed" / "a")]
    said, me = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout, getpass.getuser()
    assert said == f"Permission denied: {tmp_path}/closed belongs to {me} (dr-x------), and this runs as {me}\n"


@pytest.mark.parametrize("filename", [None, 3, "relative", "/"])
def test_what_else_the_system_says_is_told_as_it_is(filename: str | int | None) -> None:
    """If no path is known, or nothing about it explains why access is denied."""
    assert reason(PermissionError(errno.EACCES, "Permission denied", filename)) == "Permission denied"
    assert reason(OSError(errno.EIO, "Input/output error", filename)) == "Input/output error"


def test_users_without_a_name_have_a_number() -> None:
    """As on a share that another machine writes to."""
    assert user_name(0) == "root"
    assert user_name(4_000_000_000) == "user number 4000000000"
