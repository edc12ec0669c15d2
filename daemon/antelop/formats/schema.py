"""Checks documents by a JSON Schema, and reports each problem in a sentence for people."""

import json
from collections.abc import Callable, Iterator
from importlib import resources
from itertools import islice
from typing import Any

from jsonschema import Draft7Validator, ValidationError, validators

from antelop.errors import MOST, Problem
from antelop.formats.document import place
from antelop.wording import nearest, quoted

_LOOKED_AT = 10 * MOST
"""How many unknown members of an object are compared with known names: each comparison takes time."""

Sentence = tuple[tuple[str, ...], str, str]
"""The path from the examined value to the wrong one, what is wrong with it, and the remedy."""

_NOUNS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "an object",
    "string": "text",
}

_WRONG: dict[str, Callable[[Any, Any], str]] = {
    "type": lambda _, types: f"is not {' or '.join(_NOUNS[name] for name in ([types] if isinstance(types, str) else types))}",
    "const": lambda _, constant: f"is not {quoted(constant)}",
    "enum": lambda _, choices: f"is not one of {', '.join(map(quoted, choices))}",
    "minItems": lambda value, _: f"has {len(value)} values",
    "maxItems": lambda value, _: f"has {len(value)} values",
    "minLength": lambda value, _: f"has {len(value)} characters",
    "maxLength": lambda value, _: f"has {len(value)} characters",
    "minimum": lambda _, least: f"is less than {least}",
    "maximum": lambda _, most: f"is more than {most}",
    "pattern": lambda *_: "does not have the right form",
    "not": lambda *_: "does not have the right form",
}
"""What is wrong with a value, by the keyword of JSON Schema that it violates. `_member_sentences` reports members of objects,
``required`` included."""


class Schema:
    """A JSON Schema (draft-07) of this package.

    Every part of the schema has a ``description`` that completes the remedy "Write …", and every object says whether
    ``additionalProperties`` are allowed. Where they are, a name that is nearly that of a missing member is still a problem.

    Parameters
    ----------
    name
        The schema's file in the package.
    check
        The check of its problems.
    """

    def __init__(self, name: str, check: str) -> None:
        self._validator = _Validator(json.loads(resources.files("antelop.formats").joinpath(name).read_bytes()))
        self._check = check

    def problems(self, document: object) -> list[Problem]:
        """Return every problem of a document, but at most one more than `MOST`, so that the caller sees that there are more."""
        found = (
            Problem(self._check, place((*error.absolute_path, *path)), what, remedy)
            for error in self._validator.iter_errors(document)
            for path, what, remedy in _sentences(error)
        )
        return list(islice(found, MOST + 1))


def _any_object(_validator: object, _allowed: object, value: object, _schema: object) -> Iterator[ValidationError]:
    """Replace the library's ``additionalProperties``: report every object, so that `_member_sentences` examines it."""
    if isinstance(value, dict):
        yield ValidationError("members")


_Validator = validators.extend(Draft7Validator, {"additionalProperties": _any_object})


def _sentences(error: ValidationError) -> Iterator[Sentence]:
    """Yield the problems, in sentences, that one finding of the library stands for."""
    value, wanted, schema = error.instance, error.validator_value, error.schema
    if error.validator == "additionalProperties":
        yield from _member_sentences(schema, value)
    # Our schemas use `oneOf` on objects only for "an id or a name": exactly one of the two members has to be there.
    elif error.validator == "oneOf" and isinstance(value, dict):
        names = [name for alternative in wanted for name in alternative["required"]]
        if any(name in value for name in names):
            yield (), f"{' and '.join(map(quoted, names))} are both there", "Leave one of them out"
        else:
            yield (), f"neither {' nor '.join(map(quoted, names))} is there", "Add one of them"
    elif error.validator in _WRONG:
        near = nearest(value, wanted) if error.validator == "enum" and isinstance(value, str) else None
        remedy = quoted(near) if near else schema["description"]
        yield (), f"{quoted(value)} {_WRONG[error.validator](value, wanted)}", f"Write {remedy}"


def _member_sentences(schema: dict[str, Any], value: dict[str, Any]) -> Iterator[Sentence]:
    """Yield a sentence for each member of an object that is missing, misspelt or unknown."""
    known, required = schema["properties"], schema.get("required", ())
    # A misspelt member and the missing one that it stands for are one mistake, with one remedy.
    misspelt = _misspelt(schema, value)
    renamed = {meant: name for name, meant in misspelt.items()}
    for name in required:
        if name not in value:
            add = f"Add {quoted(name)}: {known[name]['description']}"
            remedy = f"Rename {quoted(renamed[name])} to it" if name in renamed else add
            yield (), f"{quoted(name)} is missing", remedy
    for name in value:
        meant = misspelt.get(name)
        if name in known or meant in required:
            continue
        if meant:
            yield (name,), "there is no such member", f"Rename it to {quoted(meant)}"
        elif not schema["additionalProperties"]:
            yield (name,), "there is no such member", f"Leave it out; the members are {', '.join(map(quoted, known))}"


def _misspelt(schema: dict[str, Any], value: dict[str, Any]) -> dict[str, str]:
    """Return, by unknown member, the missing member that was probably meant.

    Where any member is allowed and no required one is missing, only an obvious typing error counts: labs may add members of
    their own, whose names may resemble ours.
    """
    missing = [name for name in schema["properties"] if name not in value]
    required = [name for name in missing if name in schema.get("required", ())]
    cutoff = 0.81 if schema["additionalProperties"] else 0.6
    unknown = islice((name for name in value if name not in schema["properties"]), _LOOKED_AT)
    return {name: meant for name in unknown if (meant := nearest(name, required) or nearest(name, missing, cutoff))}
