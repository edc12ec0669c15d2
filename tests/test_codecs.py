"""The columns of tables whose values are in the store."""

import json
from pathlib import Path
from typing import Any

import datajoint as dj
import numpy as np
import pytest
from datajoint.settings import Config

from antelop.lab import Lab
from antelop.recording.samples import Samples
from antelop.recording.views import Clock, Scaled
from antelop.store import Store
from tests.stores import LONG, files, ramp


@pytest.fixture
def context(store: Store) -> dict[str, Any]:
    """Return what DataJoint hands to a codec: the configuration of its connection."""
    config = Config()
    config.stores = {"antelop": {"protocol": "file", "location": str(store.folder)}}
    return {"config": config}


def test_signal_columns_hold_arrays(store: Store, context: dict[str, Any]) -> None:
    """A ``<signal>`` column takes arrays and what has been kept already, and gives arrays back."""
    codec = dj.codecs.get_codec("<signal>")
    values = ramp(LONG, (2,), "f8")
    stored = codec.encode(values, key={}, context=context)
    assert stored == codec.encode(store.put(values), key={}, context=context)
    np.testing.assert_array_equal(codec.decode(stored, key={}, context=context), values, strict=True)


def test_file_columns_hold_files(store: Store, context: dict[str, Any], tmp_path: Path) -> None:
    """A ``<file>`` column takes paths and what has been kept already, and gives the absolute path of the copy back."""
    codec = dj.codecs.get_codec("<file>")
    video = tmp_path / "video.mp4"
    video.write_bytes(b"frames")
    stored = codec.encode(video, key={}, context=context)
    assert stored == codec.encode(store.keep(video), key={}, context=context)
    copy = codec.decode(stored, key={}, context=context)
    assert copy.is_absolute()
    assert copy.read_bytes() == b"frames"


@pytest.mark.parametrize("name", ["signal", "file"])
def test_columns_are_json_of_the_only_store(name: str) -> None:
    """Both columns are JSON in the database, and refuse a store named in the definition of a table."""
    assert dj.codecs.resolve_dtype(f"<{name}>")[0] == "json"
    with pytest.raises(dj.DataJointError, match=f"write <{name}> without a store: there is only one"):
        dj.codecs.resolve_dtype(f"<{name}@antelop>")


def test_garbage_collection_sees_what_rows_refer_to(store: Store) -> None:
    """The objects of a row are found in its JSON as either database gives it, and none in an array in the row or a null."""
    codec = dj.codecs.get_codec("<signal>")
    kept = store.put(Scaled(ramp(LONG, (), "i2"), 2.0, 0.0))
    expected = [(address, "antelop") for address in files(store)]
    assert codec.referenced_paths(kept.as_json()) == codec.referenced_paths(json.dumps(kept.as_json())) == expected
    assert len(expected) == 1
    assert codec.referenced_paths(store.put(np.zeros(3)).as_json()) == codec.referenced_paths(None) == []


def test_rows_of_both_databases_give_back_what_was_inserted(served_lab: tuple[Lab, Any], tmp_path: Path) -> None:
    """Arrays of every kind, nulls and files come back from a row as they were inserted into it."""
    lab, _ = served_lab
    video = tmp_path / "video.mp4"
    video.write_bytes(b"frames")
    raw = ramp(LONG, (2,), ">i2")
    arrays: list[Samples] = [
        np.array([1, -1], np.int8),
        raw,
        Scaled(raw, 1 / 3, 1e-300),
        Clock(1e22, 1e-5, 5),
        np.zeros((0, 3)),
    ]

    class Recorded(dj.Manual):  # type: ignore[misc]  # DataJoint has no types
        definition = """
        number : int32
        ---
        data : <signal>
        timestamps = null : <signal>
        video = null : <file>
        """

    schema = dj.Schema("antelop_arrays", connection=lab.database.connection)
    try:
        table = schema(Recorded)
        for number, values in enumerate(arrays):
            table.insert1({"number": number, "data": values, "timestamps": lab.store.put(values)})
        table.insert1({"number": -1, "data": np.zeros(1), "video": video})
        for number, values in enumerate(arrays):
            for found in (table & {"number": number}).fetch1("data", "timestamps"):
                np.testing.assert_array_equal(found, values[:], strict=True)
        last = (table & {"number": -1}).fetch1()
    finally:
        schema.drop(prompt=False)
    assert last["timestamps"] is None
    assert last["video"].read_bytes() == b"frames"
