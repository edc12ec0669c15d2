"""The architecture and the glossary say what the code does: states, locks, packages and names."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import get_args

import pytest

from antelop.checks.severities import CHECKS
from antelop.database.ledger import Delivery
from antelop.formats.rig import DataType
from antelop.outcome import Kind
from antelop.queue.states import JOB_TRANSITIONS, RECEIPT_TRANSITIONS, TRANSITIONS, Job, State
from tests.documents import DOCUMENTS, PACKAGE, code, tables

STATES = re.findall("'([a-z-]+)'", re.findall(r"state : enum\((.*?)\)", Delivery.definition)[0])
GLOSSARY = dict(tables("glossary"))
MOST = 40
"""How many words a person learns who begins."""


def rows(heading: str) -> list[tuple[str, str, str]]:
    """Return the rows of a state machine: from, event, to."""
    section = re.split(r"\n##+ ", DOCUMENTS["architecture"].partition(f"### {heading}\n")[2])[0]
    found = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", section, re.MULTILINE)
    return [row for row in found if row != ("From", "Event", "To")]


@pytest.mark.parametrize(
    ("heading", "machine"),
    [("The delivery", TRANSITIONS), ("The job", JOB_TRANSITIONS), ("The receipt", RECEIPT_TRANSITIONS)],
)
def test_the_state_machines_are_those_of_the_code(
    heading: str, machine: Mapping[str, tuple[tuple[StrEnum, ...], StrEnum]]
) -> None:
    """Each table has every transition that the code knows, and no other."""
    known = [(str(before), str(event), str(after)) for event, (starts, after) in machine.items() for before in starts]
    assert sorted(rows(heading)) == sorted(known)


def test_every_state_of_the_ledger_is_known() -> None:
    """The states of the code are those that the table of deliveries holds, and the one of a delivery that is not there."""
    assert {str(state) for state in State} == {"new", *STATES}


def test_the_picture_of_the_states_is_the_table() -> None:
    """Each arrow is a row or several, and each row is an arrow."""
    picture = DOCUMENTS["architecture"].partition("stateDiagram-v2\n")[2].partition("```")[0]
    drawn = re.findall(r"^    (\S+) --> (\S+)$", picture, re.MULTILINE)
    names = {"[*]": "new", "already": "already-ingested"}
    arrows = [(names.get(start, start), names.get(end, end)) for start, end in drawn]
    assert sorted(arrows) == sorted({(start, end) for start, _, end in rows("The delivery")})


def test_every_lock_is_in_the_table() -> None:
    """The table names each advisory lock of the code, by what its name begins with, and no other."""
    section = DOCUMENTS["architecture"].partition("## Processes and locks")[2].partition("\n## ")[0]
    advisory = [code(row)[0] for row in section.splitlines() if "| advisory" in row]
    written = {re.sub(r" ?[A-Z ]+$", "", name) for name in advisory}
    sources = [path.read_text() for path in PACKAGE.rglob("*.py")]
    taken = {name.strip() for source in sources for name in re.findall(r"\.lock\(f?\"([a-z ]+)", source)}
    assert written == taken


def test_packages_and_modules_are_there() -> None:
    """Each package in parentheses and each module that is named exists."""
    named = re.findall(r"\(`([\w./]+)`\)", DOCUMENTS["architecture"])
    assert len(named) > 5
    assert [name for name in named if not (PACKAGE / name).exists()] == []


def test_the_glossary_is_short_and_in_order() -> None:
    """Each word is there once, in the order of the alphabet."""
    words = [row[0] for row in tables("glossary")]
    assert words == sorted(set(words))
    assert len(words) <= MOST


def test_names_in_the_glossary_are_those_of_the_code() -> None:
    """States, outcomes, severities, data types and jobs are complete, and the checks are such."""
    assert code(GLOSSARY["state"]) == STATES
    assert code(GLOSSARY["outcome"]) == list(get_args(Kind))
    assert set(code(GLOSSARY["severity"])) == {"error", "warning", "off"}
    assert set(code(GLOSSARY["data type"])) == set(get_args(DataType))
    assert set(code(GLOSSARY["job"])) == {str(job) for job in Job} - {"none"}
    assert set(code(GLOSSARY["check"])) <= set(CHECKS)
