"""Metadata goes in whole and right, or not at all, with everything that is wrong."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest

from antelop.errors import Problem, Unavailable
from antelop.lab import Lab, metadata
from antelop.lab.metadata import enrol
from antelop.lab.naming import find, locate
from tests.labs import EXPERIMENT, OWNER
from tests.refusals import refused

LICKING = {**OWNER, "experiment_name": "licking"}
ADA = {"experimenter": "ada", "full_name": "Ada"}


def test_the_next_id(lab: Lab) -> None:
    """A row without an id gets the one after the highest of its siblings, and the call returns its primary key."""
    assert enrol(lab, "Experiment", {**OWNER, "experiment_name": "maze"}) == {**OWNER, "experiment_id": 2}
    keys = [enrol(lab, "Animal", {**LICKING, "animal_name": name}) for name in ("m19", "m20")]
    keys.append(enrol(lab, "Animal", {**OWNER, "experiment_id": 2, "animal_name": "m19"}))
    assert keys == [
        {**EXPERIMENT, "animal_id": 19},
        {**EXPERIMENT, "animal_id": 20},
        {**OWNER, "experiment_id": 2, "animal_id": 1},
    ]
    assert (lab.database.Animal & keys).keys(order_by="KEY") == keys


def test_an_id_that_an_ingest_takes_meanwhile(lab: Lab, others: Callable[[], Lab], monkeypatch: pytest.MonkeyPatch) -> None:
    """The row gets the next one, and its name is looked for again; who is always too late is told to try again."""
    ingesting, taken = others().database, metadata._taken

    def late(*asked: Any) -> Iterator[Problem]:
        yield from taken(*asked)
        if made:
            ingesting.Session.insert1({**EXPERIMENT, "session_name": str(made[0]), "session_id": made.pop(0)})

    monkeypatch.setattr(metadata, "_taken", late)
    made = [45, 46]
    assert enrol(lab, "Session", {**LICKING, "session_name": "by hand"}) == {**EXPERIMENT, "session_id": 47}
    made = [48]
    (problem,) = refused(lambda: enrol(lab, "Session", {**LICKING, "session_name": "48"}))
    assert (problem.check, problem.what) == ("metadata_taken", 'there is session "48" already')
    made = list(range(49, 60))
    with pytest.raises(Unavailable, match=r"^others add sessions at the same time: try again$"):
        enrol(lab, "Session", {**LICKING, "session_name": "by hand, too"})


def test_every_attribute_is_kept(lab: Lab) -> None:
    """What is given is what is there, and what is not given has its default."""
    session = {"session_id": -3, "session_name": "day 1", "session_duration": 60.5, "session_notes": "calm\nand fed, 100 %"}
    key = enrol(lab, "Session", {**LICKING, **session, "session_timestamp": "2026-11-22T09:30"})
    started = {"session_timestamp": datetime(2026, 11, 22, 9, 30)}  # noqa: DTZ001  # as its own clock showed it
    assert (lab.database.Session & key).fetch1() == {**EXPERIMENT, **session, **started}
    key = enrol(lab, "Animal", {**LICKING, "animal_name": "17", "sex": "F", "age": "P90D"})
    given = {**EXPERIMENT, "animal_id": 19, "animal_name": "17", "sex": "F", "age": "P90D"}
    rest = dict.fromkeys(("species", "age_reference", "genotype", "weight", "animal_notes"), "")
    assert (lab.database.Animal & key).fetch1() == given | rest


def test_times(lab: Lab) -> None:
    """A time is kept as the clock that it names showed it."""
    times = [
        "2026-11-22T09:30:15",
        "2026-11-22 09:30:15",
        "2026-11-22T09:30:15Z",
        "2026-11-22T09:30:15+05:30",
        datetime(2026, 11, 22, 9, 30, 15, tzinfo=timezone(timedelta(hours=-8))),
    ]
    for time in times:
        enrol(lab, "Session", {**LICKING, "session_name": str(time), "session_timestamp": time})
    kept = (lab.database.Session & "session_id > 44").to_dicts()
    assert [row["session_timestamp"].isoformat() for row in kept] == ["2026-11-22T09:30:15"] * len(times)


def test_nothing_is_changed(lab: Lab) -> None:
    """The caller's values stay as they are."""
    values = {**LICKING, "session_name": "day 1", "session_timestamp": "2026-11-22"}
    before = dict(values)
    enrol(lab, "Session", values)
    assert values == before


