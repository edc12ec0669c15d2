"""Deliveries and their identity, and who goes with whom in a drop folder."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from antelop.dropfolder.delivery import Delivery, File, Found, Note, companion, pair, stamp
from antelop.dropfolder.settle import Progress, Stat
from antelop.dropfolder.waiting import Reason, Waiting
from antelop.errors import Rejected
from antelop.formats.document import load
from antelop.formats.manifest import parse
from antelop.wording import as_size, as_span

SETTLED = Progress(settled=True, seen=100.0, changed=100.0, rate=0.0)
QUIET = Progress(settled=False, seen=100.0, changed=130.0, rate=0.0)
GROWING = Progress(settled=False, seen=100.0, changed=130.0, rate=40e6)

DELIVERY = Delivery("rig-2", "x.manifest.json", 10, 1, b"{}", "x.nwb", 1000, 2)


def text(**members: Any) -> bytes:
    """Return a good manifest's bytes, with other members."""
    good = {
        "specification": "antelop-manifest",
        "version": "1.0",
        "session": {"experimenter": "lab", "experiment_id": 1, "session_id": 2},
        "animals": [],
    }
    return json.dumps(good | members).encode()


def nwb(path: str, progress: Progress = SETTLED, size: int = 1000) -> Found:
    """Return an NWB file that was found."""
    return Found(path, Stat(size, 2, 2, 7), progress)


def note(path: str, progress: Progress = SETTLED, **members: Any) -> Note:
    """Return a good manifest that was found."""
    document = text(**members)
    return Note(Found(path, Stat(len(document), 1, 1, 8), progress), document, parse(load(document)))


def rejected(path: str, progress: Progress = SETTLED) -> Note:
    """Return a manifest that was found and holds no JSON."""
    return Note(Found(path, Stat(1, 1, 1, 8), progress), b"{", None)


def paired(nwbs: list[Found], notes: list[Note]) -> list[Delivery | Waiting]:
    """Pair what was found, in a folder with a settle time of 10 s."""
    return list(pair("rig-2", {found.path: found for found in nwbs}, notes, 10.0))


def said(nwbs: list[Found], notes: list[Note]) -> dict[str, str]:
    """Return what is said about each path that waits, at second 136."""
    return {waiting.path: waiting.sentence(136.0) for waiting in paired(nwbs, notes) if isinstance(waiting, Waiting)}


def test_a_delivery_is_told_by_32_hexadecimal_digits() -> None:
    """They fit the ledger's column, and are the same in every process and release."""
    assert DELIVERY.delivery_id == "d973265e2c0277425a39f4e758ed2ddc"


@pytest.mark.parametrize(
    "change",
    [
        {"folder": "rig-3"},
        {"manifest_path": "y.manifest.json"},
        {"manifest_size": 11},
        {"manifest_mtime": 3},
        {"document": b"{ }"},
        {"nwb_path": "y.nwb"},
        {"nwb_size": 1001},
        {"nwb_mtime": 3},
    ],
    ids=lambda change: next(iter(change)),
)
def test_field_15_identity_is_more_than_a_name_or_an_inode(change: Mapping[str, Any]) -> None:
    """Folder, paths, sizes, mtimes and the manifest's bytes each make another delivery."""
    assert replace(DELIVERY, **change).delivery_id != DELIVERY.delivery_id


def test_its_videos_are_no_part_of_a_delivery_s_identity() -> None:
    """They become known only when the recording is read, and it is the same delivery then."""
    assert replace(DELIVERY, videos=(File("v.avi", 5, 5),)).delivery_id == DELIVERY.delivery_id


def test_a_delivery_is_known_by_its_stamp_without_reading_the_manifest() -> None:
    """The first half of the id follows from what a listing says."""
    known = stamp("rig-2", File("x.manifest.json", 10, 1), File("x.nwb", 1000, 2))
    assert DELIVERY.delivery_id.startswith(known.hex())


