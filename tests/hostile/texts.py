"""Texts that are to be manifests or rigs, and mostly are not: made by hand, by hypothesis, or damaged."""

import json
import random
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from antelop.formats.manifest import LONGEST
from tests.hostile.damage import damaged

CONFIG = Path(__file__).resolve().parents[2] / "config"

EVIL = [
    "",
    " ",
    ".",
    "..",
    "../../etc/passwd",
    "/etc/passwd",
    "a/../../b.nwb",
    "a//b",
    "C:\\x.nwb",
    "\\",
    "a\nb",
    "a\r\n{}",
    "\0",
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x9b2J",
    "\x7f",
    "\u202egnp.exe",
    "\u2028",
    "\ufeff",
    "\ufffe",
    "\ud800",
    "\udfff\ud800",
    "\U0010ffff",
    "e\u0301",
    "\u0130",
    "'; DROP TABLE delivery; --",
    '" OR ""="',
    "%s %(a)s %%",
    "{0.__class__} {x}",
    "$(reboot) `reboot`",
    "NaN",
    "null",
    "1e999",
    "x" * 41,
    "x" * 101,
    "../" * 200,
    "name" * 5000,
]
"""Names that somebody could take for something else than a name."""

TOKENS = [
    "NaN",
    "-Infinity",
    "1e999",
    "-1e999",
    "-0",
    "1E400",
    "0x1",
    "01",
    "1.",
    "9" * 400,
    "9" * 20_000,
    "true",
    "nul",
    "'",
    "{",
]
"""What stands for a value in texts, JSON or not."""

ENCODINGS = ["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp037"]


class Raw(str):
    """A value as it is written, whether it is JSON or not."""

    __slots__ = ()


class Members(list[tuple[str, Any]]):
    """The members of an object, of which several may have one name."""