def test_every_problem_at_once(lab: Lab) -> None:
    """Whatever is wrong is said together, with what to do, and nothing goes in."""
    values = {
        **OWNER,
        "experiment_name": "liking",
        "animal_nam": "m17",
        "colour": "black",
        "sex": "female",
        "age": "three months and some days",
        "species": 3,
        "genotype": "wt\0",
        "animal_id": 2**31,
    }
    known = "age, age_reference, animal_id, animal_name, animal_notes, experiment_id, experiment_name, experimenter, genotype"
    assert refused(lambda: enrol(lab, "Animal", values)) == [
        Problem(
            "experiment_unknown", "experiment", 'experiment "liking" is not in the database', 'Perhaps you mean 1 ("licking")'
        ),
        Problem("metadata_missing", "animal_name", "it is missing", "Give animal_name"),
        Problem("metadata_unknown", '"animal_nam"', "there is no such attribute", "Rename it to animal_name"),
        Problem(
            "metadata_unknown",
            '"colour"',
            "there is no such attribute",
            f"Leave it out; there are {known}, sex, species, weight",
        ),
        Problem("metadata_value", "sex", '"female" is not one of M, F, U, O', "Write one of them"),
        Problem("metadata_value", "age", '"three months and some days" has 26 characters', "Write at most 20"),
        Problem("metadata_value", "species", "3 is not text", "Write text of at most 40 characters"),
        Problem(
            "metadata_value",
            "genotype",
            '"wt\\u0000" has a character that cannot be stored',
            "Leave out U+0000 and unpaired surrogates",
        ),
        Problem(
            "metadata_value",
            "animal_id",
            "2147483648 is not an id",
            "Write a whole number up to 2147483647, or leave it out for the next one",
        ),
    ]
    assert len(lab.database.Animal()) == 2


def test_values_that_do_not_fit(lab: Lab) -> None:
    """A value that its attribute cannot take is a problem of that attribute."""
    an_id = "Write a whole number up to 2147483647, or leave it out for the next one"
    unfit: list[tuple[str, object, str, str]] = [
        ("session_name", "", '"" is empty, or has control characters or backslashes', "Write it on one line without them"),
        (
            "session_name",
            "day\n1",
            r'"day\n1" is empty, or has control characters or backslashes',
            "Write it on one line without them",
        ),
        (
            "session_name",
            r"day\1",
            r'"day\\1" is empty, or has control characters or backslashes',
            "Write it on one line without them",
        ),
        ("session_name", None, "null is not text", "Write text of at most 100 characters"),
        ("session_id", True, "true is not an id", an_id),
        ("session_id", "7", '"7" is not an id', an_id),
        ("session_id", 7.5, "7.5 is not an id", an_id),
        ("session_duration", "long", '"long" is not a finite number', "Write a number"),
        ("session_duration", float("nan"), "NaN is not a finite number", "Write a number"),
        ("session_timestamp", "yesterday", '"yesterday" is not a time', "Write it as 2026-11-22T09:30:00"),
        ("session_timestamp", 20261122, "20261122 is not a time", "Write it as 2026-11-22T09:30:00"),
        ("session_notes", None, "null is not text", "Write text of at most 1000 characters"),
    ]
    for attribute, value, what, remedy in unfit:
        values = {**LICKING, "session_name": "day 1", attribute: value}
        assert refused(lambda: enrol(lab, "Session", values)) == [Problem("metadata_value", attribute, what, remedy)]  # noqa: B023  # called at once


def test_what_may_be_null(lab: Lab) -> None:
    """A time or duration that nobody knows is null."""
    key = enrol(lab, "Session", {**LICKING, "session_name": "day 1", "session_timestamp": None, "session_duration": None})
    assert (lab.database.Session & key).fetch1("session_timestamp", "session_duration") == (None, None)


def test_names_and_ids_are_taken_once(lab: Lab) -> None:
    """An id or name that a sibling has is refused; another experiment may have the same ones."""
    taken = {"session_id": 41, "session_name": "day 42"}
    remedy = "Give another, or go on with that one"
    assert refused(lambda: enrol(lab, "Session", {**LICKING, **taken})) == [
        Problem("metadata_taken", "session_id", "there is session 41 already", remedy),
        Problem("metadata_taken", "session_name", 'there is session "day 42" already', remedy),
    ]
    maze = enrol(lab, "Experiment", {**OWNER, "experiment_name": "maze"})
    assert enrol(lab, "Session", {**maze, **taken}) == {**maze, "session_id": 41}


