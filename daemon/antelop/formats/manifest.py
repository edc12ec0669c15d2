"""The manifest, which says to which session, rig and animals a recording belongs (JSON Schema: `manifest.schema.json`).

It lies next to the recording and is written after it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from antelop.errors import Problem, Rejected
from antelop.formats.document import items, load, member
from antelop.formats.schema import Schema
from antelop.wording import quoted

SPECIFICATION, VERSION = "antelop-manifest", "1.0"

LONGEST = 1 << 17
"""How many bytes a manifest may have. A reader reads one byte more at most, to notice that a manifest is longer."""

_ENDINGS = (".manifest.json", ".receipt.json", ".json", ".nwb")

_EXPERIMENT = ("experimenter", "experiment_id", "experiment_name")

_SCHEMA = Schema("manifest.schema.json", "manifest_format")

Key = Mapping[str, str | int]


@dataclass(frozen=True)
class Manifest:
    """The contents of a manifest.

    Attributes
    ----------
    session
        ``experimenter``, ``experiment_id`` or ``experiment_name``, and ``session_id`` or ``session_name``.
    animals
        In the order of the rig's animal numbers, each with the session's experimenter and experiment, and ``animal_id`` or
        ``animal_name``.
    nwb
        The path of the NWB file, relative to the manifest's folder; None means the file with the same stem.
    rig
        The name or ``behaviourrig_id`` of one of the experimenter's rigs; None means the only one.
    size, sha256
        The size of the NWB file in bytes, and its checksum in lower-case hexadecimal digits; None if not stated.
    dlc_training
        Whether the session's videos may train a DeepLabCut model.
    note
        Free text: the notes of the session, if the manifest creates it.
    """

    session: Key
    animals: tuple[Key, ...]
    nwb: str | None = None
    rig: str | int | None = None
    size: int | None = None
    sha256: str | None = None
    dlc_training: bool = False
    note: str = ""


def is_manifest(name: str, document: object) -> bool:
    """Return whether a JSON file is a manifest, by its name or its contents (None: not read, or not readable)."""
    # A receipt repeats parts of the manifest and lies next to it: it must never be taken for another delivery.
    if name.lower().endswith(".receipt.json"):
        return False
    specified = isinstance(document, dict) and document.get("specification") == SPECIFICATION
    return specified or name.lower().endswith(".manifest.json")


def stem(name: str) -> str:
    """Return a file's name without its ending, which tells whether it is an NWB file, a manifest or a receipt."""
    ending = next((ending for ending in _ENDINGS if name.lower().endswith(ending)), "")
    return name[: len(name) - len(ending)]


def read(text: bytes) -> Manifest:
    """Return the manifest that a JSON text holds.

    Raises
    ------
    Rejected
        With every problem; but only with its length if it is longer than `LONGEST`.
    """
    if len(text) > LONGEST:
        what = f"the manifest has more than {LONGEST} bytes"
        raise Rejected([Problem("manifest_long", "", what, "Write nothing into it that does not belong there")])
    return parse(load(text))


def parse(document: object) -> Manifest:
    """Return the manifest that a document, as `document.load` returns it, holds.

    Raises
    ------
    Rejected
        With every problem; but only with its version if this software does not know that version.
    """
    # Another version may have other members, so further problems would only mislead.
    version = document.get("version") if isinstance(document, dict) else None
    if isinstance(version, str) and version != VERSION:
        what = f"version {quoted(version)} of the manifest is not supported"
        remedy = f"Write version {quoted(VERSION)}, or install a newer antelop"
        raise Rejected([Problem("manifest_version", "/version", what, remedy)])
    problems = [*_SCHEMA.problems(document), *_of_another_experiment(document)]
    if problems or not isinstance(document, dict):
        raise Rejected(problems)
    # An animal without an experimenter and experiment has those of the session.
    session = _key(document["session"])
    inherited = {name: value for name, value in session.items() if name in _EXPERIMENT}
    rig, size, sha256 = (document.get(name) for name in ("rig", "size", "sha256"))
    return Manifest(
        session=session,
        animals=tuple({**inherited, **_key(animal)} for animal in document["animals"]),
        nwb=document.get("nwb"),
        rig=_whole(rig),
        size=_whole(size),
        sha256=sha256 and sha256.lower(),
        dlc_training=document.get("dlc_training", False),
        note=document.get("note", ""),
    )


def _of_another_experiment(document: object) -> Iterator[Problem]:
    """Yield where an animal names another experimenter or experiment than the session does."""
    session = member(document, "session")
    for where, animal in items(document, "animals"):
        for name in _EXPERIMENT:
            given, wanted = member(animal, name), member(session, name)
            if given is not None and given != wanted:
                what = f"the animal has {name} {quoted(given)} and the session {'none' if wanted is None else quoted(wanted)}"
                remedy = "Leave it out: the animals are of the session's experiment"
                yield Problem("animal_experiment", f"{where}/{name}", what, remedy)


def _key(given: Mapping[str, Any]) -> Key:
    return {name: _whole(value) for name, value in given.items()}


def _whole(value: Any) -> Any:  # noqa: ANN401  # a number becomes int, and any other value stays as it is
    """Return a whole number as an int, because JSON has only one kind of number (41.0 is 41), and anything else unchanged."""
    return int(value) if isinstance(value, float) else value
