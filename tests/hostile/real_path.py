"""Texts as manifests in a drop folder of a lab: found, queued, worked on and answered as the service does it."""

import itertools
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from antelop.config import AnalysisConfig, FolderConfig
from antelop.dropfolder import Folder
from antelop.dropfolder.delivery import Delivery
from antelop.dropfolder.finished import Finished
from antelop.dropfolder.inbox import Inbox
from antelop.errors import Rejected
from antelop.formats.document import load
from antelop.formats.manifest import read
from antelop.lab import Lab
from antelop.lab.rigs import upload_rig_json
from antelop.queue import deliveries
from antelop.service.explain import explain
from antelop.worker import Worker, receipt
from antelop.worker.events import Completed, Done, Event
from tests.clocks import wall
from tests.drops import RIG, Drop, hasten, write_prototype
from tests.labs import MASKS, furnish, served

SETTLED = ("Experimenter", "Experiment", "Animal", "BehaviourRig", "MaskFunction", "Feature", "SchemaVersion")
"""Tables that no delivery writes to."""


class RealPath:
    """A lab with a drop folder.

    Parameters
    ----------
    lab
        Where deliveries go.
    drop
        Where they come from.
    """

    def __init__(self, lab: Lab, drop: Drop) -> None:
        self._lab = lab
        self._drop = drop
        self._numbers = itertools.count(1)
        self._done: dict[str, Completed] = {}
        self._worker = Worker(lab, self._hear)

    def deliver(self, texts: Sequence[bytes]) -> Iterator[tuple[bytes, str]]:
        """Deliver texts as manifests, each beside a recording; yield a text and what is not as it has to be with it."""
        before, beside = self._state(), sorted(self._drop.path.parent.iterdir())
        placed = {self._place(text): text for text in texts}
        inbox = Inbox(Folder(self._drop.config.name, self._drop.path, watch="poll", settle=0.0), Finished(()))
        found = [update for now in (0.0, 1.0) for update in inbox.look(now) if isinstance(update, Delivery)]
        inbox.close()
        for delivery in found:
            deliveries.enqueue(self._lab.database, delivery, wall())
        hasten(self._lab)
        while self._worker.work():
            pass
        for delivery in found:
            for fault in self._faults(delivery):
                yield placed[delivery.manifest_path], fault
        if self._state() != before:
            yield b"\n".join(texts), "tables have changed that no delivery writes to"
        if sorted(self._drop.path.parent.iterdir()) != beside:
            yield b"\n".join(texts), "there are files outside the drop folder"
        shutil.rmtree(self._drop.path)
        self._drop.path.mkdir()

    def _place(self, text: bytes) -> str:
        """Put a text and a recording into a folder of their own; return where the text is."""
        number = next(self._numbers)
        recording = self._drop.record(f"{number}/x", number)
        with suppress(Rejected, OSError):  # no file can have some names
            named = recording.parent / (read(text).nwb or "x.nwb")
            named.parent.mkdir(parents=True, exist_ok=True)
            recording.rename(named)
        (recording.parent / "x.manifest.json").write_bytes(text)
        return f"{number}/x.manifest.json"

    def _faults(self, delivery: Delivery) -> Iterator[str]:
        done = self._done.get(delivery.delivery_id)
        if not isinstance(done, Done) or done.state not in ("ingested", "already-ingested", "rejected"):
            yield f"it came to {done}"
            return
        database, path = self._lab.database, self._drop.path / delivery.manifest_path
        text = receipt.path_for(path).read_text()
        if not all(character.isprintable() or character == "\n" for character in text):
            yield "the receipt has characters that do not print"
        if json.loads(text)["outcome"] != done.state:
            yield "the receipt says something else"
        row = (database.Delivery & {"delivery_id": delivery.delivery_id}).fetch1()
        try:
            document = load(delivery.document)
        except Rejected:
            document = {"text": row["manifest"].get("text")}
        if row["manifest"] != document:
            yield "the ledger has another manifest"
        said = explain(path, [self._drop.config], None, database)
        if said.rule != done.state or not said.sentence.isprintable():
            yield f"it is explained as {said}"
        if done.state == "ingested":
            named = delivery.manifest.session.get("session_name")
            key = done.outcome.session
            if named is not None and (database.Session & key).fetch1("session_name") != named:
                yield "the session has another name"

    def _state(self) -> object:
        """Return what no delivery changes: which tables there are, and what is in those of the lab."""
        database = self._lab.database
        tables = database.connection.query("SELECT table_schema, table_name FROM information_schema.tables ORDER BY 1, 2")
        return tables.fetchall(), [str(database.tables[name]().to_dicts()) for name in SETTLED]

    def _hear(self, event: Event) -> None:
        if isinstance(event, Completed):
            self._done[event.delivery.delivery_id] = event


@contextmanager
def real_path(folder: Path) -> Iterator[RealPath]:
    """Make a lab on the embedded database, and a drop folder for it in a folder."""
    with served("postgresql") as (served_config, environment):
        for name in ("analysis", "drops"):
            (folder / name).mkdir()
        (folder / "drops" / "rig-2").mkdir()
        drop = FolderConfig("rig-2", folder / "drops" / "rig-2", create_sessions=True, settle=0.0)
        config = replace(served_config, analysis=AnalysisConfig((folder / "analysis",)), folders=(drop,))
        with Lab(config, environment, wall) as lab:
            furnish(lab)
            upload_rig_json(lab, "lab", "lick rig", RIG, MASKS)
            yield RealPath(lab, Drop(drop, write_prototype(folder)))