def test_ids_run_out(lab: Lab) -> None:
    """After the highest id that there can be, there is no next one."""
    enrol(lab, "Experiment", {**OWNER, "experiment_name": "maze", "experiment_id": 2**15 - 1})
    assert refused(lambda: enrol(lab, "Experiment", {**OWNER, "experiment_name": "arena"})) == [
        Problem(
            "metadata_value",
            "experiment_id",
            "32768 is not an id",
            "Write a whole number up to 32767, or leave it out for the next one",
        )
    ]


def test_an_experimenter(lab: Lab) -> None:
    """An experimenter goes in by name, once."""
    assert enrol(lab, "Experimenter", {"experimenter": "Lab", "full_name": "Åda"}) == {"experimenter": "Lab"}
    assert refused(lambda: enrol(lab, "Experimenter", {"experimenter": "lab"})) == [
        Problem("metadata_missing", "full_name", "it is missing", "Give full_name"),
        Problem(
            "metadata_taken", "experimenter", 'there is experimenter "lab" already', "Give another, or go on with that one"
        ),
    ]


def test_parents(lab: Lab) -> None:
    """The experiment that a row belongs to is named by id or by name, once, and is there."""
    either = "experiment_id or experiment_name"
    there = 'Name one of these: 1 ("licking")'
    orphans: list[tuple[dict[str, Any], tuple[str, str, str, str]]] = [
        ({}, ("metadata_missing", "experimenter", "it is missing", "Give experimenter")),
        (OWNER, ("metadata_missing", either, "it is missing", f"Give {either}")),
        ({**LICKING, "experiment_id": 1}, ("metadata_missing", either, "both are given", f"Give {either}")),
        (
            {**OWNER, "experiment_id": [1]},
            ("experiment_unknown", "experiment", "experiment [1] is not in the database", there),
        ),
        (
            {**OWNER, "experiment_name": "1"},
            ("experiment_unknown", "experiment", 'experiment "1" is not in the database', there),
        ),
        (
            {"experimenter": "labs"},
            ("experimenter_unknown", "experimenter", 'experimenter "labs" is not in the database', 'Perhaps you mean "lab"'),
        ),
        (
            {"experimenter": "\udcff\0"},
            (
                "experimenter_unknown",
                "experimenter",
                r'experimenter "\udcff\u0000" is not in the database',
                'Name one of these: "lab"',
            ),
        ),
    ]
    for parent, problem in orphans:
        assert refused(lambda: enrol(lab, "Session", {**parent, "session_name": "day 1"})) == [Problem(*problem)]  # noqa: B023  # called at once
    named: list[dict[str, Any]] = [LICKING, EXPERIMENT, {**OWNER, "experiment_id": "licking"}]
    for number, parent in enumerate(named, 45):
        assert enrol(lab, "Session", {**parent, "session_name": f"day {number}"}) == {**EXPERIMENT, "session_id": number}


def test_who_may_write(lab: Lab, visitor: Callable[..., Lab]) -> None:
    """A user adds what is their own, and nothing of another experimenter's unless they are an admin."""
    enrol(lab, "Experimenter", ADA)
    ada = visitor("ada")
    not_hers = Problem(
        "not_permitted",
        "experimenter",
        'database user "ada" may not write for "lab"',
        "Connect as lab, or have an admin do it",
    )
    session = {**LICKING, "session_name": "day 1"}
    assert refused(lambda: enrol(ada, "Session", session)) == [not_hers]
    assert refused(lambda: enrol(ada, "Session", {**session, "experiment_name": "lick"})) == [
        not_hers,
        Problem(
            "experiment_unknown", "experiment", 'experiment "lick" is not in the database', 'Perhaps you mean 1 ("licking")'
        ),
    ]
    assert enrol(ada, "Experiment", {"experimenter": "ada", "experiment_name": "maze"})["experiment_id"] == 1
    lab.database.Experimenter.update1({"experimenter": "ada", "admin": "True"})
    assert enrol(ada, "Session", session) == {**EXPERIMENT, "session_id": 45}


