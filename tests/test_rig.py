"""The rig's JSON: what it becomes, and everything that can be wrong with it."""

import copy
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antelop.errors import Problem, Rejected
from antelop.formats.difference import differences
from antelop.formats.rig import NAME_LENGTH, Camera, Feature, Rig, parse
from antelop.formats.rig_rules import UNKNOWN

RIG: dict[str, Any] = {
    "specification": "antelop-behaviour",
    "version": "1.0",
    "reference_point": "left front corner",
    "features": [
        {
            "name": "led",
            "source": {"source_type": "stimulus"},
            "ownership": {"ownership": "world"},
            "data_type": "interval",
            "coordinates": [1, 2.5, 0],
            "description": "cue light",
        },
        {
            "name": "lick",
            "source": {"source_type": "acquisition"},
            "ownership": {"ownership": "self", "animal": 2},
            "data_type": "digital",
            "description": "licks of the spout",
        },
        {
            "name": "head",
            "source": {"source_type": "processing", "module": "behavior/Position", "video": "top"},
            "ownership": {"ownership": "self", "animal": 1},
            "data_type": "kinematics",
            "description": "head",
        },
        {
            "name": "tail",
            "source": {"source_type": "deeplabcut", "video": "top"},
            "ownership": {"ownership": "self", "animal": UNKNOWN},
            "data_type": "kinematics",
            "description": "tip of the tail",
        },
        {"name": "trials", "source": {"source_type": "intervals"}, "data_type": "interval", "description": "trials"},
    ],
    "videos": [{"name": "top", "description": "from above", "format": "mp4", "reference_point": "top left"}],
}


def problems(document: object) -> list[Problem]:
    """Return what is wrong with a rig."""
    with pytest.raises(Rejected) as caught:
        parse(document)
    return list(caught.value.problems)


def changed(**members: Any) -> dict[str, Any]:
    """Return the rig with other members in its second feature; those that are None are taken out of it."""
    document = copy.deepcopy(RIG)
    feature = {**document["features"][1], **members}
    document["features"][1] = {name: value for name, value in feature.items() if value is not None}
    return document


def test_a_rig_is_read() -> None:
    """Each feature says where the file has it and whose it is; what is left out has the documented meaning."""
    assert parse(RIG) == Rig(
        version="1.0",
        reference_point="left front corner",
        features=(
            Feature("led", "stimulus", "interval", "cue light", coordinates=(1.0, 2.5, 0.0)),
            Feature("lick", "acquisition", "digital", "licks of the spout", ownership="self", animal=2),
            Feature("head", "processing", "kinematics", "head", "behavior/Position", "top", ownership="self", animal=1),
            Feature("tail", "deeplabcut", "kinematics", "tip of the tail", video="top", ownership="self", animal=UNKNOWN),
            Feature("trials", "intervals", "interval", "trials"),
        ),
        videos=(Camera("top", "from above", "mp4", "top left"),),
    )
    assert parse(RIG).animals == 2
    assert [feature.path for feature in parse(RIG).features] == [
        "stimulus/led",
        "acquisition/lick",
        "processing/behavior/Position/head",
        None,
        "intervals/trials",
    ]
    assert parse(RIG).videos[0].path == "acquisition/top"


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ({"source_type": "stimulus"}, "stimulus/top"),
        ({"source_type": "processing", "module": "behavior/Videos"}, "processing/behavior/Videos/top"),
        ({"source_type": "acquisition", "module": "", "series": "LeftCamera"}, "acquisition/LeftCamera"),
    ],
)
def test_a_video_may_be_anywhere(source: dict[str, str], path: str) -> None:
    """It has a source as a feature has, and the name in the file need not be its own."""
    (video,) = parse(RIG | {"videos": [RIG["videos"][0] | {"source": source, "format": "MKV"}]}).videos
    assert (video.name, video.path, video.format) == ("top", path, "mkv")


@pytest.mark.parametrize(
    ("video", "where"),
    [
        ({"source": {"source_type": "processing"}}, "/videos/0/source"),
        ({"source": {"source_type": "intervals"}}, "/videos/0/source/source_type"),
        ({"source": {"source_type": "acquisition", "series": "a//b"}}, "/videos/0/source/series"),
        ({"source": {}}, "/videos/0/source"),
        ({"format": "mp4,hls"}, "/videos/0/format"),
        ({"format": ""}, "/videos/0/format"),
    ],
)
def test_a_video_is_where_videos_can_be(video: dict[str, Any], where: str) -> None:
    """A table holds none, a processed one has a module, and a format is the ending of a name."""
    assert [problem.where for problem in problems(RIG | {"videos": [RIG["videos"][0] | video]})] == [where]


