"""What a manifest names is found in the database, or it is said what is there instead."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from antelop.errors import Problem, Rejected
from antelop.formats.manifest import Manifest
from antelop.lab import Lab
from antelop.lab.resolve import Policy, free_session_id, new_session, refusal, resolve
from antelop.lab.rigs import upload_rig_json
from tests.labs import ANIMALS, EXPERIMENT, MASKS, OWNER, SESSION
from tests.recordings import LICKING_RIG

MANIFEST = Manifest(session=SESSION, animals=tuple(ANIMALS))
NAMED = {"experimenter": "lab", "experiment_name": "licking", "session_name": "day 42"}


def refused(lab: Lab, policy: Policy = Policy(), **changes: Any) -> list[Problem]:  # noqa: B008  # it is frozen
    """Return why a manifest is refused."""
    with pytest.raises(Rejected) as rejected:
        resolve(lab.database, replace(MANIFEST, **changes), policy)
    return list(rejected.value.problems)


def test_keys_lead_to_rows(lab: Lab) -> None:
    """Session, animals, rig and masks are found by their ids; without a rig, the only one is meant."""
    resolved = resolve(lab.database, MANIFEST, Policy())
    assert resolved.experiment == EXPERIMENT
    assert resolved.session == (lab.database.Session & SESSION).fetch1()
    assert [animal and animal["animal_name"] for animal in resolved.animals] == ["m17", "m18"]
    assert resolved.known_animals == {17: "m17", 18: "m18"}
    assert (resolved.rig["behaviourrig_id"], resolved.rig["behaviourrig_name"]) == (1, "licking rig")
    assert [feature.name for feature in resolved.layout.features] == [each["name"] for each in LICKING_RIG["features"]]
    assert [mask["mask_name"] for mask in resolved.masks] == ["trials"]


@pytest.mark.parametrize("rig", [1, "licking rig"])
def test_names_lead_to_the_same_rows(lab: Lab, rig: str | int) -> None:
    """Experiment, session, animals and rig may be given by name, and animals in any order."""
    animals = ({**EXPERIMENT, "animal_name": "m18"}, {**EXPERIMENT, "animal_id": 17})
    resolved = resolve(lab.database, Manifest(session=NAMED, animals=animals, rig=rig), Policy())
    assert resolved.session is not None
    assert resolved.session["session_id"] == 42
    assert [animal and animal["animal_id"] for animal in resolved.animals] == [18, 17]


def test_a_number_is_an_id_and_text_is_a_name(lab: Lab) -> None:
    """A session that is named like another's number is not taken for it."""
    lab.database.Session.insert1({**EXPERIMENT, "session_id": 45, "session_name": "41"})
    by_id = resolve(lab.database, MANIFEST, Policy())
    by_name = resolve(lab.database, replace(MANIFEST, session={**EXPERIMENT, "session_name": "41"}), Policy())
    assert [resolved.session and resolved.session["session_id"] for resolved in (by_id, by_name)] == [41, 45]


@pytest.mark.parametrize("name", ["a'b", 'a"b', "100%", "%s %(x)s", "{x}", "a`b", "ä 🐭", "NULL", "a;--b"])
def test_names_are_taken_to_the_letter(lab: Lab, name: str) -> None:
    """Whatever people call a session, it is found by it."""
    lab.database.Session.insert1({**EXPERIMENT, "session_id": 45, "session_name": name})
    session = resolve(lab.database, replace(MANIFEST, session={**EXPERIMENT, "session_name": name}), Policy()).session
    assert session is not None
    assert (session["session_id"], session["session_name"]) == (45, name)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"session": {**SESSION, "experimenter": "lba"}},
            (
                "experimenter_unknown",
                "/session/experimenter",
                'experimenter "lba" is not in the database',
                'Perhaps you mean "lab"',
            ),
        ),
        (
            {"session": {**SESSION, "experiment_id": 7}},
            (
                "experiment_unknown",
                "/session/experiment_id",
                "experiment 7 is not in the database",
                'Name one of these: 1 ("licking")',
            ),
        ),
        (
            {"session": {**NAMED, "experiment_name": "liking"}},
            (
                "experiment_unknown",
                "/session/experiment_name",
                'experiment "liking" is not in the database',
                'Perhaps you mean 1 ("licking")',
            ),
        ),
        (
            {"rig": 7},
            ("rig_unknown", "/rig", "rig 7 is not in the database", 'Name one of these: 1 ("licking rig")'),
        ),
        (
            {"rig": "Liking rig"},
            ("rig_unknown", "/rig", 'rig "Liking rig" is not in the database', 'Perhaps you mean 1 ("licking rig")'),
        ),
    ],
)
def test_what_is_not_there_is_said_with_what_is(lab: Lab, changes: dict[str, Any], problem: tuple[str, ...]) -> None:
    """Each name that leads nowhere is one problem, with the one that was probably meant or those that there are."""
    assert refused(lab, **changes) == [Problem(*problem)]


def test_all_that_is_not_there_is_said_at_once(lab: Lab) -> None:
    """A wrong experiment does not hide a wrong rig."""
    found = refused(lab, session={**SESSION, "experiment_id": 7}, rig=7)
    assert [problem.check for problem in found] == ["experiment_unknown", "rig_unknown"]


