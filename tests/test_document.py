"""Strict JSON, JSON pointers, and how values are shown."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antelop.errors import Problem, Rejected
from antelop.formats.document import NESTING, items, load, member, place, pointer
from antelop.wording import nearest, quoted

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("a\u00e9~/ \n"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab~/"), inner, max_size=3),
    max_leaves=8,
)


def problems(text: bytes) -> list[Problem]:
    """Return what is wrong with a JSON text."""
    with pytest.raises(Rejected) as caught:
        load(text)
    return list(caught.value.problems)


@given(st.dictionaries(st.text("ab~/"), VALUES))
def test_what_json_wrote_is_read_back(document: dict[str, Any]) -> None:
    """Whatever Python writes as strict JSON is read as the same values."""
    assert load(json.dumps(document, allow_nan=False).encode()) == document


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    """Windows editors put a byte order mark before UTF-8; it is accepted."""
    assert load(b'\xef\xbb\xbf{"name": "S\xc3\xb8ren"}') == {"name": "Søren"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b'{"a": "\xe9"}', Problem("json", "byte 7", "the byte 0xe9 is not UTF-8", "Save the file as UTF-8")),
        (
            b'{"a": 1\n "b": 2}',
            Problem(
                "json",
                "line 2, column 2",
                'this is not JSON: expecting \',\' delimiter at "\\"b\\": 2}"',
                "Correct the text there",
            ),
        ),
        (
            b'{"a": 1',
            Problem(
                "json",
                "line 1, column 8",
                "this is not JSON: expecting ',' delimiter at the end of the text",
                "Correct the text there",
            ),
        ),
        (
            b" \n",
            Problem(
                "json",
                "line 2, column 1",
                "this is not JSON: expecting value at the end of the text",
                "Write the file again, there is nothing in it",
            ),
        ),
        (b"[1]", Problem("json", "", "the text holds [1] and no object", 'Write an object: {"member": value, …}')),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(text: bytes, problem: Problem) -> None:
    """A text that is not UTF-8, not JSON or no object is one problem, which says where."""
    assert problems(text) == [problem]


def test_everything_that_no_database_keeps_is_found_at_once() -> None:
    """Repeated members, numbers that are not finite and text that cannot be stored are all reported, in order, by pointer."""
    text = rb'{"a": 1, "b": [{"c/d": NaN, "e~": 1e999}, {"f": "\u0000"}], "a": 2, "g": {"\ud800": -Infinity, "h": 1, "h": {}}}'
    finite = "Write a finite number, or leave it out"
    characters = "Leave out U+0000 and unpaired surrogates"
    assert problems(text) == [
        Problem("json", "", 'the member "a" is there more than once', "Leave one of them"),
        Problem("json", "/b/0/c~1d", "NaN is not a finite number", finite),
        Problem("json", "/b/0/e~0", "1e999 is not a finite number", finite),
        Problem("json", "/b/1/f", '"\\u0000" has a character that cannot be stored', characters),
        Problem("json", "/g", '"\\ud800" has a character that cannot be stored', characters),
        Problem("json", "/g", 'the member "h" is there more than once', "Leave one of them"),
        Problem("json", "/g/\\ud800", "-Infinity is not a finite number", finite),
    ]
    assert load(rb'{"b": [{"c/d": 1e308, "e~": 2}, {"f": "\u0001"}], "a": 2, "g": {"\ud83d\ude00": -1, "h": {}}}')


def test_a_number_of_very_many_digits_is_refused_quickly() -> None:
    """An integer that Python would refuse to convert is a problem that quotes its beginning; a large one that it can is not."""
    [problem] = problems(b'{"size": %s}' % (b"9" * 1_000_000))
    assert problem.where == "/size"
    assert problem.what == f"{'9' * 58} is not a finite number"
    assert load(b'{"size": %d}' % 10**300) == {"size": 10**300}


@pytest.mark.parametrize("depth", [NESTING, 100_000])
def test_nesting_too_deep_is_a_problem_and_no_crash(depth: int) -> None:
    """Lists nested deeper than the limit, or than Python's own, are one problem; at the limit they are read."""
    [problem] = problems(b'{"a": ' + b"[" * depth + b"]" * depth + b"}")
    assert (problem.what, problem.remedy) == ("lists and objects are nested more than 32 deep", "Write it flatter")
    assert load(b'{"a": ' + b"[" * (NESTING - 1) + b"]" * (NESTING - 1) + b"}")


def test_of_very_many_problems_the_first_hundred_are_said() -> None:
    """And one that says that there are more; of exactly a hundred, all are."""
    more = Problem("problems_more", "", "there are more problems than these 100", "Correct these first")
    assert problems(b'{"a": [%s]}' % b", ".join([b"NaN"] * 50_000))[99:] == [
        Problem("json", "/a/99", "NaN is not a finite number", "Write a finite number, or leave it out"),
        more,
    ]
    assert len(problems(b'{"a": [%s]}' % b", ".join([b"NaN"] * 100))) == 100


def test_a_place_is_shown_on_one_line_and_not_too_long() -> None:
    """Names of any length and of any characters lead to it."""
    [problem] = problems(b'{"%s": [1, NaN]}' % (b"name" * 1000))
    assert problem.where == f"/{('name' * 1000)[:498]}…"
    assert place(["a\x1b[31m", 1]) == "/a\\u001b[31m/1"


@given(VALUES)
def test_a_pointer_leads_to_its_value(document: object) -> None:
    """Following a pointer's unescaped steps (RFC 6901, section 4) leads back to the value it was made for."""
    pending: list[tuple[tuple[str | int, ...], object]] = [((), document)]
    while pending:
        path, value = pending.pop()
        found: Any = document
        for step in pointer(path).split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            found = found[int(name)] if isinstance(found, list) else found[name]
        assert found is value
        steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        pending += [((*path, step), inner) for step, inner in steps]


def test_pointers_as_the_standard_gives_them() -> None:
    """The examples of RFC 6901, section 5."""
    paths: list[list[str | int]] = [[], ["foo", 0], [""], ["a/b"], ["m~n"], [" "]]
    assert [pointer(path) for path in paths] == ["", "/foo/0", "/", "/a~1b", "/m~0n", "/ "]


def test_values_are_shown_on_one_short_line() -> None:
    """What does not print is escaped, what is long is cut, and the rest is shown as JSON has it."""
    assert quoted("Søren") == '"Søren"'
    assert quoted([1, None, True]) == "[1, null, true]"
    assert quoted("a\nb\x1b[31m\u202e") == '"a\\nb\\u001b[31m\\u202e"'
    assert quoted("x" * 100) == '"' + "x" * 58 + "…"


def test_the_nearest_name_is_the_one_that_was_meant() -> None:
    """Slips and another case are recognised; what is like nothing is not."""
    assert nearest("LIK_left", ["lick_right", "Lick_left"]) == "Lick_left"
    assert nearest("force", ["lick_right", "Lick_left"]) is None


def test_documents_are_looked_into_whatever_they_are() -> None:
    """A member of what is no object is None, and what is no list has no items."""
    assert member({"a": {"b": 1}}, "a", "b") == 1
    assert member({"a": [1]}, "a", "b") is None
    assert list(items({"a": [1, {}]}, "a")) == [("/a/0", 1), ("/a/1", {})]
    assert list(items({"a": "text"}, "a")) == []
