"""How samples are split into trials."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from antelop import trials
from antelop.trials import split_trials

SECONDS = st.integers(0, 40).map(lambda tick: tick / 4)  # few different times, so that samples and edges often coincide
MASK = ([1, -1], [1.0, 2.0])


def split_by_comparing(data: NDArray[Any], times: NDArray[Any], edges: NDArray[Any]) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Split as the definition says, one comparison for each sample and trial."""
    inside = [(times >= start) & (times <= stop) for start, stop in zip(edges[0::2], edges[1::2], strict=True)]
    return [(data[chosen], times[chosen]) for chosen in inside]


@given(
    times=st.lists(SECONDS, max_size=30).map(sorted),
    edges=st.lists(st.tuples(SECONDS, SECONDS), max_size=5).map(lambda pairs: sorted(edge for pair in pairs for edge in pair)),
    channels=st.sampled_from([(), (0,), (1,), (3,)]),
)
def test_trials_are_those_of_a_boolean_mask(times: list[float], edges: list[float], channels: tuple[int, ...]) -> None:
    """Every trial holds exactly the samples from its start to its stop, both included, in order, with all their channels."""
    data = np.arange(len(times) * int(np.prod(channels))).reshape(len(times), *channels)
    marks = np.resize(np.array([1, -1], np.int8), len(edges))
    found = split_trials((data, np.array(times)), (marks, np.array(edges)))
    expected = split_by_comparing(data, np.array(times), np.array(edges))
    assert len(found) == len(expected)
    for (found_data, found_times), (expected_data, expected_times) in zip(found, expected, strict=True):
        np.testing.assert_array_equal(found_data, expected_data, strict=True)
        np.testing.assert_array_equal(found_times, expected_times, strict=True)


def test_sample_on_a_shared_edge_belongs_to_both_trials() -> None:
    """Where one trial stops as the next starts, the sample at that time is in both."""
    first, second = split_trials(([7, 8, 9], [1.0, 2.0, 3.0]), ([1, -1, 1, -1], [1.0, 2.0, 2.0, 3.0]))
    assert first[0].tolist() == [7, 8]
    assert second[0].tolist() == [8, 9]


def test_trials_are_views() -> None:
    """Splitting copies neither data nor timestamps."""
    data, times = np.arange(20.0).reshape(10, 2), np.arange(10.0)
    ((trial_data, trial_times),) = split_trials((data, times), ([1, -1], [2.0, 4.0]))
    assert np.shares_memory(trial_data, data)
    assert np.shares_memory(trial_times, times)


def test_only_what_trials_hold_is_read(tmp_path: Path) -> None:
    """Recordings far beyond memory split at once, because neither data nor timestamps are copied or read through."""
    path = tmp_path / "half a terabyte of zeros, of which the disk keeps none"
    with path.open("wb") as file:
        file.truncate(1 << 39)
    zeros = np.memmap(path, np.float64, mode="r")
    ((data, times),) = split_trials((zeros, zeros), ([1, -1], [0.0, 1.0]))
    assert data.shape == times.shape == (1 << 36,)


def test_empty_mask_has_no_trials() -> None:
    """A mask without trials gives an empty list."""
    assert split_trials((np.arange(3), np.arange(3.0)), (np.array([], np.int8), np.array([]))) == []


def test_trial_without_samples_is_empty() -> None:
    """A trial in which nothing happened is there, with no samples and the data's channels."""
    ((data, times),) = split_trials((np.zeros((2, 3)), [0.0, 5.0]), MASK)
    assert data.shape == (0, 3)
    assert times.shape == (0,)


def test_long_recordings_are_not_read_through() -> None:
    """Event times are compared one by one only up to a limit: a step back just below it is found, one above it is not."""
    times = np.arange(trials.CHECKED_TIMES + 1.0)
    times[-1] = 0
    with pytest.raises(ValueError, match="must be in order"):
        split_trials((times[1:], times[1:]), MASK)
    assert len(split_trials((times, times), MASK)) == 1


GOOD = ([5, 6], [1.0, 2.0])


@pytest.mark.parametrize(
    ("events", "mask", "message"),
    [
        (GOOD, ([1, -1, -1], [1.0, 2.0, 3.0]), "mask data must alternate 1 (start) and -1 (stop), but [2] is -1, not 1"),
        (GOOD, ([-1, 1], [1.0, 2.0]), "mask data must alternate 1 (start) and -1 (stop), but [0] is -1, not 1"),
        (GOOD, ([1], [1.0]), "mask data must end with -1 (stop), but the start at [0] has none"),
        (GOOD, ([1, -1, 1], [1.0, 2.0, 3.0]), "mask data must end with -1 (stop), but the start at [2] has none"),
        (GOOD, ([1, 0], [1.0, 2.0]), "mask data must alternate 1 (start) and -1 (stop), but [1] is 0, not -1"),
        (GOOD, ([1, -1], [2.0, 1.0]), "mask timestamps must be in order, but [0] is 2.0 and [1] is 1.0"),
        (GOOD, ([1, -1], [1.0, np.nan]), "mask timestamps must be in order, but [0] is 1.0 and [1] is nan"),
        (GOOD, ([1, -1], [1.0]), "mask data and timestamps must have equal lengths, but they have 2 and 1"),
        (GOOD, ([[1, -1]], [1.0]), "mask data must be 1-D, but its shape is (1, 2)"),
        (([5], [1.0, 2.0]), MASK, "events data and timestamps must have equal lengths, but they have 1 and 2"),
        (([5, 6], [2.0, 1.0]), MASK, "events timestamps must be in order, but [0] is 2.0 and [1] is 1.0"),
        (([5], [np.nan]), MASK, "events timestamps must be numbers, but [0] is nan"),
        ((5, [1.0]), MASK, "events data must be 1-D or 2-D, but its shape is ()"),
        ((np.zeros((1, 1, 1)), [1.0]), MASK, "events data must be 1-D or 2-D, but its shape is (1, 1, 1)"),
        (([5], [[1.0]]), MASK, "events timestamps must be 1-D numbers, but they are float64 of shape (1, 1)"),
        (([5], ["1.0"]), MASK, "events timestamps must be 1-D numbers, but they are <U3 of shape (1,)"),
        (np.zeros((2, 5)), MASK, "events must be a pair (data, timestamps), not ndarray"),
        (GOOD, {"data": [], "timestamps": []}, "mask must be a pair (data, timestamps), not dict"),
        (GOOD, (*MASK, []), "mask must be a pair (data, timestamps), not a tuple of 3"),
    ],
)
def test_unusable_arguments_are_refused(events: Any, mask: Any, message: str) -> None:
    """What is no pair of fitting arrays, or no paired mask, raises a ValueError that says which array and where."""
    with pytest.raises(ValueError) as raised:
        split_trials(events, mask)
    assert str(raised.value) == message


def test_usable_arguments_are_split() -> None:
    """The arguments beside which the refused ones are wrong are split."""
    assert [(data.tolist(), times.tolist()) for data, times in split_trials(GOOD, MASK)] == [GOOD]
