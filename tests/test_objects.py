"""Objects of the store: published whole and durably under the hash of their content, or not at all."""

import errno
import fcntl
import hashlib
import os
import resource
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from antelop.errors import Unavailable
from antelop.store import Kept, Store, objects, survey
from antelop.store.descriptor import objects_of
from antelop.store.objects import STAGED_BYTES, Incoming
from antelop.store.survey import is_whole
from tests.stores import LONG, Ramp, files, ramp, refuse_unnamed_files


@pytest.mark.usefixtures("filesystem")
def test_what_is_there_already_is_renewed(store: Store) -> None:
    """An array that is kept again is the same object, whose time says that it was just put."""
    values = ramp(LONG, (), "f8")
    path = store.path(store.put(values).descriptor)
    os.utime(path, (1, 1))
    inode = path.stat().st_ino
    assert store.path(store.put(values).descriptor) == path
    assert path.stat().st_ino == inode
    assert path.stat().st_mtime > 1
    assert len(files(store)) == 1


@pytest.mark.usefixtures("filesystem")
def test_a_torn_object_is_replaced(store: Store) -> None:
    """An object that a crash of the filesystem cut short is replaced when its array is kept again."""
    values = ramp(LONG, (), "f8")
    kept = store.put(values)
    os.truncate(store.path(kept.descriptor), 4096)
    assert store.put(values) == kept
    np.testing.assert_array_equal(store.get(kept.descriptor), values)
    assert len(files(store)) == 1


