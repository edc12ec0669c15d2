"""What was delivered: a recording and its manifest, paired."""

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from antelop.dropfolder.settle import Progress, Stat
from antelop.dropfolder.waiting import Reason, Waiting
from antelop.formats.manifest import Manifest, read, stem
from antelop.wording import as_size, as_span, nearest, storable

LONGEST_PATH = 500
"""How many characters of a file's path the ledger holds."""

_ENDINGS = ["." + "".join(letters) for letters in itertools.product("nN", "wW", "bB")]
"""How the name of an NWB file may end, ``.nwb`` first."""

_CHOICES = 100
"""Among how many files a name like a missing one's is sought; a person is not helped by more."""

_nearest = lru_cache(4096)(nearest)  # the same is asked at every look


class File(NamedTuple):
    """A file as it was when it had settled: its path relative to the drop folder, size in bytes, mtime in nanoseconds."""

    path: str
    size: int
    mtime: int


@dataclass(frozen=True)
class Delivery:
    """A recording and its manifest, as they were when they had settled.

    Paths are relative to the folder, with ``/`` between their parts; sizes are in bytes, times in nanoseconds.

    Attributes
    ----------
    folder
        The drop folder's name; empty for a script.
    manifest_path, manifest_size, manifest_mtime
        The manifest.
    document
        The manifest's bytes.
    nwb_path, nwb_size, nwb_mtime
        The NWB file; empty and 0 if the manifest is rejected, so that nobody knows which file it means.
    videos
        The files that the recording turned out to refer to, when they had settled too. They are no part of the identity.
    """

    folder: str
    manifest_path: str
    manifest_size: int
    manifest_mtime: int
    document: bytes
    nwb_path: str = ""
    nwb_size: int = 0
    nwb_mtime: int = 0
    videos: tuple[File, ...] = ()

    @cached_property
    def stamp(self) -> bytes:
        """What tells it from every other delivery that a listing can tell it from."""
        manifest = File(self.manifest_path, self.manifest_size, self.manifest_mtime)
        return stamp(self.folder, manifest, File(self.nwb_path, self.nwb_size, self.nwb_mtime))

    @cached_property
    def delivery_id(self) -> str:
        """What tells it from every other delivery: 32 hexadecimal digits, of which the first 16 are its stamp."""
        return self.stamp.hex() + hashlib.blake2b(self.document, digest_size=8, key=self.stamp).hexdigest()

    @cached_property
    def manifest(self) -> Manifest:
        """What the manifest says.

        Raises
        ------
        Rejected
            With everything that is wrong with it.
        """
        return read(self.document)


NOTHING = File("", 0, 0)
"""In the place of the NWB file of a manifest that is rejected."""


def stamp(folder: str, manifest: File, nwb: File = NOTHING) -> bytes:
    """Return eight bytes that tell a delivery without reading it: a hash of what a listing of its folder says."""
    facts = "\0".join(map(str, (folder, *manifest, *nwb)))
    return hashlib.blake2b(facts.encode(errors="surrogateescape"), digest_size=8).digest()


class Found(NamedTuple):
    """A file that was found in the folder, and how far it is from having settled."""

    path: str
    stat: Stat
    progress: Progress

    @property
    def file(self) -> File:
        """As a delivery refers to it."""
        return File(self.path, self.stat.size, self.stat.mtime_ns)


class Note(NamedTuple):
    """A manifest that was found in the folder: its bytes, and what they say (None if it is rejected)."""

    found: Found
    document: bytes
    manifest: Manifest | None

    @property
    def path(self) -> str:
        """Relative to the folder."""
        return self.found.path


def is_placed(path: object) -> bool:
    """Tell whether a path is one that a file in a drop folder can have: what the database says may be by a stranger."""
    return (
        isinstance(path, str)
        and 0 < len(path) <= LONGEST_PATH
        and storable(path)
        and not {"", ".", ".."} & set(path.split("/"))
    )


def companion(path: str, named: str | None, nwb_paths: Container[str]) -> str:
    """Return the path of the NWB file that a manifest goes with: the one that it names, or else the one of its stem.

    Parameters
    ----------
    path
        The manifest's, relative to the drop folder.
    named
        Which NWB file it names, relative to its own directory; None if it names none.
    nwb_paths
        The NWB files that are there. One that is named need not be among them.
    """
    directory, slash, name = path.rpartition("/")
    if named is not None:
        return f"{directory}{slash}{named}"
    namesake = f"{directory}{slash}{stem(name)}"
    return next((namesake + ending for ending in _ENDINGS if namesake + ending in nwb_paths), namesake + _ENDINGS[0])


