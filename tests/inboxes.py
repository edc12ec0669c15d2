"""A watched drop folder on the disk: real files, real links and renames, real inotify."""

import json
import select
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import pytest

from antelop.dropfolder import Folder, Health, Update
from antelop.dropfolder.delivery import Delivery
from antelop.dropfolder.finished import Finished
from antelop.dropfolder.inbox import Inbox
from antelop.dropfolder.inotify_instance import Inotify
from antelop.dropfolder.waiting import Waiting

SETTLE = 10.0


@dataclass
class WatchedFolder:
    """A drop folder, and the inbox that looks into it."""

    path: Path
    folder: Folder
    inbox: Inbox
    inotify: Inotify
    watching: Callable[..., "WatchedFolder"] = field(repr=False)

    def look(self, now: float) -> list[Update]:
        """Look once; leave out how the folder fares."""
        return [update for update in self.inbox.look(now) if not isinstance(update, Health)]

    def health(self, now: float) -> Health:
        """Look once, and return how the folder fares (which was different the last time)."""
        (health,) = [update for update in self.inbox.look(now) if isinstance(update, Health)]
        return health

    def deliveries(self, now: float) -> list[str]:
        """Look once, and return the NWB files of what has become ready."""
        return [update.nwb_path for update in self.look(now) if isinstance(update, Delivery)]

    def said(self, now: float) -> dict[str, str]:
        """Look once, and return what is newly said about what waits."""
        return {update.path: update.sentence(now) for update in self.look(now) if isinstance(update, Waiting)}

    def put(self, stem: str, *, manifest: bool = True, recording: bool = True, **members: Any) -> None:
        """Put a small HDF5 file and its manifest into the folder."""
        path = self.path / stem
        path.parent.mkdir(parents=True, exist_ok=True)
        if recording:
            with h5py.File(f"{path}.nwb", "w") as file:
                file["data"] = range(10)
        if manifest:
            Path(f"{path}.manifest.json").write_text(json.dumps(MANIFEST | members))

    def hint(self) -> None:
        """Wait until inotify has said something."""
        assert self.inbox.hints is not None
        assert select.select([self.inotify], [], [], 30)[0]
        self.inotify.rest()

    def soon(self, now: float, path: str) -> list[Update]:
        """Look whenever inotify says something, until something is said about this path."""
        updates: list[Update] = []
        while path not in {update.path for update in updates if isinstance(update, Waiting)}:
            self.hint()
            updates += self.look(now)
        return updates


MANIFEST = {
    "specification": "antelop-manifest",
    "version": "1.0",
    "session": {"experimenter": "lab", "experiment_id": 1, "session_id": 2},
    "animals": [],
}


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Callable[..., WatchedFolder]]:
    """Start an inbox on a folder, as often as needed."""
    inboxes = []

    def begin(
        path: Path = tmp_path / "drop",
        finished: list[str] | None = None,
        mounts: Path = Path("/proc/self/mountinfo"),
        **options: Any,
    ) -> WatchedFolder:
        folder = Folder("rig-2", path, **({"settle": SETTLE} | options))
        inotify = Inotify()
        inboxes.append(Inbox(folder, Finished(finished or []), inotify=inotify, mounts=mounts))
        return WatchedFolder(path, folder, inboxes[-1], inotify, begin)

    (tmp_path / "drop").mkdir()
    yield begin
    for inbox in inboxes:
        inbox.close()


@pytest.fixture
def watched(watching: Callable[..., WatchedFolder]) -> WatchedFolder:
    """Start an inbox on an empty folder."""
    return watching()


def mounted(tmp_path: Path, *lines: str) -> Path:
    """Write a list of mounts as the kernel does: the root on ext4, and these."""
    path = tmp_path / "mountinfo"
    path.write_text("\n".join(["27 1 254:0 / / rw,relatime - ext4 /dev/vda rw", *lines]) + "\n")
    return path