@pytest.mark.usefixtures("filesystem")
def test_objects_are_on_the_disk_before_they_have_a_name(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an object holds is synced before it gets its name, and after that every folder on the way to it."""
    events: list[str] = []
    really_sync, really_replace = os.fsync, Path.replace

    def sync(file: int) -> None:
        really_sync(file)
        path = Path(f"/proc/self/fd/{file}").readlink()
        events.append(f"sync {path.relative_to(store.folder)}" if path.is_dir() else f"sync {os.fstat(file).st_size} bytes")

    def replace(path: Path, target: Path) -> Path:
        events.append("name")
        return really_replace(path, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", replace)
    kept = store.put(ramp(LONG, (), "f8"))
    folder = Path(kept.descriptor["path"]).parent
    folders = [f"sync {folder}", f"sync {folder.parent}", "sync objects"]
    assert events == [f"sync {kept.size} bytes", "name", *folders]
    events.clear()
    store.put(ramp(LONG, (), "f8"))
    assert events == folders


@pytest.mark.parametrize("disk", [True, False])
def test_a_large_object_is_on_its_way_at_once(store: Store, monkeypatch: pytest.MonkeyPatch, disk: bool) -> None:  # noqa: FBT001  # pytest gives it
    """A large object goes past the cache where there is a disk; elsewhere the kernel is told to begin with what it has."""
    if not disk:
        monkeypatch.setattr(os, "major", lambda _: 0)
    direct = os.major(store.folder.stat().st_dev) != 0
    written: list[tuple[int, bool]] = []
    begun: list[tuple[int, int]] = []
    really_write, really_begin = os.write, os.posix_fadvise

    def write(file: int, content: memoryview) -> int:
        written.append((len(content), fcntl.fcntl(file, fcntl.F_GETFL) & os.O_DIRECT != 0))
        return really_write(file, content)

    def begin(file: int, start: int, length: int, advice: int) -> None:
        really_begin(file, start, length, advice)
        begun.append((start, length))

    monkeypatch.setattr(os, "write", write)
    monkeypatch.setattr(os, "posix_fadvise", begin)
    small = store.put(ramp(LONG, (), "f8"))
    assert (written, begun) == ([(small.size, False)], [])
    written.clear()
    large = store.put(np.zeros(2 * STAGED_BYTES, np.uint8))
    assert written == [(STAGED_BYTES, direct), (STAGED_BYTES, direct), (large.size - 2 * STAGED_BYTES, False)]
    assert begun == ([] if direct else [(0, STAGED_BYTES), (STAGED_BYTES, STAGED_BYTES)])
    assert store.path(large.descriptor).stem == hashlib.sha256(store.path(large.descriptor).read_bytes()).hexdigest()


def test_a_disk_that_takes_a_part(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that took part of a direct write, and now wants whole sectors, gets the rest by way of the cache."""
    really_write = os.write
    parts = [1000, 4096, 5000]

    def write(file: int, content: memoryview) -> int:
        return really_write(file, content[: parts.pop()] if parts and len(content) > STAGED_BYTES // 2 else content)

    monkeypatch.setattr(os, "write", write)
    values = ramp(3 * STAGED_BYTES, (), "u1")
    np.testing.assert_array_equal(store.get(store.put(values).descriptor), values)
    assert parts == []


def test_once_a_large_array_fails_no_other_is_begun(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several large arrays those are finished that were being read, and the error is that of the one that failed."""
    over, begun = threading.Event(), list[int]()

    class Readers(ThreadPoolExecutor):
        """Says when nothing more is begun."""

        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002  # as it is there
            super().shutdown(wait=False, cancel_futures=cancel_futures)
            over.set()
            super().shutdown(wait)

    @dataclass
    class Slow(Ramp):
        """An array that takes until then to be read."""

        number: int = 0

        def __getitem__(self, key: slice) -> NDArray[Any]:
            begun.append(self.number)
            if self.number == 1:
                raise Unavailable("damaged")
            over.wait(60)
            return super().__getitem__(key)

    monkeypatch.setattr("antelop.store.store.ThreadPoolExecutor", Readers)
    with pytest.raises(Unavailable, match="damaged"):
        store.put_all([Slow(STAGED_BYTES, number=number) for number in range(8)])
    assert {0, 1} <= set(begun) <= {0, 1, 2}
    assert all(is_whole(store, each.address) for each in survey.objects(store))


def test_a_store_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Making a store puts its folders on the disk, and making it again changes nothing in it."""
    synced = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(Path(f"/proc/self/fd/{file}").readlink()))
    store = Store(tmp_path / "state" / "store")
    assert not store.exists()
    store.make()
    assert store.exists()
    assert synced == [store.folder]
    store.put(np.zeros(LONG))
    kept = files(store)
    store.make()
    assert files(store) == kept


def test_every_block_is_hashed_in_order(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object's name is the hash of all of it, however late the thread that hashes comes to its work."""

    @dataclass
    class Late:
        """A future whose work is done when somebody waits for it, and the executor that makes it."""

        work: Callable[[], object]

        def result(self) -> None:
            self.work()
            self.work = int

        def submit(self, work: Callable[[object], object], content: object) -> "Late":
            return Late(lambda: work(content))

        def shutdown(self) -> None:
            pass

    monkeypatch.setattr(objects, "ThreadPoolExecutor", lambda _: Late(int))
    for length in (2 * STAGED_BYTES - 128, 2 * STAGED_BYTES):
        path = store.path(store.put(np.arange(length, dtype=np.uint8)).descriptor)
        assert path.stem == hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """Let the operating system refuse files beyond a size, as it does when a quota is used up."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("filesystem")
def test_a_store_without_room_is_unavailable_and_unchanged(store: Store, tmp_path: Path) -> None:
    """Where the disk takes no more, array and file are refused in one sentence, and nothing of them stays."""
    video = tmp_path / "video.mp4"
    video.write_bytes(bytes(1 << 20))
    keeps: list[Callable[[], Kept]] = [lambda: store.put(np.zeros(1 << 20)), lambda: store.keep(video)]
    for keep in keeps:
        with files_limited_to(1 << 16), pytest.raises(Unavailable) as raised:
            keep()
        assert str(raised.value) == f"the store {store.folder} cannot be written: File too large"
        assert files(store) == set()


@pytest.mark.usefixtures("filesystem")
@pytest.mark.parametrize("call", ["write", "fsync"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS], ids=errno.errorcode.get)
def test_a_failing_disk_is_unavailable(store: Store, monkeypatch: pytest.MonkeyPatch, call: str, code: int) -> None:
    """Every refusal of the disk is told in one sentence, and nothing stays, so that the same call may succeed later."""

    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    values = ramp(LONG, (), "f8")
    with monkeypatch.context() as patch:
        patch.setattr(os, call, refuse)
        with pytest.raises(Unavailable) as raised:
            store.put(values)
    assert str(raised.value) == f"the store {store.folder} cannot be written: {os.strerror(code)}"
    assert files(store) == set()
    store.put(values)
    assert len(files(store)) == 1


@pytest.mark.usefixtures("filesystem")
def test_an_empty_mount_point_does_not_become_a_store(tmp_path: Path) -> None:
    """Where a store was never made, or its share is not mounted, nothing is written."""
    with pytest.raises(Unavailable, match="cannot be written: No such file or directory"):
        Store(tmp_path).put(np.zeros(LONG))
    assert not Store(tmp_path).exists()
    assert list(tmp_path.iterdir()) == []


def test_what_killed_processes_left_is_removed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clearing removes unfinished objects, but not one that is just being written, nor what is kept."""
    refuse_unnamed_files(monkeypatch)
    kept = store.put(np.zeros(LONG))
    (store.folder / "incoming" / "left").write_bytes(b"unfinished")
    with Incoming(store.folder) as alive:
        alive.write(b"more")
        store.clear()
        assert not (store.folder / "incoming" / "left").exists()
        address = alive.publish(".txt")
    assert files(store) == {kept.descriptor["path"], address}


@pytest.mark.usefixtures("filesystem")
@pytest.mark.parametrize(
    ("name", "suffix"), [("day 1.mp4", ".mp4"), ("Day.AVI", ".AVI"), ("video", ""), ("v.mp4 (copy)", ""), (".mp4", "")]
)
def test_files_are_copied(store: Store, tmp_path: Path, name: str, suffix: str) -> None:
    """A kept file is a copy, named by its hash and its suffix; what happens to the original does not change it."""
    content = bytes(range(256)) * 30_000
    video = tmp_path / name
    video.write_bytes(content)
    kept = store.keep(video)
    with video.open("r+b") as file:
        file.write(b"rewritten")
    path = store.path(kept.descriptor)
    assert path.name == hashlib.sha256(content).hexdigest() + suffix
    assert path.read_bytes() == content
    assert kept.size == len(content)
    assert files(store) == objects_of(kept.descriptor)


def test_files_are_cloned_where_the_filesystem_can(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the filesystem lets two files share their blocks, nothing is written, and what is hashed is the clone."""
    video = tmp_path / "video.mp4"
    video.write_bytes(b"as it is a moment later")

    def clone(target: int, request: int, _: int) -> None:
        assert request == 0x40049409
        os.pwrite(target, b"as cloned", 0)

    monkeypatch.setattr(fcntl, "ioctl", clone)
    kept = store.keep(video)
    path = store.path(kept.descriptor)
    assert path.read_bytes() == b"as cloned"
    assert path.name == hashlib.sha256(b"as cloned").hexdigest() + ".mp4"
    assert kept.size == len(b"as cloned")


@pytest.mark.usefixtures("filesystem")
@pytest.mark.parametrize(
    "change", [lambda path: path.write_bytes(b"another"), lambda path: os.utime(path, (1, 1))], ids=["size", "time"]
)
def test_a_file_that_changes_while_it_is_copied_is_not_kept(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], object]
) -> None:
    """A file that is still being written is refused for now, and no copy of it stays."""
    video = tmp_path / "video.mp4"
    video.write_bytes(b"frame")
    really_copy = Incoming.copy

    def copy(incoming: Incoming, source: int) -> None:
        really_copy(incoming, source)
        change(video)

    monkeypatch.setattr(Incoming, "copy", copy)
    with pytest.raises(Unavailable) as raised:
        store.keep(video)
    assert str(raised.value) == f"{video} changed while it was copied"
    assert files(store) == set()


def test_what_is_no_file_is_not_kept(store: Store, tmp_path: Path) -> None:
    """A file that is not there may come; what is no regular file, such as a pipe that nobody writes to, never will be one."""
    with pytest.raises(Unavailable, match=r"missing\.mp4 cannot be read: No such file or directory"):
        store.keep(tmp_path / "missing.mp4")
    os.mkfifo(tmp_path / "pipe.mp4")
    for path in (tmp_path, tmp_path / "pipe.mp4"):
        with pytest.raises(ValueError, match="is no regular file"):
            store.keep(path)
