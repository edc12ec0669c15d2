"""The rules of a rig's JSON that a JSON Schema cannot express.

A rule works on any document, also on one that the schema rejects, so that a person reads all problems at once. It skips values
that have the wrong type, because the schema reports them.
"""

import sys
from collections.abc import Callable, Iterator
from typing import Any

from antelop.formats.document import items, member, pointer
from antelop.wording import nearest, quoted

UNKNOWN = -1
"""The animal number of a feature if only tracking can tell to which animal it belongs."""

Finding = tuple[str, str, str]
"""Where, what and the remedy."""


def name_repeated(document: object) -> Iterator[Finding]:
    """Expect each feature and each video to have a name of its own."""
    for group in ("features", "videos"):
        first: dict[str, str] = {}
        for where, item in items(document, group):
            name = member(item, "name")
            if isinstance(name, str) and first.setdefault(name, where) != where:
                more = ', and write that of the NWB file into its source, as "series"' if group == "features" else ""
                remedy = f"Give it a name of its own{more}"
                yield f"{where}/name", f"{quoted(name)} is already the name of {first[name]}", remedy


def stimulus_of_an_animal(document: object) -> Iterator[Finding]:
    """Expect a stimulus to belong to the world."""
    for where, feature in items(document, "features"):
        if member(feature, "source", "source_type") == "stimulus" and member(feature, "ownership", "ownership") == "self":
            remedy = 'Write "world", or the source_type that the feature really has'
            yield f"{where}/ownership/ownership", "a stimulus belongs to the world, not to an animal", remedy


def animal_unnumbered(document: object) -> Iterator[Finding]:
    """Expect a feature of an animal to have the animal's number, from 1, or `UNKNOWN`."""
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


def animals_with_gaps(document: object) -> Iterator[Finding]:
    """Expect the animals to be numbered without gaps."""
    first: dict[int, str] = {}
    for where, feature in items(document, "features"):
        number = _owner(feature)
        if number is None:
            return  # an unreadable number may be the one that fills a gap
        if number > 0:
            first.setdefault(number, f"{where}/ownership/animal")
    # One gap makes every higher number wrong: only the first is reported.
    for expected, number in enumerate(sorted(first), 1):
        if number != expected:
            what = f"there is an animal {number} but no animal {expected}"
            yield first[number], what, "Number the animals 1, 2, 3 without gaps"
            return


def _owner(feature: object) -> int | None:
    """Return the number of the animal, or `UNKNOWN`, or 0 for the world; None if the document does not say it properly."""
    # A feature without `ownership` belongs to the world.
    if isinstance(feature, dict) and "ownership" not in feature:
        return 0
    owner, number = member(feature, "ownership", "ownership"), member(feature, "ownership", "animal")
    if owner == "self" and isinstance(number, int | float) and number // 1 == number and (number > 0 or number == UNKNOWN):
        return int(number)
    return 0 if owner == "world" else None


def video_undeclared(document: object) -> Iterator[Finding]:
    """Expect the video of a feature to be one of the rig's videos."""
    declared = [member(video, "name") for _, video in items(document, "videos")]
    names = {name: None for name in declared if isinstance(name, str)}
    for where, feature in items(document, "features"):
        video = member(feature, "source", "video")
        if isinstance(video, str) and video and video not in names:
            near = nearest(video, names)
            remedy = f"Write {quoted(near)}" if near else 'Declare it in "videos"'
            yield f"{where}/source/video", f"{quoted(video)} is not one of the rig's videos", remedy


def module_missing(document: object) -> Iterator[Finding]:
    """Expect what is in ``processing`` to have a module."""
    for group, noun in (("features", "feature"), ("videos", "video")):
        for where, item in items(document, group):
            if member(item, "source", "source_type") == "processing" and not member(item, "source", "module"):
                remedy = f'Add "module": the path from processing to the {noun}, such as "behavior"'
                yield f"{where}/source", f"a processed {noun} has no module", remedy


def data_type_impossible(document: object) -> Iterator[Finding]:
    """Expect a data type that the feature's source type can have."""
    for where, feature in items(document, "features"):
        source, given = member(feature, "source", "source_type"), member(feature, "data_type")
        wanted = _POSSIBLE.get(source, ()) if isinstance(source, str) else ()
        if wanted and isinstance(given, str) and given not in wanted:
            what = f"what comes from {source} is {' or '.join(wanted)}, not {quoted(given)}"
            remedy = f"Write {' or '.join(map(quoted, wanted))}, or the source_type that the feature really has"
            yield f"{where}/data_type", what, remedy


_POSSIBLE = {
    "deeplabcut": ("kinematics",),
    "intervals": ("interval", "digital"),
    "events": ("digital", "interval"),
}
"""The data types that a source type can have, if not all."""


def where_unusable(document: object) -> Iterator[Finding]:
    """Expect the values with which rows are compared to be texts, numbers or booleans, at least one for each column."""
    for where, feature in items(document, "features"):
        columns = member(feature, "source", "where")
        for name, wanted in columns.items() if isinstance(columns, dict) else ():
            values = values_of(wanted)
            if not values or not all(isinstance(value, str | int | float) for value in values):
                at = where + pointer(["source", "where", name])
                yield (
                    at,
                    f"{quoted(wanted)} is no value of a column",
                    'Write one value, or a list of them, such as ["go", "nogo"]',
                )


def values_of(wanted: object) -> list[Any]:
    """Return the values of a column that ``where`` names: those of a list, or the one that is there."""
    return wanted if isinstance(wanted, list) else [wanted]


def coordinates_not_finite(document: object) -> Iterator[Finding]:
    """Expect coordinates to be finite numbers."""
    for where, feature in items(document, "features"):
        coordinates = member(feature, "coordinates")
        for index, number in enumerate(coordinates if isinstance(coordinates, list) else ()):
            # An int may be too large for the float that is stored, and a NaN is not comparable: hence "not … <=".
            if isinstance(number, int | float) and not abs(number) <= sys.float_info.max:
                yield f"{where}/coordinates/{index}", f"{quoted(number)} is not a finite number", "Write a finite number"


RULES: tuple[Callable[[object], Iterator[Finding]], ...] = (
    name_repeated,
    stimulus_of_an_animal,
    animal_unnumbered,
    animals_with_gaps,
    video_undeclared,
    module_missing,
    data_type_impossible,
    where_unusable,
    coordinates_not_finite,
)
"""Every rule. The name of a rule is the check of the problems that it finds."""
