"""Chunks that are decompressed outside HDF5 are what HDF5 makes of them."""

import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np
import pytest
from numpy.typing import NDArray

from antelop.errors import Rejected
from antelop.recording.chunks import FEWEST_BYTES, compressed
from antelop.recording.holes import Holes
from antelop.recording.samples import BLOCK_BYTES, blocks
from antelop.recording.stored import samples

CHUNK = FEWEST_BYTES // 8
"""How many float64 there are in the smallest chunk of which it is worth while."""


@pytest.fixture
def file(tmp_path: Path) -> Iterator[h5py.File]:
    """Give an HDF5 file to write and read."""
    with h5py.File(tmp_path / "file.h5", "w") as file:
        yield file


def noise(shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """Return numbers that no compressor makes much of."""
    return np.random.default_rng(0).integers(-100, 100, shape).astype(dtype)


def empty(file: h5py.File, length: int = 2 * CHUNK, **options: Any) -> Any:
    """Make a dataset of which no chunk is written yet."""
    return file.create_dataset("data", (length,), "f8", chunks=(CHUNK,), compression="gzip", **options)


@pytest.mark.parametrize("shuffle", [False, True], ids=["plain", "shuffled"])
@pytest.mark.parametrize(
    ("shape", "chunks"),
    [
        ((3000,), (1024,)),
        ((1024,), (1024,)),
        ((5,), (1024,)),
        ((700, 5), (256, 5)),
        ((700, 5), (128, 32)),
        ((700, 50), (256, 16)),
        ((70, 6, 7), (32, 4, 8)),
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", ["f8", ">f4", "i4", ">u8"])
def test_rows_are_as_hdf5_reads_them(
    file: h5py.File, dtype: str, shape: tuple[int, ...], chunks: tuple[int, ...], *, shuffle: bool
) -> None:
    """Whole, in parts, across chunks, at their edges and beyond the end: dtype, shape and values are the same."""
    limits = (None,) * len(shape)
    made = file.create_dataset(
        "d", data=noise(shape, dtype), chunks=chunks, maxshape=limits, compression="gzip", shuffle=shuffle
    )
    found = compressed(made)
    assert found
    for part in [slice(None), slice(1, -1), slice(256, 512), slice(100, 101), slice(3, 3), slice(9, 2), slice(40, 10**6)]:
        np.testing.assert_array_equal(found.read(part), made[part], strict=True)


def test_blocks_that_are_read_ahead_come_in_order(file: h5py.File) -> None:
    """Several threads read; the blocks together are the array."""
    values = noise((3 * BLOCK_BYTES // 8 + 5,), "f8")
    file.create_dataset("data", data=values, chunks=(1 << 17,), compression="gzip", compression_opts=1)
    stored = samples(file, "data", "it", Holes())
    assert stored
    found = list(blocks(stored))
    assert len(found) == 4
    np.testing.assert_array_equal(np.concatenate(found), values)


def test_chunks_that_were_never_written_have_the_fill_value(file: h5py.File) -> None:
    """Beside a chunk that was, they read as HDF5 says."""
    dataset = empty(file, fillvalue=7.0)
    dataset[:CHUNK] = 1.0
    stored = samples(file, "data", "it", Holes())
    assert stored
    np.testing.assert_array_equal(stored[0 : 2 * CHUNK], np.repeat([1.0, 7.0], CHUNK))


def test_chunks_that_are_not_compressed_as_the_others_are_read(file: h5py.File) -> None:
    """A writer may leave filters out for one chunk (the filter mask)."""
    values = noise((2 * CHUNK,), "f8")
    dataset = empty(file, shuffle=True)
    dataset[:CHUNK] = values[:CHUNK]
    dataset.id.write_direct_chunk((CHUNK,), values[CHUNK:].tobytes(), filter_mask=0b11)
    stored = samples(file, "data", "it", Holes())
    assert stored
    np.testing.assert_array_equal(stored[0 : 2 * CHUNK], values)


@pytest.mark.parametrize("size", [FEWEST_BYTES - 8, FEWEST_BYTES + 8, 4 << 20, 64 << 20])
def test_a_chunk_of_another_size_is_damaged_and_does_not_fill_the_memory(file: h5py.File, size: int) -> None:
    """It is read and decompressed no further than the size that it is to have; one of that size is read."""
    dataset = empty(file)
    for corner, length in ((0, FEWEST_BYTES), (CHUNK, size)):
        dataset.id.write_direct_chunk((corner,), zlib.compress(bytes(length)))
    stored = samples(file, "data", "acquisition/signal", Holes())
    assert stored
    tracemalloc.start()
    np.testing.assert_array_equal(stored[0:CHUNK], np.zeros(CHUNK))
    with pytest.raises(Rejected) as caught:
        stored[CHUNK : 2 * CHUNK]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [(problem.check, problem.where) for problem in caught.value.problems] == [("nwb_damaged", "acquisition/signal/data")]
    assert peak < 1 << 20


@pytest.mark.parametrize("damage", ["cut", "checksum", "noise"])
def test_what_hdf5_cannot_decompress_is_damaged(file: h5py.File, damage: str) -> None:
    """What is cut short, has another checksum or is no gzip at all is refused here as there."""
    whole = zlib.compress(noise((CHUNK,), "f8").tobytes())
    content = {"cut": whole[:-5], "checksum": whole[:-1] + bytes([whole[-1] ^ 1]), "noise": b"noise" * 100}[damage]
    dataset = empty(file)
    dataset.id.write_direct_chunk((0,), whole)
    dataset.id.write_direct_chunk((CHUNK,), content)
    stored = samples(file, "data", "acquisition/signal", Holes())
    assert stored
    np.testing.assert_array_equal(stored[0:CHUNK], noise((CHUNK,), "f8"))
    with pytest.raises(OSError, match="filter returned failure"):
        dataset[CHUNK:]
    with pytest.raises(Rejected) as caught:
        stored[CHUNK : 2 * CHUNK]
    (problem,) = caught.value.problems
    assert problem.check == "nwb_damaged"
    assert problem.what == f"it cannot be read: the chunk at ({CHUNK},) cannot be decompressed to its {FEWEST_BYTES} bytes"


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "lzf"},
        {"compression": "gzip", "fletcher32": True},
        {"compression": "gzip", "scaleoffset": 0},
        {"compression": "gzip", "dtype": "?"},
        {"compression": "gzip", "dtype": "c8"},
        {"compression": "gzip", "chunks": (CHUNK // 16,)},
        {"shuffle": True},
        {"chunks": None},
    ],
    ids=str,
)
def test_other_datasets_are_left_to_hdf5(file: h5py.File, options: dict[str, Any]) -> None:
    """Only numbers in chunks of plain gzip are read here."""
    values = noise((2 * CHUNK,), "i8")
    made = file.create_dataset("data", data=values.astype(options.pop("dtype", "i8")), **{"chunks": (CHUNK,), **options})
    assert compressed(made) is None
    assert compressed(file.create_dataset("twin", data=values, chunks=(CHUNK,), compression="gzip"))
    stored = samples(file, "data", "it", Holes())
    assert stored
    np.testing.assert_array_equal(stored[0 : 2 * CHUNK], made[:])


def test_numbers_of_odd_widths_are_left_to_hdf5(file: h5py.File) -> None:
    """NumPy has no integers of 12 bits: HDF5 converts them."""
    kind = h5py.h5t.NATIVE_INT16.copy()
    kind.set_precision(12)
    layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    layout.set_chunk((CHUNK * 4,))
    layout.set_deflate(4)
    h5py.h5d.create(file.id, b"data", kind, h5py.h5s.create_simple((CHUNK * 4,)), layout)
    file["data"][:] = noise((CHUNK * 4,), "i2")
    assert compressed(file["data"]) is None


@pytest.mark.parametrize("shuffle", [False, True], ids=["plain", "shuffled"])
@pytest.mark.parametrize(
    "filters", [hdf5plugin.Zstd(), hdf5plugin.Blosc(cname="lz4"), hdf5plugin.Blosc(cname="zstd", shuffle=2)]
)
def test_rows_of_other_filters_are_as_hdf5_reads_them(file: h5py.File, filters: Any, *, shuffle: bool) -> None:
    """Zstandard and Blosc are read outside HDF5 too, whole, in parts and at the edges."""
    made = file.create_dataset("d", data=noise((700, 5), "i4"), chunks=(256, 5), shuffle=shuffle, **filters)
    found = compressed(made)
    assert found
    for part in [slice(None), slice(1, -1), slice(256, 512), slice(40, 10**6)]:
        np.testing.assert_array_equal(found.read(part), made[part], strict=True)


@pytest.mark.parametrize("filters", [hdf5plugin.Zstd(), hdf5plugin.Blosc(cname="lz4")])
@pytest.mark.parametrize("damage", [b"\x28\xb5\x2f\xfd", bytes(100), np.random.default_rng(1).bytes(100)], ids=len)
def test_a_damaged_chunk_of_another_filter_is_refused(file: h5py.File, filters: Any, damage: bytes) -> None:
    """A chunk that is cut, zero or nonsense never becomes numbers."""
    made = file.create_dataset("d", data=noise((1024,), "f8"), chunks=(1024,), **filters)
    made.id.write_direct_chunk((0,), damage)
    found = compressed(made)
    assert found
    with pytest.raises(ValueError, match=r"the chunk at \(0,\) cannot be decompressed to its 8192 bytes"):
        found.read(slice(None))


def test_a_chunk_that_says_that_it_is_larger_is_refused(file: h5py.File) -> None:
    """A small chunk that expands to a thousand times its size takes no more memory than one that is sound."""
    whole = file.create_dataset("bomb", data=np.zeros(1 << 21), chunks=(1 << 21,), **hdf5plugin.Zstd())
    made = file.create_dataset("d", data=noise((1024,), "f8"), chunks=(1024,), **hdf5plugin.Zstd())
    made.id.write_direct_chunk((0,), whole.id.read_direct_chunk((0,))[1])
    found = compressed(made)
    assert found
    tracemalloc.start()
    with pytest.raises(ValueError, match="cannot be decompressed"):
        found.read(slice(None))
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