def test_the_smallest_rig_is_read() -> None:
    """A rig may have no features and no videos, and then has no animals."""
    rig = parse({"specification": "antelop-behaviour", "version": "0", "reference_point": "", "features": []})
    assert (rig, rig.animals) == (Rig("0", "", ()), 0)


def test_a_module_may_lead_into_a_container() -> None:
    """Under acquisition and stimulus a module is a container; an empty one, as forms write it, is none."""
    modules = [{"source_type": "acquisition", "module": module} for module in ("lick_times", "")]
    assert [parse(changed(source=source)).features[1].path for source in modules] == [
        "acquisition/lick_times/lick",
        "acquisition/lick",
    ]


def test_a_labs_own_members_are_its_own_business() -> None:
    """A member that the format does not know is allowed, unless it is nearly one that is lacking."""
    assert parse({**changed(serial_number="A7", ownership_note="left"), "calibrated": "2026-11-22"}) == parse(RIG)
    assert problems(changed(ownership=None, ownerhsip={"ownership": "world"})) == [
        Problem("rig_format", "/features/1/ownerhsip", "there is no such member", 'Rename it to "ownership"')
    ]


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        (
            {"name": None, "nmae": "lick"},
            Problem("rig_format", "/features/1", '"name" is missing', 'Rename "nmae" to it'),
        ),
        (
            {"description": None},
            Problem(
                "rig_format",
                "/features/1",
                '"description" is missing',
                'Add "description": what the feature is, in at most 1000 characters',
            ),
        ),
        (
            {"data_type": "kinematic"},
            Problem(
                "rig_format",
                "/features/1/data_type",
                '"kinematic" is not one of "digital", "analog", "interval", "kinematics"',
                'Write "kinematics"',
            ),
        ),
        (
            {"data_type": 7},
            Problem(
                "rig_format",
                "/features/1/data_type",
                '7 is not one of "digital", "analog", "interval", "kinematics"',
                'Write "digital", "analog", "interval" or "kinematics"',
            ),
        ),
        (
            {"coordinates": [1, 2]},
            Problem(
                "rig_format",
                "/features/1/coordinates",
                "[1, 2] has 2 values",
                "Write the three coordinates x, y and z, such as [0, 12.5, 3]",
            ),
        ),
        (
            {"coordinates": [1, 2, "3"]},
            Problem("rig_format", "/features/1/coordinates/2", '"3" is not a number', "Write a number"),
        ),
        (
            {"coordinates": [1, math.nan, 3]},
            Problem(
                "coordinates_not_finite", "/features/1/coordinates/1", "NaN is not a finite number", "Write a finite number"
            ),
        ),
        (
            {"coordinates": [1, 2, 10**400]},
            Problem(
                "coordinates_not_finite",
                "/features/1/coordinates/2",
                f"1{'0' * 58}… is not a finite number",
                "Write a finite number",
            ),
        ),
        (
            {"name": "left/lick\n"},
            Problem(
                "rig_format",
                "/features/1/name",
                '"left/lick\\n" does not have the right form',
                "Write a name of 1 to 100 characters, without slashes and control characters",
            ),
        ),
        (
            {"name": "x" * (NAME_LENGTH + 1)},
            Problem(
                "rig_format",
                "/features/1/name",
                f'"{"x" * 58}… has 101 characters',
                "Write a name of 1 to 100 characters, without slashes and control characters",
            ),
        ),
        (
            {"name": "led"},
            Problem(
                "name_repeated",
                "/features/1/name",
                '"led" is already the name of /features/0',
                'Give it a name of its own, and write that of the NWB file into its source, as "series"',
            ),
        ),
        (
            {"source": {"source_type": "stimulus"}},
            Problem(
                "stimulus_of_an_animal",
                "/features/1/ownership/ownership",
                "a stimulus belongs to the world, not to an animal",
                'Write "world", or the source_type that the feature really has',
            ),
        ),
        (
            {"ownership": {"ownership": "self"}},
            Problem(
                "animal_unnumbered",
                "/features/1/ownership",
                '"self" has no animal number',
                'Add "animal": 1, or the number of the animal that is meant',
            ),
        ),
        (
            {"source": {"source_type": "acquisition", "video": "tpo"}},
            Problem("video_undeclared", "/features/1/source/video", '"tpo" is not one of the rig\'s videos', 'Write "top"'),
        ),
        (
            {"source": {"source_type": "acquisition", "video": "side"}},
            Problem(
                "video_undeclared",
                "/features/1/source/video",
                '"side" is not one of the rig\'s videos',
                'Declare it in "videos"',
            ),
        ),
        (
            {"source": {"source_type": "processing", "module": ""}},
            Problem(
                "module_missing",
                "/features/1/source",
                "a processed feature has no module",
                'Add "module": the path from processing to the feature, such as "behavior"',
            ),
        ),
        (
            {"source": {"source_type": "deeplabcut"}},
            Problem(
                "data_type_impossible",
                "/features/1/data_type",
                'what comes from deeplabcut is kinematics, not "digital"',
                'Write "kinematics", or the source_type that the feature really has',
            ),
        ),
        (
            {"source": {"source_type": "intervals"}, "data_type": "analog"},
            Problem(
                "data_type_impossible",
                "/features/1/data_type",
                'what comes from intervals is interval or digital, not "analog"',
                'Write "interval" or "digital", or the source_type that the feature really has',
            ),
        ),
        (
            {"source": {"source_type": "events"}, "data_type": "kinematics"},
            Problem(
                "data_type_impossible",
                "/features/1/data_type",
                'what comes from events is digital or interval, not "kinematics"',
                'Write "digital" or "interval", or the source_type that the feature really has',
            ),
        ),
        *(
            (
                {"source": {"source_type": "events", "where": {"a/b": value}}},
                Problem(
                    "where_unusable",
                    "/features/1/source/where/a~1b",
                    f"{shown} is no value of a column",
                    'Write one value, or a list of them, such as ["go", "nogo"]',
                ),
            )
            for value, shown in [([], "[]"), ([{}], "[{}]"), ([None], "[null]"), ({"not": 1}, '{"not": 1}')]
        ),
        (
            {"source": {"source_type": "acquisition", "column": -1}},
            Problem(
                "rig_format",
                "/features/1/source/column",
                "-1 is less than 0",
                'Write the name of a column of the table, such as "port"; or the number of a column of the series, from 0',
            ),
        ),
        (
            {"source": {"source_type": "acquisition", "series": "a//b"}},
            Problem(
                "rig_format",
                "/features/1/source/series",
                '"a//b" does not have the right form',
                'Write the name of the series or table in the NWB file, such as "LeftCamera", without a slash at either end',
            ),
        ),
    ],
)
def test_each_mistake_is_said_with_its_place_and_remedy(members: dict[str, Any], problem: Problem) -> None:
    """One mistake in one feature is one problem; without it the rig is valid."""
    assert problems(changed(**members)) == [problem]
    assert parse(changed())


