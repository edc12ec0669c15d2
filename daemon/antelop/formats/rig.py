"""The rig: the JSON document in which a lab describes its behaviour rig, and where each feature is in the NWB file.

The format is the documented ``antelop-behaviour`` (its JSON Schema is `rig.schema.json`). Added to it are the source types
``intervals`` and ``events``, for the tables of the file, and of a source the optional members ``series``, ``column``, ``where``
and ``time``. Unknown members are allowed, as in the documented schema, because labs note serial numbers and calibrations there.
But an unknown member whose name is nearly that of a missing one is a problem: ``"ownerhsip"`` would silently make an animal's
feature one of the world.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal

from antelop.errors import Problem, Rejected, first
from antelop.formats.document import load
from antelop.formats.rig_rules import RULES, values_of
from antelop.formats.schema import Schema

Value = str | int | float | bool
"""What a rig may compare the values of a column with."""

DataType = Literal["analog", "digital", "interval", "kinematics"]

LONGEST = 8 << 20
"""How many bytes a rig may have: about 20,000 features. A reader reads one byte more at most, to notice a longer one."""

NAME_LENGTH = 100
"""How many characters a name may have. The JSON Schema and the tables have the same limit."""

_SCHEMA = Schema("rig.schema.json", "rig_format")


@dataclass(frozen=True)
class Feature:
    """One thing that the rig records.

    Attributes
    ----------
    name, data_type, description
        As in the JSON.
    source_type
        The part of the file that holds it, or ``deeplabcut`` if it is tracked later, from a video.
    module
        The path from there to the series or table, which may have slashes; None if it is directly there.
    series
        The name of the series or table in the NWB file; None if it is that of the feature.
    column
        Of a table, the column whose values are the data; of a series (n, columns), the column, from 0; None for the whole.
    where
        Only rows are taken that have one of these values in each of these columns.
    time
        Of a table, the column that holds the times; None for the usual one.
    video
        The name of the video in which it is tracked.
    ownership, animal
        Whether it belongs to the world or to an animal; and the animal's number, from 1, or `rig_rules.UNKNOWN`. The number
        is None for the world.
    coordinates
        Its position x, y, z, relative to the rig's reference point.
    """

    name: str
    source_type: Literal["acquisition", "stimulus", "processing", "deeplabcut", "intervals", "events"]
    data_type: DataType
    description: str
    module: str | None = None
    video: str | None = None
    series: str | None = None
    column: str | int | None = None
    where: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    time: str | None = None
    ownership: Literal["world", "self"] = "world"
    animal: int | None = None
    coordinates: tuple[float, float, float] | None = None

    @property
    def path(self) -> str | None:
        """The path in the NWB file, such as ``processing/behavior/Position/head``; None if it is not in the file."""
        if self.source_type == "deeplabcut":
            return None
        # The tables of TimeIntervals have no group between them and `intervals`.
        module = None if self.source_type == "intervals" else self.module
        return "/".join(part for part in (self.source_type, module, self.series or self.name) if part)


@dataclass(frozen=True)
class Camera:
    """A video that the rig records: an ImageSeries of the NWB file, with one or more video files.

    Attributes
    ----------
    name, description, format, reference_point
        As in the JSON.
    source_type, module, series
        As of a `Feature`: where the ImageSeries is, and its name there; None if that is the name of the video.
    """

    name: str
    description: str
    format: str
    reference_point: str = ""
    source_type: Literal["acquisition", "stimulus", "processing"] = "acquisition"
    module: str | None = None
    series: str | None = None

    @property
    def path(self) -> str:
        """The path in the NWB file."""
        return "/".join(part for part in (self.source_type, self.module, self.series or self.name) if part)


@dataclass(frozen=True)
class Rig:
    """A behaviour rig. The position of a feature in `features`, counted from 1, is its ``feature_id``."""

    version: str
    reference_point: str
    features: tuple[Feature, ...]
    videos: tuple[Camera, ...] = ()

    @property
    def animals(self) -> int:
        """The number of animals, which is the highest animal number; 0 if no feature has one."""
        return max((feature.animal for feature in self.features if feature.animal and feature.animal > 0), default=0)


def read(text: bytes) -> dict[str, Any]:
    """Return the document of a rig that a JSON text holds; `parse` checks it.

    Raises
    ------
    Rejected
        If the text is not a JSON object that can be stored (see `document.load`), or is longer than `LONGEST`.
    """
    if len(text) > LONGEST:
        what = f"the rig has more than {LONGEST} bytes"
        raise Rejected([Problem("rig_long", "", what, "Write nothing into it that does not belong there")])
    return load(text)


def parse(document: object) -> Rig:
    """Return the rig that a document, as `read` returns it, describes.

    Raises
    ------
    Rejected
        With every problem.
    """
    # The rules run although the schema may find problems, so that a person reads all of them at once.
    found = (Problem(rule.__name__, *finding) for rule in RULES for finding in rule(document))
    problems = first(chain(_SCHEMA.problems(document), found))
    if problems or not isinstance(document, dict):
        raise Rejected(problems)
    return Rig(
        document["version"],
        document["reference_point"],
        tuple(_feature(feature) for feature in document["features"]),
        tuple(_camera(video) for video in document.get("videos", [])),
    )


def _camera(video: Mapping[str, Any]) -> Camera:
    source = video.get("source", {"source_type": "acquisition"})
    return Camera(
        name=video["name"],
        description=video["description"],
        format=video["format"].lower(),
        reference_point=video.get("reference_point", ""),
        source_type=source["source_type"],
        module=source.get("module") or None,
        series=source.get("series"),
    )


def _feature(feature: Mapping[str, Any]) -> Feature:
    # The schema has checked the types and the required members; here only the documented defaults are filled in.
    source, owner = feature["source"], feature.get("ownership", {"ownership": "world"})
    coordinates = feature.get("coordinates")
    return Feature(
        name=feature["name"],
        source_type=source["source_type"],
        data_type=feature["data_type"],
        description=feature["description"],
        module=source.get("module") or None,
        series=source.get("series"),
        column=int(column) if isinstance(column := source.get("column"), float) else column,
        where={name: tuple(values_of(wanted)) for name, wanted in source.get("where", {}).items()},
        time=source.get("time"),
        video=source.get("video") or None,
        ownership=owner["ownership"],
        animal=int(owner["animal"]) if owner["ownership"] == "self" else None,
        coordinates=coordinates and tuple(map(float, coordinates)),
    )
