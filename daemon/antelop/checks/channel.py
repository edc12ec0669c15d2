"""A feature of the rig with the series that records it, and whether its data and times can be read at all."""

import math
from typing import NamedTuple

from antelop.formats.rig import Feature
from antelop.recording.recording import Series
from antelop.recording.samples import Samples
from antelop.recording.views import Clock


class Channel(NamedTuple):
    """A feature of the rig with the series that records it."""

    feature: Feature
    series: Series

    @property
    def samples(self) -> Samples | None:
        """The data as they are stored; interval data are not converted to a unit."""
        return self.series.data if self.feature.data_type == "interval" else self.series.values

    @property
    def shapes(self) -> str:
        """The shapes that the data may have, in words."""
        if self.feature.data_type == "kinematics":
            return "(n, 2) or (n, 3)" if self.series.spatial else "(n, 2), (n, 3) or (n, 4)"
        return "(n,) or (n, channels)" if self.feature.data_type == "analog" else "(n,)"

    @property
    def shaped(self) -> bool:
        """Whether the data have one of these shapes."""
        shape = () if self.samples is None else self.samples.shape
        if self.feature.data_type == "kinematics":
            return len(shape) == 2 and shape[1] in ((2, 3) if self.series.spatial else (2, 3, 4))  # noqa: PLR2004  # as in `shapes`
        return len(shape) == 1 or (len(shape) == 2 and self.feature.data_type == "analog")  # noqa: PLR2004  # as in `shapes`

    @property
    def sound(self) -> tuple[Samples, Samples] | None:
        """The data and their times; None if their types, shapes or lengths are wrong, so that reading them makes no sense."""
        samples, times = self.samples, self.series.timestamps
        if samples is None or times is None or not (numeric(samples) and self.shaped and are_times(times)):
            return None
        return (samples, times) if samples.shape[0] == times.shape[0] else None


def numeric(samples: Samples) -> bool:
    """Return whether the samples are real numbers or booleans."""
    return samples.dtype.kind in "biuf"


def runs(clock: Clock) -> bool:
    """Return whether a clock has a finite start, a positive finite rate and a finite end."""
    return math.isfinite(clock.start) and 0 < clock.rate < math.inf and math.isfinite(clock.start + clock.count / clock.rate)


def are_times(samples: Samples) -> bool:
    """Return whether the samples can be times: numbers of shape (n,), or a clock that `runs`."""
    return runs(samples) if isinstance(samples, Clock) else numeric(samples) and len(samples.shape) == 1