@pytest.mark.parametrize("module", ["/behavior", "behavior/", "behavior//Position", "beha\nvior"])
def test_a_module_is_a_clean_path(module: str) -> None:
    """A module with slashes at its ends or twice in a row, or with control characters, is a problem."""
    [problem] = problems(changed(source={"source_type": "processing", "module": module}))
    assert problem.where == "/features/1/source/module"
    assert problem.what == f"{json.dumps(module)} does not have the right form"
    assert parse(changed(source={"source_type": "processing", "module": "behavior/Position"}))


@pytest.mark.parametrize(
    ("numbers", "problem"),
    [
        ([1, 3], ("/features/1/ownership/animal", "there is an animal 3 but no animal 2")),
        ([2], ("/features/0/ownership/animal", "there is an animal 2 but no animal 1")),
        ([2_000_000_000, 1], ("/features/0/ownership/animal", "there is an animal 2000000000 but no animal 2")),
    ],
)
def test_animals_are_numbered_without_gaps(numbers: list[int], problem: tuple[str, str]) -> None:
    """The animals' numbers are 1 to N in any order; the unknown one does not count."""

    def rig(numbers: list[int]) -> dict[str, Any]:
        owners = [{"ownership": "self", "animal": number} for number in numbers]
        features = [{**RIG["features"][1], "name": f"lick{i}", "ownership": owner} for i, owner in enumerate(owners)]
        return {**RIG, "features": features}

    assert problems(rig(numbers)) == [Problem("animals_with_gaps", *problem, "Number the animals 1, 2, 3 without gaps")]
    assert parse(rig([2, UNKNOWN, 1, 2, 3])).animals == 3
    assert parse(rig([UNKNOWN])).animals == 0


