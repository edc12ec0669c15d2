"""The rig: what a lab's JSON says of its behaviour rig, and where each feature is in the NWB file.

The format is the documented ``antelop-behaviour`` (its JSON Schema is `rig.schema.json`), with one source type more:
``intervals``, for the file's TimeIntervals tables. Members that it does not know are allowed, as the documented schema allows
them, for a lab notes serial numbers and calibrations there. But one whose name is nearly that of a member that is lacking is a
problem: ``"ownerhsip"`` would silently give an animal's feature to the world.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal, NamedTuple

from antelop.errors import Problem, Rejected, first
from antelop.formats.document import items, load, member, pointer
from antelop.formats.schema import Schema
from antelop.wording import nearest, quoted

DataType = Literal["analog", "digital", "interval", "kinematics"]

LONGEST = 8 << 20
"""How many bytes a rig may have: some 20,000 features; whoever reads one reads no more than one more."""

NAME_LENGTH = 100
"""How many characters a name may have (also in the schema, and in the tables)."""

UNKNOWN = -1
"""The animal number of a feature of which only tracking will tell whose it is."""

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
        Whether it belongs to the world or to an animal, and to which: 1 to N, or `UNKNOWN`. None for the world.
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
    found = (Problem(rule.__name__[1:], *finding) for rule in _RULES for finding in rule(document))
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


Finding = tuple[str, str, str]
"""Where, what and the remedy."""


def _name_repeated(document: object) -> Iterator[Finding]:
    for group in ("features", "videos"):
        first: dict[str, str] = {}
        for where, item in items(document, group):
            name = member(item, "name")
            if isinstance(name, str) and first.setdefault(name, where) != where:
                yield f"{where}/name", f"{quoted(name)} is already the name of {first[name]}", "Give it a name of its own"


def _stimulus_of_an_animal(document: object) -> Iterator[Finding]:
    for where, feature in items(document, "features"):
        if member(feature, "source", "source_type") == "stimulus" and member(feature, "ownership", "ownership") == "self":
            remedy = 'Write "world", or the source_type that the feature really has'
            yield f"{where}/ownership/ownership", "a stimulus belongs to the world, not to an animal", remedy


def _animal_unnumbered(document: object) -> Iterator[Finding]:
    for where, feature in items(document, "features"):
        if member(feature, "ownership", "ownership") != "self":
            continue
        number = member(feature, "ownership", "animal")
        if "animal" not in feature["ownership"]:
            remedy = 'Add "animal": 1, or the number of the animal that is meant'
            yield f"{where}/ownership", '"self" has no animal number', remedy
        elif isinstance(number, int | float) and number < 1 and number != UNKNOWN:
            remedy = f"Number the animals from 1, or write {UNKNOWN} if only tracking will tell"
            yield f"{where}/ownership/animal", f"{quoted(number)} is no animal's number", remedy


def _animals_with_gaps(document: object) -> Iterator[Finding]:
    first: dict[int, str] = {}
    for where, feature in items(document, "features"):
        number = _owner(feature)
        if number is None:
            return  # which numbers there are cannot be told
        if number > 0:
            first.setdefault(number, f"{where}/ownership/animal")
    for expected, number in enumerate(sorted(first), 1):
        if number != expected:
            what = f"there is an animal {number} but no animal {expected}"
            yield first[number], what, "Number the animals 1, 2, 3 without gaps"
            return


def _owner(feature: object) -> int | None:
    """Return the number of the animal, `UNKNOWN` or 0 for the world; None if it cannot be read."""
    if isinstance(feature, dict) and "ownership" not in feature:
        return 0
    owner, number = member(feature, "ownership", "ownership"), member(feature, "ownership", "animal")
    if owner == "self" and isinstance(number, int | float) and number // 1 == number and (number > 0 or number == UNKNOWN):
        return int(number)
    return 0 if owner == "world" else None


def _video_undeclared(document: object) -> Iterator[Finding]:
    declared = [member(video, "name") for _, video in items(document, "videos")]
    names = {name: None for name in declared if isinstance(name, str)}
    for where, feature in items(document, "features"):
        video = member(feature, "source", "video")
        if isinstance(video, str) and video and video not in names:
            near = nearest(video, names)
            remedy = f"Write {quoted(near)}" if near else 'Declare it in "videos"'
            yield f"{where}/source/video", f"{quoted(video)} is not one of the rig's videos", remedy


def _module_missing(document: object) -> Iterator[Finding]:
    for where, feature in items(document, "features"):
        if member(feature, "source", "source_type") == "processing" and not member(feature, "source", "module"):
            remedy = 'Add "module": the path from processing to the feature, such as "behavior"'
            yield f"{where}/source", "a processed feature has no module", remedy


def _data_type_impossible(document: object) -> Iterator[Finding]:
    for where, feature in items(document, "features"):
        source, given = member(feature, "source", "source_type"), member(feature, "data_type")
        wanted = {"deeplabcut": "kinematics", "intervals": "interval"}.get(source) if isinstance(source, str) else None
        if wanted and isinstance(given, str) and given != wanted:
            what = f"what comes from {source} is {wanted}, not {quoted(given)}"
            yield f"{where}/data_type", what, f"Write {quoted(wanted)}, or the source_type that the feature really has"


def _coordinates_not_finite(document: object) -> Iterator[Finding]:
    for where, feature in items(document, "features"):
        coordinates = member(feature, "coordinates")
        for index, number in enumerate(coordinates if isinstance(coordinates, list) else ()):
            if isinstance(number, int | float) and not abs(number) <= sys.float_info.max:
                yield f"{where}/coordinates/{index}", f"{quoted(number)} is not a finite number", "Write a finite number"


_RULES: tuple[Callable[[object], Iterator[Finding]], ...] = (
    _name_repeated,
    _stimulus_of_an_animal,
    _animal_unnumbered,
    _animals_with_gaps,
    _video_undeclared,
    _module_missing,
    _data_type_impossible,
    _coordinates_not_finite,
)


def differences(old: object, new: object, where: str = "") -> list[str]:
    """Return in which ways a rig's document differs from an earlier one: a line for each, by JSON pointer.

    Features and videos are compared by name, so that a new one does not make all that follow it look changed.
    """
    if old == new:
        return []
    before, after = _parts(old), _parts(new)
    if before is None or after is None or isinstance(old, list) != isinstance(new, list):
        return [f"{where}: {quoted(old)} became {quoted(new)}"]
    gone = [part for name, part in before.items() if name not in after]
    lines = [f"{where}{pointer([part.step])}: {quoted(part.shown)} is gone" for part in gone]
    for name, part in after.items():
        place = where + pointer([part.step])
        if name in before:
            lines += differences(before[name].value, part.value, place)
        else:
            lines.append(f"{place}: {quoted(part.shown)} is new")
    order = [name for name in after if name in before]
    if isinstance(new, list) and order != [name for name in before if name in after]:
        lines.append(f"{where}: the order became {', '.join(map(quoted, order))}")
    return lines


class _Part(NamedTuple):
    """A member of an object or a named item of a list: how a pointer leads there, and how it is shown."""

    step: str | int
    value: object
    shown: object


def _parts(value: object) -> dict[str, _Part] | None:
    """Return the parts by name, None if the value has no parts with names of their own."""
    if isinstance(value, Mapping):
        return {name: _Part(name, member, member) for name, member in value.items()}
    if not isinstance(value, list):
        return None
    names = [member(item, "name") for item in value]
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        return None
    return {name: _Part(index, item, name) for index, (name, item) in enumerate(zip(names, value, strict=True))}
