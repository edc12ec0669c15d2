"""Files that no recording may have anybody open, and who opens them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
from watchdog.events import FileOpenedEvent, FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer


class Canary(FileSystemEventHandler):
    """Sees which files of a folder are opened.

    Attributes
    ----------
    opened
        Their names, in order.
    """

    def __init__(self) -> None:
        self.opened: list[str] = []
        self._changed = threading.Condition()

    def on_opened(self, event: FileSystemEvent) -> None:
        """Note it (called by watchdog)."""
        with self._changed:
            self.opened.append(Path(str(event.src_path)).name)
            self._changed.notify()

    def hears(self, name: str, seconds: float) -> bool:
        """Return whether a file has been opened, now or within so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: name in self.opened, seconds)


@contextmanager
def canary(folder: Path) -> Iterator[Canary]:
    """Watch a folder."""
    watch, observer = Canary(), Observer()
    observer.schedule(watch, str(folder), event_filter=[FileOpenedEvent])
    observer.start()
    try:
        yield watch
    finally:
        observer.stop()
        observer.join()


def secrets(folder: Path) -> Path:
    """Make a folder with files that no recording may have anybody open, ``secret.h5`` and ``secret.bin``."""
    folder.mkdir()
    with h5py.File(folder / "secret.h5", "w") as file:
        file["data"] = [1.0, 2.0, 3.0]
    (folder / "secret.bin").write_bytes(bytes(64))
    return folder


def leading_out(path: Path, secret: Path) -> Path:
    """Put into a recording what leads to other files: links, virtual datasets, samples and videos."""
    layout = h5py.VirtualLayout((3,), "f8")
    layout[:] = h5py.VirtualSource(secret / "secret.h5", "data", (3,))
    with h5py.File(path, "r+") as file:
        acquisition = file["acquisition"]
        for name in ("virtual", "raw", "linked"):
            file.copy("acquisition/lick", acquisition, name)
            del acquisition[name]["data"]
        acquisition["virtual"].create_virtual_dataset("data", layout)
        acquisition["raw"].create_dataset("data", (3,), "f8", external=[(str(secret / "secret.bin"), 0, 24)])
        acquisition["linked"]["data"] = h5py.ExternalLink(secret / "secret.h5", "data")
        acquisition["whole"] = h5py.ExternalLink(secret / "secret.h5", "/")
        acquisition["through"] = h5py.SoftLink("/acquisition/whole/data")
        del acquisition["camera"]["external_file"]
        acquisition["camera"]["external_file"] = [str(secret / "secret.bin"), f"../{secret.name}/secret.bin"]
    return path