@pytest.mark.parametrize("number", [0, -2])
def test_no_animal_has_a_number_below_one(number: int) -> None:
    """Animals are numbered from 1, and -1 means that only tracking will tell."""
    remedy = "Number the animals from 1, or write -1 if only tracking will tell"
    assert problems(changed(ownership={"ownership": "self", "animal": number})) == [
        Problem("animal_unnumbered", "/features/1/ownership/animal", f"{number} is no animal's number", remedy)
    ]
    assert parse(changed(ownership={"ownership": "self", "animal": 2.0})) == parse(RIG)


def test_everything_is_found_at_once() -> None:
    """What the schema finds and what only rules find is reported together, however broken the rest is."""
    document = {
        "specification": "antelop-manifest",
        "version": 1,
        "features": [
            "led",
            {"name": "lick", "source": {"source_type": "stimulus"}, "ownership": {"ownership": "self", "animal": "1"}},
            {"name": "lick", "source": "deeplabcut", "ownership": "world", "data_type": "kinematics", "description": ""},
        ],
        "videos": {"name": "top"},
    }
    assert [(problem.check, problem.where, problem.what) for problem in problems(document)] == [
        ("rig_format", "", '"reference_point" is missing'),
        ("rig_format", "/specification", '"antelop-manifest" is not "antelop-behaviour"'),
        ("rig_format", "/version", "1 is not text"),
        ("rig_format", "/features/0", '"led" is not an object'),
        ("rig_format", "/features/1", '"data_type" is missing'),
        ("rig_format", "/features/1", '"description" is missing'),
        ("rig_format", "/features/1/ownership/animal", '"1" is not a whole number'),
        ("rig_format", "/features/2/source", '"deeplabcut" is not an object'),
        ("rig_format", "/features/2/ownership", '"world" is not an object'),
        ("rig_format", "/videos", '{"name": "top"} is not a list'),
        ("name_repeated", "/features/2/name", '"lick" is already the name of /features/1'),
        ("stimulus_of_an_animal", "/features/1/ownership/ownership", "a stimulus belongs to the world, not to an animal"),
    ]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from([*RIG, *RIG["features"][0], *RIG["features"][2]["source"], "animal"]), inner, max_size=6
            )
        ),
        max_leaves=20,
    )
)
def test_whatever_the_document_is_it_is_rejected_and_nothing_breaks(document: object) -> None:
    """No document made of JSON's values raises anything but Rejected."""
    assert problems(document)


def test_a_rig_does_not_differ_from_itself() -> None:
    """Equal documents have no differences, whatever the order of an object's members."""
    assert differences(RIG, dict(reversed(copy.deepcopy(RIG).items()))) == []


def test_differences_are_said_by_pointer() -> None:
    """Features are compared by name: what changed in them, what is new, what is gone, and that their order changed."""
    new = copy.deepcopy(RIG)
    led, lick, head, _tail, trials = new["features"]
    led["coordinates"][1] = 3
    lick["ownership"] = {"ownership": "world"}
    new["features"] = [{"name": "tone"}, lick, led, head, trials]
    new["videos"] = []
    new["note"] = "a/b"
    del new["version"]
    assert differences(RIG, new) == [
        '/version: "1.0" is gone',
        '/features/3: "tail" is gone',
        '/features/0: "tone" is new',
        "/features/1/ownership/animal: 2 is gone",
        '/features/1/ownership/ownership: "self" became "world"',
        "/features/2/coordinates: [1, 2.5, 0] became [1, 3, 0]",
        '/features: the order became "lick", "led", "head", "trials"',
        '/videos/0: "top" is gone',
        '/note: "a/b" is new',
    ]


@given(
    *[
        st.recursive(
            st.none() | st.integers(0, 2),
            lambda inner: (
                st.lists(inner | st.fixed_dictionaries({"name": st.sampled_from("abc")}, optional={"x": inner}))
                | st.dictionaries(st.sampled_from("ab/"), inner)
            ),
            max_leaves=6,
        )
    ]
    * 2
)
def test_there_are_differences_exactly_if_the_documents_differ(old: object, new: object) -> None:
    """Whatever the documents are, no difference means equal and equal means no difference."""
    assert (differences(old, new) == []) == (old == new)
