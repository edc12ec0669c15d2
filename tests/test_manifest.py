"""The manifest: what it becomes, what is wrong with it, and which files are one."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antelop.errors import Problem, Rejected
from antelop.formats.manifest import LONGEST, Manifest, is_manifest, parse, read, stem

SESSION: dict[str, str | int] = {"experimenter": "open_field_lab", "experiment_id": 3, "session_id": 41}

MANIFEST: dict[str, Any] = {
    "specification": "antelop-manifest",
    "version": "1.0",
    "session": SESSION,
    "animals": [{"animal_id": 17}, {"animal_name": "m18"}],
}


def problems(document: object) -> list[Problem]:
    """Return what is wrong with a manifest."""
    with pytest.raises(Rejected) as caught:
        parse(document)
    return list(caught.value.problems)


def test_a_manifest_is_read() -> None:
    """Animals inherit the session's experimenter and experiment; whole numbers are int, hashes are lower case."""
    full = {
        **MANIFEST,
        "nwb": "2026-11/22 m17.nwb",
        "rig": 2.0,
        "size": 123456,
        "sha256": "0123456789ABCDEF" * 4,
        "dlc_training": True,
        "note": "wet spout",
    }
    experiment: dict[str, str | int] = {"experimenter": "open_field_lab", "experiment_id": 3}
    assert parse(full) == Manifest(
        session=SESSION,
        animals=({**experiment, "animal_id": 17}, {**experiment, "animal_name": "m18"}),
        nwb="2026-11/22 m17.nwb",
        rig=2,
        size=123456,
        sha256="0123456789abcdef" * 4,
        dlc_training=True,
        note="wet spout",
    )
    assert type(parse(full).rig) is int


def test_names_take_the_place_of_keys() -> None:
    """Session and experiment may be given by name, the rig too; a rig without animals has an empty list of them."""
    session: dict[str, str | int] = {
        "experimenter": "open_field_lab",
        "experiment_name": "foraging",
        "session_name": "2026-11-22 m17",
    }
    manifest = parse({**MANIFEST, "session": session, "rig": "open-field-2", "animals": []})
    assert manifest == Manifest(session=session, animals=(), rig="open-field-2")


def test_animals_may_repeat_their_experiment() -> None:
    """What an animal says of its experiment must be what the session says."""
    same = {"experimenter": "open_field_lab", "experiment_id": 3, "animal_id": 17}
    remedy = "Leave it out: the animals are of the session's experiment"
    assert parse({**MANIFEST, "animals": [same]}) == parse({**MANIFEST, "animals": [{"animal_id": 17}]})
    assert problems({**MANIFEST, "animals": [{**same, "experiment_id": 4}, {"animal_id": 1, "experiment_name": "x"}]}) == [
        Problem("animal_experiment", "/animals/0/experiment_id", "the animal has experiment_id 4 and the session 3", remedy),
        Problem(
            "animal_experiment", "/animals/1/experiment_name", 'the animal has experiment_name "x" and the session none', remedy
        ),
    ]


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        (
            {"sizes": 3},
            Problem("manifest_format", "/sizes", "there is no such member", 'Rename it to "size"'),
        ),
        (
            {"operator": "Ada"},
            Problem(
                "manifest_format",
                "/operator",
                "there is no such member",
                'Leave it out; the members are "specification", "version", "nwb", "session", "rig", "animals", "size", '
                '"sha256", "dlc_training", "note"',
            ),
        ),
        (
            {"session": {**SESSION, "animal_id": 17}},
            Problem(
                "manifest_format",
                "/session/animal_id",
                "there is no such member",
                'Leave it out; the members are "experimenter", "experiment_id", "experiment_name", "session_id", '
                '"session_name"',
            ),
        ),
        (
            {"session": {"experimenter": "open_field_lab", "experiment_id": 3}},
            Problem("manifest_format", "/session", 'neither "session_id" nor "session_name" is there', "Add one of them"),
        ),
        (
            {"session": {**SESSION, "session_name": "monday"}},
            Problem("manifest_format", "/session", '"session_id" and "session_name" are both there', "Leave one of them out"),
        ),
        (
            {"session": {**SESSION, "session_id": "41"}},
            Problem(
                "manifest_format",
                "/session/session_id",
                '"41" is not a whole number',
                "Write a whole number from -2147483648 to 2147483647",
            ),
        ),
        (
            {"session": {**SESSION, "session_id": 2**31}},
            Problem(
                "manifest_format",
                "/session/session_id",
                "2147483648 is more than 2147483647",
                "Write a whole number from -2147483648 to 2147483647",
            ),
        ),
        (
            {"animals": [{}]},
            Problem("manifest_format", "/animals/0", 'neither "animal_id" nor "animal_name" is there', "Add one of them"),
        ),
        (
            {"animals": {"animal_id": 17}},
            Problem(
                "manifest_format",
                "/animals",
                '{"animal_id": 17} is not a list',
                "Write a list of at most 1000 animals, in the order of the rig's animal numbers; empty if the rig has none",
            ),
        ),
        (
            {"rig": ""},
            Problem("manifest_format", "/rig", '"" has 0 characters', "Write the rig's name, or its behaviourrig_id"),
        ),
        (
            {"rig": True},
            Problem(
                "manifest_format",
                "/rig",
                "true is not text or a whole number",
                "Write the rig's name, or its behaviourrig_id",
            ),
        ),
        (
            {"size": -1},
            Problem("manifest_format", "/size", "-1 is less than 0", "Write the NWB file's size in bytes"),
        ),
        (
            {"sha256": "123"},
            Problem(
                "manifest_format",
                "/sha256",
                '"123" does not have the right form',
                "Write the NWB file's SHA-256, 64 hexadecimal digits",
            ),
        ),
        (
            {"dlc_training": "yes"},
            Problem(
                "manifest_format",
                "/dlc_training",
                '"yes" is not true or false',
                "Write true if the session's videos are for training, else false",
            ),
        ),
    ],
)
def test_each_mistake_is_said_with_its_place_and_remedy(members: dict[str, Any], problem: Problem) -> None:
    """One mistake is one problem; without it the manifest is valid."""
    assert problems({**MANIFEST, **members}) == [problem]
    assert parse(MANIFEST)