def pair(folder: str, nwbs: Mapping[str, Found], notes: Iterable[Note], settle: float) -> Iterator[Delivery | Waiting]:
    """Pair manifests with the NWB files that they go with.

    A manifest that is rejected goes with none: it is a delivery by itself, for whoever ingests it to say what is wrong with it.

    Parameters
    ----------
    folder
        The drop folder's name.
    nwbs
        The NWB files in it, by path.
    notes
        The manifests in it.
    settle
        The settle time in seconds.

    Yields
    ------
    Delivery or Waiting
        A delivery if both files have settled, or if the manifest states size and SHA-256, so that there is nothing to wait for;
        the NWB file has not been looked into. For all others, why they wait.
    """
    claims: defaultdict[str, list[tuple[Note, Manifest]]] = defaultdict(list)
    for note in notes:
        if note.manifest is None:
            claims.setdefault(companion(note.path, None, nwbs), [])
            yield unsettled(note.found, settle) or _delivery(folder, note)
        else:
            claims[companion(note.path, note.manifest.nwb, nwbs)].append((note, note.manifest))
    unclaimed = tuple(sorted(nwbs.keys() - claims.keys()))
    for path in unclaimed:
        yield unsettled(nwbs[path], settle) or Waiting(path, Reason.NO_MANIFEST, nwbs[path].progress.seen)
    for nwb_path, claimants in claims.items():
        if nwb_path not in nwbs:
            yield from (_missing(note, nwb_path, unclaimed[:_CHOICES]) for note, _ in claimants)
        elif len(claimants) > 1:
            yield _contested([note.path for note, _ in claimants], nwbs[nwb_path])
        else:
            yield from (_pair(folder, note, manifest, nwbs[nwb_path], settle) for note, manifest in claimants)


def unsettled(found: Found, settle: float, *others: str) -> Waiting | None:
    """Return why a file waits that has not settled in `settle` seconds; None if it has."""
    progress = found.progress
    if progress.settled:
        return None
    if progress.rate >= 1:
        growth = {"size": as_size(found.stat.size), "rate": as_size(progress.rate)}
        return Waiting(found.path, Reason.GROWING, progress.seen, growth, others)
    facts = {"settle": as_span(settle), "changed": progress.changed}
    return Waiting(found.path, Reason.UNSETTLED, progress.seen, facts, others)


def proven(manifest: Manifest) -> bool:
    """Return whether a manifest states what proves that its NWB file is whole."""
    return manifest.size is not None and manifest.sha256 is not None


def _delivery(folder: str, note: Note, nwb: File = NOTHING) -> Delivery:
    return Delivery(folder, *note.found.file, note.document, *nwb)


def _missing(note: Note, nwb_path: str, choices: tuple[str, ...]) -> Waiting:
    similar = _nearest(nwb_path, choices)
    reason, facts = (Reason.MISNAMED, {"nearest": similar}) if similar else (Reason.NO_NWB, {})
    return Waiting(note.path, reason, note.found.progress.seen, {"name": nwb_path, **facts})


def _contested(manifests: Sequence[str], nwb: Found) -> Waiting:
    count = "two" if len(manifests) == 2 else len(manifests)  # noqa: PLR2004  # in words
    facts = {"count": count, "manifests": ", ".join(sorted(manifests))}
    return Waiting(nwb.path, Reason.CONTESTED, nwb.progress.seen, facts, tuple(sorted(manifests)))


def _pair(folder: str, note: Note, manifest: Manifest, nwb: Found, settle: float) -> Delivery | Waiting:
    """Return the delivery that a manifest and its NWB file are, or what it waits for."""
    size = nwb.stat.size
    if manifest.size not in (None, size) and not nwb.progress.rate:
        return Waiting(nwb.path, Reason.SIZE, nwb.progress.seen, {"stated": manifest.size, "size": size}, (note.path,))
    waiting = None
    if not proven(manifest) or manifest.size != size:
        waiting = unsettled(nwb, settle, note.path) or unsettled(note.found, settle, nwb.path)
    return waiting or _delivery(folder, note, nwb.file)