def written(value: Any) -> str:
    """Return a value as JSON, or nearly."""
    if isinstance(value, Raw):
        return value
    if isinstance(value, Members):
        return "{" + ", ".join(f"{json.dumps(name)}: {written(inner)}" for name, inner in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


NAMES = st.sampled_from(EVIL) | st.text(max_size=20) | st.text(st.characters(codec=None), max_size=8) | st.just("lab")
NUMBERS = (
    st.integers(-5, 50) | st.integers() | st.floats() | st.sampled_from([2**15, 2**31, 2**63, -(2**31) - 1, 10**300, 41.0])
)
LEAVES = NAMES | NUMBERS | st.booleans() | st.none() | st.sampled_from(TOKENS).map(Raw)
KEYS = NAMES | st.sampled_from(["session", "animals", "animal_id", "nwb", "size", "sesion", "__proto__", "features", "name"])
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.lists(st.tuples(KEYS, inner), max_size=4).map(Members),
    max_leaves=12,
)
DEEP = st.builds(
    lambda opening, closing, depth: Raw(opening * depth + closing * depth),
    st.sampled_from(["[", '{"a":']),
    st.sampled_from(["]", "}", ""]),
    st.sampled_from([5, 31, 32, 33, 1000, 20_000]),
)
MANY = st.builds(
    lambda value, size: Raw("[" + ",".join([text := written(value)] * (size // (len(text) + 1))) + "]"),
    LEAVES,
    st.sampled_from([100, 1000, 50_000]),
)
RARE = st.integers(0, 99).flatmap(lambda drawn: DEEP if drawn == 0 else MANY if drawn == 1 else VALUES)


def _mostly(good: st.SearchStrategy[Any], bad: st.SearchStrategy[Any] = RARE) -> st.SearchStrategy[Any]:
    """Return mostly what is meant to be there."""
    return st.integers(0, 19).flatmap(lambda drawn: bad if drawn == 0 else good)


def _object(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[Members]:
    """Return members that may lack one, and may have others besides or some twice."""
    needed = {name: _mostly(value) for name, value in required.items()}
    whole = st.fixed_dictionaries(needed, optional={name: _mostly(value) for name, value in optional.items()})
    more = _mostly(st.just([]), st.lists(st.tuples(KEYS, RARE), max_size=2))
    return st.tuples(whole, more).map(lambda parts: Members([*parts[0].items(), *parts[1]]))


CALLED = st.sampled_from(["lab", "licking", "day 41", "m17", "Søren"]) | NAMES
SESSIONS = st.one_of(
    [
        _object({"experimenter": CALLED, experiment: one, session: other}, {})
        for experiment, one in {"experiment_id": st.just(1) | NUMBERS, "experiment_name": CALLED}.items()
        for session, other in {"session_id": st.integers(40, 45) | NUMBERS, "session_name": CALLED}.items()
    ]
)
ANIMALS = _object({"animal_id": st.integers(16, 19) | NUMBERS}, {}) | _object({"animal_name": CALLED}, {})
PLACES = st.sampled_from(["x.nwb", "a/b.nwb", "Søren 1.nwb"]) | NAMES
MANIFESTS = _object(
    {
        "specification": st.just("antelop-manifest"),
        "version": st.just("1.0"),
        "session": SESSIONS,
        "animals": st.lists(ANIMALS, max_size=3),
    },
    {
        "nwb": PLACES,
        "rig": st.just("lick rig") | CALLED,
        "size": st.integers(0, 2**62) | NUMBERS,
        "sha256": st.just("0" * 64),
        "dlc_training": st.booleans(),
        "note": CALLED,
    },
)

OWNERS = _object({"ownership": st.sampled_from(["self", "world"])}, {"animal": st.just(1) | st.integers(-1, 3)})
FEATURE_SOURCES = _object(
    {"source_type": st.sampled_from(["acquisition", "stimulus", "processing", "deeplabcut", "intervals"])},
    {"module": PLACES, "video": st.just("camera") | NAMES},
)
FEATURES = _object(
    {
        "name": CALLED,
        "source": FEATURE_SOURCES,
        "data_type": st.sampled_from(["analog", "digital", "interval", "kinematics"]),
        "description": CALLED,
    },
    {"ownership": OWNERS, "coordinates": st.lists(NUMBERS, max_size=4)},
)
VIDEOS = _object({"name": st.just("camera") | NAMES, "description": CALLED, "format": st.sampled_from(["avi", "mp4"])}, {})
RIGS = _object(
    {
        "specification": st.just("antelop-behaviour"),
        "version": st.just("1.0"),
        "reference_point": CALLED,
        "features": st.lists(FEATURES, max_size=3),
    },
    {"videos": st.lists(VIDEOS, max_size=2)},
)


def _encoded(text: str, encoding: str, end: bytes) -> bytes:
    return text.encode(encoding, "surrogatepass" if encoding.startswith("utf") else "replace") + end


def seeds(what: str) -> list[bytes]:
    """Return texts to begin with: those of the examples, and what is wrong in the known ways."""
    folder = CONFIG / ("manifests" if what == "manifest" else "rigs")
    good = [path.read_bytes() for path in sorted(folder.glob("*.json"))]
    session = b'"session": {"experimenter": "%s", "experiment_id": 1, "session_id": 41}'
    bad = [session % json.dumps(name)[1:-1].encode() for name in EVIL]
    start = b'{"specification": "antelop-manifest", "version": "1.0", "animals": [], '
    return [
        *good,
        *(start + member + b"}" for member in bad),
        *(b'{"size": %s}' % token.encode() for token in TOKENS),
        b"",
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b'{"a":' * 20_000,
        b'{"' + b"name" * 20_000 + b'": [' + b",".join([b"NaN"] * 1000) + b"]}",
        b'{"animals": [' + b",".join([b"{}"] * 40_000) + b"]}",
        good[0].ljust(LONGEST),
        good[0].ljust(LONGEST + 1),
    ]


def texts(what: str) -> st.SearchStrategy[bytes]:
    """Return a strategy of texts of whole objects of one kind, of anything else, and of damaged ones."""
    meant = MANIFESTS if what == "manifest" else RIGS
    known = seeds(what)
    encoded = st.builds(
        _encoded, meant.map(written), st.sampled_from(ENCODINGS), st.sampled_from([b"", b"", b"", b"\n", b"}", b"\0"])
    )
    utf8 = meant.map(written).map(lambda text: text.encode("utf-8", "surrogatepass"))
    escaped = meant.map(written).map(lambda text: text.encode("ascii", "backslashreplace"))
    strange = st.builds(_damaged, st.sampled_from(known), st.sampled_from(known), st.integers(0, 2**32))
    return st.one_of(
        utf8,
        utf8,
        escaped,
        encoded,
        RARE.map(lambda value: _encoded(written(value), "utf-8", b"")),
        strange,
        st.binary(max_size=100),
    )


def _damaged(text: bytes, other: bytes, seed: int) -> bytes:
    return damaged(text.ljust(70), other.ljust(1), random.Random(seed))  # noqa: S311  # it is to be repeated
