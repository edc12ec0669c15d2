"""The store: arrays and files in, descriptors out, and back."""

import base64
import fcntl
import math
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Executor, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import numpy as np
from numpy.typing import NDArray

from antelop import files
from antelop.errors import Unavailable, available
from antelop.files import RegularFile, sync_folder
from antelop.recording.samples import Contiguous, Samples, blocks
from antelop.recording.views import Clock, Scaled
from antelop.store import npy
from antelop.store.descriptor import Descriptor, Kept, finite
from antelop.store.objects import ADDRESS, STAGED_BYTES, SUFFIX, Incoming

INLINE_BYTES = 8 << 10
"""Up to this size an array is in the row, which takes less than half the time of a file and its fsyncs; they break even between
16 and 32 KiB. Changing it changes the descriptors of equal arrays."""

TOGETHER = 4
"""How many objects are put on the disk at the same time, for which it takes little longer than for one."""

LONGEST_LABEL = 1 << 10
"""How many bytes the identity of a database has at most."""


class Store:
    """A folder of arrays and files that are never changed, shared by any number of processes.

    Parameters
    ----------
    folder
        Where it is. Nothing is made or looked at until it is used.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._places = BoundedSemaphore(TOGETHER)

    def exists(self) -> bool:
        """Tell whether the store has been made and is there: where its share is not mounted, it is not."""
        with available(f"the store {self.folder} cannot be looked at"):
            return (self.folder / "objects").is_dir()

    def make(self, owner: str = "") -> None:
        """Make the store's folders, when the lab is set up.

        Nothing else makes them: the mount point of a share that is away is an empty folder, and must not become a store.

        Parameters
        ----------
        owner
            The identity of the database whose rows will refer to it; nobody else may take out what they do not refer to.
        """
        with available(f"the store {self.folder} cannot be made"):
            (self.folder / "incoming").mkdir(parents=True, exist_ok=True)
            if owner:
                files.write(self.folder / "owner", owner.encode())
            (self.folder / "objects").mkdir(exist_ok=True)  # at the end, for `exists` looks for it
            sync_folder(self.folder)

    def owner(self) -> str:
        """Return the identity of the database whose rows refer to it; empty if it was made without."""
        with available(f"the store {self.folder} cannot be read"), suppress(FileNotFoundError):
            return files.read(self.folder / "owner", LONGEST_LABEL).decode()
        return ""

    def clear(self) -> None:
        """Remove what killed processes left unfinished; those that are alive hold a lock on theirs."""
        with available(f"the store {self.folder} cannot be written"):
            for path in (self.folder / "incoming").iterdir():
                with suppress(FileNotFoundError, BlockingIOError), path.open("r+b") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    path.unlink()

    def put(self, values: Samples) -> Kept:
        """Keep an array, reading it once, a block at a time.

        Parameters
        ----------
        values
            (n,) or (n, channels) of numbers or booleans, in memory or on disk.

        Raises
        ------
        TypeError
            If it is no array of numbers.
        ValueError
            If it is a single number, or what it is computed with is not finite.
        Unavailable
            If the store cannot be written. It holds nothing then that it did not hold before.
        """
        return self.put_all([values])[0]

    def put_all(self, arrays: Sequence[Samples]) -> list[Kept]:
        """Keep several arrays, as `put` does; one that is among them several times is read once.

        Two large ones are read at a time, because hashing one keeps a core busy; and while the disk makes sure of some small
        ones, the next are read, so that several take little longer than one. Of those around the one that fails, objects may
        stay that nothing refers to.
        """
        distinct = {id(values): values for values in arrays}
        with ThreadPoolExecutor(TOGETHER) as disk, ThreadPoolExecutor(2) as readers:
            large: list[Future[str]] = []
            try:
                begun = {number: self._begin(values, disk, readers, large) for number, values in distinct.items()}
                for each in wait(large, return_when=FIRST_EXCEPTION).done:
                    each.result()
                return [begun[id(values)]() for values in arrays]
            finally:
                readers.shutdown(cancel_futures=True)  # once one fails, no other need be begun

    def _begin(self, values: Samples, disk: Executor, readers: Executor, large: list[Future[str]]) -> Callable[[], Kept]:
        """Read an array, or have it read if it is large; return what waits until it is kept."""
        if isinstance(values, Clock):
            start, rate = finite(start=values.start, rate=values.rate)
            clock = Kept({"kind": "clock", "start": start, "rate": rate, "count": int(values.count)}, 0)
            return lambda: clock
        if isinstance(values, Scaled):
            conversion, offset = finite(conversion=values.conversion, offset=values.offset)
            samples = self._begin(values.samples, disk, readers, large)
            scale = {"kind": "scaled", "conversion": conversion, "offset": offset}
            return lambda: Kept({**scale, "samples": samples().as_json()}, samples().size)
        dtype, shape = npy.form(values)
        size = dtype.itemsize * math.prod(shape)
        form = {"dtype": dtype.str, "shape": list(shape)}
        if size <= INLINE_BYTES:
            content = np.asarray(values[:], dtype).tobytes()
            inline = Kept({"kind": "inline", **form, "base64": base64.b64encode(content).decode("ascii")}, size)
            return lambda: inline
        header = npy.header(dtype, shape)
        if size > STAGED_BYTES:
            path = readers.submit(lambda: _publish(*self._write(header, values, dtype, size)))
            large.append(path)
        else:
            path = disk.submit(_publish, *self._write(header, values, dtype, size))
        whole = len(header) + size
        return lambda: Kept({"kind": "npy", **form, "path": path.result(), "size": whole}, whole)

    def _write(self, header: bytes, values: Samples, dtype: np.dtype[Any], size: int) -> tuple[Incoming, ExitStack]:
        """Read an array into an object; return that, and what is to be closed once it has its name."""
        with ExitStack() as opened:
            opened.enter_context(self._places)
            incoming = opened.enter_context(Incoming(self.folder))
            incoming.write(header)
            row = size // values.shape[0]  # in bytes; where as many as are staged are no whole rows, blocks are copied
            if isinstance(values, Contiguous) and values.contiguous and len(header) % row == STAGED_BYTES % row == 0:
                incoming.fill(lambda start, room: values.read_into(start // row, npy.rows(room, dtype, values.shape)), size)
            else:
                for block in blocks(values):
                    incoming.write(np.ascontiguousarray(block, dtype).reshape(-1).view(np.uint8).data)
            return incoming, opened.pop_all()

    def keep(self, source: Path | RegularFile) -> Kept:
        """Keep a copy of a file: a reflink where the filesystem has them, else copied a block at a time; never a hard link.

        Parameters
        ----------
        source
            A regular file, by its path or held open. The copy's name ends as its name does, if that is an ordinary suffix such
            as ``.mp4``.

        Raises
        ------
        ValueError
            If it is no regular file.
        Unavailable
            If it cannot be read, or is changed meanwhile, or the store cannot be written.
        """
        if isinstance(source, Path):
            with ExitStack() as opened:
                with available(f"{source} cannot be read"):
                    try:
                        file = opened.enter_context(RegularFile.at(source))
                    except IsADirectoryError as error:
                        raise ValueError(f"{source} is no regular file") from error
                return self.keep(file)
        suffix = source.path.suffix if SUFFIX.fullmatch(source.path.suffix) else ""
        with available(f"{source.path} cannot be read"), source.reader() as reader, Incoming(self.folder) as incoming:
            incoming.copy(reader.fileno())
            if not source.unchanged():
                raise Unavailable(f"{source.path} changed while it was copied")
            address = incoming.publish(suffix)
        return Kept({"kind": "file", "path": address, "size": incoming.size}, incoming.size)

    def get(self, descriptor: Descriptor) -> NDArray[Any]:
        """Return an array as it was put, read-only whatever its kind: a memory map of its object if it has one of its own.

        Raises
        ------
        Unavailable
            If its object is missing or not whole.
        ValueError
            If the descriptor is none of an array.
        """
        match descriptor["kind"]:
            case "inline":
                content = base64.b64decode(descriptor["base64"])
                array = np.frombuffer(content, descriptor["dtype"]).reshape(descriptor["shape"])
            case "npy":
                array = np.asarray(np.load(self.path(descriptor), mmap_mode="r", allow_pickle=False))
            case "clock":
                array = Clock(float(descriptor["start"]), float(descriptor["rate"]), descriptor["count"])[:]
            case "scaled":
                samples = self.get(descriptor["samples"])
                array = Scaled(samples, float(descriptor["conversion"]), float(descriptor["offset"]))[:]
            case kind:
                raise ValueError(f"{kind!r} is no kind of array")
        array.flags.writeable = False
        return array

    def path(self, descriptor: Descriptor) -> Path:
        """Return where the object of a descriptor is that has one.

        Raises
        ------
        Unavailable
            If it is missing or not whole.
        ValueError
            If the descriptor leads out of the store.
        """
        address, size = str(descriptor["path"]), descriptor["size"]
        if not ADDRESS.fullmatch(address):
            raise ValueError(f"{address!r} is no object of a store")
        path = self.folder / address
        with available(f"the store's {path} cannot be read (is the store mounted? `antelop verify` finds what is missing)"):
            found = path.stat().st_size
        if found != size:
            raise Unavailable(f"the store's {path} has {found} bytes, not {size} (`antelop verify` finds what is damaged)")
        return path


def _publish(incoming: Incoming, opened: ExitStack) -> str:
    with opened:
        return incoming.publish(".npy")
