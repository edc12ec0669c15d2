"""What changes while a session is ingested: the ingest finds it before COMMIT, and begins again or stores nothing."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from antelop.database.driver import Connection
from antelop.errors import Unavailable
from antelop.ingest.preparation import Unsettled
from antelop.ingest.session import insert_nwb
from antelop.lab import Lab
from antelop.lab.resolve import Policy
from antelop.lab.rigs import upload_rig_json
from antelop.queue.ledger import Superseded
from tests.ingests import delivered, ingested, manifest
from tests.labs import ANIMALS, SESSION
from tests.recordings import LICKING_RIG
from tests.refusals import refused
from tests.test_masking import TRIALS


def test_videos_have_to_have_settled(lab: Lab, recording: Path, tmp_path: Path) -> None:
    """Those that the recording names and of which nobody has seen that, as they are now, are told by their paths."""
    drop = tmp_path / "drop" / "today"
    drop.mkdir(parents=True)
    for path in (recording, *recording.parent.glob("licking_camera.*")):
        shutil.move(path, drop / path.name)
    manifest(drop / recording.name)
    delivery = delivered(drop / recording.name, drop.parent)
    (film,) = drop.glob("licking_camera.*")
    name, found = f"today/{film.name}", film.stat()
    for settled in ((), ((name, found.st_size, 7),), ((film.name, found.st_size, found.st_mtime_ns),)):
        with pytest.raises(Unsettled) as unsettled:
            ingested(lab, delivery, drop / recording.name, Policy(settled=settled))
        assert unsettled.value.paths == (name,)
    policy = Policy(settled=((name, found.st_size, found.st_mtime_ns),))
    assert ingested(lab, delivery, drop / recording.name, policy).outcome == "ingested"


def meddling(lab: Lab, path: Path, body: str) -> None:
    """Have the mask do something to a file before it returns no trials."""
    script = lab.config.analysis.folders[0] / "licking.py"
    body = f"from pathlib import Path\n        path = Path({str(path)!r})\n        {body}\n        return [], []"
    script.write_text(TRIALS.replace('"trials"', '"table_trials"').replace("BODY", body))


def test_a_recording_that_is_rewritten_meanwhile_is_not_committed(lab: Lab, recording: Path, tmp_path: Path) -> None:
    """What was checked is not what is there: a script is told to try again, and a folder's delivery is superseded."""
    meddling(lab, recording, "path.write_bytes(path.read_bytes() + b'more')")
    with pytest.raises(Unavailable, match=r"licking\.nwb changed while it was ingested$"):
        insert_nwb(lab, SESSION, ANIMALS, recording)
    manifest(recording)
    with pytest.raises(Superseded):
        ingested(lab, delivered(recording, tmp_path), recording, Policy())
    assert not lab.database.World()


def test_a_recording_that_is_rewritten_while_it_is_read_is_not_wrong(
    lab: Lab, recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its hash is another than the manifest states, for a moment: what lies there by then is another delivery."""
    found, digest = recording.stat(), hashlib.file_digest

    def late(file: Any, algorithm: str) -> Any:
        with recording.open("ab") as writer:
            writer.write(b"more")
        return digest(file, algorithm)

    manifest(recording, size=found.st_size, sha256=hashlib.sha256(recording.read_bytes()).hexdigest())
    delivery = delivered(recording, tmp_path)
    monkeypatch.setattr(hashlib, "file_digest", late)
    with pytest.raises(Superseded):
        ingested(lab, delivery, recording, Policy())


def test_a_video_that_is_rewritten_meanwhile_is_kept_as_it_is_then(lab: Lab, recording: Path) -> None:
    """The ingest begins anew, and what it stores is what is there at the end."""
    (film,) = recording.parent.glob("licking_camera.*")
    meddling(lab, film, "path.read_bytes().endswith(b'more') or path.write_bytes(path.read_bytes() + b'more')")
    assert insert_nwb(lab, SESSION, ANIMALS, recording).outcome == "ingested"
    assert (lab.database.Video & SESSION).fetch1("video").read_bytes() == film.read_bytes()


def test_what_never_stays_as_it_is_is_not_ingested(lab: Lab, recording: Path) -> None:
    """An ingest does not begin anew for ever."""
    (film,) = recording.parent.glob("licking_camera.*")
    meddling(lab, film, "path.write_bytes(path.read_bytes() + b'more')")
    with pytest.raises(Unavailable, match=r"^what licking\.nwb was checked against changed 5 times while it was ingested$"):
        insert_nwb(lab, SESSION, ANIMALS, recording)
    assert not lab.database.World()


class Meddled(Connection):
    """A connection before whose first row of a session somebody else does something."""

    meddle: Callable[[], object] | None

    def query(self, query: str, *args: Any, **options: Any) -> Any:
        if self.meddle and query.startswith("INSERT"):
            meddle, self.meddle = self.meddle, None
            meddle()
        return super().query(query, *args, **options)


@pytest.fixture
def meddled(lab: Lab) -> Any:
    """Give what lets somebody else do something after a delivery has been checked."""
    connection: Any = lab.database.connection

    def meddle(act: Callable[[], object]) -> None:
        connection.__class__, connection.meddle = Meddled, act

    yield meddle
    connection.__class__ = Connection


def test_a_mask_that_is_added_meanwhile_is_computed(
    lab: Lab, others: Callable[[], Lab], meddled: Callable[[Callable[[], object]], None], recording: Path
) -> None:
    """The ingest finds before COMMIT that its rig has another mask, and begins anew."""
    other, second = others(), {"name": "second", "description": "", "function": "licking.table_trials"}
    meddled(lambda: upload_rig_json(other, "lab", "licking rig", LICKING_RIG, [second]))
    assert insert_nwb(lab, SESSION, ANIMALS, recording).trials == {"trials": 10, "second": 10}


def test_a_rig_that_is_replaced_meanwhile_is_the_one_that_counts(
    lab: Lab, others: Callable[[], Lab], meddled: Callable[[Callable[[], object]], None], recording: Path
) -> None:
    """The ingest finds before COMMIT that its rig is another one, and checks the recording against that."""
    other, smaller = others(), {**LICKING_RIG, "features": LICKING_RIG["features"][:3]}
    meddled(lambda: upload_rig_json(other, "lab", "licking rig", smaller, []))
    found = refused(lambda: insert_nwb(lab, SESSION, ANIMALS, recording))
    assert [problem.what for problem in found] == ["the rig has 1 animal, and the delivery names 2"]
    assert not lab.database.World()


def test_an_animal_that_is_taken_out_meanwhile_is_missed(
    lab: Lab, others: Callable[[], Lab], meddled: Callable[[Callable[[], object]], None], recording: Path
) -> None:
    """The database refuses what refers to it; the ingest begins anew, and says that it is not there."""
    other = others()
    meddled((other.database.Animal & "animal_id = 18").delete_quick)
    found = refused(lambda: insert_nwb(lab, SESSION, ANIMALS, recording))
    assert [problem.check for problem in found] == ["animal_unknown"]
