"""What the packaged schemas say about documents."""

import json
from collections.abc import Iterator
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from antelop.formats.schema import _WRONG, Schema

NAMES = ["rig.schema.json", "manifest.schema.json"]

STRUCTURE = {"$schema", "$ref", "title", "description", "properties", "items", "definitions", "required", "oneOf", "allOf"}
STRUCTURE.add("additionalProperties")

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["features", "name", "source", "session", "animals", "animal_id", "nwb", "x"]), inner)
    ),
    max_leaves=12,
)


def packaged(name: str) -> Any:
    """Return a schema of the package."""
    return json.loads(resources.files("antelop.formats").joinpath(name).read_bytes())


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield a schema and the schemas of its members and items."""
    yield schema
    for inner in [*schema.get("properties", {}).values(), *schema.get("definitions", {}).values()]:
        yield from parts(inner)
    if "items" in schema:
        yield from parts(schema["items"])


@pytest.mark.parametrize("name", NAMES)
def test_the_schema_is_one_and_describes_its_every_part(name: str) -> None:
    """It is a draft-07 schema of keywords that have a sentence, and each part has the description that completes a remedy."""
    schema = packaged(name)
    Draft7Validator.check_schema(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    for part in parts(schema):
        assert set(part) <= {*_WRONG, *STRUCTURE}
        assert part["description"]
        assert ("additionalProperties" in part) == ("properties" in part)


@pytest.mark.parametrize("name", NAMES)
@given(document=ANYTHING)
def test_it_finds_a_problem_wherever_the_plain_library_does(name: str, document: object) -> None:
    """What the plain library refuses has a problem; what it does not refuse has none, misspelt members excepted."""
    found = Schema(name, "format").problems(document)
    refused = not Draft7Validator(packaged(name)).is_valid(document)
    assert not refused or found
    assert refused or all(problem.remedy.startswith("Rename") for problem in found)