def test_a_delivery_s_manifest_is_parsed_when_it_is_asked_for() -> None:
    """A good one says its session; a bad one raises what is wrong with it."""
    assert Delivery("rig-2", "x.json", 10, 1, text()).manifest.session["session_id"] == 2
    with pytest.raises(Rejected):
        _ = Delivery("rig-2", "x.json", 10, 1, b"{").manifest


@pytest.mark.parametrize(
    ("manifest", "named", "nwb_path"),
    [
        ("x.manifest.json", None, "x.nwb"),
        ("x.json", None, "x.nwb"),
        ("X.Manifest.JSON", None, "X.nwb"),
        ("a/b/x.json", None, "a/b/x.nwb"),
        ("x.json", "y.nwb", "y.nwb"),
        ("a/x.json", "raw/y.nwb", "a/raw/y.nwb"),
        ("upper.json", None, "upper.NWB"),
        ("both.json", None, "both.nwb"),
        ("v1.2.json", None, "v1.2.nwb"),
    ],
)
def test_a_manifest_goes_with_the_file_that_it_names_or_else_of_its_stem(
    manifest: str, named: str | None, nwb_path: str
) -> None:
    """A name counts from the manifest's own directory; the ending of NWB files is found in any case."""
    assert companion(manifest, named, {"upper.NWB", "both.NWB", "both.nwb"}) == nwb_path


def test_a_settled_pair_is_a_delivery() -> None:
    """Its facts are those of the two files, and its document is the manifest's bytes."""
    document = text()
    assert paired([nwb("a/x.nwb")], [note("a/x.manifest.json")]) == [
        Delivery("rig-2", "a/x.manifest.json", len(document), 1, document, "a/x.nwb", 1000, 2)
    ]


def test_what_waits_is_said_in_a_sentence() -> None:
    """Each reason is a sentence for a person, made when it is shown."""
    assert said([nwb("lone.nwb")], []) == {"lone.nwb": "NWB here for 36 s, manifest missing"}
    assert said([nwb("x.nwb", QUIET)], [note("x.json")]) == {"x.nwb": "not settled yet: 6 s of 10 s"}
    assert said([nwb("x.nwb", GROWING, 2_100_000_000)], [note("x.json")]) == {"x.nwb": "still growing: 2.1 GB, 40 MB/s"}
    assert said([nwb("x.nwb")], [note("x.json", QUIET)]) == {"x.json": "not settled yet: 6 s of 10 s"}
    assert said([nwb("lone.nwb", GROWING, 999)], []) == {"lone.nwb": "still growing: 999 bytes, 40 MB/s"}
    assert said([], [note("x.json", QUIET)]) == {"x.json": "manifest here for 36 s, and names a file that is not here: x.nwb"}
    assert said([nwb("x.nwb")], [note("x.json", size=1_234_567)]) == {
        "x.nwb": "the manifest states 1,234,567 bytes, 1,000 are here"
    }


def test_a_missing_file_is_said_with_the_nearest_name_that_no_manifest_claims() -> None:
    """A file that already goes with a manifest is not suggested to another one."""
    nwbs = [nwb("2026-11-22_m17.nwb"), nwb("2026-11-23_m17.nwb")]
    notes = [note("2026-11-23_m17.json"), note("m.json", nwb="2026-11-22-m17.nwb")]
    assert said(nwbs, notes)["m.json"] == (
        "manifest here for 36 s, and names a file that is not here: 2026-11-22-m17.nwb; is it 2026-11-22_m17.nwb?"
    )
    assert said(nwbs[1:], notes)["m.json"] == ("manifest here for 36 s, and names a file that is not here: 2026-11-22-m17.nwb")