def test_who_makes_an_admin(lab: Lab, visitor: Callable[..., Lab]) -> None:
    """Anyone makes the first admin, and only an admin another."""
    ada = visitor("ada")
    enrol(ada, "Experimenter", {"experimenter": "boss", "full_name": "Boss", "admin": "True"})
    admin = {**ADA, "admin": "True"}
    what = 'database user "ada" is not an admin, and only an admin makes another'
    assert refused(lambda: enrol(ada, "Experimenter", admin)) == [
        Problem("not_permitted", "admin", what, "Leave admin out, or have an admin do it")
    ]
    assert enrol(ada, "Experimenter", ADA) == {"experimenter": "ada"}
    lab.database.Experimenter.update1({"experimenter": "ada", "admin": "True"})
    enrol(ada, "Experimenter", {"experimenter": "eve", "full_name": "Eve", "admin": "True"})
    assert sorted((lab.database.Experimenter & {"admin": "True"}).to_arrays("experimenter")) == ["ada", "boss", "eve"]


def test_found_by_id_or_name(lab: Lab) -> None:
    """What is called by a number is the row of that id or of that name."""
    enrol(lab, "Session", {**LICKING, "session_name": "44"})
    enrol(lab, "Session", {**LICKING, "session_name": "20261122"})
    enrol(lab, "Session", {**LICKING, "session_name": "100% 'mad' {}"})
    found = [
        find(lab.database, "Session", EXPERIMENT, called)["session_id"]
        for called in ("day 42", 43, "43", "id=44", "name=44", "20261122", "100% 'mad' {}")
    ]
    assert found == [42, 43, 43, 44, 45, 46, 47]
    assert locate(lab.database, [("Experimenter", "lab"), ("BehaviourRig", "licking rig"), ("Feature", "led")]) == {
        **OWNER,
        "behaviourrig_id": 1,
        "feature_id": 1,
    }
    assert locate(lab.database, []) == {}


def test_no_number_hits_another_row(lab: Lab) -> None:
    """A number that is the id of one session and may be the name of another is refused, with what says which."""
    enrol(lab, "Session", {**LICKING, "session_name": "2", "session_id": 1})
    enrol(lab, "Session", {**LICKING, "session_name": "1", "session_id": 2})
    enrol(lab, "Session", {**LICKING, "session_name": "8", "session_id": 7})
    both = 'session 1 is called "2" and session 2 is called "1"'
    for called, listed, forms in (
        ("1", both, "id=1 or id=2"),
        ("2", both, "id=1 or id=2"),
        ("7", 'session 7 is called "8"', "id=7"),  # the session named 7 is not made yet
    ):
        what = f'"{called}" may be an id or a name: {listed}'
        expected = Problem("session_ambiguous", "session", what, f"Say which: {forms}")
        assert refused(partial(find, lab.database, "Session", EXPERIMENT, called)) == [expected]
    stated = {"id=1": 1, "name=1": 2, "id=7": 7, "name=8": 7, "8": 7, 1: 1}
    assert {called: find(lab.database, "Session", EXPERIMENT, called)["session_id"] for called in stated} == stated
    (problem,) = refused(lambda: find(lab.database, "Session", EXPERIMENT, "042"))
    assert problem.check == "session_unknown"


def test_not_found(lab: Lab) -> None:
    """Where there is no such row, the one that was probably meant is named, or those that there are."""
    database = lab.database

    def remedy(kind: str, parent: dict[str, Any], called: str) -> str:
        (problem,) = refused(lambda: find(database, kind, parent, called))
        noun = kind.lower()
        assert problem == Problem(f"{noun}_unknown", noun, f'{noun} "{called}" is not in the database', problem.remedy)
        return problem.remedy

    for name in ("7", "8"):
        enrol(lab, "Session", {**LICKING, "session_name": name})
    last = 'There are 6; the last ones are 42 ("day 42"), 43 ("day 43"), 44 ("day 44"), 45 ("7"), 46 ("8")'
    assert remedy("Session", EXPERIMENT, "Day 4 2") == 'Perhaps you mean 42 ("day 42")'
    assert remedy("Session", EXPERIMENT, "x") == last
    assert remedy("Session", EXPERIMENT, "99999999999") == last
    assert remedy("Session", {**OWNER, "experiment_id": 2}, "x") == "There is no session yet: add one first"
    assert remedy("Animal", EXPERIMENT, "x") == 'Name one of these: 17 ("m17"), 18 ("m18")'
