"""Samples are read a block at a time, and the views compute what their docstrings say."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from antelop.recording.events import Events, in_time_order
from antelop.recording.recording import Series
from antelop.recording.samples import BLOCK_BYTES, MOST_BYTES, blocks
from antelop.recording.views import Cast, Clock, Scaled, Track


@dataclass
class Chunked:
    """Samples that are stored in chunks, of which reading is noted but nothing is made."""

    shape: tuple[int, ...]
    chunks: tuple[int, ...]

    @property
    def dtype(self) -> np.dtype[np.float64]:
        return np.dtype(np.float64)

    def __getitem__(self, key: slice) -> NDArray[np.float64]:
        return np.broadcast_to(np.float64(0), (key.stop - key.start, *self.shape[1:]))


@given(st.integers(0, 5), st.integers(-1, 1), st.sampled_from([np.int8, np.float64]))
def test_blocks_give_every_sample_once_and_in_order(times: int, more: int, dtype: type) -> None:
    """However the length relates to the size of a block, the blocks together are the samples."""
    length = max(0, times * BLOCK_BYTES // np.dtype(dtype).itemsize // 3 + more)
    samples: NDArray[np.generic] = np.arange(length).astype(dtype)
    found = [block for block in blocks(samples) if len(block) <= BLOCK_BYTES]
    assert sum(map(len, found)) == length
    if found:
        np.testing.assert_array_equal(np.concatenate(found), samples)


def test_blocks_are_of_whole_chunks() -> None:
    """Every block but the last begins and ends where a chunk does, so that each is decompressed once."""
    samples = Chunked((1_000_000, 3), (70_000, 3))
    assert [len(block) for block in blocks(samples)] == [140_000] * 7 + [20_000]


def test_chunks_of_a_single_channel_do_not_fill_the_memory() -> None:
    """A row of chunks across many channels that is larger than the limit is read in parts."""
    samples = Chunked((3_000_000, 64), (1_000_000, 1))
    assert max(block.nbytes for block in blocks(samples)) <= MOST_BYTES


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e5), st.integers(0, 50), st.slices(50))
def test_a_clock_is_start_plus_index_over_rate(start: float, rate: float, count: int, part: slice) -> None:
    """A slice of a clock is that slice of all its times."""
    expected = (start + np.arange(count) / rate)[part]
    np.testing.assert_array_equal(Clock(start, rate, count)[part], expected)


def test_scaled_samples_are_in_their_unit() -> None:
    """Raw integers come out as float64, times the conversion and plus the offset."""
    scaled = Scaled(np.array([[0, 2], [4, -6]], np.int16), 0.5, 1.0)
    assert scaled.shape == (2, 2)
    assert scaled.dtype == np.dtype(np.float64)
    np.testing.assert_array_equal(scaled[0:2], [[1.0, 2.0], [3.0, -2.0]])


def test_cast_samples_have_the_other_dtype() -> None:
    """Only the dtype differs."""
    cast = Cast(np.array([1.0, -1.0]), np.dtype(np.int8))
    assert cast[0:2].dtype == cast.dtype == np.int8
    np.testing.assert_array_equal(cast[0:2], [1, -1])


def test_a_track_without_certainty_has_nan() -> None:
    """The column is there all the same."""
    track = Track(np.array([[1, 2], [3, 4]]), None)
    assert track.shape == (2, 3)
    assert track.dtype == np.dtype(np.float64)
    np.testing.assert_array_equal(track[1:2], [[3.0, 4.0, np.nan]])


@pytest.mark.parametrize(("kind", "columns", "expected"), [("SpatialSeries", 3, 4), ("TimeSeries", 3, 3), ("TimeSeries", 2, 3)])
def test_what_columns_mean_depends_on_the_series(kind: str, columns: int, expected: int) -> None:
    """Three columns are x, y, z of a SpatialSeries, and x, y, certainty of a plain TimeSeries."""
    series = Series("acquisition/nose", kind, np.zeros((4, columns)), np.arange(4.0))
    assert series.track().shape == (4, expected)


def test_a_series_without_data_is_no_track() -> None:
    """Asking for it is an error that names the series."""
    with pytest.raises(ValueError, match="acquisition/nose has no data"):
        Series("acquisition/nose", "SpatialSeries", None, None).track()


def test_events_in_order_are_returned_unread() -> None:
    """What is in order already stays where it is."""
    data, times = np.array([1, 2]), np.array([0.5, 0.5])
    events = in_time_order(data, times)
    assert events.data is data
    assert events.timestamps is times


@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0, 2.0, np.nan, np.inf]), st.integers(0, 9)), max_size=20))
def test_events_are_sorted_stably_and_those_without_a_time_dropped(rows: list[tuple[float, int]]) -> None:
    """As plain Python would do it, with counts of both."""
    times = np.array([time for time, _ in rows], np.float64)
    data = np.array([value for _, value in rows], np.int64)
    kept = [(time, value) for time, value in rows if np.isfinite(time)]
    backward = sum(later[0] < earlier[0] for earlier, later in pairwise(kept))
    events: Events = in_time_order(data, times)
    assert (events.dropped, events.backward) == (len(rows) - len(kept), backward)
    expected = sorted(kept, key=lambda row: row[0])
    assert list(zip(events.timestamps[:], events.data[:], strict=True)) == expected