def test_two_manifests_that_name_one_file_hold_it_up() -> None:
    """Nobody can tell which one counts; with one of them alone there is a delivery."""
    one, other = note("x.manifest.json"), note("y.json", nwb="x.nwb")
    assert paired([nwb("x.nwb")], [one, other]) == [
        Waiting(
            "x.nwb",
            Reason.CONTESTED,
            100.0,
            {"count": "two", "manifests": "x.manifest.json, y.json"},
            ("x.manifest.json", "y.json"),
        )
    ]
    assert said([nwb("x.nwb")], [other, one]) == {
        "x.nwb": "two manifests name this file: x.manifest.json, y.json; remove all but one"
    }
    assert said([nwb("x.nwb")], [other, one, note("z.json", nwb="x.nwb")])["x.nwb"].startswith("3 manifests name this file")
    (delivery,) = paired([nwb("x.nwb")], [other])
    assert isinstance(delivery, Delivery)


def test_two_manifests_that_name_a_missing_file_each_miss_it() -> None:
    """There is nothing yet to quarrel about."""
    assert set(said([], [note("x.json"), note("y.json", nwb="x.nwb")])) == {"x.json", "y.json"}


def test_a_manifest_with_size_and_sha256_makes_waiting_unnecessary() -> None:
    """Neither file need have settled; with one of the two statements alone, or another size, they must."""
    proof: dict[str, Any] = {"size": 1000, "sha256": "ab" * 32}
    (delivery,) = paired([nwb("x.nwb", QUIET)], [note("x.json", QUIET, **proof)])
    assert isinstance(delivery, Delivery)
    for short in ({"size": 1000}, {"sha256": "ab" * 32}):
        assert said([nwb("x.nwb", QUIET)], [note("x.json", **short)]) == {"x.nwb": "not settled yet: 6 s of 10 s"}
    assert said([nwb("x.nwb", GROWING, 999)], [note("x.json", **proof)]) == {"x.nwb": "still growing: 999 bytes, 40 MB/s"}
    assert said([nwb("x.nwb", QUIET, 999)], [note("x.json", **proof)]) == {
        "x.nwb": "the manifest states 1,000 bytes, 999 are here"
    }


def test_field_26_a_manifest_is_rejected_only_when_it_has_settled() -> None:
    """One that is still being written waits; one that stays broken is a delivery without a file, to be told what is wrong."""
    assert said([], [rejected("x.manifest.json", QUIET)]) == {"x.manifest.json": "not settled yet: 6 s of 10 s"}
    (delivery,) = paired([], [rejected("x.manifest.json")])
    assert delivery == Delivery("rig-2", "x.manifest.json", 1, 1, b"{", "", 0, 0)


def test_the_file_of_a_rejected_manifest_waits_for_nothing_else() -> None:
    """Its manifest is not missing, whatever is wrong with it; and it does not stand in another manifest's way."""
    assert said([nwb("x.nwb")], [rejected("x.manifest.json")]) == {}
    named, broken = note("y.json", nwb="x.nwb"), rejected("x.manifest.json")
    assert [outcome.nwb_path for outcome in paired([nwb("x.nwb")], [named, broken]) if isinstance(outcome, Delivery)] == [
        "",
        "x.nwb",
    ]


def test_a_reason_is_the_same_value_as_long_as_nothing_changes() -> None:
    """Time passes in its sentence, not in itself."""
    (first,), (second,) = paired([nwb("x.nwb", QUIET)], [note("x.json")]), paired([nwb("x.nwb", QUIET)], [note("x.json")])
    assert isinstance(first, Waiting)
    assert first == second
    assert (first.sentence(131.0), first.sentence(139.0)) == ("not settled yet: 1 s of 10 s", "not settled yet: 9 s of 10 s")


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (40e6, "40 MB"), (2.1e9, "2.1 GB"), (3e15, "3000 TB")],
)
def test_sizes_are_said_as_people_say_them(size: float, words: str) -> None:
    """Two digits, and a unit that fits."""
    assert as_size(size) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (6.4, "6 s"), (119, "119 s"), (120, "2 min"), (2400, "40 min"), (7200, "2 h"), (172_800, "2 days")],
)
def test_spans_are_said_as_people_say_them(seconds: float, words: str) -> None:
    """One number and a unit that fits."""
    assert as_span(seconds) == words
