"""Deliveries: which recording goes with which manifest, and how a delivery is identified."""

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
"""Maximum number of characters of a file's path in the ledger."""

_ENDINGS = ["." + "".join(letters) for letters in itertools.product("nN", "wW", "bB")]
"""The endings of NWB file names, in every mixture of cases, ``.nwb`` first."""

_CHOICES = 100
"""Maximum number of files that are compared with the name of a missing one; more do not help a person."""

_nearest = lru_cache(4096)(nearest)  # every look asks for the same names


class File(NamedTuple):
    """A file as it was when it settled: path relative to the drop folder, size in bytes, mtime in nanoseconds."""

    path: str
    size: int
    mtime: int


@dataclass(frozen=True)
class Delivery:
    """A recording and its manifest, as they were when they settled.

    Paths are relative to the drop folder, with ``/`` between their parts. Sizes are in bytes, times in nanoseconds.

    Attributes
    ----------
    folder
        The drop folder's name; empty if a script delivers.
    manifest_path, manifest_size, manifest_mtime
        The manifest file.
    document
        The manifest's bytes.
    nwb_path, nwb_size, nwb_mtime
        The NWB file; empty and 0 if the manifest is rejected, because its NWB file is then unknown.
    videos
        The video files that the recording refers to, as they were when they settled. They do not enter the delivery's id.
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
        """Eight bytes computed from the listing alone: equal only if folder, paths, sizes and times are equal."""
        manifest = File(self.manifest_path, self.manifest_size, self.manifest_mtime)
        return stamp(self.folder, manifest, File(self.nwb_path, self.nwb_size, self.nwb_mtime))

    @cached_property
    def delivery_id(self) -> str:
        """The unique id: 32 hexadecimal digits. The first 16 are the stamp, the others a hash of the manifest's bytes."""
        return self.stamp.hex() + hashlib.blake2b(self.document, digest_size=8, key=self.stamp).hexdigest()

    @cached_property
    def manifest(self) -> Manifest:
        """The parsed manifest.

        Raises
        ------
        Rejected
            With every problem of the manifest.
        """
        return read(self.document)


NOTHING = File("", 0, 0)
"""Placeholder for the NWB file of a rejected manifest."""


def stamp(folder: str, manifest: File, nwb: File = NOTHING) -> bytes:
    """Return eight bytes that identify a delivery without reading its files: a hash of their paths, sizes and times."""
    facts = "\0".join(map(str, (folder, *manifest, *nwb)))
    return hashlib.blake2b(facts.encode(errors="surrogateescape"), digest_size=8).digest()


class Found(NamedTuple):
    """A file that a scan found, and how far it is from having settled."""

    path: str
    stat: Stat
    progress: Progress

    @property
    def file(self) -> File:
        """The file in the form that a delivery holds."""
        return File(self.path, self.stat.size, self.stat.mtime_ns)


class Note(NamedTuple):
    """A manifest that a scan found: the file, its bytes and its parsed contents (None if it is rejected)."""

    found: Found
    document: bytes
    manifest: Manifest | None

    @property
    def path(self) -> str:
        """Path of the manifest, relative to the drop folder."""
        return self.found.path


def is_placed(path: object) -> bool:
    """Return whether a file in a drop folder can have this path; a path from the database is not trusted."""
    return (
        isinstance(path, str)
        and 0 < len(path) <= LONGEST_PATH
        and storable(path)
        and not {"", ".", ".."} & set(path.split("/"))
    )


def companion(path: str, named: str | None, nwb_paths: Container[str]) -> str:
    """Return the path of a manifest's NWB file: the file that it names, or else the one with the same stem.

    Parameters
    ----------
    path
        Path of the manifest, relative to the drop folder.
    named
        The NWB file that the manifest names, relative to the manifest's directory; None if it names none.
    nwb_paths
        Paths of the NWB files that exist. A named file need not be among them.
    """
    directory, slash, name = path.rpartition("/")
    if named is not None:
        return f"{directory}{slash}{named}"
    namesake = f"{directory}{slash}{stem(name)}"
    return next((namesake + ending for ending in _ENDINGS if namesake + ending in nwb_paths), namesake + _ENDINGS[0])


def pair(folder: str, nwbs: Mapping[str, Found], notes: Iterable[Note], settle: float) -> Iterator[Delivery | Waiting]:
    """Pair manifests with their NWB files.

    A rejected manifest has no NWB file. It is a delivery by itself, so that the worker writes a receipt with its problems.

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
        A delivery if both files have settled, or if the manifest states size and SHA-256, which prove that the file is whole.
        The NWB file has not been opened. For everything else, the reason why it waits.
    """
    # Group the manifests by NWB file, because two manifests for one file must not both be ingested. A rejected manifest claims
    # the file of its stem without a group of its own, so that this file is not reported as a file without a manifest.
    claims: defaultdict[str, list[tuple[Note, Manifest]]] = defaultdict(list)
    for note in notes:
        if note.manifest is None:
            claims.setdefault(companion(note.path, None, nwbs), [])
            yield unsettled(note.found, settle) or _delivery(folder, note)
        else:
            claims[companion(note.path, note.manifest.nwb, nwbs)].append((note, note.manifest))
    # An NWB file that no manifest claims waits. It may be the one that a manifest with a misspelt name means.
    unclaimed = tuple(sorted(nwbs.keys() - claims.keys()))
    for path in unclaimed:
        yield unsettled(nwbs[path], settle) or Waiting(path, Reason.NO_MANIFEST, nwbs[path].progress.seen)
    # A delivery needs exactly one manifest and an NWB file that exists.
    for nwb_path, claimants in claims.items():
        if nwb_path not in nwbs:
            yield from (_missing(note, nwb_path, unclaimed[:_CHOICES]) for note, _ in claimants)
        elif len(claimants) > 1:
            yield _contested([note.path for note, _ in claimants], nwbs[nwb_path])
        else:
            yield from (_pair(folder, note, manifest, nwbs[nwb_path], settle) for note, manifest in claimants)


def unsettled(found: Found, settle: float, *others: str) -> Waiting | None:
    """Return why a file waits whose settle time of `settle` seconds is not over; None if the file has settled."""
    progress = found.progress
    if progress.settled:
        return None
    if progress.rate >= 1:
        growth = {"size": as_size(found.stat.size), "rate": as_size(progress.rate)}
        return Waiting(found.path, Reason.GROWING, progress.seen, growth, others)
    facts = {"settle": as_span(settle), "changed": progress.changed}
    return Waiting(found.path, Reason.UNSETTLED, progress.seen, facts, others)


def proven(manifest: Manifest) -> bool:
    """Return whether a manifest states size and checksum, which prove that its NWB file is complete."""
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
    """Return the delivery of a manifest and its NWB file, or the reason why it waits."""
    # A wrong size is reported only if the file does not grow: until then it is an incomplete copy.
    size = nwb.stat.size
    if manifest.size not in (None, size) and not nwb.progress.rate:
        return Waiting(nwb.path, Reason.SIZE, nwb.progress.seen, {"stated": manifest.size, "size": size}, (note.path,))
    # With the stated size reached, the worker's checksum proves completeness, and the settle time would only delay the ingest.
    waiting = None
    if not proven(manifest) or manifest.size != size:
        waiting = unsettled(nwb, settle, note.path) or unsettled(note.found, settle, nwb.path)
    return waiting or _delivery(folder, note, nwb.file)
