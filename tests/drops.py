"""A drop folder to deliver into: small recordings of the licking task, each with a number that makes it another one."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from antelop.config import FolderConfig
from antelop.demo.acquisition import Made, events
from antelop.demo.licking import licking_task
from antelop.dropfolder.delivery import Delivery, File
from antelop.lab import Lab
from antelop.lab.rigs import upload_rig_json
from tests.labs import EXPERIMENT, MASKS
from tests.recordings import LICKING_RIG, write_recording

KEPT = ("lick", "trials")
"""The features of the small rig; the rest of the licking task is left out."""

RIG: dict[str, Any] = {
    **LICKING_RIG,
    "features": [feature for feature in LICKING_RIG["features"] if feature["name"] in KEPT],
    "videos": [],
}


def write_prototype(folder: Path, **series: Made) -> Path:
    """Write a recording that all others are copies of; some of its series in ``acquisition`` may be others than usual."""
    changed: dict[str, Made | None] = {path: None for path in licking_task(0, "") if path.rpartition("/")[2] not in KEPT}
    changed |= {f"acquisition/{name}": made for name, made in series.items()}
    return write_recording(folder / "prototype.nwb", series=changed, video=None, cache_spec=False)


@pytest.fixture(scope="session")
def prototype(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give such a recording."""
    return write_prototype(tmp_path_factory.mktemp("prototype"))


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give one with two arrays of 800 kB, which go into the store."""
    count = 100_000
    licks = events(np.arange(count) / 1e4, np.random.default_rng(1).normal(size=count))
    return write_prototype(tmp_path_factory.mktemp("large"), lick=licks)


@dataclass(frozen=True)
class Drop:
    """A drop folder of a lab.

    Attributes
    ----------
    config
        As the lab's configuration has it.
    prototype
        The recording that is copied.
    """

    config: FolderConfig
    prototype: Path

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.config.path

    def record(self, stem: str, number: int = 0) -> Path:
        """Put a recording there as a rename puts it, whole at once; another number makes another recording."""
        path = self.path / f"{stem}.nwb"
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.part")
        shutil.copyfile(self.prototype, partial)
        with h5py.File(partial, "r+") as file:
            file["acquisition/lick/data"][0] = number
        return partial.rename(path)

    def note(self, stem: str, session: int | str = 41, **members: Any) -> Path:
        """Put a manifest there, whole at once; members that are None are left out."""
        by = "session_id" if isinstance(session, int) else "session_name"
        manifest = {
            "specification": "antelop-manifest",
            "version": "1.0",
            "nwb": f"{Path(stem).name}.nwb",
            "session": {**EXPERIMENT, by: session},
            "rig": "lick rig",
            "animals": [{"animal_id": 17}],
            **members,
        }
        path = self.path / f"{stem}.manifest.json"
        partial = path.with_name(f"{path.name}.part")
        partial.write_text(json.dumps({name: value for name, value in manifest.items() if value is not None}))
        return partial.rename(path)

    def deliver(self, stem: str, session: int | str = 41, number: int = 0, **members: Any) -> Delivery:
        """Put a recording and its manifest there; return the delivery that they are."""
        self.record(stem, number)
        self.note(stem, session, **members)
        return self.delivery(stem)

    def prove(self, stem: str) -> dict[str, Any]:
        """Return what a manifest states of a recording, so that it need not settle."""
        content = (self.path / f"{stem}.nwb").read_bytes()
        return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}

    def delivery(self, stem: str, *videos: str) -> Delivery:
        """Return the delivery that lies there."""
        manifest, nwb = self._file(f"{stem}.manifest.json"), self._file(f"{stem}.nwb")
        document = (self.path / manifest.path).read_bytes()
        return Delivery(self.config.name, *manifest, document, *nwb, videos=tuple(map(self._file, videos)))

    def receipt(self, stem: str) -> Path:
        """Return where the answer is, once there is one."""
        return self.path / f"{stem}.receipt.json"

    def answer(self, stem: str) -> dict[str, Any]:
        """Return the answer."""
        answer: dict[str, Any] = json.loads(self.receipt(stem).read_text())
        return answer

    def _file(self, name: str) -> File:
        found = (self.path / name).stat()
        return File(name, found.st_size, found.st_mtime_ns)


def hasten(lab: Lab) -> None:
    """Let every job of the queue be due."""
    jobs = lab.database.jobs.full_table_name
    lab.database.connection.query(f"UPDATE {jobs} SET scheduled_time = CURRENT_TIMESTAMP(3)")  # noqa: S608  # ours


@pytest.fixture
def dropping(lab: Lab, tmp_path: Path, prototype: Path) -> Callable[..., Drop]:
    """Give what makes a drop folder of the lab, in its configuration too."""
    upload_rig_json(lab, "lab", "lick rig", RIG, MASKS)

    def make(name: str = "rig-2", **settings: Any) -> Drop:
        path = tmp_path / name
        path.mkdir()
        folder = FolderConfig(name, path, **{"settle": 0.0, "experimenters": frozenset(["lab"]), **settings})
        lab.config = replace(lab.config, folders=(*lab.config.folders, folder))
        return Drop(folder, prototype)

    return make


@pytest.fixture
def drop(dropping: Callable[..., Drop]) -> Drop:
    """Give a drop folder in which nothing has to settle."""
    return dropping()
