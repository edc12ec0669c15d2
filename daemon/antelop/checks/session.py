"""Check that a delivery's session and animals are in the database, and agree with the recording."""

from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import NamedTuple

from antelop.checks.check import Finding, Look, check
from antelop.checks.examined import Examined
from antelop.checks.facts import Facts
from antelop.formats.manifest import Key
from antelop.formats.rig_rules import UNKNOWN
from antelop.recording.recording import Recording
from antelop.wording import nearest, quoted

LISTED = 5
"""Largest number of existing sessions or animals that a remedy names."""

SUBJECT = "general/subject/subject_id"


def with_facts(look: Callable[[Examined, Facts], Iterator[Finding]]) -> Look:
    """Turn a generator that needs facts of the database into one that yields nothing without them."""

    @wraps(look)
    def looks(examined: Examined) -> Iterator[Finding]:
        if examined.facts:
            yield from look(examined, examined.facts)

    return looks


@check
@with_facts
def session_unknown(_: Examined, facts: Facts) -> Iterator[Finding]:
    """Expect the session to be in the database."""
    if not facts.session_exists:
        member, asked = _asked(facts.session, "session")
        what = f"session {quoted(asked)} is not in the database"
        yield Finding(f"/session/{member}", what, _add_or_name(asked, facts.sessions, facts))


@check
@with_facts
def animals_count(examined: Examined, facts: Facts) -> Iterator[Finding]:
    """Expect one animal for each animal number of the rig, or at least one if the rig leaves open whose its features are."""
    # Features of an unknown animal are assigned later, by tracking, so the rig does not fix the number of animals.
    given, wanted = len(facts.animals), examined.rig.animals
    open_ended = not wanted and any(feature.animal == UNKNOWN for feature in examined.rig.features)
    if not given if open_ended else given != wanted:
        has = "at least 1 animal" if open_ended else f"{wanted} animal{'s' * (wanted != 1)}"
        what = f"the rig has {has}, and the delivery names {given}"
        yield Finding("/animals", what, "Name the animals in the order of the rig's animal numbers")


@check
@with_facts
def animal_unknown(_: Examined, facts: Facts) -> Iterator[Finding]:
    """Expect the animals to be in the database."""
    for animal in _animals(facts):
        if animal.animal_id is None and not animal.elsewhere:
            what = f"animal {quoted(animal.asked)} is not in experiment {facts.experiment['experiment_id']}"
            yield Finding(animal.where, what, _add_or_name(animal.asked, facts.experiment_animals, facts))


@check
@with_facts
def animal_elsewhere(_: Examined, facts: Facts) -> Iterator[Finding]:
    """Expect the animals to belong to the session's experiment."""
    for animal in _animals(facts):
        if animal.elsewhere:
            what = f"animal {quoted(animal.asked)} is of another experiment than the session: {animal.elsewhere}"
            yield Finding(animal.where, what, "Name an animal of the session's experiment")


@check
@with_facts
def animal_repeated(_: Examined, facts: Facts) -> Iterator[Finding]:
    """Expect each animal to be named once."""
    seen: dict[int, str] = {}
    for animal in _animals(facts):
        if animal.animal_id is not None and seen.setdefault(animal.animal_id, animal.where) != animal.where:
            what = f"animal {quoted(animal.asked)} is the same as {seen[animal.animal_id]}"
            yield Finding(animal.where, what, "Name each animal once")


@check
@with_facts
def subject_other(examined: Examined, facts: Facts) -> Iterator[Finding]:
    """Expect the file's subject, if it is an animal of the experiment, to be one that the delivery names."""
    subjects = _subjects(examined.recording, facts)
    if facts.animals and subjects and not subjects.keys() & {animal.animal_id for animal in _animals(facts)}:
        named = " or ".join(f"{animal_id} ({quoted(name)})" for animal_id, name in subjects.items())
        what = f"the file's subject {quoted(examined.recording.subject_id)} is animal {named}, which the delivery does not name"
        yield Finding(SUBJECT, what, "Name the animal that was recorded, or correct the file's subject")


@check
@with_facts
def subject_unknown(examined: Examined, facts: Facts) -> Iterator[Finding]:
    """Expect the file's subject to be one of the experiment's animals, by name or id."""
    if facts.animals and examined.recording.subject_id and not _subjects(examined.recording, facts):
        what = f"the file's subject {quoted(examined.recording.subject_id)} is none of the experiment's animals"
        yield Finding(SUBJECT, what, "Check that the file is of this session")


class _Animal(NamedTuple):
    """An animal as the manifest names it; its id if the experiment has it; where its key differs from the experiment."""

    where: str
    asked: str | int
    animal_id: int | None
    elsewhere: str


def _animals(facts: Facts) -> Iterator[_Animal]:
    """Yield the animals of a manifest, each looked up in the session's experiment."""
    ids = {name: animal_id for animal_id, name in facts.experiment_animals.items()}
    for index, animal in enumerate(facts.animals):
        member, asked = _asked(animal, "animal")
        differs = [
            f"{name} {quoted(animal[name])}" for name, value in facts.experiment.items() if animal.get(name, value) != value
        ]
        animal_id = ids.get(asked) if isinstance(asked, str) else asked if asked in facts.experiment_animals else None
        yield _Animal(f"/animals/{index}/{member}", asked, None if differs else animal_id, ", ".join(differs))


def _subjects(recording: Recording, facts: Facts) -> dict[int, str]:
    """Return the animals of the experiment whose name is the file's subject_id; if there are none, those with that id."""
    subject = (recording.subject_id or "").strip().casefold()
    by_name = {animal_id: name for animal_id, name in facts.experiment_animals.items() if name.casefold() == subject}
    return by_name or {animal_id: name for animal_id, name in facts.experiment_animals.items() if str(animal_id) == subject}


def _asked(key: Key, kind: str) -> tuple[str, str | int]:
    """Return the member, id or name, by which a manifest names a session or animal, and its value."""
    member = f"{kind}_id" if f"{kind}_id" in key else f"{kind}_name"
    return member, key[member]


def _add_or_name(asked: str | int, known: Mapping[int, str], facts: Facts) -> str:
    """Return the remedy for an unknown session or animal: add it, or name one that exists, the nearest first."""
    experiment = facts.experiment["experiment_id"]
    if not known:
        return f"Add it: experiment {experiment} has none yet"
    # A mistyped name is close in spelling, a mistyped id is close in number.
    if isinstance(asked, str):
        near = nearest(asked, known.values())
        likely = [quoted(name) for name in ([near] if near else sorted(known.values())[:LISTED])]
    else:
        likely = [str(number) for number in sorted(sorted(known, key=lambda number: abs(number - asked))[:LISTED])]
    return f"Add it, or name one that experiment {experiment} has: {', '.join(likely)}"