def test_an_experimenter_without_a_rig_is_told_so(lab: Lab) -> None:
    """There is none to name, so one has to be uploaded."""
    lab.database.Experimenter.insert1({"experimenter": "ada", "full_name": "Ada"})
    lab.database.Experiment.insert1({"experimenter": "ada", "experiment_id": 1, "experiment_name": "first"})
    assert refused(lab, session={**SESSION, "experimenter": "ada"}) == [
        Problem("rig_unknown", "/rig", "ada has no rig", "Upload one first")
    ]


def test_of_several_rigs_one_has_to_be_named(lab: Lab) -> None:
    """Nobody guesses which one recorded the session."""
    upload_rig_json(lab, "lab", "second rig", LICKING_RIG, MASKS)
    remedy = 'Name one of these: 1 ("licking rig"), 2 ("second rig")'
    assert refused(lab) == [Problem("rig_ambiguous", "/rig", "lab has several rigs, and none is named", remedy)]
    assert resolve(lab.database, replace(MANIFEST, rig=2), Policy()).rig["behaviourrig_name"] == "second rig"


def test_absent_sessions_and_animals_are_for_the_checks_to_say(lab: Lab) -> None:
    """They are None; the names of those that there are go along, for the remedy. Without a session there are all of them."""
    animals = ({**EXPERIMENT, "animal_id": 99}, {**EXPERIMENT, "experiment_id": 2, "animal_id": 17}, {"animal_name": "m71"})
    resolved = resolve(lab.database, replace(MANIFEST, session={**SESSION, "session_id": 7}, animals=animals), Policy())
    assert resolved.session is None
    assert resolved.sessions == {41: "day 41", 42: "day 42", 43: "day 43", 44: "day 44"}
    assert resolved.animals == (None, None, None)


@pytest.mark.parametrize(
    ("session", "create_sessions", "exists"),
    [
        (SESSION, False, True),
        ({**SESSION, "session_id": 7}, False, False),
        ({**SESSION, "session_id": 7}, True, False),
        ({**NAMED, "session_name": "day 7"}, False, False),
        ({**NAMED, "session_name": "day 7"}, True, True),
    ],
)
def test_a_session_is_made_if_it_is_named_and_the_folder_allows_it(
    lab: Lab,
    session: dict[str, Any],
    *,
    create_sessions: bool,
    exists: bool,
) -> None:
    """An id that is not there is a mistake everywhere; a name is one only where sessions are not made."""
    manifest, policy = replace(MANIFEST, session=session), Policy(create_sessions=create_sessions)
    facts = resolve(lab.database, manifest, policy).facts(manifest, policy)
    assert (facts.session_exists, facts.session_timestamp) == (exists, None)


def test_a_new_session_has_the_next_id_and_the_files_date(lab: Lab) -> None:
    """Its date is that of the clock by which the file was written, and its notes are the manifest's."""
    manifest = replace(MANIFEST, session={**NAMED, "session_name": "day 7"}, note="calm")
    resolved = resolve(lab.database, manifest, Policy(create_sessions=True))
    with free_session_id(lab.database, resolved.experiment) as number:
        session = new_session(resolved, number, manifest, datetime(2026, 11, 22, 9, 30, tzinfo=UTC))
    lab.database.Session.insert1(session)
    assert (lab.database.Session & {"session_id": 45}).fetch1() == {
        **EXPERIMENT,
        "session_id": 45,
        "session_name": "day 7",
        "session_timestamp": datetime(2026, 11, 22, 9, 30),  # noqa: DTZ001  # as its own clock showed it
        "session_duration": None,
        "session_notes": "calm",
    }


def test_a_folder_takes_recordings_of_its_experimenters(lab: Lab) -> None:
    """Whoever delivers there for somebody else is told for whom they may."""
    assert refused(lab, Policy(frozenset({"ada", "eve"}))) == [
        Problem(
            "not_permitted",
            "/session/experimenter",
            'this folder accepts no deliveries for "lab"',
            "Deliver here for ada, eve, or have the folder's `experimenters` changed",
        )
    ]
    assert resolve(lab.database, MANIFEST, Policy(frozenset({"lab"}))).session


@pytest.mark.parametrize("policy", [Policy(), Policy(frozenset({"lab"}))])
def test_a_user_writes_for_nobody_else(lab: Lab, visitor: Callable[..., Lab], policy: Policy) -> None:
    """A database user who is not that experimenter, no admin and not the daemon is refused, whatever a folder allows."""
    ada = visitor("ada")
    problem = Problem(
        "not_permitted",
        "/session/experimenter",
        'database user "ada" may not write for "lab"',
        "Connect as lab, or have an admin do it",
    )
    assert refused(ada, policy) == [problem]
    assert refusal(ada.database, "lab", "/session/experimenter") == [problem]
    assert refusal(ada.database, "ada", "/session/experimenter") == []
    lab.database.Experimenter.insert1({"experimenter": "ada", "full_name": "Ada", "admin": "True"})
    assert resolve(ada.database, MANIFEST, policy).session


def test_a_rig_that_somebody_stored_by_other_means_is_checked(lab: Lab) -> None:
    """What is no rig is not taken for one, although it is in the database."""
    lab.database.BehaviourRig.update1({**OWNER, "behaviourrig_id": 1, "rig_json": {"features": []}})
    assert {problem.check for problem in refused(lab)} == {"rig_format"}
