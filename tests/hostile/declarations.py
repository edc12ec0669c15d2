"""Recordings that declare far more than they hold: each function changes a recording, and needs few bytes for it."""

import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

MEGABYTE = 1 << 20


def _patched(path: Path, change: Callable[[bytearray], None]) -> None:
    content = bytearray(path.read_bytes())
    change(content)
    path.write_bytes(content)


def _places(content: bytearray, signature: bytes) -> Iterator[int]:
    """Yield where parts of HDF5's structure begin (HDF5 File Format Specification, version 3.0, section III)."""
    at = content.find(signature)
    while at >= 0:
        yield at
        at = content.find(signature, at + 1)


def names_of_a_megabyte(path: Path) -> None:
    """Give a group 1,000 members that all have the one long name of its heap: 1 GB of names in 1 MB of file."""
    long = b"x" * MEGABYTE
    with h5py.File(path, "r+") as file:
        group = file.create_group("acquisition/many")
        for number in range(1000):
            group[f"name{number:04}"] = group
        group[long.decode()] = group
        header = h5py.h5o.get_info(group.id).addr

    def rename(content: bytearray) -> None:
        text = content.find(long)
        heaps = [struct.unpack_from("<QQQ", content, at + 8) for at in _places(content, b"HEAP")]
        (heap,) = (start for size, _, start in heaps if start <= text < start + size)
        for node in _places(content, b"SNOD"):
            (count,) = struct.unpack_from("<H", content, node + 6)
            entries = range(node + 8, node + 8 + 40 * count, 40)
            if count > 1 and {struct.unpack_from("<Q", content, entry + 8) for entry in entries} == {(header,)}:
                for entry in entries:
                    struct.pack_into("<Q", content, entry, text - heap)

    _patched(path, rename)


def sixty_thousand_names(path: Path) -> None:
    """Give a group very many members, all of which are one series."""
    with h5py.File(path, "r+", libver="latest") as file:
        series = file["acquisition/lick"]
        group = file.create_group("acquisition/many")
        for number in range(60_000):
            group[str(number)] = series


def in_itself(path: Path) -> None:
    """Have a group hold itself under 2,000 names: who looked at the names of each again would see 4,000,000."""
    with h5py.File(path, "r+") as file:
        group = file.create_group("acquisition/circle")
        for number in range(2000):
            group[str(number)] = group


def one_text(where: str, count: int) -> Callable[[Path], None]:
    """Return what has a dataset hold the same megabyte of text many times."""

    def change(path: Path) -> None:
        with h5py.File(path, "r+") as file:
            file.pop(where, None)
            texts = file.create_dataset(where, (count,), h5py.string_dtype())
            texts[0] = "x" * MEGABYTE
            place = texts.id.get_offset()

        def repeat(content: bytearray) -> None:
            content[place : place + 16 * count] = content[place : place + 16] * count

        _patched(path, repeat)

    return change


def texts_of_an_attribute(path: Path) -> None:
    """Have an attribute, which HDF5 reads at once, be a list of texts."""
    with h5py.File(path, "r+") as file:
        file["acquisition/lick/data"].attrs["unit"] = ["x" * 1000] * 3000


def heap_of_gigabytes(path: Path) -> None:
    """Have the heap of all texts declare that it has 4 GB, in a file of as many, which takes no room on a disk."""

    def enlarge(content: bytearray) -> None:
        for at in _places(content, b"GCOL"):
            struct.pack_into("<Q", content, at + 8, 4 << 30)
        struct.pack_into("<Q", content, 40, 8 << 30)  # the end of the file (III.A)

    _patched(path, enlarge)
    with path.open("r+b") as file:
        file.truncate(8 << 30)


def gigabyte_of_fill_values(path: Path) -> None:
    """Have each dataset declare a little less than what is refused whatever it is for, and hold nothing of it."""
    with h5py.File(path, "r+") as file:
        for series, length in (("lick", (1 << 27) - 1), ("force", (1 << 27) - 2)):
            group = file[f"acquisition/{series}"]
            for name in ("data", "timestamps") if series == "lick" else ("data",):
                del group[name]
                group.create_dataset(name, (length,), "f8", chunks=(1 << 16,) if series == "lick" else None)


def hole(path: Path) -> None:
    """Leave out one chunk of a signal."""
    with h5py.File(path, "r+") as file:
        group = file["acquisition/force"]
        del group["data"]
        made = group.create_dataset("data", (1000,), "f8", chunks=(100,))
        made[:500] = made[600:] = 1.0


def chunk_many_times(path: Path) -> None:
    """Have 320 chunks be the same four megabytes of the file: more than a gigabyte."""
    size = 4 * MEGABYTE
    with h5py.File(path, "r+") as file:
        group = file["acquisition/force"]
        del group["data"]
        made = group.create_dataset("data", (320 * size,), "i1", chunks=(size,), compression="gzip")
        noise = np.random.default_rng(0).bytes(size)
        made.id.write_direct_chunk((0,), zlib.compress(noise, 0))
        for number in range(1, 320):
            made.id.write_direct_chunk((number * size,), zlib.compress(b"\0"))
        first = made.id.get_chunk_info(0)

    def repeat(content: bytearray) -> None:
        for node in _places(content, b"TREE"):
            kind, level, used = struct.unpack_from("<BBH", content, node + 4)
            for key in range(node + 24, node + 24 + 32 * used, 32):
                if kind == 1 and not level:  # of chunks: size, filters, place, and the address (III.A.1)
                    struct.pack_into("<I", content, key, first.size)
                    struct.pack_into("<Q", content, key + 24, first.byte_offset)

    _patched(path, repeat)


