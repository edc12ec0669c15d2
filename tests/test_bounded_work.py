"""What takes time or room for each of the things that others wrote is bounded, however many and however long they are."""

import difflib
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

from antelop.checks.examine import examine
from antelop.errors import LONGEST, MOST, Problem, Rejected
from antelop.formats import manifest, rig
from antelop.formats.rig import Camera, Feature, Rig
from antelop.recording.recording import Recording, Series, Video
from antelop.recording.views import Clock
from antelop.wording import alike, nearest
from tests.clocks import NOW

IN_FULL = difflib.SequenceMatcher.ratio
"""Compares two names in full, in a time that may grow with the square of their lengths."""


@contextmanager
def counting(*functions: Callable[..., Any]) -> Iterator[Counter[str]]:
    """Count how often functions are called."""
    codes = {function.__code__: function.__name__ for function in functions}
    calls: Counter[str] = Counter()

    def count(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code in codes:
            calls[codes[frame.f_code]] += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(before)


def recording(series: dict[str, Series]) -> Recording:
    """Return a recording of these series."""
    return Recording(Path("x.nwb"), "2.7.0", "identifier", "object", NOW, NOW.isoformat(), series=series)


def test_a_name_is_compared_with_a_bounded_number_of_names() -> None:
    """Of 20,000 that are all alike, a thousand are compared quickly and ten in full; the one that was meant is found."""
    names = [f"acquisition/{'ab' * 30}_{number:06}" for number in range(20_000)]
    with counting(IN_FULL, difflib.SequenceMatcher.quick_ratio) as calls:
        assert nearest(f"acquisition/{'ab' * 30}_000721x", names) == f"acquisition/{'ab' * 30}_000721"
    assert calls == {"ratio": 10, "quick_ratio": 1000}


def test_long_names_are_not_compared() -> None:
    """Neither as what was written nor as what was meant."""
    with counting(IN_FULL) as calls:
        assert nearest("x" * 100_000, ["x" * 99_999, "x"]) is None
        assert alike("x" * 100, ["x" * 100_000, "X" * 101]) == ["X" * 101]
    assert calls == {"ratio": 1}


def test_the_likeliest_of_many_anagrams_is_found() -> None:
    """Names of the same characters in another order are told apart before they are compared in full."""
    names = [f"series_{number:04}" for number in range(1000)]
    assert nearest("seires_0123", names) == "series_0123"
    assert alike("series_0123", names, count=1) == ["series_0123"]


def test_two_thousand_missing_names_are_no_work() -> None:
    """Against 2,000 series a hundred are said, each with what is nearest, and no more are looked for."""
    series = {
        path: Series(path, "TimeSeries", np.zeros(1), Clock(0.0, 1.0, 1))
        for path in map("acquisition/s_{}".format, range(2000))
    }
    wanted = Rig("1", "", tuple(Feature(f"x_{number}", "acquisition", "analog", "") for number in range(2000)))
    with counting(IN_FULL) as calls:
        findings = examine(recording(series), wanted, None, {}, NOW)
    assert len(findings.errors) == MOST + 1
    assert findings.errors[MOST] == Problem(
        "problems_more", "", f"there are more problems than these {MOST}", "Correct these first"
    )
    assert calls["ratio"] <= 10 * (MOST + 1)


def test_warnings_are_bounded_too() -> None:
    """Of 10,000 odd videos the receipt and the ledger have a hundred, and that there are more."""
    videos = tuple(Video(f"{number}.txt", "x", inside=True, size=1) for number in range(10_000))
    series = {"acquisition/top": Series("acquisition/top", "ImageSeries", None, Clock(0.0, 30.0, 0), videos=videos)}
    findings = examine(recording(series), Rig("1", "", (), (Camera("top", "", "mp4"),)), None, {"video_format": "warning"}, NOW)
    assert len(findings.warnings) == MOST + 1
    assert findings.errors == ()


def test_no_problem_is_longer_than_a_page() -> None:
    """Whatever it quotes: where, what and the remedy are each cut."""
    problem = Problem("x", "a" * 10**7, "b" * 10**7, "c" * LONGEST)
    assert str(problem) == f"{'a' * (LONGEST - 1)}…: {'b' * (LONGEST - 1)}…. {'c' * LONGEST}."


UNKNOWN = {f"memebr{number}": 0 for number in range(5000)}

TEXTS: dict[str, tuple[Callable[[bytes], object], dict[str, Any]]] = {
    "a manifest": (manifest.read, {"specification": "antelop-manifest", "version": "1.0", **UNKNOWN}),
    "an animal": (manifest.read, {"specification": "antelop-manifest", "version": "1.0", "animals": [UNKNOWN]}),
    "a rig": (lambda text: rig.parse(rig.read(text)), {"specification": "antelop-behaviour", **UNKNOWN}),
    "a feature": (lambda text: rig.parse(rig.read(text)), {"specification": "antelop-behaviour", "features": [UNKNOWN]}),
}


@pytest.mark.parametrize(("read", "document"), TEXTS.values(), ids=TEXTS)
def test_thousands_of_unknown_members_are_no_work(read: Callable[[bytes], object], document: dict[str, Any]) -> None:
    """Whether they are misspelt is asked of a thousand."""
    with counting(nearest) as calls, pytest.raises(Rejected) as rejected:
        read(json.dumps(document).encode())
    assert 1 <= len(rejected.value.problems) <= MOST + 1
    assert 1000 <= calls["nearest"] <= 2 * 1000


def test_thousands_of_features_with_unknown_videos_are_no_work() -> None:
    """A rig of 10,000 features, each with a video that it does not declare among 10,000, is rejected for the first hundred."""
    feature = {"data_type": "kinematics", "description": "", "ownership": {"ownership": "world"}}
    document = {
        "specification": "antelop-behaviour",
        "version": "1.0",
        "reference_point": "",
        "features": [
            {**feature, "name": f"f{number}", "source": {"source_type": "deeplabcut", "video": f"x{number}"}}
            for number in range(1500)
        ],
        "videos": [{"name": f"video{number}", "description": "", "format": "mp4"} for number in range(1500)],
    }
    with counting(nearest, IN_FULL) as calls, pytest.raises(Rejected) as rejected:
        rig.parse(rig.read(json.dumps(document).encode()))
    assert len(rejected.value.problems) == MOST + 1
    assert calls["nearest"] <= MOST + 1
    assert calls["ratio"] <= 10 * (MOST + 1)


def test_a_rig_that_is_too_long_is_not_parsed() -> None:
    """It is told by its length alone."""
    with pytest.raises(Rejected) as rejected:
        rig.read(b"[" * (rig.LONGEST + 1))
    assert (
        str(rejected.value) == f"the rig has more than {rig.LONGEST} bytes. Write nothing into it that does not belong there."
    )
