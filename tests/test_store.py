"""What the store keeps, how rows describe it, and what comes back."""

import errno
import fcntl
import gc
import hashlib
import json
import os
import resource
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import datajoint as dj
import h5py
import numpy as np
import pytest
from datajoint.settings import Config
from numpy.typing import NDArray

from antelop.errors import Unavailable
from antelop.lab import Lab
from antelop.recording.holes import Holes
from antelop.recording.samples import BLOCK_BYTES, Contiguous, Samples
from antelop.recording.stored import samples
from antelop.recording.views import Clock, Scaled
from antelop.store import Kept, Store, objects, survey
from antelop.store.descriptor import objects_of
from antelop.store.objects import STAGED_BYTES, Incoming
from antelop.store.store import INLINE_BYTES, TOGETHER
from antelop.store.survey import is_whole

LONG = 3 * INLINE_BYTES
"""A length at which every dtype has too many bytes for the row."""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Make an empty store."""
    made = Store(tmp_path / "store")
    made.make()
    return made


@pytest.fixture(params=["disk", "share"])
def filesystem(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the test twice: the second time on a filesystem without unnamed files, as those of shares are."""
    if request.param == "share":
        refuse_unnamed_files(monkeypatch)


def refuse_unnamed_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the operating system answer as it does on a filesystem without unnamed files."""
    really_open = os.open

    def open_named(path: Any, flags: int, *more: Any, **options: Any) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        return really_open(path, flags, *more, **options)

    monkeypatch.setattr(os, "open", open_named)


def files(store: Store) -> set[str]:
    """Return the paths of all files in a store."""
    return {str(path.relative_to(store.folder)) for path in store.folder.rglob("*") if not path.is_dir()}


def ramp(length: int, channels: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """Return an array in which every sample differs from its neighbours, whatever its dtype."""
    count = length * int(np.prod(channels))
    return (np.arange(count) % 101 % 2 if dtype == "?" else np.arange(count) % 101).astype(dtype).reshape(length, *channels)


@dataclass
class Ramp:
    """An array that is made where it is read, as one on the disk is."""

    length: int
    dtype: np.dtype[Any] = field(default=np.dtype(np.float64))

    @property
    def shape(self) -> tuple[int]:
        return (self.length,)

    def __getitem__(self, key: slice) -> NDArray[Any]:
        return np.arange(*key.indices(self.length), dtype=self.dtype)


@pytest.mark.parametrize("channels", [(), (0,), (3,)], ids=str)
@pytest.mark.parametrize("length", [0, 5, LONG])
@pytest.mark.parametrize("dtype", ["?", "i1", "u1", ">i2", "u2", "i4", ">u8", "i8", "f2", ">f4", "f8"])
def test_arrays_come_back_as_they_were(store: Store, length: int, channels: tuple[int, ...], dtype: str) -> None:
    """An array comes back with its values, shape and dtype, byte order included, as a read-only ndarray; so through JSON."""
    values = ramp(length, channels, dtype)
    descriptor = json.loads(json.dumps(store.put(values).as_json()))
    found = store.get(descriptor)
    np.testing.assert_array_equal(found, values, strict=True)
    assert found.dtype == np.dtype(dtype)
    assert type(found) is np.ndarray
    with pytest.raises(ValueError, match="read-only"):
        found[...] = 0


def test_small_arrays_stay_in_the_row(store: Store) -> None:
    """An array of a few kilobytes writes no file, not even into a store that is away; one byte more does."""
    small = Store(Path("/nowhere")).put(np.arange(INLINE_BYTES // 8, dtype=float))
    assert (small.size, objects_of(small.descriptor)) == (INLINE_BYTES, set())
    large = store.put(np.zeros(INLINE_BYTES + 1, np.int8))
    assert files(store) == objects_of(large.descriptor) == {large.descriptor["path"]}


def test_objects_are_plain_npy_files_named_by_their_hash(store: Store) -> None:
    """Anyone can read an object with NumPy, map it, and check it with sha256sum."""
    values = ramp(LONG, (2,), ">i4")
    kept = store.put(values)
    path = store.folder / kept.descriptor["path"]
    content = path.read_bytes()
    assert path == store.folder / "objects" / path.stem[:2] / path.stem[2:4] / f"{path.stem}.npy"
    assert hashlib.sha256(content).hexdigest() == path.stem
    assert kept.size == len(content) == values.nbytes + 128
    np.testing.assert_array_equal(np.load(path), values, strict=True)


@pytest.mark.parametrize("channels", [(), (3,)], ids=str)
def test_equal_arrays_are_described_alike(store: Store, tmp_path: Path, channels: tuple[int, ...]) -> None:
    """The same values give the same descriptor and one object, wherever they come from and however they lie in memory."""
    values = ramp(LONG, channels, "f8")
    with h5py.File(tmp_path / "file.h5", "w") as file:
        chunked = file.create_dataset("chunked", data=values, chunks=(1000, *channels), compression="gzip")
        contiguous = file.create_dataset("contiguous", data=values)
        sources = [values, np.asfortranarray(values), np.repeat(values, 2, axis=0)[::2], chunked, contiguous]
        descriptors = [store.put(source).as_json() for source in sources]
    assert descriptors == [descriptors[0]] * len(sources)
    assert len(files(store)) == 1
    assert store.put(values[::-1]).as_json() != descriptors[0]


@pytest.mark.parametrize("more", [-1, 0, 1])
@pytest.mark.parametrize(
    ("dtype", "channels"), [("f8", ()), ("f8", (16,)), ("f8", (3,)), ("f8", (32,)), (">i2", (2,)), ("?", ()), ("<f4", (1, 4))]
)
def test_what_is_read_from_a_file_is_what_is_in_it(
    store: Store, tmp_path: Path, dtype: str, channels: tuple[int, ...], more: int
) -> None:
    """Samples that lie in the file as they are go straight to where they are written from, and come out the same."""
    row = np.dtype(dtype).itemsize * int(np.prod(channels))
    values = ramp(2 * STAGED_BYTES // row + more, channels, dtype)
    with h5py.File(tmp_path / "file.h5", "w") as file:
        file["data"] = values
        stored = samples(file, "data", "acquisition/lick", Holes())
        assert isinstance(stored, Contiguous)
        assert stored.contiguous
        kept = store.put(stored)
    assert kept == store.put(values)
    np.testing.assert_array_equal(store.get(kept.descriptor), values, strict=True)
    with pytest.raises(ValueError, match="lick/data was sliced after its file had been closed"):
        store.put(stored)


def test_a_declared_rate_is_kept_as_three_numbers(store: Store) -> None:
    """A regular clock takes no space, and comes back as the array of its times."""
    clock = Clock(start=0.1, rate=30_000.0, count=100_000)
    kept = store.put(clock)
    assert kept == Kept({"kind": "clock", "start": 0.1, "rate": 30_000.0, "count": 100_000}, size=0)
    found = store.get(kept.descriptor)
    np.testing.assert_array_equal(found, 0.1 + np.arange(100_000) / 30_000, strict=True)
    assert not found.flags.writeable
    assert files(store) == set()


@pytest.mark.parametrize("length", [5, LONG])
def test_scaled_samples_are_kept_as_in_the_file(store: Store, length: int) -> None:
    """Scaled integers are kept as integers, and come back scaled as float64."""
    raw = ramp(length, (2,), "i2")
    kept = store.put(Scaled(raw, conversion=1 / 3, offset=0.1))
    assert kept.size < raw.nbytes + 200
    np.testing.assert_array_equal(store.get(kept.descriptor["samples"]), raw, strict=True)
    found = store.get(json.loads(json.dumps(kept.as_json())))
    np.testing.assert_array_equal(found, raw * (1 / 3) + 0.1, strict=True)
    assert not found.flags.writeable
    assert files(store) == objects_of(kept.descriptor)


def test_several_arrays_are_kept_as_each_would_be(store: Store) -> None:
    """Of every kind, and more of them than are put on the disk at the same time."""
    arrays: list[Samples] = [Clock(0.0, 10.0, 5), np.arange(3), Scaled(ramp(LONG, (), "i2"), 0.5, 0.0)]
    arrays += [ramp(LONG + number, (2,), "f4") for number in range(3 * TOGETHER)]
    alone = [store.put(values) for values in arrays]
    assert store.put_all(arrays) == alone
    assert len(files(store)) == 1 + 3 * TOGETHER
    assert store.put_all([]) == []


def test_an_array_that_is_among_several_twice_is_read_once(store: Store) -> None:
    """Timestamps that many channels share are one object."""

    class Counting(Ramp):
        read = 0

        def __getitem__(self, key: slice) -> NDArray[Any]:
            type(self).read += 1
            return super().__getitem__(key)

    shared, own = Counting(LONG), np.zeros(LONG)
    first, _, second = store.put_all([shared, own, shared])
    assert first == second == store.put(shared[:])
    assert Counting.read == 2


@pytest.mark.usefixtures("filesystem")
def test_one_array_that_fails_fails_all(store: Store) -> None:
    """Its error is raised; of the others only whole objects are there, and nothing of it."""

    class Damaged(Ramp):
        def __getitem__(self, key: slice) -> NDArray[Any]:
            raise Unavailable("the share is gone")

    sound = ramp(LONG, (), "f8")
    with pytest.raises(Unavailable, match="the share is gone"):
        store.put_all([sound, Damaged(LONG), np.ones(LONG)])
    assert files(store) == objects_of(store.put(sound).descriptor)


def test_objects_that_cannot_be_published_fail_all(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk may say only at the end that it is full; nothing stays open then."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    gc.collect()  # nothing else is closed meanwhile
    opened = len(list(Path("/proc/self/fd").iterdir()))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="cannot be written: No space left on device"):
        store.put_all([ramp(LONG + number, (), "f8") for number in range(3 * TOGETHER)])
    assert len(list(Path("/proc/self/fd").iterdir())) == opened
    assert files(store) == set()


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


def test_memory_does_not_grow_with_the_array(store: Store) -> None:
    """Keeping an array has no more than some blocks of it in memory."""
    tracemalloc.start()
    kept = store.put(Ramp(12 << 20))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert kept.size > 96 << 20
    assert peak < 6 * BLOCK_BYTES


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ([1, 2], TypeError("a signal is an array, not list")),
        (np.array(["a"]), TypeError("a signal is an array of numbers or booleans, not of <U1")),
        (np.array([None]), TypeError("a signal is an array of numbers or booleans, not of object")),
        (np.array(1.0), ValueError("a signal is an array, not a single number")),
        (Clock(np.nan, 1.0, 1), ValueError("start must be a finite number, not nan")),
        (Clock(0.0, np.inf, 1), ValueError("rate must be a finite number, not inf")),
        (Scaled(np.zeros(LONG), -np.inf, 0.0), ValueError("conversion must be a finite number, not -inf")),
        (Scaled(np.zeros(LONG), 1.0, np.nan), ValueError("offset must be a finite number, not nan")),
    ],
)
def test_what_is_no_signal_is_refused(store: Store, values: Any, error: Exception) -> None:
    """What is no array of numbers, or is computed with no finite ones, raises an error that says so, and leaves nothing."""
    with pytest.raises(type(error)) as raised:
        store.put(values)
    assert str(raised.value) == str(error)
    assert files(store) == set()


class Crash(BaseException):
    """The end of the process, as far as the code under test can tell."""


@dataclass
class Ending:
    """Samples whose reading fails after a while."""

    error: BaseException
    shape = (4 << 20,)
    dtype = np.dtype(np.float64)

    def __getitem__(self, key: slice) -> NDArray[Any]:
        if key.start:
            raise self.error
        return np.zeros(key.stop)


@pytest.mark.usefixtures("filesystem")
@pytest.mark.parametrize("error", [Crash(), OSError("can't read data: inflate failed")], ids=repr)
def test_an_array_that_cannot_be_read_leaves_nothing(store: Store, error: BaseException) -> None:
    """An error of reading an array passes through as it is, and nothing of the array stays in the store."""
    with pytest.raises(type(error)) as raised:
        store.put(Ending(error))
    assert raised.value is error
    assert files(store) == set()


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


def test_a_damaged_object_is_named(store: Store) -> None:
    """Where an object is short or missing, whoever fetches it is told which, and what finds all such."""
    kept = store.put(np.zeros(LONG))
    path = store.path(kept.descriptor)
    os.truncate(path, 4096)
    with pytest.raises(Unavailable) as raised:
        store.get(kept.descriptor)
    assert str(raised.value) == f"the store's {path} has 4096 bytes, not {kept.size} (`antelop verify` finds what is damaged)"
    path.unlink()
    with pytest.raises(Unavailable) as raised:
        store.get(kept.descriptor)
    hint = "is the store mounted? `antelop verify` finds what is missing"
    assert str(raised.value) == f"the store's {path} cannot be read ({hint}): No such file or directory"


@pytest.mark.parametrize(
    ("descriptor", "message"),
    [
        ({"kind": "npy", "path": "/etc/passwd", "size": 1}, "'/etc/passwd' is no object of a store"),
        ({"kind": "npy", "path": "objects/../../x.npy", "size": 1}, "'objects/../../x.npy' is no object of a store"),
        (
            {"kind": "inline", "dtype": "O", "shape": [1], "base64": "AAAAAAAAAAA="},
            "cannot create an OBJECT array from memory buffer",
        ),
        ({"kind": "pickle", "path": "x"}, "'pickle' is no kind of array"),
    ],
)
def test_rows_cannot_lead_out_of_the_store(store: Store, descriptor: dict[str, Any], message: str) -> None:
    """A row that somebody made up opens no other file, and makes no object of Python."""
    with pytest.raises(ValueError) as raised:
        store.get(descriptor)
    assert str(raised.value) == message


@pytest.fixture
def context(store: Store) -> dict[str, Any]:
    """Return what DataJoint hands to a codec: the configuration of its connection."""
    config = Config()
    config.stores = {"antelop": {"protocol": "file", "location": str(store.folder)}}
    return {"config": config}


def test_signal_columns_hold_arrays(store: Store, context: dict[str, Any]) -> None:
    """A ``<signal>`` column takes arrays and what has been kept already, and gives arrays back."""
    codec = dj.codecs.get_codec("<signal>")
    values = ramp(LONG, (2,), "f8")
    stored = codec.encode(values, key={}, context=context)
    assert stored == codec.encode(store.put(values), key={}, context=context)
    np.testing.assert_array_equal(codec.decode(stored, key={}, context=context), values, strict=True)


def test_file_columns_hold_files(store: Store, context: dict[str, Any], tmp_path: Path) -> None:
    """A ``<file>`` column takes paths and what has been kept already, and gives the absolute path of the copy back."""
    codec = dj.codecs.get_codec("<file>")
    video = tmp_path / "video.mp4"
    video.write_bytes(b"frames")
    stored = codec.encode(video, key={}, context=context)
    assert stored == codec.encode(store.keep(video), key={}, context=context)
    copy = codec.decode(stored, key={}, context=context)
    assert copy.is_absolute()
    assert copy.read_bytes() == b"frames"


@pytest.mark.parametrize("name", ["signal", "file"])
def test_columns_are_json_of_the_only_store(name: str) -> None:
    """Both columns are JSON in the database, and refuse a store named in the definition of a table."""
    assert dj.codecs.resolve_dtype(f"<{name}>")[0] == "json"
    with pytest.raises(dj.DataJointError, match=f"write <{name}> without a store: there is only one"):
        dj.codecs.resolve_dtype(f"<{name}@antelop>")


def test_garbage_collection_sees_what_rows_refer_to(store: Store) -> None:
    """The objects of a row are found in its JSON as either database gives it, and none in an array in the row or a null."""
    codec = dj.codecs.get_codec("<signal>")
    kept = store.put(Scaled(ramp(LONG, (), "i2"), 2.0, 0.0))
    expected = [(address, "antelop") for address in files(store)]
    assert codec.referenced_paths(kept.as_json()) == codec.referenced_paths(json.dumps(kept.as_json())) == expected
    assert len(expected) == 1
    assert codec.referenced_paths(store.put(np.zeros(3)).as_json()) == codec.referenced_paths(None) == []


def test_rows_of_both_databases_give_back_what_was_inserted(served_lab: tuple[Lab, Any], tmp_path: Path) -> None:
    """Arrays of every kind, nulls and files come back from a row as they were inserted into it."""
    lab, _ = served_lab
    video = tmp_path / "video.mp4"
    video.write_bytes(b"frames")
    raw = ramp(LONG, (2,), ">i2")
    arrays: list[Samples] = [
        np.array([1, -1], np.int8),
        raw,
        Scaled(raw, 1 / 3, 1e-300),
        Clock(1e22, 1e-5, 5),
        np.zeros((0, 3)),
    ]

    class Recorded(dj.Manual):  # type: ignore[misc]  # DataJoint has no types
        definition = """
        number : int32
        ---
        data : <signal>
        timestamps = null : <signal>
        video = null : <file>
        """

    schema = dj.Schema("antelop_arrays", connection=lab.database.connection)
    try:
        table = schema(Recorded)
        for number, values in enumerate(arrays):
            table.insert1({"number": number, "data": values, "timestamps": lab.store.put(values)})
        table.insert1({"number": -1, "data": np.zeros(1), "video": video})
        for number, values in enumerate(arrays):
            for found in (table & {"number": number}).fetch1("data", "timestamps"):
                np.testing.assert_array_equal(found, values[:], strict=True)
        last = (table & {"number": -1}).fetch1()
    finally:
        schema.drop(prompt=False)
    assert last["timestamps"] is None
    assert last["video"].read_bytes() == b"frames"