def compressed(where: str, shape: tuple[int, ...], dtype: str, chunk: tuple[int, ...], **how: Any) -> Callable[[Path], None]:
    """Return what has a dataset hold nothing but zeros, which gzip makes a thousand times smaller."""

    def change(path: Path) -> None:
        with h5py.File(path, "r+") as file:
            file.pop(where, None)
            made = file.create_dataset(where, shape, dtype, chunks=chunk, compression="gzip", **how)
            zeros = zlib.compress(bytes(np.dtype(dtype).itemsize * int(np.prod(chunk))), 1)
            for corner in np.ndindex(*(-(-length // size) for length, size in zip(shape, chunk, strict=True))):
                made.id.write_direct_chunk(tuple(int(at) * size for at, size in zip(corner, chunk, strict=True)), zeros)

    return change


def table_of_zeros(path: Path) -> None:
    """Have the trials be 20 million rows."""
    for column in ("start_time", "stop_time"):
        compressed(f"intervals/trials/{column}", (20 << 20,), "f8", (MEGABYTE,))(path)


def events_out_of_order(path: Path) -> None:
    """Have 60 million events step back now and then, in half a megabyte."""
    compressed("acquisition/lick/data", (60 << 20,), "i1", (MEGABYTE,))(path)
    with h5py.File(path, "r+") as file:
        group = file["acquisition/lick"]
        del group["timestamps"]
        made = group.create_dataset("timestamps", (60 << 20,), "f8", chunks=(MEGABYTE,), compression="gzip")
        for number in range(60):
            times = np.full(MEGABYTE, 60.0 - number)
            made.id.write_direct_chunk((number * MEGABYTE,), zlib.compress(times.tobytes(), 1))


def too_much_in_a_chunk(path: Path) -> None:
    """Have a chunk of a megabyte be a gigabyte when it is decompressed, which HDF5 would do before it looks."""
    with h5py.File(path, "r+") as file:
        group = file["acquisition/lick"]
        for name, dtype in (("data", "i1"), ("timestamps", "f8")):
            del group[name]
            made = group.create_dataset(name, (MEGABYTE // 8,), dtype, chunks=True, compression="gzip", fletcher32=True)
            made[:] = 1
        packer = zlib.compressobj(1)
        bomb = b"".join(packer.compress(bytes(MEGABYTE)) for _ in range(1024)) + packer.flush()
        # Without the checksum that would come after it, which the mask says.
        file["acquisition/lick/timestamps"].id.write_direct_chunk((0,), bomb, filter_mask=2)


def compressed_twice(path: Path) -> None:
    """Have 256 MB of zeros be compressed, and compressed again: a few kilobytes."""
    with h5py.File(path, "r+") as file:
        group = file["acquisition/force"]
        del group["data"]
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk((16 * MEGABYTE,))
        plan.set_deflate(9)
        plan.set_deflate(9)
        space = h5py.h5s.create_simple((256 * MEGABYTE,))
        made = h5py.h5d.create(group.id, b"data", h5py.h5t.STD_I8LE, space, plan)
        zeros = zlib.compress(zlib.compress(bytes(16 * MEGABYTE), 9), 9)
        for number in range(16):
            made.write_direct_chunk((number * 16 * MEGABYTE,), zeros)


def one_enormous_row(path: Path) -> None:
    """Have a signal of one sample be a billion channels."""
    compressed("acquisition/force/data", (1, 1 << 30), "i1", (1, 1 << 24))(path)


def rows_of_nothing(path: Path) -> None:
    """Have a signal of a quadrillion samples be of no channel."""
    with h5py.File(path, "r+") as file:
        group = file["acquisition/force"]
        del group["data"]
        group.create_dataset("data", (10**15, 0), "f8")


def very_many_frames(path: Path) -> None:
    """Have the camera's videos be of 2^62 frames."""
    with h5py.File(path, "r+") as file:
        group = file["acquisition/camera"]
        for name in ("timestamps", "starting_time", "num_samples"):
            group.pop(name, None)
        group["starting_time"] = 0.0
        group["starting_time"].attrs["rate"] = 30.0
        group["num_samples"] = [2**62]


def very_many_fields(path: Path) -> None:
    """Have data be of a type whose description is some hundred thousand characters."""
    with h5py.File(path, "r+", libver="latest") as file:
        group = file["acquisition/lick"]
        del group["data"]
        group["data"] = np.zeros(3, [(f"{'field' * 10}{number:04}", "i1") for number in range(800)])


def hole_in_the_file(path: Path) -> None:
    """Have a signal be 128 MB that nothing was written into: a hole in the file, which takes no room on its disk."""
    with h5py.File(path, "r+") as file:
        group = file["acquisition/force"]
        del group["data"]
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        plan.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        h5py.h5d.create(group.id, b"data", h5py.h5t.STD_I8LE, h5py.h5s.create_simple((128 * MEGABYTE,)), plan)
        file["acquisition/behind"] = np.zeros(3)
