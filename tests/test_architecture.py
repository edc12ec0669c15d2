"""The architecture and the glossary say what the code does: states, locks, packages and names."""

import re
from typing import get_args

from antelop.checks.severities import CHECKS
from antelop.database.ledger import Delivery
from antelop.formats.rig import DataType
from antelop.outcome import Kind
from tests.documents import DOCUMENTS, PACKAGE, code, tables

STATES = re.findall("'([a-z-]+)'", re.findall(r"state : enum\((.*?)\)", Delivery.definition)[0])
GLOSSARY = dict(tables("glossary"))
MOST = 40
"""How many words a person learns who begins."""


def transitions(heading: str) -> list[tuple[str, str]]:
    """Return from where to where each row of a state machine leads."""
    section = DOCUMENTS["architecture"].partition(f"### {heading}\n")[2].partition("\n### ")[0]
    rows = re.findall(r"^\| (.+?) \| .+? \| (.+?) \|$", section, re.MULTILINE)
    return [pair for pair in rows if pair != ("From", "To")]


def test_every_state_of_a_delivery_is_in_the_table() -> None:
    """The table leads to each state of the ledger and from it, and to no other."""
    table = transitions("The delivery")
    assert {start for start, _ in table} == {"new", *STATES}
    assert {end for _, end in table} == set(STATES)
    assert len(set(table)) == len(table)


def test_the_picture_of_the_states_is_the_table() -> None:
    """Each arrow is a row, and each row an arrow."""
    picture = DOCUMENTS["architecture"].partition("stateDiagram-v2\n")[2].partition("```")[0]
    drawn = re.findall(r"^    (\S+) --> (\S+)$", picture, re.MULTILINE)
    names = {"[*]": "new", "already": "already-ingested"}
    assert sorted((names.get(start, start), names.get(end, end)) for start, end in drawn) == sorted(transitions("The delivery"))


def test_a_job_has_the_states_that_the_queue_uses() -> None:
    """Pending and reserved, of those that DataJoint has."""
    source = (PACKAGE / "queue/jobs.py").read_text()
    used = set(re.findall(r"[\"']status[\"']: [\"'](\w+)[\"']", source))
    assert {name for pair in transitions("The job") for name in pair} == {"none", *used}


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
    assert set(code(GLOSSARY["job"])) == {name for pair in transitions("The job") for name in pair} - {"none"}
    assert set(code(GLOSSARY["check"])) <= set(CHECKS)
