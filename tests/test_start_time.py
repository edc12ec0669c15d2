"""The start of a session, in the forms in which programs write it."""

import pytest

from antelop.recording.start_time import start_time


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-22T09:30:00+01:00", "2026-11-22T09:30:00+01:00"),
        ("2026-11-22 09:30:00.123456Z", "2026-11-22T09:30:00.123456+00:00"),
        ("20261122T093000", "2026-11-22T09:30:00"),
        ("2024-05", "2024-05-01T00:00:00"),
        ("2024/05/01", "2024-05-01T00:00:00"),
        ("2024.5.1 9:05", "2024-05-01T09:05:00"),
        ("2024-05-01 10:00:00 UTC", "2024-05-01T10:00:00+00:00"),
        ("2024-05-01 10:00:00.5 -0530", "2024-05-01T10:00:00.500000-05:30"),
        ("2024-12-31T24:00:00+00:00", "2025-01-01T00:00:00+00:00"),
        ("01-May-2024 10:00:00", "2024-05-01T10:00:00"),
        ("1 December 2024", "2024-12-01T00:00:00"),
        ("Wed, 01 May 2024 10:00:00 +0000", "2024-05-01T10:00:00+00:00"),
        ("Wed May  1 10:00:00 2024", "2024-05-01T10:00:00"),
        (" 2024-05-01T10:00:00,1234567Z ", "2024-05-01T10:00:00.123456+00:00"),
    ],
)
def test_what_means_one_time_is_read(written: str, meant: str) -> None:
    """ISO 8601 and the forms of MATLAB, C and letters are read; what is left out is the first."""
    assert start_time(written).isoformat() == meant


@pytest.mark.parametrize(
    "written",
    [
        "05/01/2024 10:00:00",  # in May or in January
        "01.05.2024",
        "01-Mai-2024 10:00:00",
        "2024-13",
        "2024-02-30 10:00:00 UTC",
        "2024-05-01T24:00:01",
        "2024-05-01T10:60:00",
        "2024-05-01 25:00",
        "2024-05-01 10:00 +99:00",
        "9999-12-31T24:00:00",
        "1714557600",
        "yesterday",
        "",
        "\N{ARABIC-INDIC DIGIT TWO}024-05",
        "1" * 10_000_000,
    ],
)
def test_what_may_mean_several_times_or_none_is_refused(written: str) -> None:
    """Nothing is guessed: a wrong start would be worse than none."""
    with pytest.raises(ValueError):  # the reader words the sentence
        start_time(written)
