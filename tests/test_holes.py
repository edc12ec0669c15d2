"""Holes of files: what was never written to the disk is found, and where samples are in it."""

import os
from pathlib import Path
from typing import BinaryIO

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antelop.recording import reading
from antelop.recording.holes import Holes, holes_of
from antelop.recording.samples import Written

BLOCK = 1 << 16
"""A multiple of the blocks of every filesystem: holes have this size."""


def write(file: BinaryIO, layout: str) -> None:
    """Write a file of one block for each letter: ``x`` is data, ``_`` is a hole."""
    for number, letter in enumerate(layout):
        if letter == "x":
            os.pwrite(file.fileno(), b"x" * BLOCK, number * BLOCK)
    os.ftruncate(file.fileno(), len(layout) * BLOCK)


@pytest.mark.parametrize(
    ("layout", "holes"),
    [("", []), ("xx", []), ("_", [(0, 1)]), ("x_", [(1, 2)]), ("_x__x", [(0, 1), (2, 4)]), ("x_x_", [(1, 2), (3, 4)])],
)
def test_holes_are_found(tmp_path: Path, layout: str, holes: list[tuple[int, int]]) -> None:
    """Each hole has its start and its end, also at the ends of a file, which is then read from its start."""
    with (tmp_path / "file").open("w+b") as file:
        write(file, layout)
        found = holes_of(file.fileno())
        assert list(zip(found.starts, found.stops, strict=True)) == [(a * BLOCK, b * BLOCK) for a, b in holes]
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == 0


@given(st.lists(st.booleans(), max_size=12), st.integers(0, 14), st.integers(0, 14))
def test_bytes_in_holes_are_counted(missing: list[bool], start: int, size: int) -> None:
    """A range has as many bytes in holes as a plain count finds, where holes do not touch."""
    starts = [at for at, hole in enumerate(missing) if hole and not (at and missing[at - 1])]
    stops = [next((at for at in range(start, len(missing)) if not missing[at]), len(missing)) for start in starts]
    assert Holes(tuple(starts), tuple(stops)).within(start, size) == sum(missing[start : start + size])


@pytest.mark.parametrize("chunks", [None, (1000,)])
def test_samples_in_holes_are_counted(tmp_path: Path, chunks: tuple[int] | None) -> None:
    """A file that was copied in part has its size, and zeros where the rest should be; samples before it are whole."""
    whole, part = tmp_path / "whole.nwb", tmp_path / "part.nwb"
    with h5py.File(whole, "w") as file:
        file.attrs["nwb_version"] = "2.9.0"
        file["identifier"], file["session_start_time"] = "part", "2026-11-22T10:00:00Z"
        for name in ("first", "second"):
            group = file.create_group(f"acquisition/{name}")
            group.attrs["neurodata_type"] = "TimeSeries"
            group.create_dataset("data", data=np.ones(100_000), chunks=chunks)
    content = whole.read_bytes()
    # The last block of the data is not there; what follows is the metadata that HDF5 wrote when the file was closed.
    last = content.rindex(np.float64(1).tobytes() * 1000) // BLOCK * BLOCK
    with part.open("w+b") as file:
        os.pwrite(file.fileno(), content[: last - BLOCK], 0)
        os.pwrite(file.fileno(), content[last:], last)
    with reading(part) as recording:
        first, second = (recording.series[f"acquisition/{name}"].data for name in ("first", "second"))
        assert isinstance(first, Written)
        assert isinstance(second, Written)
        assert (first.bytes_in_holes(), second.bytes_in_holes()) == (0, BLOCK)
        assert second.bytes_written() == 800_000
