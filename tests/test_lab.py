"""A lab is what its configuration says, and comes back after an outage."""

import os
import pwd
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from antelop.errors import Misconfigured, Unavailable
from antelop.ingest.session import insert_nwb
from antelop.lab import Lab
from antelop.lab.rigs import attach
from tests.clocks import still
from tests.labs import ANIMALS, OWNER, SESSION
from tests.test_connection import kill

Served = tuple[Lab, Mapping[str, str]]


def test_a_new_lab_has_an_empty_store(lab: Lab, served_lab: Served, tmp_path: Path) -> None:
    """It is made with the lab, for nothing refers to it yet."""
    with Lab(replace(lab.config, store=tmp_path / "new"), served_lab[1], still) as new:
        assert new.store.exists()


@pytest.mark.parametrize("what", ["a recording", "an attached file"])
def test_a_store_that_is_away_is_not_made_anew(lab: Lab, served_lab: Served, recording: Path, what: str) -> None:
    """Where rows refer to it and it is not there, its share is not mounted: nothing may be put into the mount point."""
    if what == "a recording":
        insert_nwb(lab, SESSION, ANIMALS, recording)
    else:
        attach(lab, {**OWNER, "behaviourrig_id": 1, "feature_id": 1}, recording)
    shutil.move(lab.store.folder, lab.store.folder.with_name("away"))
    with pytest.raises(Unavailable, match=r"is not there, and sessions refer to it: is its share mounted\?$"):
        Lab(lab.config, served_lab[1], still)
    assert not lab.store.folder.exists()
    shutil.move(lab.store.folder.with_name("away"), lab.store.folder)
    Lab(lab.config, served_lab[1], still).close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give folders away")
@pytest.mark.parametrize("key", ["state", "store"])
def test_root_writes_nothing_into_another_user_s_lab(lab: Lab, served_lab: Served, tmp_path: Path, key: str) -> None:
    """It is refused before anything is made, with whose the folder is and how to run the command as that user."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    os.chown(theirs, 65534, 65534)
    with pytest.raises(Misconfigured) as refused:
        Lab(replace(lab.config, state=theirs) if key == "state" else replace(lab.config, store=theirs), served_lab[1], still)
    (problem,) = refused.value.problems
    owner = pwd.getpwuid(65534).pw_name
    assert problem.what == f"{theirs} belongs to {owner}, and this runs as root, whose files {owner} could not change"
    assert problem.remedy == f"Run it as {owner}: `sudo -u '#65534' antelop …`"
    assert list(theirs.iterdir()) == []


def test_a_lab_comes_back_after_an_outage(lab: Lab, others: Callable[[], Lab], recording: Path) -> None:
    """The same tables, on another connection, also those that a script has had from the beginning."""
    victim = others()
    table = victim.database.World
    kill(lab, victim)
    victim.reconnect()
    assert not table()
    assert insert_nwb(victim, SESSION, ANIMALS, recording).outcome == "ingested"
    assert len(table()) == 1


def test_a_closed_lab_is_closed_once(others: Callable[[], Lab]) -> None:
    """To close it again does nothing."""
    other = others()
    other.close()
    other.close()
    assert other.database.connection.is_lost
