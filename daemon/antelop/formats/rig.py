"""The rig: what a lab's JSON says of its behaviour rig, and where each feature is in the NWB file.

The format is the documented ``antelop-behaviour`` (its JSON Schema is `rig.schema.json`), with one source type more:
``intervals``, for the file's TimeIntervals tables. Members that it does not know are allowed, as the documented schema allows
them, for a lab notes serial numbers and calibrations there. But one whose name is nearly that of a member that is lacking is a
problem: ``"ownerhsip"`` would silently give an animal's feature to the world.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

from antelop.errors import Problem, Rejected, first
from antelop.formats.document import load
from antelop.formats.rig_rules import RULES
from antelop.formats.schema import Schema

DataType = Literal["analog", "digital", "interval", "kinematics"]

LONGEST = 8 << 20
"""How many bytes a rig may have: some 20,000 features; whoever reads one reads no more than one more."""

NAME_LENGTH = 100
"""How many characters a name may have (also in the schema, and in the tables)."""

_SCHEMA = Schema("rig.schema.json", "rig_format")


@dataclass(frozen=True)
class Feature:
    """One thing that the rig records.

    Attributes
    ----------
    name, data_type, description
        As in the JSON; the name is that of the series or table in the NWB file.
    source_type
        The part of the file that holds it, or ``deeplabcut`` if it is tracked later, from a video.
    module
        The path from there to the feature, which may have slashes; None if there is none.
    video
        The video that it was, or will be, tracked in.
    ownership, animal
        Whether it belongs to the world or to an animal, and to which: 1 to N, or `rig_rules.UNKNOWN`. None for the world.
    coordinates
        Where it is: x, y, z from the rig's reference point.
    """

    name: str
    source_type: Literal["acquisition", "stimulus", "processing", "deeplabcut", "intervals"]
    data_type: DataType
    description: str
    module: str | None = None
    video: str | None = None
    ownership: Literal["world", "self"] = "world"
    animal: int | None = None
    coordinates: tuple[float, float, float] | None = None

    @property
    def path(self) -> str | None:
        """Where the NWB file has it, such as ``processing/behavior/Position/head``; None if it is not from the file."""
        if self.source_type == "deeplabcut":
            return None
        module = None if self.source_type == "intervals" else self.module
        return "/".join(part for part in (self.source_type, module, self.name) if part)


@dataclass(frozen=True)
class Camera:
    """A video that the rig records: the NWB file has an ImageSeries of this name under acquisition."""

    name: str
    description: str
    format: Literal["avi", "mp4", "mov"]
    reference_point: str = ""

    @property
    def path(self) -> str:
        """Where the NWB file has it."""
        return f"acquisition/{self.name}"


@dataclass(frozen=True)
class Rig:
    """A behaviour rig; a feature's place in `features`, from 1, is its ``feature_id``."""

    version: str
    reference_point: str
    features: tuple[Feature, ...]
    videos: tuple[Camera, ...] = ()

    @property
    def animals(self) -> int:
        """How many animals take part: the highest number of one, 0 if none has a number."""
        return max((feature.animal for feature in self.features if feature.animal and feature.animal > 0), default=0)


def read(text: bytes) -> dict[str, Any]:
    """Return the document of a rig that a text holds; see `parse`.

    Raises
    ------
    Rejected
        If it is no JSON object that can be stored (`document.load`), or longer than `LONGEST`.
    """
    if len(text) > LONGEST:
        what = f"the rig has more than {LONGEST} bytes"
        raise Rejected([Problem("rig_long", "", what, "Write nothing into it that does not belong there")])
    return load(text)


def parse(document: object) -> Rig:
    """Return the rig that a document describes, such as `read` returns.

    Raises
    ------
    Rejected
        With everything that is wrong with it.
    """
    found = (Problem(rule.__name__, *finding) for rule in RULES for finding in rule(document))
    problems = first(chain(_SCHEMA.problems(document), found))
    if problems or not isinstance(document, dict):
        raise Rejected(problems)
    return Rig(
        document["version"],
        document["reference_point"],
        tuple(_feature(feature) for feature in document["features"]),
        tuple(
            Camera(video["name"], video["description"], video["format"], video.get("reference_point", ""))
            for video in document.get("videos", [])
        ),
    )


def _feature(feature: Mapping[str, Any]) -> Feature:
    source, owner = feature["source"], feature.get("ownership", {"ownership": "world"})
    coordinates = feature.get("coordinates")
    return Feature(
        name=feature["name"],
        source_type=source["source_type"],
        data_type=feature["data_type"],
        description=feature["description"],
        module=source.get("module") or None,
        video=source.get("video") or None,
        ownership=owner["ownership"],
        animal=int(owner["animal"]) if owner["ownership"] == "self" else None,
        coordinates=coordinates and tuple(map(float, coordinates)),
    )
