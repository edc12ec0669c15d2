"""Check that a delivery's session and animals are in the database, and agree with the recording."""

from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import NamedTuple

from antelop.checks.check import Finding, Look, check
from antelop.checks.examined import Examined
from antelop.checks.facts import Facts
from antelop.formats.manifest import Key
from antelop.formats.rig_rules import UNKNOWN
from antelop.wording import nearest, quoted

LISTED = 5
"""Largest number of existing sessions or animals that a remedy names."""

SUBJECT = "general/subject/subject_id"

ORDER = "Name the animals in the order of the rig's animal numbers"


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
        yield Finding("/animals", what, ORDER)


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
    """Expect the file's subject, if it is the name of an animal of the experiment, to be one that the delivery names."""
    subjects = _subjects(examined.recording.subject_id, facts)
    if facts.animals and subjects and not subjects.keys() & {animal.animal_id for animal in _animals(facts)}:
        named = " or ".join(f"{animal_id} ({quoted(name)})" for animal_id, name in subjects.items())
        what = f"the file's subject {quoted(examined.recording.subject_id)} is animal {named}, which the delivery does not name"
        yield Finding(SUBJECT, what, "Name the animal that was recorded, or correct the file's subject")


@check
@with_facts
def subject_unknown(examined: Examined, facts: Facts) -> Iterator[Finding]:
    """Expect the file's subject to be the name of an animal of the experiment, or the id of one that the delivery names."""
    subject = examined.recording.subject_id
    # A number is the lab's own name for an animal, unless the delivery confirms that it is an id of the database.
    ids = {str(animal.animal_id) for animal in _animals(facts)}
    if facts.animals and subject and not _subjects(subject, facts) and subject.strip() not in ids:
        what = f"the file's subject {quoted(subject)} is not the name of an animal of the experiment"
        yield Finding(SUBJECT, what, "Check that the file is of this session")


@check
@with_facts
def animal_order(examined: Examined, facts: Facts) -> Iterator[Finding]:
    """Expect a series, where the file tells whose it is, to be of the animal that the delivery names for it."""
    animals = list(_animals(facts))
    for feature, series in examined.channels:
        subject = examined.recording.subject_of(series.path)
        held = _subjects(subject, facts)
        # `animals_count` finds numbers for which the delivery names no animal.
        if held and feature.animal and 0 < feature.animal <= len(animals):
            named = animals[feature.animal - 1]
            if named.animal_id is not None and named.animal_id not in held:
                what = f"the file says that it is of {quoted(subject)}, and the delivery names {quoted(named.asked)}"
                yield Finding(series.path, f"{what} as animal {feature.animal} of the rig", ORDER)


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


def _subjects(subject: str | None, facts: Facts) -> dict[int, str]:
    """Return the animals of the experiment, by id, whose name is a subject_id."""
    wanted = (subject or "").strip().casefold()
    return {animal_id: name for animal_id, name in facts.experiment_animals.items() if name.casefold() == wanted}


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
