"""The arrays in the store, their descriptors in rows, and what is read back."""

import errno
import hashlib
import json
import os
import tracemalloc
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from antelop.errors import Unavailable
from antelop.recording.holes import Holes
from antelop.recording.samples import BLOCK_BYTES, Contiguous, Samples
from antelop.recording.stored import samples
from antelop.recording.views import Clock, Scaled
from antelop.store import Kept, Store
from antelop.store.descriptor import objects_of
from antelop.store.objects import STAGED_BYTES
from antelop.store.store import INLINE_BYTES, TOGETHER
from tests import descriptors
from tests.stores import LONG, Ramp, files, ramp


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

    monkeypatch.setattr(os, "fsync", full)
    with descriptors.none_left(), pytest.raises(Unavailable, match="cannot be written: No space left on device"):
        store.put_all([ramp(LONG + number, (), "f8") for number in range(3 * TOGETHER)])
    assert files(store) == set()


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