NOWHERE = [
    "",
    ".",
    "..",
    "/etc/passwd",
    "../x.nwb",
    "a/../x.nwb",
    "a/..",
    "a//x.nwb",
    "a/",
    "./x.nwb",
    "a\\x.nwb",
    "x\n.nwb",
    "x.nwb\n",
]


@pytest.mark.parametrize("nwb", NOWHERE)
def test_the_file_is_inside_the_folder(nwb: str) -> None:
    """A path that is absolute, leads out of the folder, or could be read in two ways is refused."""
    [problem] = problems({**MANIFEST, "nwb": nwb})
    assert problem.where == "/nwb"
    assert problem.remedy == 'Write a file name, or a path inside the manifest\'s folder with "/" between its parts'


@pytest.mark.parametrize("nwb", ["x.nwb", ".x.nwb", "...nwb", "a/b/x..nwb", "Søren 1.nwb"])
def test_a_plain_name_or_a_path_below_is_a_file_of_the_folder(nwb: str) -> None:
    """Dots that are no parent folder, spaces and any letters are parts of names."""
    assert parse({**MANIFEST, "nwb": nwb}).nwb == nwb


def test_a_manifest_is_not_very_long() -> None:
    """One that is longer than any needs to be is rejected for that alone; one that is not is read."""
    text = json.dumps(MANIFEST).encode()
    assert read(text.ljust(LONGEST)) == parse(MANIFEST)
    with pytest.raises(Rejected) as caught:
        read(text.ljust(LONGEST + 1))
    what, remedy = "the manifest has more than 131072 bytes", "Write nothing into it that does not belong there"
    assert caught.value.problems == (Problem("manifest_long", "", what, remedy),)


def test_another_version_is_said_to_be_another_version() -> None:
    """A manifest of a version that is not known is not judged by the rules of this one."""
    assert problems({"specification": "antelop-manifest", "version": "2.0", "sessions": []}) == [
        Problem(
            "manifest_version",
            "/version",
            'version "2.0" of the manifest is not supported',
            'Write version "1.0", or install a newer antelop',
        )
    ]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*MANIFEST, *SESSION, "animal_id"]), inner),
        max_leaves=20,
    )
)
def test_whatever_the_document_is_it_is_rejected_and_nothing_breaks(document: object) -> None:
    """No document made of JSON's values raises anything but Rejected."""
    assert problems(document)


@pytest.mark.parametrize(
    ("name", "document", "expected"),
    [
        ("x.manifest.json", None, True),
        ("X.MANIFEST.JSON", {"specification": "mine"}, True),
        ("x.json", {"specification": "antelop-manifest"}, True),
        ("x.json", {"specification": "antelop-behaviour"}, False),
        ("x.json", ["antelop-manifest"], False),
        ("x.json", None, False),
        ("x.receipt.json", {"specification": "antelop-manifest"}, False),
    ],
)
def test_a_manifest_is_known_by_its_name_or_by_what_it_says(name: str, document: object, expected: bool) -> None:  # noqa: FBT001  # a parameter of the test
    """The name is enough, and so is the specification; a receipt never is one."""
    assert is_manifest(name, document) is expected


def test_files_of_one_recording_have_one_stem() -> None:
    """Manifest, NWB file and receipt are paired by what their names begin with."""
    names = ["m17.v2.nwb", "m17.v2.manifest.json", "m17.v2.json", "m17.v2.receipt.json", "m17.v2.NWB", "m17.v2"]
    assert {stem(name) for name in names} == {"m17.v2"}
    assert stem("m17.v2.mp4") == "m17.v2.mp4"
