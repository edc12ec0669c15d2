"""The name of every check, and the severity of its findings.

This is data, so that the configuration knows the names without importing what the checks need, such as numpy.
"""

from collections.abc import Mapping
from typing import Literal

Severity = Literal["error", "warning", "off"]

FIXED = frozenset(
    {
        "session_unknown",
        "animals_count",
        "animal_unknown",
        "animal_elsewhere",
        "animal_repeated",
        "feature_missing",
        "source_unusable",
        "filter_missing",
        "data_missing",
        "data_not_numeric",
        "data_shape",
        "confidence_shape",
        "times_missing",
        "times_not_numeric",
        "rate_unusable",
        "lengths_differ",
        "conversion_unusable",
        "text_unusable",
        "too_large_to_load",
        "times_not_finite",
        "times_backward",
        "interval_values",
        "interval_repeated",
        "video_missing",
        "video_file_missing",
        "video_outside",
    }
)
"""The checks whose findings are always errors, because what they find cannot be stored."""

CONFIGURABLE: Mapping[str, Severity] = {
    "subject_other": "error",
    "subject_unknown": "warning",
    "animal_order": "error",
    "session_start_format": "warning",
    "session_start_unlikely": "warning",
    "session_date": "warning",
    "where_unmatched": "warning",
    "channel_empty": "warning",
    "channels_other": "error",
    "channels_outnumber": "warning",
    "times_unit": "error",
    "times_indistinct": "warning",
    "integers_rounded": "error",
    "never_written": "error",
    "samples_in_holes": "warning",
    "events_without_time": "warning",
    "events_sorted": "warning",
    "interval_open": "warning",
    "table_not_finite": "warning",
    "table_backward": "warning",
    "table_without_rows": "error",
    "table_sorted": "warning",
    "table_touching": "warning",
    "table_overlap": "error",
    "times_from_session_start": "off",
    "video_format": "error",
    "video_empty": "error",
    "video_starts": "warning",
    "video_times": "warning",
}
"""The checks whose severity the configuration can set, with their defaults."""

CHECKS: Mapping[str, Severity] = {**dict.fromkeys(sorted(FIXED), "error"), **CONFIGURABLE}
"""Every check with its default severity."""
